"""Bills in the API. Other people's bills are a 404."""

from datetime import date
from typing import Any

from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import inline_serializer
from rest_framework import serializers, status
from rest_framework.exceptions import APIException, ErrorDetail
from rest_framework.response import Response

from banking.kernel.api_input import GenericApiView, operation
from bills.api.serializers import (
    BillDetailOut,
    BillIn,
    BillOut,
    MatchIn,
    PayIn,
    ReminderOut,
)
from bills.filters import BillFilter
from bills.matching import match_suggestions
from bills.models import Bill, BillQuerySet
from bills.preflight import shortfalls
from bills.services.paying import difference_from, pay_bill, settle_with, unpay_bill
from bills.services.planning import (
    create_bill,
    delete_bill,
    edit_bill,
    require_paying_account,
    restore_bill,
    skip_bill,
    turns_auto_pay_on,
)
from bills.services.reminding import send_due_reminders, send_reminder
from transactions.models import Transaction
from transactions.services.posting_checks import typed_date
from users.api.idempotency import idempotent
from users.api.step_up import STEP_UP, require_step_up
from users.policy import Ability, require
from users.signed_in import UserApiRequest
from users.timezones import local_date

_SENT = inline_serializer("DueRemindersOut", {"sent": serializers.IntegerField()})


class PaidOtherwise(APIException):
    """409: the bill is already paid, but differently from this request."""

    status_code = status.HTTP_409_CONFLICT
    default_code = "already_paid"

    def __init__(self, field: str, sentence: str) -> None:
        super().__init__({field: [ErrorDetail(sentence, code=self.default_code)]})


class BillApi(GenericApiView):
    """Base of the bill views: the user's bills and the user's current date."""

    serializer_class: Any = BillOut

    def get_queryset(self) -> BillQuerySet:
        return Bill.objects.visible_to(self.request.user).for_list()

    @property
    def today(self) -> date:
        return local_date(self.request.user.timezone, timezone.now())

    def get_serializer_context(self) -> dict[str, Any]:
        return {**super().get_serializer_context(), "today": self.today}

    def find(self, pk: int) -> Bill:
        return get_object_or_404(self.get_queryset(), pk=pk)

    def find_to_change(self, pk: int) -> Bill:
        bill = self.find(pk)
        require(self.request.user, Ability.CHANGE_OWN_DATA)
        return bill

    def read(self, serializer: type, **options: Any) -> dict[str, Any]:
        command = serializer(
            data=self.request.data, context=self.get_serializer_context(), **options
        )
        command.is_valid(raise_exception=True)
        return command.validated_data

    def show(self, pk: int) -> dict[str, Any]:
        return self.get_serializer(self.get_queryset().get(pk=pk)).data


class BillListApi(BillApi):
    filterset_class = BillFilter

    @operation(operation_id="bills_list", responses=BillOut(many=True))
    def get(self, request: UserApiRequest) -> Response:
        """List your bills by due date: paid, open and scheduled."""
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    @operation(request=BillIn, responses={201: BillOut}, parameters=[STEP_UP])
    @idempotent
    def post(self, request: UserApiRequest) -> Response:
        """Create a bill. Settling a recurring bill creates its next occurrence.

        `auto_pay` requires a step-up.
        """
        require(request.user, Ability.CHANGE_OWN_DATA)
        fields = self.read(BillIn)
        if turns_auto_pay_on(fields):
            require_paying_account(fields)
            require_step_up(request)
        bill = create_bill(actor=request.user, user=request.user, today=self.today, **fields)
        return Response(self.show(bill.pk), status=status.HTTP_201_CREATED)


class BillDetailApi(BillApi):
    @operation(operation_id="bills_retrieve", responses=BillDetailOut)
    def get(self, request: UserApiRequest, pk: int) -> Response:
        """Get one bill, with its expected shortfall and transactions that may have paid it."""
        bill = self.find(pk)
        context = self.get_serializer_context() | {
            "shortfall": shortfalls(user=request.user, on=self.today).get(pk),
            "matches": match_suggestions(bill),
        }
        return Response(BillDetailOut(bill, context=context).data)

    @operation(request=BillIn, responses=BillOut, parameters=[STEP_UP])
    def put(self, request: UserApiRequest, pk: int) -> Response:
        """Update a bill and the open occurrences after it; only this one's date changes. Omitted
        optional fields don't change.
        """
        return self._edit(pk, partial=False)

    @operation(request=BillIn, responses=BillOut, parameters=[STEP_UP])
    def patch(self, request: UserApiRequest, pk: int) -> Response:
        """Update some fields of a bill. Turning on `auto_pay` requires a step-up."""
        return self._edit(pk, partial=True)

    def _edit(self, pk: int, *, partial: bool) -> Response:
        bill = self.find_to_change(pk)
        changes = self.read(BillIn, partial=partial)
        if turns_auto_pay_on(changes, bill):
            require_paying_account(changes, bill)
            require_step_up(self.request)
        edit_bill(actor=self.request.user, bill=bill, today=self.today, **changes)
        return Response(self.show(pk))

    @operation(responses={204: None})
    def delete(self, request: UserApiRequest, pk: int) -> Response:
        """Move a bill and its later open occurrences to the trash, which ends the series."""
        delete_bill(actor=request.user, bill=self.find_to_change(pk))
        return Response(status=status.HTTP_204_NO_CONTENT)


class BillPayApi(BillApi):
    @operation(operation_id="bills_pay_put", request=PayIn, responses=BillOut)
    @idempotent
    def put(self, request: UserApiRequest, pk: int) -> Response:
        """Pay a bill. Repeating the request never pays twice; the response is the paid bill.

        Repeating it with a different amount, account or date, or for the full amount after a part
        payment, returns 409 `already_paid` with what was paid and what is still due.
        """
        return self._pay(request, pk)

    @operation(operation_id="bills_pay", request=PayIn, responses=BillOut)
    @idempotent
    def post(self, request: UserApiRequest, pk: int) -> Response:
        """Pay a bill. Repeating the request never pays twice; the response is the paid bill.

        Repeating it with a different amount, account or date, or for the full amount after a part
        payment, returns 409 `already_paid` with what was paid and what is still due.
        """
        return self._pay(request, pk)

    def _pay(self, request: UserApiRequest, pk: int) -> Response:
        bill = self.find_to_change(pk)
        asked = self.read(PayIn)
        on = asked.pop("paid_on", None)
        if on is not None:
            typed_date(on, today=self.today, name="paid_on")
        today, post = self.today, asked.get("account", "own") is not None
        paid = pay_bill(
            actor=request.user, bill=bill, on=on or today, today=today, post=post, **asked
        )
        if found := difference_from(paid, on=on, **asked):
            raise PaidOtherwise(*found)
        return Response(self.show(pk))


class BillUnpayApi(BillApi):
    @operation(request=None, responses=BillOut)
    @idempotent
    def post(self, request: UserApiRequest, pk: int) -> Response:
        """Undo a payment, including its transaction and points. The bill is open again."""
        unpay_bill(actor=request.user, bill=self.find_to_change(pk))
        return Response(self.show(pk))


class BillSkipApi(BillApi):
    @operation(request=None, responses=BillOut)
    @idempotent
    def post(self, request: UserApiRequest, pk: int) -> Response:
        """Skip one occurrence; the next one is scheduled."""
        skip_bill(actor=request.user, bill=self.find_to_change(pk), today=self.today)
        return Response(self.show(pk))


class BillMatchApi(BillApi):
    @operation(request=MatchIn, responses=BillOut)
    @idempotent
    def post(self, request: UserApiRequest, pk: int) -> Response:
        """Mark a bill as paid by an existing transaction."""
        bill = self.find_to_change(pk)
        own = Transaction.objects.visible_to(request.user).filter(user=request.user)
        payment = own.filter(pk=self.read(MatchIn)["transaction"]).first()
        if payment is None:
            raise serializers.ValidationError(
                {"transaction": "This transaction doesn't exist."}, code="does_not_exist"
            )
        settle_with(actor=request.user, bill=bill, payment=payment)
        return Response(self.show(pk))


class BillRestoreApi(BillApi):
    def get_queryset(self) -> BillQuerySet:
        return Bill.objects.filter(user=self.request.user).for_list()

    @operation(request=None, responses=BillOut)
    def post(self, request: UserApiRequest, pk: int) -> Response:
        """Restore a bill and those deleted with it from the trash, or reopen a skipped bill."""
        restore_bill(actor=request.user, bill=self.find_to_change(pk))
        return Response(self.show(pk))


class BillReminderApi(BillApi):
    serializer_class = ReminderOut
    pagination_class = None

    @operation(request=None, responses=ReminderOut(many=True))
    @idempotent
    def post(self, request: UserApiRequest, pk: int) -> Response:
        """Send yourself a reminder now, at most once a day per channel. Returns the reminders
        sent.
        """
        bill = self.find_to_change(pk)
        written = send_reminder(actor=request.user, bill=bill, on=self.today, at=timezone.now())
        return Response(ReminderOut(written, many=True).data)


class DueRemindersApi(BillApi):
    @operation(request=None, responses=_SENT)
    def post(self, request: UserApiRequest) -> Response:
        """For support and admins: run the scheduled bill job now. Safe to repeat."""
        require(request.user, Ability.HELP_PEOPLE)
        return Response({"sent": send_due_reminders(at=timezone.now())})
