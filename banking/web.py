"""The web server: `python -m banking.web --port 8000 --workers 2`, with granian's options.

The application is loaded before granian forks its processes: they share its memory, and one that
takes another's place after a crash serves at once. So loading it must open nothing that two
processes cannot share, such as a connection (tests/test_web.py).
"""

import sys

from granian.cli import entrypoint

import banking.wsgi

STANDARD = (
    *("--interface", "wsgi", "--no-ws", "--blocking-threads", "4", "--backpressure", "64"),
    # Who sends headers slower than this, or idles, gives the place to somebody else.
    *("--http1-header-read-timeout", "10000", "--respawn-failed-workers"),
)
APPLICATION = f"{banking.wsgi.__name__}:application"


def main() -> None:
    """Serve until a signal. The command line may repeat an option to change it."""
    sys.argv[1:] = [*STANDARD, *sys.argv[1:], APPLICATION]
    entrypoint()


if __name__ == "__main__":
    main()
