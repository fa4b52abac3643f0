"""The admin site: staff view, admins change through the services, nobody else gets in."""

import pytest
from allauth.mfa.totp.internal.auth import TOTP
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.html import escape

from tests.builders import PASSWORD, make_user, step_up
from users.models import AuditEvent, RefreshSession, User
from users.services import people, sessions


def person(email: str, role: str) -> User:
    user = make_user(email)
    return people.set_role(actor=None, user=user, role=role) if role != "user" else user


def browser(user: User) -> Client:
    """Signed in long ago, with a recently proven factor."""
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    step_up(client, user)
    return client


@pytest.fixture
def admin(db) -> User:
    return person("admin@example.com", "admin")


@pytest.fixture
def auditor(db) -> User:
    return person("auditor@example.com", "auditor")


def change_url(user: User) -> str:
    return reverse("admin:users_user_change", args=[user.pk])


def rights(user: User) -> tuple:
    user.refresh_from_db()
    return user.role, user.is_staff, user.is_superuser, user.is_active


EVERYTHING = {
    "role": "admin", "is_active": "on", "kyc_status": "verified", "is_staff": "on",
    "is_superuser": "on", "email": "x@example.com", "password": "x", "session_version": "9",
    "groups": "1", "user_permissions": "1",
}  # fmt: skip


def test_the_admin_site_uses_our_sign_in_page(alice):
    answer = Client().get("/admin/", follow=True)
    assert answer.redirect_chain[-1][0].startswith("/users/login/?next=")
    client = Client()
    form = {"login": "alice@example.com", "password": PASSWORD}
    assert client.post("/admin/login/", form).status_code == 302
    assert "_auth_user_id" not in client.session


@pytest.mark.parametrize("role", ["user", "viewer", "analyst"])
@pytest.mark.django_db
def test_customers_of_every_role_are_refused(role):
    client = browser(person("somebody@example.com", role))
    assert client.get("/admin/", follow=True).status_code == 403
    assert client.get(reverse("admin:users_user_changelist"), follow=True).status_code == 403


def test_an_admin_changes_role_and_status_through_the_services(admin, alice):
    tokens = sessions.start_tokens(user=alice, at=timezone.now())
    form = {"role": "support", "is_active": "on", "kyc_status": "verified"}
    assert 'name="kyc_status"' not in browser(admin).get(change_url(alice)).content.decode()
    assert browser(admin).post(change_url(alice), form).status_code == 302
    assert rights(alice) == ("support", True, False, True)
    assert alice.kyc_status == "not_started"
    assert alice.session_version == 1
    with pytest.raises(sessions.WrongTokenError):
        sessions.rotate_tokens(refresh=tokens.refresh, started_at=timezone.now())
    event = AuditEvent.objects.get(action="users.role.changed", actor=admin)
    assert (event.target_id, event.changes) == (alice.pk, {"role": ["user", "support"]})


def test_granting_rights_requires_a_step_up_and_then_completes_the_request(
    client_for, admin, alice
):
    client, form = client_for(admin), {"role": "support", "kyc_status": "verified"}
    new = {"name": "New", "email": "new@example.com", "role": "auditor", "base_currency": "EUR"}
    asks = "/users/reauthenticate/"
    for url, sent in ((reverse("admin:users_user_add"), new), (change_url(alice), form)):
        before = list(User.objects.values())
        answer = client.post(url, sent)
        assert (answer.status_code, answer["Location"].partition("?")[0]) == (302, asks)
        assert list(User.objects.values()) == before
    client.post(answer["Location"], {"password": PASSWORD})
    assert rights(alice) == ("support", True, False, False)
    # A recent sign-in is enough, without another step-up.
    fresh = Client()
    fresh.post("/users/login/", {"login": admin.email, "password": PASSWORD})
    assert (
        fresh.post(change_url(alice), form | {"is_active": "on"})["Location"]
        == "/admin/users/user/"
    )
    assert rights(alice) == ("support", True, False, True)


def test_extra_form_fields_are_ignored(admin, alice):
    browser(admin).post(change_url(alice), EVERYTHING | {"role": "user"})
    assert rights(alice) == ("user", False, False, True)
    assert alice.email == "alice@example.com"
    assert alice.check_password(PASSWORD)


def test_admins_cannot_change_themselves(admin):
    answer = browser(admin).post(change_url(admin), EVERYTHING | {"role": "user"})
    assert answer.status_code == 403
    assert rights(admin) == ("admin", True, True, True)


@pytest.mark.parametrize("role", ["support", "auditor"])
def test_other_staff_cannot_promote_anybody(role, db, alice):
    user = person("staff@example.com", role)
    client = browser(user)
    for target in (alice, user):
        before = rights(target)
        assert client.post(change_url(target), EVERYTHING).status_code == 403
        assert rights(target) == before
    add = reverse("admin:users_user_add")
    assert client.post(add, EVERYTHING).status_code == 403
    assert not User.objects.filter(email="x@example.com").exists()


@pytest.mark.once
def test_staff_can_be_required_to_use_a_second_factor_and_a_network(settings, api_for, admin):
    client, api = browser(admin), api_for(admin)

    def answers() -> list[str]:
        page, data = client.get("/admin/", follow=True), api.get("/api/admin/users")
        assert page.status_code == data.status_code
        detail = data.json()["errors"][0]["detail"] if data.status_code == 403 else ""
        assert escape(detail) in page.content.decode()
        return [page.status_code, detail.partition(".")[0]]

    settings.STAFF_MFA_REQUIRED = True
    assert answers() == [403, "Staff need two-step verification"]
    TOTP.activate(admin, "JBSWY3DPEHPK3PXP")
    assert answers() == [200, ""]
    settings.ADMIN_IP = ["192.0.2.0/24", "::1"]
    assert answers() == [403, "The admin site isn't available from your network"]
    settings.ADMIN_IP = ["192.0.2.0/24", "127.0.0.1"]
    assert answers() == [200, ""]
    assert client.get("/").status_code == 200


def test_no_page_can_edit_a_password_hash(admin, alice):
    client = browser(admin)
    assert alice.password not in client.get(change_url(alice)).content.decode()
    stock = client.get(f"/admin/users/user/{alice.pk}/password/", follow=True)
    assert stock.redirect_chain[-1][0] == "/admin/"
    assert client.get("/admin/password_change/")["Location"] == "/users/password/change/"


def test_signing_out_of_the_admin_site_is_recorded(admin):
    client = browser(admin)
    client.post("/admin/logout/")
    assert "_auth_user_id" not in client.session
    assert AuditEvent.objects.filter(action="users.sign_out.done", actor=admin).count() == 1


MODELS = ["user", "refreshsession", "auditevent", "auditchain", "idempotentcommand"]


@pytest.mark.parametrize("model", MODELS)
def test_an_auditor_sees_everything_and_changes_nothing(auditor, alice, model):
    sessions.start_tokens(user=alice, at=timezone.now())
    client = browser(auditor)
    assert client.get(reverse(f"admin:users_{model}_changelist")).status_code == 200
    assert client.get(reverse(f"admin:users_{model}_add")).status_code == 403
    assert client.post(reverse(f"admin:users_{model}_add"), {}).status_code == 403


@pytest.mark.parametrize("model", ["refreshsession", "auditevent", "auditchain"])
def test_not_even_an_admin_can_change_records(admin, alice, model):
    sessions.start_tokens(user=alice, at=timezone.now())
    rows = {"refreshsession": RefreshSession, "auditevent": AuditEvent}
    pk = rows.get(model, AuditEvent).objects.first().pk if model in rows else 1
    client = browser(admin)
    for page in ("change", "delete"):
        url = reverse(f"admin:users_{model}_{page}", args=[pk])
        assert client.post(url, {"post": "yes"}).status_code in (302, 403)
    count = AuditEvent.objects.count()
    assert count >= 2
    assert RefreshSession.objects.count() == 1


def test_only_admins_can_revoke_tokens(admin, auditor, alice):
    sessions.start_tokens(user=alice, at=timezone.now())
    token = RefreshSession.objects.get()
    form = {"action": "revoke", "_selected_action": [token.pk]}
    url = reverse("admin:users_refreshsession_changelist")
    browser(auditor).post(url, form)
    assert RefreshSession.objects.get().revoked_at is None
    browser(admin).post(url, form)
    assert RefreshSession.objects.get().revoked_at is not None
    page = browser(admin).get(reverse("admin:users_refreshsession_change", args=[token.pk]))
    assert token.token_hash not in page.content.decode()


def test_a_refused_page_is_in_the_audit_trail(auditor, alice):
    browser(auditor).post(change_url(alice), EVERYTHING)
    event = AuditEvent.objects.get(action="users.access.refused")
    assert (event.actor, event.changes["method"]) == (auditor, "POST")
    assert event.changes["path"] == change_url(alice)
