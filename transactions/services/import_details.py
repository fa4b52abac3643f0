"""Additional data in our own export: planned status, tags, parts and transfers.

Callers hold the account's lock and apply the returned sums to balance and totals.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any

from django.db.models import Q, QuerySet

from banking.kernel.bulk import batched, bulk_update
from banking.kernel.fields import folded
from transactions.models import (
    Category,
    ImportBatch,
    ImportRow,
    Transaction,
    TransactionSplit,
    Transfer,
)
from transactions.sources.files.incoming import OwnDetails
from transactions.sources.files.own_csv import FORMAT
from transactions.tags import tags_by_name
from transactions.totals import SumsByKey, merge, sums_in

ROWS_AT_ONCE = 1000
MOST_TAGS, LONGEST_TAG, LONGEST_NOTES = 20, 40, 200
Details = Mapping[str, Any]


def staged_details(own: OwnDetails, category_named: Callable[[str], int | None]) -> str | None:
    """The details as JSON for a staged row, or None."""
    found: dict[str, Any] = {}
    if own.is_planned:
        found["is_planned"] = True
    if own.tags:
        found["tags"] = [tag[:LONGEST_TAG] for tag in own.tags[:MOST_TAGS]]
    if own.parts:
        found["parts"] = [
            [category_named(category), int(amount.scaleb(4)), notes[:LONGEST_NOTES]]
            for category, amount, notes in own.parts
        ]
    if own.transaction_id and own.transfer_with:
        found["transfer"] = [own.transaction_id, own.transfer_with]
    return json.dumps(found) if found else None


def give_details(batch: ImportBatch, rows: QuerySet[ImportRow]) -> SumsByKey:
    """Add the file's details to the transactions just created for these rows, in the same order.

    Returns the change in totals.
    """
    written = Transaction.objects.filter(import_batch=batch).order_by("pk")
    ids = written.values_list("pk", flat=True).iterator(chunk_size=ROWS_AT_ONCE)
    staged = rows.values_list("pk", "details").iterator(chunk_size=ROWS_AT_ONCE)
    moved: SumsByKey = {}
    for group in batched(zip(staged, ids, strict=True), ROWS_AT_ONCE):
        details = {pk: details for (_row, details), pk in group if details}
        split = Transaction.objects.filter(pk__in=[pk for pk in details if "parts" in details[pk]])
        before = sums_in(split)
        _write(batch.user_id, details)
        moved = merge((moved, 1), (sums_in(split), 1), (before, -1))
        sides = [(row, pk) for (row, _), pk in group if "transfer" in details.get(pk, ())]
        bulk_update(ImportRow, ("match",), sides)
    return moved


def give_details_of(row: Transaction, details: Details) -> Transaction:
    """Add the details to one transaction and return it. The caller books it."""
    _write(row.user_id, {row.pk: details})
    return Transaction.objects.get(pk=row.pk)


def _write(user_id: int, details: Mapping[int, Details]) -> None:
    planned = [pk for pk, one in details.items() if one.get("is_planned")]
    # A planned transaction is the person's own and can be changed until its date.
    Transaction.objects.filter(pk__in=planned).update(
        status=Transaction.Status.PLANNED, origin=Transaction.Origin.MANUAL
    )
    _write_tags(user_id, {pk: one["tags"] for pk, one in details.items() if one.get("tags")})
    _write_parts(user_id, {pk: one["parts"] for pk, one in details.items() if one.get("parts")})


def _write_tags(user_id: int, names_of: Mapping[int, list[str]]) -> None:
    if not names_of:
        return
    names = {name for names in names_of.values() for name in names}
    tags = tags_by_name(user_id, names, make=True)
    link = Transaction.tags.through
    link.objects.bulk_create(
        [
            link(transaction_id=pk, tag=tags[key])
            for pk, names in names_of.items()
            for key in dict.fromkeys(folded(name) for name in names)
        ],
        batch_size=ROWS_AT_ONCE,
    )


def _write_parts(user_id: int, parts_of: Mapping[int, list[list[Any]]]) -> None:
    """Split transactions whose parts still add up; an amount may have been corrected since."""
    if not parts_of:
        return
    rows = Transaction.objects.filter(pk__in=parts_of).in_bulk()
    usable = set(_categories_of_parts(user_id, parts_of.values()))
    parts = [
        TransactionSplit(
            transaction_id=pk,
            category_id=category_id if category_id in usable else None,
            signed_amount=Decimal(units).scaleb(-4),
            notes=notes,
        )
        for pk, listed in parts_of.items()
        for category_id, units, notes in listed
        if sum(part[1] for part in listed) == int(rows[pk].signed_amount.scaleb(4))
    ]
    TransactionSplit.objects.bulk_create(parts, batch_size=ROWS_AT_ONCE)
    split = {part.transaction_id for part in parts}
    Transaction.objects.filter(pk__in=split).update(is_split=True)


def _categories_of_parts(user_id: int, listed: Iterable[list[list[Any]]]) -> Iterable[int]:
    ids = {part[0] for parts in listed for part in parts if part[0]}
    found = Category.objects.of_owner(user_id).filter(pk__in=ids)
    return found.exclude(kind=Category.Kind.TRANSFER).values_list("pk", flat=True)


# --- Transfers -----------------------------------------------------------------------------------


def pair_transfers(batch: ImportBatch) -> int:
    """Restore transfers between transactions of this and earlier files, as the exports describe
    them.

    Both transactions reference each other by the exporting ledger's numbers and already have
    transfer categories, so no figure changes. Returns how many there are.
    """
    if batch.format != FORMAT:
        return 0
    ours = {tuple(link): pk for link, pk in _sides(ImportRow.objects.filter(batch=batch))}
    if not ours:
        return 0
    others = ImportRow.objects.filter(
        batch__user=batch.user_id, batch__format=FORMAT, batch__status=ImportBatch.Status.DONE
    ).exclude(batch__account=batch.account_id)
    pairs = [(ours[other, one], pk) for (one, other), pk in _sides(others) if (other, one) in ours]
    return sum(_pair(batch, group) for group in batched(pairs, ROWS_AT_ONCE))


def _sides(rows: QuerySet[ImportRow]) -> Iterable[tuple[list[int], int]]:
    """The exported numbers of each transfer side, and its transaction."""
    verdicts = (ImportRow.Verdict.NEW, ImportRow.Verdict.ADDED, ImportRow.Verdict.DUPLICATE)
    sides = rows.filter(match__isnull=False, details__isnull=False, verdict__in=verdicts)
    for details, pk in sides.order_by("pk").values_list("details", "match_id").iterator():
        if details and "transfer" in details:
            yield details["transfer"], pk


def _pair(batch: ImportBatch, pairs: list[tuple[int, int]]) -> int:
    ids = {pk for pair in pairs for pk in pair}
    rows = Transaction.objects.filter(
        pk__in=ids,
        user=batch.user_id,
        deleted_at=None,
        is_split=False,
        category__kind=Category.Kind.TRANSFER,
    ).in_bulk()
    known = Transfer.objects.filter(
        Q(outflow_transaction__in=ids) | Q(inflow_transaction__in=ids)
    ).exclude(status=Transfer.Status.SUGGESTED)
    taken: set[object] = set()
    for out, into, status in known.values_list(*_SIDES, "status"):
        # A pair that a person rejected stays rejected. The sides may belong to others.
        is_rejected = status == Transfer.Status.REJECTED
        taken |= {(out, into)} if is_rejected else {out, into}
    count = 0
    for side, other_side in pairs:
        if side not in rows or other_side not in rows:
            continue
        out, into = sorted((rows[side], rows[other_side]), key=lambda row: row.signed_amount)
        is_movement = out.signed_amount < 0 < into.signed_amount
        if not is_movement or {out.pk, into.pk, (out.pk, into.pk)} & taken:
            continue
        Transfer.objects.update_or_create(
            outflow_transaction=out,
            inflow_transaction=into,
            defaults={"user_id": batch.user_id, "status": Transfer.Status.CONFIRMED},
        )
        taken |= {out.pk, into.pk}
        count += 1
    return count


_SIDES = ("outflow_transaction_id", "inflow_transaction_id")
