"""The budget form."""

from collections.abc import Iterable
from datetime import date
from typing import Any

from django import forms
from django.utils.dates import MONTHS
from django.utils.translation import gettext_lazy as _

from banking.kernel.forms import Form
from banking.kernel.money import currency_choices
from banking.kernel.typed_fields import AmountFormField
from budgets.models import EARLIEST_YEAR, LATEST_YEAR, Budget
from transactions.models import Category
from users.models import User


class BudgetForm(Form):
    """A limit for one expense category in one month."""

    category = forms.ChoiceField(
        label=_("Category"), help_text=_("Spending in subcategories counts too.")
    )
    limit_amount = AmountFormField(
        currency_from="currency",
        label=_("Monthly limit"),
        help_text=_("Enter 0 if you don't want to spend anything."),
    )
    currency = forms.ChoiceField(label=_("Currency"), choices=currency_choices)
    month = forms.TypedChoiceField(label=_("Month"), coerce=int, choices=list(MONTHS.items()))
    year = forms.IntegerField(label=_("Year"), min_value=EARLIEST_YEAR, max_value=LATEST_YEAR)
    rollover = forms.BooleanField(
        label=_("Carry over what was left or overspent last month"),
        required=False,
        widget=forms.CheckboxInput(attrs={"role": "switch"}),
    )

    def __init__(
        self, *args: Any, owner: User, budget: Budget | None = None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.categories = {category.slug: category for category in _choosable(owner)}
        if budget is not None:
            # The budget may keep a category that has been removed since.
            self.categories.setdefault(budget.category.slug, budget.category)
        self.fields["category"].choices = [("", _("Choose…")), *_grouped(self.categories.values())]

    def clean_category(self) -> Category:
        return self.categories[self.cleaned_data["category"]]


def _choosable(owner: User) -> list[Category]:
    categories = Category.objects.visible_to(owner).filter(kind=Category.Kind.EXPENSE)
    return list(categories.order_by("name", "pk"))


def _grouped(categories: Iterable[Category]) -> list[tuple[str, list[tuple[str, str]]]]:
    """Slugs by group: each top-level category heads its own group."""
    by_id = {category.pk: category for category in categories}
    families: dict[int, list[Category]] = {}
    for category in by_id.values():
        top = category.parent_id if category.parent_id in by_id else category.pk
        families.setdefault(top, []).append(category)
    groups = sorted(
        ((by_id[top].name, top, family) for top, family in families.items()), key=lambda g: g[:2]
    )
    return [
        (
            name,
            [
                (category.slug, category.name)
                for category in sorted(family, key=lambda member: member.pk != top)
            ],
        )
        for name, top, family in groups
    ]


def entries_of(budget: Budget) -> dict[str, Any]:
    """Initial values for editing a budget."""
    return {
        "category": budget.category.slug,
        "limit_amount": budget.limit_amount,
        "currency": budget.currency,
        "month": budget.month,
        "year": budget.year,
        "rollover": budget.rollover,
    }


def new_entries(owner: User, month: date, category_slug: str = "") -> dict[str, Any]:
    """Initial values for a new budget."""
    return {
        "category": category_slug,
        "currency": owner.base_currency,
        "month": month.month,
        "year": month.year,
    }
