"""Secrets sent through real requests, right and wrong, never reach the log, whatever its level."""

import json
import logging
import logging.config
from io import StringIO

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import path
from rest_framework.test import APIClient

from banking import logs
from banking import urls as house
from tests.builders import PASSWORD

pytestmark = pytest.mark.django_db

CARD = "4539148803436467"
IBAN = "DE89370400440532013000"
PLANTED = "planted-9f3b7c"
BEARER = f"eyJhbGciOiJIUzI1NiJ9.{PLANTED}.signature"


def _crash(request):
    secret = request.POST["password"]
    raise RuntimeError(len(secret))


class _Crashing:
    handler400, handler500 = house.handler400, house.handler500
    urlpatterns = [*house.urlpatterns, path("users/crash", _crash)]


@pytest.fixture
def written(settings):
    """Return `written()`: the whole log since the test began, at the most talkative level."""
    stream = StringIO()
    configuration = logs.configuration(level="DEBUG", style="json")
    configuration["handlers"]["stderr"]["stream"] = stream
    logging.config.dictConfig(configuration)
    yield stream.getvalue
    logging.config.dictConfig(settings.LOGGING)


@pytest.mark.slow
def test_secrets_in_requests_are_not_logged(written, settings, alice, checking):
    settings.ROOT_URLCONF = _Crashing
    settings.PLAID_CLIENT_ID = settings.PLAID_SECRET = PLANTED
    EmailAddress.objects.create(user=alice, email=alice.email, primary=True, verified=True)
    secrets = {PLANTED, CARD, IBAN, PASSWORD}

    page = Client(raise_request_exception=False)
    for password in (f"{PLANTED}-wrong", PASSWORD):
        page.post("/users/login/", {"login": alice.email, "password": password})
    secrets.add(page.cookies["session"].value)
    page.post("/users/crash", {"password": PLANTED})
    page.get("/transactions/", {"search": CARD, "next": PLANTED})
    entry = {"account": checking.pk, "amount": "47.11", "description": f"Card {CARD}"}
    page.post("/transactions/new/", entry | {"kind": "expense", "txn_date": "2026-03-01"})
    page.post("/users/password/reset/", {"email": alice.email})
    [link] = [part for part in mail.outbox[-1].body.split() if "/key/" in part]
    page.get(link.removeprefix("http://testserver"), follow=True)
    secrets.add(link.rpartition("/key/")[2].strip("/"))

    api = APIClient(raise_request_exception=False)
    tokens = api.post("/api/auth/login", {"email": alice.email, "password": PASSWORD}).json()
    secrets |= {tokens["access"], tokens["refresh"]}
    api.post("/api/auth/login", {"email": alice.email, "password": f"{PLANTED}-wrong"})
    api.post("/api/auth/refresh", {"refresh": f"{BEARER}x"})
    api.post("/api/auth/password/reset/confirm", {"token": PLANTED, "password": PLANTED})
    api.get("/api/accounts", headers={"Authorization": f"Bearer {BEARER}"})
    api.credentials(HTTP_AUTHORIZATION=f"Bearer {tokens['access']}", HTTP_X_STEP_UP=PLANTED)
    stepped = api.post("/api/auth/step-up", {"password": PASSWORD}).json()
    secrets.add(stepped["step_up"])
    file = SimpleUploadedFile("a.csv", f"Date,Text,Amount\n2026-03-01,{IBAN},{CARD}\n".encode())
    body = {"account": checking.pk, "file": file}
    api.post("/api/transactions/import", body, format="multipart")
    api.post("/api/accounts", {"name": CARD, "currency": "none", "last_four": CARD})
    hook = {"access_token": PLANTED, "item_id": PLANTED, "card": CARD}
    api.post("/api/webhooks/plaid", hook, headers={"Plaid-Verification": BEARER})
    form = f"MessageSid={PLANTED}&Body={CARD}"
    api.generic(
        "POST", "/api/webhooks/twilio", form, content_type="application/x-www-form-urlencoded",
        headers={"X-Twilio-Signature": PLANTED},
    )  # fmt: skip
    api.post("/api/auth/logout", {"refresh": tokens["refresh"]})

    log = written()
    assert {secret for secret in secrets if secret in log} == set()
    events = [json.loads(line) for line in log.splitlines()]
    assert {"request_finished", "request_failed"} <= {event["event"] for event in events}
    assert sum("request" in event for event in events) > 15
