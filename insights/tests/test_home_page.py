"""The home page: every figure links to rows that add up to it; nothing is hidden or invented."""

import re
from decimal import Decimal
from html import unescape
from urllib.parse import parse_qsl, urlsplit

import pytest
from django.http import QueryDict
from django.test import RequestFactory

from insights.figures.links import Links
from insights.figures.overview import overview
from insights.figures.period_choice import choose_period
from tests.builders import make_account, make_transaction
from transactions.filters import TransactionFilter
from transactions.models import Transaction

pytestmark = pytest.mark.django_db


def rows_behind(user, address: str):
    """The rows of the transaction list at that address."""
    query = QueryDict(urlsplit(unescape(address)).query)
    request = RequestFactory().get(address)
    request.user = user
    rows = Transaction.objects.visible_to(user)
    found = TransactionFilter(query, queryset=rows, request=request)
    assert found.is_valid(), found.errors
    return list(found.qs)


def total_behind(user, address: str) -> Decimal:
    return abs(sum((row.signed_amount for row in rows_behind(user, address)), Decimal(0)))


def test_every_figure_links_to_rows_that_add_up_to_it(alice, household, today):
    figures = overview(user=alice, choice=choose_period({}, on=today), on=today)
    period, links = figures.choice.period, Links(figures.coverage)
    assert total_behind(alice, links.income(period)) == figures.totals.income == 3000
    assert total_behind(alice, links.expenses(period)) == figures.totals.expenses == 137
    for row in figures.spending:
        assert total_behind(alice, links.category(row, period)) == row.total
    assert len(rows_behind(alice, links.account(household.pk))) == 8


@pytest.mark.slow
def test_the_home_page_shows_the_figures_and_their_links(client_for, alice, household, today):
    page = client_for(alice).get("/").content.decode()
    for amount in ("3283.00", "3000.00", "137.00", "130.00"):
        assert f'value="{amount}"' in page
    figures = overview(user=alice, choice=choose_period({}, on=today), on=today)
    period, links = figures.choice.period, Links(figures.coverage)
    for address in (links.income(period), links.expenses(period)):
        assert address in unescape(page)
    assert "Food &amp; drink" in page
    assert "not converted" not in page


def test_links_exclude_shared_accounts_if_the_figures_do(guest_of, today):
    guest = guest_of("user", level="analyst")
    own = make_account(user=guest, currency="USD", opening_balance="90.00")
    make_transaction(account=own, amount="-4.00", txn_date=today)
    for include_shared, spent in ((None, 4), (True, 141)):
        figures = overview(
            user=guest,
            choice=choose_period({}, on=today),
            on=today,
            include_shared=include_shared,
        )
        links = Links(figures.coverage)
        assert figures.totals.expenses == spent
        assert total_behind(guest, links.expenses(figures.choice.period)) == spent


@pytest.mark.slow
def test_every_link_on_the_home_page_opens(client_for, alice, household):
    client = client_for(alice)
    page = client.get("/").content.decode()
    main = page[page.index("<main") : page.index("</main>")]
    addresses = {unescape(href) for href in re.findall(r'href="([/?][^"]*)"', main)}
    assert len(addresses) > 20
    refused = {
        address: status
        for address in addresses
        if (status := client.get(address if address[0] == "/" else f"/{address}").status_code)
        != 200
    }
    assert refused == {}


def test_a_new_customer_sees_how_to_get_started(client_for, alice):
    page = client_for(alice).get("/").content.decode()
    assert "Add an account" in page
    assert "data-chart" not in page


def test_an_account_without_transactions_shows_empty_states(client_for, alice):
    make_account(user=alice, currency="USD", opening_balance="12.00")
    page = client_for(alice).get("/").content.decode()
    assert 'value="12.00"' in page
    assert "No spending yet" in page
    assert "No transactions" in page
    # One empty card says it; the others wait until there is something to show.
    assert "spending-title" not in page
    assert "trend-title" not in page


def test_a_viewer_sees_the_basic_summary(client_for, guest_of):
    page = client_for(guest_of("viewer")).get("/").content.decode()
    assert 'value="3283.00"' in page
    assert "Recent transactions" in page
    assert "data-chart" not in page
    assert "Spending by category" not in page


@pytest.mark.slow
def test_an_analyst_sees_spending_by_category(client_for, guest_of):
    page = client_for(guest_of("analyst")).get("/").content.decode()
    assert "Spending by category" in page


@pytest.mark.slow
def test_an_account_without_a_rate_is_named(client_for, alice, household, today):
    francs = make_account(user=alice, name="Zürich", currency="CHF", opening_balance="70.00")
    make_transaction(account=francs, amount="-5.00", txn_date=today)
    page = client_for(alice).get("/").content.decode()
    assert "2 amounts not converted" in page
    assert "Balance of <strong>Zürich</strong>" in page
    [address] = re.findall(r'<a href="([^"]+)">\s*1 transaction on Zürich in CHF', page)
    assert total_behind(alice, address) == 5


@pytest.mark.slow
def test_one_period_picker_controls_the_whole_page(client_for, alice, household):
    page = client_for(alice).get("/", {"month": "2019-03"}).content.decode()
    assert "March 2019" in page
    assert "No spending" in page
    tiles = page[page.index("month__tiles") :]
    hrefs = re.findall(r'href="([^"]+)"', tiles[: tiles.index("</dl>")])
    queries = [dict(parse_qsl(urlsplit(unescape(href)).query)) for href in hrefs]
    assert [query["date_from"] for query in queries] == ["2019-03-01"] * 2


@pytest.mark.slow
def test_an_invalid_period_is_a_422_with_an_error_message(client_for, alice, household):
    response = client_for(alice).get("/", {"month": "13-2019"})
    assert response.status_code == 422
    assert "Send a month such as 2025-12." in response.content.decode()


def test_an_anonymous_visitor_is_asked_to_sign_in(client):
    assert client.get("/").status_code == 302
