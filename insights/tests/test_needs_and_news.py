"""Items that need attention are listed with their action, changes are listed once, and both lists
can be empty.
"""

from datetime import timedelta
from decimal import Decimal
from html import unescape

import pytest
from django.utils import timezone

from accounts.models import BankConnection
from alerts.models import Alert
from banking.kernel.periods import first_of_month
from bills.page import next_lines
from bills.services.planning import create_bill
from budgets.services import create_budget
from insights.figures.coverage import coverage_for
from insights.figures.links import Links
from insights.home.needs import needs_of
from insights.home.news import news, news_of_payments
from insights.recurring.recurring import find_recurring
from insights.tests.test_home_page import rows_behind
from tests.builders import make_account, make_transaction
from tests.world import connected_bank
from transactions.models import Category, ReviewItem, Transfer
from transactions.services.splitting import Part, split_transaction

pytestmark = pytest.mark.django_db


@pytest.fixture
def account(alice):
    alice.base_currency = "EUR"
    alice.save()
    return make_account(user=alice, name="Everyday", opening_balance="100.00")


def needs(user, on):
    bills = next_lines(user=user, on=on, most=20)
    return needs_of(user=user, on=on, bills=bills, budgets=(), doubts=(), may_change=True)


def bill(user, account, amount, due, **over):
    return create_bill(
        actor=user, user=user, biller_name="Power", amount_due=Decimal(amount),
        due_date=due, account=account, **over,
    )  # fmt: skip


def test_nothing_needs_attention_when_nothing_is_open(alice, account, today, client_for):
    assert needs(alice, today).count == 0
    assert "Needs your attention" not in client_for(alice).get("/").content.decode()


def test_overdue_and_unfunded_bills_need_attention_and_funded_ones_do_not(alice, account, today):
    late = bill(alice, account, "10.00", today - timedelta(days=2))
    bill(alice, account, "20.00", today + timedelta(days=3))
    short = bill(alice, account, "500.00", today + timedelta(days=5))
    bill(alice, account, "500.00", today + timedelta(days=20))
    found = needs(alice, today)
    assert [line.bill.pk for line in found.overdue] == [late.pk]
    assert [line.bill.pk for line in found.unfunded] == [short.pk]
    assert found.count == 2


def test_the_uncategorized_count_equals_the_list_it_links_to(client_for, alice, account, today):
    groceries = Category.objects.get(user=None, slug="groceries")
    first = first_of_month(today)
    for days in (0, 1, 40, 200):
        make_transaction(account=account, amount="-1.00", txn_date=today - timedelta(days=days))
    make_transaction(account=account, amount="-1.00", txn_date=today, category=groceries)
    row = make_transaction(account=account, amount="-5.00", txn_date=first, category=groceries)
    split_transaction(
        actor=alice, transaction=row,
        parts=[Part(Decimal("-2"), groceries), Part(Decimal("-3"), None)],
    )  # fmt: skip
    make_transaction(account=account, amount="-9.00", txn_date=today, status="pending")
    found = needs(alice, today)
    assert found.uncategorized.count == 4
    page = unescape(client_for(alice).get("/").content.decode())
    address = next(link for link in page.split('"') if "category=uncategorized&" in link)
    assert len(rows_behind(alice, address)) == 4


@pytest.mark.slow
def test_each_kind_of_question_appears_with_its_action(client_for, alice, account, today):
    out = make_transaction(account=account, amount="-12.00", txn_date=today)
    pot = make_account(user=alice, name="Pot", account_type="savings")
    into = make_transaction(account=pot, amount="12.00", txn_date=today)
    transfer = Transfer.objects.create(user=alice, outflow_transaction=out, inflow_transaction=into)
    item = ReviewItem.objects.create(
        user=alice, account=account, candidate=out, reason="alike", txn_date=today,
        signed_amount=Decimal("-12.00"), currency="EUR", description="Bakery", fingerprint=1,
    )  # fmt: skip
    link = connected_bank(alice)
    BankConnection.objects.filter(pk=link.pk).update(status="needs_login")
    create_budget(
        actor=alice, user=alice, category=Category.objects.get(user=None, slug="groceries"),
        year=today.year, month=today.month, limit_amount=Decimal(5),
    )  # fmt: skip
    make_transaction(
        account=account, amount="-8.00", txn_date=today,
        category=Category.objects.get(user=None, slug="groceries"),
    )  # fmt: skip
    client = client_for(alice)
    page = client.get("/").content.decode()
    for action in (
        f"/transactions/transfers/{transfer.pk}/confirm/",
        f"/transactions/review/{item.pk}/",
        f"/transactions/connections/{link.pk}/reconnect/",
        "Groceries is over budget",
    ):
        assert action in page
    # Answered in place: the user stays on the home page.
    for address, body in (
        (f"/transactions/transfers/{transfer.pk}/reject/", {}),
        (f"/transactions/review/{item.pk}/", {"decision": "different"}),
    ):
        answer = client.post(address, body | {"next": "/"})
        assert answer["Location"] == "/"
        assert f'action="{address}"' not in client.get("/").content.decode()


def test_the_next_parameter_never_redirects_to_another_site(client_for, alice, account, today):
    out = make_transaction(account=account, amount="-12.00", txn_date=today)
    into = make_transaction(account=make_account(user=alice), amount="12.00", txn_date=today)
    transfer = Transfer.objects.create(user=alice, outflow_transaction=out, inflow_transaction=into)
    answer = client_for(alice).post(
        f"/transactions/transfers/{transfer.pk}/reject/", {"next": "https://evil.example/"}
    )
    assert answer["Location"] == "/transactions/transfers/"


def told(user, today, since=None):
    coverage = coverage_for(user)
    found = find_recurring(coverage, today)
    changed = news_of_payments(links=Links(coverage), found=found, on=today)
    return news(user=user, of_payments=changed, on=today, since=since)


def monthly(account, today, amounts, merchant):
    for back, amount in enumerate(reversed(amounts)):
        make_transaction(
            account=account, amount=amount, txn_date=today - timedelta(days=1 + 30 * back),
            description=merchant.upper(), merchant=merchant,
        )  # fmt: skip


def test_new_payments_price_increases_refunds_and_unusual_spending_are_reported(alice, today):
    account = make_account(user=alice, opening_balance="900.00")
    monthly(account, today, ["-9.00"] * 3, "Newsflix")
    monthly(account, today, ["-10.00"] * 6 + ["-12.00"], "Gym")
    shoes = Category.objects.get(user=None, slug="clothing")
    make_transaction(
        account=account, amount="30.00", txn_date=today - timedelta(days=4),
        description="Shoes", category=shoes,
    )  # fmt: skip
    Alert.objects.create(
        user=alice, type="unusual_spending", message="Coffee is unusual", severity="info",
        dedupe_key="x", occurred_on=today - timedelta(days=6), link="/insights/categories/",
    )  # fmt: skip
    found = {item.kind: item for item in told(alice, today, since=today - timedelta(days=5))}
    assert (found["new"].name, found["new"].amount, found["new"].is_new) == ("Newsflix", 9, True)
    assert (found["dearer"].before, found["dearer"].amount) == (10, 12)
    assert (found["refund"].amount, found["refund"].is_new) == (30, True)
    assert (found["unusual"].name, found["unusual"].is_new) == ("Coffee is unusual", False)


def test_an_ordinary_month_has_no_news(alice, today):
    account = make_account(user=alice, opening_balance="900.00")
    monthly(account, today, ["-10.00"] * 8, "Gym")
    assert told(alice, today) == []


def test_visits_of_earlier_days_are_noted_once_a_day(client_for, alice, time_machine):
    now = timezone.now()
    client = client_for(alice)
    for hours in (0, 1, 25, 26):
        time_machine.move_to(now + timedelta(hours=hours))
        client.get("/")
    alice.home_state.refresh_from_db()
    assert abs(alice.home_state.visited_before_at - now) < timedelta(minutes=5)
    assert abs(alice.home_state.visited_at - now - timedelta(hours=25)) < timedelta(minutes=5)
