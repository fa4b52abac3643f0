"""The data behind a forecast: read once in a fixed number of queries, then sliced by date in
memory.

Covered accounts hold spending money: checking, savings and cash, minus credit card debt (a card
purchase counts on its own day, not when the card is paid). Loans and investments are not covered:
transfers to them are expenses, while transfers between covered accounts do not count.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from django.db.models import BigIntegerField, Exists, OuterRef, Q, QuerySet, Sum
from django.db.models.functions import Cast

from accounts.exchange import Rate, RateTable
from accounts.models import Account
from banking.kernel.money import Units, to_units
from banking.kernel.periods import add_months
from banking.kernel.read_together import read_together
from banking.kernel.written_once import Asked, WrittenOnce
from banking.limits import FORECAST_HISTORY_DAYS
from bills.models import Bill
from bills.recurrence import occurrence_date
from insights.figures.coverage import Coverage
from insights.recurring.entries import (
    LOOKBACK_MONTHS,
    Ahead,
    Entry,
    asking_ahead,
    asking_busy,
    load_ahead,
    load_entries,
)
from insights.recurring.recurring import DISMISSED, dismissed_keys
from insights.recurring.recurring_bills import (
    ANSWERS,
    Answers,
    BillTerms,
    KnownBills,
    answers_of,
)
from transactions.models import DailyTotal
from users.models import User
from users.timezones import local_date, today_in

HORIZONS = (30, 60, 90)
COVERED = (
    Account.Type.CHECKING,
    Account.Type.SAVINGS,
    Account.Type.CASH,
    Account.Type.CREDIT_CARD,
)


@dataclass(frozen=True, slots=True)
class BillFact(BillTerms):
    """One occurrence of a bill, with the days on which it became known and was settled."""

    series_start: date
    sequence: int
    is_remainder: bool
    payment_id: int | None
    known_on: date
    settled_on: date | None
    is_deleted: bool

    @property
    def repeats(self) -> bool:
        return self.recurrence != Bill.Recurrence.NONE

    def is_known(self, on: date) -> bool:
        return self.known_on <= on

    def is_open(self, on: date) -> bool:
        """Whether it was planned and unsettled at the end of that day."""
        return self.is_known(on) and (self.settled_on is None or self.settled_on > on)

    def is_settled(self, on: date) -> bool:
        """Whether it was paid or skipped by the end of that day."""
        return self.is_known(on) and not self.is_deleted and not self.is_open(on)


@dataclass(frozen=True, slots=True)
class Ledger:
    """The covered accounts' money by day, up to `on`, in each account's own currency.

    Amounts are whole ten-thousandths. `daily` begins with the year before the first forecast; an
    account with earlier entries has nothing on the day before that. `balances` are the stored ones:
    today's money, including what a bank already posted for later days; `on` may be a past day.
    `ahead` holds future-dated transactions that were entered by `on` or an earlier day.
    """

    on: date
    is_today: bool
    currency: str
    accounts: tuple[Account, ...]
    balances: Mapping[int, Units]
    daily: Mapping[int, Mapping[int, int]]
    entries: tuple[Entry, ...]
    ahead: tuple[Ahead, ...]
    bills: tuple[BillFact, ...]
    dismissed: frozenset[tuple[int, str, bool]]
    answers: Answers
    rates: RateTable

    def known_bills(self, on: date) -> KnownBills:
        """The bills open on that day, the payments of others, and the person's answers."""
        openly: dict[UUID, BillTerms] = {}
        for bill in self.bills:
            if bill.is_open(on) and not bill.is_deleted:
                openly.setdefault(bill.series, bill)
        settled = {bill.payment_id: bill.series for bill in self.bills if bill.payment_id}
        return KnownBills(openly, settled, self.answers)

    def rate(self, account: Account, on: date) -> Rate | None:
        return self.rates.rate(account.currency, on)

    def first_day(self, accounts: Iterable[Account]) -> int | None:
        """The ordinal of the earliest day with an entry on these accounts."""
        firsts = [min(days) for account in accounts if (days := self.daily.get(account.pk))]
        return min(firsts, default=None)

    def balance_on(self, account: Account, day: int) -> Units:
        """Today's balance, or the balance at the end of an earlier day, computed backward."""
        today = self.on.toordinal()
        if self.is_today and day >= today:
            return self.balances[account.pk]
        counted = sum(
            line.entry.amount
            for line in self.ahead
            if line.is_posted
            and line.entry.account_id == account.pk
            and line.known_on <= today < line.entry.day
        )
        later = self.daily.get(account.pk, {})
        since = sum(net for on, net in later.items() if day < on <= today)
        return Units(self.balances[account.pk] - counted - since)


def load_ledger(
    *,
    coverage: Coverage,
    currency: str,
    on: date,
    origins: Iterable[date],
    with_past: bool = True,
    more: Iterable[Asked] = (),
) -> Ledger:
    """Load all data for forecasts made on `on` and on the days in `origins`, and read `more` ahead.

    Without the past, `daily` has only the days after `on`: what is expected needs no more.
    """
    accounts = tuple(
        account
        for account in coverage.accounts
        if account.is_active and account.account_type in COVERED
    )
    days = sorted({on, *origins})
    after = add_months(days[0], -LOOKBACK_MONTHS)
    since = days[0] - timedelta(days=FORECAST_HISTORY_DAYS) if with_past else on
    asked = _asking_daily(accounts, since)
    read_together(
        *asked,
        _asking_bills(coverage.user, days[0]),
        DISMISSED.asking(coverage.user.pk),
        ANSWERS.asking(coverage.user.pk),
        asking_busy(accounts, on),
        *asking_ahead(accounts, days, HORIZONS[-1]),
        *more,
    )
    sums = _daily_sums(*asked, since)
    ahead = load_ahead(accounts, days=days, ahead=HORIZONS[-1], timezone=coverage.user.timezone)
    unknown = _not_written_yet(sums, ahead, on)
    bills = _bills(coverage.user, days[0])
    currencies = {account.currency for account in accounts} | {bill.currency for bill in bills}
    return Ledger(
        on=on,
        is_today=on >= today_in(coverage.user.timezone),
        currency=currency,
        accounts=accounts,
        balances={
            account.pk: Units(to_units(account.balance) + unknown.get(account.pk, 0))
            for account in accounts
        },
        daily=sums,
        entries=tuple(load_entries(accounts, after=after, until=on, with_transfers=True)),
        ahead=tuple(ahead),
        bills=bills,
        dismissed=frozenset(dismissed_keys(coverage)),
        answers=answers_of(coverage.user),
        rates=RateTable.for_dates(currencies, currency, days),
    )


def _not_written_yet(
    sums: Mapping[int, Mapping[int, int]], ahead: Iterable[Ahead], on: date
) -> dict[int, int]:
    """{account: what to subtract from its stored balance}: later-dated entries
    recorded after `on`.
    """
    today = on.toordinal()
    off = {
        pk: -sum(net for day, net in net_by_day.items() if day > today)
        for pk, net_by_day in sums.items()
    }
    for line in ahead:
        if line.is_posted and line.known_on <= today < line.entry.day:
            off[line.entry.account_id] += line.entry.amount
    return off


_SUMS = WrittenOnce(
    lambda account_ids, after: (
        DailyTotal.objects.filter(account_id__in=account_ids, day__gt=after)
        .order_by()
        .values_list("account_id", "day")
        .annotate(
            inflow=Sum(Cast("inflow", BigIntegerField())),
            outflow=Sum(Cast("outflow", BigIntegerField())),
        )
    )
)


# Accounts with entries until a day. Each of the totals' two indexes has a part of them, so each is
# asked.
_EARLIER: WrittenOnce[int] = WrittenOnce(
    lambda account_ids, last: (
        Account.objects.filter(
            Exists(_totals_until(last).filter(category=None))
            | Exists(_totals_until(last).exclude(category=None)),
            pk__in=account_ids,
        )
        .order_by()
        .values_list("pk", flat=True)
    )
)


def _totals_until(last: date) -> QuerySet[DailyTotal]:
    return DailyTotal.objects.filter(account=OuterRef("pk"), day__lte=last)


def _asking_daily(accounts: Iterable[Account], since: date) -> tuple[Asked, Asked]:
    """The nets after the day `since`, and which accounts have entries until then."""
    ids = {account.pk for account in accounts}
    return _SUMS.asking(ids, since), _EARLIER.asking(ids, since)


def _daily_sums(asked: Asked, earlier: Asked, since: date) -> dict[int, dict[int, int]]:
    """{account: {day: net}} from the daily totals; nothing on the day `since` for earlier ones."""
    sums = {account_id: {since.toordinal(): 0} for account_id in earlier.rows()}
    for account_id, on, inflow, outflow in asked.rows():
        sums.setdefault(account_id, {})[on.toordinal()] = int(inflow - outflow)
    return sums


# The currencies of a person's bills.
BILLED_IN: WrittenOnce[str] = WrittenOnce(
    lambda user_id: (
        Bill.objects.filter(user_id=user_id)
        .order_by()
        .values_list("currency", flat=True)
        .distinct()
    )
)
_BILLS = WrittenOnce(
    lambda user_id, since: Bill.objects.filter(
        Q(paid_at=None, skipped_at=None) | Q(due_date__gte=since) | Q(paid_on__gte=since),
        user_id=user_id,
    ).order_by("due_date", "id")
)


def _asking_bills(user: User, since: date) -> Asked:
    """The user's bills that are open, or were on that day; earlier ones tell which payments settled
    a bill.
    """
    return _BILLS.asking(user.pk, add_months(since, -LOOKBACK_MONTHS))


def _bills(user: User, since: date) -> tuple[BillFact, ...]:
    """Those bills; ones in the trash are flagged."""
    facts = []
    for bill in _asking_bills(user, since).rows():
        skipped = bill.skipped_at and local_date(user.timezone, bill.skipped_at)
        settled_on = bill.paid_on or skipped
        facts.append(
            BillFact(
                pk=bill.pk,
                name=bill.biller_name,
                amount=bill.amount_due,
                currency=bill.currency,
                account_id=bill.account_id,
                category_id=bill.category_id,
                due_date=bill.due_date,
                series=bill.series,
                series_start=bill.series_start,
                sequence=bill.sequence,
                recurrence=bill.recurrence,
                is_remainder=bill.remainder_of_id is not None,
                payment_id=bill.payment_id,
                known_on=local_date(user.timezone, bill.created_at),
                settled_on=settled_on,
                is_deleted=bill.deleted_at is not None,
            )
        )
    return tuple(facts)


def expected_bills(ledger: Ledger, on: date, until: date) -> list[tuple[BillFact, date]]:
    """Open bills on the date `on` and their future occurrences, by date.

    Overdue bills are expected tomorrow.
    """
    found: list[tuple[BillFact, date]] = []
    last: dict[UUID, BillFact] = {}
    tomorrow = date.fromordinal(on.toordinal() + 1)
    for bill in ledger.bills:
        if not bill.is_known(on):
            continue
        if not bill.is_deleted and bill.is_open(on) and bill.due_date <= until:
            found.append((bill, max(bill.due_date, tomorrow)))
        if not bill.is_remainder and bill.sequence >= getattr(
            last.get(bill.series), "sequence", -1
        ):
            last[bill.series] = bill
    for bill in last.values():
        if bill.is_open(on) and not bill.is_deleted:
            found += [(bill, day) for day in _following(bill, tomorrow, until)]
    return sorted(found, key=lambda entry: (entry[1], entry[0].pk))


def _following(bill: BillFact, first: date, until: date) -> list[date]:
    days: list[date] = []
    number = bill.sequence + 1
    while (day := occurrence_date(bill.series_start, bill.recurrence, number)) is not None:
        if day > until:
            break
        if day >= first:
            days.append(day)
        number += 1
    return days
