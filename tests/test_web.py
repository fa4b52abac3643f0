"""What the web server's processes share must be safe to share."""

import subprocess
import sys

import pytest
from django.conf import settings

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
