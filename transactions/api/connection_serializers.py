"""JSON serializers for bank connections. No response ever contains a secret."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.models import Account, BankConnection, ConnectedAccount, SyncRun
from banking.kernel.api import AmountSerializerField, InReadersRegion
from banking.kernel.api_fields import id_field
from banking.kernel.api_input import Input
from banking.kernel.money import plain_amount
from transactions.services.connecting import NEW

MOST_ACCOUNTS = 200


class InstitutionOut(serializers.Serializer):
    """A bank to choose from."""

    id = serializers.CharField()
    name = serializers.CharField()


class ProviderOut(serializers.Serializer):
    """A way to connect a bank; `needs` lists the fields that POST /api/connections requires."""

    provider = serializers.ChoiceField(choices=BankConnection.Provider.choices)
    name = serializers.CharField()
    description = serializers.CharField()
    needs = serializers.ListField(child=serializers.CharField())
    institutions = InstitutionOut(many=True)


class ConnectedAccountOut(serializers.ModelSerializer):
    """An account at the bank; `account` is the account here that receives its transactions."""

    id = serializers.CharField(source="external_id")
    mask = serializers.CharField(source="last_four")
    balance = serializers.SerializerMethodField()

    class Meta:
        model = ConnectedAccount
        fields = [
            *("id", "name", "mask", "account_type", "currency", "balance", "balance_on"),
            *("account", "refusal"),
        ]

    @extend_schema_field(AmountSerializerField(allow_null=True))
    def get_balance(self, connected: ConnectedAccount) -> str | None:
        return told_balance(connected)


class SyncRunOut(InReadersRegion, serializers.ModelSerializer):
    """One sync; `messages` are sentences about single transactions or from the bank."""

    messages = serializers.ListField(child=serializers.CharField(), source="message_texts")

    class Meta:
        model = SyncRun
        fields = [
            *("id", "trigger", "status", "added_count", "completed_count", "removed_count"),
            *("review_count", "error_code", "error", "messages", "created_at", "started_at"),
            "ended_at",
        ]


class ConnectionOut(serializers.ModelSerializer):
    """A connection to a bank. `error` is a sentence for its owner, "" if all is well."""

    accounts = ConnectedAccountOut(source="connected_accounts", many=True)

    class Meta:
        model = BankConnection
        fields = [
            *("id", "provider", "institution_name", "status", "last_synced_at", "next_sync_at"),
            *("error_code", "error", "accounts", "created_at", "updated_at"),
        ]


class ConnectionDetailOut(ConnectionOut):
    """A connection with its latest syncs, newest first."""

    runs = serializers.SerializerMethodField()

    class Meta(ConnectionOut.Meta):
        fields = [*ConnectionOut.Meta.fields, "runs"]

    @extend_schema_field(SyncRunOut(many=True))
    def get_runs(self, connection: BankConnection) -> Any:
        return SyncRunOut(connection.runs.all()[:20], many=True, context=self.context).data


class ConnectionIn(Input):
    """The provider of a new connection, and the fields it needs."""

    provider = serializers.ChoiceField(choices=BankConnection.Provider.choices)
    institution = serializers.CharField(max_length=60, required=False)
    token = serializers.CharField(max_length=4000, required=False)
    username = serializers.CharField(max_length=200, required=False)
    password = serializers.CharField(max_length=200, required=False, trim_whitespace=False)
    public_token = serializers.CharField(max_length=200, required=False)


class ReconnectIn(Input):
    """New credentials if the provider needs them; empty if the user signed in at the bank."""

    token = serializers.CharField(max_length=4000, required=False)
    username = serializers.CharField(max_length=200, required=False)
    password = serializers.CharField(max_length=200, required=False, trim_whitespace=False)
    public_token = serializers.CharField(max_length=200, required=False)


class TargetField(serializers.Field):
    """The id of one of your accounts, "new" to create one, or null for none."""

    _SEND = "Send the id of one of your accounts, “new” or null."
    default_error_messages = {"invalid": _SEND, "does_not_exist": _SEND}

    def to_internal_value(self, data: Any) -> Account | str:
        if data == NEW:
            return NEW
        if isinstance(data, bool) or not isinstance(data, int):
            self.fail("invalid")
        owner = self.context["request"].user
        account = Account.objects.owned_by(owner).filter(pk=data).first()
        if account is None:
            self.fail("does_not_exist")
        return account

    def to_representation(self, value: Any) -> Any:
        return value


class AccountChoiceIn(Input):
    """Where the transactions of one bank account go."""

    id = serializers.CharField(max_length=255)
    account = extend_schema_field(
        {"oneOf": [{"type": "integer"}, {"type": "string", "enum": [NEW]}], "nullable": True}
    )(TargetField)(allow_null=True)


class AccountChoicesIn(Input):
    """Where the transactions of the bank's accounts go. Omitted accounts don't change."""

    accounts = AccountChoiceIn(many=True, max_length=MOST_ACCOUNTS)  # type: ignore[call-arg]  # DRF passes it to the list


class LinesKeptOut(serializers.Serializer):
    """How many transactions were to be deleted but stay, and why."""

    kept_count = serializers.IntegerField()
    kept_because = serializers.CharField()


class LinkIn(Input):
    """A request for Plaid's sign-in page; `connection` renews that connection."""

    connection = id_field(required=False)
    return_to = serializers.URLField(max_length=500, required=False)


class LinkOut(serializers.Serializer):
    """Open `hosted_link_url` for the user, then continue with `link_token`."""

    link_token = serializers.CharField()
    hosted_link_url = serializers.CharField()


def told_balance(connected: ConnectedAccount) -> str | None:
    """The balance the bank reports, in its currency; None if it reports none."""
    if connected.balance is None or not connected.currency:
        return None
    return plain_amount(connected.balance, connected.currency)
