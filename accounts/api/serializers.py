"""JSON serializers for accounts."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.access import OWNER, access_level
from accounts.known_accounts import SHOWN_OF_CONNECTION
from accounts.models import Account, AccountShare, BankConnection
from banking.kernel.api import AmountSerializerField
from banking.kernel.api_fields import CurrencyCodeField
from banking.kernel.api_input import Input
from banking.kernel.money import exact_amount

ACCESS = [OWNER, *AccountShare.Level.values]


class AccountConnectionOut(serializers.ModelSerializer):
    """The bank connection that keeps an account up to date. `error` is a sentence for its owner."""

    class Meta:
        model = BankConnection
        fields = SHOWN_OF_CONNECTION


class AccountOut(serializers.ModelSerializer):
    """An account as its owner, or anyone it is shared with, sees it."""

    balance = AmountSerializerField(read_only=True)
    opening_balance = AmountSerializerField(read_only=True)
    overdraft_limit = AmountSerializerField(read_only=True)
    masked_account = serializers.CharField(
        read_only=True, help_text="“****” and the last four digits."
    )
    access = serializers.SerializerMethodField()
    is_shared = serializers.SerializerMethodField(help_text="Shared with you by its owner.")
    connection = serializers.SerializerMethodField(
        help_text="The connected bank; null without one, and for accounts of other people."
    )

    class Meta:
        model = Account
        fields = [
            "id",
            "user",
            "bank_name",
            "name",
            "account_type",
            "masked_account",
            "currency",
            "balance",
            "opening_balance",
            "overdraft_limit",
            "is_active",
            "access",
            "is_shared",
            "connection",
            "created_at",
            "updated_at",
        ]

    @extend_schema_field(serializers.ChoiceField(choices=ACCESS))
    def get_access(self, account: Account) -> str:
        return access_level(self.context["request"].user, account)

    def get_is_shared(self, account: Account) -> bool:
        return account.user_id != self.context["request"].user.pk

    @extend_schema_field(AccountConnectionOut(allow_null=True))
    def get_connection(self, account: Account) -> Any:
        """Sharing an account does not share access to its bank."""
        feed = None if self.get_is_shared(account) else account.feed
        return AccountConnectionOut(feed.connection).data if feed else None


class AccountIn(Input):
    """Fields of a new or edited account. Only the last four digits of the number are kept."""

    bank_name = serializers.CharField(max_length=120, required=False, allow_blank=True)
    name = serializers.CharField(max_length=120)
    account_type = serializers.ChoiceField(choices=Account.Type.choices, required=False)
    masked_account = serializers.CharField(max_length=64, required=False, allow_blank=True)
    account_number = serializers.CharField(
        max_length=64, required=False, allow_blank=True, write_only=True
    )
    currency = CurrencyCodeField(required=False, help_text="Default: your base currency.")
    opening_balance = AmountSerializerField(required=False)
    overdraft_limit = AmountSerializerField(required=False, signed=False)
    is_active = serializers.BooleanField(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        masked, number = attrs.pop("masked_account", None), attrs.pop("account_number", None)
        if number or masked is not None or number is not None:
            attrs["last_four"] = number or masked or ""
        return attrs


class AccountOpenIn(AccountIn):
    """Fields of a new account; `balance` becomes the opening balance if that is missing."""

    balance = AmountSerializerField(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        attrs = super().validate(attrs)
        balance = attrs.pop("balance", None)
        if balance is not None:
            currency = attrs.get("currency") or self.context["request"].user.base_currency
            exact_amount(balance, currency, "balance")
            attrs.setdefault("opening_balance", balance)
        return attrs
