"""A budget is nearly used up, or exceeded: one alert per budget and threshold, so per month."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

from django.urls import reverse

from accounts.known_accounts import accounts_of_owners
from alerts.facts import Fact, People, transactions_link
from alerts.models import Alert, AlertType
from banking.kernel.money import round_to_minor_unit
from banking.kernel.periods import Period, first_of_month
from banking.kernel.sentences import Part, day, money, share
from budgets.models import Budget
from budgets.progress import BudgetProgress, budget_progress, progress_of_month
from transactions.flows import Flow, load_flows_in
from transactions.known_categories import sub_categories

KINDS = (AlertType.BUDGET_WARNING, AlertType.BUDGET_EXCEEDED)
# Transactions of a past month may still arrive for some days.
LATE_DAYS = 7
_Spent = dict[tuple[int, int, str], list[tuple[date, Decimal]]]


def scan(people: People, on: date) -> Iterator[Fact]:
    months = {first_of_month(on - timedelta(days=LATE_DAYS)), first_of_month(on)}
    for month in sorted(months):
        for progress in progress_of_month(people.ids, month.year, month.month, on=on):
            yield from judge(progress, people)


def judge(progress: BudgetProgress, people: People) -> Iterator[Fact]:
    """Exceeded, or above the owner's threshold; never both at once."""
    budget, user = progress.budget, progress.budget.user
    threshold = people.threshold(user, AlertType.BUDGET_WARNING) or Decimal(80)
    if progress.exceeded:
        kind, key = AlertType.BUDGET_EXCEEDED, f"budget_exceeded:{budget.pk}"
        severity = Alert.Severity.CRITICAL
    elif progress.exact_percent >= threshold:
        kind, key = AlertType.BUDGET_WARNING, f"budget_warning:{budget.pk}:{threshold:f}"
        severity = Alert.Severity.WARNING
    else:
        return
    yield Fact(
        user=user,
        type=kind,
        key=key.rstrip("0").rstrip(".") if "." in key else key,
        on=progress.on,
        sentence=_sentence(progress, kind),
        severity=severity,
        link=reverse("budgets:budget_detail", args=[budget.pk]),
        transactions_link=transactions_link(
            category=budget.category.slug,
            date_from=progress.period.start,
            date_to=progress.period.last_day,
            status="posted",
        ),
    )


def _sentence(progress: BudgetProgress, kind: str) -> list[Part]:
    currency, name = progress.currency, progress.budget.category.name
    month = day(progress.period.start, "F")
    spent, limit = money(progress.spent, currency), money(progress.limit, currency)
    if kind == AlertType.BUDGET_EXCEEDED:
        over = money(progress.overspent, currency)
        end = " over your budget of "
        return [f"{name}: you spent ", spent, " in ", month, ", ", over, end, limit, "."]
    left, used = money(progress.remaining, currency), share(progress.percent)
    end = " budget, "
    return [f"{name}: you've used ", used, " of your ", month, end, left, " of ", limit, " left."]


# --- Day by day ----------------------------------------------------------------------------------


def replay(people: People, days: Period) -> Iterator[Fact]:
    """Judge each day with spending by the total at its end."""
    first, last = days.start - timedelta(days=LATE_DAYS), days.last_day
    found = Budget.objects.of_owners(people.ids).in_months(first, last).for_list()
    budgets = list(found.order_by("user_id", "pk"))
    # First the days of all months, which their progress adds up too.
    spent = _spent_by_day(people, days, {budget.currency for budget in budgets})
    progresses = budget_progress(budgets, on=last)
    families = sub_categories({budget.category_id for budget in budgets}, set(people.ids))
    for progress in progresses:
        for on, amount in _course(progress, families, spent, days.start):
            if on in days:
                yield from judge(replace(progress, on=on, spent=amount), people)


def _course(
    progress: BudgetProgress, families: dict[int, list[int]], spent: _Spent, begin: date
) -> Iterator[tuple[date, Decimal]]:
    """(day, spent by its end) for the month's first day, each day with a
    transaction, and `begin`.
    """
    budget = progress.budget
    by_day = {max(progress.period.start, begin): Decimal(0)}
    for member in (budget.category_id, *families.get(budget.category_id, ())):
        for on, amount in spent.get((budget.user_id, member, budget.currency), ()):
            if on in progress.period:
                by_day[on] = by_day.get(on, Decimal(0)) + amount
    total = Decimal(0)
    for on in sorted(by_day):
        total += by_day[on]
        yield on, round_to_minor_unit(total, budget.currency)


def _spent_by_day(people: People, days: Period, currencies: set[str]) -> _Spent:
    accounts = accounts_of_owners(people.ids)
    first = first_of_month(days.start - timedelta(days=LATE_DAYS))
    whole = Period(first, Period.month_of(days.last_day).end)
    loaded = load_flows_in(
        dict.fromkeys(sorted(currencies), accounts),
        periods=daily_periods(whole),
        on=days.last_day,
    )
    spent: _Spent = {}
    for currency, (flows, _) in loaded.items():
        for flow in flows.rows:
            if flow.is_converted and flow.category_id is not None:
                key = (flow.account.user_id, flow.category_id, currency)
                spent.setdefault(key, []).append((flow.on, net_outflow(flow)))
    return spent


def net_outflow(flow: Flow) -> Decimal:
    """Outflows minus refunds."""
    return flow.outflow - flow.inflow


def daily_periods(days: Period) -> list[Period]:
    """Split `days` into periods shorter than a month, so that their flows are loaded by day."""
    pieces = []
    for month in days.months():
        whole = Period.month_of(month)
        start, end = max(whole.start, days.start), min(whole.end, days.end)
        middle = min(max(whole.start + timedelta(days=14), start), end)
        pieces += [Period(start, middle), Period(middle, end)]
    return [piece for piece in pieces if piece.days]
