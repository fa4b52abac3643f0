"""Mails about signing in: no request waits for the mail server."""

from queue import Queue
from threading import Event
from typing import ClassVar

import pytest
from django.core.mail.backends.base import BaseEmailBackend
from django.test import Client

LONGEST_SECONDS = 300


class BlackHole(BaseEmailBackend):
    """A mail server that takes the connection and does not answer before it is open."""

    is_open = Event()
    sent: ClassVar[Queue] = Queue()

    def send_messages(self, messages):
        self.is_open.wait(timeout=LONGEST_SECONDS)
        for message in messages:
            self.sent.put(message)


@pytest.mark.once
def test_a_request_does_not_wait_for_the_mail_server_whoever_asks(alice, settings):
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
