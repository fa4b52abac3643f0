"""A category costs far more this month than in the six months before.

Uses medians, so that one odd month affects neither its own result nor its neighbors'. One alert per
category, month and class of deviation (1.5, 2, 3, 5, 10 times the usual): an unusual month causes
another alert only if it reaches a higher class.
"""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from decimal import Decimal
from statistics import median

from accounts.models import Account
from alerts.facts import Fact, People, transactions_link
from alerts.models import Alert, AlertType
from alerts.scanners.budgets import daily_periods, net_outflow
from banking.kernel.money import minor_unit_digits, round_to_minor_unit
from banking.kernel.periods import Period, add_months, first_of_month
from banking.kernel.sentences import day, money
from transactions.flows import load_flows_in
from transactions.models import Category
from users.models import User

KINDS = (AlertType.UNUSUAL_SPENDING,)
MONTHS = 6
# Fewer months with spending are not a reliable basis.
LEAST_MONTHS = 3
LEAST_RATIO = Decimal("1.5")
# 1.4826 × the median deviation estimates the standard deviation; three of them are rare.
SPREAD = 3 * Decimal("1.4826")
LEAST_EXCESS = Decimal(25)
CLASSES = (10, 5, 3, 2, 1)
_ByDay = dict[tuple[int, int], dict[date, Decimal]]


def scan(people: People, on: date) -> Iterator[Fact]:
    yield from replay(people, Period(on, on + timedelta(days=1)))


def replay(people: People, days: Period) -> Iterator[Fact]:
    spent = _spent(people, days)
    categories = Category.objects.in_bulk({category_id for _, category_id in spent})
    users = people.by_id
    for (user_id, category_id), by_day in sorted(spent.items()):
        category = categories.get(category_id)
        if category is None or category.kind != Category.Kind.EXPENSE:
            continue
        for month in days.months():
            yield from _month(people, users[user_id], category, by_day, month, days)


def _month(
    people: People,
    user: User,
    category: Category,
    by_day: dict[date, Decimal],
    month: date,
    days: Period,
) -> Iterator[Fact]:
    """Judge the first day of the window in one month, and each later day with a transaction."""
    whole = Period.month_of(month)
    usual = _usual(by_day, month)
    moved = {on: value for on, value in by_day.items() if on in whole and on < days.end}
    moved.setdefault(max(month, days.start), Decimal(0))
    total = Decimal(0)
    for on in sorted(moved):
        total += moved[on]
        if on in days:
            yield from judge(people, user, category, on, total, usual)


def _usual(by_day: dict[date, Decimal], month: date) -> list[Decimal]:
    """The spending in each of the six months before `month`."""
    sums = dict.fromkeys((add_months(month, -back) for back in range(1, MONTHS + 1)), Decimal(0))
    for on, value in by_day.items():
        first = first_of_month(on)
        if first in sums:
            sums[first] += value
    return list(sums.values())


def judge(
    people: People,
    user: User,
    category: Category,
    on: date,
    spent: Decimal,
    usual: Sequence[Decimal],
) -> Iterator[Fact]:
    """`spent`: this month by the end of `on`; `usual`: the six months before, in full."""
    middle = median(usual)
    if middle <= 0 or sum(1 for amount in usual if amount > 0) < LEAST_MONTHS:
        return
    percent = people.threshold(user, AlertType.UNUSUAL_SPENDING)
    if percent is not None:
        line = middle * (1 + percent / 100)
    else:
        deviation = median([abs(amount - middle) for amount in usual])
        line = max(middle * LEAST_RATIO, middle + SPREAD * deviation)
    currency = user.base_currency
    least = LEAST_EXCESS * 100 if minor_unit_digits(currency) == 0 else LEAST_EXCESS
    if spent <= line or spent - middle < least:
        return
    size = next((factor for factor in CLASSES if spent >= factor * middle), 0)
    month = Period.month_of(on)
    so_far, ordinary = (
        money(round_to_minor_unit(amount, currency), currency) for amount in (spent, middle)
    )
    url = transactions_link(
        category=category.slug, date_from=month.start, date_to=on, txn_type="expense"
    )
    yield Fact(
        user=user,
        type=AlertType.UNUSUAL_SPENDING,
        key=f"unusual_spending:{user.pk}:{category.pk}:{on:%Y-%m}:{size}",
        on=on,
        sentence=[
            f"{category.name}: you've spent ",
            so_far,
            " so far in ",
            day(on, "F"),
            "; you usually spend ",
            ordinary,
            " a month.",
        ],
        severity=Alert.Severity.INFO if size < 3 else Alert.Severity.WARNING,
        link=url,
        transactions_link=url,
    )


def _spent(people: People, days: Period) -> _ByDay:
    """{(user, category): {day, or first of an earlier month: spent}} in each base currency.

    Months before the window come from the monthly totals.
    """
    month = first_of_month(days.start)
    periods = [
        Period(add_months(month, -MONTHS), month),
        *daily_periods(Period(month, days.end)),
    ]
    currencies = {user.pk: user.base_currency for user in people.users}
    accounts: dict[str, list[Account]] = {}
    rows = Account.objects.filter(user_id__in=people.ids, deleted_at=None).order_by("pk")
    for account in rows.iterator(chunk_size=2000):
        accounts.setdefault(currencies[account.user_id], []).append(account)
    spent: _ByDay = {}
    for flows, _ in load_flows_in(accounts, periods=periods, on=days.last_day).values():
        for flow in flows.rows:
            if not flow.is_converted or flow.category_id is None:
                continue
            by_day = spent.setdefault((flow.account.user_id, flow.category_id), {})
            by_day[flow.on] = by_day.get(flow.on, Decimal(0)) + net_outflow(flow)
    return spent
