"""Lets apps above hold transactions, such as the payment of a bill.

A held transaction keeps its amount and cannot be moved to the trash. The ledger asks the apps above
(banking/kernel/upward.py) without knowing them.
"""

from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from banking.kernel.region import written_tag
from banking.kernel.sentences import Part, Said, count, day, written
from banking.kernel.upward import Callbacks

# Each takes a queryset of transactions and returns a Hold.
holds = Callbacks()
MOST_NAMED = 3
_PLACE = "\x1f"


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
    named: list[Part] = [_("This transaction")]
    if not is_alone:
        named = _named(rows.filter(pk__in=hold.ids))
    return Said(_filled(hold.sentence, named), written_tag())


def held_in(rows: QuerySet[Any]) -> set[int]:
    """The IDs of those of these transactions that are held."""
    return {pk for hold in _holds_on(rows) for pk in hold.ids}


def names_of(rows: QuerySet[Any]) -> str:
    """The newest transactions by title and date, and how many more there are."""
    return written(_named(rows), written_tag())


def _named(rows: QuerySet[Any]) -> list[Part]:
    newest = rows.order_by("-txn_date", "-pk")[:MOST_NAMED]
    named: list[Part] = []
    for row in newest:
        named += [", "] if named else []
        name = _("“%(title)s” (%(date)s)")
        words = {"title": row.title.replace(_PLACE, ""), "date": _PLACE}
        named += _parted(name % words, [day(row.txn_date, "SHORT_DATE_FORMAT")])
    if (more := rows.count() - len(newest)) > 0:
        named += [", ", *_parted(_("%(count)s more") % {"count": _PLACE}, [count(more)])]
    return named


def _filled(sentence: str, named: list[Part]) -> list[Part]:
    return _parted(sentence % {"names": _PLACE}, named)


def _parted(text: str, parts: list[Part]) -> list[Part]:
    """The text with these parts at its place."""
    before, _place, after = text.partition(_PLACE)
    return [before, *parts, after]


def _holds_on(rows: QuerySet[Any]) -> list[Hold]:
    return [hold(rows) for hold in holds.functions()]
