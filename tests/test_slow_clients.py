"""A hundred clients that send a byte now and then: nginx keeps them, and others are served."""

import contextlib
import socket
from pathlib import Path

import pytest
from django.db import connection

from tests.live_server import granian_process
from tests.rehearsal import ask, nginx

pytestmark = [pytest.mark.once, pytest.mark.slow, pytest.mark.django_db(transaction=True)]

SLOW = 100
STARTS = {
    "headers": b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ",
    "body": b"POST /api/auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4000\r\n\r\n{",
}


def test_others_are_served_while_a_hundred_clients_send_slowly(tmp_path):
    """More than the process takes at once, each with headers or a body that never end."""
    with (
        granian_process(tmp_path, Path(connection.settings_dict["NAME"])) as (port, _),
        nginx(tmp_path, [port]) as front,
        contextlib.ExitStack() as stack,
    ):
        slow = [
            stack.enter_context(socket.create_connection(("127.0.0.1", front))) for _ in range(SLOW)
        ]
        for place, client in enumerate(slow):
            client.sendall(list(STARTS.values())[place % 2])
        for _ in range(3):
            for client in slow:
                client.sendall(b"x")
            assert ask(front, "GET", "/healthz")[0] == 200
        assert ask(front, "GET", "/api/accounts")[0] == 401
