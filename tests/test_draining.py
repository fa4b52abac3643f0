"""A web process that is asked to stop answers what it has accepted, and takes nothing new."""

import signal
import socket
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.db import connection

from tests.live_server import granian_process
from tests.rehearsal import ask

pytestmark = [pytest.mark.once, pytest.mark.slow, pytest.mark.django_db(transaction=True)]

WAITING = 8  # Twice the threads of the process.


def wrong(number):
    """Another person's each, or their limit would refuse some of them."""
    return {"email": f"nobody-{number}@example.com", "password": "wrong"}


def test_requests_in_hand_are_answered_after_sigterm(tmp_path):
    with (
        granian_process(tmp_path, Path(connection.settings_dict["NAME"])) as (port, server),
        ThreadPoolExecutor(WAITING) as clients,
    ):
        held = sqlite3.connect(tmp_path / "db.sqlite3", isolation_level=None)
        held.execute("BEGIN IMMEDIATE")
        # A refused sign-in writes its audit event, so each of these waits for the lock.
        answers = [
            clients.submit(ask, port, "POST", "/api/auth/login", wrong(number))
            for number in range(WAITING)
        ]
        time.sleep(2)
        server.send_signal(signal.SIGTERM)
        time.sleep(0.5)
        with (
            pytest.raises(ConnectionRefusedError),
            socket.create_connection(("127.0.0.1", port), timeout=5),
        ):
            pass
        held.rollback()
        # Each has an answer; on a slow machine some had waited too long for the lock.
        assert {answer.result()[0] for answer in answers} <= {401, 503}
        assert server.wait(timeout=60) == 0
