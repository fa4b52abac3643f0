"""A planned payment that lacks funds on its day raises one alert."""

from datetime import timedelta
from decimal import Decimal

import pytest

from alerts.models import Alert
from alerts.scanning import scan_users
from tests.builders import NOON, make_transaction
from transactions.services.posting_planned import post_planned
from transactions.services.transfers import transfer_funds


@pytest.mark.slow
def test_an_unposted_payment_alerts_once_with_the_reason(alice, checking, savings):
    alice.locale = "en-US"
    alice.save()
    later = NOON.date() + timedelta(days=2)
    make_transaction(account=checking, amount="-1500.00", txn_date=later, merchant="Dentist")
    transfer_funds(actor=alice, source=checking, target=savings, amount=Decimal(1200), on=later)
    at = NOON + timedelta(days=2)
    assert post_planned(at=at) == {"posted": 0, "waiting": 3}
    for hours in range(3):
        scan_users([alice.pk], at=at + timedelta(hours=hours))
        post_planned(at=at + timedelta(hours=hours))
    alerts = Alert.objects.filter(type="autopay_failed").order_by("id")
    assert [alert.message.partition(" wasn't posted. ")[0] for alert in alerts] == [
        "Dentist: €1,500.00 planned for November 20",
        "Transfer to Rainy day: €1,200.00 planned for November 20",
    ]
    assert all("Everyday has €1,000.00 available" in alert.message for alert in alerts)
