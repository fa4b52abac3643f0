"""Everything the page of a month's budgets shows to one person, read from one snapshot."""

from dataclasses import dataclass
from datetime import date

from accounts.known_accounts import asking_accounts
from banking.kernel.periods import add_months, first_of_month
from banking.kernel.read_together import read_together
from banking.kernel.snapshot import read_snapshot
from banking.kernel.written_once import WrittenOnce
from budgets.models import Budget
from budgets.month import BudgetMonth, Chosen, asking_month, choose, progress_in
from budgets.progress import asking_earlier, months_concerned
from budgets.spending import read_spending
from budgets.suggestions import Suggestion, months_before, suggestions
from transactions.known_categories import asking_categories, read_categories
from users.models import User
from users.policy import Ability, may


@dataclass(frozen=True, slots=True)
class MonthPage:
    """A month's budgets, and what could be added to them: nothing for who may not change them."""

    shown: BudgetMonth
    suggestions: list[Suggestion]
    copy_count: int
    trash: list[Budget]


def month_page(
    *, user: User, start: date, on: date, include_shared: bool | None = None
) -> MonthPage:
    """The page of the month that begins on `start`; `include_shared` as for `budget_month`."""
    year, month, before = start.year, start.month, add_months(start, -1)
    to_copy = _TO_COPY.asking(user.pk, before.year, before.month, year, month)
    trash = _TRASH.asking(user.pk, year, month)
    may_change = may(user, Ability.CHANGE_OWN_DATA)
    with read_snapshot():
        asked = asking_month(user, year, month, include_shared)
        read_together(*asked, *([to_copy, trash] if may_change else ()))
        chosen, found = choose(user, year, month, include_shared), []
        if may_change and start >= first_of_month(on):
            _read_spending(chosen, start, on)
            found = suggestions(user=user, year=year, month=month, on=on)
        return MonthPage(
            progress_in(chosen, start, on),
            found,
            len(to_copy.rows()) if may_change else 0,
            trash.rows() if may_change else [],
        )


_TO_COPY: WrittenOnce[int] = WrittenOnce(
    lambda user_id, first_year, first_month, year, month: (
        Budget.objects.to_copy(User(pk=user_id), first_year, first_month, year, month)
        .order_by()
        .values_list("pk", flat=True)
    )
)
_TRASH = WrittenOnce(
    lambda user_id, year, month: (
        Budget.objects.in_trash_of(User(pk=user_id)).in_month(year, month).for_list()
    )
)


def _read_spending(chosen: Chosen, start: date, on: date) -> None:
    """Read at once the spending that the budgets count and that suggestions look at."""
    user, budgets = chosen.user, chosen.budgets
    people = {user.pk, *(budget.user_id for budget in budgets)}
    read_together(asking_earlier(budgets), asking_categories(people), asking_accounts(people))
    read_categories(people)
    pairs = {(budget.user_id, budget.currency) for budget in budgets}
    months = months_concerned(budgets) | set(months_before(start.year, start.month, on))
    read_spending(pairs | {(user.pk, user.base_currency)}, months, on=on)
