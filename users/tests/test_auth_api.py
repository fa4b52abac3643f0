"""Sign-up, sign-in, sign-out and profile in the API."""

import hmac
import json
import re
from base64 import urlsafe_b64encode
from datetime import timedelta

import jwt
import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.totp.internal.auth import (
    TOTP,
    format_hotp_value,
    hotp_value,
    yield_hotp_counters_from_time,
)
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from rest_framework.test import APIClient

from tests.builders import PASSWORD, make_user
from users.models import AuditEvent, RefreshSession, User
from users.services import people, sessions


@pytest.fixture
def api() -> APIClient:
    return APIClient()


def bearer(access: str) -> APIClient:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {access}")
    return client


def signed_in(user: User) -> dict:
    answer = APIClient().post("/api/auth/login", {"email": user.email, "password": PASSWORD})
    assert answer.status_code == 200, answer.data
    return answer.json()


def actions() -> list[str]:
    return list(AuditEvent.objects.order_by("id").values_list("action", flat=True))


SIGN_UP = {"name": "Dora Diaz", "email": "Dora@Example.com", "password": "a-Long-pass-7"}


@pytest.mark.django_db
@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_the_scheme_of_a_token_is_read_in_any_case(api, scheme):
    access = signed_in(make_user())["access"]
    assert api.get("/api/users/me", HTTP_AUTHORIZATION=f"{scheme} {access}").status_code == 200
    assert api.get("/api/users/me", HTTP_AUTHORIZATION=f"{scheme} x").status_code == 401


# --- Sign-up ----------------------------------------------------------------------------------


@pytest.mark.django_db
def test_sign_up_returns_the_user_and_working_tokens(api):
    answer = api.post("/api/auth/signup", SIGN_UP | {"base_currency": "eur", "phone": "+49 30 901"})
    assert answer.status_code == 201
    data = answer.json()
    assert set(data) == {"user", "access", "refresh", "expires_in"}
    assert data["user"]["email"] == "dora@example.com"
    assert (data["user"]["role"], data["user"]["base_currency"]) == ("user", "EUR")
    assert "password" not in data["user"]
    assert bearer(data["access"]).get("/api/users/me").json() == data["user"]
    assert actions() == ["users.user.signed_up", "users.sign_in.succeeded"]


@pytest.mark.once
@pytest.mark.django_db
def test_a_sign_up_by_api_mails_a_confirmation_link_that_can_be_resent(
    api, client, client_for, mailoutbox
):
    mine = bearer(api.post("/api/auth/signup", SIGN_UP).json()["access"])
    again = mine.post("/api/users/me/confirm-email")
    assert again.json() == {"email": "dora@example.com", "is_confirmed": False}
    assert [mail.to for mail in mailoutbox] == [["dora@example.com"]] * 2
    for _ in range(4):
        assert mine.post("/api/users/me/confirm-email").status_code == 200
    # Resending is limited, so nobody can flood a stranger's address.
    assert mine.post("/api/users/me/confirm-email").status_code == 429
    page = client_for(User.objects.get())
    # Regardless of case.
    sent = {"email": "DORA@example.com", "action_send": ""}
    assert page.post(reverse("account_email"), sent).status_code == 429
    assert len(mailoutbox) == 6
    link = re.search(r"http://testserver(/users/confirm-email/\S+)", mailoutbox[0].body).group(1)
    assert client.get(link).status_code == 200
    assert client.post(link).status_code == 302
    assert EmailAddress.objects.get().verified
    assert actions()[-1] == "users.email.confirmed"
    done = mine.post("/api/users/me/confirm-email")
    assert done.json() == {"email": "dora@example.com", "is_confirmed": True}
    assert len(mailoutbox) == 6


@pytest.mark.once
@pytest.mark.parametrize(
    ("change", "attr"),
    [
        ({"email": "ALICE@example.com"}, "email"),
        ({"email": "no address"}, "email"),
        ({"password": "password"}, "password"),
        ({"password": "12345678"}, "password"),
        ({"password": "dora@example"}, "password"),
        ({"name": "  "}, "name"),
        # The name appears in mails to people they invite.
        ({"name": "Dora\n\nYour account is locked. Call 0900 1"}, "name"),
        ({"name": "Dora, see https://example.org"}, "name"),
        ({"name": "Dora \u202eevil"}, "name"),
        ({"base_currency": "XXQ"}, "base_currency"),
        ({"timezone": "Mars/Olympus"}, "timezone"),
        ({"phone": "call me"}, "phone"),
        ({"locale": "not a tag"}, "locale"),
    ],
)
def test_an_invalid_sign_up_shows_an_error_at_its_field(api, alice, change, attr):
    answer = api.post("/api/auth/signup", SIGN_UP | change)
    assert answer.status_code == 400
    assert {error["attr"] for error in answer.json()["errors"]} == {attr}
    assert User.objects.count() == 1


def test_the_error_for_a_taken_email_is_clear(api, alice):
    answer = api.post("/api/auth/signup", SIGN_UP | {"email": "alice@example.com"})
    assert answer.json()["errors"] == [
        {
            "code": "unique",
            "detail": "An account with this email already exists.",
            "attr": "email",
        }
    ]


@pytest.mark.django_db
def test_a_sign_up_cannot_choose_a_role(api):
    rights = {"role": "admin", "is_staff": True, "is_superuser": True, "id": 1}
    assert api.post("/api/auth/signup", SIGN_UP | rights).status_code == 400
    answer = api.post("/api/auth/signup", SIGN_UP)
    user = User.objects.get(pk=answer.json()["user"]["id"])
    assert (user.role, user.is_staff, user.is_superuser) == ("user", False, False)


# --- Sign-in ----------------------------------------------------------------------------------


def test_the_right_password_returns_tokens_and_the_user(api, alice):
    answer = api.post("/api/auth/login", {"email": " Alice@Example.COM ", "password": PASSWORD})
    assert answer.status_code == 200
    assert answer.json()["user"]["id"] == alice.pk
    assert answer["Cache-Control"] == "private, no-store"


def test_unknown_wrong_and_deactivated_get_the_same_response(api, alice, bob):
    """They also take equally long: timing would reveal the difference."""
    people.set_active(actor=None, user=bob, is_active=False)
    people.update_profile(actor=alice, user=alice, name="Alice A.")
    # As in production: each audit chain already exists.
    api.post("/api/auth/login", {"email": "nobody@example.com", "password": PASSWORD})
    answers, asked = [], []
    for email, password in (
        ("alice@example.com", "wrong-Password-1"),
        ("nobody@example.com", PASSWORD),
        ("bob@example.com", PASSWORD),
    ):
        with CaptureQueriesContext(connection) as queries:
            answers.append(api.post("/api/auth/login", {"email": email, "password": password}))
        asked.append([query["sql"][:24] for query in queries])
    assert asked[0] == asked[1] == asked[2]
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.content for answer in answers}) == 1
    assert answers[0].json()["errors"][0]["code"] == "wrong_credentials"
    assert actions().count("users.sign_in.failed") == 4
    assert not RefreshSession.objects.exists()


def test_a_failed_sign_in_does_not_record_the_whole_email(api, alice):
    api.post("/api/auth/login", {"email": "carla@example.com", "password": "x"})
    event = AuditEvent.objects.get()
    assert event.changes == {"email": "c***@example.com"}
    assert event.chain.name == "system"


@pytest.mark.once
@pytest.mark.django_db
@pytest.mark.parametrize("path", ["signup", "login", "refresh", "logout"])
@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"null", b"{", b'"x"', b'{"email": "\\ud800@example.com", "password": "\\u0000"}',
     b'{"email": {"a": 1}, "password": [1], "refresh": {"a": 1}, "name": {}}'],
)  # fmt: skip
def test_malformed_requests_are_a_400(api, path, body):
    answer = api.post(f"/api/auth/{path}", body, content_type="application/json")
    assert answer.status_code == 400
    assert answer.json()["errors"]


# --- Access tokens ----------------------------------------------------------------------------


def forged(claims: dict, key: str = settings.JWT_SIGNING_KEY, algorithm: str = "HS256") -> str:
    return jwt.encode(claims, key, algorithm=algorithm)


def confused(claims: dict, header: dict, key: str = settings.JWT_SIGNING_KEY) -> str:
    """Signed with HMAC, whatever the header claims."""
    parts = [json.dumps(part).encode() for part in ({"typ": "JWT"} | header, claims)]
    text = b".".join(urlsafe_b64encode(part).rstrip(b"=") for part in parts)
    signature = urlsafe_b64encode(hmac.digest(key.encode(), text, "sha256")).rstrip(b"=")
    return (text + b"." + signature).decode()


def test_the_claims_of_an_access_token(alice):
    claims = jwt.decode(
        signed_in(alice)["access"], settings.JWT_SIGNING_KEY, ["HS256"], audience="banking-api"
    )
    assert (claims["role"], claims["version"], claims["token_type"]) == ("user", 0, "access")
    assert claims["exp"] - claims["iat"] == 30 * 60
    assert claims["user_id"] == str(alice.pk)


def test_forged_and_invalid_tokens_are_refused(alice):
    claims = jwt.decode(
        signed_in(alice)["access"], settings.JWT_SIGNING_KEY, ["HS256"], audience="banking-api"
    )
    past = int((timezone.now() - timedelta(hours=1)).timestamp())
    bad = {
        "alg none": forged(claims, "", "none"),
        "other algorithm": forged(claims, algorithm="HS512"),
        "RS256 signed as HS256": confused(claims, {"alg": "RS256"}),
        "key named by the caller": confused(claims, {"alg": "HS256", "kid": "/dev/null"}, key=""),
        "other key": forged(claims, "k" * 40),
        "secret key": forged(claims, settings.SECRET_KEY),
        "expired": forged(claims | {"exp": past}),
        "other audience": forged(claims | {"aud": "somebody-else"}),
        "no audience": forged({key: value for key, value in claims.items() if key != "aud"}),
        "refresh as access": forged(claims | {"token_type": "refresh"}),
        "no family": forged({key: value for key, value in claims.items() if key != "family"}),
        "odd family": forged(claims | {"family": 7}),
        "other family": forged(claims | {"family": "00000000-0000-4000-8000-000000000000"}),
        "odd user": forged(claims | {"user_id": "x"}),
        "garbage": "abc.def.ghi",
    }
    answers = {name: bearer(token).get("/api/users/me") for name, token in bad.items()}
    assert [name for name, answer in answers.items() if answer.status_code != 401] == []
    assert {len(answer.json()["errors"]) for answer in answers.values()} == {1}
    (error,) = answers["expired"].json()["errors"]
    assert (error["code"], error["attr"]) == ("token_not_valid", None)
    assert bearer(confused(claims, {"alg": "HS256"})).get("/api/users/me").status_code == 200
    assert bearer(forged(claims)).get("/api/users/me").status_code == 200


def test_a_refresh_token_is_not_an_access_token(alice):
    assert bearer(signed_in(alice)["refresh"]).get("/api/users/me").status_code == 401


def end_by_password(user):
    people.change_password(actor=user, user=user, password="another-Pass-99")


def end_by_role(user):
    people.set_role(actor=None, user=user, role="viewer")


def end_by_deactivation(user):
    people.set_active(actor=None, user=user, is_active=False)


def end_everywhere(user):
    sessions.sign_out_everywhere(actor=user, user=user)


@pytest.mark.parametrize("end", [end_by_password, end_by_role, end_by_deactivation, end_everywhere])
def test_the_next_request_is_refused(alice, client_for, end):
    tokens, page = signed_in(alice), client_for(alice)
    assert bearer(tokens["access"]).get("/api/users/me").status_code == 200
    assert page.get("/api/users/me").status_code == 200
    end(alice)
    assert bearer(tokens["access"]).get("/api/users/me").status_code == 401
    assert page.get("/api/users/me").status_code in (401, 403)
    answer = APIClient().post("/api/auth/refresh", {"refresh": tokens["refresh"]})
    assert answer.status_code == 401


def test_ending_one_users_sessions_leaves_other_users_signed_in(alice, bob):
    tokens = signed_in(bob)
    end_everywhere(alice)
    assert bearer(tokens["access"]).get("/api/users/me").status_code == 200


# --- Sign-out ---------------------------------------------------------------------------------


@pytest.mark.parametrize("by", ["refresh", "access"])
def test_sign_out_ends_both_tokens_of_this_client_only(alice, by):
    mine, other = signed_in(alice), signed_in(alice)
    if by == "refresh":
        answer = APIClient().post("/api/auth/logout", {"refresh": mine["refresh"]})
    else:
        answer = bearer(mine["access"]).post("/api/auth/logout")
    assert answer.status_code == 204
    assert bearer(mine["access"]).get("/api/users/me").status_code == 401
    refreshed = APIClient().post("/api/auth/refresh", {"refresh": mine["refresh"]})
    assert refreshed.status_code == 401
    assert bearer(other["access"]).get("/api/users/me").status_code == 200


def test_repeated_and_unknown_sign_outs_get_the_same_response(api, alice):
    tokens = signed_in(alice)
    for refresh in (tokens["refresh"], tokens["refresh"], "unknown"):
        assert api.post("/api/auth/logout", {"refresh": refresh}).status_code == 204
    assert api.post("/api/auth/logout", {}).status_code == 400


# --- Me ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["put", "patch"])
def test_a_profile_change_is_saved_and_recorded(alice, method):
    client = bearer(signed_in(alice)["access"])
    answer = getattr(client, method)("/api/users/me", {"name": "Alice A.", "base_currency": "eur"})
    assert answer.status_code == 200
    assert (answer.json()["name"], answer.json()["base_currency"]) == ("Alice A.", "EUR")
    event = AuditEvent.objects.get(action="users.profile.updated")
    assert event.changes == {"name": ["Alice Archer", "Alice A."], "base_currency": ["USD", "EUR"]}


def test_read_only_profile_fields_stay_unchanged(alice):
    before = User.objects.values().get(pk=alice.pk)
    answer = bearer(signed_in(alice)["access"]).patch(
        "/api/users/me",
        {
            "id": 99, "role": "admin", "is_active": False, "is_staff": True, "is_superuser": True,
            "kyc_status": "verified", "email": "other@example.com", "session_version": 9,
            "password": "x", "created_at": "2000-01-01T00:00:00Z",
        },
    )  # fmt: skip
    assert answer.status_code == 400
    assert {error["code"] for error in answer.json()["errors"]} == {"unknown_field"}
    after = User.objects.values().get(pk=alice.pk)
    assert {key for key in before if before[key] != after[key]} == {"last_login"}


@pytest.mark.parametrize(
    "change",
    [
        {"name": ""},
        {"name": "Alice\r\nBcc: everybody"},
        {"timezone": "X"},
        {"locale": "??"},
        {"theme": "pink"},
        {"base_currency": "ABCD"},
    ],
)
def test_an_invalid_profile_changes_nothing(alice, change):
    answer = bearer(signed_in(alice)["access"]).patch(
        "/api/users/me", {"phone": "+1 212 555 0100"} | change
    )
    assert answer.status_code == 400
    assert [error["attr"] for error in answer.json()["errors"]] == list(change)
    assert User.objects.get().phone == ""


def test_erasing_requires_a_step_up(api_for, alice):
    refused = api_for(alice).delete("/api/users/me")
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (403, "step_up_required")
    assert User.objects.filter(pk=alice.pk, is_active=True).exists()


@pytest.mark.django_db
def test_a_request_without_a_token_is_a_401():
    answer = APIClient().get("/api/users/me")
    assert answer.status_code == 401
    assert answer.json()["type"] == "client_error"


def test_authentication_by_token_takes_one_query(alice, django_assert_num_queries):
    client = bearer(signed_in(alice)["access"])
    # The other two: whether the address is confirmed, and whether there is a second factor.
    with django_assert_num_queries(3):
        client.get("/api/users/me")


@pytest.mark.django_db
def test_the_api_also_requires_the_second_factor(api, settings):
    settings.MFA_TOTP_TOLERANCE = 1
    user = make_user("mfa@example.com")
    secret = "JBSWY3DPEHPK3PXP"
    TOTP.activate(user, secret)
    credentials = {"email": user.email, "password": PASSWORD}
    assert api.post("/api/auth/login", credentials).json()["errors"][0]["code"] == "otp_required"
    wrong = api.post("/api/auth/login", credentials | {"otp": "000000"})
    assert (wrong.status_code, wrong.json()["errors"][0]["code"]) == (401, "otp_wrong")
    code = format_hotp_value(hotp_value(secret, next(yield_hotp_counters_from_time())))
    assert api.post("/api/auth/login", credentials | {"otp": code}).status_code == 200
    again = api.post("/api/auth/login", credentials | {"otp": code})
    assert again.json()["errors"][0]["code"] == "otp_wrong"
