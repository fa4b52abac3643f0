"""The running balance is correct on every page, and so is the balance history."""

import random
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from accounts.models import Account
from tests.builders import make_account, make_transaction, make_user
from tests.shared_rows import shared_rows
from transactions.models import Transaction
from transactions.running_balance import balances_after, daily_balances, monthly_balances
from transactions.services.posting import delete_transactions

TODAY = date(2026, 3, 15)


@pytest.fixture(scope="module")
def key_of_busy(django_db_setup, django_db_blocker):
    with shared_rows(django_db_blocker):
        yield make_busy(make_user("busy@example.com")).pk


@pytest.fixture
def busy(key_of_busy, db):
    return Account.objects.get(pk=key_of_busy)


def make_busy(owner):
    """An account over five months with ties, pending, deleted and future rows."""
    account = make_account(user=owner, opening_balance="5000")
    chance = random.Random(7)
    for number in range(130):
        row = make_transaction(
            account=account,
            amount=str(Decimal(chance.randint(-2000, 2000) or 1).scaleb(-2)),
            txn_date=TODAY + timedelta(days=chance.randint(-140, 10)),
            status="pending" if number % 9 == 0 else "posted",
        )
        if number % 13 == 0:
            delete_transactions(actor=owner, rows=Transaction.objects.filter(pk=row.pk))
    account.refresh_from_db()
    return account


def counted_up(account):
    """{row id: balance after it}, added up from the opening balance."""
    balance, after = account.opening_balance, {}
    for row in Transaction.objects.filter(account=account, deleted_at=None).order_by(
        "txn_date", "pk"
    ):
        if row.status == "posted":
            balance += row.signed_amount
            after[row.pk] = balance
        else:
            after[row.pk] = None
    return after


@pytest.mark.slow
@pytest.mark.parametrize("size", [1, 7, 50])
def test_every_page_matches_the_balance_added_up_from_the_start(busy, size):
    expected = counted_up(busy)
    rows = list(Transaction.objects.filter(account=busy, deleted_at=None))
    for start in range(0, len(rows), size):
        shown = rows[start : start + size]
        assert balances_after(busy, shown) == [expected[row.pk] for row in shown]


@pytest.mark.slow
def test_days_and_months_end_with_the_last_rows_balance(busy):
    def at_the_end_of(day):
        rows = Transaction.objects.filter(
            account=busy, deleted_at=None, status="posted", txn_date__lte=day
        )
        return busy.opening_balance + sum((row.signed_amount for row in rows), Decimal(0))

    days = daily_balances(busy, 90, TODAY)
    assert (len(days), days[-1].on) == (90, TODAY)
    assert [point.balance for point in days] == [at_the_end_of(point.on) for point in days]
    months = monthly_balances(busy, 12, TODAY)
    assert [point.on for point in months][-2:] == [date(2026, 2, 28), date(2026, 3, 31)]
    assert [point.balance for point in months] == [at_the_end_of(point.on) for point in months]


@pytest.mark.slow
def test_account_page_shows_pages_and_a_chart(client_for, busy):
    client, expected, seen = client_for(busy.user), counted_up(busy), {}
    url = f"/accounts/{busy.pk}/"
    answer = client.get(url)
    while True:
        seen |= {row.pk: row.balance_after for row in answer.context["rows"]}
        if not answer.context["older_url"]:
            break
        answer = client.get(url + answer.context["older_url"])
    assert seen == expected
    year = client.get(f"{url}?chart=year")
    assert len(year.context["points"]) == 12
    assert year.context["points"][-1].on >= timezone.now().date()


def test_account_without_transactions_shows_a_message(alice, client_for, checking):
    text = client_for(alice).get(f"/accounts/{checking.pk}/").content.decode()
    assert "No transactions yet" in text
