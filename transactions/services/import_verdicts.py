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
      AND NOT (t.external_id = '') AND t.deleted_at IS NULL)
"""  # noqa: S608 - table names of our own models

_FREE_CHOSEN_IDS = f"""
UPDATE {_ROWS} SET external_id = ''
WHERE batch_id = %(batch)s AND is_chosen AND external_id <> ''
  AND EXISTS (
    SELECT 1 FROM {_LEDGER} t
    WHERE t.account_id = %(account)s AND t.external_id = {_ROWS}.external_id
      AND NOT (t.external_id = '') AND t.deleted_at IS NULL)
"""  # noqa: S608

# The file's rows and the account's are numbered within each fingerprint, and the file's k-th is the
# account's k-th. Written as (fingerprint, place) IN (…), which both engines answer from a hash or
# a sorted list; a join of the two lists SQLite would do row by row. Rows that the bank's ids
# account for take no part; held lines that surely are this line come first.
_BY_FINGERPRINT = f"""
UPDATE {_ROWS} SET verdict = {{verdict}}, error = {{error}}
WHERE verdict = 'new' AND NOT is_chosen AND id IN (
  SELECT mine.id FROM (
    SELECT r.id, r.fingerprint, r.external_id,
      ROW_NUMBER() OVER (PARTITION BY r.fingerprint ORDER BY r.row_number, r.id) AS place
    FROM {_ROWS} r
    WHERE r.batch_id = %(batch)s AND r.fingerprint IS NOT NULL AND {{own_id_is_new}}
  ) mine
  WHERE {{mine}} AND (mine.fingerprint, mine.place) IN (
    SELECT held.fingerprint, held.place FROM (
      SELECT t.fingerprint, CASE WHEN {{certain}} THEN 1 ELSE 0 END AS is_certain,
        ROW_NUMBER() OVER (
          PARTITION BY t.fingerprint
          ORDER BY CASE WHEN {{certain}} THEN 0 ELSE 1 END, t.id) AS place
      FROM {_LEDGER} t
      WHERE t.account_id = %(account)s AND t.deleted_at IS NULL AND {{id_not_in_file}}
        AND t.fingerprint IN (
          SELECT fingerprint FROM {_ROWS}
          WHERE batch_id = %(batch)s AND fingerprint IS NOT NULL)
    ) held
    WHERE {{held}}))
"""  # noqa: S608

_BY_DAY_AND_AMOUNT = f"""
UPDATE {_ROWS} SET verdict = 'review', error = %(other_words)s
WHERE id IN (
  SELECT mine.id FROM (
    SELECT r.id, r.txn_date, r.signed_amount,
      ROW_NUMBER() OVER (
        PARTITION BY r.txn_date, r.signed_amount ORDER BY r.row_number, r.id) AS place
    FROM {_ROWS} r
    WHERE r.batch_id = %(batch)s AND r.verdict = 'new' AND NOT r.is_chosen
  ) mine
  WHERE (mine.txn_date, mine.signed_amount, mine.place) IN (
    SELECT t.txn_date, t.signed_amount,
      ROW_NUMBER() OVER (PARTITION BY t.txn_date, t.signed_amount ORDER BY t.id)
    FROM {_LEDGER} t
    WHERE t.account_id = %(account)s AND t.deleted_at IS NULL
      AND t.txn_date BETWEEN %(first)s AND %(last)s
      AND NOT ({{same_kind}}) AND {{id_not_in_file}} AND {{words_not_in_file}}))
"""  # noqa: S608

_OWN_ID_IS_NEW = f"""NOT EXISTS (
      SELECT 1 FROM {_LEDGER} k
      WHERE k.account_id = %(account)s AND k.external_id = r.external_id
        AND NOT (k.external_id = '') AND k.deleted_at IS NULL)"""  # noqa: S608


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
    statements = _statements(_is_one_of("t.import_batch_id", kin), has_ids=bool(span["ids"]))
    if with_reviews and in_span.exclude(of_this_kind).exists():
        statements.append(_day_and_amount(_is_one_of("t.import_batch_id", kin), bool(span["ids"])))
    with connection.cursor() as cursor, _no_guessing(cursor, batch.read_count):
        for statement in statements:
            cursor.execute(statement, values)


def _statements(same_kind: str, *, has_ids: bool) -> list[str]:
    """What is certain first; the same words under another id of the bank's are then a question."""
    parts = {
        "own_id_is_new": _OWN_ID_IS_NEW if has_ids else "1 = 1",
        "id_not_in_file": _not_in_file("external_id", "''") if has_ids else "1 = 1",
        "certain": f"(t.external_id = '' OR NOT ({same_kind}))",
    }
    duplicate = {"verdict": "'duplicate'", "error": "%(same_line)s"}
    no_id, surely = "mine.external_id = ''", "held.is_certain = 1"
    everything = _BY_FINGERPRINT.format(**parts, **duplicate, mine=no_id, held="1 = 1")
    if not has_ids:
        return [everything]
    review = {"verdict": "'review'", "error": "%(other_id)s"}
    return [
        _FREE_CHOSEN_IDS,
        _BY_ID,
        _BY_FINGERPRINT.format(**parts, **duplicate, mine="1 = 1", held=surely),
        everything,
        _BY_FINGERPRINT.format(**parts, **review, mine="1 = 1", held="1 = 1"),
    ]


def _day_and_amount(same_kind: str, has_ids: bool) -> str:
    return _BY_DAY_AND_AMOUNT.format(
        same_kind=same_kind,
        id_not_in_file=_not_in_file("external_id", "''") if has_ids else "1 = 1",
        words_not_in_file=_not_in_file("fingerprint", "NULL"),
    )


def _not_in_file(column: str, blank: str) -> str:
    """That no row of the file has the ledger row's value: a hash anti-join on PostgreSQL, a sorted
    list on SQLite, each what its planner does well."""
    given = f"{column} IS NOT NULL" if blank == "NULL" else f"{column} <> {blank}"
    rows = f"SELECT {column} FROM {_ROWS} e WHERE e.batch_id = %(batch)s AND e.{given}"  # noqa: S608
    if connection.vendor == "postgresql":
        return f"NOT EXISTS ({rows} AND e.{column} = t.{column})"
    return f"t.{column} NOT IN ({rows})"


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
