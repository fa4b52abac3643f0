"""At any time and after any input, everything that shows today's balance agrees.

Steps cross midnight, month ends and both daylight saving changes, in four time zones.
"""

import random
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError

from insights.figures.overview import overview
from insights.figures.period_choice import choose_period
from insights.forecast.forecast_summary import forecast_summary
from tests.builders import make_account, make_user
from tests.depth import up_to
from tests.invariants import assert_ledger_holds
from transactions.models import Transaction
from transactions.running_balance import daily_balances
from transactions.services.posting import (
    delete_transactions,
    edit_transaction,
    post_transaction,
    restore_transactions,
)
from transactions.services.posting_planned import post_planned
from transactions.services.transfers import transfer_funds
from users.timezones import local_date

ZONES = ["Pacific/Kiritimati", "Europe/Berlin", "America/Los_Angeles", "Australia/Lord_Howe"]
# Days before a daylight saving change in one of the zones, and before a month end.
STARTS = [datetime(2026, 3, 6, 20, tzinfo=UTC), datetime(2026, 10, 23, 20, tzinfo=UTC)]
STEPS = up_to(10, quick=6, postgresql=3)


class Books:
    """One person's accounts, and everything that can happen to them."""

    def __init__(self, zone, seed):
        self.dice, self.zone = random.Random(seed), zone
        self.owner = make_user(timezone=zone, base_currency="EUR")
        self.accounts = [
            make_account(user=self.owner, name=name, opening_balance="300", overdraft_limit="50")
            for name in ("a", "b")
        ]

    def day(self, today):
        return today + timedelta(days=self.dice.randint(-4, 6))

    def row(self):
        return self.dice.choice(list(Transaction.objects.order_by("pk")) or [None])

    def step(self, today):
        """One action of a person or a bank; a refused one changes nothing."""
        choice, row = self.dice.randint(0, 6), self.row()
        with suppress(ValidationError):
            if choice <= 2 or row is None:
                post_transaction(
                    actor=self.owner,
                    account=self.dice.choice(self.accounts),
                    signed_amount=Decimal(self.dice.choice([-260, -90, -7, 40, 500])),
                    txn_date=self.day(today),
                    description="line",
                    origin=self.dice.choice(["manual", "manual", "import"]),
                )
            elif choice == 3:
                edit_transaction(actor=self.owner, transaction=row, txn_date=self.day(today))
            elif choice == 4:
                delete_transactions(actor=self.owner, rows=Transaction.objects.filter(pk=row.pk))
            elif choice == 5:
                restore_transactions(actor=self.owner, rows=Transaction.objects.filter(pk=row.pk))
            else:
                source, target = self.dice.sample(self.accounts, 2)
                transfer_funds(
                    actor=self.owner, source=source, target=target,
                    amount=Decimal(self.dice.randint(1, 400)), on=self.day(today),
                )  # fmt: skip

    def assert_one_today(self, today):
        assert_ledger_holds()
        rows = Transaction.objects.filter(deleted_at=None)
        expected = Decimal(600) + sum(row.signed_amount for row in rows if row.status == "posted")
        for row in rows:
            by_hand = row.origin != "import"
            assert row.status == "planned" if by_hand and row.txn_date > today else True
            assert by_hand or row.status == "posted"
        self.owner.refresh_from_db()
        for account in self.accounts:
            account.refresh_from_db()
        assert sum(account.balance for account in self.accounts) == expected
        assert (
            sum(daily_balances(account, 9, today)[-1].balance for account in self.accounts)
            == expected
        )
        choice = choose_period({}, on=today)
        assert overview(user=self.owner, choice=choice, on=today).net_worth.total == expected
        assert forecast_summary(user=self.owner, on=today, days=30).forecast.balance == expected


@pytest.mark.search
@pytest.mark.slow
@pytest.mark.django_db
@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("start", STARTS, ids=["spring", "autumn"])
def test_balance_totals_net_worth_and_forecast_agree_on_today(zone, start, time_machine):
    now = start
    time_machine.move_to(now)
    books = Books(zone, f"{zone} {start}")
    for _ in range(STEPS):
        books.step(local_date(zone, now))
        books.assert_one_today(local_date(zone, now))
        now += timedelta(hours=books.dice.choice([0, 1, 5, 11, 23, 25]))
        time_machine.move_to(now)
        post_planned(at=now)
        today = local_date(zone, now)
        late = Transaction.objects.filter(
            status="planned", deleted_at=None, txn_date__lte=today, unposted=None
        )
        assert not late.exists()
        books.assert_one_today(today)
