"""One month's budgets as a person sees them: on the page, in the API and on the home page."""

from dataclasses import dataclass
from datetime import date

from banking.kernel.periods import Period
from banking.kernel.snapshot import read_snapshot
from banking.kernel.written_once import WrittenOnce
from budgets.models import Budget, check_month, owners_shown_to
from budgets.progress import (
    STATUSES,
    BudgetProgress,
    MonthTotal,
    budget_progress,
    month_totals,
)
from users.models import User

_GUESTS = (User.Role.VIEWER, User.Role.ANALYST)


@dataclass(frozen=True, slots=True)
class BudgetMonth:
    """The budgets of one month, those in trouble first, and their totals per currency.

    `has_shared`: others share their budgets with this person; `includes_shared`: those are
    included.
    """

    user: User
    start: date
    on: date
    progresses: tuple[BudgetProgress, ...]
    totals: tuple[MonthTotal, ...]
    has_shared: bool
    includes_shared: bool

    @property
    def period(self) -> Period:
        return Period.month_of(self.start)

    @property
    def is_current(self) -> bool:
        return self.on in self.period

    @property
    def is_over(self) -> bool:
        return self.on >= self.period.end

    @property
    def not_converted_count(self) -> int:
        return sum(total.not_converted_count for total in self.totals)


OWN_BUDGETS = WrittenOnce(
    lambda user_id, year, month: (
        Budget.objects.owned_by(User(pk=user_id)).in_month(year, month).for_list()
    )
)


def budget_month(
    *, user: User, year: int, month: int, on: date, include_shared: bool | None = None
) -> BudgetMonth:
    """The month's budgets: the user's own, plus shared ones on request. Guests and users without
    budgets see shared ones by default.

    Raises ValidationError for an invalid month.
    """
    check_month(year, month)
    with read_snapshot():
        owners = owners_shown_to(user)
        own = Budget.objects.owned_by(user)
        if include_shared is None:
            include_shared = bool(owners) and (user.role in _GUESTS or not own.exists())
        if include_shared:
            rows = list(Budget.objects.visible_to(user).in_month(year, month).for_list())
        else:
            rows = OWN_BUDGETS.rows(user.pk, year, month)
        progresses = sorted(budget_progress(rows, on=on), key=_trouble_first)
    return BudgetMonth(
        user=user,
        start=date(year, month, 1),
        on=on,
        progresses=tuple(progresses),
        totals=month_totals(progresses),
        has_shared=bool(owners),
        includes_shared=include_shared,
    )


def _trouble_first(one: BudgetProgress) -> tuple[int, str, int]:
    return -STATUSES.index(one.status), one.budget.category.name.casefold(), one.budget.pk
