"""A mail server for tests that holds its port from creation to the end."""

import asyncio
import socket
from collections.abc import Awaitable
from typing import Any

from aiosmtpd.controller import Controller


class MailServer(Controller):
    """Until `start` the port refuses connections, like a server that is down. No other process can
    take it.
    """

    def __init__(self, handler: Any) -> None:
        self._socket = socket.socket()
        self._socket.bind(("127.0.0.1", 0))
        port = self._socket.getsockname()[1]
        super().__init__(handler, hostname="127.0.0.1", port=port, ready_timeout=120)

    def _create_server(self) -> Awaitable[asyncio.AbstractServer]:
        return self.loop.create_server(self._factory_invoker, sock=self._socket)

    def close(self) -> None:
        if self.server is not None:
            self.stop()
        self._socket.close()
