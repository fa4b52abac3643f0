"""Second factors: apps, recovery codes and passkeys, on pages and in the API."""

import json

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import (
    TOTP,
    format_hotp_value,
    hotp_value,
    yield_hotp_counters_from_time,
)
from django.db import connection
from django.test import Client
from rest_framework.test import APIClient

from banking.kernel.encryption import UnreadableSecretError, decrypt, encrypt
from tests.builders import PASSWORD, step_up
from users.models import AuditEvent

SECRET = "JBSWY3DPEHPK3PXP"


@pytest.fixture
def alice(alice):
    EmailAddress.objects.create(user=alice, email=alice.email, primary=True, verified=True)
    return alice


@pytest.fixture
def protected(alice):
    """Alice with an authenticator app and recovery codes."""
    TOTP.activate(alice, SECRET)
    RecoveryCodes.activate(alice)
    return alice


@pytest.fixture
def client(client_for, alice):
    client = client_for(alice)
    step_up(client, alice)
    return client


def code(secret: str = SECRET, number: int = 0) -> str:
    """The code of the current period, of the previous (0) or of the next one (2)."""
    return format_hotp_value(hotp_value(secret, list(yield_hotp_counters_from_time())[number]))


def actions() -> list[str]:
    return list(AuditEvent.objects.order_by("id").values_list("action", flat=True))


def password_given(user) -> Client:
    client = Client()
    answer = client.post("/users/login/", {"login": user.email, "password": PASSWORD})
    assert answer["Location"] == "/users/2fa/authenticate/"
    return client


def is_signed_in(client: Client) -> bool:
    return client.get("/users/profile/").status_code == 200


def api_sign_in(user, otp: str):
    fields = {"email": user.email, "password": PASSWORD, "otp": otp}
    return APIClient().post("/api/auth/login", fields)


# --- An app and its recovery codes ------------------------------------------------------------


@pytest.mark.once
@pytest.mark.django_db(transaction=True)
def test_an_app_can_be_set_up_and_removed_and_shows_its_codes(alice, client, mailoutbox):
    secret = client.get("/users/2fa/totp/activate/").context["form"].secret
    wrong = client.post("/users/2fa/totp/activate/", {"code": "abcdef"})
    assert (wrong.status_code, Authenticator.objects.count()) == (200, 0)
    done = client.post("/users/2fa/totp/activate/", {"code": code(secret, 1)})
    assert done["Location"] == "/users/2fa/recovery-codes/"
    assert len(client.get(done["Location"]).context["unused_codes"]) == 10
    client.post("/users/2fa/recovery-codes/generate/")
    client.post("/users/2fa/totp/deactivate/")
    assert Authenticator.objects.count() == 0
    assert actions() == [
        "users.totp.activated",
        "users.recovery_codes.viewed",
        "users.recovery_codes.generated",
        "users.totp.deactivated",
    ]
    assert [mail.to for mail in mailoutbox] == [[alice.email]] * 3


@pytest.mark.once
def test_nothing_is_shown_or_changed_without_a_fresh_proof(client_for, protected):
    key = Authenticator.objects.create(user=protected, type="webauthn", data={"name": "x"})
    before = list(Authenticator.objects.order_by("pk").values())
    client = client_for(protected)
    for address in (
        "totp/deactivate/", "recovery-codes/", "recovery-codes/generate/", "webauthn/add/",
        "recovery-codes/download/", f"webauthn/keys/{key.pk}/remove/",
        f"webauthn/keys/{key.pk}/edit/",
    ):  # fmt: skip
        shown = client.get(f"/users/2fa/{address}")
        assert shown["Location"].startswith("/users/reauthenticate/")
        sent = client.post(f"/users/2fa/{address}", {"name": "mine"})
        assert sent.status_code in (302, 405)
    assert list(Authenticator.objects.order_by("pk").values()) == before


def test_an_unconfirmed_email_cannot_add_a_factor(alice, client):
    EmailAddress.objects.update(verified=False)
    assert (
        "Confirm your email address first"
        in client.get("/users/2fa/totp/activate/").content.decode()
    )
    assert not Authenticator.objects.filter(user=alice).exists()


def test_secrets_are_encrypted_in_the_database(protected):
    with connection.cursor() as cursor:
        cursor.execute("SELECT data FROM mfa_authenticator")
        stored = str(cursor.fetchall())
    assert SECRET not in stored
    assert stored.count("enc1:") == 2


@pytest.mark.once
def test_an_earlier_key_still_decrypts_and_an_unknown_one_does_not(settings):
    stored = encrypt("seed")
    assert decrypt("stored before there was encryption") == "stored before there was encryption"
    earlier, settings.FIELD_ENCRYPTION_KEY = settings.FIELD_ENCRYPTION_KEY, "a new one"
    with pytest.raises(UnreadableSecretError):
        decrypt(stored)
    settings.FIELD_ENCRYPTION_KEY_FALLBACKS = [earlier]
    assert decrypt(stored) == "seed"


# --- Signing in -------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_page_accepts_a_code_once_and_a_recovery_code_once(protected):
    client, used = password_given(protected), code(number=1)
    assert b"Use a passkey" not in client.get("/users/2fa/authenticate/").content
    assert not is_signed_in(client)
    client.post("/users/2fa/authenticate/", {"code": used})
    assert is_signed_in(client)
    spare = Authenticator.objects.get(type="recovery_codes").wrap().get_unused_codes()[0]
    for given, is_in in [(used, False), (spare, True), (spare, False)]:
        client = password_given(protected)
        client.post("/users/2fa/authenticate/", {"code": given})
        assert is_signed_in(client) is is_in


def test_the_api_accepts_a_neighboring_code_once_and_a_recovery_code_once(protected):
    spare = Authenticator.objects.get(type="recovery_codes").wrap().get_unused_codes()[0]
    given = [code(number=1), code(number=1), spare, f" {spare[:4]} {spare[4:]} "]
    codes = [api_sign_in(protected, otp).status_code for otp in given]
    assert codes == [200, 401, 200, 401]
    app = Authenticator.objects.get(type="totp")
    assert app.last_used_at is not None


@pytest.mark.once
def test_at_most_five_codes_are_checked_on_page_and_api_together(protected):
    client = password_given(protected)
    for _ in range(3):
        assert client.post("/users/2fa/authenticate/", {"code": "000000"}).status_code == 200
    assert [api_sign_in(protected, "000000").status_code for _ in range(2)] == [401] * 2
    assert api_sign_in(protected, code(number=1)).status_code == 429
    refused = client.post("/users/2fa/authenticate/", {"code": code(number=1)})
    assert (refused.status_code, is_signed_in(client)) == (429, False)
    assert actions().count("users.sign_in.failed") == 5


@pytest.mark.once
def test_a_code_is_a_step_up_but_a_used_one_is_not(protected, client_for):
    client = client_for(protected)
    right = {"code": code(number=1), "next": "/users/security/"}
    assert client.post("/users/2fa/reauthenticate/", right)["Location"] == "/users/security/"
    assert client.get("/users/2fa/recovery-codes/").status_code == 200
    other = client_for(protected)
    assert other.post("/users/2fa/reauthenticate/", right).status_code == 200
    assert other.get("/users/2fa/recovery-codes/").status_code == 302
    assert actions() == [
        "users.step_up.succeeded",
        "users.recovery_codes.viewed",
        "users.step_up.failed",
    ]


@pytest.mark.once
@pytest.mark.parametrize("credential", [
    "", "x", "[]", "{}", "null", '{"id": 1}',
    json.dumps({"id": "AAAA", "rawId": "AAAA", "type": "public-key", "response": {
        "clientDataJSON": "e30", "authenticatorData": "AAAA", "signature": "AAAA",
        "userHandle": "MQ"}, "clientExtensionResults": {}}),
])  # fmt: skip
def test_a_forged_passkey_is_refused_without_an_error(protected, credential):
    client = Client()
    client.get("/users/2fa/webauthn/login/", headers={"accept": "application/json"})
    answer = client.post("/users/2fa/webauthn/login/", {"credential": credential})
    assert (answer.status_code, answer["Location"]) == (302, "/users/login/")
    assert not is_signed_in(client)


# --- The old password -------------------------------------------------------------------------


@pytest.mark.once
def test_the_change_password_page_limits_guesses_of_the_old_one(alice, client):
    form = {"oldpassword": "wrong", "password1": "another-Pass-99", "password2": "another-Pass-99"}
    codes = [client.post("/users/password/change/", form).status_code for _ in range(6)]
    assert codes == [200] * 5 + [429]
    assert actions() == ["users.step_up.failed"] * 5 + ["users.step_up.locked"]


@pytest.mark.once
def test_a_proof_with_the_old_password_ends_with_it(alice, client):
    assert client.get("/users/2fa/totp/activate/").status_code == 200
    form = {"oldpassword": PASSWORD, "password1": "another-Pass-99", "password2": "another-Pass-99"}
    assert client.post("/users/password/change/", form).status_code == 302
    assert client.get("/users/2fa/totp/activate/").status_code == 302
