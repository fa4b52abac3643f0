"""Split transactions in the API."""

from typing import Any

from rest_framework import serializers
from rest_framework.response import Response

from banking.kernel.api import AmountSerializerField
from banking.kernel.api_input import Input, operation
from banking.kernel.money import plain_amount
from transactions.api.serializers import CategorySlugField, category_of_owner
from transactions.api.views import TransactionApi
from transactions.models import Transaction, TransactionSplit
from transactions.services.splitting import (
    MOST_PARTS,
    Part,
    split_transaction,
    unsplit_transaction,
)
from users.signed_in import UserApiRequest


class SplitOut(serializers.ModelSerializer):
    """One part; `amount` is positive and has the transaction's direction."""

    amount = serializers.SerializerMethodField()
    category: Any = serializers.SlugRelatedField(slug_field="slug", read_only=True, allow_null=True)

    class Meta:
        model = TransactionSplit
        fields = ["id", "amount", "category", "notes"]

    def get_amount(self, part: TransactionSplit) -> str:
        sign = 1 if part.transaction.signed_amount > 0 else -1
        return plain_amount(sign * part.signed_amount, part.transaction.currency)


class PartIn(Input):
    """One part. A discount is negative: it lowers its category's spending."""

    amount = AmountSerializerField()
    category = CategorySlugField(required=False)
    notes = serializers.CharField(max_length=200, required=False, allow_blank=True)


class SplitsIn(Input):
    """All parts of the transaction; an empty list removes the split."""

    parts = PartIn(many=True, max_length=MOST_PARTS)  # type: ignore[call-arg]  # DRF passes it to the list


class TransactionSplitsApi(TransactionApi):
    serializer_class = SplitOut
    pagination_class = None

    @operation(operation_id="transaction_splits", responses=SplitOut(many=True), filters=False)
    def get(self, request: UserApiRequest, pk: int) -> Response:
        """The parts of a transaction; empty if it isn't split."""
        return Response(self._parts(self.find(pk)))

    @operation(request=SplitsIn, responses=SplitOut(many=True))
    def put(self, request: UserApiRequest, pk: int) -> Response:
        """Split a transaction into parts that add up to it; an empty list removes the split."""
        row = self.find_to_change(pk)
        data = SplitsIn(data=request.data)
        data.is_valid(raise_exception=True)
        sign = 1 if row.signed_amount > 0 else -1
        parts = [
            Part(
                sign * part["amount"],
                category_of_owner(row.user_id, part.get("category")),
                part.get("notes", ""),
            )
            for part in data.validated_data["parts"]
        ]
        if parts:
            split_transaction(actor=request.user, transaction=row, parts=parts)
        else:
            unsplit_transaction(actor=request.user, transaction=row)
        return Response(self._parts(row))

    def _parts(self, row: Transaction) -> Any:
        parts = TransactionSplit.objects.filter(transaction=row)
        return SplitOut(parts.select_related("category", "transaction"), many=True).data
