"""Every response is safe: its headers, its size limits, and what it leaves in the log."""

import json
import logging
import logging.config
from io import StringIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import OperationalError
from django.urls import path

from accounts.models import Account
from banking import logs
from banking import urls as house
from banking.limits import REQUEST_BYTES, REQUEST_FIELDS
from banking.middleware import LARGEST_BODY
from users.limits import LimitReachedError

pytestmark = [pytest.mark.django_db, pytest.mark.once]

HEADERS = {
    "Server": "",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
ANSWERS = [
    ("/healthz", 200, {}),
    ("/static/css/base.css", 200, {}),
    ("/static/none.css", 404, {}),
    ("/docs", 200, {}),
    ("/redoc", 200, {}),
    ("/", 302, {}),
    ("/api/accounts", 401, {}),
    ("/api/none", 404, {}),
    ("/healthz?a=%00", 400, {}),
    ("/users/login/", 400, {"HTTP_HOST": "evil.example"}),
    ("/api/accounts", 400, {"HTTP_HOST": "evil.example"}),
    ("/users/login/", 413, {"CONTENT_LENGTH": str(LARGEST_BODY + 1)}),
    ("/api/auth/login", 413, {"CONTENT_LENGTH": "9" * 30}),
]


@pytest.fixture
def written(settings):
    """Return `written()`: what was logged since the test began."""
    stream = StringIO()
    configuration = logs.configuration(level="INFO", style="json")
    configuration["handlers"]["stderr"]["stream"] = stream
    logging.config.dictConfig(configuration)
    yield stream.getvalue
    logging.config.dictConfig(settings.LOGGING)


def assert_safe(answer):
    assert {name: answer.get(name) for name in HEADERS} == HEADERS
    policy = answer["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy


@pytest.mark.parametrize(("address", "status", "extra"), ANSWERS)
def test_every_kind_of_response_has_the_security_headers(client, address, status, extra):
    answer = client.get(address, **extra)
    assert answer.status_code == status
    assert_safe(answer)


def test_a_wrong_host_over_http_is_refused_before_it_is_led_to_https(client, settings):
    settings.SECURE_SSL_REDIRECT = True
    answer = client.get("/", HTTP_HOST="evil.example")
    assert answer.status_code == 400
    assert_safe(answer)


def _away(request):
    raise OperationalError("db-7")


def _limited(request):
    raise LimitReachedError(9)


class _Failing:
    handler500 = house.handler500
    urlpatterns = [*house.urlpatterns, path("away", _away), path("limited", _limited)]


@pytest.mark.parametrize(("address", "status"), [("/away", 503), ("/limited", 429)])
def test_outages_and_limits_have_the_security_headers(client_for, alice, settings, address, status):
    settings.ROOT_URLCONF = _Failing
    client = client_for(alice)
    client.raise_request_exception = False
    answer = client.get(address)
    assert answer.status_code == status
    assert_safe(answer)


@pytest.mark.parametrize("address", ["/users/login/", "/api/accounts"])
def test_a_wrong_host_leaves_no_traceback_in_the_log(client, written, address):
    assert client.get(address, HTTP_HOST="evil.example").status_code == 400
    assert "Traceback" not in written()
    assert "evil.example" not in written()


# --- Sizes ---------------------------------------------------------------------------------------


def deep(levels: int) -> str:
    return "[" * levels + "]" * levels


@pytest.mark.parametrize("levels", [50, 900, 2_000, 100_000])
@pytest.mark.parametrize("body", ["{}", '{{"name": {}}}', '{{"none": {}}}'])
def test_deep_json_is_a_400(api_for, alice, levels, body):
    answer = api_for(alice).post(
        "/api/accounts", body.format(deep(levels)), content_type="application/json"
    )
    assert answer.status_code == 400
    assert answer.json()["errors"]
    assert not Account.objects.exists()


@pytest.mark.slow
def test_bodies_above_their_limits_are_refused_at_pages_and_api(
    client_for, api_for, alice, written
):
    page, api = client_for(alice), api_for(alice)
    large = "x" * (REQUEST_BYTES + 1)
    form = {"name": large, "currency": "EUR"}
    many = {f"field{number}": "1" for number in range(REQUEST_FIELDS + 1)}
    files = {f"file{n}": SimpleUploadedFile("a.csv", b"a") for n in range(101)}
    encoded = {"content_type": "application/x-www-form-urlencoded"}
    answers = {
        "form": page.post("/accounts/new/", f"name={large}", **encoded),
        "multipart": page.post("/accounts/new/", form),
        "json": api.post("/api/accounts", json.dumps(form), content_type="application/json"),
        "fields": page.post("/accounts/new/", many),
        "files": page.post("/accounts/new/", files),
    }
    assert {name: answer.status_code for name, answer in answers.items()} == {
        "form": 413,
        "multipart": 413,
        "json": 413,
        "fields": 400,
        "files": 400,
    }
    assert "Traceback" not in written()
    assert not Account.objects.exists()


@pytest.mark.parametrize("address", ["/accounts/new/", "/transactions/import/", "/api/accounts"])
def test_a_body_larger_than_any_upload_is_refused_unread(client_for, alice, address):
    answer = client_for(alice).generic(
        "POST", address, b"small", CONTENT_LENGTH=str(2 * 1024**3), content_type="text/plain"
    )
    assert answer.status_code == 413
