"""The form for transfers between a person's own accounts."""

import uuid
from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accounts.models import Account
from banking.kernel.forms import Form
from banking.kernel.money import SMALLEST_STEP
from banking.kernel.typed_fields import AmountFormField
from transactions.forms.choosing import AccountChoice
from users.models import User


class TransferForm(Form):
    """From, to and amount, and the amount received if the currencies differ."""

    source = AccountChoice(label=_("From"), queryset=None, empty_label=_("Choose an account"))
    target = AccountChoice(label=_("To"), queryset=None, empty_label=_("Choose an account"))
    amount = AmountFormField(currency_from="source", label=_("Amount"), min_value=SMALLEST_STEP)
    target_amount = AmountFormField(
        currency_from="target",
        label=_("Amount arriving"),
        min_value=SMALLEST_STEP,
        required=False,
        help_text=_("Only between two currencies. Leave empty to use that day's rate."),
    )
    on = forms.DateField(
        label=_("Date"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    description = forms.CharField(label=_("Text"), max_length=200, required=False)
    # Submitting the form twice transfers only once.
    key = forms.CharField(required=False, max_length=64, widget=forms.HiddenInput)

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        own = Account.objects.owned_by(user).active()
        self.fields["source"].queryset = self.fields["target"].queryset = own

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        if data.get("source") and data.get("source") == data.get("target"):
            raise ValidationError({"target": _("Choose two different accounts.")})
        return data


def new_transfer(on: date) -> dict[str, Any]:
    """The initial values of the form."""
    return {"on": on, "key": uuid.uuid4().hex}
