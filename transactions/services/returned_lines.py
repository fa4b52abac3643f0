"""Bank lines in the trash that were imported again: only one copy may count.

The bank's ID identifies a line reliably. Without an ID, identical rows are the same line if they
were never in the account together: the later one was imported because the other was gone. Identical
rows that existed side by side are separate, such as two coffees on one day.
"""

from collections import defaultdict
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Exists, OuterRef, Q

from transactions.models import Transaction, TransactionQuerySet

BROUGHT_AGAIN = (
    "A later import added this transaction again. Delete that one before you restore this one."
)
ONE_LINE = "Two of these are the same bank transaction. Restore only one."


def has_returned(prefix: str = "") -> Q:
    """Condition: a later import has added this trashed row to its account again.

    `prefix` leads to the transaction if the query is about something that references it.
    """
    others = Transaction.objects.exclude(pk=OuterRef(f"{prefix}id"))
    live = others.filter(account=OuterRef(f"{prefix}account"), deleted_at=None)
    same_id = live.filter(external_id=OuterRef(f"{prefix}external_id"))
    came_later = Q(created_at__gt=OuterRef(f"{prefix}deleted_at"))
    # It was in the trash when the row was added, and has been restored since.
    was_away = Q(
        import_batch__reverted_at__lt=OuterRef(f"{prefix}created_at"),
        updated_at__gt=OuterRef(f"{prefix}created_at"),
    )
    same_words = live.filter(
        came_later | was_away,
        fingerprint=OuterRef(f"{prefix}fingerprint"),
        import_batch__isnull=False,
    )
    with_id = ~Q(**{f"{prefix}external_id": ""})
    from_file = Q(**{f"{prefix}import_batch__isnull": False})
    return (with_id & Exists(same_id)) | (from_file & Exists(same_words))


def one_of_each_line(rows: TransactionQuerySet) -> list[int]:
    """Keep only the newest row of each bank line."""
    columns = ("pk", "external_id", "fingerprint", "import_batch_id", "created_at", "deleted_at")
    by_id: dict[tuple[Any, ...], int] = {}
    by_words: dict[tuple[Any, ...], list[tuple[Any, ...]]] = defaultdict(list)
    kept: list[int] = []
    for account_id, pk, external_id, words, batch_id, *life in rows.order_by("pk").values_list(
        "account_id", *columns
    ):
        if external_id:
            by_id[account_id, external_id] = pk
        elif batch_id:
            by_words[account_id, words].append((pk, *life))
        else:
            # Two identical rows entered by hand are separate.
            kept.append(pk)
    for same in by_words.values():
        newest = max(created_at for _, created_at, _ in same)
        kept += [pk for pk, _, deleted_at in same if deleted_at >= newest]
    return [*kept, *by_id.values()]


def refuse_returned(rows: TransactionQuerySet) -> None:
    """Raise ValidationError if one of these rows must stay in the trash."""
    if rows.filter(has_returned()).exists():
        raise ValidationError(BROUGHT_AGAIN)
    if len(one_of_each_line(rows)) < rows.count():
        raise ValidationError(ONE_LINE)
