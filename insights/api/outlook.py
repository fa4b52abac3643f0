"""Recurring payments and the forecast in the API."""

from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter
from rest_framework import status
from rest_framework.response import Response

from accounts.access import require_change
from accounts.models import Account
from banking.kernel.api_input import ApiView, operation
from bills.models import Bill
from insights.api.figures import SHARED
from insights.api.outlook_serializers import (
    DismissalIn,
    DismissalOut,
    ForecastOut,
    RecurringSummaryOut,
    SameAnswerIn,
    SameAnswerOut,
)
from insights.figures.questions import currency_in, include_shared_in
from insights.forecast.forecast_ledger import HORIZONS
from insights.forecast.forecast_summary import forecast_summary, horizon_in
from insights.models import RecurringDismissal, SameAnswer
from insights.recurring.answering import answer_same, undo_answer
from insights.recurring.dismissing import dismiss_recurring, undo_dismissal
from insights.recurring.recurring_summary import recurring_summary
from users.api.idempotency import idempotent
from users.policy import Ability, require
from users.signed_in import UserApiRequest
from users.timezones import local_date


class RecurringApi(ApiView):
    """Recurring payments and income, found in the transactions of the last two years."""

    @operation(operation_id="insights_recurring", responses=RecurringSummaryOut, parameters=SHARED)
    def get(self, request: UserApiRequest) -> Response:
        """Recurring payments and income, with the next date and yearly cost of each."""
        summary = recurring_summary(
            user=request.user,
            on=local_date(request.user.timezone, timezone.now()),
            currency=currency_in(request.query_params),
            include_shared=include_shared_in(request.query_params),
        )
        context = {"request": request, "currency": summary.currency}
        return Response(RecurringSummaryOut(summary, context=context).data)


class ForecastApi(ApiView):
    """The forecast balance as a band, with its past accuracy."""

    @operation(
        operation_id="insights_forecast",
        responses=ForecastOut,
        parameters=[OpenApiParameter("days", int, enum=HORIZONS, default=HORIZONS[0]), *SHARED],
    )
    def get(self, request: UserApiRequest) -> Response:
        """Forecast the combined balance of checking, savings and cash less card debt.

        It uses bills, recurring payments and usual spending. `points` is empty and `hit_rate` null
        with less than three months of transactions.
        """
        summary = forecast_summary(
            user=request.user,
            on=local_date(request.user.timezone, timezone.now()),
            days=horizon_in(request.query_params),
            currency=currency_in(request.query_params),
            include_shared=include_shared_in(request.query_params),
        )
        context = {"request": request, "currency": summary.forecast.currency}
        return Response(ForecastOut(summary, context=context).data)


class RecurringDismissalListApi(ApiView):
    """Merchants marked as not recurring."""

    @operation(
        operation_id="insights_recurring_dismiss",
        request=DismissalIn,
        responses={201: DismissalOut},
    )
    @idempotent
    def post(self, request: UserApiRequest) -> Response:
        """Mark a merchant's payments on one of your accounts as not recurring."""
        require(request.user, Ability.CHANGE_OWN_DATA)
        data = DismissalIn(data=request.data)
        data.is_valid(raise_exception=True)
        fields = dict(data.validated_data)
        account = get_object_or_404(
            Account.objects.visible_to(request.user), pk=fields.pop("account")
        )
        require_change(request.user, account)
        dismissal = dismiss_recurring(actor=request.user, account=account, **fields)
        return Response(DismissalOut(dismissal).data, status=status.HTTP_201_CREATED)


class RecurringDismissalDetailApi(ApiView):
    """One merchant marked as not recurring."""

    @operation(operation_id="insights_recurring_restore", responses={204: None})
    def delete(self, request: UserApiRequest, pk: int) -> Response:
        """Undo it, so that the payments can be detected as recurring again."""
        dismissal = get_object_or_404(RecurringDismissal.objects.visible_to(request.user), pk=pk)
        require(request.user, Ability.CHANGE_OWN_DATA)
        undo_dismissal(actor=request.user, dismissal=dismissal)
        return Response(status=status.HTTP_204_NO_CONTENT)


class SameAnswerListApi(ApiView):
    """Answers on whether a bill and a recurring payment are the same."""

    @operation(
        operation_id="insights_same_answer",
        request=SameAnswerIn,
        responses={201: SameAnswerOut},
    )
    @idempotent
    def post(self, request: UserApiRequest) -> Response:
        """Say whether a bill and a recurring payment are the same. The same is counted once,
        different ones separately.

        The answer applies to all occurrences of the bill. A later answer replaces it.
        """
        require(request.user, Ability.CHANGE_OWN_DATA)
        data = SameAnswerIn(data=request.data)
        data.is_valid(raise_exception=True)
        said = data.validated_data
        user = request.user
        answer = answer_same(
            actor=user,
            bill=get_object_or_404(Bill.objects.visible_to(user), pk=said["bill"]),
            account=get_object_or_404(Account.objects.visible_to(user), pk=said["account"]),
            merchant_key=said["merchant_key"],
            is_same=said["decision"] == "same",
            name=said["merchant"],
        )
        return Response(SameAnswerOut(answer).data, status=status.HTTP_201_CREATED)


class SameAnswerDetailApi(ApiView):
    """One answer."""

    @operation(operation_id="insights_same_undo", responses={204: None})
    def delete(self, request: UserApiRequest, pk: int) -> Response:
        """Remove the answer; the forecast asks again."""
        answer = get_object_or_404(SameAnswer.objects.visible_to(request.user), pk=pk)
        require(request.user, Ability.CHANGE_OWN_DATA)
        undo_answer(actor=request.user, answer=answer)
        return Response(status=status.HTTP_204_NO_CONTENT)
