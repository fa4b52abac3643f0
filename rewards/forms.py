"""The forms for a program and its points."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from banking.kernel.forms import Form
from banking.kernel.money import LARGEST_AMOUNT, currency_choices
from banking.kernel.typed_amounts import STORED_DECIMALS
from banking.kernel.typed_fields import AmountFormField, NumberFormField
from banking.limits import MOST_POINTS
from rewards.models import PointsEntry, Reward
from users.models import User


class RewardForm(Form):
    """One program's terms."""

    program_name = forms.CharField(label=_("Program"), max_length=120)
    points_balance = NumberFormField(
        label=_("Points"),
        min_value=0,
        max_value=MOST_POINTS,
        help_text=_("Changing the balance adds an adjustment. Your history is kept."),
    )
    point_value = AmountFormField(
        currency_from="currency",
        decimals=STORED_DECIMALS,
        label=_("Value of one point"),
        min_value=0,
    )
    currency = forms.ChoiceField(label=_("Currency"), choices=currency_choices)
    earn_rate = NumberFormField(
        decimals=STORED_DECIMALS,
        max_value=LARGEST_AMOUNT,
        label=_("Points per unit spent"),
        min_value=0,
        help_text=_("For each whole unit of your base currency."),
    )
    early_bonus_percent = NumberFormField(
        label=_("Bonus for paying early, in percent"), unit="%", min_value=0, max_value=1000
    )
    expires_after_months = forms.IntegerField(
        label=_("Points expire after (months)"),
        min_value=1,
        max_value=600,
        required=False,
        help_text=_("Leave empty if they never expire. Applies to points you earn from now on."),
    )
    earns_on_bills = forms.BooleanField(
        label=_("Earn this program's points on bill payments"),
        help_text=_("Only one program can earn on bill payments. Otherwise you earn house points."),
        required=False,
        widget=forms.CheckboxInput(attrs={"role": "switch"}),
    )


class EntryForm(Form):
    """Points earned, redeemed or adjusted."""

    kind = forms.ChoiceField(
        label=_("Type"),
        choices=[
            (PointsEntry.Kind.EARN, _("Earned")),
            (PointsEntry.Kind.REDEEM, _("Redeemed")),
            (PointsEntry.Kind.ADJUST, _("Adjustment")),
        ],
        widget=forms.RadioSelect,
    )
    points = NumberFormField(
        label=_("Points"),
        min_value=-MOST_POINTS,
        max_value=MOST_POINTS,
        help_text=_("Enter a number above zero. Adjustments can be negative."),
    )
    on = forms.DateField(
        label=_("Date"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    note = forms.CharField(label=_("Note"), max_length=200, required=False)


def entries_of(reward: Reward) -> dict[str, Any]:
    """Initial values for editing a program."""
    names = ["program_name", "points_balance", "point_value", "currency", "earn_rate"]
    names += ["early_bonus_percent", "expires_after_months", "earns_on_bills"]
    return {name: getattr(reward, name) for name in names}


def new_entries(user: User) -> dict[str, Any]:
    """Initial values for a new program."""
    return entries_of(Reward(currency=user.base_currency))
