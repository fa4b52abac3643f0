"""A bank that wants its customer to sign in again: one alert, with the next sweep."""

from datetime import timedelta

from alerts.models import Alert
from alerts.scanning import sweep
from tests.builders import NOON
from transactions.services import connecting, sandbox_playing
from transactions.services.syncing import sync_connection


def connected(user):
    given = {"institution": "riverbank", "customer": str(user.pk)}
    asked = connecting.ask_bank(user=user, provider="sandbox", given=given)
    return connecting.connect_bank(actor=user, user=user, provider="sandbox", asked=asked, at=NOON)


def test_expired_sign_in_raises_one_alert_with_the_next_sweep(alice):
    connection = connected(alice)
    sandbox_playing.play(actor=alice, connection=connection, action="break")
    sync_connection(connection_id=connection.pk, at=NOON)
    assert sweep(at=NOON) == 1
    alert = Alert.objects.get(user=alice, type="sync_failed")
    assert alert.message == "Riverbank Savings isn't syncing. Your bank asks you to sign in again."
    sync_connection(connection_id=connection.pk, at=NOON + timedelta(hours=5))
    assert sweep(at=NOON + timedelta(hours=5)) == 0


def test_bank_that_is_down_raises_an_alert_after_the_second_failure(alice):
    connection = connected(alice)
    sandbox_playing.play(actor=alice, connection=connection, action="down")
    sync_connection(connection_id=connection.pk, at=NOON)
    assert sweep(at=NOON) == 0
    sync_connection(connection_id=connection.pk, at=NOON + timedelta(hours=1))
    assert sweep(at=NOON + timedelta(hours=1)) == 1
