"""Sign-up, sign-in, password, profile and security by page."""

import re

import pytest
from allauth.account.models import EmailAddress
from django.test import Client
from django.utils import timezone

from tests import servers
from tests.builders import PASSWORD, make_user
from users.models import AuditEvent, User
from users.services import people, sessions

NEW_PASSWORD = "another-Pass-99"


def sign_in(email: str = "alice@example.com", password: str = PASSWORD) -> Client:
    client = Client()
    answer = client.post("/users/login/", {"login": email, "password": password})
    assert answer.status_code == 302, answer.content
    return client


def is_signed_in(client: Client) -> bool:
    return client.get("/users/profile/").status_code == 200


def actions() -> list[str]:
    return list(AuditEvent.objects.order_by("id").values_list("action", flat=True))


# --- Sign-up ----------------------------------------------------------------------------------

SIGN_UP = {
    "name": "Dora Diaz",
    "email": "Dora@Example.com",
    "password1": "a-Long-pass-7",
    "base_currency": "EUR",
    "timezone": "Europe/Berlin",
}


@pytest.mark.django_db
def test_sign_up_creates_a_signed_in_customer():
    client = Client(headers={"accept-language": "de;q=0.9,en"})
    answer = client.post("/users/signup/", SIGN_UP)
    assert (answer.status_code, answer["Location"]) == (302, "/")
    user = User.objects.get()
    assert (user.email, user.name, user.role) == ("dora@example.com", "Dora Diaz", "user")
    assert (user.base_currency, user.timezone, user.locale) == ("EUR", "Europe/Berlin", "de-DE")
    assert user.check_password("a-Long-pass-7")
    assert EmailAddress.objects.get().email == "dora@example.com"
    assert is_signed_in(client)
    assert actions() == ["users.user.signed_up", "users.sign_in.succeeded"]


@pytest.mark.django_db
@pytest.mark.parametrize("timezone", ["", "Mars/Olympus"])
def test_without_a_valid_guess_the_time_zone_is_utc(timezone):
    Client().post("/users/signup/", SIGN_UP | {"timezone": timezone})
    assert User.objects.get().timezone == "UTC"


@pytest.mark.parametrize(
    "change",
    [
        {"email": "alice@example.com"},
        {"name": ""},
        {"password1": "password"},
        {"password1": "dora diaz"},
        {"base_currency": "???"},
    ],
)
def test_an_invalid_sign_up_creates_no_user(alice, change):
    answer = Client().post("/users/signup/", SIGN_UP | change)
    assert answer.status_code in (200, 422)
    assert "errorlist" in answer.content.decode()
    assert User.objects.count() == 1


def test_an_unconfirmed_email_of_another_user_can_still_sign_up(alice):
    EmailAddress.objects.create(user=alice, email="dora@example.com")
    assert Client().post("/users/signup/", SIGN_UP).status_code == 302
    assert User.objects.filter(email="dora@example.com").exists()


@pytest.mark.django_db
def test_a_mail_server_that_is_down_does_not_block_sign_up(settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    with servers.refusing_port() as port:
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", port
        assert Client().post("/users/signup/", SIGN_UP).status_code == 302
    assert User.objects.count() == 1


# --- Sign-in and -out -------------------------------------------------------------------------


def test_sign_in_and_out(alice):
    client = sign_in("Alice@Example.com")
    assert is_signed_in(client)
    left = client.post("/users/logout/")
    assert (left.status_code, left["Clear-Site-Data"]) == (302, '"cache", "storage"')
    assert left["Cache-Control"] == "private, no-store"
    assert "Clear-Site-Data" not in client.get("/users/login/")
    assert not is_signed_in(client)
    assert actions() == ["users.sign_in.succeeded", "users.sign_out.done"]


def test_pages_require_a_sign_in_and_return_to_the_page(alice):
    answer = Client().get("/users/profile/")
    assert (answer.status_code, answer["Location"]) == (302, "/users/login/?next=/users/profile/")


def test_unknown_wrong_and_deactivated_get_the_same_page(alice, bob):
    people.set_active(actor=None, user=bob, is_active=False)

    def answer(email: str, password: str) -> tuple[int, str]:
        client = Client()
        page = client.post("/users/login/", {"login": email, "password": password})
        text = page.content.decode().replace(email, "")
        return page.status_code, re.sub(r"[A-Za-z0-9]{64}", "", text)

    wrong = answer("alice@example.com", "wrong")
    assert answer("nobody@example.com", PASSWORD) == wrong
    assert answer("bob@example.com", PASSWORD) == wrong
    assert wrong[0] == 200


def test_a_deactivated_user_is_signed_out_at_the_next_request(alice):
    client = sign_in()
    people.set_active(actor=None, user=alice, is_active=False)
    assert not is_signed_in(client)


# --- Password ---------------------------------------------------------------------------------


def test_a_changed_password_keeps_only_this_browser_signed_in(alice):
    here, elsewhere = sign_in(), sign_in()
    tokens = sessions.start_tokens(user=alice, at=timezone.now())
    answer = here.post(
        "/users/password/change/",
        {"oldpassword": PASSWORD, "password1": NEW_PASSWORD, "password2": NEW_PASSWORD},
    )
    assert answer.status_code == 302
    assert is_signed_in(here)
    assert not is_signed_in(elsewhere)
    with pytest.raises(sessions.WrongTokenError):
        sessions.rotate_tokens(refresh=tokens.refresh, started_at=timezone.now())
    assert is_signed_in(sign_in(password=NEW_PASSWORD))
    assert actions().count("users.password.changed") == 1


def test_a_wrong_old_password_changes_nothing(alice):
    client = sign_in()
    form = {"oldpassword": "wrong", "password1": NEW_PASSWORD, "password2": NEW_PASSWORD}
    assert client.post("/users/password/change/", form).status_code == 200
    alice.refresh_from_db()
    assert alice.check_password(PASSWORD)
    assert alice.session_version == 0


def test_a_forgotten_password_is_reset_once_by_the_mailed_link(alice, mailoutbox):
    elsewhere = sign_in()
    browser = Client()
    answer = browser.post("/users/password/reset/", {"email": "Alice@example.com"})
    assert answer.status_code == 302
    (mail,) = mailoutbox
    assert mail.to == ["alice@example.com"]
    link = re.search(r"http://testserver(/users/password/reset/key/\S+)", mail.body).group(1)
    form_url = browser.get(link)["Location"]
    answer = browser.post(form_url, {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD})
    assert answer.status_code == 302
    alice.refresh_from_db()
    assert alice.check_password(NEW_PASSWORD)
    assert not is_signed_in(elsewhere)
    assert not is_signed_in(browser)
    assert "users.password.changed" in actions()
    again = Client().get(link)
    assert again.status_code == 200
    assert b"password1" not in again.content


def test_a_reset_for_an_unknown_email_gets_the_same_response(alice, mailoutbox):
    known = Client().post("/users/password/reset/", {"email": "alice@example.com"})
    unknown = Client().post("/users/password/reset/", {"email": "nobody@example.com"})
    assert (known.status_code, known["Location"]) == (unknown.status_code, unknown["Location"])
    assert [mail.to for mail in mailoutbox] == [["alice@example.com"], ["nobody@example.com"]]
    assert "password/reset/key" not in mailoutbox[1].body


def test_the_reset_link_never_uses_the_requests_host(alice, mailoutbox):
    answer = Client().post(
        "/users/password/reset/", {"email": alice.email}, HTTP_HOST="evil.example.net"
    )
    assert answer.status_code == 400
    assert not mailoutbox


# --- Email ------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_new_email_counts_only_after_confirmation(mailoutbox):
    client = Client()
    client.post("/users/signup/", SIGN_UP)
    client.post("/users/reauthenticate/", {"password": SIGN_UP["password1"]})
    client.post("/users/email/", {"action_add": "", "email": "new@example.com"})
    assert User.objects.get().email == "dora@example.com"
    mail = mailoutbox[-1]
    assert mail.to == ["new@example.com"]
    client.post(confirmation_link(mail))
    assert User.objects.get().email == "new@example.com"
    event = AuditEvent.objects.get(action="users.email.confirmed")
    assert event.changes == {"email": ["dora@example.com", "new@example.com"]}


def confirmation_link(mail) -> str:
    return re.search(r"http://testserver(/users/confirm-email/\S+)", mail.body).group(1)


@pytest.mark.django_db
def test_an_unconfirmed_email_never_becomes_the_login():
    client = Client()
    client.post("/users/signup/", SIGN_UP)
    client.post("/users/reauthenticate/", {"password": SIGN_UP["password1"]})
    for _ in range(2):
        client.post("/users/email/", {"action_add": "", "email": "new@example.com"})
    for action in ("action_primary", "action_remove"):
        client.post("/users/email/", {action: "", "email": "new@example.com"})
        client.post("/users/email/", {action: "", "email": "dora@example.com"})
    assert User.objects.get().email == "dora@example.com"
    assert EmailAddress.objects.get(primary=True).email == "dora@example.com"


def test_an_email_taken_in_the_meantime_is_not_taken_over(alice, mailoutbox):
    client = Client()
    client.post("/users/signup/", SIGN_UP)
    client.post("/users/reauthenticate/", {"password": SIGN_UP["password1"]})
    client.post("/users/email/", {"action_add": "", "email": "alice@example.com"})
    answer = client.post(confirmation_link(mailoutbox[-1]))
    assert answer.status_code in (200, 302)
    emails = User.objects.order_by("email").values_list("email", flat=True)
    assert list(emails) == ["alice@example.com", "dora@example.com"]


@pytest.mark.django_db
def test_changing_the_email_requires_a_step_up():
    client = Client()
    client.force_login(make_user("dora@example.com"))
    answer = client.post("/users/email/", {"action_add": "", "email": "new@example.com"})
    assert answer["Location"].startswith("/users/reauthenticate/")
    assert not EmailAddress.objects.filter(email="new@example.com").exists()


# --- Profile ----------------------------------------------------------------------------------

PROFILE = {
    "name": "Alice A.",
    "phone": "+44 20 7946 0000",
    "base_currency": "GBP",
    "timezone": "Europe/London",
    "locale": "en-GB",
    "theme": "dark",
}


def test_the_profile_is_shown_and_saved(alice, client_for):
    client = client_for(alice)
    assert 'value="Alice Archer"' in client.get("/users/profile/").content.decode()
    answer = client.post("/users/profile/", PROFILE)
    assert (answer.status_code, answer["Location"]) == (302, "/users/profile/")
    alice.refresh_from_db()
    assert {name: getattr(alice, name) for name in PROFILE} == PROFILE
    assert actions() == ["users.profile.updated"]


def test_saving_without_changes_records_nothing(alice, client_for):
    client_for(alice).post("/users/profile/", PROFILE)
    client_for(alice).post("/users/profile/", PROFILE)
    assert actions() == ["users.profile.updated"]


@pytest.mark.parametrize(
    "change", [{"name": " "}, {"phone": "x"}, {"base_currency": "ZZZ"}, {"timezone": "X"}]
)
def test_an_invalid_profile_is_shown_again_and_not_saved(alice, client_for, change):
    answer = client_for(alice).post("/users/profile/", PROFILE | change)
    assert answer.status_code == 422
    assert "errorlist" in answer.content.decode()
    alice.refresh_from_db()
    assert alice.name == "Alice Archer"


def test_switching_the_theme_returns_to_the_page(alice, client_for):
    client = client_for(alice)
    answer = client.post("/users/theme/", {"theme": "dark", "next": "/users/security/"})
    assert answer["Location"] == "/users/security/"
    alice.refresh_from_db()
    assert alice.theme == "dark"
    away = client.post("/users/theme/", {"theme": "pink", "next": "https://evil.example.net/"})
    assert away["Location"] == "/users/profile/"
    alice.refresh_from_db()
    assert alice.theme == "dark"


@pytest.mark.once
def test_an_anonymous_fragment_request_is_a_401_and_keeps_the_sign_in_form_valid(client):
    """A poll from an open page must not replace the token of an open sign-in form."""
    part = client.get("/alerts/bell/", headers={"HX-Request": "true"})
    assert (part.status_code, part.content, dict(part.cookies)) == (401, b"", {})
    boosted = client.get("/alerts/", headers={"HX-Request": "true", "HX-Boosted": "true"})
    assert (boosted.status_code, boosted["Location"]) == (302, "/users/login/?next=/alerts/")
