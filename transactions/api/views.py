"""Transactions in the API."""

from typing import Any

from django.shortcuts import get_object_or_404
from rest_framework import status
from rest_framework.response import Response

from accounts.access import require_change, require_posting
from banking.kernel.api_input import GenericApiView, operation
from transactions.api.serializers import (
    CategoryChangeOut,
    CategoryChoiceIn,
    EnteredOut,
    TransactionIn,
    TransactionOut,
    category_of_owner,
)
from transactions.filters import TransactionFilter
from transactions.models import CategoryChange, Transaction, TransactionQuerySet
from transactions.services.categorizing import set_category
from transactions.services.entering import enter_transaction
from transactions.services.posting import (
    delete_transactions,
    edit_transaction,
    restore_transactions,
)
from users.api.idempotency import idempotent
from users.policy import Ability, require
from users.signed_in import UserApiRequest


class TransactionApi(GenericApiView):
    """What these share: the transactions this user sees."""

    serializer_class: Any = TransactionOut

    def get_queryset(self) -> TransactionQuerySet:
        return Transaction.objects.visible_to(self.request.user).for_list()

    def find(self, pk: int) -> Transaction:
        return get_object_or_404(self.get_queryset(), pk=pk)

    def find_to_change(self, pk: int) -> Transaction:
        row = self.find(pk)
        require_change(self.request.user, row.account)
        return row

    def show(self, pk: int) -> dict[str, Any]:
        return self.get_serializer(self.get_queryset().get(pk=pk)).data


class TransactionListApi(TransactionApi):
    filterset_class = TransactionFilter

    @operation(operation_id="transactions_list", responses=TransactionOut(many=True))
    def get(self, request: UserApiRequest) -> Response:
        """Transactions of own and shared accounts, the newest first unless `ordering` says."""
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    @operation(request=TransactionIn, responses={201: EnteredOut})
    @idempotent
    def post(self, request: UserApiRequest) -> Response:
        """Post one transaction: `amount` is positive, `txn_type` says which way it went.

        `review` asks whether it is a payment the account has already: answer at /api/review/{id}.
        """
        require(request.user, Ability.CREATE_TRANSACTIONS)
        data = TransactionIn(data=request.data, context=self.get_serializer_context())
        data.is_valid(raise_exception=True)
        require_posting(request.user, data.validated_data["account"])
        entered = enter_transaction(actor=request.user, **data.validated_data)
        review = EnteredOut.review_of(entered.review, request.user)
        shown = self.show(entered.transaction.pk) | review
        return Response(shown, status=status.HTTP_201_CREATED)


class TransactionDetailApi(TransactionApi):
    @operation(operation_id="transactions_retrieve")
    def get(self, request: UserApiRequest, pk: int) -> Response:
        """One transaction."""
        return Response(self.get_serializer(self.find(pk)).data)

    @operation(request=TransactionIn, responses=TransactionOut)
    def put(self, request: UserApiRequest, pk: int) -> Response:
        """Edit a transaction. An imported one keeps the bank's amount, date and account."""
        return self._edit(request, pk, partial=False)

    @operation(request=TransactionIn, responses=TransactionOut)
    def patch(self, request: UserApiRequest, pk: int) -> Response:
        """Edit some fields of a transaction."""
        return self._edit(request, pk, partial=True)

    def _edit(self, request: UserApiRequest, pk: int, *, partial: bool) -> Response:
        row = self.find_to_change(pk)
        context = self.get_serializer_context()
        data = TransactionIn(row, data=request.data, partial=partial, context=context)
        data.is_valid(raise_exception=True)
        edit_transaction(actor=request.user, transaction=row, **data.validated_data)
        return Response(self.show(pk))

    @operation(responses={204: None})
    def delete(self, request: UserApiRequest, pk: int) -> Response:
        """Move a transaction to the trash; it leaves every balance and figure at once."""
        self.find_to_change(pk)
        delete_transactions(actor=request.user, rows=Transaction.objects.filter(pk=pk))
        return Response(status=status.HTTP_204_NO_CONTENT)


class TransactionRestoreApi(TransactionApi):
    def get_queryset(self) -> TransactionQuerySet:
        reach = Transaction.objects.in_reach_of(self.request.user)
        return reach.filter(account__deleted_at=None).for_list()

    @operation(request=None, responses=TransactionOut)
    def post(self, request: UserApiRequest, pk: int) -> Response:
        """Take a transaction out of the trash; one that is not in it stays as it is."""
        self.find_to_change(pk)
        restore_transactions(actor=request.user, rows=Transaction.objects.filter(pk=pk))
        return Response(self.show(pk))


class TransactionCategoryApi(TransactionApi):
    @operation(request=CategoryChoiceIn, responses=TransactionOut)
    def put(self, request: UserApiRequest, pk: int) -> Response:
        """Choose a transaction's category by hand; rules leave it alone from then on."""
        row = self.find_to_change(pk)
        data = CategoryChoiceIn(data=request.data)
        data.is_valid(raise_exception=True)
        category = category_of_owner(row.user_id, data.validated_data["category"])
        set_category(actor=request.user, transaction=row, category=category)
        return Response(self.show(pk))


class CategoryHistoryApi(TransactionApi):
    serializer_class = CategoryChangeOut

    @operation(responses=CategoryChangeOut(many=True), filters=False)
    def get(self, request: UserApiRequest, pk: int) -> Response:
        """Every change of this transaction's category, the latest first."""
        row = self.find(pk)
        changes = CategoryChange.objects.filter(transaction=row).select_related(
            "from_category", "to_category", "rule"
        )
        page = self.paginate_queryset(changes)
        return self.get_paginated_response(self.get_serializer(page, many=True).data)
