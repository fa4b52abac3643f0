"""The month's pace: each day's running total equals a recomputation over every row."""

import random
import re
from datetime import date, timedelta
from decimal import Decimal
from itertools import accumulate

import pytest

from accounts.models import ExchangeRate
from banking.kernel.periods import Period
from insights.figures.coverage import coverage_for
from insights.home.charts import pace_chart, worth_chart
from insights.home.pace import expected_rest, month_pace, pace_of
from insights.tests.recomputation import recomputed_flows
from tests.builders import make_account, make_transaction, make_user
from tests.depth import up_to
from transactions.models import Category
from transactions.services.splitting import Part, split_transaction

NOVEMBER = Period.month(2026, 11)
ON = date(2026, 11, 18)


def d(day, month=11):
    return date(2026, month, day)


def paced(spending, on=ON, **over):
    return pace_of(spending, period=NOVEMBER, on=on, currency="USD", **over)


def test_spending_adds_up_day_by_day_until_today():
    pace = paced({d(1): Decimal(100), d(18): Decimal(20), d(19): Decimal(5)})
    assert pace.spent == 120
    assert [day.spent for day in pace.days[:2]] == [100, 100]
    assert pace.days[17].spent == 120
    assert pace.days[18].spent is None


def test_month_before_is_compared_on_the_same_day():
    spending = {d(18): Decimal(50), d(2, 10): Decimal(30), d(18, 10): Decimal(40)}
    pace = paced(spending | {d(25, 10): Decimal(7)})
    assert (pace.before, pace.before_total, pace.difference) == (70, 77, -20)
    assert pace.before_so_far == Period(d(1, 10), d(19, 10))


def test_surplus_days_of_a_longer_month_before_count_on_the_last_day():
    pace = paced({d(31, 10): Decimal(9)})
    assert pace.days[28].before == 0
    assert pace.days[29].before == 9


def test_budget_is_an_even_path_to_the_limit():
    pace = paced({}, budget=Decimal(300))
    assert [day.budget for day in (pace.days[0], pace.days[29])] == [10, 300]
    assert pace.budget_left == 300


def test_rest_of_the_month_is_the_average_rest_of_the_months_before():
    spending = {
        d(18): Decimal(50),
        d(20, 10): Decimal(30),
        d(31, 10): Decimal(6),
        d(30, 9): Decimal(10),
    }
    rest = expected_rest(spending, NOVEMBER, ON)
    assert rest[d(20)] == 15
    assert rest[d(30)] == 8
    pace = paced(spending)
    assert pace.projected == 50 + 15 + 8
    assert pace.days[17].projected == 50
    assert pace.days[16].projected is None


def test_nothing_is_projected_without_a_month_before_or_after_the_month():
    assert paced({d(18): Decimal(50)}).projected is None
    over = pace_of(
        {d(5): Decimal(3), d(5, 10): Decimal(4)},
        period=NOVEMBER,
        on=date(2026, 12, 9),
        currency="USD",
    )
    assert (over.projected, over.is_running, over.spent, over.through) == (None, False, 3, d(30))
    assert over.before_so_far == Period(d(1, 10), d(1))


def points_of(path):
    """The places that a path goes through, by steps from the first."""
    numbers = [int(number) for number in re.findall(r"[-+]?\d+", path)]
    steps = zip(numbers[::2], numbers[1::2], strict=True)
    return list(accumulate(steps, lambda at, step: (at[0] + step[0], at[1] + step[1])))


def test_drawing_stays_inside_and_marks_today():
    pace = paced({d(1): Decimal(100), d(3, 10): Decimal(250)}, budget=Decimal(400))
    chart = pace_chart(pace)
    for line in (chart.spent, chart.before, chart.budget, chart.projected):
        places = points_of(line)
        assert all(0 <= x <= chart.width and 0 <= y <= 1000 for x, y in places)
        assert places == sorted(places, key=lambda place: place[0])
        assert places[-1][0] == (chart.passed if line == chart.spent else chart.width)
    # 100 of 400 or more, drawn from the bottom and held until today.
    assert points_of(chart.spent) == [(0, 1000), *((day, 750) for day in range(1, 19))]
    assert chart.today.x == "60"
    assert chart.end.x == "100"
    assert chart.ticks[0].amount == 0
    assert chart.ticks[-1].amount >= 400


def test_drawing_of_no_history_has_no_line():
    assert worth_chart(()) is None


@pytest.mark.django_db
def test_splits_refunds_transfers_and_other_currencies_count_as_in_every_figure(alice):
    alice.base_currency = "USD"
    alice.save()
    dollars = make_account(user=alice, currency="USD", opening_balance="500")
    euros = make_account(user=alice, currency="EUR", name="Euro", opening_balance="500")
    ExchangeRate.objects.create(base="EUR", quote="USD", rate="1.5", rate_on=d(5), source="test")
    groceries = Category.objects.get(user=None, slug="groceries")
    transfer = Category.objects.get(user=None, slug="transfer")
    salary = Category.objects.get(user=None, slug="salary")
    make_transaction(account=dollars, amount="-30.00", txn_date=d(2), category=groceries)
    make_transaction(account=dollars, amount="10.00", txn_date=d(2), category=groceries)
    make_transaction(account=dollars, amount="2000.00", txn_date=d(2), category=salary)
    make_transaction(account=dollars, amount="-99.00", txn_date=d(3), category=transfer)
    make_transaction(account=dollars, amount="-8.00", txn_date=d(4), status="pending")
    make_transaction(account=euros, amount="-4.00", txn_date=d(5))
    row = make_transaction(account=dollars, amount="-20.00", txn_date=d(6))
    split_transaction(
        actor=alice,
        transaction=row,
        parts=[Part(Decimal("-15"), groceries), Part(Decimal("-5"), None)],
    )
    pace = month_pace(coverage=coverage_for(alice), currency="USD", month=d(1), on=ON)
    spent = [day.spent for day in pace.days[:6]]
    assert spent == [0, 20, 20, 20, 26, 46]


@pytest.mark.search
@pytest.mark.slow
@pytest.mark.django_db
@pytest.mark.parametrize("seed", range(up_to(6, quick=2)))
def test_pace_of_random_people_equals_a_recomputation(seed):
    dice = random.Random(seed)
    user = make_user(f"person{seed}@example.org", base_currency="USD")
    accounts = [
        make_account(user=user, name=name, currency=currency, opening_balance="9000")
        for name, currency in (("a", "USD"), ("b", "USD"), ("c", "EUR"), ("d", "CHF"))
    ]
    for back in range(0, 120, 3):
        rate_on = ON - timedelta(days=back)
        ExchangeRate.objects.create(
            base="EUR", quote="USD", rate=str(1 + back / 1000), rate_on=rate_on, source="test"
        )
    categories = [None, *Category.objects.filter(user=None).order_by("pk")]
    for _ in range(60):
        make_transaction(
            account=dice.choice(accounts),
            amount=str(dice.choice([-1, -1, -1, 1]) * dice.randint(1, 9000) / 100),
            txn_date=ON - timedelta(days=dice.randint(0, 100)),
            category=dice.choice(categories),
        )
    pace = month_pace(coverage=coverage_for(user), currency="USD", month=d(1), on=ON)
    for number, day in enumerate(pace.days[:18]):
        start = NOVEMBER.start
        assert day.spent == recomputed_flows(user, "USD", start, day.on)["expenses"]
        before = d(number + 1, 10)
        assert day.before == recomputed_flows(user, "USD", d(1, 10), before)["expenses"]
