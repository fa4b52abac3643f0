"""What people choose about their alerts."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from alerts.models import AlertType
from alerts.services import check_threshold
from alerts.subscriptions import AMOUNT, RULES, Choice
from banking.kernel.fields import AmountFormField
from banking.kernel.money import plain_amount


class SubscriptionForm(forms.Form):
    """One type: its channels, and its threshold where it has one."""

    in_app = forms.BooleanField(label=_("In the app"), required=False)
    email = forms.BooleanField(label=_("Email"), required=False)
    sms = forms.BooleanField(label=_("SMS"), required=False)
    threshold = AmountFormField(label=_("Threshold"), required=False)

    def __init__(self, *args: Any, choice: Choice, currency: str, **kwargs: Any) -> None:
        self.type = choice.type
        self.rule = RULES[choice.type]
        initial = {name: getattr(choice, name) for name in ("in_app", "email", "sms")}
        if choice.threshold is not None:
            initial["threshold"] = shown(choice.type, choice.threshold, currency)
        super().__init__(*args, prefix=choice.type, initial=initial, **kwargs)
        if not self.rule.unit:
            del self.fields["threshold"]
        else:
            self.fields["threshold"].widget.attrs |= {"inputmode": "decimal", "size": 8}

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


class QuietHoursForm(forms.Form):
    """Between which times emails and SMS wait."""

    quiet_from = forms.TimeField(
        label=_("From"), required=False, widget=forms.TimeInput({"type": "time"}, format="%H:%M")
    )
    quiet_until = forms.TimeField(
        label=_("Until"), required=False, widget=forms.TimeInput({"type": "time"}, format="%H:%M")
    )


def shown(kind: str, value: Any, currency: str) -> str:
    """A threshold as its field has it."""
    if RULES[kind].unit == AMOUNT:
        return plain_amount(value, currency)
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
