"""Every figure equals its recomputation over the raw rows, and names what it left out."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import transaction as db_transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import ExchangeRate
from banking.kernel.periods import Period
from insights.figures.overview import overview
from insights.figures.period_choice import choose_period
from insights.tests.recomputation import recomputed_flows, recomputed_net_worth
from tests.builders import make_account, make_transaction
from tests.depth import up_to
from transactions.models import Category, Transaction
from transactions.services.posting import delete_transactions

pytestmark = pytest.mark.django_db
ON = date(2026, 2, 10)
SLUGS = [None, "groceries", "food", "rent", "salary", "card-payment", "transfer"]


def euros_in_dollars(on: date, rate: str = "1.25") -> ExchangeRate:
    return ExchangeRate.objects.create(
        base="EUR", quote="USD", rate=rate, rate_on=on, source="test"
    )


def category(slug: str | None) -> Category | None:
    return slug and Category.objects.get(user=None, slug=slug)


def figures_of(user, **params):
    return overview(user=user, choice=choose_period(params, on=ON), on=ON)


def assert_equal_to_recomputation(user, figures) -> None:
    period = figures.choice.period
    for flow, span in (
        (figures.totals, period),
        (figures.before, figures.choice.comparison),
        (figures.month, Period.month_of(figures.choice.month)),
    ):
        expected = recomputed_flows(user, "USD", span.start, span.last_day)
        assert (flow.income, flow.expenses) == (expected["income"], expected["expenses"])
        assert flow.not_converted_count == expected["left_out"]
    spent = recomputed_flows(user, "USD", period.start, period.last_day)["by_category"]
    assert {row.slug: row.total for row in figures.spending} == spent
    for month in figures.trend:
        span = Period.month_of(month.month)
        expected = recomputed_flows(user, "USD", span.start, span.last_day)
        assert (month.income, month.expenses) == (expected["income"], expected["expenses"])
    total, left_out = recomputed_net_worth(user, "USD", ON)
    assert (figures.net_worth.total, figures.net_worth.not_converted_count) == (total, left_out)


_ROWS = st.lists(
    st.tuples(
        st.sampled_from(["home", "foreign", "second"]),
        st.integers(-50_000, 50_000).filter(bool),
        st.integers(-70, 5),
        st.sampled_from(SLUGS),
        st.sampled_from(["posted", "posted", "posted", "pending", "deleted"]),
    ),
    min_size=3,
    max_size=14,
)
_CHOICES = st.sampled_from(
    [
        {},
        {"month": "2025-12"},
        {"period": "quarter"},
        {"period": "last_12_months"},
        {"date_from": "2025-12-17", "date_to": "2026-01-09"},
        {"date_from": "2026-01-05", "date_to": "2026-01-20"},
    ]
)


@pytest.mark.search
@pytest.mark.slow
@settings(
    max_examples=up_to(25, quick=8),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(rows=_ROWS, params=_CHOICES, rate_days=st.sets(st.integers(-75, 0), max_size=12))
def test_figures_equal_their_recomputation_for_any_rows_and_rates(alice, rows, params, rate_days):
    with db_transaction.atomic():
        accounts = {
            "home": make_account(user=alice, currency="USD", opening_balance="1000"),
            "second": make_account(user=alice, currency="USD", account_type="loan"),
            "foreign": make_account(user=alice, currency="EUR", account_type="loan"),
        }
        for back in rate_days:
            euros_in_dollars(ON + timedelta(days=back), rate=f"1.{back + 80:02}7")
        for key, cents, back, slug, state in rows:
            amount = str(Decimal(cents) / 100)
            row = make_transaction(
                account=accounts[key] if cents > 0 or key != "home" else accounts["second"],
                amount=amount,
                txn_date=ON + timedelta(days=back),
                category=category(slug),
                status="pending" if state == "pending" else "posted",
            )
            if state == "deleted":
                delete_transactions(actor=alice, rows=Transaction.objects.filter(pk=row.pk))
        assert_equal_to_recomputation(alice, figures_of(alice, **params))
        db_transaction.set_rollback(True)


def test_a_missing_rate_leaves_out_exactly_its_amounts_and_names_them(alice):
    home = make_account(user=alice, name="Home", currency="USD", opening_balance="500")
    euros = make_account(user=alice, name="Berlin", currency="EUR", opening_balance="100")
    make_transaction(account=home, amount="-40.00", txn_date=date(2026, 2, 2))
    make_transaction(account=euros, amount="-10.00", txn_date=date(2026, 1, 4))
    make_transaction(account=euros, amount="-20.00", txn_date=date(2026, 2, 3))
    lasting = euros_in_dollars(date(2026, 1, 4), "1.10")
    dropped = euros_in_dollars(date(2026, 2, 3), "1.20")
    before = figures_of(alice, period="quarter")
    assert before.totals.expenses == Decimal("40") + 10 * Decimal("1.1") + 20 * Decimal("1.2")
    assert before.net_worth.total == Decimal("460") + 70 * Decimal("1.2")
    assert (before.totals.not_converted, before.net_worth.not_converted) == ((), ())
    [used] = before.totals.rates
    assert (used.first, used.last, used.sources) == (lasting.rate_on, dropped.rate_on, ("test",))

    dropped.delete()
    after = figures_of(alice, period="quarter")
    assert before.totals.expenses - after.totals.expenses == 20 * Decimal("1.2")
    assert before.net_worth.total - after.net_worth.total == 70 * Decimal("1.2")
    [line] = after.totals.not_converted
    assert (line.account_name, line.currency, line.count) == ("Berlin", "EUR", 1)
    assert (line.first, line.last) == (date(2026, 2, 3), date(2026, 2, 3))
    [balance] = after.net_worth.not_converted
    assert (balance.account_name, balance.currency) == ("Berlin", "EUR")


def test_each_amount_converts_at_its_own_days_rate(alice):
    euros = make_account(user=alice, currency="EUR", opening_balance="100")
    euros_in_dollars(date(2026, 2, 2), "1.00")
    euros_in_dollars(date(2026, 2, 9), "2.00")
    make_transaction(account=euros, amount="-10.00", txn_date=date(2026, 2, 2))
    make_transaction(account=euros, amount="-10.00", txn_date=date(2026, 2, 9))
    assert figures_of(alice).totals.expenses == Decimal("30")


def test_subcategories_roll_up_and_compare_with_the_same_days_of_last_month(alice):
    home = make_account(user=alice, currency="USD", opening_balance="900")
    for slug, amount, day in [
        ("groceries", "-60.00", date(2026, 2, 3)),
        ("restaurants", "-30.00", date(2026, 2, 4)),
        ("food", "-10.00", date(2026, 2, 5)),
        ("groceries", "5.00", date(2026, 2, 6)),
        ("groceries", "-50.00", date(2026, 1, 10)),
        ("groceries", "-500.00", date(2026, 1, 11)),
        ("rent", "-100.00", date(2026, 2, 1)),
    ]:
        make_transaction(account=home, amount=amount, txn_date=day, category=category(slug))
    figures = figures_of(alice)
    assert figures.choice.comparison == Period(date(2026, 1, 1), date(2026, 1, 11))
    housing, food = sorted(figures.spending, key=lambda row: row.slug, reverse=True)
    assert (food.slug, food.total, food.refunds) == ("food", Decimal(95), Decimal(5))
    assert (food.percent, food.previous_total) == (Decimal("48.7"), Decimal(50))
    assert food.change_percent == Decimal("90.0")
    assert [(row.slug, row.total) for row in food.children] == [
        ("groceries", Decimal(55)),
        ("restaurants", Decimal(30)),
        ("food", Decimal(10)),
    ]
    assert housing.change_percent is None
    assert sum(row.total for row in figures.spending) == figures.totals.expenses


def test_january_compares_with_december_of_the_year_before(alice):
    home = make_account(user=alice, currency="USD", opening_balance="900")
    make_transaction(account=home, amount="-1.00", txn_date=date(2025, 12, 31))
    make_transaction(account=home, amount="-2.00", txn_date=date(2026, 1, 1))
    december = figures_of(alice, month="2025-12")
    assert (december.totals.expenses, december.month.expenses) == (Decimal(1), Decimal(1))
    january = figures_of(alice, month="2026-01")
    assert (january.totals.expenses, january.before.expenses) == (Decimal(2), Decimal(1))
    assert january.trend[0].month == date(2025, 2, 1)
    assert [row.expenses for row in january.trend][-2:] == [Decimal(1), Decimal(2)]


def test_a_negative_balance_is_a_liability_for_every_account_type(alice):
    make_account(user=alice, currency="USD", opening_balance="900")
    make_account(user=alice, currency="USD", opening_balance="-50", overdraft_limit="100")
    make_account(user=alice, currency="USD", account_type="credit_card", opening_balance="20")
    worth = figures_of(alice).net_worth
    assert (worth.assets, worth.liabilities, worth.total) == (920, 50, 870)


def test_figures_without_data_are_zero(alice):
    figures = figures_of(alice)
    assert figures.is_empty
    assert (figures.totals.income, figures.totals.net, figures.net_worth.total) == (0, 0, 0)
    assert figures.totals.savings_rate is None
    assert (figures.spending, figures.recent, len(figures.trend)) == ((), (), 12)
