"""Staff queues: their items, who may take them, and identity checks."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.urls import reverse
from django.utils import timezone

from accounts.models import HeldRate
from insights.models import WorkItem
from insights.staff.approving import ask
from insights.staff.job_log import record_run
from insights.staff.queues import QUEUES, open_items, queue_counts
from insights.staff.working import finish, release, take
from tests.builders import make_account, make_user
from tests.world import SECRET, connected_bank, everything
from transactions.models import ImportBatch
from users.audit import trail
from users.models import AuditEvent, Notification, User
from users.services.people import set_role
from users.services.second_admin import ERASE_PERSON
from users.services.verification import (
    decide_verification,
    request_verification,
    revoke_verification,
    vouch_for_identity,
)

pytestmark = pytest.mark.django_db
KEYS = {
    *("verification", "sign-ins", "messages", "erasures", "rates", "jobs", "imports"),
    "connections",
}
OF_SUPPORT = {"sign-ins", "messages"}


def staff(role: str, name: str = "") -> User:
    user = make_user(f"{name or role}@staff.example")
    return set_role(actor=None, user=user, role=role)


@pytest.fixture
def full(alice):
    """One item in each queue."""
    now = timezone.now()
    request_verification(actor=alice, user=alice)
    trail.record(actor=None, action="users.sign_in.locked", target=alice)
    Notification.objects.create(
        recipient=alice, kind="bill_due", target_key="bill:1", channel="email", status="failed",
        local_day="2026-03-15", subject=f"{SECRET} 12.00", text=f"{SECRET} 12.00", due_at=now,
    )  # fmt: skip
    ask(actor=alice, action=ERASE_PERSON, target=alice, words="Erase user", params={})
    HeldRate.objects.create(
        base="USD", quote="EUR", rate="9", rate_on="2026-03-15", source="x", known_rate="0.9",
        known_on="2026-03-14",
    )  # fmt: skip
    record_run(name="a.job", at=now, duration_ms=1, error=SECRET)
    ImportBatch.objects.create(
        user=alice,
        account=make_account(user=alice),
        file_name=f"{SECRET}.csv",
        sha256="0" * 64,
        status="failed",
    )
    bank = connected_bank(alice)
    type(bank).objects.filter(pk=bank.pk).update(status="needs_login")
    return alice


# --- Queues ---------------------------------------------------------------------------------------


def test_each_queue_lists_its_item_and_the_home_page_counts_them(full, client_for):
    now = timezone.now()
    admin = staff("admin")
    counts = {queue.key: count for queue, count, _ in queue_counts(admin, now)}
    assert counts == dict.fromkeys(KEYS, 1)
    assert {queue.key for queue, *_ in queue_counts(staff("support"), now)} == OF_SUPPORT
    page = client_for(admin).get("/admin/").content.decode()
    for queue in QUEUES.values():
        assert queue.title in page
        assert reverse("admin:queue", args=[queue.key]) in page


def test_items_say_what_went_wrong_in_the_readers_region(full, client_for):
    Notification.objects.update(provider_answer="550 to alice@example.com")
    admin = staff("admin")
    User.objects.filter(pk=admin.pk).update(locale="de-DE")
    admin.refresh_from_db()
    client = client_for(admin)
    page = client.get(reverse("admin:queue", args=["rates"])).content.decode()
    assert "1 USD = 9 EUR" in page
    assert "Was 0,9 on 14.03.2026" in page
    assert ">Customer</th>" not in page
    page = client.get(reverse("admin:queue", args=["messages"])).content.decode()
    assert "550 to a***@example.com" in page
    assert ">Customer</th>" in page


def test_the_oldest_item_comes_first(alice, bob):
    request_verification(actor=bob, user=bob)
    request_verification(actor=alice, user=alice)
    items = open_items(QUEUES["verification"], staff("admin"), timezone.now())
    assert [item.customer for item in items] == [bob, alice]


@pytest.mark.slow
def test_each_role_sees_only_its_queues(full, client_for, subtests):
    clients = {role: client_for(staff(role)) for role in ("support", "auditor", "admin")}
    customer = client_for(full)
    before = everything()
    for key in KEYS:
        url = reverse("admin:queue", args=[key])
        for role, client in clients.items():
            with subtests.test(queue=key, role=role):
                sees = role != "support" or key in OF_SUPPORT
                answer = client.get(url)
                text = answer.content.decode()
                assert answer.status_code == (200 if sees else 403)
                assert ('value="take"' in text) is (sees and role != "auditor")
                if role == "support":
                    assert [w for w in (SECRET, "12.00", "alice") if w in text] == []
        assert customer.get(url).status_code == 302
        with subtests.test(queue=key, role="auditor acts"):
            assert clients["auditor"].post(f"{url}act/", {"item": "x"}).status_code == 403
    for client in clients.values():
        assert client.get(reverse("admin:queue", args=["nothing"])).status_code == 404
    assert everything() == before
    assert not WorkItem.objects.exists()


def test_an_item_is_taken_by_one_person_returned_and_closed_with_a_note(full, client_for):
    first, second = staff("support", "one"), staff("support", "two")
    queue, now = QUEUES["messages"], timezone.now()
    (item,) = open_items(queue, first, now)
    url = reverse("admin:queue_act", args=["messages"])
    assert client_for(first).post(url, {"item": item.key, "action": "take"}).status_code == 302
    assert WorkItem.objects.get().assignee == first
    for act in (take, finish):
        more = {"note": "sent by hand"} if act is finish else {}
        with pytest.raises(ValidationError, match="colleague"):
            act(actor=second, queue=queue, item=item, at=now, **more)
    release(actor=second, queue=queue, item=item)
    take(actor=second, queue=queue, item=item, at=now)
    with pytest.raises(ValidationError, match="note"):
        finish(actor=second, queue=queue, item=item, note=" ", at=now)
    finish(actor=second, queue=queue, item=item, note="sent by hand", at=now)
    assert open_items(queue, first, now) == []
    with pytest.raises(ValidationError, match="already finished"):
        take(actor=first, queue=queue, item=item, at=now)
    assert client_for(first).post(url, {"item": item.key, "action": "take"}).status_code == 404
    events = AuditEvent.objects.filter(action__startswith="insights.work").order_by("id")
    assert [event.action.rpartition(".")[2] for event in events] == [
        "taken", "released", "taken", "done",
    ]  # fmt: skip
    assert {event.chain.name for event in events} == {f"user:{first.pk}", f"user:{second.pk}"}


def test_an_item_that_fails_again_reopens(full):
    reader, queue, now = staff("admin"), QUEUES["jobs"], timezone.now()
    (item,) = open_items(queue, reader, now)
    finish(actor=reader, queue=queue, item=item, note="restarted", at=now)
    assert open_items(queue, reader, now) == []
    record_run(name="a.job", at=now, duration_ms=1, error="again")
    assert len(open_items(queue, reader, now)) == 1


def test_the_service_refuses_staff_who_may_not_work_on_a_queue(full):
    (item,) = open_items(QUEUES["jobs"], staff("admin"), timezone.now())
    for role in ("support", "auditor", "user"):
        with pytest.raises(PermissionDenied):
            take(actor=staff(role), queue=QUEUES["jobs"], item=item, at=timezone.now())


# --- Identity checks ------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_customer_requests_a_check_an_admin_decides_and_both_are_notified(client_for, alice):
    client, admin = client_for(alice), staff("admin")
    assert "Verify my identity" in client.get(reverse("users:profile")).content.decode()
    client.post(reverse("users:verification_request"))
    profile = client.get(reverse("users:profile")).content.decode()
    assert ("Pending" in profile, "Verify my identity" in profile) == (True, False)
    staff_client, url = client_for(admin), reverse("admin:customer", args=[alice.pk])
    assert "Identity check: reason" in staff_client.get(url).content.decode()
    form = {"decision": "reject", "reason": "The photo is blurred."}
    assert staff_client.post(f"{url}verification/", form)["Location"] == url
    alice.refresh_from_db()
    assert alice.kyc_status == "rejected"
    mail = Notification.objects.get(kind="identity_check")
    assert mail.subject == "We couldn't verify your identity"
    assert "The photo is blurred." in mail.text
    profile = client.get(reverse("users:profile")).content.decode()
    assert "The photo is blurred." in profile
    assert "Verify my identity" in profile
    event = AuditEvent.objects.filter(action="users.kyc_status.changed").first()
    assert (event.actor, event.changes) == (
        admin, {"kyc_status": ["pending", "rejected"], "reason": "The photo is blurred."},
    )  # fmt: skip


def test_a_check_is_decided_once_with_a_reason_by_another_admin(alice):
    admin, now = staff("admin"), timezone.now()
    request_verification(actor=alice, user=alice)
    with pytest.raises(ValidationError):
        request_verification(actor=alice, user=alice)
    with pytest.raises(ValidationError):
        decide_verification(actor=admin, user=alice, is_verified=True, reason=" ", at=now)
    for role in ("support", "auditor", "user"):
        with pytest.raises(PermissionDenied):
            decide_verification(
                actor=staff(role), user=alice, is_verified=True, reason="ok", at=now
            )
    decide_verification(actor=admin, user=alice, is_verified=True, reason="Passport seen", at=now)
    later = now + timedelta(seconds=1)
    with pytest.raises(ValidationError):
        decide_verification(actor=admin, user=alice, is_verified=False, reason="no", at=later)
    alice.refresh_from_db()
    assert alice.kyc_status == "verified"
    assert Notification.objects.filter(kind="identity_check").count() == 1


def test_a_verification_is_revoked_with_a_reason_and_asked_for_again(client_for, alice):
    admin, now = staff("admin"), timezone.now()
    vouch_for_identity(user=alice)
    client, url = client_for(admin), reverse("admin:customer", args=[alice.pk])
    assert "Revoke verification" in client.get(url).content.decode()
    client.post(f"{url}verification/", {"decision": "revoke", "reason": "Forged passport"})
    alice.refresh_from_db()
    assert alice.kyc_status == "rejected"
    mail = Notification.objects.get(kind="identity_check")
    assert (mail.subject, "Forged passport" in mail.text) == (
        "Your identity is no longer verified", True,
    )  # fmt: skip
    event = AuditEvent.objects.filter(action="users.kyc_status.changed").first()
    assert event.changes == {"kyc_status": ["verified", "rejected"], "reason": "Forged passport"}
    with pytest.raises(ValidationError, match="isn't verified"):
        revoke_verification(actor=admin, user=alice, reason="again", at=now)
    request_verification(actor=alice, user=alice)
    with pytest.raises(ValidationError, match="isn't verified"):
        revoke_verification(actor=admin, user=alice, reason="again", at=now)


@pytest.mark.parametrize("role", ["support", "auditor"])
def test_only_admins_decide_on_the_page(client_for, alice, role):
    request_verification(actor=alice, user=alice)
    url = reverse("admin:customer_verification", args=[alice.pk])
    answer = client_for(staff(role)).post(url, {"decision": "verify", "reason": "ok"})
    assert answer.status_code == 403
    absent = reverse("admin:customer_verification", args=[987_654_321])
    assert client_for(staff("admin")).post(absent, {"reason": "ok"}).status_code == 404
    alice.refresh_from_db()
    assert alice.kyc_status == "pending"
