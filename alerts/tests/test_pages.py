"""The alert pages: the bell, the list, the settings."""

from datetime import UTC, date, datetime, time

import pytest

from alerts.models import Alert, AlertSubscription
from alerts.tests.test_api import tell
from tests.builders import make_transaction
from transactions.tests.import_samples import csv_of, imported

pytestmark = pytest.mark.django_db
AT = datetime(2026, 3, 15, 12, tzinfo=UTC)


def test_the_bell_counts_unread_current_alerts(alice, client_for):
    client = client_for(alice)
    assert "button__dot" not in client.get("/alerts/bell/").content.decode()
    first, second, third = (tell(alice, number) for number in range(3))
    page = client.get("/alerts/bell/").content.decode()
    assert '<span class="button__dot">3</span>' in page
    assert 'id="alerts-count" hx-swap-oob="innerHTML"' in page
    client.post(f"/alerts/{first.pk}/read/")
    client.post(f"/alerts/{second.pk}/dismiss/")
    client.post(f"/alerts/{third.pk}/delete/")
    assert "button__dot" not in client.get("/alerts/bell/").content.decode()


def test_the_menu_counts_what_waits_for_review(alice, checking, client_for):
    client = client_for(alice)
    assert "to review" not in client.get("/alerts/bell/").content.decode()
    make_transaction(account=checking, amount="-10.00", txn_date=date(2026, 3, 13))
    imported(checking, csv_of(["2026-03-14,Kern Bakery,-10.00,EUR"]))
    page = client.get("/alerts/bell/").content.decode()
    assert 'id="review-count" hx-swap-oob="innerHTML"' in page
    assert "to review" in page
    assert 'href="/transactions/review/"' in client.get("/alerts/").content.decode()


def test_the_list_can_be_filtered_and_explains_an_empty_result(alice, client_for):
    client = client_for(alice)
    assert "No alerts" in client.get("/alerts/").content.decode()
    tell(alice, 1)
    tell(alice, 2, "low_balance")
    page = client.get("/alerts/?type=low_balance").content.decode()
    assert "Message 2." in page
    assert "Message 1." not in page
    assert "No matching alerts" in client.get("/alerts/?dismissed=true").content.decode()
    assert client.get("/alerts/?type=nonsense").status_code == 422
    answer = client.get("/alerts/?is_read=perhaps")
    assert (answer.status_code, "Send true or false." in answer.content.decode()) == (422, True)


def test_deleting_offers_undo_and_keeps_the_lists_filters(alice, client_for):
    alert = tell(alice)
    client = client_for(alice)
    answer = client.post(
        f"/alerts/{alert.pk}/delete/", {"next": "/alerts/?is_read=false"}, follow=True
    )
    assert answer.redirect_chain == [("/alerts/?is_read=false", 302)]
    assert f"/alerts/{alert.pk}/restore/" in answer.content.decode()
    assert "Message 1." not in answer.content.decode()
    client.post(f"/alerts/{alert.pk}/restore/")
    assert "Message 1." in client.get("/alerts/").content.decode()
    elsewhere = client.post(f"/alerts/{alert.pk}/read/", {"next": "https://example.org/"})
    assert elsewhere.url == "/alerts/"


@pytest.mark.parametrize("role", ["viewer", "analyst"])
def test_every_role_marks_own_alerts_and_the_bell_updates(alice, client_for, api_for, role):
    alice.role = role
    alice.save()
    alert, other = tell(alice, 1), tell(alice, 2)
    client, here = client_for(alice), {"next": "/alerts/"}
    for act, words in [
        ("read", "Message 1."),
        ("dismiss", "Alert dismissed."),
        ("restore", "Message 1."),
        ("delete", "Alert deleted."),
    ]:
        answer = client.post(f"/alerts/{alert.pk}/{act}/", here, headers={"HX-Request": "true"})
        assert (answer.status_code, answer["HX-Trigger"]) == (200, '{"alerts-changed": {}}')
        assert words in answer.content.decode()
        assert "<html" not in answer.content.decode()
    assert list(Alert.objects.visible_to(alice)) == [other]
    assert api_for(alice).put(f"/api/alerts/{other.pk}/dismiss").status_code == 200
    assert not Alert.objects.visible_to(alice).counted().exists()


def test_marking_all_as_read_affects_only_own_alerts(alice, bob, client_for):
    tell(alice, 1)
    others = tell(bob, 2)
    client_for(alice).post("/alerts/read-all/")
    assert set(Alert.objects.filter(is_read=False)) == {others}


def test_only_changed_settings_are_saved(alice, client_for):
    client = client_for(alice)
    page = client.get("/alerts/subscriptions/")
    assert page.status_code == 200
    data = {}
    for form, _ in page.context["rows"]:
        data |= {field.html_name: "on" for field in form if field.value() is True}
    data |= {"low_balance-threshold": "250", "low_balance-email": ""}
    del data["low_balance-email"]
    assert client.post("/alerts/subscriptions/", data).status_code == 302
    row = AlertSubscription.objects.get()
    assert (row.type, row.in_app, row.email, row.threshold) == ("low_balance", True, False, 250)
    assert 'value="250.00"' in client.get("/alerts/subscriptions/").content.decode()


def test_an_invalid_threshold_shows_an_error_and_saves_nothing(alice, client_for):
    answer = client_for(alice).post(
        "/alerts/subscriptions/", {"budget_warning-threshold": "120", "low_balance-email": "on"}
    )
    assert answer.status_code == 422
    assert "Enter at most 100." in answer.content.decode()
    assert not AlertSubscription.objects.exists()


def test_an_unconfigured_channel_shows_a_note(alice, client_for):
    page = client_for(alice).get("/alerts/subscriptions/").content.decode()
    assert "Text messages aren&#x27;t set up here." in page
    assert "set up yet. Messages are saved to a folder" in page


def test_quiet_hours_need_both_times(alice, client_for):
    client = client_for(alice)
    data = {"quiet_hours": "1", "quiet_from": "22:00"}
    answer = client.post("/alerts/subscriptions/", data)
    assert answer.status_code == 422
    assert "Enter both times" in answer.content.decode()
    data["quiet_until"] = "07:00"
    assert client.post("/alerts/subscriptions/", data).status_code == 302
    alice.refresh_from_db()
    assert (alice.quiet_from, alice.quiet_until) == (time(22), time(7))


def test_the_backtest_shows_when_the_alert_would_have_been_raised(
    alice, checking, client_for, time_machine
):
    time_machine.move_to(AT)
    alice.base_currency = "EUR"
    alice.save()
    row = make_transaction(account=checking, amount="-600.00", description="Sofa")
    client = client_for(alice)
    address = "/alerts/backtest/?type=large_transaction&large_transaction-threshold"
    part = client.get(f"{address}=600", headers={"HX-Request": "true"}).content.decode()
    assert "You'd have been alerted once in the last 12 months" in part
    assert f'href="/transactions/{row.pk}/"' in part
    assert "<html" not in part
    assert (
        "have been alerted in the last 12 months" in client.get(f"{address}=601").content.decode()
    )
    assert client.get(f"{address}=much").status_code == 422
    assert client.get("/alerts/backtest/?type=nonsense").status_code == 404
