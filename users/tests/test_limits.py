"""Rate limits: what is counted, what is refused, and what happens if the store is down."""

import os
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.test import Client
from rest_framework.test import APIClient

from banking.limits import DEMO_NAMES, rate_limits
from tests.builders import PASSWORD
from users import limits
from users.limits import LimitReachedError, LimitsUnavailableError
from users.models import AuditEvent

LOGIN = "/api/auth/login"


def guess(email: str = "alice@example.com", password: str = "wrong", **headers: str):
    return APIClient().post(LOGIN, {"email": email, "password": password}, **headers)


# --- Counting ---------------------------------------------------------------------------------


def test_the_use_above_the_limit_is_refused_with_the_time_left():
    for _ in range(3):
        limits.limit("test", "key", 3, 60)
    with pytest.raises(LimitReachedError) as first:
        limits.limit("test", "key", 3, 60)
    with pytest.raises(LimitReachedError) as second:
        limits.limit("test", "key", 3, 60)
    assert (first.value.is_first, second.value.is_first) == (True, False)
    assert 1 <= first.value.retry_after <= 61


def test_keys_and_names_are_counted_separately():
    for name, key in [("a", "x"), ("a", "y"), ("b", "x")]:
        limits.limit(name, key, 1, 60)


def test_a_use_given_back_can_be_used_again():
    for _ in range(9):
        limits.limit("test", "key", 1, 60)
        limits.give_back("test", "key")
    limits.give_back("test", "never used")


def test_parallel_uses_cannot_exceed_the_limit():
    def use(_):
        try:
            limits.limit("test", "key", 10, 60)
        except LimitReachedError:
            return 0
        return 1

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(use, range(50))) == 10


@pytest.mark.worker
@pytest.mark.skipif("TEST_REDIS_URL" not in os.environ, reason="needs a Valkey or Redis")
def test_the_shared_store_counts_exactly_too(settings):
    for test in (
        test_parallel_uses_cannot_exceed_the_limit,
        test_the_use_above_the_limit_is_refused_with_the_time_left,
        test_keys_and_names_are_counted_separately,
        test_a_use_given_back_can_be_used_again,
    ):
        settings.CACHES = _redis_at(os.environ["TEST_REDIS_URL"])
        test()


def _redis_at(url: str) -> dict:
    return {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": url,
            "KEY_PREFIX": os.urandom(4).hex(),
            "OPTIONS": {"socket_connect_timeout": 60, "socket_timeout": 60},
        }
    }


def test_the_environment_changes_a_limit_or_turns_it_off():
    rates = rate_limits({"api-read": "600/60", "sign-up": "off"}, is_demo=False)
    assert (rates["api-read"], rates["sign-up"], rates["otp"]) == ((600, 60), None, (5, 300))
    with pytest.raises(ValueError, match="sing-up"):
        rate_limits({"sing-up": "off"}, is_demo=False)


def test_a_demo_limits_password_guesses_like_production():
    real, demo = rate_limits({}, is_demo=False), rate_limits({}, is_demo=True)
    assert {name for name in real if real[name] != demo[name]} == set(DEMO_NAMES)


# --- Sign-in ----------------------------------------------------------------------------------


def test_the_sixth_password_is_a_429_even_if_it_is_right(alice):
    assert [guess().status_code for _ in range(5)] == [401] * 5
    refused = guess()
    assert refused.status_code == 429
    assert 1 <= int(refused["Retry-After"]) <= 900
    assert refused.json()["errors"][0]["code"] == "throttled"
    assert guess(password=PASSWORD).status_code == 429
    assert AuditEvent.objects.filter(action="users.sign_in.locked").count() == 1


def test_the_owner_is_not_locked_out_elsewhere(alice):
    for _ in range(6):
        guess()
    assert guess(password=PASSWORD, REMOTE_ADDR="198.51.100.7").status_code == 200


@pytest.mark.slow
@pytest.mark.once
def test_many_addresses_share_ten_guesses_and_the_owner_still_gets_in(alice):
    """T17, with the right password as each address's last guess."""
    browser, right = Client(), {"login": alice.email, "password": PASSWORD}
    assert browser.post("/users/login/", right, REMOTE_ADDR="192.0.2.9").status_code == 302
    browser.post("/users/logout/", REMOTE_ADDR="192.0.2.9")
    assert guess(password=PASSWORD, REMOTE_ADDR="192.0.2.50").status_code == 200
    # Few enough that the tests' in-memory cache of 300 entries keeps all counts.
    for email in ("alice@example.com", "nobody@example.com"):
        codes = [guess(email, REMOTE_ADDR=f"198.51.{n}.7").status_code for n in range(16)]
        assert codes == [401] * 10 + [429] * 6
    assert guess(password=PASSWORD, REMOTE_ADDR="198.9.9.9").status_code == 429
    # A browser signed in before, and the address of a signed-in app.
    assert browser.post("/users/login/", right, REMOTE_ADDR="198.9.9.9").status_code == 302
    assert guess(password=PASSWORD, REMOTE_ADDR="192.0.2.50").status_code == 200


@pytest.mark.slow
def test_an_unknown_email_is_limited_the_same_way(alice):
    known = [guess() for _ in range(7)]
    unknown = [guess("nobody@example.com") for _ in range(7)]
    assert [answer.status_code for answer in known] == [answer.status_code for answer in unknown]


def test_a_forged_forwarding_header_does_not_bypass_limits(alice):
    codes = [guess(HTTP_X_FORWARDED_FOR=f"10.0.0.{n}").status_code for n in range(8)]
    assert codes == [401] * 5 + [429] * 3


def test_one_address_cannot_try_many_accounts(alice):
    codes = [guess(f"user{n}@example.com").status_code for n in range(22)]
    assert codes == [401] * 20 + [429] * 2


@pytest.mark.slow
def test_one_network_cannot_try_many_accounts(alice):
    codes = [
        guess(f"user{n}@example.com", REMOTE_ADDR=f"203.0.113.{n}").status_code for n in range(102)
    ]
    assert codes == [401] * 100 + [429] * 2


@pytest.mark.slow
def test_right_passwords_do_not_count(alice):
    assert {guess(password=PASSWORD).status_code for _ in range(25)} == {200}


def test_the_sign_in_page_shows_an_error_page_at_the_limit(alice):
    client = Client()
    form = {"login": "alice@example.com", "password": "wrong"}
    codes = [client.post("/users/login/", form).status_code for _ in range(6)]
    assert codes == [200] * 5 + [429]
    refused = client.post("/users/login/", form | {"password": PASSWORD})
    assert refused.status_code == 429
    assert 1 <= int(refused["Retry-After"]) <= 900
    assert b"minutes" in refused.content


def test_a_known_browser_is_not_locked_out_by_others_at_its_address(alice):
    browser = Client()
    form = {"login": "alice@example.com", "password": PASSWORD}
    assert browser.post("/users/login/", form).status_code == 302
    browser.post("/users/logout/")
    for _ in range(6):
        guess()
    assert Client().post("/users/login/", form).status_code == 429
    assert browser.post("/users/login/", form).status_code == 302


def test_a_known_browser_has_its_own_five_guesses(alice):
    browser = Client()
    form = {"login": "alice@example.com", "password": PASSWORD}
    browser.post("/users/login/", form)
    browser.post("/users/logout/")
    wrong = form | {"password": "wrong"}
    codes = [browser.post("/users/login/", wrong).status_code for _ in range(6)]
    assert codes == [200] * 5 + [429]


def test_a_forged_device_cookie_has_no_effect(alice):
    browser = Client()
    browser.cookies["device"] = "WyJ4IixbImFiYyJdXQ:1:forged"
    for _ in range(5):
        guess()
    form = {"login": "alice@example.com", "password": PASSWORD}
    assert browser.post("/users/login/", form).status_code == 429


# --- Other limits -----------------------------------------------------------------------------


@pytest.mark.django_db
def test_sign_ups_are_limited_on_page_and_api(settings):
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"sign-up": (2, 60)}
    assert APIClient().post("/api/auth/signup", {}).status_code == 400
    assert Client().post("/users/signup/", {}).status_code == 200
    assert APIClient().post("/api/auth/signup", {}).status_code == 429
    assert Client().post("/users/signup/", {}).status_code == 429
    assert Client().get("/users/signup/").status_code == 200


def test_password_mails_to_one_person_are_limited(alice, mailoutbox):
    codes = [
        Client()
        .post(
            "/users/password/reset/", {"email": "alice@example.com"}, REMOTE_ADDR=f"203.0.113.{n}"
        )
        .status_code
        for n in range(6)
    ]
    assert codes == [302] * 5 + [429]
    assert len(mailoutbox) == 5


def test_api_reads_and_writes_are_limited_separately(settings, api_for, alice, bob):
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"api-read": (2, 60), "api-write": (1, 60)}
    client = api_for(alice)
    assert [client.get("/api/users/me").status_code for _ in range(3)] == [200, 200, 429]
    assert [client.patch("/api/users/me", {}).status_code for _ in range(2)] == [200, 429]
    assert api_for(bob).get("/api/users/me").status_code == 200
    refused = client.get("/api/users/me")
    assert "Retry-After" in refused
    assert refused.json()["type"] == "client_error"


# --- Without the store ------------------------------------------------------------------------


@pytest.fixture
def no_store(settings):
    settings.CACHES = _redis_at("redis://127.0.0.1:9/0")


def test_sign_in_is_refused_while_the_store_is_down(no_store, alice):
    answer = APIClient(raise_request_exception=False).post(
        LOGIN, {"email": alice.email, "password": PASSWORD}
    )
    assert answer.status_code == 503
    assert answer["Retry-After"] == "60"
    form = {"login": "alice@example.com", "password": PASSWORD}
    assert Client().post("/users/login/", form).status_code == 503
    with pytest.raises(LimitsUnavailableError):
        limits.consume("otp", "1")


def test_without_the_store_everything_else_works(no_store, settings, api_for, alice, mailoutbox):
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"api-read": (2, 60)}
    assert [api_for(alice).get("/api/users/me").status_code for _ in range(3)] == [200] * 3
    assert Client().post("/users/password/reset/", {"email": alice.email}).status_code == 302
    assert len(mailoutbox) == 1
