"""How much of each budget is used; for the page, the API and alerts.

`budget_progress(budgets, on=…)` handles any number of budgets, owners and months in at most seven
queries. `progress_of_month(user_ids, year, month, on=…)` is for scans over everybody: it yields the
progress of every live budget of that month in batches (at most ten queries per 500 users), so
memory does not grow with the number of users. `on` is a date in the owner's time zone; it decides
how much of the month has passed, never what was spent.

Rollover: a budget with `rollover` receives what the previous month's budget of the same category
left (or overspent), including that budget's own rollover. The chain ends at a month without a live
budget, at another currency, and after 24 months.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_DOWN, Decimal

from accounts.honesty import NotConverted, RatesUsed
from banking.kernel.bulk import batched
from banking.kernel.money import minor_unit
from banking.kernel.periods import Period, add_months
from banking.kernel.read_together import read_together
from banking.kernel.written_once import Asked, WrittenOnce
from banking.limits import ROLLOVER_MONTHS
from budgets.models import Budget
from budgets.spending import SpendingTable, Spent, Subject, asking_subjects, load_spending
from transactions.category_moves import Move

ON_TRACK, WARNING, EXCEEDED = "on_track", "warning", "exceeded"
STATUSES = (ON_TRACK, WARNING, EXCEEDED)
WARNING_PERCENT = 80
USERS_AT_ONCE = 500

BudgetKey = tuple[int, int, date]


# The percentage shown for a limit of 0 once anything is spent.
OVER = Decimal(101)


@dataclass(frozen=True, slots=True)
class BudgetProgress:
    """One budget on one date. Amounts are in the budget's currency, as shown.

    `carried` is the previous month's rollover: positive if left over, negative if overspent.
    """

    budget: Budget
    on: date
    spent: Decimal
    carried: Decimal
    not_converted: tuple[NotConverted, ...] = ()
    rates: tuple[RatesUsed, ...] = ()

    @property
    def currency(self) -> str:
        return self.budget.currency

    @property
    def period(self) -> Period:
        return self.budget.period

    @property
    def limit(self) -> Decimal:
        """The total that may be spent: the budget's own limit plus the rollover."""
        return self.budget.limit_amount + self.carried

    @property
    def remaining(self) -> Decimal:
        return self.limit - self.spent

    @property
    def overspent(self) -> Decimal:
        return max(-self.remaining, Decimal(0))

    @property
    def exact_percent(self) -> Decimal:
        """Spent as a percentage of the limit.

        If negative rollover uses up the whole limit, 100 plus the shortfall as a percentage of the
        budget's own limit. With a limit of 0, 0 if nothing is spent, otherwise over.
        """
        if self.limit > 0:
            return self.spent * 100 / self.limit
        if self.remaining > 0 or (self.budget.limit_amount == 0 and self.remaining == 0):
            return Decimal(0)
        if self.budget.limit_amount == 0:
            return OVER
        return 100 + self.overspent * 100 / self.budget.limit_amount

    @property
    def percent(self) -> int:
        """A whole number consistent with `status`: at least 80 only from exactly 80%, and 101 if
        over.
        """
        whole = max(int(self.exact_percent), 0)
        return max(whole, 101) if self.exceeded else whole

    @property
    def exceeded(self) -> bool:
        return self.remaining < 0

    @property
    def status(self) -> str:
        if self.exceeded:
            return EXCEEDED
        return WARNING if self.exact_percent >= WARNING_PERCENT else ON_TRACK

    @property
    def is_running(self) -> bool:
        return self.on in self.period

    @property
    def is_over(self) -> bool:
        return self.on >= self.period.end

    @property
    def days_left(self) -> int:
        """Remaining days of the month, including today."""
        return max((self.period.end - max(self.on, self.period.start)).days, 0)

    @property
    def daily_allowance(self) -> Decimal | None:
        """What may be spent per remaining day, rounded down; None once the month is over."""
        if not self.days_left:
            return None
        share = max(self.remaining, Decimal(0)) / self.days_left
        return share.quantize(minor_unit(self.currency), rounding=ROUND_DOWN)

    @property
    def pace_percent(self) -> Decimal:
        """Share of the month that has passed, including today."""
        passed = self.period.days - self.days_left + (1 if self.is_running else 0)
        return (Decimal(passed) * 100 / self.period.days).quantize(Decimal("0.1"))

    @property
    def is_ahead_of_pace(self) -> bool:
        """Whether a larger share of the limit is used than of the current month has passed."""
        return self.is_running and self.exact_percent > self.pace_percent

    @property
    def not_converted_count(self) -> int:
        return sum(line.count for line in self.not_converted)


@dataclass(frozen=True, slots=True)
class MonthTotal:
    """The totals of one month and currency; a budget inside another is counted once."""

    currency: str
    limit: Decimal
    spent: Decimal
    budget_count: int
    not_converted_count: int

    @property
    def remaining(self) -> Decimal:
        return self.limit - self.spent

    @property
    def exceeded(self) -> bool:
        return self.remaining < 0

    @property
    def exact_percent(self) -> Decimal:
        if self.limit > 0:
            return self.spent * 100 / self.limit
        return OVER if self.exceeded else Decimal(0)

    @property
    def percent(self) -> int:
        whole = max(int(self.exact_percent), 0)
        return max(whole, 101) if self.exceeded else whole

    @property
    def status(self) -> str:
        if self.exceeded:
            return EXCEEDED
        return WARNING if self.exact_percent >= WARNING_PERCENT else ON_TRACK


@dataclass(frozen=True, slots=True)
class TrendMonth:
    """One month of a budget's category: spending, and the limit if there was a budget."""

    month: date
    currency: str
    spent: Decimal
    budget_id: int | None
    limit: Decimal | None
    not_converted_count: int

    @property
    def exceeded(self) -> bool:
        return self.limit is not None and self.spent > self.limit


def progress_of_month(
    user_ids: Iterable[int], year: int, month: int, *, on: date
) -> Iterator[BudgetProgress]:
    """The progress of all live budgets of these users in that month, by user, then by budget.

    `user_ids` may be an iterator of any length; one batch of 500 users is in memory at a time.
    `progress.budget` comes with its `category` and `user`.
    """
    for batch in batched(user_ids, USERS_AT_ONCE):
        # Prefetched, not joined: the budgets of a batch share a few categories and users.
        budgets = (
            Budget.objects.of_owners(batch)
            .in_month(year, month)
            .prefetch_related("category", "user")
        )
        yield from budget_progress(list(budgets.order_by("user_id", "pk")), on=on)


def budget_progress(budgets: Sequence[Budget], *, on: date) -> list[BudgetProgress]:
    """The progress of each budget, in the given order."""
    chains, spending = _spent_by(budgets, on)
    return _progresses(budgets, chains, spending, on)


def progress_if_moved(
    budgets: Sequence[Budget], *, on: date, moves: Sequence[Move]
) -> list[tuple[BudgetProgress, BudgetProgress]]:
    """The progress of each budget, and what it would be with the moves."""
    chains, spending = _spent_by(budgets, on)
    before = _progresses(budgets, chains, spending, on)
    spending.move({(budget.user_id, budget.currency) for budget in budgets}, moves)
    after = _progresses(budgets, chains, spending, on)
    return list(zip(before, after, strict=True))


def _spent_by(budgets: Sequence[Budget], on: date) -> tuple[list[list[Budget]], SpendingTable]:
    """For each budget those that roll over into it, and the spending of all of them."""
    subjects = {_subject(budget) for budget in budgets}
    read_together(asking_earlier(budgets), *asking_subjects(subjects))
    chains = _chains(budgets, _earlier_budgets(budgets))
    return chains, load_spending(subjects, _months_of(budgets, chains), on=on)


def _progresses(
    budgets: Sequence[Budget], chains: Sequence[Sequence[Budget]], spending: SpendingTable, on: date
) -> list[BudgetProgress]:
    return [
        _progress(budget, chain, spending, on)
        for budget, chain in zip(budgets, chains, strict=True)
    ]


def months_concerned(budgets: Sequence[Budget]) -> set[date]:
    """The months whose spending `budget_progress` reads: theirs, and those that roll over."""
    return _months_of(budgets, _chains(budgets, _earlier_budgets(budgets)))


def _months_of(budgets: Sequence[Budget], chains: Iterable[Sequence[Budget]]) -> set[date]:
    return {one.starts_on for chain in [budgets, *chains] for one in chain}


def month_totals(progresses: Iterable[BudgetProgress]) -> tuple[MonthTotal, ...]:
    """The totals of one month's budgets, per currency.

    A subcategory's budget is part of its owner's budget for the parent category, in whatever
    currency; only the parent's budget is counted.
    """
    progresses = list(progresses)
    budgeted = {(progress.budget.user_id, progress.budget.category_id) for progress in progresses}
    groups: dict[str, list[BudgetProgress]] = {}
    for progress in progresses:
        if (progress.budget.user_id, progress.budget.category.parent_id) not in budgeted:
            groups.setdefault(progress.currency, []).append(progress)
    return tuple(
        MonthTotal(
            currency=currency,
            limit=sum((progress.limit for progress in group), Decimal(0)),
            spent=sum((progress.spent for progress in group), Decimal(0)),
            budget_count=len(group),
            not_converted_count=sum(progress.not_converted_count for progress in group),
        )
        for currency, group in sorted(groups.items(), key=lambda item: (-len(item[1]), item[0]))
    )


def progress_and_trend(
    budget: Budget, *, on: date, months: int = 12
) -> tuple[BudgetProgress, tuple[TrendMonth, ...]]:
    """The budget's progress, and its category's spending in the months up to its own, in its
    currency.
    """
    period, subject = Period.last_months(months, budget.starts_on), _subject(budget)
    asked = _asking_before([budget], period.start)
    read_together(asked, *asking_subjects([subject]))
    earlier = _by_key(asked.rows())
    inside = [
        budget,
        *(
            one
            for one in earlier.values()
            if one.currency == budget.currency and one.starts_on in period
        ),
    ]
    chains = _chains(inside, earlier)
    spending = load_spending({subject}, _months_of(inside, chains) | set(period.months()), on=on)
    by_month = {
        one.starts_on: _progress(one, chain, spending, on)
        for one, chain in zip(inside, chains, strict=True)
    }
    trend = tuple(
        _trend_month(month, budget.currency, spending.of(subject, month), by_month.get(month))
        for month in period.months()
    )
    return by_month[budget.starts_on], trend


def _trend_month(
    month: date, currency: str, spent: Spent, progress: BudgetProgress | None
) -> TrendMonth:
    return TrendMonth(
        month=month,
        currency=currency,
        spent=spent.amount,
        budget_id=progress.budget.pk if progress else None,
        limit=progress.limit if progress else None,
        not_converted_count=sum(line.count for line in spent.not_converted),
    )


def _progress(
    budget: Budget, chain: Sequence[Budget], spending: SpendingTable, on: date
) -> BudgetProgress:
    spent = spending.of(_subject(budget), budget.starts_on)
    return BudgetProgress(
        budget=budget,
        on=on,
        spent=spent.amount,
        carried=sum((_left_over(earlier, spending) for earlier in chain), Decimal(0)),
        not_converted=spent.not_converted,
        rates=spent.rates,
    )


def _left_over(budget: Budget, spending: SpendingTable) -> Decimal:
    return budget.limit_amount - spending.of(_subject(budget), budget.starts_on).amount


def _chains(budgets: Sequence[Budget], earlier: Mapping[BudgetKey, Budget]) -> list[list[Budget]]:
    """For each budget those that roll over into it, latest first."""
    return [_chain(budget, earlier) for budget in budgets]


def _chain(budget: Budget, earlier: Mapping[BudgetKey, Budget]) -> list[Budget]:
    found: list[Budget] = []
    current = budget
    while current.rollover and len(found) < ROLLOVER_MONTHS:
        month = add_months(current.starts_on, -1)
        before = earlier.get((current.user_id, current.category_id, month))
        if before is None or before.currency != budget.currency:
            break
        found.append(before)
        current = before
    return found


def _earlier_budgets(budgets: Iterable[Budget]) -> dict[BudgetKey, Budget]:
    """The budgets of the 24 months before each one with rollover, in one query."""
    asked = asking_earlier(budgets)
    return _by_key(asked.rows() if asked else [])


def _by_key(budgets: Iterable[Budget]) -> dict[BudgetKey, Budget]:
    return {(budget.user_id, budget.category_id, budget.starts_on): budget for budget in budgets}


def asking_earlier(budgets: Iterable[Budget]) -> Asked | None:
    """Those budgets; None if no budget rolls over."""
    carrying = [budget for budget in budgets if budget.rollover]
    if not carrying:
        return None
    return _asking_before(carrying, min(budget.starts_on for budget in carrying))


def _asking_before(budgets: Collection[Budget], start: date) -> Asked:
    """The budgets of the same people for these categories, from 24 months before `start` to before
    the last of these.
    """
    first = add_months(start, -ROLLOVER_MONTHS)
    last = add_months(max(budget.starts_on for budget in budgets), -1)
    owner_ids = {budget.user_id for budget in budgets}
    category_ids = {budget.category_id for budget in budgets}
    return _EARLIER.asking(owner_ids, category_ids, first.year, first.month, last.year, last.month)


_EARLIER = WrittenOnce(
    lambda owner_ids, category_ids, first_year, first_month, year, month: (
        Budget.objects.of_owners(owner_ids)
        .filter(category_id__in=category_ids)
        .since(first_year, first_month)
        .until(year, month)
    )
)


def _subject(budget: Budget) -> Subject:
    return Subject(budget.user_id, budget.category_id, budget.currency)
