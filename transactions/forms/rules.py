"""The rule form."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import Account
from banking.kernel.forms import Form
from banking.kernel.typed_fields import AmountFormField
from banking.limits import PATTERN_LENGTH
from transactions.forms.choosing import AccountChoice, CategoryField
from transactions.known_categories import categories_of
from transactions.models import Category, CategoryRule
from users.models import User

# Shown if one of them is set; otherwise hidden behind a disclosure.
CONDITIONS = ("merchant_pattern", "account", "amount_min", "amount_max")


class RuleForm(Form):
    """The conditions of a rule and the category it assigns."""

    keyword_pattern = forms.CharField(
        label=_("Words in the bank description"),
        max_length=PATTERN_LENGTH,
        required=False,
        help_text=_("Exact words, upper or lower case: “spotify”, “city gym”."),
    )
    merchant_pattern = forms.CharField(
        label=_("Pattern"),
        max_length=PATTERN_LENGTH,
        required=False,
        help_text=_(
            "A regular expression for the merchant or bank description, such as ^uber (eats|trip)."
        ),
        widget=forms.TextInput(attrs={"spellcheck": "false", "autocapitalize": "off"}),
    )
    category = CategoryField(required=True)
    account = AccountChoice(
        label=_("Only on"), queryset=None, required=False, empty_label=_("Any account")
    )
    amount_min = AmountFormField(currency_from="account", label=_("Amount from"), required=False)
    amount_max = AmountFormField(currency_from="account", label=_("Amount to"), required=False)
    priority = forms.IntegerField(
        label=_("Priority"),
        min_value=0,
        max_value=1_000_000,
        initial=100,
        help_text=_("If several rules match, the lowest number wins."),
    )
    is_active = forms.BooleanField(
        label=_("On"),
        required=False,
        initial=True,
        widget=forms.CheckboxInput(attrs={"role": "switch"}),
    )

    def __init__(
        self, *args: Any, user: User, categories: Sequence[Category] | None = None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.fields["account"].queryset = Account.objects.owned_by(user)
        category = self.fields["category"]
        category.offer(categories or categories_of(user.pk))
        category.choices = [("", _("Choose a category")), *list(category.choices)[1:]]


def rule_entries(rule: CategoryRule) -> dict[str, Any]:
    """The form's initial values for an existing rule."""
    return {
        "keyword_pattern": rule.keyword_pattern,
        "merchant_pattern": rule.merchant_pattern,
        "category": rule.category.slug,
        "account": rule.account_id,
        "amount_min": rule.amount_min,
        "amount_max": rule.amount_max,
        "priority": rule.priority,
        "is_active": rule.is_active,
    }
