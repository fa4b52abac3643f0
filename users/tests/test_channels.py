"""Responses of Twilio and mail servers, and how we handle them."""

import asyncio
from datetime import UTC, date, datetime
from urllib.parse import urlencode

import pytest
import requests

from tests import servers
from tests.mail_server import MailServer
from users.messages.channels import sms
from users.messages.outbox import deliver_due, notify
from users.models import Notification

AT = datetime(2026, 3, 15, 12, tzinfo=UTC)
SID, TOKEN = "AC" + "0" * 32, "12345"
PATH = f"/2010-04-01/Accounts/{SID}/Messages.json"
FORM = "application/x-www-form-urlencoded"

# --- Twilio's signature, with the test vectors of its own library ----------------------------

URL = "https://mycompany.com/myapp.php?foo=1&bar=2"
CALL = {
    "CallSid": ["CA1234567890ABCDE"],
    "Digits": ["1234"],
    "From": ["+14158675309"],
    "To": ["+18005551212"],
    "Caller": ["+14158675309"],
}


@pytest.mark.parametrize(
    ("form", "signature"),
    [
        (CALL, "RSOYDt4T1cUTdK1PDd93/VVr8B8="),
        (
            {"Sid": ["CA123"], "SidAccount": ["AC123"], "Digits": ["5678", "1234", "1234"]},
            "IK+Dwps556ElfBT0I3Rgjkr1wJU=",
        ),
    ],
)
def test_signatures_match_twilios_test_vectors(settings, form, signature):
    settings.TWILIO_AUTH_TOKEN = TOKEN
    assert sms.sign(URL, form, TOKEN) == signature
    assert sms.is_signed(url=URL, form=form, signature=signature)
    with_port = URL.replace(".com/", ".com:443/")
    assert sms.is_signed(url=URL, form=form, signature=sms.sign(with_port, form, TOKEN))
    assert not sms.is_signed(url=URL + "&x=1", form=form, signature=signature)
    assert not sms.is_signed(url=URL, form=form | {"Digits": ["9"]}, signature=signature)
    assert not sms.is_signed(url=URL, form=form, signature="ü")
    settings.TWILIO_AUTH_TOKEN = ""
    assert not sms.is_signed(url=URL, form=form, signature=sms.sign(URL, form, ""))


# --- Responses -------------------------------------------------------------------------------


@pytest.fixture
def twilio(settings, httpserver, alice):
    settings.TWILIO_ACCOUNT_SID, settings.TWILIO_AUTH_TOKEN = SID, TOKEN
    settings.TWILIO_PHONE_NUMBER = "+15005550006"
    settings.TWILIO_BASE_URL = httpserver.url_for("")
    alice.phone = "+49 (170) 123-4567"
    alice.save()
    return httpserver.expect_request(PATH, method="POST")


def write(user, channel="sms") -> Notification:
    (row,) = notify(
        recipient=user, kind="low_balance", target_key="account:1", channels=[channel],
        subject="Low balance", text="Everyday holds 12.", on=date(2026, 3, 15), at=AT,
    )  # fmt: skip
    return row


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("status", "body", "becomes", "words"),
    [
        (201, {"sid": "SM1", "status": "queued"}, "sent", "201 queued"),
        (200, {}, "unknown", "200"),
        (429, {"code": 20429, "message": "Too many"}, "pending", "429 20429 Too many"),
        (503, {}, "pending", "503"),
        (400, {"code": 21211, "message": "Bad To"}, "failed", "400 21211 Bad To"),
        (401, {"code": 20003, "message": "Auth"}, "failed", "401 20003 Auth"),
    ],
)
def test_twilios_response_decides_the_status_of_an_sms(alice, twilio, status, body, becomes, words):
    twilio.respond_with_json(body, status=status)
    row = write(alice)
    assert deliver_due(at=AT) == {becomes: 1}
    row.refresh_from_db()
    assert row.provider_answer.startswith(words)
    assert row.provider_id == body.get("sid", "")


@pytest.mark.django_db
def test_an_unreadable_200_response_is_unknown_and_not_resent(alice, twilio):
    twilio.respond_with_data("<html>", status=200)
    write(alice)
    assert deliver_due(at=AT) == {"unknown": 1}
    assert deliver_due(at=AT) == {}


@pytest.mark.django_db
def test_a_missing_response_is_unknown(alice, twilio, monkeypatch):
    def no_answer(*args, **kwargs):
        assert kwargs["timeout"] == (5, 10)
        raise requests.ReadTimeout

    monkeypatch.setattr(requests, "post", no_answer)
    write(alice)
    assert deliver_due(at=AT) == {"unknown": 1}


@pytest.mark.django_db
def test_a_refused_connection_is_retried(alice, twilio, settings):
    write(alice)
    with servers.refusing_port() as port:
        settings.TWILIO_BASE_URL = f"http://127.0.0.1:{port}"
        assert deliver_due(at=AT) == {"pending": 1}


@pytest.mark.django_db
def test_without_twilio_or_a_number_an_sms_records_why_it_was_not_sent(alice, settings):
    row = write(alice)
    assert deliver_due(at=AT) == {"skipped": 1}
    row.refresh_from_db()
    assert row.provider_answer == "Not sent: Text messages aren't set up here."


# --- The callback ----------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_callback_counts_once_and_only_if_signed(alice, twilio, client, settings):
    twilio.respond_with_json({"sid": "SM1", "status": "queued"}, status=201)
    row = write(alice)
    deliver_due(at=AT)
    form = {"AccountSid": SID, "MessageSid": "SM1", "MessageStatus": "undelivered"}
    form |= {"ErrorCode": "30007", "SomethingNew": "x"}
    url = sms.callback_url(row)
    path, body = url.removeprefix(settings.SITE_URL), urlencode(form)

    def call(signature):
        headers = {"X-Twilio-Signature": signature}
        return client.post(path, body, content_type=FORM, headers=headers).status_code

    assert call("") == 403
    assert call("nonsense") == 403
    row.refresh_from_db()
    assert row.status == "sent"
    right = sms.sign(url, {name: [value] for name, value in form.items()}, TOKEN)
    assert (call(right), call(right)) == (204, 204)
    row.refresh_from_db()
    assert (row.status, row.provider_answer) == ("failed", "undelivered 30007")
    other = path.replace(f"={row.pk}", f"={row.pk + 1}")
    headers = {"X-Twilio-Signature": right}
    assert client.post(other, body, content_type=FORM, headers=headers).status_code == 403


# --- Mail servers ----------------------------------------------------------------------------


class Answers:
    """A mail server with a scripted response to each step."""

    def __init__(self) -> None:
        self.rcpt = self.data = ""
        self.took = 0

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802
        envelope.rcpt_tos.append(address)
        return self.rcpt or "250 OK"

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        self.took += 1
        if self.data == "die":
            server.transport.abort()
            await asyncio.sleep(0)
        return self.data or "250 queued as 42"


@pytest.fixture
def mail_server(settings):
    handler = Answers()
    server = MailServer(handler)
    server.start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.SMTP_HOST = settings.EMAIL_HOST = "127.0.0.1"
    settings.EMAIL_PORT, settings.EMAIL_USE_TLS = server.port, False
    yield handler
    server.close()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("rcpt", "data", "becomes", "words", "took"),
    [
        ("", "", "sent", "250 queued as 42", 1),
        ("451 later", "", "pending", "451 later", 0),
        ("550 no such user", "", "failed", "550 no such user", 0),
        ("", "452 full", "pending", "452 full", 1),
        ("", "554 spam", "failed", "554 spam", 1),
        ("", "die", "unknown", "Connection lost while sending", 1),
    ],
)
def test_the_mail_servers_response_decides_the_status(
    alice, mail_server, rcpt, data, becomes, words, took
):
    mail_server.rcpt, mail_server.data = rcpt, data
    row = write(alice, "email")
    assert deliver_due(at=AT) == {becomes: 1}
    assert deliver_due(at=AT) == {}
    row.refresh_from_db()
    assert row.provider_answer.startswith(words)
    assert mail_server.took == took
