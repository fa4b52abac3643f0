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
    columns_of,
    list_of,
)
from transactions.api.unchanged import unless_unchanged
from transactions.filters import TransactionFilter
from transactions.models import CategoryChange, Transaction, TransactionQuerySet
from transactions.services.categorizing import set_category
from transactions.services.entering import edit_entry, enter_transaction
from transactions.services.posting import (
    delete_transactions,
    restore_transactions,
)
from users.api.idempotency import idempotent
from users.policy import Ability, require
from users.signed_in import UserApiRequest


class TransactionApi(GenericApiView):
    """Base of the transaction views: transactions this user can see."""

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
    @unless_unchanged
    def get(self, request: UserApiRequest) -> Response:
        """List transactions in your own and shared accounts, newest first by default."""
        rows = self.filter_queryset(Transaction.objects.visible_to(request.user))
        page = self.paginate_queryset(columns_of(rows))
        return self.get_paginated_response(list_of(page or []))

    @operation(request=TransactionIn, responses={201: EnteredOut})
    @idempotent
    def post(self, request: UserApiRequest) -> Response:
        """Create a transaction: `amount` is positive and `txn_type` sets the direction.

        `review` is set if the account may already have this payment; answer at /api/review/{id}.
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
        """Get one transaction."""
        return Response(self.get_serializer(self.find(pk)).data)

    @operation(request=TransactionIn, responses=TransactionOut)
    def put(self, request: UserApiRequest, pk: int) -> Response:
        """Update a transaction. Imported ones keep the bank's amount, date and account."""
        return self._edit(request, pk, partial=False)

    @operation(request=TransactionIn, responses=TransactionOut)
    def patch(self, request: UserApiRequest, pk: int) -> Response:
        """Update some fields of a transaction."""
        return self._edit(request, pk, partial=True)

    def _edit(self, request: UserApiRequest, pk: int, *, partial: bool) -> Response:
        row = self.find_to_change(pk)
        context = self.get_serializer_context()
        data = TransactionIn(row, data=request.data, partial=partial, context=context)
        data.is_valid(raise_exception=True)
        edit_entry(actor=request.user, transaction=row, **data.validated_data)
        return Response(self.show(pk))

    @operation(responses={204: None})
    def delete(self, request: UserApiRequest, pk: int) -> Response:
        """Move a transaction to the trash, which removes it from all balances and figures."""
        self.find_to_change(pk)
        delete_transactions(actor=request.user, rows=Transaction.objects.filter(pk=pk))
        return Response(status=status.HTTP_204_NO_CONTENT)


class TransactionRestoreApi(TransactionApi):
    def get_queryset(self) -> TransactionQuerySet:
        reach = Transaction.objects.in_reach_of(self.request.user)
        return reach.filter(account__deleted_at=None).for_list()

    @operation(request=None, responses=TransactionOut)
    def post(self, request: UserApiRequest, pk: int) -> Response:
        """Restore a transaction from the trash. One outside the trash doesn't change."""
        self.find_to_change(pk)
        restore_transactions(actor=request.user, rows=Transaction.objects.filter(pk=pk))
        return Response(self.show(pk))


class TransactionCategoryApi(TransactionApi):
    @operation(request=CategoryChoiceIn, responses=TransactionOut)
    def put(self, request: UserApiRequest, pk: int) -> Response:
        """Set a transaction's category. Rules won't change it afterward."""
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
        """A transaction's category history, latest first."""
        row = self.find(pk)
        changes = CategoryChange.objects.filter(transaction=row).select_related(
            "from_category", "to_category", "rule"
        )
        page = self.paginate_queryset(changes)
        return self.get_paginated_response(self.get_serializer(page, many=True).data)
