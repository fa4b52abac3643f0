"""The staff API: each URL × each role, what support never sees, and role changes."""

import json
from datetime import datetime, timedelta

import pytest
from django.core import mail
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from insights.staff.figures import AUDIT_JOB, LEDGER_JOB
from insights.staff.job_log import record_run
from insights.staff.platform_counts import count_platform
from tests.builders import PASSWORD, make_transaction, make_user, step_up
from tests.world import SECRET, things_of
from users import limits
from users.masking import masked_text
from users.models import AuditEvent, Notification, RefreshSession, User
from users.services import people, sessions
from users.services.staffing import unlock_sign_in
from users.services.verification import request_verification

pytestmark = pytest.mark.django_db
ROLES = [*User.Role.values]
ALL_READ, READERS, HELPERS = (
    {"support", "auditor", "admin"},
    {"auditor", "admin"},
    {"support", "admin"},
)
# What a job counts for the overview.
COUNTED = ["at", "users", "accounts", "volume", "months", "notifications", "trouble"]
# method, URL, body, permitted roles, their status code
CALLS = [
    ("get", "/api/admin/users", None, ALL_READ, 200),
    ("get", "/api/admin/users?search=alice@example.com", None, ALL_READ, 200),
    ("post", "/api/admin/users", {"name": "New", "email": "new@example.com"}, {"admin"}, 201),
    ("get", "/api/admin/users/{alice}", None, ALL_READ, 200),
    ("patch", "/api/admin/users/{alice}", {"role": "analyst"}, {"admin"}, 200),
    ("patch", "/api/admin/users/{alice}", {"is_active": False}, {"admin"}, 200),
    ("post", "/api/admin/users/{alice}/unlock", None, HELPERS, 200),
    ("get", "/api/admin/notifications", None, ALL_READ, 200),
    ("post", "/api/admin/notifications/{failed}/send-again", None, HELPERS, 200),
    ("get", "/api/admin/audit-log", None, READERS, 200),
    ("get", "/api/admin/audit-log/verify", None, READERS, 200),
    ("get", "/api/admin/overview", None, READERS, 200),
]  # fmt: skip


def staff(role: str) -> User:
    return people.set_role(actor=None, user=make_user(f"{role}@staff.example"), role=role)


def stepped_up(api_for, user: User):
    client = api_for(user)
    step_up(client, user)
    return client


@pytest.fixture
def failed(alice) -> Notification:
    return Notification.objects.create(
        recipient=alice, kind="bill_due", target_key="bill:1", channel="email", status="failed",
        local_day="2026-03-15", subject=f"{SECRET} 12.00", text=f"{SECRET} 12.00",
        due_at=timezone.now(), provider_answer="550 <alice@example.com> +4930901820 unknown",
    )  # fmt: skip


def rights() -> list:
    return list(
        User.objects.order_by("pk").values("email", "role", "is_active", "is_staff", "name")
    )


@pytest.mark.once
@pytest.mark.slow
def test_each_url_is_open_to_its_roles_only(api_for, alice, failed, subtests):
    anonymous = api_for(None)
    clients = {role: stepped_up(api_for, staff(role)) for role in ROLES}
    for method, path, body, who, status in CALLS:
        url = path.format(alice=alice.pk, failed=failed.pk)
        assert getattr(anonymous, method)(url, body).status_code == 401
        for role in sorted(clients, key=lambda role: role in who):
            with subtests.test(method=method, url=url, role=role):
                before = rights()
                answer = getattr(clients[role], method)(url, body)
                assert answer.status_code == (status if role in who else 403)
                if role not in who:
                    assert rights() == before
                elif "{" in path:
                    absent = path.format(alice=987654321, failed=987654321)
                    assert getattr(clients[role], method)(absent, body).status_code == 404
            Notification.objects.update(status="failed")
            User.objects.filter(pk=alice.pk).update(role="user", is_active=True)


def test_support_sees_only_masked_values(api_for, alice, failed):
    User.objects.filter(pk=alice.pk).update(phone="+49 30 901820")
    things_of(alice)
    client = api_for(staff("support"))
    shown = client.get(f"/api/admin/users/{alice.pk}").json()
    assert shown == {
        "id": alice.pk, "email": "a***@example.com", "name": "A*** A***", "phone": "***20",
        "is_active": True, "is_locked": False,
    }  # fmt: skip
    answers = [
        shown,
        client.get("/api/admin/users").json(),
        client.get("/api/admin/notifications").json(),
    ]
    text = json.dumps(answers)
    assert not any(word in text for word in (SECRET, "12.00", "alice", "901820", "Archer"))
    assert {result["id"] for result in answers[1]["results"]} == {alice.pk}
    assert answers[2]["results"][0]["provider_answer"] == "550 <a***@example.com> ***20 unknown"
    for search, count in (("alice@example.com", 1), ("alice", 0), ("e", 0), ("Alice Archer", 1)):
        found = client.get("/api/admin/users", {"search": search}).json()["results"]
        assert len(found) == count, search
    auditor = User.objects.get(pk=staff("auditor").pk)
    assert client.get(f"/api/admin/users/{auditor.pk}").status_code == 404


def test_admin_creates_a_user_who_sets_the_password_by_email(api_for, client):
    api = stepped_up(api_for, staff("admin"))
    form = {
        "name": "New Person",
        "email": "New@Example.com",
        "role": "support",
    }
    assert api.post("/api/admin/users", form | {"is_superuser": True}).status_code == 400
    made = api.post("/api/admin/users", form).json()
    user = User.objects.get(email="new@example.com")
    assert (made["id"], user.role, user.is_staff, user.is_superuser) == (
        user.pk,
        "support",
        True,
        False,
    )
    assert not user.has_usable_password()
    [letter] = mail.outbox
    assert letter.to == ["new@example.com"]
    link = next(word for word in letter.body.split() if "/password/reset/key/" in word)
    page = client.get(link.partition("testserver")[2] or link, follow=True)
    password = {"password1": "a-Fine-long-1-word", "password2": "a-Fine-long-1-word"}
    client.post(page.redirect_chain[-1][0], password)
    assert User.objects.get(pk=user.pk).check_password("a-Fine-long-1-word")
    again = api.post("/api/admin/users", form)
    assert (again.status_code, again.json()["errors"][0]["attr"]) == (400, "email")
    assert AuditEvent.objects.filter(action="users.user.created").count() == 1


def test_changing_a_role_revokes_tokens_and_records_an_event(api_for, alice):
    admin = staff("admin")
    tokens = sessions.start_tokens(user=alice, at=timezone.now())
    more = {"is_superuser": True, "id": 1, "email": "x@example.com", "balance": "1"}
    client, url = stepped_up(api_for, admin), f"/api/admin/users/{alice.pk}"
    assert client.patch(url, {"role": "support"} | more).status_code == 400
    assert client.patch(url, {"role": "support"}).status_code == 200
    alice.refresh_from_db()
    assert (alice.role, alice.is_superuser, alice.email) == ("support", False, "alice@example.com")
    with pytest.raises(sessions.WrongTokenError):
        sessions.rotate_tokens(refresh=tokens.refresh, started_at=timezone.now())
    [event] = api_for(admin).get("/api/admin/audit-log?action=users.role").json()["results"][:1]
    assert (event["actor"], event["target_id"]) == (admin.pk, alice.pk)
    assert event["changes"] == {"role": ["user", "support"]}


def test_granting_and_revoking_roles_requires_a_step_up_or_recent_sign_in(api_for, alice):
    admin, client = staff("admin"), api_for(None)
    signed_in = client.post("/api/auth/login", {"email": admin.email, "password": PASSWORD}).json()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {signed_in['access']}")
    person = f"/api/admin/users/{alice.pk}"
    new = {"name": "New", "email": "new@example.com"}
    assert client.patch(person, {"role": "analyst"}).status_code == 200
    before = rights()
    RefreshSession.objects.update(created_at=timezone.now() - timedelta(minutes=16))
    for method, url, body in (
        ("patch", person, {"role": "support"}),
        ("patch", person, {"is_active": False, "name": "Other"}),
        ("post", "/api/admin/users", new | {"role": "auditor"}),
    ):
        answer = getattr(client, method)(url, body)
        assert answer.status_code == 403, body
        assert answer.json()["errors"][0]["code"] == "step_up_required"
    assert rights() == before
    # Changes that grant no permission work as before.
    assert client.patch(person, {"role": "analyst", "name": "Other"}).status_code == 200
    assert client.post("/api/admin/users", new).status_code == 201
    proof = client.post("/api/auth/step-up", {"password": PASSWORD}).json()["step_up"]
    assert client.patch(person, {"is_active": False}, HTTP_X_STEP_UP=proof).status_code == 200


def test_admins_cannot_change_their_own_role_and_one_admin_stays(api_for, alice):
    admin, other = staff("admin"), make_user("second@staff.example")
    people.set_role(actor=admin, user=other, role="admin")
    stale = User.objects.get(pk=other.pk)
    for change in ({"role": "user"}, {"is_active": False}):
        own = stepped_up(api_for, admin)
        assert own.patch(f"/api/admin/users/{admin.pk}", change).status_code == 400
    people.set_role(actor=admin, user=other, role="user")
    # Concurrent requests: the other user was still an admin when their request began.
    with pytest.raises(PermissionDenied):
        people.set_role(actor=stale, user=admin, role="user")
    assert User.objects.filter(role="admin", is_active=True).count() == 1


def test_an_identity_check_is_decided_with_a_reason_only(api_for, alice):
    api, url = api_for(staff("admin")), f"/api/admin/users/{alice.pk}"
    decide = {"kyc_status": "verified", "reason": "Passport seen"}

    def answer(body: dict) -> tuple:
        found = api.patch(url, body, format="json")
        return found.status_code, found.json().get("kyc_status")

    assert answer(decide) == (400, None)  # Nobody asked for a check.
    request_verification(actor=alice, user=alice)
    for body in (
        {"kyc_status": "verified"}, {"reason": "x"}, decide | {"kyc_status": "pending"},
        decide | {"kyc_status": "not_started"}, decide | {"reason": " "},
        decide | {"name": "N" * 151},
    ):  # fmt: skip
        assert answer(body) == (400, None), body
    assert not Notification.objects.exists()
    assert answer(decide | {"name": "New Name"}) == (200, "verified")
    assert answer(decide | {"name": "Other", "reason": "again"}) == (400, None)
    assert answer({"kyc_status": "rejected", "reason": "Forged"}) == (200, "rejected")
    alice.refresh_from_db()
    assert alice.name == "New Name"
    mails = Notification.objects.filter(kind="identity_check").order_by("pk")
    assert [mail.text.rpartition(". ")[2] for mail in mails] == ["Passport seen", "Forged"]


@pytest.mark.parametrize("role", ["support", "admin"])
def test_nobody_unlocks_themselves_and_support_no_other_staff(api_for, role):
    actor, other = staff(role), staff("auditor")
    assert api_for(actor).post(f"/api/admin/users/{actor.pk}/unlock").status_code in (403, 404)
    with pytest.raises(PermissionDenied):
        unlock_sign_in(actor=actor, user=actor)
    if role == "support":
        with pytest.raises(PermissionDenied):
            unlock_sign_in(actor=actor, user=other)


def test_support_can_unlock_a_sign_in(api_for, client, alice):
    for _ in range(7):
        client.post(
            "/api/auth/login", {"email": alice.email, "password": "wrong"}, "application/json"
        )
    right = {"email": alice.email, "password": "correct-Horse-battery-1"}
    assert client.post("/api/auth/login", right, "application/json").status_code == 429
    support = api_for(staff("support"))
    url = f"/api/admin/users/{alice.pk}"
    assert support.get(url).json()["is_locked"] is True
    assert support.post(f"{url}/unlock").json()["is_locked"] is False
    assert client.post("/api/auth/login", right, "application/json").status_code == 200
    with pytest.raises(ValueError, match="not counted by subject"):
        limits.forgive("otp", "1")


def test_audit_log_can_be_filtered_and_verified(api_for, alice, bob):
    sessions.sign_out_everywhere(actor=alice, user=alice)
    sessions.sign_out_everywhere(actor=bob, user=bob)
    client, today = api_for(staff("auditor")), timezone.now().date()

    def found(**query) -> list[int]:
        rows = client.get("/api/admin/audit-log", query).json()["results"]
        return [row["actor"] for row in rows if row["action"] == "users.sessions.ended"]

    assert found() == [bob.pk, alice.pk]
    assert found(actor=alice.pk) == found(actor="alice@example.com") == [alice.pk]
    assert found(target_type="users.user", target_id=bob.pk) == [bob.pk]
    assert (
        found(date_from=today + timedelta(days=1)) == found(date_to=today - timedelta(days=1)) == []
    )
    assert found(date_from=today, date_to=today, action="users.sess") == [bob.pk, alice.pk]
    assert found(date_to="9999-12-31", action="users.sess") == [bob.pk, alice.pk]
    assert client.get("/api/admin/audit-log", {"date_from": "soon"}).status_code == 400
    assert client.get("/api/admin/audit-log/verify").json()["intact"] is True
    event = AuditEvent.objects.filter(actor=alice).first()
    super(type(AuditEvent.objects.all()), AuditEvent.objects.filter(pk=event.pk)).update(action="x")
    result = client.get("/api/admin/audit-log/verify").json()
    assert (result["intact"], result["problems"][0]["event"]) == (False, event.pk)


def test_overview_has_no_counts_before_the_job_first_ran(api_for):
    record_run(name=LEDGER_JOB, at=timezone.now(), duration_ms=5, result="True")
    first = api_for(staff("auditor")).get("/api/admin/overview").json()
    assert [first[name] for name in COUNTED] == [None] * len(COUNTED)
    assert (first["audit"]["chains"], first["audit"]["events"]) == (None, None)
    assert (first["ledger"]["passed"], len(first["jobs"])) == (True, 1)


def test_overview_answers_what_the_job_counted_and_the_jobs_as_they_are(
    api_for, alice, bob, checking, failed
):
    now = timezone.now()
    make_transaction(account=checking, amount="-12.50", txn_date=now.date())
    make_transaction(account=checking, amount="100", txn_date=now.date())
    User.objects.filter(pk=bob.pk).update(is_active=False)
    for name, result, error in (
        (LEDGER_JOB, "True", ""),
        (AUDIT_JOB, "False", ""),
        ("alerts.tasks.scan_for_alerts", "", "OSError: to bob@example.com"),
        ("alerts.tasks.scan_for_alerts", "", "OSError: to bob@example.com"),
    ):
        record_run(name=name, at=now, duration_ms=5, result=result, error=error)
    client = api_for(staff("auditor"))
    count_platform(now)
    overview = client.get("/api/admin/overview").json()
    assert datetime.fromisoformat(overview["at"]) == now
    assert (overview["users"]["total"], overview["users"]["deactivated"]) == (3, 1)
    assert overview["users"]["by_role"] == {"auditor": 1, "user": 2}
    assert overview["accounts"] == 1
    assert overview["volume"] == [
        {"currency": "EUR", "inflow": "100.00", "outflow": "12.50", "transactions": 2}
    ]
    assert (len(overview["months"]), overview["months"][-1]["transactions"]) == (12, 2)
    assert overview["months"][-1]["sign_ups"] == 3
    assert overview["notifications"]["failed"] == overview["trouble"]["failed_notifications"] == 1
    assert (overview["ledger"]["passed"], overview["audit"]["passed"]) == (True, False)
    assert (overview["audit"]["chains"], overview["trouble"]["failed_jobs"]) == (2, 1)
    [job] = [job for job in overview["jobs"] if job["outcome"] == "failed"]
    assert (job["run_count"], job["failure_count"]) == (2, 2)
    assert job["error"] == "OSError: to b***@example.com"
    make_user("later@example.com")
    assert {name: client.get("/api/admin/overview").json()[name] for name in COUNTED} == {
        name: overview[name] for name in COUNTED
    }


def test_text_that_names_people_is_masked():
    assert masked_text("to bob.b+x@a.example: 421 busy") == "to b***@a.example: 421 busy"
    assert masked_text("400 21211 Invalid 'To': +49 170 1234567") == "400 21211 Invalid 'To': ***67"
    assert masked_text("550 5.1.1 unknown, call 555-010-4477") == "550 5.1.1 unknown, call ***77"
