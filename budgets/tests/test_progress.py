"""Progress: spent, rollover, percent, pace; compared with a slow sum; constant
number of queries.
"""

from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from itertools import count

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import ExchangeRate
from accounts.services import delete_account
from banking.kernel.periods import add_months
from budgets.models import Budget
from budgets.progress import budget_progress, month_totals, progress_and_trend, progress_of_month
from budgets.services import create_budget, delete_budget, edit_budget
from tests.builders import make_account, make_transaction, make_user
from tests.depth import up_to
from transactions.models import Category, Transaction
from transactions.services.posting import delete_transactions
from transactions.services.splitting import Part, split_transaction

pytestmark = pytest.mark.django_db
ON = date(2026, 3, 15)


def progress(budget, on=ON):
    (one,) = budget_progress([budget], on=on)
    return one


def spent(budget):
    return progress(budget).spent


def test_spent_is_expenses_minus_refunds_of_that_month_and_category(budget_for, spend):
    budget = budget_for("groceries", 350)
    spend("300.00", "groceries", date(2026, 3, 1))
    spend("-20.00", "groceries", date(2026, 3, 31))
    spend("1.00", "groceries", date(2026, 2, 28))
    spend("2.00", "groceries", date(2026, 4, 1))
    spend("4.00", "restaurants")
    spend("8.00")
    spend("16.00", "groceries", status="pending")
    one = progress(budget)
    assert (one.spent, one.remaining, one.percent) == (280, 70, 80)
    assert (one.status, one.exceeded, one.not_converted_count) == ("warning", False, 0)


def test_subcategories_count_in_their_parent_but_not_vice_versa(budget_for, spend):
    food, groceries = budget_for("food"), budget_for("groceries")
    spend("10.00", "groceries")
    spend("5.00", "restaurants")
    spend("1.00", "food")
    assert (spent(food), spent(groceries)) == (16, 10)


def test_refunds_above_spending_give_a_negative_amount_and_zero_percent(budget_for, spend):
    spend("-30.00", "groceries")
    one = progress(budget_for("groceries", 100))
    assert (one.spent, one.remaining, one.percent, one.status) == (-30, 130, 0, "on_track")


def test_transfers_trash_and_other_peoples_expenses_do_not_count(
    budget_for, spend, alice, bobs_account, category_of
):
    budget = budget_for("groceries")
    spend("20.00", "savings-transfer")
    gone = spend("40.00", "groceries")
    delete_transactions(actor=alice, rows=Transaction.objects.filter(pk=gone.pk))
    spend("80.00", "groceries", account=bobs_account)
    closed = make_account(user=alice, name="Closed", opening_balance="500.00")
    spend("160.00", "groceries", account=closed)
    assert spent(budget) == 160
    delete_account(actor=alice, account=closed)
    assert spent(budget) == 0


@pytest.mark.parametrize(
    ("amount", "percent", "status"),
    [
        ("0.01", 0, "on_track"),
        ("79.99", 79, "on_track"),
        ("80.00", 80, "warning"),
        ("100.00", 100, "warning"),
        ("100.01", 101, "exceeded"),
        ("150.00", 150, "exceeded"),
    ],
)
def test_the_status_changes_at_80_percent_and_above_100(budget_for, spend, amount, percent, status):
    spend(amount, "groceries")
    one = progress(budget_for("groceries", 100))
    assert (one.percent, one.status, one.exceeded) == (percent, status, status == "exceeded")


@pytest.mark.parametrize(
    ("on", "days_left", "allowance", "pace"),
    [
        (date(2026, 2, 28), 31, "2.25", "0.0"),
        (date(2026, 3, 1), 31, "2.25", "3.2"),
        (date(2026, 3, 15), 17, "4.11", "48.4"),
        (date(2026, 3, 31), 1, "70.00", "100.0"),
        (date(2026, 4, 1), 0, None, "100.0"),
    ],
)
def test_the_daily_allowance_divides_the_rest_by_the_remaining_days(
    budget_for, spend, on, days_left, allowance, pace
):
    spend("30.00", "groceries", date(2026, 3, 1))
    one = progress(budget_for("groceries", 100), on)
    assert one.days_left == days_left
    assert one.daily_allowance == (allowance and Decimal(allowance))
    assert one.pace_percent == Decimal(pace)
    assert one.is_ahead_of_pace == (on == date(2026, 3, 1))


def test_a_foreign_amount_converts_at_its_own_days_rate(budget_for, spend, alice, rate):
    dollars = make_account(user=alice, currency="USD", opening_balance="500.00")
    rate("USD", "EUR", "0.5", date(2026, 3, 1))
    rate("USD", "EUR", "0.8", date(2026, 3, 10))
    spend("10.00", "groceries", date(2026, 3, 2), account=dollars)
    spend("10.00", "groceries", date(2026, 3, 10), account=dollars)
    spend("1.00", "groceries")
    one = progress(budget_for("groceries"))
    assert (one.spent, one.not_converted) == (14, ())
    assert [(used.from_currency, used.to) for used in one.rates] == [("USD", "EUR")]


def test_an_amount_without_a_rate_is_left_out_and_counted(budget_for, spend, alice, rate):
    yen = make_account(user=alice, name="Yen", currency="JPY", opening_balance="900000")
    rate("JPY", "EUR", "0.006", date(2026, 3, 1))
    spend("1000", "groceries", date(2026, 3, 8), account=yen)
    spend("1000", "groceries", date(2026, 3, 9), account=yen)
    spend("2000", "groceries", date(2026, 3, 20), account=yen)
    one = progress(budget_for("groceries"))
    assert (one.spent, one.not_converted_count) == (6, 2)
    assert [(line.account_id, line.currency) for line in one.not_converted] == [(yen.pk, "JPY")]


def test_a_budget_in_another_currency_converts_home_currency_expenses(budget_for, spend, rate):
    rate("EUR", "USD", "1.25", date(2026, 3, 10))
    spend("10.00", "groceries")
    home, dollars = budget_for("groceries"), budget_for("food", currency="USD")
    both = budget_progress([dollars, home], on=ON)
    assert [progress.spent for progress in both] == [Decimal("12.50"), 10]


def test_a_split_transaction_counts_by_its_parts(budget_for, spend, alice, rate, category_of):
    dollars = make_account(user=alice, currency="USD", opening_balance="500.00")
    rate("USD", "EUR", "0.5", date(2026, 3, 10))
    row = spend("10.00", "coffee", account=dollars)
    parts = [
        Part(Decimal(amount), category_of(slug))
        for slug, amount in (("groceries", "-6.00"), ("pets", "-4.00"))
    ]
    split_transaction(actor=alice, transaction=row, parts=parts)
    budgets = [budget_for(slug) for slug in ("groceries", "pets", "coffee")]
    assert [progress.spent for progress in budget_progress(budgets, on=ON)] == [3, 2, 0]


# --- Rollover ------------------------------------------------------------------------------------


def test_rollover_carries_both_leftover_and_overspending(budget_for, spend):
    budget_for("groceries", 100, month=1)
    second = budget_for("groceries", 100, month=2, rollover=True)
    third = budget_for("groceries", 100, month=3, rollover=True)
    spend("70.00", "groceries", date(2026, 1, 5))
    spend("180.00", "groceries", date(2026, 2, 5))
    spend("10.00", "groceries")
    february, march = budget_progress([second, third], on=ON)
    assert (february.carried, february.limit, february.remaining) == (30, 130, -50)
    assert (march.carried, march.limit, march.remaining) == (-50, 50, 40)
    assert march.percent == 20


def test_negative_rollover_alone_can_exceed_a_budget(budget_for, spend):
    budget_for("groceries", 100, month=2)
    budget = budget_for("groceries", 50, rollover=True)
    spend("150.00", "groceries", date(2026, 2, 5))
    one = progress(budget)
    assert (one.limit, one.remaining, one.percent, one.status) == (0, 0, 100, "warning")
    spend("5.00", "groceries")
    one = progress(budget)
    assert (one.remaining, one.percent, one.status) == (-5, 110, "exceeded")
    spend("100.00", "groceries", date(2026, 2, 6))
    one = progress(budget)
    assert (one.limit, one.remaining, one.percent) == (-100, -105, 310)
    assert one.daily_allowance == 0


def test_rollover_needs_the_setting_consecutive_months_and_one_currency(budget_for, spend, alice):
    february = budget_for("groceries", 100, month=2)
    plain = budget_for("groceries", 100)
    assert progress(plain).carried == 0
    plain = edit_budget(actor=alice, budget=plain, rollover=True)
    assert progress(plain).carried == 100
    edit_budget(actor=alice, budget=february, currency="USD")
    assert progress(plain).carried == 0
    edit_budget(actor=alice, budget=february, currency="EUR")
    delete_budget(actor=alice, budget=february)
    budget_for("groceries", 100, month=1)
    assert progress(plain).carried == 0


def test_the_rollover_chain_ends_after_24_months_at_constant_cost(budget_for, category_of, alice):
    month = date(2023, 1, 1)
    while month <= date(2026, 3, 1):
        last = budget_for("pets", 10, year=month.year, month=month.month, rollover=True)
        month = add_months(month, 1)
    assert progress(last).carried == 240


# --- Compared with a slow sum --------------------------------------------------------------------


def slow_spent(budget, rates):
    """Sum row by row, sharing no code with the figures."""
    total, left_out = Decimal(0), 0
    for row in Transaction.objects.select_related("account", "category"):
        on, category = row.txn_date, row.category
        if row.account.user_id != budget.user_id or (on.year, on.month) != (2026, budget.month):
            continue
        if row.status != "posted" or row.deleted_at or category is None:
            continue
        if budget.category_id not in (category.pk, category.parent_id):
            continue
        back = (on - timedelta(days=n) for n in range(8))
        factor = (
            1
            if row.account.currency == "EUR"
            else next((rates[day] for day in back if day in rates), None)
        )
        if factor is None:
            left_out += 1
        else:
            total -= row.signed_amount * factor
    return total.quantize(Decimal("0.01")), left_out


LINE = st.tuples(
    st.sampled_from(["home", "abroad"]),
    st.integers(-50_00, 100_00).filter(bool),
    st.sampled_from(["food", "groceries", "coffee", "pets", "transfer", None]),
    st.integers(0, 88),
    st.sampled_from(["posted", "posted", "posted", "pending"]),
)
_names = count()


@pytest.mark.search
@pytest.mark.slow
@settings(
    max_examples=up_to(25, quick=8),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    lines=st.lists(LINE, max_size=14),
    quotes=st.dictionaries(st.integers(0, 88), st.integers(1, 30), max_size=6),
)
def test_progress_equals_a_sum_over_all_rows(db, lines, quotes, category_of):
    owner = make_user(f"owner{next(_names)}@example.com", base_currency="EUR")
    first = date(2026, 1, 1)
    rates = {first + timedelta(days=day): Decimal(tenths) / 10 for day, tenths in quotes.items()}
    store_only(rates)
    accounts = {
        "home": make_account(user=owner, currency="EUR", opening_balance="90000"),
        "abroad": make_account(user=owner, currency="USD", opening_balance="90000"),
    }
    for account, cents, slug, day, status in lines:
        make_transaction(
            account=accounts[account],
            amount=str(Decimal(cents) / 100),
            category=slug and category_of(slug),
            txn_date=first + timedelta(days=day),
            status=status,
        )
    budgets = [
        create_budget(
            actor=owner, user=owner, category=category_of(slug), year=2026, month=month,
            limit_amount=Decimal(100), rollover=month > 1,
        )
        for slug in ("food", "groceries", "pets") for month in (1, 2, 3)
    ]  # fmt: skip
    carried = defaultdict(Decimal)
    for progress in budget_progress(budgets, on=ON):
        slow, left_out = slow_spent(progress.budget, rates)
        assert (progress.spent, progress.not_converted_count) == (slow, left_out)
        assert progress.carried == carried[progress.budget.category_id]
        carried[progress.budget.category_id] += 100 - slow
    monthly = [progress.budget for progress in progress_of_month([owner.pk], 2026, 2, on=ON)]
    assert monthly == [budget for budget in budgets if budget.month == 2]


def store_only(values):
    """Store only these dollar rates."""
    ExchangeRate.objects.all().delete()
    ExchangeRate.objects.bulk_create(
        ExchangeRate(base="USD", quote="EUR", rate=str(value), rate_on=day, source="test")
        for day, value in values.items()
    )


# --- Totals, trend, scans ----------------------------------------------------------------------


def test_a_budget_inside_another_counts_once_in_the_total(budget_for, spend):
    budgets = [budget_for("food", 500), budget_for("groceries", 300), budget_for("pets", 50)]
    budgets.append(budget_for("travel", 900, currency="USD"))
    spend("100.00", "groceries")
    spend("20.00", "pets")
    rows = Budget.objects.filter(pk__in=[budget.pk for budget in budgets]).for_list()
    euros, dollars = month_totals(budget_progress(list(rows), on=ON))
    assert (euros.currency, euros.limit, euros.spent, euros.budget_count) == ("EUR", 550, 120, 2)
    assert (euros.percent, euros.status) == (21, "on_track")
    assert (dollars.currency, dollars.limit, dollars.spent) == ("USD", 900, 0)


def test_the_trend_shows_twelve_months_with_their_limits(budget_for, spend):
    budget_for("groceries", 40, year=2025, month=12)
    budget = budget_for("groceries", 100)
    spend("50.00", "groceries", date(2025, 12, 24))
    spend("7.00", "groceries", date(2025, 4, 1))
    spend("9.00", "groceries", date(2025, 3, 31))
    spend("60.00", "groceries")
    _progress, trend = progress_and_trend(budget, on=ON)
    assert [row.month for row in (trend[0], trend[-1])] == [date(2025, 4, 1), date(2026, 3, 1)]
    assert [row.spent for row in trend] == [7, 0, 0, 0, 0, 0, 0, 0, 50, 0, 0, 60]
    assert [row.limit for row in trend if row.limit] == [40, 100]
    assert [row.month.month for row in trend if row.exceeded] == [12]


def queries_of(work):
    with CaptureQueriesContext(connection) as captured:
        result = work()
    return len(captured), result


@pytest.mark.once
@pytest.mark.slow
def test_thirty_budgets_need_as_many_queries_as_two(alice, spend, rate, checking):
    dollars = make_account(user=alice, currency="USD", opening_balance="900")
    slugs = list(
        Category.objects.filter(user=None, kind="expense")
        .order_by("pk")
        .values_list("slug", flat=True)[:15]
    )
    for slug in slugs:
        spend("1.00", slug)
        spend("1.00", slug, account=dollars)
    rate("USD", "EUR", "0.5", date(2026, 3, 9))

    def make(chosen, month):
        return [
            create_budget(
                actor=alice, user=alice, category=Category.objects.get(user=None, slug=slug),
                year=2026, month=month, limit_amount=Decimal(5), rollover=True,
                currency=["EUR", "USD"][at % 2],
            )
            for at, slug in enumerate(chosen)
        ]  # fmt: skip

    budgets = [*make(slugs, 2), *make(slugs, 3)]
    two, _ = queries_of(lambda: budget_progress(budgets[-2:], on=ON))
    thirty, found = queries_of(lambda: budget_progress(budgets, on=ON))
    assert (two, thirty, len(found)) == (7, 7, 30)
    assert found[15 + 2].spent in (Decimal("1.50"), Decimal("18.50"))


@pytest.mark.once
@pytest.mark.slow
def test_a_scan_over_many_users_needs_constant_queries_per_batch(spend, category_of, monkeypatch):
    def people(number, start):
        ids = []
        for at in range(start, start + number):
            user = make_user(f"many{at}@example.com", base_currency="EUR", password=None)
            account = make_account(user=user, opening_balance="100")
            for slug in ("groceries", "pets"):
                spend("4.00", slug, account=account)
                create_budget(
                    actor=user, user=user, category=category_of(slug),
                    year=2026, month=3, limit_amount=Decimal(5),
                )  # fmt: skip
            ids.append(user.pk)
        return ids

    few = people(2, 0)
    many = few + people(6, 2)
    small, first = queries_of(lambda: list(progress_of_month(few, 2026, 3, on=ON)))
    large, found = queries_of(lambda: list(progress_of_month(iter(many), 2026, 3, on=ON)))
    assert (small, large) == (6, 6)
    assert (len(first), len(found)) == (4, 16)
    assert {progress.status for progress in found} == {"warning"}
    assert [progress.budget.user_id for progress in found] == sorted(many * 2)
    monkeypatch.setattr("budgets.progress.USERS_AT_ONCE", 3)
    batched, same = queries_of(lambda: list(progress_of_month(many, 2026, 3, on=ON)))
    assert (batched, same) == (18, found)
    names, _ = queries_of(
        lambda: [progress.budget.user.email + progress.budget.category.name for progress in found]
    )
    assert names == 0
