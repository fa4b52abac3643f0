"""The web server of `make run`, with the test settings and its own database."""

import contextlib
import http.client
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings

from tests.servers import environment_without_settings, free_port
from tests.template_database import copy_sqlite

LONGEST_SECONDS = 120


@contextlib.contextmanager
def granian(folder: Path, database: Path) -> Iterator[str]:
    """Yield the server's URL."""
    with granian_process(folder, database) as (port, _):
        yield f"http://127.0.0.1:{port}"


@contextlib.contextmanager
def granian_process(folder: Path, database: Path) -> Iterator[tuple[int, subprocess.Popen]]:
    """Yield the server's port and its process. It uses a copy of a migrated SQLite database and
    stops with the block.
    """
    copy_sqlite(database, folder / "db.sqlite3")
    port = free_port()
    environment = environment_without_settings() | {
        "DJANGO_SETTINGS_MODULE": "banking.settings_test",
        "DATABASE_URL": f"sqlite:///{folder / 'db.sqlite3'}",
        "DATA_DIR": str(folder),
        "PYTEST_XDIST_WORKER": "",
    }
    with (folder / "log").open("w") as log:
        server = subprocess.Popen(
            [
                *(sys.executable, "-m", "banking.web", "--host", "127.0.0.1", "--port", str(port)),
                *("--workers", "1", "--log-level", "warning"),
            ],
            cwd=settings.BASE_DIR,
            env={name: value for name, value in environment.items() if name != "COV_CORE_SOURCE"},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
        try:
            _wait_for(port, server)
            yield port, server
        finally:
            server.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                server.wait(timeout=20)
            server.kill()
            server.wait()


def _wait_for(port: int, server: subprocess.Popen) -> None:
    deadline = time.monotonic() + LONGEST_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        with contextlib.suppress(OSError):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
            connection.request("GET", "/healthz")
            if connection.getresponse().status == 200:
                return
        time.sleep(0.1)
    raise AssertionError(f"The server did not come up (exit {server.poll()}).")
