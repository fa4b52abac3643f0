"""An alert is written in its reader's region format of today, not of the day it was raised."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from alerts.models import Alert
from alerts.scanning import scan_everybody
from banking.kernel.sentences import count, day, money, share, written
from tests.builders import make_account, make_transaction
from users.models import Notification

pytestmark = pytest.mark.django_db
AT = datetime(2026, 3, 15, 12, tzinfo=UTC)
US, GERMAN = "Sofa: €1,500.00 on March 14.", "Sofa: 1.500,00 € on 14. März."


@pytest.fixture
def sofa(alice) -> Alert:
    alice.base_currency = "EUR"
    alice.save()
    account = make_account(user=alice, opening_balance="9000.00")
    make_transaction(
        account=account, amount="-1500.00", description="Sofa", txn_date=date(2026, 3, 14)
    )
    scan_everybody(at=AT)
    return Alert.objects.get(user=alice, type="large_transaction")


def test_alert_follows_the_readers_region_on_pages_and_in_the_api(alice, sofa, client, api_for):
    client.force_login(alice)
    assert US in client.get("/alerts/").content.decode()
    assert api_for(alice).get(f"/api/alerts/{sofa.pk}").data["message"] == US
    alice.locale = "de-DE"
    alice.save()
    assert GERMAN in client.get("/alerts/").content.decode().replace("\N{NO-BREAK SPACE}", " ")
    for answer in (
        api_for(alice).get(f"/api/alerts/{sofa.pk}").data,
        api_for(alice).get("/api/alerts").data["results"][0],
    ):
        assert answer["message"].replace("\N{NO-BREAK SPACE}", " ") == GERMAN


def test_alert_from_before_keeps_its_text(alice, sofa, api_for):
    Alert.objects.update(sentence=[])
    alice.locale = "de-DE"
    alice.save()
    assert api_for(alice).get(f"/api/alerts/{sofa.pk}").data["message"] == US


def test_message_that_was_sent_stays_as_it_was_sent(alice, sofa):
    alice.locale = "de-DE"
    alice.save()
    assert set(Notification.objects.filter(recipient=alice).values_list("text", flat=True)) <= {US}


@pytest.mark.parametrize(
    ("part", "locale", "text"),
    [
        (money(Decimal("1234.5"), "EUR"), "en-US", "€1,234.50"),
        (money(Decimal("-1234.5"), "JPY"), "ja-JP", "-￥1,234"),
        (day(date(2026, 11, 3), "j F"), "en-US", "November 3"),
        (day(date(2026, 11, 3), "j F Y"), "en-GB", "3 November 2026"),
        (share(Decimal("95.4")), "de-DE", "95 %"),
        (count(12_345), "de-CH", "12’345"),
    ],
)
def test_part_is_written_as_its_region_does(part, locale, text):
    assert written(["{x}: ", part], locale).replace("\N{NO-BREAK SPACE}", " ") == f"{{x}}: {text}"


def test_unknown_part_is_an_error():
    with pytest.raises(ValueError, match="weight"):
        written([["weight", "1"]], "en-US")
