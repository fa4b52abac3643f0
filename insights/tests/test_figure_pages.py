"""The insight pages: every number links to the transactions that add up to it."""

import re
from datetime import timedelta
from decimal import Decimal
from urllib.parse import parse_qsl, urlsplit

import pytest
from django.http import QueryDict
from django.test import RequestFactory

from accounts.models import ExchangeRate
from tests.builders import make_account, make_transaction
from transactions.filters import TransactionFilter
from transactions.models import Category, Transaction

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
NAMES = ["cash-flow", "categories", "merchants", "burn-rate", "net-worth", "yearly"]


@pytest.fixture
def busy(alice, household, today):
    """Fourteen months of a dollar household."""
    slugs = ["groceries", "rent", "food", None]
    kinds = {slug: slug and Category.objects.get(user=None, slug=slug) for slug in slugs}
    for number in range(28):
        make_transaction(
            account=household,
            amount=f"-{number + 3}.50",
            txn_date=today - timedelta(days=number * 15),
            merchant=("Aldi", "Aldi Süd", "ALDI", "")[number % 4],
            category=kinds[slugs[number % 4]],
        )
    return household


@pytest.fixture
def open_page(client_for, alice):
    def get(name, user=None, status=200, **params):
        response = client_for(user or alice).get(f"/insights/{name}/", params)
        assert response.status_code == status
        return response

    return get


def sums_behind(user, url) -> tuple[Decimal, Decimal]:
    """The sums of the list at that address: inflows, and outflows minus refunds."""
    request = RequestFactory().get(url)
    request.user = type(user).objects.get(pk=user.pk)
    query = QueryDict(mutable=True)
    query.update(dict(parse_qsl(urlsplit(url).query)))
    visible = Transaction.objects.visible_to(request.user)
    found = TransactionFilter(query, queryset=visible, request=request)
    assert found.is_valid(), found.errors
    spent = came_in = Decimal(0)
    for row in found.qs.select_related("category"):
        if row.signed_amount < 0 or (row.category and row.category.kind == "expense"):
            spent -= row.signed_amount
        else:
            came_in += row.signed_amount
    return came_in, spent


def test_every_cash_flow_number_equals_the_sum_of_its_list(alice, busy, open_page):
    context = open_page("cash-flow").context
    assert len(context["rows"]) >= 12
    for row, _kept, income_url, expenses_url, counted_url in context["rows"]:
        assert sums_behind(alice, income_url)[0] == row.income
        assert sums_behind(alice, expenses_url)[1] == row.expenses
        assert sums_behind(alice, counted_url) == (row.income, row.expenses)
    assert sums_behind(alice, context["expenses_url"])[1] == context["total"].expenses


def test_every_category_and_merchant_equals_the_sum_of_its_list(alice, busy, open_page):
    context = open_page("categories", period="last_12_months").context
    for row, url, _children in context["rows"]:
        assert sums_behind(alice, url)[1] == (row.total or row.previous_total)
    response = open_page("merchants", period="last_12_months")
    rows = response.context["rows"]
    assert {row.name.casefold() for row, _url in rows} == {"aldi", "aldi süd", ""}
    for row, url in rows:
        assert sums_behind(alice, url)[1] == row.total
    assert "No merchant" in response.content.decode()


def test_every_year_and_window_equals_the_sum_of_its_list(alice, busy, open_page, today):
    later = today + timedelta(days=400)
    make_transaction(account=busy, amount="-400.00", txn_date=later, origin="import")
    for year in (today.year, later.year):
        page = open_page("yearly", year=year)
        not_begun = [row for row, *_urls in page.context["rows"] if row.is_ahead]
        months = 12 - today.month if year == today.year else 12
        assert len(not_begun) == months
        assert all(row.expenses_change is None for row in not_begun)
        # Both totals of the current year, and each month without future-dated transactions.
        empty = [row for row in not_begun if row.now.is_empty]
        assert len(empty) == (months if year == today.year else 11)
        running = 2 * page.context["is_running"]
        assert page.content.decode().count('title="Not yet"') == 2 * len(empty) + running
    context = open_page("yearly").context
    total = context["figure"].total
    for url, amount in (
        (context["income_url"], total.income),
        (context["expenses_url"], total.expenses),
    ):
        assert amount in sums_behind(alice, url)
    for row, income_url, expenses_url, _old_income, old_expenses in context["rows"]:
        assert sums_behind(alice, income_url)[0] == row.now.income
        assert sums_behind(alice, expenses_url)[1] == row.now.expenses
        assert sums_behind(alice, old_expenses)[1] == row.before.expenses
    for window, _runway, url in open_page("burn-rate").context["rows"]:
        assert sums_behind(alice, url)[1] == window.flow.expenses


def test_a_figure_names_left_out_amounts_and_the_rates_used(busy, alice, open_page, today):
    euros = make_account(user=alice, name="Berlin", currency="EUR", opening_balance="90")
    francs = make_account(user=alice, name="Zürich", currency="CHF", opening_balance="90")
    ExchangeRate.objects.create(base="EUR", quote="USD", rate="1.5", rate_on=today, source="test")
    for account in (euros, francs):
        make_transaction(account=account, amount="-2.00", txn_date=today)
    for name in ("cash-flow", "categories", "merchants", "yearly"):
        text = open_page(name).content.decode()
        assert "1 amount not converted" in text
        assert "1 transaction on Zürich in CHF" in text
        assert "1 EUR = 1.5000 USD" in text
    worth = open_page("net-worth", period="this_month").content.decode()
    assert "Balance of <strong>Zürich</strong>" in worth


@pytest.mark.parametrize("name", NAMES)
def test_an_empty_account_shows_no_empty_charts(name, alice, open_page):
    text = open_page(name).content.decode()
    assert "No insights yet" in text
    make_account(user=alice, name="New", currency="USD")
    assert "data-chart" not in open_page(name).content.decode() or name == "net-worth"


def test_viewers_are_refused_analysts_are_not_and_invalid_periods_show_an_error(
    guest_of, open_page
):
    viewer, analyst = guest_of("viewer"), guest_of("analyst")
    for name in NAMES:
        assert (
            "access doesn&#x27;t include"
            in open_page(name, user=viewer, status=403).content.decode()
        )
        open_page(name, user=analyst)
    assert (
        "categories/?include_shared=1"
        in open_page("merchants", include_shared="1").content.decode()
    )
    text = open_page("categories", include_shared="1", currency="EUR").content.decode()
    assert re.search(r'<a\s+href="/insights/cash-flow/"\s+aria-current="true"', text)
    assert '<input type="hidden" name="currency" value="EUR">' in text
    text = open_page("cash-flow", status=422, month="2025-13").content.decode()
    assert "Send a month such as 2025-12." in text
    assert "Choose a year" in open_page("yearly", status=422, year="1066").content.decode()
