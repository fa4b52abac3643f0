"""JSON serializers for bills; amounts are strings with the currency's own decimals."""

from datetime import date
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.models import Account
from banking.kernel.api import AmountSerializerField, InReadersRegion
from banking.kernel.api_fields import CurrencyCodeField, RelatedIdField, id_field
from banking.kernel.api_input import Input
from banking.limits import REMINDER_LEAD_DAYS
from bills.models import Bill
from bills.preflight import AutoPayState, Shortfall, auto_pay_outlook
from transactions.api.serializers import CategorySlugField, category_of_owner


class BillOut(InReadersRegion, serializers.ModelSerializer):
    """One occurrence of a bill; its status follows the user's own calendar."""

    amount_due = AmountSerializerField(read_only=True)
    amount_paid = AmountSerializerField(read_only=True, allow_null=True)
    status = serializers.SerializerMethodField()
    account_name = serializers.SerializerMethodField()
    category = serializers.SerializerMethodField()

    auto_pay_error = serializers.CharField(source="auto_pay_problem", read_only=True)

    class Meta:
        model = Bill
        fields = [
            "id",
            "user",
            "biller_name",
            "amount_due",
            "currency",
            "due_date",
            "status",
            "recurrence",
            "auto_pay",
            "account",
            "account_name",
            "category",
            "remind_days_before",
            "notes",
            "series",
            "sequence",
            "remainder_of",
            "paid_at",
            "paid_on",
            "amount_paid",
            "payment",
            "skipped_at",
            "auto_pay_tried_on",
            "auto_pay_error",
            "created_at",
            "updated_at",
        ]

    @extend_schema_field(serializers.ChoiceField(choices=Bill.Status.choices))
    def get_status(self, bill: Bill) -> str:
        today: date = self.context["today"]
        return bill.status_on(today)

    def get_account_name(self, bill: Bill) -> str | None:
        return bill.account.name if bill.account else None

    def get_category(self, bill: Bill) -> str | None:
        return bill.category.slug if bill.category else None


class ShortfallOut(serializers.Serializer):
    """How much the account will be short on the due date, in the account's currency."""

    account = serializers.IntegerField(source="account.pk")
    amount = AmountSerializerField(read_only=True)
    currency = serializers.CharField()
    on = serializers.DateField()


class AutoPayOutlookOut(serializers.Serializer):
    """What will happen to a bill on autopay; null if nothing is automatic."""

    state = serializers.ChoiceField(choices=AutoPayState.choices)
    message = serializers.CharField()


class MatchOut(serializers.Serializer):
    """An expense that looks like this bill's payment."""

    transaction = serializers.IntegerField(source="pk")
    description = serializers.CharField()
    merchant = serializers.CharField()
    amount = AmountSerializerField(read_only=True)
    currency = serializers.CharField()
    txn_date = serializers.DateField()
    account = serializers.IntegerField(source="account_id")


class BillDetailOut(BillOut):
    """One bill with its expected shortfall and transactions that may have paid it."""

    shortfall = serializers.SerializerMethodField()
    auto_pay_outlook = serializers.SerializerMethodField()
    matches = serializers.SerializerMethodField()

    class Meta(BillOut.Meta):
        fields = [*BillOut.Meta.fields, "shortfall", "auto_pay_outlook", "matches"]

    @extend_schema_field(ShortfallOut(allow_null=True))
    def get_shortfall(self, bill: Bill) -> dict[str, Any] | None:
        shortfall: Shortfall | None = self.context["shortfall"]
        return ShortfallOut(shortfall).data if shortfall else None

    @extend_schema_field(AutoPayOutlookOut(allow_null=True))
    def get_auto_pay_outlook(self, bill: Bill) -> dict[str, Any] | None:
        outlook = auto_pay_outlook(bill, self.context["today"], self.context["shortfall"])
        return AutoPayOutlookOut(outlook).data if outlook else None

    @extend_schema_field(MatchOut(many=True))
    def get_matches(self, bill: Bill) -> list[dict[str, Any]]:
        return list(MatchOut(self.context["matches"], many=True).data)


class OwnAccountField(RelatedIdField):
    """One of the user's own accounts, by id."""

    def get_queryset(self) -> Any:
        return Account.objects.owned_by(self.context["request"].user)


class BillIn(Input):
    """Fields of a new or edited bill."""

    biller_name = serializers.CharField(max_length=120)
    amount_due = AmountSerializerField(positive=True)
    currency = CurrencyCodeField(required=False, help_text="Default: your base currency.")
    due_date = serializers.DateField()
    recurrence = serializers.ChoiceField(choices=Bill.Recurrence.choices, required=False)
    auto_pay = serializers.BooleanField(required=False)
    account = OwnAccountField(required=False, allow_null=True)
    category = CategorySlugField(required=False)
    remind_days_before = serializers.IntegerField(
        min_value=0, max_value=REMINDER_LEAD_DAYS, required=False
    )
    notes = serializers.CharField(max_length=500, required=False, allow_blank=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if "category" in attrs:
            owner_id = self.context["request"].user.pk
            attrs["category"] = category_of_owner(owner_id, attrs["category"])
        return attrs


class PayIn(Input):
    """How to pay a bill. Defaults: the full amount, today, from the bill's account."""

    account = OwnAccountField(
        required=False,
        allow_null=True,
        help_text="null: paid elsewhere, so no transaction is posted.",
    )
    amount = AmountSerializerField(positive=True, required=False)
    paid_on = serializers.DateField(required=False, help_text="Default: today in your time zone.")


class MatchIn(Input):
    """The expense that paid the bill."""

    transaction = id_field()


class ReminderOut(serializers.Serializer):
    """One reminder through one channel, and its delivery status."""

    id = serializers.IntegerField(source="pk")
    channel = serializers.CharField()
    status = serializers.CharField()
    local_day = serializers.DateField()
    provider_answer = serializers.CharField()
    created_at = serializers.DateTimeField()
