"""JSON serializers for imports."""

from dataclasses import fields
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.models import Account
from banking.kernel.api import AmountSerializerField
from banking.kernel.api_input import Input, unknown_fields
from banking.kernel.api_json import read_json
from banking.kernel.money import plain_amount
from banking.limits import IMPORT_ERRORS_LISTED
from transactions.api.serializers import VisibleAccountField
from transactions.api.statements import StatementOut
from transactions.models import ImportBatch, ImportRow
from transactions.services.import_parts import NEW, SKIP
from transactions.services.import_progress import progress_of
from transactions.services.import_receipts import booked_by, pending_in
from transactions.sources.files.csv_mapping import CsvMapping
from transactions.statement_proof import prove_page


class JsonTextField(serializers.Field):
    """An object: JSON text in a form, a plain object in a JSON body."""

    noun = "value"

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, str) and len(data) <= 20_000:
            try:
                data = read_json(data) if data.strip() else {}
            except (ValueError, RecursionError):
                data = None
        if not isinstance(data, dict):
            raise serializers.ValidationError(f"Send the {self.noun} as a JSON object.")
        return data

    def to_representation(self, value: Any) -> Any:
        return value


@extend_schema_field({"type": "object", "additionalProperties": True})
class MappingField(JsonTextField):
    """Which column means what; only differences from the proposal are needed."""

    noun = "mapping"

    def to_internal_value(self, data: Any) -> Any:
        mapping = super().to_internal_value(data)
        if unknown := unknown_fields(mapping, [field.name for field in fields(CsvMapping)]):
            raise serializers.ValidationError(unknown)
        return mapping


@extend_schema_field(
    {
        "type": "object",
        "additionalProperties": {
            "oneOf": [{"type": "integer"}, {"type": "string", "enum": [NEW, SKIP]}]
        },
    }
)
class AccountsField(JsonTextField):
    """For each part of a file with several accounts: an account id, "new" or "skip"."""

    noun = "accounts"

    def to_internal_value(self, data: Any) -> dict[str, Account | str]:
        answers = super().to_internal_value(data)
        ids = {answer for answer in answers.values() if type(answer) is int and 0 < answer < 2**63}
        user = self.context["request"].user
        own = {account.pk: account for account in Account.objects.owned_by(user).filter(pk__in=ids)}
        found: dict[str, Account | str] = {}
        for part, answer in answers.items():
            account = answer if answer in (NEW, SKIP) else None
            account = own.get(answer) if type(answer) is int else account
            if account is None:
                raise serializers.ValidationError(
                    f"“{part[:80]}”: send the id of one of your accounts, “new” or “skip”.",
                    code="does_not_exist" if type(answer) is int else "invalid",
                )
            found[part] = account
        return found


class ImportIn(Input):
    """A statement file, its account and, if needed, the meaning of its columns."""

    file = serializers.FileField(allow_empty_file=True)
    account = VisibleAccountField()
    mapping = MappingField(required=False, default=None)
    accounts = AccountsField(
        required=False,
        default=None,
        help_text="If the file has several accounts: where each part goes. A 400 lists the parts.",
    )
    confirm = serializers.BooleanField(
        required=False, default=True, help_text="false: check only, then confirm in a second call."
    )


class ConfirmIn(Input):
    """Answers to the upload's open questions: column mapping and account of each part."""

    mapping = MappingField(required=False)
    accounts = AccountsField(required=False)
    only_this = serializers.BooleanField(
        required=False,
        default=False,
        help_text="true: leave this file's imports into other accounts unchanged.",
    )


class RevertIn(Input):
    """How much of an upload to undo."""

    only_this = serializers.BooleanField(
        required=False,
        default=False,
        help_text="true: leave this file's imports into other accounts unchanged.",
    )


class CountsOut(serializers.Serializer):
    """Once done: read = added + duplicate + review + skipped + invalid."""

    read = serializers.IntegerField(source="read_count")
    new = serializers.IntegerField(source="new_count")
    added = serializers.IntegerField(source="added_count")
    duplicate = serializers.IntegerField(source="duplicate_count")
    review = serializers.IntegerField(source="review_count")
    skipped = serializers.IntegerField(source="skipped_count")
    invalid = serializers.IntegerField(source="invalid_count")


class ImportProgressOut(serializers.Serializer):
    """The progress of a running import."""

    stage = serializers.CharField()
    done = serializers.IntegerField()
    total = serializers.IntegerField()
    percent = serializers.IntegerField()


class RowErrorOut(serializers.Serializer):
    """What is wrong with one line of the file."""

    row = serializers.IntegerField(source="row_number")
    attr = serializers.CharField()
    detail = serializers.CharField(source="note")


class ImportOut(serializers.ModelSerializer):
    """An upload: its details, status and result."""

    account_name = serializers.CharField(source="account.name", read_only=True)
    currency = serializers.CharField(source="account.currency", read_only=True)
    needs_mapping = serializers.BooleanField(read_only=True)
    parts = serializers.ListField(
        child=serializers.CharField(),
        read_only=True,
        help_text="The file's parts that belong to this account; empty if all of it does.",
    )
    counts = CountsOut(source="*", read_only=True)
    inflow = AmountSerializerField(currency="account.currency", read_only=True)
    outflow = AmountSerializerField(currency="account.currency", read_only=True)
    net = AmountSerializerField(currency="account.currency", read_only=True)
    net_pending = serializers.SerializerMethodField()
    net_booked = serializers.SerializerMethodField()
    opening_balance = serializers.SerializerMethodField()
    closing_balance = serializers.SerializerMethodField()
    balance_after = AmountSerializerField(
        currency="account.currency", read_only=True, allow_null=True
    )
    warnings = serializers.ListField(
        source="warning_texts", child=serializers.CharField(), read_only=True
    )
    statement = serializers.SerializerMethodField()
    progress = serializers.SerializerMethodField()
    errors = serializers.SerializerMethodField()  # type: ignore[assignment]  # a field of that name

    class Meta:
        model = ImportBatch
        fields = [
            "id",
            "account",
            "account_name",
            "currency",
            "file_name",
            "file_size",
            "sha256",
            "format",
            "mapping",
            "needs_mapping",
            "needs_accounts",
            "parts",
            "group",
            "status",
            "error",
            "counts",
            "inflow",
            "outflow",
            "net",
            "net_pending",
            "net_booked",
            "opening_balance",
            "closing_balance",
            "balance_after",
            "warnings",
            "statement",
            "progress",
            "errors",
            "confirmed_at",
            "reverted_at",
            "created_at",
            "updated_at",
        ]

    @extend_schema_field({"type": "string", "nullable": True})
    def get_net_pending(self, batch: ImportBatch) -> str | None:
        """Of net, what is pending and in no balance until the bank books it. Lists leave it out."""
        return _amount(batch, pending_in(batch)) if self._is_receipt(batch) else None

    @extend_schema_field({"type": "string", "nullable": True})
    def get_net_booked(self, batch: ImportBatch) -> str | None:
        """What was pending or planned before and this file books: in the balance, not in net.
        Lists leave it out.
        """
        return _amount(batch, booked_by(batch)) if self._is_receipt(batch) else None

    def _is_receipt(self, batch: ImportBatch) -> bool:
        is_listed = isinstance(self.parent, serializers.ListSerializer)
        return batch.is_confirmed and (not is_listed or bool(self.context.get("with_statements")))

    @extend_schema_field({"type": "string", "nullable": True})
    def get_opening_balance(self, batch: ImportBatch) -> str | None:
        return _amount(batch, batch.file_opening_balance)

    @extend_schema_field({"type": "string", "nullable": True})
    def get_closing_balance(self, batch: ImportBatch) -> str | None:
        return _amount(batch, batch.file_closing_balance)

    @extend_schema_field(StatementOut(allow_null=True))
    def get_statement(self, batch: ImportBatch) -> dict[str, Any] | None:
        """Once done, how its closing balance compares with the ledger, and what explains a
        difference. Lists leave it out; GET /api/accounts/{id}/statements has all of them.
        """
        if not self._is_receipt(batch):
            return None
        if batch.status != ImportBatch.Status.DONE or batch.covers_to is None:
            return None
        # Not in a snapshot: the receipt is also part of the commit that confirms the import.
        (proof,) = prove_page(batch.account, [batch])
        return dict(StatementOut(proof, context={"currency": batch.account.currency}).data)

    @extend_schema_field(ImportProgressOut(allow_null=True))
    def get_progress(self, batch: ImportBatch) -> dict[str, Any] | None:
        if batch.status not in (ImportBatch.Status.UPLOADED, ImportBatch.Status.IMPORTING):
            return None
        progress = progress_of(batch.pk)
        return ImportProgressOut(progress).data if progress else None

    @extend_schema_field(RowErrorOut(many=True))
    def get_errors(self, batch: ImportBatch) -> list[dict[str, Any]]:
        """The first lines that couldn't be read; /rows?verdict=invalid lists all of them."""
        if not batch.invalid_count or isinstance(self.parent, serializers.ListSerializer):
            return []
        rows = ImportRow.objects.filter(batch=batch, verdict=ImportRow.Verdict.INVALID)
        listed = rows.order_by("id")[:IMPORT_ERRORS_LISTED]
        return list(RowErrorOut(listed, many=True).data)


class ImportsOut(ImportOut):
    """The import into the first account, and every import made from the same file."""

    batches = serializers.SerializerMethodField()

    class Meta(ImportOut.Meta):
        fields = [*ImportOut.Meta.fields, "batches"]

    @extend_schema_field(ImportOut(many=True))
    def get_batches(self, batch: ImportBatch) -> list[dict[str, Any]]:
        together = [batch]
        if batch.group:
            every = ImportBatch.objects.together_with(batch).select_related("account")
            together = list(every)
        context = {**self.context, "with_statements": True}
        return list(ImportOut(together, many=True, context=context).data)


def _amount(batch: ImportBatch, amount: Any) -> str | None:
    return None if amount is None else plain_amount(amount, batch.account.currency)


class ImportRowOut(serializers.ModelSerializer):
    """One line of the file: as written, as read, and its result."""

    amount = AmountSerializerField(
        source="signed_amount",
        currency="batch.account.currency",
        read_only=True,
        allow_null=True,
    )
    category = serializers.SerializerMethodField()
    error = serializers.CharField(source="note", read_only=True)

    class Meta:
        model = ImportRow
        fields = [
            "id",
            "row_number",
            "raw",
            "txn_date",
            "posted_date",
            "amount",
            "currency",
            "description",
            "merchant",
            "category",
            "external_id",
            "is_pending",
            "is_edited",
            "verdict",
            "error",
            "attr",
        ]

    def get_category(self, row: ImportRow) -> str | None:
        return row.category.slug if row.category else None
