"""Write the matcher's verdicts on a file's rows: which ones the account already has.

Every row without an owner's decision is checked again each time, so that transactions added since
count too. Only rows whose verdict changes are written.
"""

from datetime import date
from typing import Any

from django.db import connection
from django.db.models import BigIntegerField, CharField, Count, Max, Min, Q, QuerySet, Window
from django.db.models.functions import Cast, RowNumber

from banking.kernel.bulk import batched
from banking.kernel.garbage import collector_paused
from transactions.matching.lines import NEW, REVIEW, SAME, Incoming, Knowledge, Text
from transactions.matching.lines import Verdict as Judged
from transactions.matching.matcher import match
from transactions.matching.reading import (
    Kind,
    Partners,
    knowledge_of,
    ordinal,
    read_ledger,
    rows_in_pieces,
    texts_by,
    texts_of_held,
)
from transactions.models import ImportBatch, ImportRow, Transaction
from transactions.sources.files.own_csv import FORMAT as OWN_FORMAT
from users.audit import trail
from users.timezones import local_date

REQUESTED = "transactions.import.requested"
TWICE_IN_FILE = "This line is in the file twice with the same bank reference."
ROWS_AT_ONCE = 2000
Verdict = ImportRow.Verdict
_VERDICT_OF = {
    SAME: Verdict.DUPLICATE.value,
    REVIEW: Verdict.REVIEW.value,
    NEW: Verdict.NEW.value,
}


def mark_repeated_ids(batch: ImportBatch) -> None:
    """Resolve IDs that several lines of a file share: repeated lines, or unusable IDs."""
    rows = ImportRow.objects.filter(batch=batch, fingerprint__isnull=False).exclude(external_id="")
    repeated = rows.values("external_id").annotate(times=Count("pk")).filter(times__gt=1)
    ids = list(repeated.order_by().values_list("external_id", flat=True)[:1000])
    if not ids:
        return
    numbered = rows.filter(external_id__in=ids).annotate(
        place=Window(RowNumber(), partition_by="external_id", order_by=["row_number", "pk"]),
        twin=Window(
            RowNumber(), partition_by=["external_id", "fingerprint"], order_by=["row_number", "pk"]
        ),
    )
    places = list(numbered.values_list("pk", "place", "twin"))
    twins = [pk for pk, _, twin in places if twin > 1]
    others = [pk for pk, place, twin in places if place > 1 and twin == 1]
    ImportRow.objects.filter(pk__in=twins, verdict__in=(Verdict.NEW, Verdict.DUPLICATE)).update(
        verdict=Verdict.DUPLICATE, match=None, error=TWICE_IN_FILE, external_id=""
    )
    ImportRow.objects.filter(pk__in=others).update(external_id="")


def likely_matches(batch: ImportBatch, first: str, last: str) -> dict[int | str, int]:
    """Posted transactions of these days (ISO text) by fingerprint, and by the bank's ID.

    The row with the same is most likely this transaction. The matcher decides it afterward.
    """
    if not first:
        return {}
    posted = Transaction.objects.filter(
        account_id=batch.account_id,
        deleted_at=None,
        status=Transaction.Status.POSTED,
        txn_date__range=(first, last),
    ).order_by()
    likely: dict[int | str, int] = dict(rows_in_pieces(posted.values_list("fingerprint", "pk")))
    named = posted.exclude(external_id="").values_list("external_id", "pk")
    likely.update(rows_in_pieces(named))
    return likely


def is_compared(batch: ImportBatch) -> bool:
    """Whether the rows still have the verdicts that `mark_known_rows` would give them: the owner
    has no event since, except that the import itself was requested.
    """
    if batch.compared_after is None:
        return False
    requested = Q(action=REQUESTED, target_type=ImportBatch._meta.label_lower, target_id=batch.pk)
    return not trail.events_since(batch.user_id, batch.compared_after).exclude(requested).exists()


@collector_paused()
def mark_known_rows(batch: ImportBatch) -> list[int]:
    """Give each undecided row its verdict and its matching transaction.

    Returns the ids of posted transactions within the file's days that the file does not list.
    """
    # Counted before anything is read: what happens meanwhile is compared with later.
    batch.compared_after = trail.count_of(batch.user_id)
    found = _surveyed(batch)
    if found["first"] is None:
        return []
    if found["chosen"]:
        _free_chosen_ids(batch)
    rows = _judged_rows(batch)
    ids = rows.exclude(external_id="").values("external_id") if found["named"] else ()
    ledger = read_ledger(
        batch.account_id,
        first=found["first"],
        last=found["last"],
        external_ids=ids,
        kind=Kind(frozenset(batches_of_this_kind(batch))),
        apart_from=_decided_matches(batch) if found["chosen"] else (),
        in_pieces=True,
    )
    knowledge = knowledge_of(
        batch.account_id,
        on=batch.created_at.date(),
        covers=covered_days(batch),
    )
    is_plain = knowledge.has_no_odd_day(found["first"].toordinal(), found["last"].toordinal())
    if is_plain and not ledger.held and not found["touched"]:
        return []
    lines, before = _incoming(rows, Partners.of(ledger), knowledge)
    matching = match(
        lines,
        ledger.held,
        aliases=ledger.aliases,
        texts_of_incoming=texts_by(_texts_of_rows),
        texts_of_held=texts_of_held,
        knowledge=knowledge,
    )
    _write(matching.verdicts, before)
    return matching.missing


_JUDGED = (
    Q(verdict__in=(Verdict.NEW, Verdict.DUPLICATE, Verdict.REVIEW), is_chosen=False)
    & Q(fingerprint__isnull=False)
    & ~Q(error=TWICE_IN_FILE)
)
# The booked lines of the whole file: the days it covers.
BOOKED = Q(fingerprint__isnull=False, is_pending=False)


def _judged_rows(batch: ImportBatch) -> QuerySet[ImportRow]:
    """Rows the matcher decides: with an amount, unique in the file, and without an owner's
    decision.
    """
    return ImportRow.objects.filter(_JUDGED, batch=batch).order_by()


def _surveyed(batch: ImportBatch) -> dict[str, Any]:
    """What the rows hold, read in one scan: days, and how many have an ID, a changed verdict or an
    owner's decision.
    """
    return ImportRow.objects.filter(batch=batch).aggregate(
        first=Min("txn_date", filter=_JUDGED),
        last=Max("txn_date", filter=_JUDGED),
        named=Count("pk", filter=_JUDGED & ~Q(external_id="")),
        touched=Count("pk", filter=_JUDGED & ~Q(verdict=Verdict.NEW)),
        chosen=Count("pk", filter=Q(is_chosen=True)),
    )


def covered_days(batch: ImportBatch) -> tuple[date, date] | None:
    """The first and last day that the file lists completely, if it does. It knows no day after its
    upload, whatever date a damaged line has.
    """
    if batch.format == OWN_FORMAT:
        return None
    known = ImportRow.objects.filter(BOOKED, batch=batch, txn_date__lte=_uploaded_on(batch))
    span = known.aggregate(first=Min("txn_date"), last=Max("txn_date"))
    return None if span["first"] is None else (span["first"], span["last"])


def _uploaded_on(batch: ImportBatch) -> date:
    return local_date(batch.user.timezone, batch.created_at)


def _decided_matches(batch: ImportBatch) -> list[int]:
    decided = ImportRow.objects.filter(batch=batch, is_chosen=True, match__isnull=False)
    return list(decided.filter(verdict=Verdict.DUPLICATE).values_list("match_id", flat=True))


def _free_chosen_ids(batch: ImportBatch) -> None:
    """Clear the ID of a row added by choice if the account already has it. IDs are unique per
    account.
    """
    held = Transaction.objects.filter(account_id=batch.account_id, deleted_at=None)
    chosen = ImportRow.objects.filter(batch=batch, is_chosen=True, verdict=Verdict.NEW)
    ids = held.exclude(external_id="").values("external_id")
    chosen.exclude(external_id="").filter(external_id__in=ids).update(external_id="")


_UNTOUCHED: tuple[Any, ...] = (NEW, None, "")
_COLUMNS = ("pk", "units", "day", "fingerprint", "external_id", "is_pending")


def _incoming(
    rows: QuerySet[ImportRow], partners: Partners, knowledge: Knowledge
) -> tuple[list[Incoming], dict[int, tuple[Any, ...]]]:
    """The rows for the matcher, and the current values of rows that a check has touched. Rows that
    are new and stay so, because nothing in the ledger is like them, are left out.
    """
    with_units = rows.annotate(
        units=Cast("signed_amount", BigIntegerField()), day=Cast("txn_date", CharField())
    )
    # In file order: among identical lines, the first ones match existing transactions.
    columns = with_units.order_by("pk").values_list(*_COLUMNS, "verdict", "match_id", "error")
    lines: list[Incoming] = []
    before: dict[int, tuple[Any, ...]] = {}
    for pk, units, on, fingerprint, external_id, is_pending, *told in rows_in_pieces(columns):
        day, was = ordinal(on), tuple(told)
        if was != _UNTOUCHED:
            before[pk] = was
        elif knowledge.has_no_odd_day(day, day) and not partners.may_include(
            day, fingerprint, external_id
        ):
            continue
        lines.append(Incoming(pk, units, day, fingerprint, external_id, bool(is_pending)))
    return lines, before


def _texts_of_rows(pks: list[int]) -> dict[int, Text]:
    rows = ImportRow.objects.filter(pk__in=pks).order_by()
    return {pk: Text(*text) for pk, *text in rows.values_list("pk", "description", "merchant")}


def _write(verdicts: dict[int, Judged], before: dict[int, tuple[Any, ...]]) -> None:
    """Write the verdicts that changed. A new row keeps the note from reading it."""
    moved: list[tuple[Any, ...]] = []
    for pk, judged in verdicts.items():
        was, matched, error = before.get(pk, _UNTOUCHED)
        verdict = _VERDICT_OF[judged.kind]
        reason = error if verdict == was == "new" else judged.reason
        if (verdict, judged.held, reason) != (was, matched, error):
            moved.append((verdict, judged.held, reason, pk))
    if not moved:
        return
    table = ImportRow._meta.db_table
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            statement = _UPDATE_ARRAYS.format(table=table)
            cursor.execute(statement, [list(column) for column in zip(*moved, strict=True)])
            return
        for group in batched(moved, ROWS_AT_ONCE):
            cursor.executemany(_UPDATE_ONE.format(table=table), group)


_UPDATE_ONE = "UPDATE {table} SET verdict = %s, match_id = %s, error = %s WHERE id = %s"
_UPDATE_ARRAYS = """
UPDATE {table} SET verdict = v.verdict, match_id = v.match_id, error = v.error
FROM unnest(%s::text[], %s::bigint[], %s::text[], %s::bigint[]) AS v (verdict, match_id, error, id)
WHERE {table}.id = v.id
"""


def batches_of_this_kind(batch: ImportBatch) -> list[int]:
    """The account's imports of files with the same structure, whose texts and IDs are
    comparable.
    """
    mapping = _meaning(batch.mapping)
    earlier = ImportBatch.objects.filter(account_id=batch.account_id, format=batch.format)
    return [
        pk
        for pk, other in earlier.exclude(confirmed_at=None).values_list("pk", "mapping")
        if _meaning(other) == mapping
    ]


def _meaning(mapping: dict[str, Any]) -> dict[str, Any]:
    """A mapping without the settings that may differ between two downloads of one export."""
    apart = ("header_line", "skip_lines", "encoding")
    return {name: value for name, value in mapping.items() if name not in apart}
