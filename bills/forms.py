"""The forms for a bill and its payment."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accounts.models import Account
from banking.kernel.forms import Form
from banking.kernel.money import currency_choices, parse_amount
from banking.kernel.typed_fields import AmountFormField
from banking.limits import REMINDER_LEAD_DAYS
from bills.models import Bill
from bills.services.planning import EDITABLE
from transactions.forms.choosing import AccountChoice, CategoryField
from transactions.known_categories import categories_of
from users.models import User


def _date_input() -> forms.DateInput:
    return forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


def _own_accounts(owner: User) -> Any:
    return Account.objects.owned_by(owner).active().order_by("name", "pk")


class BillForm(Form):
    """One bill; a repeating bill creates its next occurrences automatically."""

    biller_name = forms.CharField(label=_("Payee"), max_length=120)
    amount_due = AmountFormField(currency_from="currency", label=_("Amount"))
    currency = forms.ChoiceField(label=_("Currency"), choices=currency_choices)
    due_date = forms.DateField(label=_("Due date"), widget=_date_input())
    recurrence = forms.ChoiceField(
        label=_("Repeats"),
        choices=Bill.Recurrence.choices,
        help_text=_("If a month is shorter, it's due on the last day."),
    )
    account = AccountChoice(
        label=_("Pays from"), queryset=None, required=False, empty_label=_("No account")
    )
    category = CategoryField()
    remind_days_before = forms.IntegerField(
        label=_("Remind me … days before"), min_value=0, max_value=REMINDER_LEAD_DAYS
    )
    auto_pay = forms.BooleanField(
        label=_("Pay automatically on the due date"),
        required=False,
        widget=forms.CheckboxInput(attrs={"role": "switch"}),
        help_text=_("If there isn't enough money, we won't pay it and we'll let you know."),
    )
    notes = forms.CharField(label=_("Notes"), max_length=500, required=False)

    def __init__(self, *args: Any, owner: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["account"].queryset = _own_accounts(owner)
        self.fields["category"].offer(categories_of(owner.pk))


class PayForm(Form):
    """How to pay a bill."""

    account = AccountChoice(
        label=_("Account"),
        queryset=None,
        required=False,
        empty_label=_("Paid elsewhere (don't add a transaction)"),
    )
    amount = AmountFormField(label=_("Amount"))
    on = forms.DateField(label=_("Date"), widget=_date_input())

    def __init__(self, *args: Any, owner: User, bill: Bill, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        accounts = _own_accounts(owner)
        self.fields["account"].queryset = accounts
        self.fields["amount"].currency = bill.currency
        self.fields["amount"].help_text = _(
            "In %(currency)s. If you pay less, the rest stays due."
        ) % {"currency": bill.currency}
        if accounts.exclude(currency=bill.currency).exists():
            self.fields["account"].help_text = _(
                "Accounts in another currency are charged at that day's rate."
            )


def entries_of(bill: Bill) -> dict[str, Any]:
    """Initial values for editing a bill."""
    entries = {name: getattr(bill, name) for name in EDITABLE}
    return entries | {"category": bill.category.slug if bill.category else ""}


PROPOSED = (
    *("biller_name", "amount_due", "currency", "due_date", "recurrence", "account", "category"),
)


def proposed_entries(params: Mapping[str, str]) -> dict[str, Any]:
    """Values prefilled by a link to the form; nothing is planned until the person saves it."""
    entries: dict[str, Any] = {name: params[name][:200] for name in PROPOSED if params.get(name)}
    with suppress(ValidationError):
        # Our links contain plain digits; the field shows them in the reader's locale.
        entries["amount_due"] = parse_amount(entries.get("amount_due", ""))
    return entries


def new_entries(owner: User, on: date) -> dict[str, Any]:
    """Initial values for a new bill."""
    return {
        "currency": owner.base_currency,
        "due_date": on,
        "recurrence": Bill.Recurrence.MONTHLY,
        "remind_days_before": 3,
    }
