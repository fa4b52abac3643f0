"""The form to split a transaction into parts."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from banking.kernel.forms import Form
from banking.kernel.typed_fields import AmountFormField
from transactions.forms.choosing import CategoryField
from transactions.known_categories import categories_of
from transactions.models import Category, Transaction
from transactions.services.splitting import MOST_PARTS, Part

BLANK_ROWS = 3


class PartForm(Form):
    """One part; a discount is negative. Empty rows are ignored."""

    amount = AmountFormField(label=_("Amount"), required=False)
    category = CategoryField()
    notes = forms.CharField(label=_("Notes"), max_length=200, required=False)

    def __init__(
        self, *args: Any, categories: Sequence[Category], currency: str, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.fields["category"].offer(categories)
        self.fields["amount"].currency = currency
        self.fields["amount"].widget.attrs["data-part-amount"] = ""


PartFormSet = forms.formset_factory(PartForm, extra=BLANK_ROWS, max_num=MOST_PARTS)


def parts_formset(data: Any, row: Transaction) -> forms.BaseFormSet:
    """The existing parts, or the whole in its category, plus some empty rows."""
    parts: list[Any] = list(row.splits.select_related("category")) or [row]
    initial = [
        {
            "amount": part.signed_amount * _sign(row),
            "category": part.category.slug if part.category else "",
            "notes": part.notes if row.is_split else "",
        }
        for part in parts
    ]
    whole = {"categories": categories_of(row.user_id), "currency": row.account.currency}
    return PartFormSet(data, initial=initial, form_kwargs=whole, prefix="part")


def parts_of(formset: forms.BaseFormSet, row: Transaction) -> list[Part]:
    """The completed rows as the service expects them, with the sign of the whole."""
    return [
        Part(_sign(row) * entry["amount"], entry["category"], entry["notes"])
        for entry in formset.cleaned_data
        if entry.get("amount")
    ]


def _sign(row: Transaction) -> int:
    return 1 if row.signed_amount > 0 else -1
