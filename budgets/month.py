"""One month's budgets as a person sees them: on the page, in the API and on the home page."""

from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from banking.kernel.periods import Period
from banking.kernel.read_together import read_together
from banking.kernel.snapshot import read_snapshot
from banking.kernel.written_once import Asked, WrittenOnce
from budgets.models import Budget, asking_owners, check_month, owners_shown_to
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


BUDGETS_OF = WrittenOnce(
    lambda owner_ids, year, month: (
        Budget.objects.of_owners(owner_ids).in_month(year, month).for_list()
    )
)
_FIRST_OWN: WrittenOnce[int] = WrittenOnce(
    lambda user_id: (
        Budget.objects.owned_by(User(pk=user_id)).order_by().values_list("pk", flat=True)[:1]
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
        return progress_in(choose(user, year, month, include_shared), date(year, month, 1), on)


class Chosen(NamedTuple):
    """Which budgets of a month a user is shown: `owners` are others who show them theirs."""

    user: User
    budgets: list[Budget]
    owners: set[int]
    includes_shared: bool


def choose(user: User, year: int, month: int, include_shared: bool | None) -> Chosen:
    """The month's budgets for `budget_month`."""
    read_together(*asking_month(user, year, month, include_shared))
    owners = owners_shown_to(user)
    budgets = BUDGETS_OF.rows({user.pk}, year, month)
    if include_shared is None:
        has_own = bool(budgets or _FIRST_OWN.rows(user.pk))
        include_shared = bool(owners) and (user.role in _GUESTS or not has_own)
    if include_shared and owners:
        budgets += BUDGETS_OF.rows(owners, year, month)
    return Chosen(user, budgets, owners, include_shared)


def progress_in(chosen: Chosen, start: date, on: date) -> BudgetMonth:
    """The progress of these budgets of the month that begins on `start`."""
    progresses = sorted(budget_progress(chosen.budgets, on=on), key=_trouble_first)
    return BudgetMonth(
        user=chosen.user,
        start=start,
        on=on,
        progresses=tuple(progresses),
        totals=month_totals(progresses),
        has_shared=bool(chosen.owners),
        includes_shared=chosen.includes_shared,
    )


def asking_month(user: User, year: int, month: int, include_shared: bool | None) -> list[Asked]:
    """What `choose` reads of the user."""
    asked = [*asking_owners(user), BUDGETS_OF.asking({user.pk}, year, month)]
    return asked if include_shared is not None else [*asked, _FIRST_OWN.asking(user.pk)]


def _trouble_first(one: BudgetProgress) -> tuple[int, str, int]:
    return -STATUSES.index(one.status), one.budget.category.name.casefold(), one.budget.pk
