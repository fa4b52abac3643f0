"""The back-test predicts exactly the alerts that day-by-day scans of the demo year store."""

from datetime import UTC, date, datetime, time, timedelta

import pytest

from alerts.models import Alert
from alerts.scanning import BACKTEST_MONTHS, replay, scan_users, sweep
from banking.kernel.periods import Period, add_months
from bills.models import Bill
from insights.demo.loading import load_demo
from tests.depth import up_to
from transactions.models import Transaction
from transactions.services.posting import delete_transactions, restore_transactions
from users.models import Notification, User

pytestmark = [pytest.mark.django_db, pytest.mark.once]
ON = date(2026, 3, 15)
MONTHS = up_to(BACKTEST_MONTHS, quick=3)
KINDS = [
    "budget_warning", "budget_exceeded", "low_balance", "large_transaction", "unusual_spending",
]  # fmt: skip


@pytest.mark.search
@pytest.mark.slow
def test_replaying_the_demo_year_stores_the_alerts_that_the_backtest_predicted():
    load_demo(on=ON)
    demo = User.objects.get(email="demo@example.com")
    following = ON + timedelta(days=1)
    days = Period(add_months(following, -MONTHS), following)
    promised = {
        (fact.type, fact.key, fact.on, fact.message)
        for kind in KINDS
        for fact in replay(user=demo, kind=kind, threshold=None, days=days)
    }
    # Transactions that settled a bill cannot be deleted; detach them from their bills first.
    Bill.objects.update(payment=None)
    rows = Transaction.objects.filter(user=demo, txn_date__gte=days.start)
    delete_transactions(actor=demo, rows=rows)
    # Start clean: no traces of the deletion, and no alerts yet.
    assert not Alert.objects.exists()
    for offset in range(days.days):
        on = days.start + timedelta(days=offset)
        noon = datetime.combine(on, time(17), UTC)
        restored = restore_transactions(actor=demo, rows=rows.filter(txn_date=on))
        # The nightly scan finds alerts that no posting triggers.
        sweep(at=noon) if restored else scan_users([demo.pk], at=noon)
    stored = set(
        Alert.objects.filter(type__in=KINDS).values_list(
            "type", "dedupe_key", "occurred_on", "message"
        )
    )
    assert stored == promised
    assert {kind for kind, *_ in promised} >= {"budget_warning", "budget_exceeded"}
    assert len(promised) > 20 * MONTHS / BACKTEST_MONTHS
    alerts = Alert.objects.filter(type__in=("budget_warning", "budget_exceeded", "low_balance"))
    messages = Notification.objects.filter(kind__in=KINDS)
    assert messages.count() == alerts.count()
    late = datetime.combine(ON, time(23), UTC)
    scan_users([demo.pk], at=late)
    assert scan_users([demo.pk], at=late) == 0
