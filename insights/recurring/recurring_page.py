"""The context of the recurring payments page: links, categories, buttons."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

from insights.figures.links import Links
from insights.recurring.recurring import Confidence, Recurring
from insights.recurring.recurring_bills import bill_entries
from insights.recurring.recurring_summary import RecurringSummary
from transactions.models import Category, Transaction
from users.policy import Ability, may


@dataclass(frozen=True, slots=True)
class Row:
    """One series with links to its transactions and the available actions."""

    item: Recurring
    category: Category | None
    url: str
    # Link to the prefilled form for a new bill; "" if there is a bill already, or it is an income.
    bill_form: str
    may_change: bool

    @property
    def is_uncertain(self) -> bool:
        return self.item.confidence != Confidence.HIGH


def recurring_context(summary: RecurringSummary) -> dict[str, Any]:
    """The context of `templates/insights/recurring.html`."""
    found = [*summary.payments, *summary.incomes, *summary.ended]
    categories = Category.objects.in_bulk({item.category_id for item in found} - {None})

    def rows(items: Iterable[Recurring]) -> list[Row]:
        return [_row(item, summary, categories) for item in items]

    return {
        "summary": summary,
        "currency": summary.currency,
        "currencies": summary.coverage.currencies(summary.currency),
        "payments": rows(item for item in summary.payments if item.counts),
        "incomes": rows(item for item in summary.incomes if item.counts),
        "possible": rows(item for item in found if item.is_active and not item.counts),
        "ended": rows(summary.ended),
        "doubts": summary.doubts,
        "rises": rows(summary.rises),
        "may_change": may(summary.coverage.user, Ability.CHANGE_OWN_DATA),
        "left_out": {"count": summary.not_converted_count, "balances": summary.not_converted},
    }


def _row(
    one: Recurring, summary: RecurringSummary, categories: Mapping[int | None, Category]
) -> Row:
    user = summary.coverage.user
    category = categories.get(one.category_id)
    is_own = one.account.user_id == user.pk and may(user, Ability.CHANGE_OWN_DATA)
    bill_form = ""
    if is_own and one.is_active and not one.is_income and one.bill_id is None:
        entries = bill_entries(one) | {"category": category.slug if category else ""}
        bill_form = f"{reverse('bills:bill_create')}?{urlencode(entries)}"
    return Row(one, category, lines_of(one, Links(summary.coverage)), bill_form, is_own)


def lines_of(one: Recurring, links: Links) -> str:
    """Link to the transactions of the series (and others of that merchant)."""
    return links.transactions(
        account=one.account.pk,
        txn_type=one.direction,
        search=one.name,
        status=Transaction.Status.POSTED,
    )
