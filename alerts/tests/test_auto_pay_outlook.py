"""Mail, alert, page and API agree on what auto-pay will do."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.core import mail
from django.utils import timezone

from accounts.models import ExchangeRate
from accounts.services import delete_account, edit_account
from alerts.models import Alert
from alerts.scanning import scan_users
from bills.models import Bill
from bills.preflight import auto_pay_outlook, shortfalls
from bills.services.planning import create_bill
from bills.services.reminding import send_reminder
from tests.builders import NOON, make_account, make_transaction
from users.messages.outbox import deliver_due

TODAY = NOON.date()
NOT = "It will not be paid automatically: "


@pytest.fixture
def bill(alice):
    alice.base_currency, alice.locale = "USD", "en-US"
    alice.save()
    account = make_account(user=alice, name="Main", currency="USD", opening_balance="100")
    return bill_of(alice, account)


def bill_of(alice, account, **over):
    fields = {
        "biller_name": "Rent",
        "amount_due": Decimal("1500.00"),
        "currency": "USD",
        "due_date": TODAY + timedelta(days=2),
        "auto_pay": True,
        "account": account,
    }
    return create_bill(actor=alice, user=alice, **(fields | over))


def in_trash(alice, account):
    delete_account(actor=alice, account=account)


def archived(alice, account):
    edit_account(actor=alice, account=account, is_active=False)


def income(amount, ahead):
    def make(alice, account):
        on = TODAY + timedelta(days=ahead)
        make_transaction(account=account, amount=amount, txn_date=on)

    return make


def another_due_before(alice, account):
    income("1500.00", 0)(alice, account)
    due = TODAY + timedelta(days=1)
    bill_of(alice, account, biller_name="Gym", amount_due=Decimal(200), due_date=due)


def nothing(alice, account):
    pass


@pytest.mark.parametrize(
    ("happen", "state", "message"),
    [
        (nothing, "short", f"{NOT}Main will be $1,400.00 short on November 20."),
        (in_trash, "account_in_trash", f"{NOT}Main is in the trash."),
        (archived, "account_archived", f"{NOT}Main is archived."),
        (income("1400.00", 0), "will_pay", "It will be paid automatically from Main."),
        (income("1399.99", 0), "short", f"{NOT}Main will be $0.01 short on November 20."),
        # Planned transactions until the due date count; later ones do not.
        (income("1400.00", 2), "will_pay", "It will be paid automatically from Main."),
        (income("1400.00", 3), "short", f"{NOT}Main will be $1,400.00 short on November 20."),
        (income("-50.00", 1), "short", f"{NOT}Main will be $1,450.00 short on November 20."),
        (another_due_before, "short", f"{NOT}Main will be $100.00 short on November 20."),
    ],
)
def test_mail_alert_page_and_api_agree(alice, bill, client_for, api_for, happen, state, message):
    happen(alice, bill.account)
    bill = Bill.objects.get(pk=bill.pk)
    answer = api_for(alice).get(f"/api/bills/{bill.pk}").json()
    assert answer["auto_pay_outlook"] == {"state": state, "message": message}
    send_reminder(actor=alice, bill=bill, on=TODAY, at=timezone.now())
    deliver_due(at=timezone.now())
    (sent,) = mail.outbox
    html = sent.alternatives[0][0] if sent.alternatives else ""
    assert message in sent.body
    assert ("It will be paid automatically" in sent.body) == (state == "will_pay")
    assert NOT not in html or state != "will_pay"
    scan_users([alice.pk], at=timezone.now())
    bell = Alert.objects.get(type="bill_due", link__contains=f"/{bill.pk}/")
    reason = message.removeprefix(NOT).removesuffix(" on November 20.").rstrip(".")
    assert reason in bell.message
    assert (bell.severity == "info") == (state == "will_pay")
    client = client_for(alice)
    for page in (f"/bills/{bill.pk}/", "/bills/"):
        html = client.get(page).content.decode()
        assert (message in html) == (state != "will_pay")
    assert "1400.00 USD" not in html


def test_a_bill_that_will_fail_after_all_raises_another_alert(alice, bill):
    make_transaction(account=bill.account, amount="1400.00", txn_date=TODAY)
    for _ in range(2):
        scan_users([alice.pk], at=timezone.now())
    make_transaction(account=Bill.objects.get().account, amount="-10.00", txn_date=TODAY)
    for _ in range(2):
        scan_users([alice.pk], at=timezone.now())
    alerts = Alert.objects.filter(type="bill_due").order_by("id").values_list("severity", "message")
    assert list(alerts) == [
        (
            "info",
            "Rent: $1,500.00 is due on November 20. It will be paid automatically from Main.",
        ),
        ("warning", "Rent: $1,500.00 is due on November 20. Main will be $10.00 short."),
    ]


def test_a_shortfall_is_in_the_accounts_own_currency(alice, bill):
    ExchangeRate.objects.create(base="EUR", quote="USD", rate=Decimal(2), rate_on=TODAY)
    Bill.objects.update(currency="EUR", amount_due=Decimal(60))
    found = Bill.objects.get()
    outlook = auto_pay_outlook(found, TODAY, shortfalls(user=alice, on=TODAY).get(found.pk))
    assert outlook.message == f"{NOT}Main will be $20.00 short on November 20."


def test_without_auto_pay_there_is_no_prediction(alice, bill, api_for):
    Bill.objects.update(auto_pay=False)
    assert api_for(alice).get(f"/api/bills/{bill.pk}").json()["auto_pay_outlook"] is None
    assert auto_pay_outlook(Bill.objects.get(), TODAY, None) is None


def test_bills_overdue_for_too_long_get_no_prediction(alice, bill):
    found = Bill.objects.get()
    late = found.due_date + timedelta(days=32)
    assert auto_pay_outlook(found, late, None).state == "too_late"
    assert auto_pay_outlook(found, late - timedelta(days=1), None).state == "will_pay"
