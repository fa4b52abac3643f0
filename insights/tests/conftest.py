"""A US-dollar household owned by Alice, and guests who can see it."""

from datetime import date, timedelta

import pytest
from django.utils import timezone

from accounts.sharing import accept_share, share_account
from banking.kernel.periods import first_of_month
from tests.builders import make_account, make_transaction, make_user
from transactions.models import Category


@pytest.fixture
def today() -> date:
    """Today in UTC, for views that read the clock themselves."""
    return timezone.now().date()


@pytest.fixture
def household(alice, today):
    """Salary, groceries, a transfer, a pending transaction and a split
    transaction of last month.
    """
    alice.base_currency = "USD"
    alice.save()
    account = make_account(user=alice, currency="USD", opening_balance="1000.00")
    first = first_of_month(today)
    for amount, slug, on, status in [
        ("3000.00", "salary", first, "posted"),
        ("-120.00", "groceries", first, "posted"),
        ("-30.00", "restaurants", first, "posted"),
        ("20.00", "groceries", first, "posted"),
        ("-500.00", "savings-transfer", first, "posted"),
        ("-7.00", None, first, "posted"),
        ("-9.00", "groceries", first, "pending"),
        ("-80.00", "groceries", first - timedelta(days=1), "posted"),
    ]:
        make_transaction(
            account=account,
            amount=amount,
            txn_date=on,
            status=status,
            description=f"{slug} {amount}",
            category=slug and Category.objects.get(user=None, slug=slug),
        )
    return account


@pytest.fixture
def guest_of(household, alice):
    """guest_of(role): a user of that role with whom Alice's account is shared at that level."""

    def make(role: str, level: str = ""):
        guest = make_user(f"{role}@example.org", name="Guest", role=role)
        share = share_account(actor=alice, account=household, member=guest, level=level or role)
        accept_share(actor=guest, share=share)
        return guest

    return make
