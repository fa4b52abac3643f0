"""Forms to connect a bank and map its accounts."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import Account, BankConnection, ConnectedAccount
from banking.kernel.forms import Form
from transactions.services.connecting import NEW
from transactions.services.linking import Offer

LEFT_OUT = "none"
_TEXT = {"autocapitalize": "none", "spellcheck": "false"}


class ConnectForm(Form):
    """What one provider needs from the person. The offer defines the fields."""

    institution = forms.ChoiceField(label=_("Bank"), widget=forms.RadioSelect)
    token = forms.CharField(
        label=_("SimpleFIN token"),
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 4, "autocomplete": "off", **_TEXT}),
    )
    username = forms.CharField(
        label=_("Username at the bank"),
        max_length=200,
        widget=forms.TextInput(attrs={"autocomplete": "off", **_TEXT}),
    )
    password = forms.CharField(
        label=_("Password at the bank"),
        max_length=200,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text=_("Used once to connect; we don't keep it."),
    )

    def __init__(self, *args: Any, offer: Offer, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in set(self.fields) - set(offer.needs):
            del self.fields[name]
        if "institution" in self.fields:
            self.fields["institution"].choices = offer.institutions


class MapForm(Form):
    """For each bank account: an account here, a new one, or none."""

    def __init__(
        self, *args: Any, connection: BankConnection, accounts: Iterable[Account], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        own = list(accounts)
        self.rows: list[tuple[ConnectedAccount, str]] = []
        for connected in connection.connected_accounts.order_by("pk"):
            name = f"account-{connected.pk}"
            self.rows.append((connected, name))
            if connected.refusal:
                continue
            self.fields[name] = forms.ChoiceField(
                label=connected.name,
                choices=_choices(connected, own),
                initial=_proposal(connected, own),
            )

    def entries(self) -> list[dict[str, Any]]:
        """Each bank account with its field, if it can be mapped."""
        return [
            {"connected": connected, "field": self[name] if name in self.fields else None}
            for connected, name in self.rows
        ]

    def choices_by_id(self, accounts: Iterable[Account]) -> dict[str, Account | str | None]:
        """The choices as `map_accounts` expects them."""
        own = {str(account.pk): account for account in accounts}
        return {
            connected.external_id: NEW if value == NEW else own.get(value)
            for connected, name in self.rows
            if (value := self.cleaned_data.get(name)) is not None
        }


def _choices(connected: ConnectedAccount, own: list[Account]) -> list[tuple[str, Any]]:
    fitting = [account for account in own if account.currency == connected.currency]
    return [
        (NEW, _("Add as a new account")),
        *((str(account.pk), str(account)) for account in fitting),
        (LEFT_OUT, _("Don't import")),
    ]


def _proposal(connected: ConnectedAccount, own: list[Account]) -> str:
    """The mapped account, or one with the same last four digits, or else a new one."""
    if connected.account_id:
        return str(connected.account_id)
    same = [
        account
        for account in own
        if account.currency == connected.currency
        and connected.last_four
        and account.last_four == connected.last_four
    ]
    return str(same[0].pk) if len(same) == 1 else NEW
