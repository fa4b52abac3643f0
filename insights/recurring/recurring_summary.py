"""Recurring payments, their monthly and yearly cost, and dismissals; used by
the page and the API.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from accounts.exchange import RateTable
from accounts.honesty import NotConverted, RatesUsed, merged, rates_used
from banking.kernel.snapshot import read_snapshot
from insights.figures.coverage import Coverage, insights_coverage
from insights.models import RecurringDismissal, SameAnswer
from insights.recurring.doubts import Doubt, doubts_among
from insights.recurring.recurring import Recurring, find_recurring
from insights.recurring.recurring_bills import known_bills, with_bills
from users.models import User


@dataclass(frozen=True, slots=True)
class Cost:
    """The total of some recurring payments, in the summary's currency."""

    count: int
    monthly: Decimal

    @property
    def yearly(self) -> Decimal:
        return self.monthly * 12


@dataclass(frozen=True, slots=True)
class RecurringSummary:
    """All recurring payments as of the date `on`; totals in `currency`, each item in its own.

    Totals leave out what only possibly recurs, such as three stays at a hotel.
    """

    on: date
    currency: str
    coverage: Coverage
    payments: tuple[Recurring, ...]
    incomes: tuple[Recurring, ...]
    ended: tuple[Recurring, ...]
    dismissed: tuple[RecurringDismissal, ...]
    doubts: tuple[Doubt, ...]
    same_answers: tuple[SameAnswer, ...]
    cost: Cost
    income: Cost
    not_converted: tuple[NotConverted, ...]
    rates: tuple[RatesUsed, ...]

    @property
    def not_converted_count(self) -> int:
        return sum(line.count for line in self.not_converted)

    @property
    def rises(self) -> list[Recurring]:
        """Payments whose price went up in the last year."""
        return [
            payment
            for payment in self.payments
            if payment.counts and payment.price_change and payment.price_change.is_rise
        ]

    @property
    def is_empty(self) -> bool:
        return not (self.payments or self.incomes or self.ended)


def recurring_summary(
    *, user: User, on: date, currency: str = "", include_shared: bool | None = None
) -> RecurringSummary:
    """Recurring payments of `user` as of the date `on`, totaled in their base or another currency.

    Raises PermissionDenied without the role for it.
    """
    currency = currency or user.base_currency
    with read_snapshot():
        coverage = insights_coverage(user, include_shared=include_shared)
        unlinked, bills = find_recurring(coverage, on), known_bills(user)
        found = with_bills(unlinked, bills)
        dismissed = tuple(RecurringDismissal.objects.visible_to(user).select_related("account"))
        answers = tuple(SameAnswer.objects.visible_to(user).select_related("account"))
        active = [item for item in found if item.is_active]
        counted = [item for item in active if item.counts]
        currencies = {item.currency for item in counted}
        rates = RateTable.for_dates(currencies, currency, [on])
    known = {code: rates.rate(code, on) for code in sorted(currencies)}
    payments = tuple(item for item in active if not item.is_income)
    incomes = tuple(item for item in active if item.is_income)
    return RecurringSummary(
        on=on,
        currency=currency,
        coverage=coverage,
        payments=payments,
        incomes=incomes,
        ended=tuple(item for item in found if not item.is_active),
        dismissed=dismissed,
        doubts=doubts_among(unlinked, bills),
        same_answers=answers,
        cost=_cost(payments, rates, on),
        income=_cost(incomes, rates, on),
        not_converted=merged(
            NotConverted(item.account.pk, item.account.name, item.currency, 1, on, on)
            for item in counted
            if known[item.currency] is None
        ),
        rates=rates_used(rate for rate in known.values() if rate is not None),
    )


def _cost(found: Iterable[Recurring], rates: RateTable, on: date) -> Cost:
    """The total of those that count and convert; `not_converted` has those that don't convert."""
    worths = [rates.convert(item.monthly, item.currency, on) for item in found if item.counts]
    amounts = [worth.amount for worth in worths if worth is not None]
    return Cost(len(amounts), sum(amounts, Decimal(0)))
