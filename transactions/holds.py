"""Lets apps above hold transactions, such as the payment of a bill.

A held transaction keeps its amount and cannot be moved to the trash. The ledger asks the apps above
(banking/kernel/upward.py) without knowing them.
"""

from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from banking.kernel.formats import date_format
from banking.kernel.upward import Callbacks

# Each takes a queryset of transactions and returns a Hold.
holds = Callbacks()
MOST_NAMED = 3


@dataclass(frozen=True, slots=True)
class Hold:
    """The transactions that are held, and why: a sentence with a place for their `%(names)s`."""

    ids: frozenset[int]
    sentence: str


def refuse_held(rows: QuerySet[Any]) -> None:
    """Raise ValidationError if any of these transactions is held; among several, it is named.

    Call this with their accounts locked.
    """
    if sentence := why_held(rows):
        raise ValidationError(sentence, code="held")


def why_held(rows: QuerySet[Any], *, is_named: bool = False) -> str:
    """Which of these transactions are held and why; "" if none is.

    A single one is "This transaction", unless `is_named`.
    """
    hold = next((hold for hold in _holds_on(rows) if hold.ids), None)
    if hold is None:
        return ""
    is_alone = not is_named and rows.order_by()[:2].count() == 1
    names = _("This transaction") if is_alone else names_of(rows.filter(pk__in=hold.ids))
    return hold.sentence % {"names": names}


def held_in(rows: QuerySet[Any]) -> set[int]:
    """The IDs of those of these transactions that are held."""
    return {pk for hold in _holds_on(rows) for pk in hold.ids}


def names_of(rows: QuerySet[Any]) -> str:
    """The newest transactions by title and date, and how many more there are."""
    newest = rows.order_by("-txn_date", "-pk")
    named = [
        _("“%(title)s” (%(date)s)")
        % {"title": row.title, "date": date_format(row.txn_date, "SHORT_DATE_FORMAT")}
        for row in newest[:MOST_NAMED]
    ]
    if (more := rows.count() - len(named)) > 0:
        named.append(_("%(count)s more") % {"count": more})
    return ", ".join(named)


def _holds_on(rows: QuerySet[Any]) -> list[Hold]:
    return [hold(rows) for hold in holds.functions()]
