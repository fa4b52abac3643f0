"""What each scanner finds and when, in live scans and in replays."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import ExchangeRate
from accounts.services import store_rates
from alerts.models import Alert, AlertType
from alerts.scanning import backtest, scan_everybody, scan_users, sweep
from alerts.services import subscribe
from banking.kernel.periods import add_months
from budgets.services import create_budget, edit_budget
from tests.builders import PASSWORD, make_account, make_transaction, make_user
from transactions.models import Category, LedgerMark
from users.audit.trail import RequestInfo, record, request_info
from users.models import AuditEvent, Notification

pytestmark = pytest.mark.django_db
AT = datetime(2026, 3, 15, 12, tzinfo=UTC)
ON = date(2026, 3, 15)


@pytest.fixture
def euro_alice(alice):
    alice.base_currency = "EUR"
    alice.save()
    return alice


def budget(user, category, limit="100.00", month=3):
    return create_budget(
        actor=user, user=user, category=category, year=2026, month=month,
        limit_amount=Decimal(limit), currency="EUR",
    )  # fmt: skip


def keys_of(*kinds) -> list[str]:
    rows = Alert.objects.filter(type__in=kinds) if kinds else Alert.objects.all()
    return sorted(rows.values_list("dedupe_key", flat=True))


# --- Budgets -------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_budget_alerts_once_at_80_percent_and_once_when_exceeded(euro_alice, checking, groceries):
    one = budget(euro_alice, groceries)
    make_transaction(account=checking, amount="-79.99", category=groceries)
    assert sweep(at=AT) == 0
    make_transaction(account=checking, amount="-0.01", category=groceries)
    assert sweep(at=AT) == 1
    assert sweep(at=AT) == 0
    assert scan_everybody(at=AT) == 0
    assert keys_of() == [f"budget_warning:{one.pk}:80"]
    make_transaction(account=checking, amount="-20.00", category=groceries)
    assert sweep(at=AT) == 0
    make_transaction(account=checking, amount="-0.01", category=groceries)
    assert sweep(at=AT) == 1
    for day in range(4):
        assert scan_everybody(at=AT + timedelta(days=day)) == 0
    assert keys_of() == [f"budget_exceeded:{one.pk}", f"budget_warning:{one.pk}:80"]
    assert Alert.objects.get(type="budget_exceeded").message == (
        "Groceries: you spent €100.01 in March, €0.01 over your budget of €100.00."
    )
    assert Notification.objects.count() == 2


def test_crossing_both_thresholds_at_once_alerts_only_as_exceeded(euro_alice, checking, groceries):
    one = budget(euro_alice, groceries)
    make_transaction(account=checking, amount="-150.00", category=groceries)
    assert sweep(at=AT) == 1
    assert keys_of() == [f"budget_exceeded:{one.pk}"]


def test_a_new_month_raises_a_new_alert(euro_alice, checking, groceries):
    for month in (3, 4):
        budget(euro_alice, groceries, month=month)
        make_transaction(
            account=checking, amount="-90.00", category=groceries, txn_date=date(2026, month, 10)
        )
        scan_everybody(at=datetime(2026, month, 11, tzinfo=UTC))
    assert len(keys_of(AlertType.BUDGET_WARNING)) == 2


def test_late_transactions_of_the_past_month_still_alert(euro_alice, checking, groceries):
    one = budget(euro_alice, groceries, month=2)
    make_transaction(
        account=checking, amount="-90.00", category=groceries, txn_date=date(2026, 2, 27)
    )
    assert scan_users([euro_alice.pk], at=datetime(2026, 3, 8, tzinfo=UTC)) == 0
    assert scan_users([euro_alice.pk], at=datetime(2026, 3, 7, tzinfo=UTC)) == 1
    assert keys_of() == [f"budget_warning:{one.pk}:80"]


def test_the_owners_own_percentage_applies(euro_alice, checking, groceries):
    one = budget(euro_alice, groceries)
    subscribe(
        actor=euro_alice, user=euro_alice, type="budget_warning",
        in_app=True, email=False, sms=False, threshold=Decimal("62.5"),
    )  # fmt: skip
    make_transaction(account=checking, amount="-62.50", category=groceries)
    assert sweep(at=AT) == 1
    assert keys_of() == [f"budget_warning:{one.pk}:62.5"]
    assert not Notification.objects.exists()


@pytest.mark.parametrize(
    ("zone", "at", "month"),
    [
        # Kiritimati is 14 hours ahead: at 10:30 UTC on 31 March it is 1 April there, at 09:30 not
        # yet.
        ("Pacific/Kiritimati", "2026-03-31T10:30", 4),
        ("Pacific/Kiritimati", "2026-03-31T09:30", 3),
        ("Asia/Kathmandu", "2026-03-31T18:15", 4),
        ("Asia/Kathmandu", "2026-03-31T18:14", 3),
        ("America/St_Johns", "2026-04-01T02:30", 4),
        ("America/St_Johns", "2026-04-01T02:29", 3),
        ("America/Los_Angeles", "2026-04-01T07:00", 4),
        ("America/Los_Angeles", "2026-04-01T06:59", 3),
        # The days of both clock changes.
        ("America/Los_Angeles", "2026-03-08T10:30", 3),
        ("America/Los_Angeles", "2026-12-01T08:00", 12),
    ],
)
def test_the_month_changes_in_the_users_time_zone(euro_alice, checking, groceries, zone, at, month):
    euro_alice.timezone = zone
    euro_alice.save()
    one = budget(euro_alice, groceries, month=month)
    first = date(2026, month, 1)
    make_transaction(
        account=checking, amount="-90.00", category=groceries, txn_date=first, today=first
    )
    moment = datetime.fromisoformat(at).replace(tzinfo=UTC)
    on = date(2026, 4, 1) if month == 4 else None
    assert scan_users([euro_alice.pk], at=moment) == 1
    alert = Alert.objects.get()
    assert alert.dedupe_key == f"budget_warning:{one.pk}:80"
    assert on in (None, alert.occurred_on)


# --- Low balance ---------------------------------------------------------------------------------


def test_a_balance_below_a_fifth_of_its_average_alerts_once_a_month(euro_alice):
    account = make_account(user=euro_alice, name="Everyday", opening_balance="1000.00")
    make_transaction(account=account, amount="-790.00")
    scan_everybody(at=AT)
    assert keys_of(AlertType.LOW_BALANCE) == []
    # 90 days: 89 of 1000 and one of 210 average 991.22; a fifth is 198.24.
    make_transaction(account=account, amount="-100.00")
    scan_everybody(at=AT)
    scan_everybody(at=AT + timedelta(days=3))
    assert keys_of(AlertType.LOW_BALANCE) == [f"low_balance:{account.pk}:2026-03"]
    scan_everybody(at=datetime(2026, 4, 1, 12, tzinfo=UTC))
    assert keys_of(AlertType.LOW_BALANCE) == [
        f"low_balance:{account.pk}:2026-03",
        f"low_balance:{account.pk}:2026-04",
    ]


def test_debt_accounts_raise_no_low_balance_alert(euro_alice):
    make_account(user=euro_alice, account_type="credit_card", opening_balance="-50.00")
    make_account(user=euro_alice, account_type="investment", opening_balance="10.00")
    assert scan_everybody(at=AT) == 0


def test_the_owners_threshold_is_compared_in_their_currency(euro_alice):
    subscribe(
        actor=euro_alice, user=euro_alice, type="low_balance",
        in_app=True, email=True, sms=False, threshold=Decimal(100),
    )  # fmt: skip
    dollars = make_account(user=euro_alice, currency="USD", opening_balance="105.00")
    assert scan_everybody(at=AT) == 0
    store_rates(
        actor=None,
        rates=[ExchangeRate(base="USD", quote="EUR", rate="0.90", rate_on=ON, source="test")],
    )
    assert scan_everybody(at=AT) == 1
    assert keys_of() == [f"low_balance:{dollars.pk}:2026-03"]


# --- Large, unusual ------------------------------------------------------------------------------


def test_a_large_expense_alerts_and_old_imported_ones_do_not(euro_alice, checking):
    row = make_transaction(account=checking, amount="-500.00", description="Sofa")
    make_transaction(account=checking, amount="-499.99")
    make_transaction(account=checking, amount="900.00")
    make_transaction(account=checking, amount="-700.00", txn_date=date(2026, 3, 7))
    scan_everybody(at=AT)
    assert keys_of(AlertType.LARGE_TRANSACTION) == [f"large_transaction:{row.pk}"]
    assert Alert.objects.get(type="large_transaction").message == "Sofa: €500.00 on March 15."


def test_rent_raises_no_alert_without_a_custom_threshold(euro_alice):
    account = make_account(user=euro_alice, opening_balance="9000.00")
    rents = [
        make_transaction(
            account=account, amount=amount, merchant="Landlord", txn_date=add_months(ON, -back)
        )
        for back, amount in [(3, "-800.00"), (2, "-800.00"), (1, "-780.00"), (0, "-820.00")]
    ]
    far_more = make_transaction(account=account, amount="-1500.00", merchant="Landlord")
    scan_everybody(at=AT)
    assert keys_of(AlertType.LARGE_TRANSACTION) == [f"large_transaction:{far_more.pk}"]
    found = backtest(user=euro_alice, kind="large_transaction", threshold=None, on=ON)
    keys = [f"large_transaction:{row.pk}" for row in (*rents[:2], far_more)]
    assert sorted(fact.key for fact in found) == sorted(keys)
    own = backtest(user=euro_alice, kind="large_transaction", threshold=Decimal(500), on=ON)
    assert len(own) == 5


def six_usual_months(account, category, amount="-100.00"):
    for back in range(1, 7):
        make_transaction(
            account=account, amount=amount, category=category, txn_date=add_months(ON, -back)
        )


@pytest.mark.slow
def test_an_unusual_month_alerts_once_per_class_of_deviation(euro_alice, groceries):
    account = make_account(user=euro_alice, opening_balance="100000.00")
    six_usual_months(account, groceries)
    key = f"unusual_spending:{euro_alice.pk}:{groceries.pk}:2026-03"
    for amount, keys in [
        ("-150.00", []),
        ("-0.01", [f"{key}:1"]),
        ("-10.00", [f"{key}:1"]),
        ("-40.00", [f"{key}:1", f"{key}:2"]),
        ("-99.98", [f"{key}:1", f"{key}:2"]),
        ("-200.01", [f"{key}:1", f"{key}:2", f"{key}:5"]),
    ]:
        make_transaction(account=account, amount=amount, category=groceries)
        for day in range(2):
            scan_everybody(at=AT + timedelta(days=day))
        assert keys_of(AlertType.UNUSUAL_SPENDING) == keys, amount


def test_one_odd_month_does_not_make_the_next_one_usual(euro_alice, groceries):
    account = make_account(user=euro_alice, opening_balance="100000.00")
    six_usual_months(account, groceries)
    make_transaction(
        account=account, amount="-5000.00", category=groceries, txn_date=add_months(ON, -1)
    )
    make_transaction(account=account, amount="-160.00", category=groceries)
    scan_users([euro_alice.pk], at=AT)
    assert len(keys_of(AlertType.UNUSUAL_SPENDING)) == 1


def test_two_months_of_history_are_too_few(euro_alice, groceries):
    account = make_account(user=euro_alice, opening_balance="100000.00")
    for back in (1, 2):
        make_transaction(
            account=account, amount="-50.00", category=groceries, txn_date=add_months(ON, -back)
        )
    make_transaction(account=account, amount="-400.00", category=groceries)
    scan_everybody(at=AT)
    assert keys_of(AlertType.UNUSUAL_SPENDING) == []


# --- Sign-ins ------------------------------------------------------------------------------------


def test_a_sign_in_from_a_new_network_alerts_except_the_first(alice):
    def come_from(ip):
        with request_info(RequestInfo(ip=ip)):
            record(actor=alice, action="users.sign_in.succeeded", target=alice)
        return AuditEvent.objects.latest("pk").pk

    now = datetime.now(UTC)
    come_from("192.0.2.10")
    assert scan_everybody(at=now) == 0
    come_from("192.0.2.77")
    assert scan_everybody(at=now) == 0
    event = come_from("198.51.100.5")
    come_from("198.51.100.6")
    assert scan_everybody(at=now) == 1
    assert keys_of() == [f"new_login:{event}"]
    assert Notification.objects.get().is_urgent


def test_a_sign_in_with_a_new_device_alerts_on_page_and_api(alice):
    tell = {"headers": {"user-agent": "Mozilla/5.0 (iPhone) Version/17 Safari/604"}}
    credentials = {"email": alice.email, "password": PASSWORD}
    for other in ({}, tell, tell):
        assert (
            Client()
            .post("/api/auth/login", credentials, content_type="application/json", **other)
            .status_code
            == 200
        )
    login = {"login": alice.email, "password": PASSWORD}
    firefox = {"user-agent": "Mozilla/5.0 (Windows NT 10.0) Firefox/140"}
    assert Client().post("/users/login/", login, headers=firefox).status_code == 302
    assert scan_everybody(at=datetime.now(UTC)) == 1
    message = Alert.objects.get().message
    assert message.startswith("New sign-in to your account from 127.0.0.1 with Firefox on Windows")
    assert "a new device" in message


# --- Marks and batches ---------------------------------------------------------------------------


def test_each_posting_leaves_a_mark_that_the_sweep_takes(alice, bob, checking, bobs_account):
    LedgerMark.objects.all().delete()
    make_transaction(account=checking)
    make_transaction(account=checking)
    make_transaction(account=bobs_account)
    assert LedgerMark.objects.count() == 3
    sweep(at=AT)
    assert not LedgerMark.objects.exists()


@pytest.mark.once
@pytest.mark.slow
def test_queries_do_not_grow_with_the_users_of_a_batch(
    db, groceries, django_assert_max_num_queries
):
    def grow(first, last):
        for number in range(first, last):
            user = make_user(f"u{number}@example.com", base_currency="EUR")
            account = make_account(user=user, opening_balance="100000.00")
            six_usual_months(account, groceries)
            budget(user, groceries, "1000.00")

    def count():
        with CaptureQueriesContext(connection) as captured:
            scan_everybody(at=AT)
        return len(captured)

    grow(0, 2)
    few = count()
    grow(2, 12)
    assert count() == few
    assert few <= 45


# --- Back-test -----------------------------------------------------------------------------------


def test_the_backtest_of_a_budget_returns_the_day_it_was_crossed(euro_alice, checking, groceries):
    one = budget(euro_alice, groceries)
    for day, amount in [(2, "-50.00"), (5, "-30.00"), (9, "-30.00"), (10, "40.00")]:
        make_transaction(
            account=checking, amount=amount, category=groceries, txn_date=date(2026, 3, day)
        )
    nearly = backtest(user=euro_alice, kind="budget_warning", threshold=None, on=ON)
    over = backtest(user=euro_alice, kind="budget_exceeded", threshold=None, on=ON)
    assert [(fact.on.day, fact.key) for fact in nearly] == [(5, f"budget_warning:{one.pk}:80")]
    assert [(fact.on.day, fact.key) for fact in over] == [(9, f"budget_exceeded:{one.pk}")]
    edit_budget(actor=euro_alice, budget=one, limit_amount=Decimal(500))
    assert backtest(user=euro_alice, kind="budget_exceeded", threshold=None, on=ON) == []
    assert not Alert.objects.exists()


def test_a_type_without_a_scanner_finds_nothing(alice):
    assert backtest(user=alice, kind="points_expiring", threshold=None, on=ON) == []


def test_transfers_are_not_large_expenses(euro_alice, checking):
    transfers = Category.objects.filter(user=None, kind="transfer").first()
    make_transaction(account=checking, amount="-900.00", category=transfers)
    scan_everybody(at=AT)
    assert keys_of(AlertType.LARGE_TRANSACTION) == []
