"""Protect changes people made by hand after requesting a large change."""

from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

from django.db.models import F, Q

from transactions.models import CategoryChange, Change, ChangeRow, Transaction
from transactions.services.changing import CATEGORY, NOTES


@dataclass(slots=True)
class Kept:
    """Rows that keep a category or notes changed by hand since, and which of the two was
    protected.
    """

    categories: Container[int] = ()
    notes: Container[int] = ()
    skipped: set[int] = field(default_factory=set)


def chosen_since(change: Change, ids: list[int]) -> set[int]:
    """Rows whose category was chosen after this change was requested. The later choice wins."""
    chosen = CategoryChange.objects.filter(
        transaction__in=ids, by=CategoryChange.By.USER, created_at__gt=change.created_at
    )
    # Moved here from a deleted category; nobody chose that for this row.
    gone_at = "from_category__deleted_at"
    chosen = chosen.filter(Q(**{gone_at: None}) | Q(created_at__lt=F(gone_at)))
    rows = Transaction.objects.filter(pk__in=chosen.values("transaction"))
    return _by_hand(change, dict(rows.values_list("pk", "category_id")), CATEGORY)


def noted_since(change: Change, ids: list[int], noted: Mapping[str, str]) -> set[int]:
    """Rows whose notes were changed after this change was requested."""
    rows = Transaction.objects.filter(pk__in=ids).values_list("pk", "notes")
    other = {pk: notes for pk, notes in rows if mark_of(notes) != noted.get(str(pk), "")}
    return _by_hand(change, other, NOTES)


def _by_hand(change: Change, changed: dict[int, Any], name: str) -> set[int]:
    """The entries of {ID: current value} set neither by this change nor by an older running one."""
    older = ChangeRow.objects.filter(
        transaction__in=list(changed),
        change__lt=change.pk,
        change__updated_at__gt=change.created_at,
        after__has_key=name,
    )
    given = dict(older.order_by("change").values_list("transaction_id", "after"))
    return {pk for pk, now in changed.items() if pk not in given or given[pk][name] != now}


def mark_of(notes: str) -> str:
    """A short hash to recognize unchanged notes; "" for none."""
    return blake2b(notes.encode(), digest_size=8).hexdigest() if notes else ""
