"""Forms for accounts."""

from datetime import date
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.currency import FIRST_RATES, LAST_DAY
from accounts.models import Account, AccountShare
from banking.kernel.forms import Form, RowsField
from banking.kernel.money import currency_choices
from banking.kernel.typed_fields import AmountFormField
from users.models import User


class AccountForm(Form):
    """The account form. People enter the opening balance, never the current balance."""

    name = forms.CharField(label=_("Name"), max_length=120)
    account_type = forms.ChoiceField(label=_("Type"), choices=Account.Type.choices)
    bank_name = forms.CharField(label=_("Bank"), max_length=120, required=False)
    last_four = forms.CharField(
        label=_("Account number"),
        max_length=64,
        required=False,
        help_text=_("We only keep the last four characters."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    currency = forms.ChoiceField(label=_("Currency"), choices=currency_choices)
    opening_balance = AmountFormField(
        currency_from="currency",
        label=_("Opening balance"),
        required=False,
        help_text=_("Balance before the first transaction. Enter debts as negative."),
    )
    overdraft_limit = AmountFormField(
        currency_from="currency",
        label=_("Overdraft or credit limit"),
        required=False,
        min_value=Decimal(0),
    )

    def changes(self) -> dict[str, Any]:
        """The values as the services expect them; an empty amount is zero."""
        data = dict(self.cleaned_data)
        for name in ("opening_balance", "overdraft_limit"):
            data[name] = data[name] if data[name] is not None else Decimal(0)
        return data


class ConvertForm(Form):
    """An amount to convert, and the date whose rate to use."""

    amount = AmountFormField(currency_from="base", label=_("Amount"))
    base = forms.ChoiceField(label=_("From"), choices=currency_choices)
    to = forms.ChoiceField(label=_("To"), choices=currency_choices)
    on = forms.DateField(
        label=_("Rate date"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )

    def clean_on(self) -> date:
        on = self.cleaned_data["on"]
        if not FIRST_RATES <= on <= LAST_DAY:
            raise forms.ValidationError(
                _("Choose a date on or after %(first)s.") % {"first": FIRST_RATES}
            )
        return on


def entries_of(account: Account) -> dict[str, Any]:
    """The form's initial values for an existing account."""
    return {
        "name": account.name,
        "account_type": account.account_type,
        "bank_name": account.bank_name,
        "last_four": account.masked_account,
        "currency": account.currency,
        "opening_balance": account.opening_balance,
        "overdraft_limit": account.overdraft_limit,
    }


class InviteForm(Form):
    """Invite a person to one or more of the user's own accounts, at a given level."""

    email = forms.EmailField(
        label=_("Email address"),
        help_text=_("We'll send an invitation. Nothing is shared until they accept."),
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )
    level = forms.ChoiceField(
        label=_("Access level"),
        choices=[
            (AccountShare.Level.VIEWER, _("Viewer: sees balances and transactions")),
            (
                AccountShare.Level.ANALYST,
                _("Analyst: sees everything and can add transactions"),
            ),
        ],
        initial=AccountShare.Level.VIEWER,
        widget=forms.RadioSelect,
    )
    accounts = RowsField(
        label=_("Accounts"), queryset=Account.objects.none(), widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["accounts"].queryset = Account.objects.owned_by(user)
