"""Forms for notification settings."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from alerts.models import AlertType
from alerts.services import check_threshold
from alerts.subscriptions import AMOUNT, RULES, Choice
from banking.kernel.forms import Form
from banking.kernel.typed_amounts import STORED_DECIMALS
from banking.kernel.typed_fields import AmountFormField, NumberFormField


class SubscriptionForm(Form):
    """One alert type: its channels, and its threshold if it has one."""

    in_app = forms.BooleanField(label=_("In the app"), required=False)
    email = forms.BooleanField(label=_("Email"), required=False)
    sms = forms.BooleanField(label=_("SMS"), required=False)

    def __init__(self, *args: Any, choice: Choice, currency: str, **kwargs: Any) -> None:
        self.type = choice.type
        self.rule = RULES[choice.type]
        initial = {name: getattr(choice, name) for name in ("in_app", "email", "sms", "threshold")}
        super().__init__(*args, prefix=choice.type, initial=initial, **kwargs)
        if self.rule.unit:
            self.fields["threshold"] = threshold_field(choice.type, currency)

    @property
    def label(self) -> str:
        return str(AlertType(self.type).label)

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        threshold = data.get("threshold")
        try:
            check_threshold(self.type, threshold)
        except ValidationError as error:
            self.add_error("threshold", " ".join(error.messages))
        return data | {"threshold": threshold}


class QuietHoursForm(Form):
    """The hours in which emails and SMS wait."""

    quiet_from = forms.TimeField(
        label=_("From"), required=False, widget=forms.TimeInput({"type": "time"}, format="%H:%M")
    )
    quiet_until = forms.TimeField(
        label=_("Until"), required=False, widget=forms.TimeInput({"type": "time"}, format="%H:%M")
    )


def threshold_field(kind: str, currency: str) -> AmountFormField | NumberFormField:
    """The threshold field of a type: an amount in this currency, or a percentage."""
    label = _("Threshold")
    field: AmountFormField | NumberFormField
    if RULES[kind].unit == AMOUNT:
        field = AmountFormField(currency=currency, label=label, required=False)
    else:
        field = NumberFormField(decimals=STORED_DECIMALS, unit="%", label=label, required=False)
    field.widget.attrs["size"] = 8
    return field
