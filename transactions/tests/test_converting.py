"""Converted months give the same figures as daily totals, and are recomputed when they must be."""

import random
from collections import Counter
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db.models import F

from accounts.honesty import merged, rates_used
from accounts.models import ExchangeRate, RateMonth
from accounts.services import store_rates
from banking.kernel.periods import Period
from tests.builders import make_account, make_transaction
from tests.depth import up_to
from transactions.flows import load_flows
from transactions.ledger_check import check_ledger
from transactions.models import Category, ConvertedMonth, Transaction
from transactions.services.categories import create_category, edit_category
from transactions.services.converting import convert_open_months
from transactions.services.posting import delete_transactions
from users.models import User
from users.services.people import update_profile

pytestmark = pytest.mark.django_db
ON = date(2026, 3, 15)
PERIODS = [
    Period.month(2026, 3),
    Period.month(2026, 2),
    Period(date(2025, 1, 1), date(2026, 1, 1)),
    Period(date(2025, 11, 17), date(2026, 3, 3)),
]


@pytest.fixture
def person(alice):
    alice.base_currency = "USD"
    alice.save()
    return alice


def rate(on: date, text: str, base: str = "EUR") -> None:
    given = ExchangeRate(base=base, quote="USD", rate=text, rate_on=on, source="test")
    store_rates(actor=None, rates=[given])


def abroad(person, currency="EUR", **over):
    over = {"opening_balance": "9000", "overdraft_limit": "900000"} | over
    return make_account(user=person, currency=currency, **over)


def figures(person, currency="USD"):
    """Everything a figure reports for each period: sums, counts, left-out amounts, rates."""
    flows, _rates = load_flows(
        accounts=list(person.accounts.order_by("pk")), currency=currency, periods=PERIODS, on=ON
    )
    found = []
    for period in PERIODS:
        sums: Counter = Counter()
        for flow in flows.within(period):
            key = (flow.account.pk, flow.category_id, flow.is_expense, flow.is_converted)
            sums[(*key, "in")] += flow.inflow
            sums[(*key, "out")] += flow.outflow
            sums[(*key, "count")] += flow.count
        rows = list(flows.within(period))
        left_out = merged(row.not_converted for row in rows if not row.is_converted)
        found.append((dict(sums), left_out, rates_used(rate for row in rows for rate in row.rates)))
    return found


def waiting() -> list[tuple[int, date]]:
    version = dict(RateMonth.objects.values_list("month", "version"))
    return [
        (row.account_id, row.month)
        for row in ConvertedMonth.objects.order_by("account", "month")
        if not row.sums or row.rates_version != version.get(row.month, 0)
    ]


def test_posting_opens_its_own_month_and_the_worker_adds_it_up(person, groceries):
    account = abroad(person)
    make_account(user=person, currency="USD", name="Home", opening_balance="50")
    make_transaction(account=account, amount="-10.00", category=groceries, txn_date=ON)
    make_transaction(account=account, amount="-7.00", txn_date=date(2025, 5, 5))
    rate(ON, "1.25")
    assert waiting() == [(account.pk, date(2025, 5, 1)), (account.pk, date(2026, 3, 1))]
    before = figures(person)
    assert before[0][0][account.pk, groceries.pk, True, True, "out"] == Decimal("12.5")
    assert convert_open_months(limit=10) == 2
    assert waiting() == []
    assert convert_open_months(limit=10) == 0
    assert figures(person) == before

    make_transaction(account=account, amount="-2.00", category=groceries, txn_date=ON)
    assert waiting() == [(account.pk, date(2026, 3, 1))]
    assert figures(person)[0][0][account.pk, groceries.pk, True, True, "out"] == 15
    assert convert_open_months(limit=10) == 1
    assert figures(person)[0][0][account.pk, groceries.pk, True, True, "out"] == 15


def test_account_in_the_base_currency_has_no_converted_months(person):
    make_transaction(account=make_account(user=person, currency="USD", opening_balance="50"))
    assert not ConvertedMonth.objects.exists()


def test_rate_that_arrives_late_counts_at_once_and_is_added_up_again(person, groceries):
    account = abroad(person)
    end = date(2026, 2, 26)
    make_transaction(account=account, amount="-10.00", category=groceries, txn_date=ON)
    make_transaction(account=account, amount="-4.00", category=groceries, txn_date=end)
    make_transaction(account=account, amount="-1.00", category=groceries, txn_date=date(2026, 3, 2))
    assert convert_open_months(limit=10) == 2
    key = (account.pk, groceries.pk, True)
    assert figures(person)[0][0][*key, False, "out"] == 11
    # The rate is used on its own day and the week after, in the next month.
    rate(end, "1.5")
    for _ in range(2):
        march, february = figures(person)[:2]
        assert march[0][*key, True, "out"] == Decimal("1.5")
        assert march[0][*key, False, "out"] == 10
        assert [(line.count, line.first, line.last) for line in march[1]] == [(1, ON, ON)]
        assert february[0][*key, True, "out"] == 6
        convert_open_months(limit=10)
        assert waiting() == []
    rate(end, "9")
    assert waiting() == []


def test_change_of_base_currency_opens_every_foreign_month(person, groceries):
    home = abroad(person, "USD")
    euros = abroad(person, "EUR")
    for account in (home, euros):
        make_transaction(account=account, amount="-10.00", category=groceries, txn_date=ON)
    rate(ON, "1.25")
    convert_open_months(limit=10)
    person = User.objects.get(pk=person.pk)
    update_profile(actor=person, user=person, base_currency="EUR")
    assert waiting() == [(home.pk, date(2026, 3, 1))]
    before = figures(person, "EUR")
    assert before[0][0][home.pk, groceries.pk, True, True, "out"] == 8
    assert convert_open_months(limit=10) == 1
    assert figures(person, "EUR") == before
    assert list(ConvertedMonth.objects.values_list("account", "currency")) == [(home.pk, "EUR")]


def test_category_that_changes_its_kind_counts_as_what_it_is_now(person):
    account = abroad(person)
    own = create_category(actor=person, user=person, name="Odd")
    make_transaction(account=account, amount="-10.00", category=own, txn_date=ON)
    rate(ON, "1.25")
    convert_open_months(limit=10)
    assert figures(person)[0][0][account.pk, own.pk, True, True, "out"] == Decimal("12.5")
    edit_category(actor=person, category=own, kind=Category.Kind.TRANSFER)
    assert figures(person)[0][0] == {}


def test_limit_leaves_the_oldest_months_for_the_next_run(person):
    account = abroad(person)
    for month in (1, 2, 3):
        make_transaction(account=account, amount="-1.00", txn_date=date(2026, month, 3))
    assert convert_open_months(limit=2) == 2
    assert waiting() == [(account.pk, date(2026, 1, 1))]


@pytest.mark.search
@pytest.mark.slow
@pytest.mark.parametrize("seed", range(up_to(4, quick=1)))
def test_converted_figures_equal_those_from_days(person, seed):
    dice = random.Random(seed)
    accounts = [abroad(person, code, name=code) for code in ("EUR", "GBP", "USD")]
    slugs = ["groceries", "salary", "transfer", "rent"]
    kinds = [None, *Category.objects.filter(user=None, slug__in=slugs)]
    for back in range(-20, 500):
        if dice.random() < 0.2:
            base = dice.choice(["EUR", "GBP"])
            given = {"base": base, "quote": "USD", "source": dice.choice(["a", "b"])}
            if dice.random() < 0.3:
                given |= {"base": "USD", "quote": base}
            day, text = ON - timedelta(days=back), f"1.{dice.randint(0, 99):02}"
            store_rates(actor=None, rates=[ExchangeRate(rate=text, rate_on=day, **given)])
    for _round in range(3):
        for _ in range(25):
            make_transaction(
                account=dice.choice(accounts),
                amount=str(Decimal(dice.choice([-1, -1, 1]) * dice.randint(1, 90_000)) / 100),
                txn_date=ON - timedelta(days=dice.randint(-20, 480)),
                category=dice.choice(kinds),
            )
        live = Transaction.objects.filter(deleted_at=None).order_by("pk")
        gone = dice.sample(list(live.values_list("pk", flat=True)), 2)
        delete_transactions(actor=person, rows=Transaction.objects.filter(pk__in=gone))
        partly = figures(person)
        convert_open_months(limit=1000)
        assert waiting() == []
        assert rounded(figures(person)) == rounded(partly)
        report = check_ledger()
        assert report.is_clean, report.as_dict()
        ConvertedMonth.objects.update(sums="")
        assert rounded(figures(person)) == rounded(partly)
        convert_open_months(limit=1000)


def rounded(found):
    """Quotients have 28 digits, and the last one depends on the order of addition."""
    return [
        ({key: round(Decimal(value), 15) for key, value in sums.items()}, left_out, rates)
        for sums, left_out, rates in found
    ]


@pytest.mark.slow
def test_check_finds_a_converted_month_that_is_wrong(person, groceries):
    account = abroad(person)
    make_transaction(account=account, amount="-10.00", category=groceries, txn_date=ON)
    rate(ON, "1.25")
    convert_open_months(limit=10)
    assert check_ledger().is_clean
    text = ConvertedMonth.objects.get().sums
    ConvertedMonth.objects.update(sums=text.replace("12.5", "12.6"))
    (wrong,) = (invariant for invariant in check_ledger().invariants if invariant.violations)
    assert (wrong.name, wrong.violation_count) == ("converted_months", 1)
    # Out of date or marked, so it isn't read.
    ConvertedMonth.objects.update(rates_version=F("rates_version") - 1)
    assert check_ledger().is_clean
    ConvertedMonth.objects.update(sums="")
    assert check_ledger().is_clean
