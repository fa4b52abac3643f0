"""Forms for requesting files and for dismissing recurring payments."""

from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accounts.models import Account
from banking.kernel.forms import Form
from banking.kernel.periods import Period, add_months, first_of_month
from insights.exports.export_periods import export_period, offered_periods
from insights.recurring.entries import LONGEST_KEY
from transactions.models import Transaction
from users.models import User

DATES = "dates"


def _day() -> forms.DateField:
    return forms.DateField(required=False, widget=forms.DateInput(attrs={"type": "date"}))


class StatementForm(Form):
    """An account and a period: one from the list, or two dates."""

    account = forms.ModelChoiceField(
        queryset=Account.objects.none(), label=_("Account"), empty_label=_("Choose an account")
    )
    period = forms.ChoiceField(label=_("Period"))
    date_from = _day()
    date_to = _day()

    def __init__(self, *args: Any, user: User, on: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.on = on
        self.fields["account"].queryset = Account.objects.visible_to(user)
        self.fields["period"].choices = [*offered_periods(on), (DATES, _("Custom dates"))]
        self.fields["date_from"].label, self.fields["date_to"].label = _("First day"), _("Last day")
        # Last month is the usual choice: it is complete.
        self.fields["period"].initial = f"{add_months(first_of_month(on), -1):%Y-%m}"

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        if not self.errors:
            data["chosen"] = self._chosen(data)
        return data

    def _chosen(self, data: dict[str, Any]) -> Period | None:
        if data["period"] != DATES:
            return export_period({"period": data["period"]}, on=self.on)
        days = {name: data[name] for name in ("date_from", "date_to")}
        if not all(days.values()):
            raise ValidationError({"date_from": _("Choose the first and the last day.")})
        return export_period({name: day.isoformat() for name, day in days.items()}, on=self.on)


class MonthlyReportForm(Form):
    """A choice of recent months."""

    month = forms.ChoiceField(label=_("Month"))

    def __init__(self, *args: Any, on: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["month"].choices = offered_periods(on)[0][1]
        self.fields["month"].initial = f"{add_months(first_of_month(on), -1):%Y-%m}"

    def clean_month(self) -> date:
        return date.fromisoformat(f"{self.cleaned_data['month']}-01")


class DismissalForm(Form):
    """The merchant, account and direction to dismiss, as submitted by the list's button."""

    merchant_key = forms.CharField(max_length=LONGEST_KEY)
    direction = forms.ChoiceField(choices=Transaction.Type.choices)
    name = forms.CharField(max_length=500, required=False)


class SameForm(Form):
    """What a recurring payment is to a bill, as the question's buttons name them."""

    merchant_key = forms.CharField(max_length=LONGEST_KEY)
    decision = forms.ChoiceField(choices=[("same", _("Same")), ("different", _("Different"))])
    name = forms.CharField(max_length=500, required=False)
