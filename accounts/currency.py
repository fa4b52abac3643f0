"""A person's balances in each currency and the rates used to convert them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.db.models import Count

from accounts.exchange import Rate, RateTable
from accounts.known_accounts import visible_accounts
from accounts.models import Account, HeldRate, RateFetch
from banking.kernel.written_once import Asked, WrittenOnce
from banking.limits import RATE_CHART_DAYS, RATES_LATE_AFTER
from users.models import User

# Shown next to the base currency: the ten most traded currencies.
USUAL = ("USD", "EUR", "JPY", "GBP", "CNY", "AUD", "CAD", "CHF", "HKD", "SGD")
_NEWEST = "-asked_at", "-id"
FIRST_RATES, LAST_DAY = date(1999, 1, 1), date(2100, 12, 31)


@dataclass(frozen=True, slots=True)
class Holding:
    """The total of all balances in one currency, and its value in the base currency (None: no
    rate).
    """

    currency: str
    account_count: int
    total: Decimal
    rate: Rate | None

    @property
    def converted(self) -> Decimal | None:
        return self.total * self.rate.rate if self.rate else None


@dataclass(frozen=True, slots=True)
class CurrencySummary:
    """A person's balances by currency: the base currency first, then the largest."""

    base: str
    on: date
    holdings: tuple[Holding, ...]

    @property
    def total(self) -> Decimal:
        """The converted total. Balances without a rate are left out and counted in
        `not_converted`.
        """
        return sum((holding.converted or Decimal(0) for holding in self.holdings), Decimal(0))

    @property
    def not_converted(self) -> int:
        """How many account balances the total leaves out."""
        return sum(holding.account_count for holding in self.holdings if not holding.rate)


@dataclass(frozen=True, slots=True)
class RateState:
    """The state of rate fetching: the last success and any failures since."""

    last: RateFetch | None
    failure: RateFetch | None
    is_late: bool
    held_count: int


def counted_accounts(user: User, *, include_shared: bool) -> list[Account]:
    """The user's active accounts. Accounts shared with the user are included on request, or when
    they have none of their own.
    """
    visible = [account for account in visible_accounts(user) if account.is_active]
    own = [account for account in visible if account.user_id == user.pk]
    return visible if include_shared or not own else own


def currency_summary(
    user: User, *, base: str, on: date, include_shared: bool = False
) -> CurrencySummary:
    """Current balances by currency, converted into `base` at the rates of `on`."""
    sums: dict[str, tuple[int, Decimal]] = {}
    for account in counted_accounts(user, include_shared=include_shared):
        count, total = sums.get(account.currency, (0, Decimal(0)))
        sums[account.currency] = (count + 1, total + account.balance)
    table = RateTable.for_dates(sums, base, [on])
    holdings = [
        Holding(currency, count, total, table.rate(currency, on))
        for currency, (count, total) in sums.items()
    ]
    return CurrencySummary(
        base, on, tuple(sorted(holdings, key=lambda holding: _order(holding, base)))
    )


def summary_and_rates(
    user: User, *, base: str, on: date
) -> tuple[CurrencySummary, dict[str, Rate | None]]:
    """The person's own balances, and `rates_of` their currencies and the usual ones; inside of a
    snapshot all their rates are read at once.
    """
    held = {account.currency for account in counted_accounts(user, include_shared=False)}
    shown = {*USUAL, *held}
    RateTable.for_targets({base: held} | _into(base, shown), [on])
    return currency_summary(user, base=base, on=on), rates_of(base, shown, on)


def _order(holding: Holding, base: str) -> tuple:
    worth = Decimal(-1) if holding.converted is None else abs(holding.converted)
    return (holding.currency != base, -worth, holding.currency)


def rates_of(base: str, currencies: Iterable[str], on: date) -> dict[str, Rate | None]:
    """Map each currency to the value of 1 `base` on `on`, or None if no rate of the last seven days
    is known.
    """
    tables = RateTable.for_targets(_into(base, currencies), [on])
    return {currency: table.rate(base, on) for currency, table in sorted(tables.items())}


def _into(base: str, currencies: Iterable[str]) -> dict[str, set[str]]:
    """The base currency, to be converted into each of these."""
    return {currency: {base} for currency in currencies if currency != base}


def rate_history(base: str, quote: str, until: date) -> list[Rate]:
    """The value of 1 `base` in `quote` on each of the last 90 days that has its own rate."""
    days = [until - timedelta(days=back) for back in reversed(range(RATE_CHART_DAYS))]
    table = RateTable.for_dates({base}, quote, days)
    rates = (table.rate(base, day) for day in days)
    return [
        rate
        for rate, day in zip(rates, days, strict=True)
        if rate is not None and rate.rate_on == day
    ]


_LAST_FETCHED = WrittenOnce(
    lambda: RateFetch.objects.filter(has_succeeded=True).order_by(*_NEWEST)[:1]
)
_LAST_ASKED = WrittenOnce(lambda: RateFetch.objects.order_by(*_NEWEST)[:1])
_HELD_COUNT: WrittenOnce[int] = WrittenOnce(
    lambda: (
        HeldRate.objects.filter(status=HeldRate.Status.HELD)
        .order_by()
        .values("status")
        .annotate(count=Count("pk"))
        .values_list("count", flat=True)
    )
)


def asking_state() -> list[Asked]:
    """What `rate_state` reads."""
    return [_LAST_FETCHED.asking(), _LAST_ASKED.asking(), _HELD_COUNT.asking()]


def rate_state(at: datetime) -> RateState:
    """Whether rates are arriving, so that the page can warn if they are not."""
    last = next(iter(_LAST_FETCHED.rows()), None)
    newest = next(iter(_LAST_ASKED.rows()), None)
    return RateState(
        last=last,
        failure=newest if newest is not None and not newest.has_succeeded else None,
        is_late=last is None or at - last.asked_at > RATES_LATE_AFTER,
        held_count=sum(_HELD_COUNT.rows()),
    )
