"""What the web server's processes share must be safe to share, and its main process stays small."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection
from tenacity import Retrying, stop_after_delay, wait_fixed

from banking import web_parent
from tests.live_server import granian_process
from tests.process_memory import processes
from tests.rehearsal import ask
from tests.servers import environment_without_settings

LOADED = """
import threading
from pathlib import Path
import banking.web
from django.db import connections

links = [entry.readlink() for entry in Path("/proc/self/fd").glob("[0-9]*") if entry.is_symlink()]
print([str(link) for link in links if str(link).startswith("socket:")])
print([link for link in connections.all(initialized_only=True) if link.connection is not None])
print([thread.name for thread in threading.enumerate()])
"""


@pytest.mark.once
@pytest.mark.slow
def test_the_application_opens_nothing_before_its_processes_are_forked(tmp_path):
    environment = environment_without_settings() | {
        "SECRET_KEY": "only-for-this-test-" * 3,
        "DATABASE_URL": "postgres://nobody@127.0.0.1:1/nothing",
        "REDIS_URL": "redis://127.0.0.1:1/0",
        "DATA_DIR": str(tmp_path),
        "READ_DOT_ENV": "false",
    }
    loaded = subprocess.run(
        [sys.executable, "-c", LOADED],
        cwd=settings.BASE_DIR,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert loaded.stdout == "[]\n[]\n['MainThread']\n", loaded.stderr


@pytest.mark.once
@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_a_killed_worker_is_replaced_and_the_main_process_is_small_again(tmp_path):
    database = Path(connection.settings_dict["NAME"])
    patiently = Retrying(stop=stop_after_delay(120), wait=wait_fixed(0.1), reraise=True)
    with granian_process(tmp_path, database) as (port, server):
        assert patiently(children_of_a_small, server.pid) == 1
        os.kill(processes(server.pid)[1], signal.SIGKILL)
        assert patiently(ask, port, "GET", "/healthz")[0] == 200
        assert patiently(children_of_a_small, server.pid) == 1
        server.send_signal(signal.SIGTERM)
        assert server.wait(timeout=60) == 0


def children_of_a_small(pid):
    command = Path(f"/proc/{pid}/cmdline").read_text()
    assert web_parent.__file__ in command
    return len(processes(pid)) - 1


# A process that has loaded nothing, with a worker, becomes the main process.
STARTED = """
import os, signal, subprocess, sys
worker = subprocess.Popen(["bash", "-c", sys.argv[1]])
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT, signal.SIGCHLD})
print(worker.pid, flush=True)
os.execv(sys.executable, [sys.executable, "-I", "-S", *sys.argv[2:], str(worker.pid)])
"""


@pytest.mark.once
@pytest.mark.parametrize(
    ("worker", "seconds", "replaced", "asked", "expected"),
    [
        ("sleep 60", "0", "0", signal.SIGTERM, 0),
        ("sleep 60", "0", "0", signal.SIGINT, 0),
        # It does not stop by itself.
        ("trap '' TERM; sleep 60", "0.2", "0", signal.SIGTERM, 0),
        # A replacement that dies at once is not replaced.
        ("true", "0", "1", None, 1),
    ],
)
def test_the_main_process_ends_with_its_workers(worker, seconds, replaced, asked, expected):
    told = [worker, web_parent.__file__, seconds, replaced]
    with subprocess.Popen(
        [sys.executable, "-c", STARTED, *told], stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        pid = int(server.stdout.readline())
        if asked is not None:
            server.send_signal(asked)
        assert server.wait(timeout=60) == expected
    assert not Path(f"/proc/{pid}").exists()
