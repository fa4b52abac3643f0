"""Recurring payments, their monthly and yearly cost, and dismissals; used by
the page and the API.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from accounts.exchange import RateTable
from accounts.honesty import NotConverted, RatesUsed, merged, rates_used
from banking.kernel.read_together import read_together
from banking.kernel.snapshot import read_snapshot
from banking.kernel.written_once import Asked, WrittenOnce
from insights.figures.coverage import Coverage, asking_coverage, insights_coverage
from insights.models import RecurringDismissal, SameAnswer
from insights.recurring.doubts import Doubt, doubts_among
from insights.recurring.entries import asking_busy
from insights.recurring.recurring import DISMISSED, Recurring, find_recurring
from insights.recurring.recurring_bills import ANSWERS, KNOWN_BILLS, known_bills, with_bills
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
        read_together(*asking_coverage(user), *_asking_of_person(user))
        coverage = insights_coverage(user, include_shared=include_shared)
        in_use = {account.currency for account in coverage.accounts}
        read_together(asking_busy(coverage.accounts, on), RateTable.asking(in_use, currency, [on]))
        RateTable.for_dates(in_use, currency, [on])
        unlinked, bills = find_recurring(coverage, on), known_bills(user)
        found = with_bills(unlinked, bills)
        dismissed, answers = tuple(_DISMISSED.rows(user.pk)), tuple(_ANSWERED.rows(user.pk))
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


_DISMISSED = WrittenOnce(
    lambda user_id: RecurringDismissal.objects.visible_to(User(pk=user_id)).select_related(
        "account"
    )
)
_ANSWERED = WrittenOnce(
    lambda user_id: SameAnswer.objects.visible_to(User(pk=user_id)).select_related("account")
)


def _asking_of_person(user: User) -> list[Asked]:
    """What is read of a person whatever their accounts."""
    read = (DISMISSED, KNOWN_BILLS, ANSWERS, _DISMISSED, _ANSWERED)
    return [one.asking(user.pk) for one in read]


def _cost(found: Iterable[Recurring], rates: RateTable, on: date) -> Cost:
    """The total of those that count and convert; `not_converted` has those that don't convert."""
    worths = [rates.convert(item.monthly, item.currency, on) for item in found if item.counts]
    amounts = [worth.amount for worth in worths if worth is not None]
    return Cost(len(amounts), sum(amounts, Decimal(0)))
