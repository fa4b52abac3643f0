"""Forms to enter and edit one transaction."""

import uuid
from datetime import date
from typing import Any

from django import forms
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _

from banking.kernel.forms import Form
from banking.kernel.money import SMALLEST_STEP
from banking.kernel.read_together import read_together
from banking.kernel.typed_fields import AmountFormField
from banking.kernel.written_once import Asked
from transactions.forms.choosing import AccountChoice, CategoryField, accounts_to_post_to
from transactions.known_categories import asking_categories_of, categories_of
from transactions.likely_categories import asking_likely, likely_categories
from transactions.models import Transaction
from users.models import User
from users.timezones import today_in

MERCHANT_NAMES = reverse_lazy("transactions:merchant_names")
TAG_NAMES = reverse_lazy("transactions:tag_names")
BANK_FIELDS = ("account", "txn_type", "amount", "txn_date", "description", "status")


class TagsField(forms.CharField):
    """Tags, separated by commas."""

    def __init__(self, **kwargs: Any) -> None:
        defaults: dict[str, Any] = {
            "label": _("Tags"),
            "required": False,
            "max_length": 1000,
            "help_text": _("Separate tags with commas."),
            "widget": forms.TextInput(attrs={"data-suggest": TAG_NAMES, "data-suggest-list": ""}),
        }
        super().__init__(**(defaults | kwargs))

    def to_python(self, value: Any) -> Any:
        words = super().to_python(value) or ""
        return [word.strip() for word in words.split(",") if word.strip()]

    def run_validators(self, value: list[str]) -> None:
        super().run_validators(",".join(value))

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(value) if isinstance(value, list) else value


class TransactionForm(Form):
    """One transaction: a positive amount and its direction."""

    account = AccountChoice(label=_("Account"), queryset=None, empty_label=_("Choose an account"))
    txn_type = forms.ChoiceField(
        label=_("Direction"),
        choices=[
            (Transaction.Type.EXPENSE, _("Money out")),
            (Transaction.Type.INCOME, _("Money in")),
        ],
        widget=forms.RadioSelect,
    )
    amount = AmountFormField(currency_from="account", label=_("Amount"), min_value=SMALLEST_STEP)
    txn_date = forms.DateField(
        label=_("Date"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    merchant = forms.CharField(
        label=_("Merchant"),
        max_length=200,
        required=False,
        widget=forms.TextInput(attrs={"data-suggest": MERCHANT_NAMES}),
    )
    description = forms.CharField(
        label=_("Description"),
        max_length=500,
        required=False,
        help_text=_("Enter a merchant or a description."),
    )
    category = CategoryField()
    status = forms.ChoiceField(
        label=_("Status"),
        choices=Transaction.Status.choices,
        help_text=_("With a future date it's planned and posts on that date."),
    )
    tags = TagsField()
    notes = forms.CharField(
        label=_("Notes"), max_length=4000, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )
    # Submitting the form twice posts only once.
    key = forms.CharField(required=False, max_length=64, widget=forms.HiddenInput)

    def __init__(self, *args: Any, user: User, row: Transaction | None = None, **kw: Any) -> None:
        super().__init__(*args, **kw)
        self.row = row
        self.fields["account"].queryset = accounts_to_post_to(user)
        owner_id = row.user_id if row else user.pk
        read_together(*asking_choice(user, owner_id))
        likely = likely_categories(owner_id, today_in(user.timezone), row)
        self.fields["category"].offer(categories_of(owner_id), likely=likely)
        if row is not None:
            self.fields["amount"].currency = row.account.currency
        if row is None or row.status != Transaction.Status.PLANNED:
            planned = Transaction.Status.PLANNED
            self.fields["status"].choices = [
                choice for choice in Transaction.Status.choices if choice[0] != planned
            ]
        if row is not None and row.is_bank_fact:
            for name in BANK_FIELDS:
                self.fields[name].disabled = True
            self.fields["account"].queryset = type(row.account).objects.filter(pk=row.account_id)
        if not self.is_bound:
            # Read once, for the choices and for whether there are any; their length is a query.
            self.fields["account"].choices = list(iter(self.fields["account"].choices))

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        if not data.get("merchant", "").strip() and not data.get("description", "").strip():
            self.add_error("description", _("Enter a description or a merchant."))
        return data

    def changes(self) -> dict[str, Any]:
        """The values as the services expect them."""
        data = dict(self.cleaned_data)
        amount, kind = data.pop("amount"), data.pop("txn_type")
        data.pop("key")
        return data | {"signed_amount": amount if kind == Transaction.Type.INCOME else -amount}


def new_entries(on: date) -> dict[str, Any]:
    """The initial values of a new transaction."""
    return {
        "txn_type": Transaction.Type.EXPENSE,
        "txn_date": on,
        "status": Transaction.Status.POSTED,
        "key": uuid.uuid4().hex,
    }


def entries_of(row: Transaction) -> dict[str, Any]:
    """The form's initial values for an existing transaction."""
    return {
        "account": row.account_id,
        "txn_type": row.txn_type,
        "amount": row.amount,
        "txn_date": row.txn_date,
        "merchant": row.merchant,
        "description": row.description,
        "category": row.category.slug if row.category else "",
        "status": row.status,
        "tags": [tag.name for tag in row.tags.all()],
        "notes": row.notes,
    }


class NotesForm(Form):
    """Notes and tags, or only one of them, for editing a row in place."""

    tags = TagsField()
    notes = forms.CharField(
        label=_("Notes"), max_length=4000, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )

    def __init__(self, *args: Any, row: Transaction, only: str = "", **kwargs: Any) -> None:
        # Several rows of a list may be open at once.
        auto_id = f"id_%s_{row.pk}" if only else "id_%s"
        super().__init__(*args, initial=entries_of(row), auto_id=auto_id, **kwargs)
        if only:
            self.fields = {only: self.fields[only]}
            self.fields[only].help_text = ""


def asking_choice(user: User, owner_id: int) -> list[Asked]:
    """What a choice of this owner's categories reads, unless what they taught has changed."""
    return [asking_categories_of(owner_id), *asking_likely(owner_id, today_in(user.timezone))]


class CategoryChoiceForm(Form):
    """The category of one transaction."""

    category = CategoryField()

    def __init__(self, *args: Any, user: User, row: Transaction, **kwargs: Any) -> None:
        initial = {"category": row.category.slug if row.category else ""}
        # Several rows of a list may be open at once.
        super().__init__(*args, initial=initial, auto_id=f"id_%s_{row.pk}", **kwargs)
        read_together(*asking_choice(user, row.user_id))
        likely = likely_categories(row.user_id, today_in(user.timezone), row)
        self.fields["category"].offer(categories_of(row.user_id), likely=likely)
