"""Every insight figure equals its recomputation over the raw rows, and names what it left out."""

import random
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from accounts.models import Account, ExchangeRate
from accounts.sharing import accept_share, share_account
from insights.demo.loading import load_demo
from insights.figures.burn_rate import burn_rate
from insights.figures.cash_flow import cash_flow_months
from insights.figures.categories import categories
from insights.figures.merchants import merchants
from insights.figures.monthly_report import monthly_report
from insights.figures.net_worth_history import net_worth_history
from insights.figures.overview import overview
from insights.figures.period_choice import choose_period, choose_year
from insights.figures.questions import Question, ask
from insights.figures.yearly import yearly
from insights.tests.recomputed_insights import Raw, end_of, same_name
from tests.builders import make_account, make_transaction
from transactions.models import Category, ConvertedMonth, Transaction
from transactions.services.converting import convert_open_months
from transactions.services.posting import delete_transactions
from transactions.services.splitting import Part, split_transaction
from transactions.services.transfers import transfer_funds
from users.models import User

pytestmark = pytest.mark.django_db
ON = date(2026, 2, 10)
PERIODS = [
    {},
    {"period": "last_12_months"},
    {"period": "quarter"},
    {"month": "2025-12"},
    {"date_from": "2025-11-17", "date_to": "2026-01-09"},
    {"date_from": "2026-01-05", "date_to": "2026-01-20"},
    {"date_from": "2024-01-01", "date_to": "2026-12-31"},
]
MERCHANTS = ["", "Aldi", "ALDI", "Aldi Süd", "Bakery", "Rail", "Landlord"]


def question_of(user, shared=None, currency="", **params) -> Question:
    choice = choose_period(params, on=ON)
    return ask(user=user, choice=choice, on=ON, currency=currency, include_shared=shared)


def predefined() -> dict[str | None, Category | None]:
    slugs = ["groceries", "food", "restaurants", "rent", "salary", "card-payment", "transfer"]
    rows = Category.objects.filter(user=None, slug__in=slugs)
    return {None: None} | {row.slug: row for row in rows}


def random_household(user: User, seed: int) -> None:
    """Two years of an untidy household: refunds, splits, transfers, trash, gaps in rates."""
    dice = random.Random(seed)
    deep = {"user": user, "overdraft_limit": "900000"}
    accounts = [
        make_account(name="Home", currency="USD", opening_balance="900", **deep),
        make_account(name="Pot", currency="USD", account_type="savings", **deep),
        make_account(name="Berlin", currency="EUR", opening_balance="50", **deep),
        make_account(name="Card", currency="USD", account_type="credit_card", **deep),
    ]
    kinds = predefined()
    for _ in range(70):
        account = dice.choice(accounts)
        row = make_transaction(
            account=account,
            amount=str(Decimal(dice.choice([-1, -1, -1, 1]) * dice.randint(1, 90_000)) / 100),
            txn_date=ON - timedelta(days=dice.randint(-20, 760)),
            category=kinds[dice.choice(list(kinds))],
            merchant=dice.choice(MERCHANTS),
            status=dice.choice(["posted", "posted", "posted", "pending"]),
        )
        fate = dice.random()
        if fate < 0.1:
            delete_transactions(actor=user, rows=Transaction.objects.filter(pk=row.pk))
        elif fate < 0.3 and abs(row.signed_amount) > 1 and row.status == "posted":
            first = (row.signed_amount / 3).quantize(Decimal("0.01"))
            halves = [Part(first, kinds["rent"]), Part(row.signed_amount - first)]
            split_transaction(actor=user, transaction=row, parts=halves)
    for back in (10, 45, 200):
        day = ON - timedelta(days=back)
        transfer_funds(
            actor=user, source=accounts[0], target=accounts[1], amount=Decimal(7), on=day
        )
    # The day an account was archived may or may not be known.
    archived_at = datetime(2025, 11, 30, 12, tzinfo=UTC) if seed % 2 else None
    archived = Account.objects.filter(user=user, name="Card")
    archived.update(is_active=False, archived_at=archived_at)
    for back in range(800):
        if dice.random() < 0.12:
            rate = f"1.{dice.randint(0, 99):02}"
            day = ON - timedelta(days=back)
            ExchangeRate.objects.create(
                base="EUR", quote="USD", rate=rate, rate_on=day, source="test"
            )


def assert_figures_are_recomputed(user: User, shared: bool | None = None) -> None:
    raw = Raw(user, user.base_currency, with_shared=bool(shared))
    for params in PERIODS:
        question = question_of(user, shared, **params)
        period, before = question.choice.period, question.choice.comparison
        assert_flows_are_right(question, raw, period, before)
        assert_merchants_are_right(question, raw, period, before)
        assert_worth_is_right(question, raw)
    assert_burn_is_right(question_of(user, shared), raw)
    for year in ("2025", "2026"):
        assert_years_are_right(user, shared, raw, year)


def assert_flows_are_right(question, raw, period, before) -> None:
    flow = cash_flow_months(question)
    expected = raw.flow(period.start, period.last_day)
    assert (flow.total.income, flow.total.expenses, flow.total.not_converted_count) == expected
    for row in flow.months:
        one = raw.flow(row.month, min(end_of(row.month), period.last_day))
        if row.month < period.start:
            one = raw.flow(period.start, min(end_of(row.month), period.last_day))
        assert (row.income, row.expenses, row.not_converted_count) == one
    # The months left out at the edges were empty.
    assert sum(row.income for row in flow.months) == flow.total.income
    assert sum(row.expenses for row in flow.months) == flow.total.expenses
    found = categories(question)
    assert {row.slug: row.total for row in found.rows if row.total} == raw.spent_by(
        "top", period.start, period.last_day
    )
    assert {row.slug: row.previous_total for row in found.rows if row.previous_total} == (
        raw.spent_by("top", before.start, before.last_day) if before.days else {}
    )
    for row in found.rows:
        if row.children:
            assert sum(child.total for child in row.children) == row.total
            assert sum(child.previous_total for child in row.children) == row.previous_total


def assert_merchants_are_right(question, raw, period, before) -> None:
    found = merchants(question, limit=100)
    spent = raw.spent_by("merchant", period.start, period.last_day)
    assert {same_name(row.name): row.total for row in found.rows} == spent
    counts = raw.purchases(period.start, period.last_day)
    assert {same_name(row.name): row.count for row in found.rows if row.count} == counts
    was = raw.spent_by("merchant", before.start, before.last_day) if before.days else {}
    for row in found.rows:
        assert row.previous_total == was.get(row.key, 0)
        if row.count:
            assert row.average == row.gross_total / counts[row.key]
    assert found.total == raw.flow(period.start, period.last_day)[1]
    assert found.previous_total == sum(was.values())
    few = merchants(question, limit=2)
    assert sum(row.total for row in few.rows) + few.others_total == found.total
    assert few.others_count == max(len(spent) - 2, 0)


def assert_worth_is_right(question, raw) -> None:
    figure = net_worth_history(question)
    for point in figure.points:
        expected = raw.worth(point.on, question.on)
        assert (point.assets, point.liabilities, point.not_converted_count) == expected, point.on
    if question.choice.is_current:
        assert figure.points[-1].total == figure.now.total


def assert_burn_is_right(question, raw) -> None:
    figure = burn_rate(question)
    funds = raw.liquid(question.on)
    assert figure.liquid.total == funds
    assert [window.months for window in figure.windows] == [3, 6, 12]
    for window in figure.windows:
        income, expenses, count = raw.burn(question.on, window.months)
        assert (window.flow.income, window.flow.expenses) == (income, expenses)
        assert window.month_count == count
        burn = (expenses - income) / count
        assert window.runway_months(funds) == (max(funds, 0) / burn if burn > 0 else None)


def assert_years_are_right(user, shared, raw, year) -> None:
    choice = choose_year({"year": year}, on=ON)
    figure = yearly(ask(user=user, choice=choice, on=ON, include_shared=shared))
    now, before = int(year), int(year) - 1
    for row in figure.months:
        for flow, number in ((row.now, now), (row.before, before)):
            month = row.month.replace(year=number)
            assert (flow.income, flow.expenses, flow.not_converted_count) == raw.flow(
                month, end_of(month)
            )
    last = ON.replace(year=before) if now == ON.year else date(before, 12, 31)
    until = min(ON, date(now, 12, 31))
    for flow, start, end in (
        (figure.total, date(now, 1, 1), until),
        (figure.before, date(before, 1, 1), last),
        (figure.whole_before, date(before, 1, 1), date(before, 12, 31)),
    ):
        expected = raw.flow(start, end)
        assert (flow.income, flow.expenses, flow.not_converted_count) == expected
    assert {row.slug: row.total for row in figure.categories if row.total} == raw.spent_by(
        "top", date(now, 1, 1), until
    )
    assert {row.slug: row.previous_total for row in figure.categories if row.previous_total} == (
        raw.spent_by("top", date(before, 1, 1), last)
    )


@pytest.mark.slow
@pytest.mark.parametrize(("seed", "is_added_up"), [(1, False), (2, True)])
def test_figures_of_a_random_household_equal_their_recomputation(alice, bob, seed, is_added_up):
    alice.base_currency = "USD"
    alice.save()
    random_household(alice, seed)
    [lent, shown] = [
        make_account(user=bob, name=name, currency="USD", overdraft_limit="99")
        for name in ("L", "S")
    ]
    for account, level in ((lent, "analyst"), (shown, "viewer")):
        make_transaction(account=account, amount="-11.00", txn_date=ON, merchant="Aldi")
        share = share_account(actor=bob, account=account, member=alice, level=level)
        accept_share(actor=alice, share=share)
    alice = User.objects.get(pk=alice.pk)
    assert ConvertedMonth.objects.filter(sums="").exists()
    if is_added_up:
        convert_open_months(limit=1000)
        assert not ConvertedMonth.objects.filter(sums="").exists()
    assert_figures_are_recomputed(alice)
    assert_figures_are_recomputed(alice, shared=True)
    if seed % 2:
        assert_a_report_knows_who_was_archived_later(alice)


def assert_a_report_knows_who_was_archived_later(alice) -> None:
    raw = Raw(alice, "USD")
    for month in (date(2025, 10, 1), date(2025, 12, 1)):
        worth = monthly_report(user=alice, month=month, on=ON).worth
        figures = (worth.assets, worth.liabilities, worth.not_converted_count)
        assert figures == raw.worth(end_of(month), ON)


@pytest.mark.slow
def test_demo_figures_equal_their_recomputation(db):
    load_demo(on=ON, transaction_count=400)
    assert convert_open_months(limit=1000) > 2
    assert_figures_are_recomputed(User.objects.get(email="demo@example.com"))


@pytest.mark.slow
def test_missing_rates_leave_out_exactly_their_amounts_until_the_rates_return(alice):
    """Over random drops: the dashboard's totals, the figures of insights, each time, both ways."""
    alice.base_currency = "USD"
    alice.save()
    home = make_account(user=alice, name="Home", currency="USD", opening_balance="500")
    abroad = [
        make_account(user=alice, name=code, currency=code, opening_balance="9000")
        for code in ("EUR", "CHF", "GBP")
    ]
    # Pounds are quoted only in yen, and a dollar is always two yen.
    quotes, parts = {"GBP": "JPY"}, {"GBP": 2}
    dice = random.Random(6)
    days = [ON - timedelta(days=8 * number) for number in range(6)]
    rates = {}
    yen = {"base": "USD", "quote": "JPY", "rate": "2", "source": "test"}
    ExchangeRate.objects.bulk_create([ExchangeRate(**yen, rate_on=day) for day in days])
    for account in abroad:
        for day in days:
            make_transaction(
                account=account, amount=f"-{dice.randint(1, 99)}.25", txn_date=day, merchant="Inn"
            )
            rates[account.currency, day] = ExchangeRate.objects.create(
                base=account.currency,
                quote=quotes.get(account.currency, "USD"),
                rate=f"1.{dice.randint(1, 99):02}",
                rate_on=day,
                source="test",
            )
    make_transaction(account=home, amount="-10.00", txn_date=ON, merchant="Inn")

    def seen():
        question = question_of(alice, date_from="2025-12-01", date_to="2026-02-28")
        dashboard = overview(user=alice, choice=question.choice, on=ON)
        assert dashboard.totals == cash_flow_months(question).total
        assert dashboard.net_worth.total == net_worth_history(question).now.total
        return dashboard.totals, merchants(question), dashboard.net_worth

    whole = seen()
    assert [figure.not_converted_count for figure in whole] == [0, 0, 0]
    for _ in range(8):
        dropped = dice.sample(sorted(rates), dice.randint(1, 6))
        for key in dropped:
            rates[key].delete()
        flow, at, worth = seen()
        lost = Decimal(0)
        for code, day in dropped:
            [row] = Transaction.objects.filter(currency=code, txn_date=day)
            lost += row.amount * Decimal(rates[code, day].rate) / parts.get(code, 1)
        assert (whole[0].expenses - flow.expenses, whole[1].total - at.total) == (lost, lost)
        assert (flow.not_converted_count, at.not_converted_count) == (len(dropped), len(dropped))
        named = {
            code: sorted(day for currency, day in dropped if currency == code)
            for code in {code for code, _day in dropped}
        }
        lines = {line.currency: (line.count, line.first, line.last) for line in flow.not_converted}
        assert lines == {code: (len(found), found[0], found[-1]) for code, found in named.items()}
        today = {account for account in abroad if (account.currency, ON) in dropped}
        gone = sum(
            Account.objects.get(pk=account.pk).balance
            * Decimal(rates[account.currency, ON].rate)
            / parts.get(account.currency, 1)
            for account in today
        )
        assert whole[2].total - worth.total == gone
        assert {line.account_id for line in worth.not_converted} == {
            account.pk for account in today
        }
        for key in dropped:
            rates[key].save(force_insert=True)
        assert [figure.not_converted for figure in seen()] == [(), (), ()]
        assert (seen()[0].expenses, seen()[1].total, seen()[2].total) == (
            whole[0].expenses,
            whole[1].total,
            whole[2].total,
        )
