"""Write an import's new rows into the ledger and remove them again, in bulk.

Callers hold the account's lock and apply the returned sums to balance and totals.
"""

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from operator import itemgetter
from typing import Any

from django.db import connection
from django.db.models import (
    BigIntegerField,
    Case,
    CharField,
    F,
    GeneratedField,
    Q,
    QuerySet,
    Value,
    When,
)
from django.db.models.functions import Cast

from banking.kernel.bulk import batched, bulk_insert, reserve_keys
from banking.kernel.fields import FoldedField, folded
from banking.kernel.money import Units, from_units
from banking.kernel.narrowing import sure
from transactions.holds import refuse_held
from transactions.models import (
    CategoryChange,
    ImportBatch,
    ImportRow,
    Transaction,
    TransactionQuerySet,
)
from transactions.services.completing import Telling
from transactions.services.import_details import give_details
from transactions.services.import_progress import report_progress
from transactions.sources.files.own_csv import FORMAT as OWN_FORMAT
from transactions.totals import Sums, SumsByKey, TotalKey, merge, sums_in
from users.models import User

ROWS_AT_ONCE = 4000
# Fields of a staged row with the same name as on the transaction.
FROM_ROW = (
    *("description", "merchant", "category_id", "signed_amount", "currency", "txn_date"),
    *("posted_date", "notes", "category_source", "external_id", "fingerprint", "status"),
)
KEY, RULE = sure(Transaction._meta.pk).attname, "rule_id"
_NOTHING = Decimal(0)
CategorySource = Transaction.CategorySource
_STATUS, _CATEGORY = FROM_ROW.index("status"), FROM_ROW.index("category_id")
_SOURCE = FROM_ROW.index("category_source")
BY_RULE, BY_IMPORT = CategoryChange.By.RULE.value, CategoryChange.By.IMPORT.value
_BY_SOURCE = {
    CategorySource.RULE.value: BY_RULE,
    CategorySource.LEARNED.value: CategoryChange.By.LEARNED.value,
}
POSTED, PENDING = Transaction.Status.POSTED.value, Transaction.Status.PENDING.value


def write_new_rows(batch: ImportBatch, *, actor: User, at: datetime) -> SumsByKey:
    """Post every new row of the batch, and record its category. Returns the change in totals.

    IDs increase with the date, whatever the file's order, so that running balances are right.
    """
    writer, history = _Writer(batch, at), _History(actor, at)
    sums = _SumsOfLines(batch.account_id)
    written = 0
    for lines in batched(_new_lines(batch), ROWS_AT_ONCE):
        # Known in advance, so that no statement has to find the rows again: PostgreSQL would plan
        # it by statistics that know nothing of them.
        keys = reserve_keys(Transaction, len(lines))
        bulk_insert(Transaction._meta.db_table, writer.columns, map(writer.values_of, keys, lines))
        changes = history.changes_of(keys, lines)
        bulk_insert(CategoryChange._meta.db_table, history.columns, changes)
        for line in lines:
            sums.add(line)
        written += len(lines)
        report_progress(batch.pk, "writing", written, batch.read_count)
    if batch.format == OWN_FORMAT:
        return merge((sums.take_by_key(), 1), (give_details(batch, new_rows(batch)), 1))
    return sums.take_by_key()


def new_rows(batch: ImportBatch) -> QuerySet[ImportRow]:
    """The rows to post, in posting order."""
    rows = ImportRow.objects.filter(batch=batch, verdict=ImportRow.Verdict.NEW)
    if _runs_backwards(batch):
        return rows.order_by("txn_date", "-row_number", "-pk")
    return rows.order_by("txn_date", "row_number", "pk")


def _new_lines(batch: ImportBatch) -> Iterator[tuple[Any, ...]]:
    """The rows by `FROM_ROW` and their rule: the amount in whole ten-thousandths, dates as ISO
    text, just as they are written again.
    """
    rows = new_rows(batch).annotate(
        units=Cast("signed_amount", BigIntegerField()),
        day=Cast("txn_date", CharField()),
        posted_day=Cast("posted_date", CharField()),
        status=Case(When(is_pending=True, then=Value(PENDING)), default=Value(POSTED)),
    )
    stored = {"signed_amount": "units", "txn_date": "day", "posted_date": "posted_day"}
    columns = (stored.get(name, name) for name in FROM_ROW)
    return rows.values_list(*columns, RULE).iterator(chunk_size=ROWS_AT_ONCE)


def _runs_backwards(batch: ImportBatch) -> bool:
    dated = ImportRow.objects.filter(batch=batch, txn_date__isnull=False)
    first = dated.order_by("row_number", "pk").values_list("txn_date", flat=True).first()
    last = dated.order_by("-row_number", "-pk").values_list("txn_date", flat=True).first()
    return first is not None and last is not None and first > last


class _Writer:
    """Turns staged rows into tuples of every stored column of a transaction."""

    def __init__(self, batch: ImportBatch, at: datetime) -> None:
        fields = [
            field
            for field in Transaction._meta.concrete_fields
            if not isinstance(field, GeneratedField)
        ]
        self.columns = [str(field.column) for field in fields]
        places = {field.attname: place for place, field in enumerate(fields)}
        blank = Transaction(
            user_id=batch.user_id,
            account_id=batch.account_id,
            import_batch_id=batch.pk,
            origin=Transaction.Origin.IMPORT,
            signed_amount=Decimal(0),
            fingerprint=0,
            created_at=at,
            updated_at=at,
        )
        self.constants = [
            field.get_db_prep_save(getattr(blank, field.attname), connection) for field in fields
        ]
        folds = [field for field in fields if isinstance(field, FoldedField)]
        self.sources = [
            tuple(FROM_ROW.index(source) for source in field.sources) for field in folds
        ]
        # Every value stands in one of these, one behind the other: key, line, folded, constant.
        names = [KEY, *FROM_ROW, RULE, *(field.attname for field in folds)]
        self.in_order = itemgetter(
            *(
                names.index(name) if name in names else len(names) + place
                for name, place in places.items()
            )
        )

    def values_of(self, key: int, line: tuple[Any, ...]) -> tuple[Any, ...]:
        texts = [
            folded("\n".join([line[source] for source in sources])) for sources in self.sources
        ]
        values: tuple[Any, ...] = self.in_order((key, *line, *texts, *self.constants))
        return values


class _History:
    """Records the category that each row begins with, and who chose it."""

    columns = ("transaction_id", "to_category_id", "by", "rule_id", "actor_id", "created_at")

    def __init__(self, actor: User | None, at: datetime) -> None:
        moment = CategoryChange._meta.get_field("created_at").get_db_prep_save(at, connection)
        self.constants = (actor.pk if actor else None, moment)

    def changes_of(
        self, keys: list[int], lines: list[tuple[Any, ...]]
    ) -> Iterator[tuple[Any, ...]]:
        for key, line in zip(keys, lines, strict=True):
            category_id, source = line[_CATEGORY], line[_SOURCE]
            if category_id is not None:
                by = _BY_SOURCE.get(source, BY_IMPORT)
                rule_id = line[-1] if by == BY_RULE else None
                yield (key, category_id, by, rule_id, *self.constants)


class _SumsOfLines:
    """Adds up whole ten-thousandths, because a hundred thousand Decimals would be slow."""

    def __init__(self, account_id: int) -> None:
        self.account_id = account_id
        # By date as ISO text, the category and, for months, the merchant.
        self.days: dict[tuple[str, int | None], list[int]] = {}
        self.merchants: dict[tuple[str, int | None, str], list[int]] = {}

    def add(self, line: tuple[Any, ...]) -> None:
        merchant, category_id, units, _, day = line[1:6]
        if line[_STATUS] == PENDING:
            return
        by_day = self.days.get((day, category_id))
        if by_day is None:
            by_day = self.days[day, category_id] = [0, 0, 0, 0]
        month = _month_of(day)
        by_merchant = self.merchants.get((month, category_id, merchant))
        if by_merchant is None:
            by_merchant = self.merchants[month, category_id, merchant] = [0, 0, 0, 0]
        for sums in (by_day, by_merchant):
            if units > 0:
                sums[0] += units
            else:
                sums[1] -= units
                sums[3] += 1
            sums[2] += 1

    def take_by_key(self) -> SumsByKey:
        """The sums by key; afterward there are none."""
        account_id = self.account_id
        found: SumsByKey = {}
        # Taken out one by one, so that they are never in memory twice.
        while self.days:
            (day, category_id), units = self.days.popitem()
            found[TotalKey(account_id, date.fromisoformat(day), category_id)] = _as_sums(units)
        while self.merchants:
            (month, category_id, merchant), units = self.merchants.popitem()
            found[TotalKey(account_id, _first_of(month), category_id, merchant)] = _as_sums(units)
        return found


@lru_cache(maxsize=20_000)
def _month_of(day: str) -> str:
    return day[:7]


@lru_cache(maxsize=2_000)
def _first_of(month: str) -> date:
    return date.fromisoformat(f"{month}-01")


def _as_sums(units: list[int]) -> Sums:
    inflow, outflow, *counts = units
    return Sums(_decimal(inflow), _decimal(outflow), *counts)


def _decimal(units: int) -> Decimal:
    return from_units(Units(units)) if units else _NOTHING


def tellings_of(batch: ImportBatch) -> Iterator[Telling]:
    """The file's data for existing transactions, wherever it adds something."""
    telling = _telling_rows(batch)
    for row in telling.select_related("review_item").order_by("pk").iterator(chunk_size=1000):
        yield Telling(
            transaction_id=sure(row.match_id),
            import_batch=batch,
            review_item=getattr(row, "review_item", None),
            **{name: getattr(row, name) for name in _TOLD},
        )


def _telling_rows(batch: ImportBatch) -> QuerySet[ImportRow]:
    known = known_rows(batch)
    has_new_id = ~Q(external_id="") & ~Q(external_id=F("match__external_id"))
    is_booked = ~Q(match__status=Transaction.Status.POSTED) & Q(is_pending=False)
    if batch.format == OWN_FORMAT:
        # Our own export repeats what a person entered, not what the bank says.
        return known.filter(is_booked | Q(is_chosen=True))
    is_entered = ~Q(match__origin__in=(Transaction.Origin.IMPORT, Transaction.Origin.SYNC))
    has_other_words = ~Q(fingerprint=F("match__fingerprint"))
    return known.filter(has_new_id | is_booked | is_entered | has_other_words | Q(is_chosen=True))


def listed_by(batch: ImportBatch) -> QuerySet[ImportRow, Any]:
    """The ids of existing transactions that the file lists as booked. Our own export says only what
    the ledger had.
    """
    known = known_rows(batch)
    if batch.format == OWN_FORMAT:
        known = known.none()
    return known.filter(is_pending=False).values("match")


_TOLD = (
    *("txn_date", "posted_date", "signed_amount", "description", "merchant", "external_id"),
    *("is_pending", "fingerprint"),
)


def known_rows(batch: ImportBatch) -> QuerySet[ImportRow]:
    """The rows of the file that match existing transactions."""
    duplicate = ImportRow.Verdict.DUPLICATE
    return ImportRow.objects.filter(batch=batch, verdict=duplicate, match__isnull=False)


def live_rows(batch: ImportBatch) -> TransactionQuerySet:
    """Transactions the batch added that have not been deleted since."""
    return Transaction.objects.filter(import_batch=batch, deleted_at=None)


def trash_rows(batch: ImportBatch, *, at: datetime) -> tuple[int, SumsByKey]:
    """Move the batch's remaining transactions to the trash. Returns how many, and the change in
    totals.
    """
    lost = merge((sums_in(live_rows(batch)), -1))
    refuse_held(live_rows(batch))
    count = live_rows(batch).update(deleted_at=at, updated_at=at)
    return count, lost
