"""Staff who try to get further than their role: every way a person could be raised or reached."""

from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.totp.internal.auth import TOTP
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from rest_framework.test import APIClient

from tests.builders import make_user, step_up
from tests.test_staff_site import everything
from users.models import AuditEvent, Notification, User
from users.services import sessions
from users.services.opening import open_customer
from users.services.people import set_role
from users.services.staffing import FIRST_A_CUSTOMER, end_sessions

pytestmark = pytest.mark.django_db
HELPS = ("verification", "reset_factors", "erase", "unlock", "sign_out", "confirmation", "open")


def staff(role: str, name: str = "") -> User:
    user = set_role(actor=None, user=make_user(f"{name or role}@staff.example"), role=role)
    user.user_permissions.set(Permission.objects.all())
    return user


def failed_message(to: User) -> Notification:
    now = timezone.now()
    return Notification.objects.create(
        recipient=to, kind="bill_due", target_key="bill:1", channel="email", status="failed",
        local_day=now.date(), subject="x", text="x", due_at=now, provider_answer="550",
    )  # fmt: skip


@pytest.mark.once
@pytest.mark.slow
@pytest.mark.parametrize("role", ["support", "auditor"])
def test_staff_are_out_of_reach_of_support_and_auditors(client_for, role):
    """Their own record, a colleague's and an admin's, by every button of the customer page."""
    reader = staff(role)
    client = client_for(reader)
    step_up(client, reader)
    for target in (reader, staff(role, "colleague"), staff("admin")):
        TOTP.activate(target, "JBSWY3DPEHPK3PXP")
        message = failed_message(target)
        pages = [reverse(f"admin:customer_{name}", args=[target.pk]) for name in HELPS]
        pages.append(reverse("admin:customer_resend", args=[target.pk, message.pk]))
        form = {"reason": "r", "confirm": target.email, "decision": "verify", "role": "admin"}
        before = everything()
        for page in pages:
            assert client.post(page, form).status_code in (403, 404), page
        people = reverse("admin:users_user_changelist")
        for action in ("unlock", "sign_out_everywhere"):
            client.post(people, {"action": action, "_selected_action": [target.pk]})
        change = reverse("admin:users_user_change", args=[target.pk])
        forged = {"role": "admin", "is_active": "on", "is_superuser": "on", "is_staff": "on"}
        assert client.post(change, forged).status_code in (302, 403)
        assert everything() == before, target.email


def test_support_neither_sees_nor_resends_messages_to_staff(client_for, api_for, alice):
    reader, admin = staff("support"), staff("admin")
    own, theirs, customers = map(failed_message, (reader, admin, alice))
    client, api = client_for(reader), api_for(reader)
    page = reverse("admin:users_notification_changelist")
    listed = client.get(page).context["cl"].result_list
    assert [row.pk for row in listed] == [customers.pk]
    for asked in (admin.email, str(admin.pk)):
        assert client.get(page, {"customer": asked}).context["cl"].result_count == 0
        assert admin.email not in client.get(page, {"customer": str(admin.pk)}).content.decode()
    found = api.get("/api/admin/notifications").json()["results"]
    assert [row["id"] for row in found] == [customers.pk]
    for row in (own, theirs):
        assert client.get(f"{page}{row.pk}/change/").status_code == 302
        client.post(page, {"action": "send_again", "_selected_action": [row.pk]})
        path = reverse("api_admin_notification_send_again", args=[row.pk])
        assert api.post(path, headers={"Idempotency-Key": f"k{row.pk}"}).status_code == 404
        row.refresh_from_db()
        assert row.status == "failed"


def test_an_admin_does_not_resend_their_own_messages(client_for, api_for):
    admin = staff("admin")
    row = failed_message(admin)
    page = reverse("admin:users_notification_changelist")
    client_for(admin).post(page, {"action": "send_again", "_selected_action": [row.pk]})
    path = reverse("api_admin_notification_send_again", args=[row.pk])
    assert api_for(admin).post(path).status_code == 403
    row.refresh_from_db()
    assert row.status == "failed"


def test_a_forged_form_changes_only_its_own_fields(client_for, alice):
    """An admin's form writes role and status; passwords, flags and addresses have no form."""
    admin = staff("admin")
    client = client_for(admin)
    step_up(client, admin)
    before = User.objects.values().get(pk=alice.pk)
    forged = {
        "role": "user", "is_active": "on", "is_superuser": "on", "is_staff": "on", "password": "x",
        "email": "mine@staff.example", "kyc_status": "verified", "session_version": "9",
        "user_permissions": "1",
    }  # fmt: skip
    client.post(reverse("admin:users_user_change", args=[alice.pk]), forged)
    assert User.objects.values().get(pk=alice.pk) == before


def test_an_admin_cannot_take_over_another_admin_alone(client_for, settings, mailoutbox):
    """With four eyes: no reset of factors, no new admin, no way to the other's address."""
    settings.FOUR_EYES = True
    first, second = staff("admin", "first"), staff("admin", "second")
    puppet = make_user("puppet@example.com")
    TOTP.activate(second, "JBSWY3DPEHPK3PXP")
    client, api = client_for(first), APIClient()
    step_up(client, first)
    api.force_authenticate(first)
    step_up(api, first)
    addresses = list(EmailAddress.objects.filter(user=second).values())
    client.post(reverse("admin:customer_reset_factors", args=[second.pk]))
    client.post(reverse("admin:customer_confirmation", args=[second.pk]))
    client.post(reverse("admin:users_user_change", args=[puppet.pk]), {"role": "admin"})
    for user, change in ((puppet, {"role": "admin"}), (second, {"email": "mine@staff.example"})):
        assert api.patch(f"/api/admin/users/{user.pk}", change, format="json").status_code == 400
    new = {"name": "New", "email": "new@staff.example", "role": "admin"}
    assert api.post("/api/admin/users", new, format="json").status_code == 400
    page = client.post(reverse("admin:users_user_add"), new | {"base_currency": "EUR"})
    assert FIRST_A_CUSTOMER in page.content.decode()
    assert second.authenticator_set.exists()
    assert list(EmailAddress.objects.filter(user=second).values()) == addresses
    admins = User.objects.filter(role="admin").order_by("pk")
    assert [user.pk for user in admins] == [first.pk, second.pk]
    assert {address for mail in mailoutbox for address in mail.to} <= {second.email}


# --- Ended means ended ----------------------------------------------------------------------------


def app_of(user: User) -> tuple[APIClient, str]:
    """An app signed in as this person, and its refresh token."""
    tokens = sessions.start_tokens(user=user, at=timezone.now())
    api = APIClient(HTTP_AUTHORIZATION=f"Bearer {tokens.access}")
    return api, tokens.refresh


def reach(client: Client, api: APIClient, refresh: str) -> list[Any]:
    """What a browser with a kept page, an app and its refresh token are answered."""
    renewed = APIClient().post("/api/auth/refresh", {"refresh": refresh}, format="json")
    return [client.get("/").status_code, api.get("/api/accounts").status_code, renewed.status_code]


def test_sessions_that_support_ends_are_over_at_once(client_for, alice):
    reader = staff("support")
    browser, (api, refresh) = client_for(alice), app_of(alice)
    for _ in range(2):  # The second page is a kept one.
        assert browser.get("/").status_code == 200
    assert api.get("/api/accounts").status_code == 200
    open_customer(actor=reader, user=alice, reason="ticket 4711")
    end_sessions(actor=reader, user=alice)
    assert reach(browser, api, refresh) == [302, 401, 401]
    assert AuditEvent.objects.filter(action="users.sessions.ended", actor=reader).exists()


@pytest.mark.parametrize("role", ["support", "user"])
def test_an_admin_who_loses_the_role_is_out_at_once(client_for, role):
    admin = staff("admin")
    browser, (api, refresh) = client_for(admin), app_of(admin)
    assert browser.get("/admin/").status_code == 200
    assert api.get("/api/admin/users").status_code == 200
    set_role(actor=staff("admin", "other"), user=admin, role=role)
    assert browser.get("/admin/").status_code == 302
    assert browser.get("/admin/", follow=True).request["PATH_INFO"] == reverse("account_login")
    assert api.get("/api/admin/users").status_code == 401
    assert reach(browser, api, refresh) == [302, 401, 401]
