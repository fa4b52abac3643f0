"""Check references that have no foreign key in the database, for speed (`check_ledger`)."""

from django.db.models import Model, Q

from transactions.ledger_report import CHUNK, Invariant, Violation
from transactions.models import Category, CategoryChange, CategoryRule, ImportBatch, ImportRow
from users.models import User


def references(account_id: int | None) -> Invariant:
    """Category changes and import lines refer to what exists."""
    found = Invariant("references", "what a category change or an import line refers to exists")
    changes, lines = CategoryChange.objects.all(), ImportRow.objects.all()
    if account_id is not None:
        changes = changes.filter(transaction__account=account_id)
        lines = lines.filter(batch__account=account_id)
    categories = {"to_category": Category, "from_category": Category, "rule": CategoryRule}
    for table, rows, targets in (
        ("transactions.categorychange", changes, {**categories, "actor": User}),
        (
            "transactions.importrow",
            lines,
            {"batch": ImportBatch, "category": Category, "rule": CategoryRule},
        ),
    ):
        found.checked_count += rows.count()
        lost = rows.filter(_nowhere(targets)).order_by("pk").values_list("pk", flat=True)
        for pk in lost.iterator(chunk_size=CHUNK):
            found.add(Violation(table, pk, "What it refers to is gone.", account_id))
    return found


def _nowhere(targets: dict[str, type[Model]]) -> Q:
    """Rows that refer by one of these fields to a row that is not there."""
    condition = Q(pk__in=[])
    for name, model in targets.items():
        named = Q(**{f"{name}__isnull": False})
        condition |= named & ~Q(**{f"{name}_id__in": model._default_manager.values("pk")})
    return condition
