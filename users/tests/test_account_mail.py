"""Account emails: our wording, our links, and no request waits for the mail server."""

import re
from datetime import UTC, datetime
from pathlib import Path
from queue import Queue
from threading import Event
from typing import ClassVar

import allauth
import pytest
from allauth.account.models import EmailAddress
from django.conf import settings
from django.core.mail.backends.base import BaseEmailBackend
from django.test import Client
from django.urls import reverse
from rest_framework.test import APIClient

from tests.builders import make_user
from users.messages.account_mails import WORDS, account_mail
from users.models import User

LONGEST_SECONDS = 300


class BlackHole(BaseEmailBackend):
    """A mail server that accepts the connection but does not respond until it is released."""

    is_open = Event()
    sent: ClassVar[Queue] = Queue()

    def send_messages(self, messages):
        self.is_open.wait(timeout=LONGEST_SECONDS)
        for message in messages:
            self.sent.put(message)


@pytest.mark.once
def test_no_request_waits_for_the_mail_server(alice, settings):
    settings.MAIL_IN_BACKGROUND = True
    settings.EMAIL_BACKEND = f"{__name__}.BlackHole"
    try:
        for email in (alice.email, "nobody@example.com"):
            assert Client().post("/users/password/reset/", {"email": email}).status_code == 302
        assert BlackHole.sent.empty()
    finally:
        BlackHole.is_open.set()
    mails = [BlackHole.sent.get(timeout=LONGEST_SECONDS) for _ in range(2)]
    assert {mail.to[0] for mail in mails} == {alice.email, "nobody@example.com"}


# --- Wording, design and links --------------------------------------------------------------------

FORGED = {"HTTP_HOST": "evil.example"}


@pytest.fixture
def site(settings):
    settings.SITE_URL = "https://bank.example/"
    settings.ALLOWED_HOSTS = ["*"]
    return "https://bank.example"


def links_in(message) -> list[str]:
    html = message.alternatives[0][0]
    return re.findall(r"https?://[^\s\"<]+", message.body + html)


def assert_is_ours(message, site):
    html = message.alternatives[0][0]
    assert settings.SITE_NAME in message.body
    assert settings.SITE_NAME in html
    assert links_in(message)
    assert {link.startswith(f"{site}/") for link in links_in(message)} == {True}
    for foreign in ("example.com", "evil.example", "Thank you for using"):
        assert foreign not in message.subject
        assert foreign not in message.body.replace(message.to[0], "")
        assert foreign not in html.replace(message.to[0], "")


@pytest.mark.once
def test_every_allauth_mail_has_our_own_wording():
    unused = {"account/email/login_code", "account/email/password_reset_code"}
    folder = Path(allauth.__file__).parent / "templates"
    theirs = {
        str(path.relative_to(folder)).removesuffix("_subject.txt")
        for app in ("account", "mfa")
        for path in folder.glob(f"{app}/email/*_subject.txt")
    }
    assert theirs - unused <= set(WORDS)
    about = {
        "user": User(email="ada@example.com", name="Ada Miller", locale="de-DE"),
        "timestamp": datetime(2026, 11, 28, 17, 5, tzinfo=UTC),
        "ip": "203.0.113.7",
        "user_agent": "Mozilla/5.0 (X11; Linux x86_64; rv:120.0) Gecko/20100101 Firefox/120.0",
        "inviter": "Bob Baker",
        **dict.fromkeys(
            ("activate_url", "password_reset_url", "signup_url"), "http://x.test/a/?k=1"
        ),
        **dict.fromkeys(("from_email", "to_email", "deleted_email"), "old@example.com"),
    }
    for template in WORDS:
        message = account_mail(template, "ada@example.com", about)
        assert "{" not in message.subject + message.body
        assert "x.test" not in message.body + message.alternatives[0][0]
        assert message.alternatives[0][1] == "text/html"
    notice = account_mail("account/email/password_changed", "ada@example.com", about)
    assert "28.11.2026" in notice.body
    assert "203.0.113.7" in notice.body
    assert "Hello Ada" in notice.body


def test_mail_links_use_our_own_host_regardless_of_the_request(alice, site, mailoutbox):
    form = {"email": "new@example.com", "password1": "correct horse staple", "name": "Nia"}
    Client().post("/users/signup/", form, **FORGED)
    Client().post("/users/password/reset/", {"email": alice.email}, **FORGED)
    Client().post("/users/password/reset/", {"email": "nobody@example.com"}, **FORGED)
    reset, unknown = mailoutbox[-2:]
    for message in mailoutbox:
        assert_is_ours(message, site)
    assert (reset.subject, unknown.subject) == (
        "Reset your password",
        "There’s no account with this address",
    )
    assert "Hello Alice" in reset.body
    path = next(link for link in links_in(reset) if "/key/" in link).removeprefix(site)
    assert Client().get(path, follow=True).status_code == 200


def test_a_sign_up_by_api_is_confirmed_by_our_own_link(site, db, mailoutbox):
    entries = {"name": "Nia", "email": "nia@example.com", "password": "correct horse staple"}
    assert APIClient().post("/api/auth/signup", entries, **FORGED).status_code == 201
    (message,) = mailoutbox
    assert message.subject == "Confirm your email address"
    assert_is_ours(message, site)
    # The address is unconfirmed, so the name could be a stranger's message.
    assert "Nia" not in message.body
    path = next(link for link in links_in(message)).removeprefix(site)
    assert Client().get(path).status_code == 200


def test_a_user_created_by_an_admin_is_invited_to_set_a_password(site, api_for, db, mailoutbox):
    admin = make_user("admin@example.com", role="admin", is_staff=True, is_superuser=True)
    entries = {"name": "Ned", "email": "ned@example.com"}
    answer = api_for(admin).post("/api/admin/users", entries, **FORGED)
    assert answer.status_code == 201
    (message,) = mailoutbox
    assert message.subject == f"Set up your {settings.SITE_NAME} account"
    assert_is_ours(message, site)
    path = next(link for link in links_in(message) if "/key/" in link).removeprefix(site)
    visitor = Client()
    form = visitor.get(path, follow=True)
    chosen = {"password1": "correct horse staple", "password2": "correct horse staple"}
    visitor.post(form.redirect_chain[-1][0], chosen)
    assert User.objects.get(email="ned@example.com").check_password("correct horse staple")


# --- Missing prerequisites ------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["mfa_activate_totp", "mfa_add_webauthn"])
def test_adding_a_factor_without_a_confirmed_email_explains_what_is_missing(
    alice, client_for, name
):
    EmailAddress.objects.create(user=alice, email=alice.email, primary=True, verified=False)
    client = client_for(alice)
    page = client.get(reverse(name))
    assert page.status_code == 200
    text = page.content.decode()
    assert "Confirm your email address first" in text
    assert alice.email in text
    assert 'name="action_send"' in text
    assert client.post(reverse(name), {"code": "123456"}).status_code == 422
    EmailAddress.objects.update(verified=True)
    # Only now does the page ask for the password.
    assert "reauthenticate" in client.get(reverse(name))["Location"]
