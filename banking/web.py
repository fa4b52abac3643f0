"""The web server: `python -m banking.web --port 8000 --workers 2`, with granian's options.

The application is loaded before granian forks its processes: they share its memory. So loading it
must open nothing that two processes cannot share, such as a connection (tests/test_web.py). Once
they run, this process goes on as banking/web_parent.py, which is small.

An adapter of granian's private parts; tests/test_private_parts.py pins the version.
"""

import os
import signal
import sys
from pathlib import Path
from typing import Any

import granian.cli
from granian.server import MPServer

import banking.wsgi
from banking import web_parent

STANDARD = (
    *("--interface", "wsgi", "--no-ws", "--blocking-threads", "4", "--backpressure", "64"),
    # Who sends headers slower than this, or idles, gives the place to somebody else.
    *("--http1-header-read-timeout", "10000", "--respawn-failed-workers"),
)
APPLICATION = f"{banking.wsgi.__name__}:application"


class Server(MPServer):
    """Granian's, which leaves its processes to banking/web_parent.py."""

    # The command line; and how many dead workers this replaces, beside which ones that run.
    arguments: list[str] = []
    replaced = 0
    running: list[int] = []

    def _serve_loop(self, spawn_target: Any, target_loader: Any) -> None:
        # What granian's own main process would go on doing; and a Unix socket is all workers' one.
        has_duties = self.workers_lifetime or self.workers_rss or self.metrics_enabled
        if sys.platform != "linux" or has_duties or self.bind_uds:
            super()._serve_loop(spawn_target, target_loader)
            return
        # Isolated and without site-packages: it needs none.
        program = [sys.executable, "-I", "-S", str(Path(web_parent.__file__))]
        pids = [*self.running, *(worker._id() for worker in self.wrks)]
        told = (self.workers_kill_timeout or 0, self.replaced, ",".join(map(str, pids)))
        os.execv(sys.executable, [*program, *map(str, told), *self.arguments])  # noqa: S606


def main() -> None:
    """Serve until a signal. The command line may repeat an option to change it."""
    Server.arguments = sys.argv[1:]
    missing, _, running = os.environ.pop(web_parent.REPLACE, "").partition(":")
    Server.replaced = int(missing or 0)
    Server.running = [int(pid) for pid in running.split(",") if pid]
    fewer = ("--workers", missing) if missing else ()
    sys.argv[1:] = [*STANDARD, *Server.arguments, *fewer, APPLICATION]
    # Signals for this process wait until it is banking/web_parent.py.
    signal.pthread_sigmask(signal.SIG_BLOCK, web_parent.SIGNALS)
    os.register_at_fork(after_in_child=_unblock)
    granian.cli.Server = Server
    granian.cli.entrypoint()


def _unblock() -> None:
    signal.pthread_sigmask(signal.SIG_UNBLOCK, web_parent.SIGNALS)


if __name__ == "__main__":
    main()
