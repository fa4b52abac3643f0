"""Load the ledger's data for the matcher with a fixed number of queries."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

from django.db import connections
from django.db.models import BigIntegerField, CharField, Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Cast

from banking.limits import (
    ANSWERS_REMEMBERED,
    DISPLACED_WITHIN_DAYS,
    PENDING_DAYS_AFTER,
    PENDING_DAYS_BEFORE,
    TYPED_YEARS_AHEAD,
    TYPED_YEARS_BACK,
)
from transactions.matching.lines import (
    BANK,
    BILL,
    HAND,
    PENDING,
    POSTED,
    REVIEW,
    TRANSFER,
    Alias,
    Held,
    Knowledge,
    Text,
    Verdict,
)
from transactions.matching.words import normalized
from transactions.models import BankLine, ReviewItem, Transaction, Transfer

Origin = Transaction.Origin
_SOURCES = {
    Origin.MANUAL: HAND,
    Origin.BILL: BILL,
    Origin.TRANSFER: TRANSFER,
    Origin.IMPORT: BANK,
    Origin.SYNC: BANK,
}
AT_ONCE = 500
ROWS_IN_A_PIECE = 4000


@dataclass(frozen=True, slots=True)
class Kind:
    """The source of the incoming lines: these import batches, or this sync."""

    batches: frozenset[int] = frozenset()
    source: str = ""

    def has(self, batch_id: int | None, source: str) -> bool:
        if batch_id is not None:
            return batch_id in self.batches
        return bool(source) and source == self.source


@dataclass(frozen=True, slots=True)
class Ledger:
    """The account's transactions near the incoming lines."""

    held: list[Held]
    aliases: list[Alias]


def days_near(first: date, last: date) -> Q:
    """The days on which a transaction may be a line of the days `first` to `last`."""
    first, last = span_near(first, last)
    return Q(txn_date__gte=first, txn_date__lte=last)


def span_near(first: date, last: date) -> tuple[date, date]:
    """The first and the last of these days."""
    return (
        _moved(first, -max(PENDING_DAYS_AFTER, DISPLACED_WITHIN_DAYS)),
        _moved(last, max(PENDING_DAYS_BEFORE, DISPLACED_WITHIN_DAYS)),
    )


@dataclass(frozen=True, slots=True)
class Partners:
    """What an incoming line must have in common with the ledger to be compared with it at all: a
    day near one of its transactions, or their text or ID.
    """

    days: frozenset[int]
    fingerprints: frozenset[int]
    external_ids: frozenset[str]

    @classmethod
    def of(cls, ledger: Ledger) -> "Partners":
        reach = max(PENDING_DAYS_BEFORE, PENDING_DAYS_AFTER, DISPLACED_WITHIN_DAYS)
        known: list[Held | Alias] = [*ledger.held, *ledger.aliases]
        return cls(
            days=frozenset(
                day + off
                for day in {held.day for held in ledger.held}
                for off in range(-reach, reach + 1)
            ),
            fingerprints=frozenset(one.fingerprint for one in known),
            external_ids=frozenset(one.external_id for one in known) - {""},
        )

    def may_include(self, day: int, fingerprint: int, external_id: str) -> bool:
        """Whether one of them may be the line's."""
        return (
            day in self.days or fingerprint in self.fingerprints or external_id in self.external_ids
        )


def read_ledger(
    account_id: int,
    *,
    first: date,
    last: date,
    external_ids: QuerySet | Collection[str],
    kind: Kind,
    apart_from: Collection[int] = (),
    in_pieces: bool = False,
) -> Ledger:
    """The live transactions around the days `first` to `last`, and on any day those with one of the
    IDs. Read `in_pieces`, many wait in the database meanwhile.
    """
    live = Transaction.objects.filter(account_id=account_id, deleted_at=None)
    near = live.filter(days_near(first, last))
    lines = BankLine.objects.filter(account_id=account_id, transaction__deleted_at=None)
    told = list(lines.filter(transaction__in=near).order_by().values_list(*_ALIAS))
    reader = _HeldReader(kind, frozenset(apart_from), in_pieces=in_pieces)
    reader.read(near, told)
    if isinstance(external_ids, QuerySet) or external_ids:
        told += reader.read_named(live, lines, external_ids)
    # An announcement is comparable only while the payment is pending: the booked line is still to
    # come.
    still_pending = {line.pk for line in reader.held if line.status == PENDING}
    aliases = [
        Alias(
            pk,
            fingerprint,
            external_id,
            is_kin=kind.has(batch_id, source) and (not is_pending or pk in still_pending),
            is_pending=is_pending,
        )
        for pk, fingerprint, external_id, batch_id, source, is_pending in told
    ]
    waiting, compared = _open_questions(account_id, kind)
    return Ledger([*_with_disputes(reader.held, compared), *waiting], aliases)


class _HeldReader:
    """Reads transactions into `held`, each once, and none of those `apart_from`."""

    def __init__(self, kind: Kind, apart_from: frozenset[int], *, in_pieces: bool) -> None:
        self.held: list[Held] = []
        self._keys: set[int] = set()
        self._apart_from = apart_from
        self._rows = rows_in_pieces if in_pieces else raw_rows
        self._is_kin = lru_cache(maxsize=None)(lambda batch_id: kind.has(batch_id, ""))

    def read(self, rows: QuerySet, told: Iterable[tuple]) -> None:
        """Read `rows`, which `told` says the bank has listed too."""
        listed = {pk for pk, *_, is_pending in told if not is_pending}
        for pk, units, on, fingerprint, external_id, status, origin, batch_id in self._rows(
            _values(rows)
        ):
            if pk in self._keys:
                continue
            self._keys.add(pk)
            if pk not in self._apart_from:
                source = BANK if pk in listed else _SOURCES[origin]
                day, is_kin = ordinal(on), self._is_kin(batch_id)
                self.held.append(
                    Held(pk, units, day, fingerprint, external_id, status, source, is_kin)
                )

    def read_named(
        self, live: QuerySet, lines: QuerySet, ids: QuerySet | Collection[str]
    ) -> list[tuple]:
        """Read those with one of the bank's IDs, or that such a line tells of. Returns the lines of
        transactions that were not read before.
        """
        told = [line for line in _aliases_with_ids(lines, ids) if line[0] not in self._keys]
        named = live.exclude(external_id="")
        for some in _in_parts(ids):
            self.read(named.filter(external_id__in=some), told)
        if unread := {line[0] for line in told} - self._keys:
            self.read(live.filter(pk__in=unread), told)
        return told


def _open_questions(account_id: int, kind: Kind) -> tuple[list[Held], list[tuple[int, int]]]:
    """Lines with an open question, under negative keys, so that nobody is asked twice; and the
    keys of the two that each question compares.
    """
    items = ReviewItem.objects.open().filter(account_id=account_id, unlisted=None)
    with_units = items.annotate(units=Cast("signed_amount", BigIntegerField()))
    columns = ("pk", "units", "txn_date", "fingerprint", "external_id", "is_pending")
    origins = ("import_row__batch_id", "source", "entered_id")
    # Of an announcement and its booking with one ID, the booking is found by it.
    rows = with_units.order_by("-is_pending", "pk")
    waiting: list[Held] = []
    compared: list[tuple[int, int]] = []
    for row in rows.values_list(*columns, *origins, "candidate_id", "reason"):
        pk, units, on, fingerprint, external_id, is_pending, batch_id, source, entered, *asked = row
        if asked[0] is not None:
            compared.append((entered or -pk, asked[0]))
        if entered is not None:
            continue
        line = Held(
            *(-pk, units, on.toordinal(), fingerprint, external_id),
            PENDING if is_pending else POSTED,
            BANK,
            kind.has(batch_id, source),
            Verdict(REVIEW, *asked) if is_pending else None,
        )
        waiting.append(line)
    return waiting, compared


def _with_disputes(held: list[Held], compared: list[tuple[int, int]]) -> list[Held]:
    """The entries that are compared with a line of the bank, posted or waiting, say so."""
    asked = {pk for pair in compared for pk in pair}
    sources = {line.pk: line.source for line in held if line.pk in asked} if asked else {}
    disputed = {
        pk
        for pair in compared
        for pk, other in (pair, pair[::-1])
        if sources.get(pk, BANK) != BANK and (other < 0 or sources.get(other) == BANK)
    }
    if not disputed:
        return held
    return [line._replace(is_disputed=True) if line.pk in disputed else line for line in held]


_ALIAS = (
    *("transaction_id", "fingerprint", "external_id", "import_batch_id", "source"),
    "is_pending",
)


def _values(rows: QuerySet) -> QuerySet:
    columns = ("pk", "units", "day", "fingerprint", "external_id", "status", "origin")
    # As text, because both drivers turn each date into an object of its own otherwise.
    with_units = rows.annotate(
        units=Cast("signed_amount", BigIntegerField()), day=Cast("txn_date", CharField())
    ).order_by()
    return with_units.values_list(*columns, "import_batch_id")


def raw_rows(rows: QuerySet) -> Iterator[tuple]:
    """The values_list as the database driver returns it, which is much faster for many rows.

    Only for columns that every driver returns alike; dates as text through `ordinal`.
    """
    sql, params = rows.query.sql_with_params()
    with connections[rows.db].cursor() as cursor:
        cursor.execute(sql, params)
        while some := cursor.fetchmany(AT_ONCE):
            yield from some


def rows_in_pieces(rows: QuerySet) -> Iterator[tuple]:
    """As `raw_rows`, but a large result waits in the database instead of in this process."""
    connection = connections[rows.db]
    is_pooled = connection.settings_dict.get("DISABLE_SERVER_SIDE_CURSORS")
    sql, params = rows.query.sql_with_params()
    with connection.cursor() if is_pooled else connection.chunked_cursor() as cursor:
        cursor.execute(sql, params)
        while some := cursor.fetchmany(ROWS_IN_A_PIECE):
            yield from some


@lru_cache(maxsize=100_000)
def ordinal(on: str) -> int:
    """An ISO date as an ordinal number."""
    return date.fromisoformat(on).toordinal()


def _aliases_with_ids(lines: QuerySet, ids: QuerySet | Collection[str]) -> list[tuple]:
    named = lines.exclude(external_id="").order_by()
    return [
        row
        for batch in _in_parts(ids)
        for row in named.filter(external_id__in=batch).values_list(*_ALIAS)
    ]


def _in_parts(ids: QuerySet | Collection[str]) -> Iterator[Any]:
    """A query unchanged; a list in chunks that one statement can hold."""
    if isinstance(ids, QuerySet):
        yield ids
        return
    listed = sorted(set(ids) - {""})
    for start in range(0, len(listed), AT_ONCE):
        yield listed[start : start + AT_ONCE]


def _moved(on: date, days: int) -> date:
    """The date moved by this many days, limited to valid dates."""
    ordinal = on.toordinal() + days
    return date.fromordinal(min(max(ordinal, 1), date.max.toordinal()))


def texts_of_held(pks: Iterable[int]) -> dict[int, Text]:
    """The texts of held transactions: the bank's text, the payee, and for transfers the other
    account.
    """
    pks = list(pks)
    waiting = ReviewItem.objects.filter(pk__in=[-pk for pk in pks if pk < 0])
    texts = {-pk: Text(text) for pk, text in waiting.values_list("pk", "description")}
    for batch in parts_of([pk for pk in pks if pk > 0]):
        rows = Transaction.objects.filter(pk__in=batch)
        for pk, description, merchant in rows.values_list("pk", "description", "merchant"):
            texts[pk] = Text(description, merchant)
        for pk, name in _other_sides(batch):
            texts[pk] = texts[pk]._replace(others=f"{texts[pk].others}\n{name}")
    return texts


def _other_sides(pks: Sequence[int]) -> Iterator[tuple[int, str]]:
    """The name of the other account of each confirmed transfer."""
    pairs = Transfer.objects.filter(status=Transfer.Status.CONFIRMED).order_by()
    for mine, other in (("outflow", "inflow"), ("inflow", "outflow")):
        sides = pairs.filter(**{f"{mine}_transaction__in": pks})
        name = f"{other}_transaction__account__name"
        yield from sides.values_list(f"{mine}_transaction_id", name)


def parts_of(keys: list[int]) -> Iterator[list[int]]:
    """The keys in chunks that one statement can hold."""
    return (keys[start : start + AT_ONCE] for start in range(0, len(keys), AT_ONCE))


def knowledge_of(
    account_id: int,
    *,
    on: date,
    covers: tuple[date, date] | None,
    ids_are_reliable: bool = False,
    withdrawn: Iterable[int] = (),
    entry: int | None = None,
) -> Knowledge:
    """Earlier decisions about this account's lines, and the plausible dates as of `on`.

    Uses the latest ANSWERS_REMEMBERED answers. An answer about a manual entry holds for that entry
    (`entry`) alone: a line of the bank with its date and words may well be another payment. Nor
    does an answer about such a line hold for the entry, unless the line became it.
    """
    about = Q(entered=None) if entry is None else Q(entered=None) | Q(entered=entry)
    decided = ReviewItem.objects.filter(about, account_id=account_id)
    columns = (
        *("status", "fingerprint", "candidate_id", "told_apart", "description"),
        *("candidate_description", "is_pending", "entered_id", "posted_id"),
    )
    posted = decided.exclude(posted=None).filter(status=ReviewItem.Status.DIFFERENT)
    if entry is None:
        told = BankLine.objects.filter(transaction=OuterRef("candidate"), is_pending=False)
        is_listed = Q(candidate__origin__in=(Origin.IMPORT, Origin.SYNC)) | Exists(told)
        posted = posted.filter(is_listed)
    else:
        posted = posted.filter(candidate=entry)
    different: set[tuple[int, bool, int]] = set()
    wordings: set[tuple[str, str]] = set()
    # And the reverse: the candidate, if the bank lists it, is not the transaction that the answer
    # posted.
    reverse = ("candidate__fingerprint", "candidate__status", "posted_id")
    for fingerprint, status, pk in posted.order_by("-pk").values_list(*reverse)[
        :ANSWERS_REMEMBERED
    ]:
        different.add((fingerprint, status == PENDING, pk))
    latest = decided.order_by("-pk").values_list(*columns)[:ANSWERS_REMEMBERED]
    for status, fingerprint, candidate, apart, ours, theirs, is_pending, *became in latest:
        if status == ReviewItem.Status.SAME:
            became.append(candidate)
            if theirs:
                wordings.add((normalized(ours), normalized(theirs)))
        if entry is not None and entry not in became:
            continue
        different.update((fingerprint, is_pending, pk) for pk in apart)
        if status == ReviewItem.Status.DIFFERENT and candidate is not None:
            different.add((fingerprint, is_pending, candidate))
    first, last = (day.toordinal() for day in covers) if covers else (0, 0)
    return Knowledge(
        different=frozenset(different),
        wordings=frozenset(wordings),
        covers=(first, last) if covers else None,
        ids_are_reliable=ids_are_reliable,
        earliest=on.toordinal() - round(TYPED_YEARS_BACK * 365.25),
        latest=(on + timedelta(days=round(TYPED_YEARS_AHEAD * 365.25))).toordinal(),
        withdrawn=frozenset(withdrawn),
    )


def texts_by(read: Callable[[list[int]], Mapping[int, Text]]) -> Callable[[Iterable[int]], dict]:
    """A function that loads texts in chunks."""

    def texts(keys: Iterable[int]) -> dict[int, Text]:
        return {key: text for batch in parts_of(list(keys)) for key, text in read(batch).items()}

    return texts
