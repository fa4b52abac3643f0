"""Signing in in a real browser: the lifecycle of a passkey and of an authenticator app."""

import re

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from playwright.sync_api import expect

from tests.builders import PASSWORD, make_user
from users.models import AuditEvent

pytestmark = pytest.mark.browser


@pytest.fixture
def owner(transactional_db):
    owner = make_user("owner@example.com", name="Olive Owner")
    EmailAddress.objects.create(user=owner, email=owner.email, primary=True, verified=True)
    return owner


@pytest.fixture
def complaints(page):
    """Errors the browser reports: script errors and content policy violations."""
    heard = []
    page.on("pageerror", lambda error: heard.append(str(error)))
    page.on("console", lambda line: heard.append(line.text) if line.type == "error" else None)
    return heard


@pytest.fixture
def authenticator(page):
    """A virtual device with a fingerprint sensor, simulated by Chromium."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    session.send("WebAuthn.addVirtualAuthenticator", {"options": options})


def actions() -> list[str]:
    return list(AuditEvent.objects.order_by("id").values_list("action", flat=True))


def give_password(page, base: str, email: str) -> None:
    page.goto(f"{base}/users/login/")
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    # Navigating before the response would cancel the sign-in.
    expect(page).not_to_have_url(re.compile("/users/login/"))


def press(page, name: str) -> None:
    """Click a button that a script answers, once the scripts of a new page run."""
    button = page.get_by_role("button", name=name)
    button.wait_for()
    page.wait_for_load_state("domcontentloaded")
    button.click()


def forget_session(page) -> None:
    """Leave the page first, so that its polling requests are not sent without a session."""
    page.goto("about:blank")
    page.context.clear_cookies()


def test_a_passkey_can_be_created_used_and_removed(
    page, live_server, owner, complaints, authenticator
):
    base = live_server.url.replace("127.0.0.1", "localhost")
    give_password(page, base, owner.email)
    page.goto(f"{base}/users/2fa/webauthn/add/")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Confirm").click()
    page.get_by_label("Name").fill("Olive's laptop")
    press(page, "Create passkey")
    expect(page.get_by_role("heading", level=1)).to_have_text("Recovery codes")

    forget_session(page)
    give_password(page, base, owner.email)
    press(page, "Use a passkey")
    page.wait_for_url(f"{base}/")
    forget_session(page)
    page.goto(f"{base}/users/login/")
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.wait_for_url(f"{base}/")
    page.goto(f"{base}/users/2fa/webauthn/")
    expect(page.locator("main")).to_contain_text("Olive's laptop")

    page.get_by_role("link", name="Remove Olive's laptop").click()
    page.get_by_role("link", name="Use a passkey").click()
    press(page, "Use a passkey")
    page.get_by_role("button", name="Remove").click()
    expect(page.locator("main")).to_contain_text("No passkeys yet.")
    assert not Authenticator.objects.exists()

    # The device still offers the passkey, but it no longer works.
    forget_session(page)
    page.goto(f"{base}/users/login/")
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.locator("body")).to_contain_text("This passkey doesn't match")
    assert actions() == [
        "users.sign_in.succeeded",
        "users.step_up.succeeded",
        "users.passkey.added",
        "users.recovery_codes.viewed",
        "users.sign_in.succeeded",
        "users.sign_in.succeeded",
        "users.step_up.succeeded",
        "users.passkey.removed",
        "users.sign_in.failed",
    ]
    assert complaints == []
