"""Expected payments and income by day: future-dated transactions, open bills, and recurring
payments without a bill.

A bill and the recurring payment it represents are one event, shown as the bill. A future-dated
transaction that settles either replaces it. Transfers between covered accounts are not events.
"""

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import takewhile
from uuid import UUID

from accounts.models import Account
from banking.kernel.fields import SCALE
from banking.kernel.money import Units, from_units
from banking.kernel.narrowing import sure
from banking.kernel.periods import add_months
from insights.forecast.forecast_ledger import BillFact, Ledger, expected_bills
from insights.forecast.posted_ahead import PlannedBill, PostedAhead, posted_ahead
from insights.recurring.entries import LOOKBACK_MONTHS, Entry, opposite_sides
from insights.recurring.recurring import Recurring
from insights.recurring.recurring_bills import Answers, answer_for, is_of, likeness_of

# An income counts as a payday if it is at least this share of all regular income.
PAY_DAY_PART = Decimal("0.25")


@dataclass(frozen=True, slots=True)
class Event:
    """One payment or income expected on a day; `amount` is signed, in the forecast's currency.

    If `transaction` is set, it is already dated for that day.
    """

    on: date
    name: str
    amount: Decimal
    own_amount: Decimal
    own_currency: str
    bill_id: int | None = None
    transaction_id: int | None = None
    recurring: Recurring | None = None
    is_pay_day: bool = False
    # The expected date of a recurring payment; in the past if it is late.
    due: date | None = None

    @property
    def late_days(self) -> int:
        """How many days ago it was due; a late payment is expected tomorrow."""
        return max((self.on - self.due).days - 1, 0) if self.due else 0

    @property
    def missed_on(self) -> date | None:
        """The date that was given up as missed, on the first event after it."""
        one = self.recurring
        return one.missed_on if one is not None and one.next_on == self.due else None

    @property
    def is_bill(self) -> bool:
        return self.bill_id is not None


@dataclass(frozen=True, slots=True)
class Known:
    """The covered accounts' entries up to a day; `inside` are transfers between these accounts."""

    outward: Sequence[Entry]
    inside: Set[int]


def known_lines(ledger: Ledger, accounts: Sequence[Account], on: date) -> Known:
    """Entries booked by that day, as far back as recurring payments are searched."""
    after, until = add_months(on, -LOOKBACK_MONTHS).toordinal(), on.toordinal()
    covered = {account.pk for account in accounts}
    known = [
        entry
        for entry in ledger.entries
        if after < entry.day <= until and entry.account_id in covered
    ]
    inside = opposite_sides(known)
    return Known([entry for entry in known if entry.pk not in inside], inside)


def bill_payments(
    ledger: Ledger, known: Known, found: Sequence[Recurring], on: date
) -> list[Entry]:
    """Payments of repeating bills that are not in any detected series."""
    in_series = {line.pk for item in found for line in item.series.lines}
    of_bills = {bill.payment_id for bill in ledger.bills if bill.repeats and bill.is_settled(on)}
    apart = of_bills - in_series
    return [entry for entry in known.outward if entry.pk in apart]


def expected_events(
    ledger: Ledger,
    accounts: Sequence[Account],
    known: Known,
    found: Sequence[Recurring],
    on: date,
    until: date,
) -> tuple[list[Event], list[BillFact]]:
    """All expected events by day, and the bills that could not be converted."""
    active = [item for item in found if item.is_active]
    settled = {bill.payment_id: bill.series for bill in ledger.bills if bill.payment_id}
    ahead = posted_ahead(ledger, accounts, active, on)
    planned, paid = ahead.without_paid(_planned(ledger, accounts, known, settled, on, until))
    unknown = [bill for bill, _day in planned if ledger.rates.rate(bill.currency, on) is None]
    events = [
        Event(
            day,
            bill.name,
            _worth(ledger, on, -bill.amount, bill.currency),
            -bill.amount,
            bill.currency,
            bill_id=bill.pk,
        )
        for bill, day in planned
        if bill not in unknown
    ]
    pay_days = _pay_days(ledger, active, on)
    # A date that was paid early or skipped is not expected again.
    done = [(bill, bill.due_date) for bill in ledger.bills if bill.is_settled(on)]
    bills = [*planned, *paid, *done]
    alike = _alike(bills, active, settled, ledger.answers)
    for place, one in enumerate(active):
        of_bills = [day for bill, day in bills if (bill.series, place) in alike]
        amount = one.expected_amount if one.is_income else -one.expected_amount
        worth = _worth(ledger, on, amount, one.currency)
        events += [
            Event(
                max(day, on + timedelta(days=1)),
                one.name,
                worth,
                amount,
                one.currency,
                recurring=one,
                is_pay_day=one in pay_days,
                due=day,
            )
            for day in _dates(one, of_bills, ahead, on, until)
        ]
    events += _posted(ledger, accounts, ahead, pay_days, on, until)
    return sorted(events, key=lambda event: (event.on, event.amount, event.name)), unknown


def _planned(
    ledger: Ledger,
    accounts: Sequence[Account],
    known: Known,
    settled: Mapping[int, UUID],
    on: date,
    until: date,
) -> list[PlannedBill]:
    """Upcoming bills, without those that move money between covered accounts, such as a card's."""
    covered = {account.pk for account in accounts}
    inside = {settled[pk] for pk in known.inside if pk in settled}
    return [
        (bill, day)
        for bill, day in expected_bills(ledger, on, until)
        if (bill.account_id is None or bill.account_id in covered) and bill.series not in inside
    ]


def _posted(
    ledger: Ledger,
    accounts: Sequence[Account],
    ahead: PostedAhead,
    pay_days: Sequence[Recurring],
    on: date,
    until: date,
) -> list[Event]:
    """Future-dated transactions, each on its own day, without those already in today's balance."""
    currencies = {account.pk: account.currency for account in accounts}
    pay = {line.pk for item in pay_days for line in ahead.payments_of(item)}
    is_today = ledger.is_today and on == ledger.on
    counted = {planned.entry.pk for planned in ledger.ahead if planned.is_posted and is_today}
    return [
        Event(
            date.fromordinal(line.day),
            line.name,
            _worth(ledger, on, from_units(line.amount), currencies[line.account_id]),
            from_units(line.amount),
            currencies[line.account_id],
            transaction_id=line.pk,
            is_pay_day=line.pk in pay,
        )
        for line in ahead.lines
        if line.day <= until.toordinal() and line.pk not in counted
    ]


def _worth(ledger: Ledger, on: date, amount: Decimal, currency: str) -> Decimal:
    return from_units(Units(round(sure(ledger.rates.convert(amount, currency, on)).amount * SCALE)))


def _alike(
    bills: Sequence[PlannedBill],
    active: Sequence[Recurring],
    settled: Mapping[int, UUID],
    answers: Answers,
) -> set[tuple[UUID, int]]:
    """{(bill series, index in `active` of the same payment)}.

    Matched by the person's answer, a past payment or name; the rest by account, amount and
    date, one to one.
    """
    paid = [{settled.get(line.pk) for line in item.series.lines} for item in active]
    known: set[tuple[UUID, int]] = set()
    fits = []
    for bill, day in bills:
        for place, one in enumerate(active):
            said = answer_for(bill, one, active, answers)
            if one.is_income or said is False:
                continue
            if (
                said
                or bill.series in paid[place]
                or is_of(bill.name, bill.amount, bill.currency, one)
            ):
                known.add((bill.series, place))
            elif (gap := likeness_of(bill, day, one)) is not None:
                fits.append((gap, place, bill.series))
    series, taken = {pair[0] for pair in known}, {pair[1] for pair in known}
    for _gap, place, of_bill in sorted(fits):
        if of_bill not in series and place not in taken:
            known.add((of_bill, place))
            series.add(of_bill)
            taken.add(place)
    return known


def _dates(
    one: Recurring,
    bills: Iterable[date],
    ahead: PostedAhead,
    on: date,
    until: date,
) -> list[date]:
    """The expected dates, including an overdue one, without those that a bill (due on one of
    the dates `bills`) or a future-dated transaction covers.
    """
    half = one.series.rhythm.half
    of_bills = [day for day in bills if (on - day).days <= half]
    paid = ahead.dates_paid_of(one)
    dates = takewhile(lambda day: day <= until, one.dates())
    return [
        expected
        for expected in dates
        if expected not in paid
        and not any(abs((expected - other).days) <= half for other in of_bills)
    ]


def _pay_days(ledger: Ledger, active: Sequence[Recurring], on: date) -> list[Recurring]:
    """The days of income a person lives on; monthly interest does not count."""
    yearly = [
        (sure(ledger.rates.convert(item.yearly, item.currency, on)).amount, item)
        for item in active
        if item.is_income
    ]
    whole = sum((worth for worth, _one in yearly), Decimal(0))
    return [one for worth, one in yearly if worth >= PAY_DAY_PART * whole]
