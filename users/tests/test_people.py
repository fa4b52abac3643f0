"""Roles, active status and profiles: who may change them, and what a change ends."""

import pytest
from allauth.account.models import EmailAddress, EmailConfirmationHMAC
from django.core.exceptions import PermissionDenied, ValidationError
from django.urls import reverse
from django.utils import timezone

from tests.builders import make_user
from users.locales import best_locale, locale_choices
from users.models import AuditEvent, User
from users.network import client_address, network_of
from users.policy import ABILITIES, Ability, is_staff_role, may, require
from users.services import people, sessions, verification
from users.services.factors import request_email_change
from users.user_agents import device_name


@pytest.fixture
def admin(db) -> User:
    return people.set_role(actor=None, user=make_user("admin@example.com"), role="admin")


@pytest.mark.parametrize(
    ("role", "is_staff", "is_superuser"),
    [
        ("user", False, False),
        ("viewer", False, False),
        ("analyst", False, False),
        ("support", True, False),
        ("auditor", True, False),
        ("admin", True, True),
    ],
)
def test_admin_site_access_follows_the_role(alice, admin, role, is_staff, is_superuser):
    user = people.set_role(actor=admin, user=alice, role=role)
    assert (user.role, user.is_staff, user.is_superuser) == (role, is_staff, is_superuser)
    back = people.set_role(actor=admin, user=user, role="user")
    assert (back.is_staff, back.is_superuser) == (False, False)


@pytest.mark.parametrize("role", ["user", "viewer", "analyst", "support", "auditor"])
def test_only_admins_manage_people(alice, bob, role):
    actor = people.set_role(actor=None, user=bob, role=role)
    events = AuditEvent.objects.count()
    for change in (
        lambda: people.set_role(actor=actor, user=alice, role="admin"),
        lambda: people.set_active(actor=actor, user=alice, is_active=False),
        lambda: verification.revoke_verification(
            actor=actor, user=alice, reason="forged", at=timezone.now()
        ),
        lambda: people.update_profile(actor=actor, user=alice, name="X"),
    ):
        with pytest.raises(PermissionDenied):
            change()
    alice.refresh_from_db()
    assert (alice.role, alice.is_active, alice.name) == ("user", True, "Alice Archer")
    assert AuditEvent.objects.count() == events


def test_nobody_can_change_their_own_rights(admin):
    for change in (
        lambda: people.set_role(actor=admin, user=admin, role="user"),
        lambda: people.set_active(actor=admin, user=admin, is_active=False),
        lambda: verification.set_verification(
            actor=admin, user=admin, kyc_status="verified", reason="me", at=timezone.now()
        ),
    ):
        with pytest.raises(ValidationError):
            change()
    admin.refresh_from_db()
    assert (admin.role, admin.is_active, admin.kyc_status) == ("admin", True, "not_started")


def test_an_unknown_role_is_refused(alice, admin):
    with pytest.raises(ValidationError):
        people.set_role(actor=admin, user=alice, role="owner")


def test_setting_the_same_role_ends_no_sessions(alice, admin):
    assert people.set_role(actor=admin, user=alice, role="user").session_version == 0


def test_a_deactivated_admin_has_no_permissions(admin):
    people.set_active(actor=None, user=admin, is_active=False)
    admin.refresh_from_db()
    assert not may(admin, Ability.MANAGE_USERS)
    with pytest.raises(PermissionDenied, match="This is for admins"):
        require(admin, Ability.MANAGE_USERS)


def test_every_role_has_a_description():
    assert set(ABILITIES) == set(User.Role.values)
    assert [role for role in User.Role.values if is_staff_role(role)] == [
        "support",
        "auditor",
        "admin",
    ]
    assert Ability.CHANGE_OWN_DATA not in ABILITIES["viewer"] | ABILITIES["analyst"]


def test_a_profile_accepts_only_its_own_fields(alice):
    with pytest.raises(TypeError):
        people.update_profile(actor=alice, user=alice, role="admin")


def test_a_viewer_can_change_their_own_name_and_theme(alice):
    viewer = people.set_role(actor=None, user=alice, role="viewer")
    assert people.update_profile(actor=viewer, user=viewer, theme="dark").theme == "dark"


def test_a_weak_new_password_is_refused(alice):
    with pytest.raises(ValidationError):
        people.change_password(actor=alice, user=alice, password="alice@example")
    alice.refresh_from_db()
    assert alice.session_version == 0


@pytest.mark.parametrize(
    ("remote", "forwarded", "proxies", "expected"),
    [
        ("203.0.113.9", "10.0.0.1", 0, "203.0.113.9"),
        ("10.0.0.2", "6.6.6.6, 203.0.113.9", 1, "203.0.113.9"),
        ("10.0.0.2", "6.6.6.6, 203.0.113.9, 10.0.0.3", 2, "203.0.113.9"),
        ("10.0.0.2", "garbage", 1, None),
        ("::ffff:203.0.113.9", "", 0, "203.0.113.9"),
        ("fe80::1%eth0", "", 0, "fe80::1"),
        ("2001:DB8::1", "", 0, "2001:db8::1"),
        ("", "", 0, None),
    ],
)
def test_the_client_address(rf, settings, remote, forwarded, proxies, expected):
    settings.TRUSTED_PROXY_COUNT = proxies
    headers = {"HTTP_X_FORWARDED_FOR": forwarded} if forwarded else {}
    assert client_address(rf.get("/", REMOTE_ADDR=remote, **headers)) == expected


def test_the_network_of_an_address():
    assert network_of("203.0.113.9") == "203.0.113.0/24"
    assert network_of("2001:db8:1:2:3::9") == "2001:db8:1:2::/64"
    assert network_of(None) == "unknown"


@pytest.mark.parametrize(
    ("header", "tag"),
    [("de", "de-DE"), ("en", "en-US"), ("en-GB,en;q=0.9", "en-GB"), ("fr-LU, fr", "fr-FR"),
     ("tlh, da;q=0.5", "da-DK"), ("*", ""), ("", "")],
)  # fmt: skip
def test_the_language_is_taken_from_the_browser(header, tag):
    assert best_locale(header) == tag


def test_languages_are_listed_by_their_own_names():
    names = dict(locale_choices())
    assert (names["en-US"], names["fr-FR"]) == ("English (United States)", "Français (France)")


def test_devices_have_readable_names():
    firefox = "Mozilla/5.0 (Windows NT 10.0; rv:140.0) Gecko/20100101 Firefox/140.0"
    assert device_name(firefox) == "Firefox on Windows"
    assert device_name("okhttp/4.12") == "okhttp"
    assert device_name("") == "Unknown"


@pytest.mark.once
@pytest.mark.parametrize("way", ["password", "everywhere"])
def test_a_pending_email_link_does_not_let_an_intruder_back_in(alice, client, way):
    EmailAddress.objects.create(user=alice, email=alice.email, primary=True, verified=True)
    waiting = request_email_change(user=alice, email="thief@example.com")
    link = reverse("account_confirm_email", args=[EmailConfirmationHMAC(waiting).key])
    if way == "password":
        people.change_password(actor=alice, user=alice, password="another-Horse-battery-2")
    else:
        sessions.sign_out_everywhere(actor=alice, user=alice)
    client.post(link)
    assert User.objects.get().email == "alice@example.com"
    assert EmailAddress.objects.get().email == "alice@example.com"
    assert AuditEvent.objects.order_by("-id").first().changes == {"email_change": "canceled"}
