"""Email, password, sessions and two-factor authentication in the API."""

import time

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.core import mail
from django.core.cache import cache
from rest_framework.test import APIClient

from tests.builders import PASSWORD, make_user
from users.allauth_private import hotp_value
from users.models import AuditEvent, User

pytestmark = pytest.mark.django_db
FRESH = "a-Fine-long-1-word"
SIGN_UP = {"name": "Ada", "email": "ada@example.com", "password": PASSWORD}


def code_of(secret: str) -> str:
    return f"{hotp_value(secret, int(time.time()) // 30):06d}"


def link_key(letter: mail.EmailMessage, part: str) -> str:
    link = next(word for word in letter.body.split() if part in word)
    return link.rstrip("/").rsplit("/", 1)[1]


def client_of(access: str) -> APIClient:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {access}")
    return client


def signed_in(user: User, password: str = PASSWORD, **more: str) -> dict:
    body = {"email": user.email, "password": password, **more}
    answer = APIClient().post("/api/auth/login", body)
    assert answer.status_code == 200, answer.json()
    return answer.json()


def proven(user: User, **more: str) -> APIClient:
    """A token client that has just proven its password."""
    access = signed_in(user, **more)["access"]
    client = client_of(access)
    proof = client.post("/api/auth/step-up", {"password": PASSWORD}).json()["step_up"]
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {access}", HTTP_X_STEP_UP=proof)
    return client


def confirmed(user: User) -> User:
    EmailAddress.objects.create(user=user, email=user.email, primary=True, verified=True)
    return user


def error_of(answer) -> tuple:
    [error] = answer.json()["errors"]
    return answer.status_code, error["code"], error["attr"]


# --- Email ----------------------------------------------------------------------------------------


def test_an_email_is_confirmed_once_by_the_mailed_key():
    made = APIClient().post("/api/auth/signup", SIGN_UP).json()
    assert made["user"]["email_confirmed"] is False
    assert made["expires_in"] == 1800
    client = client_of(made["access"])
    key = link_key(mail.outbox[-1], "/confirm-email/")
    answer = APIClient().post("/api/auth/confirm-email", {"key": key})
    assert answer.json() == {"email": "ada@example.com", "is_confirmed": True}
    assert client.get("/api/users/me").json()["email_confirmed"] is True
    assert AuditEvent.objects.filter(action="users.email.confirmed").count() == 1
    again = APIClient().post("/api/auth/confirm-email", {"key": key})
    assert error_of(again) == (400, "wrong_key", "key")


@pytest.mark.parametrize("key", ["x", "MQ:abc:def", "\u00e9", "a" * 200])
def test_an_invalid_key_confirms_nothing(key):
    answer = APIClient().post("/api/auth/confirm-email", {"key": key})
    assert error_of(answer) == (400, "wrong_key", "key")


# --- The password ---------------------------------------------------------------------------------


def test_a_forgotten_password_is_reset_once_by_the_mailed_key(alice):
    old = client_of(signed_in(alice)["access"])
    asked = APIClient().post("/api/auth/password/reset", {"email": "Alice@example.com"})
    assert asked.status_code == 204
    [letter] = mail.outbox
    assert letter.to == [alice.email]
    body = {"key": link_key(letter, "/password/reset/key/"), "password": FRESH}
    weak = APIClient().post("/api/auth/password/reset/confirm", body | {"password": "12345678"})
    assert (weak.status_code, weak.json()["errors"][0]["attr"]) == (400, "password")
    assert APIClient().post("/api/auth/password/reset/confirm", body).status_code == 204
    assert old.get("/api/users/me").status_code == 401
    assert signed_in(alice, FRESH)["user"]["id"] == alice.pk
    again = APIClient().post("/api/auth/password/reset/confirm", body)
    assert error_of(again) == (400, "wrong_key", "key")
    assert AuditEvent.objects.filter(action="users.password.changed").count() == 1


def test_known_and_unknown_emails_get_the_same_response(alice):
    answers = [
        APIClient().post("/api/auth/password/reset", {"email": email})
        for email in (alice.email, "nobody@example.com")
    ]
    assert [(answer.status_code, answer.content) for answer in answers] == [(204, b"")] * 2
    assert {name: answers[0][name] for name in answers[0].headers} == dict(answers[1].headers)


def test_reset_mails_are_limited_per_recipient(alice):
    statuses = [
        APIClient().post("/api/auth/password/reset", {"email": alice.email}).status_code
        for _ in range(7)
    ]
    assert statuses[:5] == [204] * 5
    assert statuses[-1] == 429


@pytest.mark.parametrize("key", ["x", "-", "1-", "zzzzzzzzzzzzzzzzzzzz-x", "1-abc-def", "é-é"])
def test_an_invalid_key_sets_no_password(alice, key):
    body = {"key": key, "password": FRESH}
    answer = APIClient().post("/api/auth/password/reset/confirm", body)
    assert error_of(answer) == (400, "wrong_key", "key")
    assert User.objects.get(pk=alice.pk).check_password(PASSWORD)


def test_changing_the_password_ends_all_sessions_and_returns_new_tokens(alice):
    first, second = (client_of(signed_in(alice)["access"]) for _ in range(2))
    body = {"current_password": "wrong", "password": FRESH}
    refused = first.post("/api/auth/password/change", body)
    assert error_of(refused) == (400, "wrong_credentials", "current_password")
    answer = first.post("/api/auth/password/change", body | {"current_password": PASSWORD})
    assert answer.status_code == 200
    assert [device.get("/api/users/me").status_code for device in (first, second)] == [401, 401]
    assert client_of(answer.json()["access"]).get("/api/users/me").status_code == 200
    assert [letter.to for letter in mail.outbox] == [[alice.email]]


def test_guesses_of_the_current_password_are_limited(alice):
    client = client_of(signed_in(alice)["access"])
    body = {"current_password": "wrong", "password": FRESH}
    statuses = [client.post("/api/auth/password/change", body).status_code for _ in range(7)]
    assert (statuses[0], statuses[-1]) == (400, 429)


# --- Sessions -------------------------------------------------------------------------------------


def test_sessions_are_listed_and_can_be_ended_one_by_one(alice, bob, client):
    mine, other = signed_in(alice), signed_in(alice)
    signed_in(bob)
    form = {"login": alice.email, "password": PASSWORD}
    assert client.post("/users/login/", form).status_code == 302
    api = client_of(mine["access"])
    rows = api.get("/api/users/me/sessions").json()
    assert [row["kind"] for row in rows] == ["browser", "app", "app"]
    assert sum(row["is_current"] for row in rows) == 1
    for row in rows:
        if not row["is_current"]:
            url = f"/api/users/me/sessions/{row['id']}"
            assert client_of(signed_in(bob)["access"]).delete(url).status_code == 404
            assert api.delete(url).status_code == 204
            assert api.delete(url).status_code == 404
    assert client_of(other["access"]).get("/api/users/me").status_code == 401
    assert client.get("/users/profile/").status_code == 302
    assert api.get("/api/users/me").status_code == 200
    assert len(api.get("/api/users/me/sessions").json()) == 1


@pytest.mark.parametrize("id", ["1", "browser-x", "browser-²", "app-1", "browser-" + "9" * 40, "-"])
def test_an_invalid_session_id_is_a_404(alice, api_for, id):
    assert api_for(alice).delete(f"/api/users/me/sessions/{id}").status_code == 404


def test_all_sessions_end_at_once(alice):
    api = client_of(signed_in(alice)["access"])
    assert api.delete("/api/users/me/sessions").status_code == 204
    assert api.get("/api/users/me").status_code == 401


# --- The second factor ----------------------------------------------------------------------------


def test_a_second_factor_can_be_set_up_used_and_removed(alice):
    confirmed(alice)
    api, url = proven(alice), "/api/users/me/mfa"
    assert api.get(url).json() == {
        "is_on": False, "totp": False, "passkeys": 0, "recovery_codes_left": 0,
    }  # fmt: skip
    setup = api.post(url).json()
    assert setup["otpauth_uri"].startswith("otpauth://totp/")
    assert f"secret={setup['secret']}" in setup["otpauth_uri"]
    assert error_of(api.post(url, {"code": "000000"})) == (400, "otp_wrong", "code")
    assert not Authenticator.objects.exists()
    done = api.post(url, {"code": code_of(setup["secret"])})
    assert (done.status_code, len(set(done.json()["recovery_codes"]))) == (201, 10)
    assert api.get(url).json()["recovery_codes_left"] == 10
    assert api.get("/api/users/me").json()["mfa_enabled"] is True
    asked = APIClient().post("/api/auth/login", {"email": alice.email, "password": PASSWORD})
    assert error_of(asked) == (401, "otp_required", None)
    # The code that turned it on is used up; a recovery code signs in once.
    codes = done.json()["recovery_codes"]
    body = {"email": alice.email, "password": PASSWORD}
    reused = APIClient().post("/api/auth/login", body | {"otp": code_of(setup["secret"])})
    assert reused.status_code == 401
    assert signed_in(alice, otp=codes[0])["user"]["mfa_enabled"] is True
    assert error_of(api.post(url))[:2] == (400, "already_on")
    assert api.delete(url).status_code == api.delete(url).status_code == 204
    assert not Authenticator.objects.exists()
    assert signed_in(alice)["user"]["mfa_enabled"] is False
    events = AuditEvent.objects.filter(action__startswith="users.totp").order_by("id")
    assert [event.action for event in events] == ["users.totp.activated", "users.totp.deactivated"]
    subjects = [letter.subject for letter in mail.outbox]
    assert len(subjects) == 2


def test_setting_up_and_removing_a_factor_require_a_step_up(alice):
    confirmed(alice)
    api = client_of(signed_in(alice)["access"])
    for answer in (api.post("/api/users/me/mfa"), api.delete("/api/users/me/mfa")):
        assert error_of(answer)[:2] == (403, "step_up_required")


def test_an_unconfirmed_email_cannot_set_up_a_second_factor():
    user = make_user("new@example.com")
    EmailAddress.objects.create(user=user, email=user.email, primary=True, verified=False)
    assert error_of(proven(user).post("/api/users/me/mfa"))[:2] == (400, "email_not_confirmed")


def test_a_code_without_a_valid_secret_is_refused(alice):
    confirmed(alice)
    api = proven(alice)
    secret = api.post("/api/users/me/mfa").json()["secret"]
    cache.delete(f"totp-setup:{alice.pk}")
    answer = api.post("/api/users/me/mfa", {"code": code_of(secret)})
    assert error_of(answer) == (400, "setup_missing", "code")


def test_a_person_can_be_erased_by_post_too(alice):
    api = proven(alice)
    assert error_of(api.post("/api/users/me/erase", {"confirm": "x"}))[::2] == (400, "confirm")
    assert api.post("/api/users/me/erase", {"confirm": alice.email}).status_code == 204
    assert not User.objects.filter(email=alice.email).exists()
