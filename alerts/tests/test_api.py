"""The alerts API: shapes, filters, and access."""

from datetime import UTC, date, datetime

import pytest

from alerts.facts import Fact
from alerts.models import Alert
from alerts.scanning import scan_users
from alerts.services import raise_alert
from alerts.subscriptions import choices_of
from tests.builders import make_transaction
from users.models import AuditEvent, Notification, NotificationOptOut

pytestmark = pytest.mark.django_db
AT = datetime(2026, 3, 15, 12, tzinfo=UTC)


def tell(user, number=1, kind="budget_exceeded") -> Alert | None:
    fact = Fact(
        user, kind, f"{kind}:{number}", date(2026, 3, 15), [f"Message {number}."], "warning", "/x/"
    )
    return raise_alert(fact=fact, choice=choices_of([user.pk], [kind])[user.pk, kind], at=AT)


def test_a_fact_is_reported_once(alice):
    assert tell(alice) is not None
    assert tell(alice) is None
    assert Alert.objects.count() == 1
    assert Notification.objects.values_list("kind", "channel").get() == ("budget_exceeded", "email")
    assert AuditEvent.objects.filter(action="alerts.alert.raised").count() == 1


def test_the_list_shows_own_alerts_newest_first_and_filters_them(alice, bob, api_for):
    first, second = tell(alice, 1), tell(alice, 2, "low_balance")
    tell(bob, 3)
    api = api_for(alice)
    data = api.get("/api/alerts").data
    assert [row["id"] for row in data["results"]] == [second.pk, first.pk]
    row = data["results"][1]
    assert (row["type"], row["message"], row["severity"]) == (
        "budget_exceeded", "Message 1.", "warning",
    )  # fmt: skip
    assert (row["is_read"], row["dismissed_at"], row["link"]) == (False, None, "/x/")
    api.put(f"/api/alerts/{first.pk}/read")
    unread = api.get("/api/alerts?is_read=false").data["results"]
    assert [row["id"] for row in unread] == [second.pk]
    of_type = api.get("/api/alerts?type=budget_exceeded").data["results"]
    assert [row["id"] for row in of_type] == [first.pk]
    for query in ("type=nonsense", "is_read=perhaps", "dismissed=2"):
        answer = api.get(f"/api/alerts?{query}")
        attr = answer.json()["errors"][0]["attr"]
        assert (answer.status_code, attr) == (400, query.split("=")[0])


def test_dismissed_alerts_are_hidden_and_deleted_ones_never_return(alice, api_for):
    alert = tell(alice)
    api = api_for(alice)
    answer = api.put(f"/api/alerts/{alert.pk}/dismiss")
    assert answer.status_code == 200
    assert answer.data["is_read"]
    assert answer.data["dismissed_at"]
    assert api.get("/api/alerts").data["results"] == []
    assert len(api.get("/api/alerts?dismissed=true").data["results"]) == 1
    assert api.delete(f"/api/alerts/{alert.pk}").status_code == 204
    assert api.get(f"/api/alerts/{alert.pk}").status_code == 404
    assert tell(alice) is None
    assert api.post(f"/api/alerts/{alert.pk}/restore").data["dismissed_at"] is None


@pytest.mark.parametrize("path", ["", "/read", "/dismiss", "/restore"])
def test_other_peoples_alerts_are_a_404(alice, bob, api_for, path):
    alert = tell(alice)
    api = api_for(bob)
    call = {"": api.delete, "/restore": api.post}.get(path, api.put)
    assert call(f"/api/alerts/{alert.pk}{path}").status_code == 404
    alert.refresh_from_db()
    assert (alert.is_read, alert.dismissed_at, alert.deleted_at) == (False, None, None)


def test_subscriptions_explain_unavailable_channels(alice, api_for):
    api = api_for(alice)
    rows = {row["type"]: row for row in api.get("/api/alerts/subscribe").data}
    assert len(rows) == 12
    assert rows["budget_warning"]["channels"] == ["in_app", "email"]
    assert rows["budget_warning"]["default_threshold"] == "80"
    assert set(rows["budget_warning"]["unavailable"]) == {"email", "sms"}
    answer = api.post(
        "/api/alerts/subscribe",
        {"type": "low_balance", "channels": ["in_app", "sms"], "threshold": "250.50"},
    )
    assert answer.status_code == 200
    assert answer.data["channels"] == ["in_app", "sms"]
    assert answer.data["threshold"] == "250.50"
    kept = api.post("/api/alerts/subscribe", {"type": "low_balance", "email": True})
    assert kept.data["channels"] == ["in_app", "email", "sms"]
    assert kept.data["threshold"] == "250.50"


@pytest.mark.parametrize(
    ("body", "attr"),
    [
        ({"type": "nonsense"}, "type"),
        ({"type": "budget_warning", "threshold": "101"}, "threshold"),
        ({"type": "budget_warning", "threshold": "0"}, "threshold"),
        ({"type": "new_login", "threshold": "5"}, "threshold"),
        ({"type": "low_balance", "threshold": "much"}, "threshold"),
        ({"type": "low_balance", "channels": ["pigeon"]}, "channels.0"),
    ],
)
def test_an_invalid_subscription_returns_the_error(alice, api_for, body, attr):
    answer = api_for(alice).post("/api/alerts/subscribe", body)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["attr"] == attr


def test_subscribing_to_email_undoes_an_unsubscribe(alice, api_for):
    NotificationOptOut.objects.create(user=alice, kind="budget_exceeded", channel="email")
    tell(alice)
    assert not Notification.objects.exists()
    api_for(alice).post("/api/alerts/subscribe", {"type": "budget_exceeded", "email": True})
    tell(alice, 2)
    assert Notification.objects.count() == 1


def test_a_type_without_channels_raises_no_alerts(alice, api_for, checking):
    api = api_for(alice)
    api.post("/api/alerts/subscribe", {"type": "large_transaction", "channels": []})
    row = make_transaction(account=checking, amount="-600.00", category=None)
    alice.base_currency = "EUR"
    alice.save()
    scan_users([alice.pk], at=AT)
    assert not Alert.objects.filter(type="large_transaction").exists()
    api.post("/api/alerts/subscribe", {"type": "large_transaction", "channels": ["email"]})
    scan_users([alice.pk], at=AT)
    hidden = Alert.objects.get(type="large_transaction")
    assert (hidden.dedupe_key, hidden.in_app) == (f"large_transaction:{row.pk}", False)
    assert api.get("/api/alerts?type=large_transaction").data["results"] == []


def test_the_backtest_returns_dates_messages_and_links(alice, checking, api_for, time_machine):
    time_machine.move_to(AT)
    alice.base_currency = "EUR"
    alice.save()
    row = make_transaction(account=checking, amount="-600.00", description="Sofa")
    answer = api_for(alice).post(
        "/api/alerts/backtest", {"type": "large_transaction", "threshold": "600"}
    )
    assert answer.status_code == 200
    assert (answer.data["count"], answer.data["threshold"]) == (1, "600.00")
    assert (answer.data["date_from"], answer.data["date_to"]) == ("2025-03-16", "2026-03-15")
    (found,) = answer.data["alerts"]
    assert (found["date"], found["transactions_link"]) == (
        "2026-03-15", f"/transactions/{row.pk}/",
    )  # fmt: skip
    assert "Sofa" in found["message"]
    assert not Alert.objects.exists()
    none = api_for(alice).post(
        "/api/alerts/backtest", {"type": "large_transaction", "threshold": "601"}
    )
    assert none.data["count"] == 0


@pytest.mark.parametrize(
    ("link", "kind", "pk"),
    [
        ("/bills/12/", "bill", 12),
        ("/budgets/3/", "budget", 3),
        ("/accounts/7/", "account", 7),
        ("/transactions/5/?x=1", "transaction", 5),
        ("/rewards/9/", "reward", 9),
        ("/transactions/?category=food", None, None),
        ("/users/security/", None, None),
        ("", None, None),
    ],
)
def test_an_alert_names_its_target(alice, api_for, link, kind, pk):
    row = Alert.objects.create(
        user=alice, type="bill_due", message="m", severity="info", dedupe_key="k", link=link,
        occurred_on=AT.date(),
    )  # fmt: skip
    detail = api_for(alice).get(f"/api/alerts/{row.pk}").json()
    assert (detail["target_type"], detail["target_id"]) == (kind, pk)
