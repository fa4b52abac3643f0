"""How an account compares with its bank's statements, in the API."""

from typing import Any

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.response import Response

from accounts.models import Account
from banking.kernel.api import AmountSerializerField
from banking.kernel.api_input import GenericApiView, operation
from banking.kernel.money import plain_amount
from banking.kernel.snapshot import read_snapshot
from transactions.models import ImportBatch
from transactions.statement_proof import Explanation, Proof, prove_page, statements_of
from users.signed_in import UserApiRequest


class GapOut(serializers.Serializer):
    """Days that no statement covers, from first to last."""

    first = serializers.DateField()
    last = serializers.DateField()


class ExplanationOut(serializers.Serializer):
    """A line that explains the whole difference; `transaction` is null if it wasn't imported."""

    txn_date = serializers.DateField(source="on")
    description = serializers.CharField()
    amount = serializers.SerializerMethodField()
    reason = serializers.CharField()
    transaction = serializers.IntegerField(source="transaction_id", allow_null=True)

    @extend_schema_field(AmountSerializerField)
    def get_amount(self, line: Explanation) -> str:
        return plain_amount(line.amount, self.context["currency"])


class StatementOut(serializers.Serializer):
    """An imported statement compared with the ledger.

    `first` and `last` are the days the file says it covers, or else those of its lines.
    `difference` is its closing balance minus the ledger's at the end of `closing_on`; null if the
    file has no balance. `follows_on` says whether it opens with the previous statement's closing
    balance; null if unknown. `gap` is the days between the two.
    """

    id = serializers.IntegerField(source="batch.pk", help_text="The import's id.")
    first = serializers.DateField()
    last = serializers.DateField()
    closing_on = serializers.DateField(help_text="The day of its closing balance.")
    opening_balance = serializers.SerializerMethodField()
    closing_balance = serializers.SerializerMethodField()
    ledger_balance = serializers.SerializerMethodField()
    difference = serializers.SerializerMethodField()
    follows_on = serializers.BooleanField(allow_null=True)
    gap = serializers.SerializerMethodField()
    explanations = ExplanationOut(many=True)

    def _amount(self, amount: Any) -> str | None:
        return None if amount is None else plain_amount(amount, self.context["currency"])

    @extend_schema_field(AmountSerializerField(allow_null=True))
    def get_opening_balance(self, proof: Proof) -> str | None:
        return self._amount(proof.opening)

    @extend_schema_field(AmountSerializerField(allow_null=True))
    def get_closing_balance(self, proof: Proof) -> str | None:
        return self._amount(proof.closing)

    @extend_schema_field(AmountSerializerField)
    def get_ledger_balance(self, proof: Proof) -> str | None:
        return self._amount(proof.ledger_closing)

    @extend_schema_field(AmountSerializerField(allow_null=True))
    def get_difference(self, proof: Proof) -> str | None:
        return self._amount(proof.difference)

    @extend_schema_field(GapOut(allow_null=True))
    def get_gap(self, proof: Proof) -> dict[str, Any] | None:
        if proof.gap is None:
            return None
        return GapOut({"first": proof.gap[0], "last": proof.gap[1]}).data


class AccountStatementsApi(GenericApiView):
    """One account's statements, latest first."""

    serializer_class = StatementOut
    queryset = ImportBatch.objects.none()

    @operation(operation_id="accounts_statements", responses=StatementOut(many=True))
    def get(self, request: UserApiRequest, pk: int) -> Response:
        """Which days your imported files cover, and whether their balances match."""
        with read_snapshot():
            account = get_object_or_404(Account.objects.visible_to(request.user), pk=pk)
            page = self.paginate_queryset(statements_of(account))
            proofs = prove_page(account, page or [])
        context = {"currency": account.currency}
        return self.get_paginated_response(StatementOut(proofs, many=True, context=context).data)
