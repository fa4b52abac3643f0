"""The balance of the coming days: future-dated transactions, bills, recurring payments, and
everyday spending as a band.

Deterministic and without a clock: the same transactions give the same forecast, and a forecast for
a past `on` ignores whatever was dated or entered later.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from accounts.exchange import Rate
from accounts.honesty import NotConverted, RatesUsed, merged, rates_used
from accounts.models import Account
from banking.kernel.money import Units, from_units
from banking.limits import FORECAST_HISTORY_DAYS, FORECAST_LEAST_DAYS
from insights.forecast.expected_events import Event, bill_payments, expected_events, known_lines
from insights.forecast.forecast_band import Point, banded_points, everyday_rest, foreseen, worth
from insights.forecast.forecast_ledger import BillFact, Ledger
from insights.recurring.doubts import Doubt, doubts_among
from insights.recurring.recurring import recurring_among


@dataclass(frozen=True, slots=True)
class LowestPoint:
    """The lowest expected balance before the next payday (None: no payday is known)."""

    point: Point
    pay_day: Event | None


@dataclass(frozen=True, slots=True)
class Forecast:
    """`points` are empty with less than three months of history."""

    on: date
    days: int
    currency: str
    accounts: tuple[Account, ...]
    balance: Decimal
    history_days: int
    points: tuple[Point, ...]
    events: tuple[Event, ...]
    doubts: tuple[Doubt, ...]
    everyday: Decimal
    lowest: LowestPoint | None
    not_converted: tuple[NotConverted, ...]
    rates: tuple[RatesUsed, ...]

    @property
    def is_known(self) -> bool:
        return bool(self.points)

    @property
    def not_converted_count(self) -> int:
        return sum(line.count for line in self.not_converted)


def forecast_at(ledger: Ledger, on: date, days: int) -> Forecast:
    """The forecast for the `days` days after `on`, from the ledger as of the end of `on`."""
    found_rates = {account.pk: ledger.rate(account, on) for account in ledger.accounts}
    rates = {pk: rate for pk, rate in found_rates.items() if rate is not None}
    accounts = [account for account in ledger.accounts if account.pk in rates]
    today, until = on.toordinal(), on + timedelta(days=days)
    known = known_lines(ledger, accounts, on)
    found = recurring_among(known.outward, accounts, on, ledger.dismissed)
    events, unknown_bills = expected_events(ledger, accounts, known, found, on, until)
    first = ledger.first_day(accounts)
    history = min(FORECAST_HISTORY_DAYS, today - first) if first is not None else 0
    worths = [worth(ledger.balance_on(account, today), rates[account.pk]) for account in accounts]
    balance = Units(sum(worths))
    points: tuple[Point, ...] = ()
    everyday = 0
    if history >= FORECAST_LEAST_DAYS:
        planned = foreseen(found, bill_payments(ledger, known, found, on), today)
        rest = everyday_rest(ledger, accounts, rates, planned, today, history)
        points = banded_points(balance, events, rest, on, days)
        everyday = sum(rest) // len(rest)
    return Forecast(
        on=on,
        days=days,
        currency=ledger.currency,
        accounts=tuple(accounts),
        balance=from_units(balance),
        history_days=history,
        points=points,
        events=tuple(events),
        doubts=doubts_among(found, ledger.known_bills(on)),
        everyday=from_units(Units(everyday)),
        lowest=_lowest(points, events, from_units(balance), on),
        not_converted=_left_out(ledger, rates, unknown_bills, on),
        rates=rates_used(rate for rate in rates.values() if rate is not None),
    )


def _lowest(
    points: Sequence[Point], events: Sequence[Event], balance: Decimal, on: date
) -> LowestPoint | None:
    """The lowest day before the next payday, or of all days if no payday is expected; today if the
    payday is tomorrow.
    """
    if not points:
        return None
    pay_day = next((event for event in events if event.is_pay_day), None)
    before = [point for point in points if pay_day is None or point.on < pay_day.on]
    before = before or [Point(on, balance, balance, balance)]
    return LowestPoint(min(before, key=lambda point: (point.expected, point.on)), pay_day)


def _left_out(
    ledger: Ledger, rates: Mapping[int, Rate | None], bills: Sequence[BillFact], on: date
) -> tuple[NotConverted, ...]:
    """The balances and bills that could not be converted."""
    parts = [
        NotConverted(account.pk, account.name, account.currency, 1, on, on)
        for account in ledger.accounts
        if account.pk not in rates
    ]
    parts += [
        NotConverted(
            bill.account_id or 0, bill.name, bill.currency, 1, bill.due_date, bill.due_date
        )
        for bill in bills
    ]
    return merged(parts)
