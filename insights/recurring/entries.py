"""The transactions searched for recurring payments: few columns, few queries, bounded.

For a merchant with more entries than any contract has, only the newest months are read, as long as
they hold at most two contracts' worth of entries in each direction. A merchant with that many in
half a year (a shop's till) is counted in the database and left out, so a hundred thousand sales
cost one grouping query and no reads. The result for a day does not depend on how far back the
search goes.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, timedelta
from functools import lru_cache, reduce
from operator import or_
from typing import Any, NamedTuple

from django.db.models import BigIntegerField, CharField, Count, Q, QuerySet, Sum
from django.db.models.functions import Cast

from accounts.models import Account
from banking.kernel.money import Units
from banking.kernel.periods import add_months, first_of_month
from banking.kernel.read_together import read_together
from banking.kernel.written_once import Asked, WrittenOnce
from insights.recurring.patterns import MOST_OF_ONE_MERCHANT
from transactions.matching.reading import ordinal, raw_rows
from transactions.matching.words import normalized
from transactions.models import ENTERED_AHEAD, Category, MerchantTotal, Transaction
from transactions.rules.merchants import clean_merchant
from users.timezones import local_date

# How far back the search for recurring payments goes.
LOOKBACK_MONTHS = 25
MOST_READ_OF_ONE = 2 * MOST_OF_ONE_MERCHANT
# At most this many entries of busy merchants are read, and only if this many months fit.
MOST_BUSY = 8
LEAST_MONTHS = 6
# Sixteen a day, not counting shops with a till of their own.
MOST_LINES = 12_000
# The two sides of a transfer are at most this many days apart.
TRANSFER_DAYS = 4
LONGEST_KEY = 120
_SAYS_NOTHING = re.compile(
    r"jan(uary)?|feb(ruary)?|mar(ch)?|apr(il)?|may|june?|july?|aug(ust)?|sept?(ember)?"
    r"|oct(ober)?|nov(ember)?|dec(ember)?|com|www|inc|ltd|llc|gmbh|plc|.*\d.*"
)


class Entry(NamedTuple):
    """One posted transaction: its day as an ordinal, its signed amount in ten-thousandths.

    `name` is the payee; `key` is the payee's significant words.
    """

    pk: int
    account_id: int
    day: int
    amount: Units
    key: str
    name: str
    category_id: int | None
    is_transfer: bool


class Ahead(NamedTuple):
    """A future-dated transaction, and the day (an ordinal) on which it was entered.

    If posted, which only a bank feed does, it is already in today's balance.
    """

    entry: Entry
    known_on: int
    is_posted: bool


# The columns an Entry is read from.
_READ = ("id", "account_id", "day", "raw", "merchant", "description", "category_id")


def load_entries(
    accounts: Sequence[Account], *, after: date, until: date, with_transfers: bool = False
) -> list[Entry]:
    """The posted transactions of `accounts` after one day and before another, oldest first.

    Only the newest months of busy merchants, or none; at most the newest MOST_LINES.
    """
    if not accounts:
        return []
    rows = Transaction.objects.filter(deleted_at=None).posted()
    if not with_transfers:
        rows = rows.filter(Q(category=None) | ~Q(category__kind=Category.Kind.TRANSFER))
    left_out, tills = _beyond(rows, accounts, after, until)
    read = (
        _raw(rows.filter(_within_reach(accounts, tills, after, until)).exclude(left_out))
        # By the day as text, which no index has: by one, everybody's rows would be looked at.
        .order_by("-day", "-id")
        .values_list(*_READ, "category__kind")[:MOST_LINES]
    )
    return _entries(raw_rows(read))[::-1]


def load_ahead(
    accounts: Sequence[Account], *, days: Collection[date], ahead: int, timezone: str
) -> list[Ahead]:
    """Transactions entered by the end of one of these days for the `ahead` days after it.

    Oldest first and complete: these are facts, not evidence of a habit. For the last of `days`, all
    later-dated transactions are included; a planned one that could not post on its day is expected
    on the next day.
    """
    asked = asking_ahead(accounts, days, ahead)
    read = sorted((row for one in asked for row in one.rows()), key=_in_order)
    last = max(days).toordinal()
    # {the day of a forecast: the last day that it looks at}.
    reach = {on.toordinal(): on.toordinal() + ahead for on in days} | {last: date.max.toordinal()}
    return [
        line
        for line in _ahead(read, last, timezone)
        if not line.is_posted
        or any(line.known_on <= on < line.entry.day <= until for on, until in reach.items())
    ]


def _by_day(rows: QuerySet[Transaction]) -> QuerySet[Transaction, tuple[Any, ...]]:
    columns = (*_READ, "category__kind", "status", "created_at")
    return _raw(rows).order_by("txn_date", "id").values_list(*columns)


def _in_order(row: tuple[Any, ...]) -> tuple[str, int]:
    return row[_READ.index("day")], row[_READ.index("id")]


def _with_status(account_ids: Collection[int], status: str) -> QuerySet[Transaction]:
    return Transaction.objects.filter(account_id__in=account_ids, deleted_at=None, status=status)


# Three statements, as no index serves alternatives of different status.
_PLANNED = WrittenOnce(
    lambda account_ids, last: _by_day(
        _with_status(account_ids, Transaction.Status.PLANNED).filter(txn_date__lte=last)
    )
)
_POSTED = WrittenOnce(
    lambda account_ids, after: _by_day(
        _with_status(account_ids, Transaction.Status.POSTED).filter(txn_date__gt=after)
    )
)
_POSTED_SINCE = WrittenOnce(
    lambda account_ids, after, last: _by_day(
        _with_status(account_ids, Transaction.Status.POSTED).filter(
            ENTERED_AHEAD, txn_date__gt=after, txn_date__lte=last
        )
    )
)


def asking_ahead(accounts: Iterable[Account], days: Collection[date], ahead: int) -> list[Asked]:
    """What `load_ahead` reads, and a little more of what was posted."""
    ids = {account.pk for account in accounts}
    first, last = min(days), max(days)
    asked = [_PLANNED.asking(ids, last + timedelta(days=ahead)), _POSTED.asking(ids, last)]
    return [*asked, _POSTED_SINCE.asking(ids, first, last)] if first < last else asked


def _ahead(read: Sequence[tuple[Any, ...]], today: int, timezone: str) -> list[Ahead]:
    """These rows, a planned one of an earlier day on the day after `today`."""
    found = []
    for entry, row in zip(_entries(row[:-2] for row in read), read, strict=True):
        is_posted = row[-2] == Transaction.Status.POSTED
        kept = entry if is_posted else entry._replace(day=max(entry.day, today + 1))
        found.append(Ahead(kept, local_date(timezone, row[-1]).toordinal(), is_posted))
    return found


def _raw(rows: QuerySet) -> QuerySet:
    """With amounts and days as every driver returns them."""
    return rows.annotate(
        raw=Cast("signed_amount", BigIntegerField()), day=Cast("txn_date", CharField())
    )


def _entries(read: Iterable[tuple]) -> list[Entry]:
    names: dict[tuple[str, str], tuple[str, str]] = {}
    found = []
    for pk, account, on, raw, merchant, text, category, kind in read:
        words = (merchant, "" if merchant else text)
        if words not in names:
            name = shown_name(*words)
            names[words] = (merchant_key(name), name)
        is_transfer = kind == Category.Kind.TRANSFER
        found.append(Entry(pk, account, ordinal(on), raw, *names[words], category, is_transfer))
    return found


def _totals(account_ids: Collection[int], first: date, last: date) -> QuerySet[MerchantTotal]:
    rows = MerchantTotal.objects.filter(account_id__in=account_ids, month__range=(first, last))
    return rows.order_by()


# The merchants with more rows than are read, and how many.
_BUSY = WrittenOnce(
    lambda account_ids, first, last: (
        _totals(account_ids, first, last)
        .values_list("account_id", "merchant")
        .annotate(count=Sum("transaction_count"))
        .filter(count__gt=MOST_READ_OF_ONE)
        .order_by("count", "account_id", "merchant")
    )
)
# The rows of each month of merchants of these names, newest first.
_MONTHS = WrittenOnce(
    lambda account_ids, first, last, names: (
        _totals(account_ids, first, last)
        .filter(merchant__in=names)
        .order_by("-month")
        .values_list("account_id", "merchant", "month")
        .annotate(count=Sum("transaction_count"))
    )
)
# How many merchants each account has.
_MERCHANTS = WrittenOnce(
    lambda account_ids, first, last: (
        _totals(account_ids, first, last)
        .values_list("account_id")
        .annotate(count=Count("merchant", distinct=True))
    )
)


def asking_busy(accounts: Iterable[Account], until: date) -> Asked:
    """The busy merchants of the months until that day, which `load_entries` reads first."""
    since = first_of_month(add_months(until, -LOOKBACK_MONTHS))
    return _BUSY.asking({account.pk for account in accounts}, since, until)


def _asking_months(
    accounts: Iterable[Account], busy: Sequence[tuple[int, str]], until: date
) -> Asked:
    since = first_of_month(add_months(until, -LOOKBACK_MONTHS))
    names = {name for _account, name in busy[:MOST_BUSY]}
    return _MONTHS.asking({account.pk for account in accounts}, since, until, names)


def _beyond(
    rows: QuerySet, accounts: Sequence[Account], after: date, until: date
) -> tuple[Q, dict[int, date | None]]:
    """Transactions of busy merchants older than the months that are read; without a merchant (only
    words), all of them. And the accounts with no other merchants, as `_tills` gives them.
    """
    busy = [(account, name) for account, name, _count in asking_busy(accounts, until).rows()]
    unnamed = [account for account, name in busy if not name]
    named = [(account, name) for account, name in busy if name]
    if named:
        read_together(
            _asking_months(accounts, named, until),
            _MERCHANTS.asking({pk for pk, _name in named}, first_of_month(after), until),
        )
    first = _first_months(accounts, named, until) if named else {}
    tills = _tills(first, after, until)
    left_out = [
        Q(account_id=account, merchant=name)
        & (Q() if first[account, name] is None else Q(txn_date__lt=first[account, name]))
        for account, name in named
        if account not in tills or tills[account]
    ]
    if unnamed:
        worded = (
            rows.filter(
                account_id__in=unnamed,
                merchant="",
                txn_date__gt=max(after, add_months(until, -LOOKBACK_MONTHS)),
                txn_date__lte=until,
            )
            .order_by()
            .values("account_id", "description")
            .annotate(count=Count("id"))
            .filter(count__gt=MOST_READ_OF_ONE)
            .values_list("account_id", "description")
        )
        left_out += [
            Q(account_id=account, merchant="", description=text) for account, text in worded
        ]
    return reduce(or_, left_out, Q(pk__in=[])), tills


def _tills(
    first: Mapping[tuple[int, str], date | None], after: date, until: date
) -> dict[int, date | None]:
    """{account with busy merchants only: the first month that is read of any, or None}.

    `first` are the busy merchants. So the database need not look at a till's every row.
    """
    by_account: dict[int, list[date | None]] = {}
    for (account, _name), month in first.items():
        by_account.setdefault(account, []).append(month)
    if not by_account:
        return {}
    merchants = _MERCHANTS.rows(set(by_account), first_of_month(after), until)
    return {
        account: min((month for month in by_account[account] if month), default=None)
        for account, count in merchants
        if count == len(by_account[account])
    }


def _within_reach(
    accounts: Sequence[Account], tills: Mapping[int, date | None], after: date, until: date
) -> Q:
    """The rows that can be read at all. Each alternative has all it needs for the accounts' index:
    databases would take days that they share for the index of everybody's rows.
    """
    others = [account.pk for account in accounts if account.pk not in tills]
    return reduce(
        or_,
        (
            Q(account_id=account, txn_date__gte=month, txn_date__lte=until)
            for account, month in tills.items()
            if month  # Never before `after`: what is read of a busy merchant is not all of it.
        ),
        Q(account_id__in=others, txn_date__gt=after, txn_date__lte=until),
    )


def _first_months(
    accounts: Iterable[Account], busy: Sequence[tuple[int, str]], until: date
) -> dict[tuple[int, str], date | None]:
    """For each merchant, the first of its newest months that are read; None if those are few."""
    held: dict[tuple[int, str], int] = dict.fromkeys(busy[:MOST_BUSY], 0)
    first: dict[tuple[int, str], date] = {}
    for account, name, month, count in _asking_months(accounts, busy, until).rows():
        one = (account, name)
        if one in held:
            held[one] += count
            if held[one] <= MOST_READ_OF_ONE:
                first[one] = month
    enough = add_months(first_of_month(until), 1 - LEAST_MONTHS)
    return {
        merchant: first[merchant] if first.get(merchant, until) <= enough else None
        for merchant in busy
    }


def shown_name(merchant: str, description: str) -> str:
    """The payee as shown to a person."""
    return merchant or clean_merchant(description) or description


# Every search reads the same names again, and every bill's is compared with each payment's.
@lru_cache(maxsize=4096)
def merchant_key(name: str) -> str:
    """The payee's significant words: without numbers, months and legal forms."""
    words = normalized(name).split()
    telling = [word for word in words if not _SAYS_NOTHING.fullmatch(word)]
    return " ".join(telling or words)[:LONGEST_KEY]


def by_merchant(entries: Iterable[Entry]) -> dict[tuple[int, str, bool], list[Entry]]:
    """{(account, merchant's key, money in): its entries, oldest first}, at most the newest ones."""
    groups: dict[tuple[int, str, bool], list[Entry]] = {}
    for entry in entries:
        if entry.key:
            groups.setdefault((entry.account_id, entry.key, entry.amount > 0), []).append(entry)
    return {key: lines[-MOST_READ_OF_ONE:] for key, lines in groups.items()}


def opposite_sides(entries: Iterable[Entry], *, apart: int = TRANSFER_DAYS) -> set[int]:
    """Transfers whose other side is also among these entries, at most a few days apart."""
    waiting: dict[int, list[Entry]] = {}
    matched: set[int] = set()
    for entry in entries:
        if not entry.is_transfer:
            continue
        others = waiting.setdefault(abs(entry.amount), [])
        for other in others:
            is_pair = other.amount == -entry.amount and other.account_id != entry.account_id
            if is_pair and entry.day - other.day <= apart:
                others.remove(other)
                matched |= {entry.pk, other.pk}
                break
        else:
            others.append(entry)
    return matched
