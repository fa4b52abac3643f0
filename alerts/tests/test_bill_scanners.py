"""Alerts about bills and points: each fact once, on its day."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from alerts.models import Alert
from alerts.scanning import backtest, scan_users
from bills.services.auto_paying import auto_pay_due
from bills.services.paying import pay_bill
from bills.services.planning import create_bill
from rewards.services import add_entry, create_program
from tests.builders import make_account

DUE = date(2026, 3, 15)


@pytest.fixture
def alice(alice):
    alice.base_currency, alice.timezone = "EUR", "Europe/Berlin"
    alice.save()
    return alice


def bill_of(user, **over):
    fields = {"biller_name": "Power", "amount_due": Decimal("80.00"), "due_date": DUE}
    return create_bill(actor=user, user=user, **(fields | over))


def scan(user, day, times=2):
    at = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    return sum(scan_users([user.pk], at=at) for _ in range(times))


def alerts_of(user):
    return list(Alert.objects.filter(user=user).order_by("id").values_list("type", "message"))


@pytest.mark.slow
def test_a_bill_alerts_once_three_days_before_and_once_when_overdue(alice):
    bill_of(alice)
    for offset in range(-6, 6):
        scan(alice, DUE + timedelta(days=offset))
    assert alerts_of(alice) == [
        ("bill_due", "Power: €80.00 is due on March 15."),
        ("bill_overdue", "Power: €80.00 was due on March 15 and hasn't been paid."),
    ]
    days = Alert.objects.order_by("id").values_list("occurred_on", flat=True)
    assert list(days) == [date(2026, 3, 12), date(2026, 3, 16)]


@pytest.mark.slow
@pytest.mark.parametrize("on", [date(2026, 3, 1), date(2026, 4, 20)])
def test_a_paid_bill_raises_no_alert_whatever_the_payment_date(alice, checking, time_machine, on):
    time_machine.move_to(datetime(2026, 3, 1, 12, tzinfo=UTC))
    pay_bill(actor=alice, bill=bill_of(alice, account=checking), on=on)
    for offset in range(-6, 6):
        scan(alice, DUE + timedelta(days=offset))
    assert alerts_of(alice) == []


@pytest.mark.slow
def test_a_shortfall_alerts_in_advance_and_a_failed_auto_pay_alerts_once(alice):
    account = make_account(user=alice, name="Thin", opening_balance="38.80")
    bill_of(alice, account=account, auto_pay=True)
    scan(alice, DUE - timedelta(days=3))
    for hour in range(6, 20, 4):
        auto_pay_due(at=datetime(2026, 3, 15, hour, tzinfo=UTC))
        scan(alice, DUE)
    kinds = [kind for kind, _ in alerts_of(alice) if kind in ("bill_due", "autopay_failed")]
    assert kinds == ["bill_due", "autopay_failed"]
    sentences = dict(alerts_of(alice))
    assert sentences["bill_due"] == "Power: €80.00 is due on March 15. Thin will be €41.20 short."
    assert sentences["autopay_failed"] == (
        "We couldn't pay Power automatically: Thin has €38.80 available. You need €80.00."
    )


def test_points_alert_sixty_days_before_they_expire(alice):
    miles = create_program(
        actor=alice, user=alice, program_name="Miles", on=DUE, expires_after_months=12
    )
    add_entry(actor=alice, reward=miles, kind="earn", points=90, on=date(2025, 5, 14))
    add_entry(actor=alice, reward=miles, kind="redeem", points=20, on=date(2025, 6, 1))
    scan(alice, DUE - timedelta(days=1))
    assert alerts_of(alice) == []
    scan(alice, DUE)
    scan(alice, DUE + timedelta(days=5))
    assert alerts_of(alice) == [("points_expiring", "Miles: 70 points expire on May 14, 2026.")]


def test_the_backtest_finds_the_alerts_of_the_scans(alice):
    bill_of(alice)
    found = backtest(user=alice, kind="bill_overdue", threshold=None, on=date(2026, 4, 30))
    assert [fact.on for fact in found] == [date(2026, 3, 16)]
    found = backtest(user=alice, kind="bill_due", threshold=None, on=date(2026, 4, 30))
    assert [fact.on for fact in found] == [date(2026, 3, 12)]
