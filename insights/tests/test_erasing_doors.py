"""Who may erase whom, and how; and every table belongs to a person or is known not to."""

import pytest
from django.apps import apps
from django.core.exceptions import PermissionDenied, ValidationError
from django.urls import reverse
from django.utils import timezone

from insights.exports.erasing import erase_person
from insights.exports.ownership import paths_to_person
from insights.models import Approval, WorkItem
from tests.builders import PASSWORD, make_user, step_up
from users.audit.audit_check import verify
from users.audit.trail import record
from users.models import AuditEvent, Notification, User


@pytest.mark.once
@pytest.mark.django_db
def test_the_last_admin_cannot_be_erased_but_another_can(alice):
    admin = make_user("admin@example.com", role="admin")
    make_user("gone@example.com", role="admin", is_active=False)
    with pytest.raises(ValidationError, match="last admin"):
        erase_person(actor=admin, user=admin, confirmation=admin.email)
    assert User.objects.get(pk=admin.pk).is_active
    second = make_user("second@example.com", role="admin")
    # Staff actions in other people's chains stay: they are the institution's record.
    deed = record(actor=second, action="users.role.changed", target=alice, role=["user", "viewer"])
    erase_person(actor=second, user=second, confirmation=second.email)
    assert AuditEvent.objects.get(pk=deed.pk).changes == {"role": ["user", "viewer"]}
    assert verify().faults == []


@pytest.mark.once
@pytest.mark.django_db
def test_erasing_requires_the_own_email_address(alice, bob):
    with pytest.raises(PermissionDenied):
        erase_person(actor=bob, user=alice, confirmation=alice.email)
    with pytest.raises(ValidationError):
        erase_person(actor=alice, user=alice, confirmation=bob.email)
    assert User.objects.filter(is_active=True).count() == 2
    assert not Notification.objects.exists()
    assert not AuditEvent.objects.exists()


# --- Doors ------------------------------------------------------------------------------------


@pytest.mark.once
@pytest.mark.django_db
def test_erasing_by_api_needs_a_second_factor_and_ends_all_tokens(alice, api_for, client):
    tokens = client.post(
        "/api/auth/login",
        {"email": alice.email, "password": PASSWORD},
        content_type="application/json",
    ).json()
    bearer = {"Authorization": f"Bearer {tokens['access']}"}
    ask = {
        "path": "/api/users/me",
        "data": {"confirm": alice.email},
        "content_type": "application/json",
    }
    refused = client.delete(**ask, headers=bearer)
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (403, "step_up_required")
    proof = client.post(
        "/api/auth/step-up", {"password": PASSWORD}, content_type="application/json", headers=bearer
    ).json()["step_up"]
    bearer["X-Step-Up"] = proof
    ask["data"] = {"confirm": "somebody@example.com"}
    assert client.delete(**ask, headers=bearer).status_code == 400
    ask["data"] = {"confirm": alice.email}
    assert client.delete(**ask, headers=bearer).status_code == 204
    assert client.get("/api/users/me", headers=bearer).status_code == 401
    renewed = client.post(
        "/api/auth/refresh", {"refresh": tokens["refresh"]}, content_type="application/json"
    )
    assert renewed.status_code == 401


@pytest.mark.once
@pytest.mark.django_db
def test_erasing_on_the_page_needs_the_typed_address(alice, client_for):
    client, other = client_for(alice), client_for(alice)
    url = reverse("users:privacy")
    page = client.get(url).content.decode()
    assert "What we keep" in page
    assert alice.email in page
    assert client.post(url, {"confirm": alice.email})["Location"].startswith(
        "/users/reauthenticate"
    )
    step_up(client, alice)
    wrong = client.post(url, {"confirm": "alice"})
    assert (wrong.status_code, "exactly as shown" in wrong.content.decode()) == (422, True)
    done = client.post(url, {"confirm": alice.email})
    assert (done.status_code, done["Location"]) == (302, reverse("account_login"))
    assert other.get(url).status_code == client.get(url).status_code == 302
    assert not User.objects.filter(email=alice.email).exists()


@pytest.mark.once
def test_every_model_belongs_to_a_person_or_is_listed_as_impersonal():
    """A new table that hangs on no person must be looked at: it might hold their data."""
    nobodys = {
        model._meta.label
        for model in apps.get_models(include_auto_created=True)
        if not paths_to_person(model)
    }
    known = {
        *("users.User", "users.AuditChain", "accounts.ExchangeRate", "accounts.HeldRate"),
        *(
            "accounts.RateFetch",
            "accounts.RateMonth",
            "auth.Permission",
            "auth.Group_permissions",
            "auth.Group",
        ),
        *("contenttypes.ContentType", "sessions.Session", "insights.JobState"),
        *("insights.MonthCount", "insights.PlatformCount"),
        # It names whom it is about by number; erasing deletes it (tested below).
        "insights.Approval",
    }
    new = {name for name in nobodys - known if not name.startswith("django_celery")}
    assert new == set(), "Link these to a person, or list them here if they hold no one's data."


@pytest.mark.django_db
def test_erasing_takes_what_staff_wrote_about_the_person_along(alice):
    staff = make_user("staff@example.com", role="admin")
    WorkItem.objects.create(queue="identity", key="1", about=alice, done_by=staff, note="Alice A.")
    WorkItem.objects.create(queue="rates", key="2", done_by=staff, note="EUR")
    for person in (alice, staff):
        Approval.objects.create(
            action="role",
            target_type="users.user",
            target_id=person.pk,
            words=f"Make {person.email} an admin",
            expires_at=timezone.now(),
        )
    erase_person(actor=alice, user=alice, confirmation=alice.email)
    assert [item.note for item in WorkItem.objects.all()] == ["EUR"]
    assert [row.target_id for row in Approval.objects.all()] == [staff.pk]
