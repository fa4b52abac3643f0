"""The outbox: each message is stored once, claimed once, and sent at most once."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from django.core import mail
from django.core.exceptions import ValidationError
from django.db import transaction as db_transaction

from users.messages.outbox import (
    BACK_OFF,
    after_quiet_hours,
    deliver_due,
    notify,
    opt_out,
    read_unsubscribe,
    send_again,
    take_callback,
    unsubscribe_url,
)
from users.models import Notification, NotificationOptOut

pytestmark = pytest.mark.django_db
AT = datetime(2026, 3, 15, 12, tzinfo=UTC)
ON = date(2026, 3, 15)
Status = Notification.Status


@pytest.fixture(autouse=True)
def _smtp(settings):
    settings.SMTP_HOST = "mail.invalid"


def write(user, **over):
    fields = {
        "kind": "budget_warning", "target_key": "budget:1", "channels": ["email"],
        "subject": "Budget almost used up", "text": "Food: 80% is used.", "on": ON, "at": AT,
    } | over  # fmt: skip
    return notify(recipient=user, **fields)


def state() -> tuple[str, int, str]:
    row = Notification.objects.get()
    return row.status, row.attempts, row.provider_answer


def test_a_message_is_sent_once_however_often_it_is_requested(alice):
    write(alice)
    assert write(alice) == []
    assert deliver_due(at=AT) == {"sent": 1}
    assert deliver_due(at=AT) == {}
    (sent,) = mail.outbox
    assert (sent.to, sent.subject) == (["alice@example.com"], "Budget almost used up")
    assert sent.alternatives[0].mimetype == "text/html"
    pk = Notification.objects.get().pk
    assert sent.extra_headers["Message-ID"] == f"<notification-{pk}@testserver>"
    assert sent.extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def test_what_is_due_together_comes_in_one_mail(alice, bob, client):
    for number in range(4):
        write(
            alice, target_key=f"budget:{number}", text=f"Budget {number}: 80%", link="/budgets/1/"
        )
    write(alice, kind="budget_exceeded", subject="Over budget", text="Food: 120%")
    write(alice, kind="new_login", target_key="login:1", subject="New sign-in", is_urgent=True)
    write(alice, kind="account_shared", target_key="owner:7", subject="Shared with you")
    write(bob)
    assert deliver_due(at=AT) == {"sent": 8}
    mails = {(sent.to[0], sent.subject): sent for sent in mail.outbox}
    assert set(mails) == {
        ("alice@example.com", "5 new alerts"),
        ("alice@example.com", "New sign-in"),
        ("alice@example.com", "Shared with you"),
        ("bob@example.com", "Budget almost used up"),
    }
    together = mails["alice@example.com", "5 new alerts"]
    texts = [*(f"Budget {number}: 80%" for number in range(4)), "Food: 120%"]
    for body in (together.body, together.alternatives[0].content):
        assert [body.count(text) for text in texts] == [1] * 5
    link = together.extra_headers["List-Unsubscribe"].strip("<>").removeprefix("http://testserver")
    assert "“budget warning” and “budget exceeded”" in client.get(link).content.decode()
    client.post(link)
    silenced = NotificationOptOut.objects.order_by("kind").values_list("kind", flat=True)
    assert list(silenced) == ["budget_exceeded", "budget_warning"]


def test_one_subject_is_counted(alice):
    write(alice)
    write(alice, target_key="budget:2")
    assert deliver_due(at=AT) == {"sent": 2}
    assert mail.outbox[0].subject == "Budget almost used up (2)"


def test_the_next_day_allows_another_message(alice):
    write(alice)
    assert len(write(alice, on=ON + timedelta(days=1))) == 1
    assert len(write(alice, target_key="budget:2")) == 1


def test_a_rolled_back_message_is_not_sent(alice):
    with db_transaction.atomic():
        write(alice)
        db_transaction.set_rollback(True)
    assert not Notification.objects.exists()


def test_without_a_mail_server_a_mail_is_marked_not_sent(alice, settings):
    settings.SMTP_HOST = ""
    write(alice)
    assert deliver_due(at=AT) == {"skipped": 1}
    assert state()[2].startswith("Not sent because email")
    assert deliver_due(at=AT + timedelta(days=1)) == {}


def test_a_claimed_message_of_a_dead_worker_is_unknown_and_not_resent(alice):
    write(alice)
    Notification.objects.update(status=Status.CLAIMED, claimed_at=AT, attempts=1)
    assert deliver_due(at=AT + timedelta(minutes=14)) == {}
    assert state()[0] == Status.CLAIMED
    assert deliver_due(at=AT + timedelta(minutes=16)) == {}
    assert state()[0] == Status.UNKNOWN
    assert deliver_due(at=AT + timedelta(days=2)) == {}
    assert mail.outbox == []


def test_an_unreachable_server_is_retried_with_pauses_and_then_given_up(alice, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    settings.EMAIL_USE_TLS = False
    write(alice)
    at = AT
    for wait in BACK_OFF:
        assert deliver_due(at=at) == {"pending": 1}
        assert Notification.objects.get().due_at == at + wait
        assert deliver_due(at=at + wait - timedelta(seconds=1)) == {}
        at += wait
    assert deliver_due(at=at) == {"failed": 1}
    assert state()[:2] == (Status.FAILED, len(BACK_OFF) + 1)
    assert "ConnectionRefusedError" in state()[2]


def test_staff_can_resend_only_messages_that_may_not_have_been_sent(alice):
    (row,) = write(alice)
    for status in Status:
        Notification.objects.update(status=status)
        if status in (Status.FAILED, Status.UNKNOWN, Status.SKIPPED):
            send_again(actor=alice, notification=row, at=AT)
            assert deliver_due(at=AT) == {"sent": 1}
            continue
        with pytest.raises(ValidationError):
            send_again(actor=alice, notification=row, at=AT)
        assert Notification.objects.get().status == status


# --- Quiet hours ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("zone", "at", "until"),
    [
        # 22:30 in Kathmandu (+05:45) until 07:00 there.
        ("Asia/Kathmandu", "2026-03-15T16:45", "2026-03-16T01:15"),
        # Kiritimati (+14): 23:00 on the 16th there is 09:00 on the 16th here.
        ("Pacific/Kiritimati", "2026-03-16T09:00", "2026-03-16T17:00"),
        # Clocks go forward at 02:00: 07:00 comes an hour sooner.
        ("America/Los_Angeles", "2026-03-08T06:30", "2026-03-08T14:00"),
        # Clocks go back: 07:00 comes an hour later.
        ("America/Los_Angeles", "2026-11-01T06:00", "2026-11-01T15:00"),
        ("America/St_Johns", "2026-07-02T05:00", "2026-07-02T09:30"),
        ("America/St_Johns", "2026-07-01T12:00", "2026-07-01T12:00"),
    ],
)
def test_quiet_hours_follow_the_users_time_zone(alice, zone, at, until):
    alice.timezone, alice.quiet_from, alice.quiet_until = zone, time(22), time(7)
    moment = datetime.fromisoformat(at).replace(tzinfo=UTC)
    assert after_quiet_hours(alice, moment) == datetime.fromisoformat(until).replace(tzinfo=UTC)


def test_quiet_hours_delay_all_but_urgent_messages(alice):
    alice.quiet_from, alice.quiet_until = time(11), time(13)
    alice.save()
    (calm,) = write(alice)
    (urgent,) = write(alice, target_key="login:1", is_urgent=True)
    assert (calm.due_at, urgent.due_at) == (AT + timedelta(hours=1), AT)
    assert deliver_due(at=AT) == {"sent": 1}
    assert deliver_due(at=AT + timedelta(hours=1)) == {"sent": 1}


# --- Unsubscribing -------------------------------------------------------------------------------


def test_the_unsubscribe_link_works_without_a_sign_in(alice, client):
    (row,) = write(alice)
    path = unsubscribe_url([row]).removeprefix("http://testserver")
    assert client.get(path).status_code == 200
    assert not NotificationOptOut.objects.exists()
    assert client.post(path, {"List-Unsubscribe": "One-Click"}).status_code == 200
    assert client.post(path).status_code == 200
    assert NotificationOptOut.objects.values_list("kind", "channel").get() == (
        "budget_warning",
        "email",
    )
    assert write(alice, target_key="budget:2") == []
    assert len(write(alice, kind="low_balance")) == 1


def test_an_invalid_unsubscribe_link_is_a_404(client):
    assert read_unsubscribe("nonsense") is None
    assert client.post("/users/unsubscribe/nonsense/").status_code == 404


def test_opting_out_is_safe_to_repeat(alice):
    for _ in range(2):
        opt_out(actor=alice, user=alice, kind="x", channel="email")
    assert NotificationOptOut.objects.count() == 1


# --- Callbacks -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("statuses", "ends_as"),
    [
        (["sent", "delivered"], "delivered"),
        (["delivered", "sent", "queued"], "delivered"),
        (["undelivered", "sent"], "failed"),
        (["failed", "delivered"], "delivered"),
        (["nonsense"], "claimed"),
    ],
)
def test_callbacks_in_any_order_lead_to_the_right_status(alice, statuses, ends_as):
    (row,) = write(alice, channels=["sms"])
    Notification.objects.update(status=Status.CLAIMED, claimed_at=AT, attempts=1)
    for status in statuses * 2:
        take_callback(
            notification_id=row.pk, provider_id="SM1", status=status, error_code="", at=AT
        )
    assert state()[0] == ends_as


def test_a_callback_for_another_message_id_changes_nothing(alice):
    (row,) = write(alice, channels=["sms"])
    Notification.objects.update(status=Status.SENT, attempts=1, provider_id="SM1")
    fields = {"notification_id": row.pk, "error_code": "", "at": AT}
    assert not take_callback(provider_id="SM2", status="delivered", **fields)
    assert take_callback(provider_id="SM1", status="delivered", **fields)
