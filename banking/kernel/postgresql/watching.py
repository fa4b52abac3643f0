"""A connection that notices when its server has frozen.

A stopped server keeps its sockets open and its kernel confirms every packet, so neither keepalives
nor the server's own time-outs end the wait. After some silence we therefore ask the server a second
question on a new connection. A busy server answers it, and the statement goes on. A frozen one does
not: the statement fails, and for a moment no one in this process tries to connect.
"""

import selectors
import threading
from collections.abc import Generator, Mapping
from dataclasses import dataclass, replace
from time import monotonic
from typing import Any

import psycopg

# What a second connection needs to reach the same server.
_ADDRESS = {"dbname", "user", "password", "host", "port", "sslmode", "sslrootcert", "service"}
_NO_ANSWER = "the database does not answer"


@dataclass(frozen=True)
class Watch:
    """Whom to ask, and after how many seconds of silence; how long to wait for an answer."""

    server: Mapping[str, Any]
    silence: float
    answer: float
    away: float

    @property
    def key(self) -> tuple[Any, Any]:
        return (self.server.get("host"), self.server.get("port"))

    def at(self, connection: psycopg.Connection[Any]) -> "Watch":
        """Of several servers, the one that this connection has found: another one's answer says
        nothing about it.
        """
        if "," not in str(self.server.get("host", "")):
            return self
        found = {"host": connection.info.host, "port": str(connection.info.port)}
        return replace(self, server={**self.server, **found})


class _Away:
    """Servers that did not answer, until when they count as away. Shared by the threads."""

    def __init__(self) -> None:
        self._until: dict[tuple[Any, Any], float] = {}
        self._lock = threading.Lock()

    def remember(self, watch: Watch) -> None:
        with self._lock:
            self._until[watch.key] = monotonic() + watch.away

    def refuse(self, watch: Watch) -> None:
        """Raise OperationalError while the server counts as away."""
        if monotonic() < self._until.get(watch.key, 0):
            raise psycopg.OperationalError(_NO_ANSWER)


away = _Away()


class WatchedConnection(psycopg.Connection[Any]):
    """Psycopg's connection, which asks whether the server is there when a statement is silent."""

    watch: Watch | None = None

    def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
        if self.watch is not None:
            gen = self._watched(gen, self.watch)
        return super().wait(gen, interval=interval, timeout=timeout)

    def _watched(self, steps: Any, watch: Watch) -> Generator[Any, Any, Any]:
        """The steps of a statement, with a question to the server after each silence."""
        ask_at = monotonic() + watch.silence
        try:
            wanted = next(steps)
            while True:
                ready = yield wanted
                if not ready and monotonic() >= ask_at:
                    self._make_sure_of(watch)
                    ask_at = monotonic() + watch.silence
                wanted = steps.send(ready)
        except StopIteration as end:
            return end.value

    def _make_sure_of(self, watch: Watch) -> None:
        if answers(watch):
            return
        away.remember(watch)
        self.close()
        raise psycopg.OperationalError(_NO_ANSWER)


def answers(watch: Watch) -> bool:
    """Whether the server answers a question on a new connection. A refusal is an answer too."""
    deadline = monotonic() + watch.answer
    server = {name: value for name, value in watch.server.items() if name in _ADDRESS}
    try:
        probe = psycopg.connect(**server, connect_timeout=max(2, round(watch.answer)))
    except psycopg.errors.ConnectionTimeout:
        return False
    except psycopg.OperationalError:
        return True
    with probe, selectors.DefaultSelector() as selector:
        # A pooler lets us in by itself; only its server can answer this.
        probe.pgconn.send_query(b"SELECT 1")
        probe.pgconn.flush()
        selector.register(probe.fileno(), selectors.EVENT_READ)
        is_answered = bool(selector.select(max(0.2, deadline - monotonic())))
        probe.pgconn.finish()
        return is_answered
