"""Which staged rows are in the account already: decided in SQL, for a whole file at once.

A row is known again by the bank's id of it, else by its fingerprint: the file's k-th line of a
fingerprint is a duplicate when the account holds k live lines of it that the file's ids do not
account for. So a file read twice, shuffled, or overlapping by a week adds nothing twice, and two
equal coffees stay two. A line of the same day and amount in other words, entered by hand or read
from another kind of file, is put to the owner.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection
from django.db.models import Count, F, Max, Min, Q, Window
from django.db.models.functions import RowNumber

from transactions.models import ImportBatch, ImportRow, Transaction

IN_THE_ACCOUNT = "The bank's id of this line is in the account already."
TWICE_IN_FILE = "The file has this line twice, under one id of the bank's."
SAME_LINE = "The account has this line already."
OTHER_ID = "The account has a line of these words, day and amount under another id of the bank's."
OTHER_WORDS = "The account has a line of this day and amount in other words."
# From here on the planner must not trust its guess that a table just filled has few rows.
MANY_ROWS = 5000

_ROWS, _LEDGER = ImportRow._meta.db_table, Transaction._meta.db_table

_BY_ID = f"""
UPDATE {_ROWS} SET verdict = 'duplicate', error = %(sentence)s
WHERE batch_id = %(batch)s AND verdict = 'new' AND NOT is_chosen AND external_id <> ''
  AND EXISTS (
    SELECT 1 FROM {_LEDGER} t
    WHERE t.account_id = %(account)s AND t.external_id = {_ROWS}.external_id
      AND t.external_id <> '' AND t.deleted_at IS NULL)
"""  # noqa: S608 - table names of our own models

_FREE_CHOSEN_IDS = f"""
UPDATE {_ROWS} SET external_id = ''
WHERE batch_id = %(batch)s AND is_chosen AND external_id <> ''
  AND EXISTS (
    SELECT 1 FROM {_LEDGER} t
    WHERE t.account_id = %(account)s AND t.external_id = {_ROWS}.external_id
      AND t.external_id <> '' AND t.deleted_at IS NULL)
"""  # noqa: S608

# `mine`: the file's rows, numbered within their fingerprint; `held`: how many live rows of the
# account have it, without those the file names by the bank's id.
_BY_FINGERPRINT = f"""
WITH mine AS (
  SELECT r.id, r.fingerprint, r.external_id,
    ROW_NUMBER() OVER (PARTITION BY r.fingerprint ORDER BY r.row_number, r.id) AS place
  FROM {_ROWS} r
  LEFT JOIN {_LEDGER} t ON t.account_id = %(account)s AND t.external_id = r.external_id
    AND t.external_id <> '' AND t.deleted_at IS NULL
  WHERE r.batch_id = %(batch)s AND r.fingerprint IS NOT NULL AND t.id IS NULL
), held AS (
  SELECT t.fingerprint, COUNT(*) AS total,
    SUM(CASE WHEN t.external_id = '' OR NOT ({{same_kind}}) THEN 1 ELSE 0 END) AS certain
  FROM (
    SELECT DISTINCT fingerprint FROM {_ROWS}
    WHERE batch_id = %(batch)s AND fingerprint IS NOT NULL) f
  JOIN {_LEDGER} t ON t.account_id = %(account)s AND t.fingerprint = f.fingerprint
    AND t.deleted_at IS NULL
  LEFT JOIN (
    SELECT DISTINCT external_id FROM {_ROWS}
    WHERE batch_id = %(batch)s AND external_id <> '') e ON e.external_id = t.external_id
  WHERE e.external_id IS NULL
  GROUP BY t.fingerprint
)
UPDATE {_ROWS} SET
  verdict = CASE WHEN found.is_certain = 1 THEN 'duplicate' ELSE 'review' END,
  error = CASE WHEN found.is_certain = 1 THEN %(same_line)s ELSE %(other_id)s END
FROM (
  SELECT mine.id,
    CASE WHEN mine.external_id = '' OR mine.place <= held.certain THEN 1 ELSE 0 END AS is_certain
  FROM mine JOIN held ON held.fingerprint = mine.fingerprint
  WHERE mine.place <= held.total) found
WHERE {_ROWS}.id = found.id AND {_ROWS}.verdict = 'new' AND NOT {_ROWS}.is_chosen
"""  # noqa: S608

_BY_DAY_AND_AMOUNT = f"""
WITH mine AS (
  SELECT r.id, r.txn_date, r.signed_amount,
    ROW_NUMBER() OVER (
      PARTITION BY r.txn_date, r.signed_amount ORDER BY r.row_number, r.id) AS place
  FROM {_ROWS} r
  WHERE r.batch_id = %(batch)s AND r.verdict = 'new' AND NOT r.is_chosen
), held AS (
  SELECT t.txn_date, t.signed_amount, COUNT(*) AS total
  FROM {_LEDGER} t
  LEFT JOIN (
    SELECT DISTINCT fingerprint FROM {_ROWS}
    WHERE batch_id = %(batch)s AND fingerprint IS NOT NULL) f ON f.fingerprint = t.fingerprint
  LEFT JOIN (
    SELECT DISTINCT external_id FROM {_ROWS}
    WHERE batch_id = %(batch)s AND external_id <> '') e ON e.external_id = t.external_id
  WHERE t.account_id = %(account)s AND t.deleted_at IS NULL
    AND t.txn_date BETWEEN %(first)s AND %(last)s
    AND f.fingerprint IS NULL AND e.external_id IS NULL AND NOT ({{same_kind}})
  GROUP BY t.txn_date, t.signed_amount
)
UPDATE {_ROWS} SET verdict = 'review', error = %(other_words)s
FROM (
  SELECT mine.id FROM mine
  JOIN held ON held.txn_date = mine.txn_date AND held.signed_amount = mine.signed_amount
  WHERE mine.place <= held.total) found
WHERE {_ROWS}.id = found.id
"""  # noqa: S608


def mark_repeated_ids(batch: ImportBatch) -> None:
    """Settle ids that a file gives to several lines: the same line twice, or no id at all."""
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
    ImportRow.objects.filter(pk__in=twins, verdict=ImportRow.Verdict.NEW).update(
        verdict=ImportRow.Verdict.DUPLICATE, error=TWICE_IN_FILE, external_id=""
    )
    ImportRow.objects.filter(pk__in=others).update(external_id="")


def mark_known_rows(batch: ImportBatch, *, with_reviews: bool) -> None:
    """Turn new rows that the account has already into duplicates, or into questions.

    Never touches a row its owner chose. `with_reviews` also asks about lines in other words.
    """
    rows = ImportRow.objects.filter(batch=batch)
    span = rows.filter(fingerprint__isnull=False).aggregate(
        first=Min("txn_date"), last=Max("txn_date"), ids=Count("pk", filter=~Q(external_id=""))
    )
    held = Transaction.objects.filter(account_id=batch.account_id, deleted_at=None)
    in_span = held.filter(txn_date__range=(span["first"], span["last"]))
    if span["first"] is None or not (in_span.exists() or (span["ids"] and held.exists())):
        return
    kin = _batches_of_this_kind(batch)
    of_this_kind = Q(import_batch__in=kin, import_batch__isnull=False)
    values: dict[str, Any] = {
        "batch": batch.pk,
        "account": batch.account_id,
        "first": span["first"].isoformat(),
        "last": span["last"].isoformat(),
        "sentence": IN_THE_ACCOUNT,
        "same_line": SAME_LINE,
        "other_id": OTHER_ID,
        "other_words": OTHER_WORDS,
    }
    statements = [_FREE_CHOSEN_IDS, _BY_ID] if span["ids"] else []
    statements.append(_BY_FINGERPRINT)
    if with_reviews and in_span.exclude(of_this_kind).exists():
        statements.append(_BY_DAY_AND_AMOUNT)
    same_kind = _is_one_of("t.import_batch_id", kin)
    with connection.cursor() as cursor, _no_guessing(cursor, batch.read_count):
        for statement in statements:
            cursor.execute(statement.format(same_kind=same_kind), values)


def _batches_of_this_kind(batch: ImportBatch) -> list[int]:
    """The account's imports of files built alike: their words and ids can be compared."""
    mapping = _meaning(batch.mapping)
    earlier = ImportBatch.objects.filter(account_id=batch.account_id, format=batch.format)
    return [
        pk
        for pk, other in earlier.exclude(confirmed_at=None).values_list("pk", "mapping")
        if _meaning(other) == mapping
    ]


def _meaning(mapping: dict[str, Any]) -> dict[str, Any]:
    """A mapping without what may differ between two downloads of one export."""
    apart = ("header_line", "skip_lines", "encoding")
    return {name: value for name, value in mapping.items() if name not in apart}


def _is_one_of(column: str, ids: list[int]) -> str:
    listed = ", ".join(str(int(pk)) for pk in ids)
    return f"{column} IS NOT NULL AND {column} IN ({listed})" if ids else "1 = 0"


@contextmanager
def _no_guessing(cursor: Any, row_count: int) -> Iterator[None]:
    """Hash joins for large files: PostgreSQL has no statistics yet of rows just copied in."""
    if connection.vendor != "postgresql" or row_count < MANY_ROWS:
        yield
        return
    cursor.execute("SET LOCAL enable_nestloop = off")
    yield
    cursor.execute("SET LOCAL enable_nestloop = on")


def reset_rows_like(batch: ImportBatch, fingerprints: list[int | None]) -> None:
    """Open the question again for rows of these fingerprints, after one of them was changed."""
    verdicts = (ImportRow.Verdict.DUPLICATE, ImportRow.Verdict.REVIEW)
    rows = ImportRow.objects.filter(batch=batch, verdict__in=verdicts, is_chosen=False)
    known = [value for value in fingerprints if value is not None]
    rows.filter(Q(fingerprint__in=known) | Q(verdict=ImportRow.Verdict.REVIEW)).exclude(
        error=TWICE_IN_FILE
    ).update(verdict=ImportRow.Verdict.NEW, error="")


def rows_of(batch: ImportBatch, verdict: str) -> Any:
    """The batch's rows of one verdict."""
    return ImportRow.objects.filter(batch=batch, verdict=verdict).order_by(F("row_number"), "pk")
