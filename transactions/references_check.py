"""Check references that have no foreign key in the database, for speed (`check_ledger`)."""

from collections.abc import Iterable
from typing import Any

from django.db.models import Model, Q

from transactions.ledger_report import CHUNK, Invariant, Violation
from transactions.models import CategoryChange, ImportRow


def references(account_id: int | None) -> Invariant:
    """Category changes and import lines refer to what exists."""
    found = Invariant("references", "what a category change or an import line refers to exists")
    changes, lines = CategoryChange.objects.all(), ImportRow.objects.all()
    if account_id is not None:
        changes = changes.filter(transaction__account=account_id)
        lines = lines.filter(batch__account=account_id)
    for table, rows, names in (
        ("transactions.categorychange", changes, ("to_category", "from_category", "rule", "actor")),
        ("transactions.importrow", lines, ("batch", "category", "rule")),
    ):
        found.checked_count += rows.count()
        nowhere = _nowhere(rows.model, names)
        lost = rows.filter(nowhere).order_by("pk").values_list("pk", flat=True)
        for pk in lost.iterator(chunk_size=CHUNK):
            found.add(Violation(table, pk, "What it refers to is gone.", account_id))
    return found


def _nowhere(model: type[Model], names: Iterable[str]) -> Q:
    """Rows of the model that refer by one of these fields to a row that is not there."""
    condition = Q(pk__in=[])
    for name in names:
        target: Any = model._meta.get_field(name).related_model
        named = Q(**{f"{name}__isnull": False})
        condition |= named & ~Q(**{f"{name}_id__in": target._default_manager.values("pk")})
    return condition
