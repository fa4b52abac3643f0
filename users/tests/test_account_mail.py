"""Mails about signing in: no request waits for the mail server."""

from threading import Event
from time import monotonic
from typing import ClassVar

import pytest
from django.core.mail.backends.base import BaseEmailBackend
from django.test import Client


class BlackHole(BaseEmailBackend):
    """A mail server that takes the connection and never answers."""

    is_open = Event()
    sent: ClassVar[list] = []

    def send_messages(self, messages):
        self.is_open.wait(timeout=30)
        self.sent.extend(messages)


@pytest.mark.once
def test_a_request_does_not_wait_for_the_mail_server_whoever_asks(alice, settings):
    settings.MAIL_IN_BACKGROUND = True
    settings.EMAIL_BACKEND = f"{__name__}.BlackHole"
    for email in (alice.email, "nobody@example.com"):
        assert Client().post("/users/password/reset/", {"email": email}).status_code == 302
    assert BlackHole.sent == []
    BlackHole.is_open.set()
    deadline = monotonic() + 20
    while len(BlackHole.sent) < 2 and monotonic() < deadline:
        Event().wait(0.01)
    assert {mail.to[0] for mail in BlackHole.sent} == {alice.email, "nobody@example.com"}
