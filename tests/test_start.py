"""`make run` for real: started, stopped, killed and started again."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from django.conf import settings
from django.db import connection

from banking.launcher import place, prepare, supervisor
from banking.launcher.place import StartError
from tests import servers
from tests.servers import free_port

READY = "Ctrl-C stops everything."


class Instance:
    """One `python -m banking.launcher.serve` with its own folder and port."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.log = folder.with_suffix(".log")
        self.starts = 0
        self.process: subprocess.Popen | None = None
        # The instance's own settings, not those of the tests.
        self.environment = servers.environment_without_settings()
        self.environment.pop("MAKELEVEL", None)
        self.environment |= {"DATA_DIR": str(folder), "PORT": str(self.port), "DEMO": "false"}

    def start(self, **environment: str) -> None:
        self.environment |= environment
        # A log of its own for every start: what an earlier one left behind may still be writing.
        self.starts += 1
        self.log = self.log.with_name(f"{self.folder.name}-{self.starts}.log")
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "banking.launcher.serve"],
                cwd=settings.BASE_DIR,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def wait_for(self, text: str, seconds: float = 300) -> str:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if text in self.said():
                return self.said()
            if self.process.poll() is not None:
                break
            time.sleep(0.1)
        raise AssertionError(f"never said {text!r}:\n{self.said()}")

    def said(self) -> str:
        return self.log.read_text()

    def get(self, path: str) -> tuple[int, str]:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=60) as answer:
            return answer.status, answer.read().decode()

    def children(self) -> dict[str, int]:
        record = json.loads((self.folder / "run.json").read_text())
        return {name.split()[0]: entry["pid"] for name, entry in record.items()}

    def manage(self, *arguments: str) -> str:
        """The output of a management command run with this instance's settings."""
        result = subprocess.run(
            [sys.executable, "-m", "banking.launcher.serve", "manage", *arguments],
            cwd=settings.BASE_DIR,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=120,
        )
        return result.stdout.strip() or result.stderr

    def stop(self) -> int:
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(timeout=120)


@pytest.fixture
def instance(tmp_path) -> Iterator[Instance]:
    one = Instance(tmp_path / "var")
    yield one
    if one.process is not None and one.process.poll() is None:
        one.stop()
    supervisor.end_leftovers(one.folder / "run.json")


@pytest.fixture
def empty_database() -> Iterator[str]:
    """The URL of a new database on the engine under test."""
    if connection.vendor == "sqlite":
        yield ""
        return
    of = connection.settings_dict
    name = f"{settings.DATABASES['default']['TEST']['NAME']}_start"
    server = {
        "host": of["HOST"],
        "port": of["PORT"],
        "user": of["USER"],
        "password": of["PASSWORD"],
    }
    with psycopg.connect(**server, dbname=of["NAME"], autocommit=True) as owner:
        owner.execute(f'DROP DATABASE IF EXISTS "{name}"')
        owner.execute(f'CREATE DATABASE "{name}"')
        yield f"postgres://{of['USER']}:{of['PASSWORD']}@{of['HOST']}:{of['PORT']}/{name}"
        owner.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def is_alive(pid: int) -> bool:
    return supervisor.birth(pid) is not None


@pytest.mark.once
@pytest.mark.worker
def test_instance_starts_serves_survives_a_kill_and_stops(instance, empty_database):
    if empty_database:
        instance.environment["DATABASE_URL"] = empty_database
    instance.start()
    instance.wait_for(READY)
    assert instance.get("/readyz") == (
        200,
        '{"status": "ok", "checks": {"database": true, "migrations": true, "cache": true, '
        '"broker": true}}',
    )
    assert (instance.folder / "secret.key").stat().st_mode & 0o777 == 0o600
    key = (instance.folder / "secret.key").read_text()
    children = instance.children()
    assert set(children) == {"sandbox", "broker", "web", "worker", "scheduler"}

    # A second instance with the same data refuses to start and says where the first one is.
    second = Instance(instance.folder)
    second.starts = 10
    second.start()
    assert second.process.wait(timeout=120) == 1
    assert f"It is already running at http://127.0.0.1:{instance.port}" in second.said()

    # A child that dies is restarted.
    os.kill(children["scheduler"], signal.SIGKILL)
    instance.wait_for("The scheduler (Celery beat) ended (exit code -9)")

    # After kill -9 of the supervisor the next start works.
    instance.process.kill()
    instance.process.wait()
    instance.start()
    instance.wait_for(READY)
    assert (instance.folder / "secret.key").read_text() == key
    assert not any(is_alive(pid) for pid in children.values())

    # The worker receives tasks from the web processes.
    ping = (
        "from banking.celery import app; print(any(app.control.ping(timeout=1) for _ in range(30)))"
    )
    assert instance.manage("shell", "-v0", "-c", ping) == "True"

    children = instance.children()
    assert instance.stop() == 0
    # A running job may still log a message: no rate source responds here.
    assert instance.said().partition("Stopping …\n")[2].endswith("Stopped.\n")
    assert "Traceback" not in instance.said()
    assert not any(is_alive(pid) for pid in children.values())
    assert not (instance.folder / "run.json").exists()


@pytest.mark.slow
def test_a_port_in_use_is_reported_before_anything_starts(instance):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", instance.port))
        taken.listen()
        instance.start()
        assert instance.process.wait(timeout=120) == 1
    assert instance.said() == (
        f"Port {instance.port} on 127.0.0.1 can't be used: Address already in use.\n"
        f"Choose another one: make run PORT={instance.port + 1}\n"
    )
    assert not (instance.folder / "db.sqlite3").exists()


@pytest.mark.slow
def test_an_unreachable_database_is_reported(instance):
    instance.start(DATABASE_URL=f"postgres://somebody:s3cret@127.0.0.1:{free_port()}/nothing")
    assert instance.process.wait(timeout=120) == 1
    assert "The database doesn't respond:" in instance.said()
    assert "s3cret" not in instance.said()
    assert "Traceback" not in instance.said()


# --- Its parts ----------------------------------------------------------------------------------


@pytest.fixture
def own_environment(monkeypatch, tmp_path):
    """Let a test change the process environment; it is restored afterward."""
    monkeypatch.setattr(os, "environ", os.environ.copy())
    for name in ("HOST", "PORT", "REDIS_URL", "CELERY_BROKER_URL", "CACHE_URL", "SECRET_KEY"):
        os.environ.pop(name, None)
    os.environ["DATA_DIR"] = str(tmp_path / "var")
    return os.environ


@pytest.mark.parametrize("port", ["0", "65536", "http", "-1"])
def test_an_invalid_port_is_rejected(own_environment, port):
    own_environment["PORT"] = port
    with pytest.raises(StartError, match="PORT must be a number from 1 to 65535"):
        place.read_place()


def test_a_data_dir_that_is_a_file_is_rejected(own_environment, tmp_path):
    (tmp_path / "var").write_text("")
    with pytest.raises(StartError, match=re.escape(f"DATA_DIR {tmp_path / 'var'} can't be used")):
        place.read_place()


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.1", "http://127.0.0.1:8123"),
        ("0.0.0.0", "http://127.0.0.1:8123"),
        ("::1", "http://[::1]:8123"),
        ("bank.home", "http://bank.home:8123"),
    ],
)
def test_printed_address_can_be_opened(host, address, tmp_path):
    assert place.Place(host, 8123, tmp_path).address == address


def test_environment_variables_override_local_defaults(own_environment):
    own_environment |= {"DEMO": "false", "REDIS_URL": "redis://elsewhere:6379/0"}
    place.use_local_settings(place.read_place())
    assert own_environment["DEMO"] == "false"
    assert own_environment["HTTPS"] == "false"
    assert own_environment["REDIS_URL"] == "redis://elsewhere:6379/0"
    assert "EMBEDDED_BROKER" not in own_environment
    assert len(own_environment["SECRET_KEY"]) >= 64


def test_a_long_path_moves_the_socket_to_a_shorter_one(tmp_path):
    socket_path = place.valkey_socket(tmp_path / ("d" * 120))
    assert len(str(socket_path)) <= place.LONGEST_SOCKET_PATH
    assert socket_path.parent.stat().st_mode & 0o777 == 0o700
    assert place.valkey_socket(tmp_path / ("e" * 120)) != socket_path


def test_without_valkey_messages_and_cache_use_files(own_environment, monkeypatch, tmp_path):
    monkeypatch.setattr(place, "get_binary_path", None)
    monkeypatch.setenv("PATH", "")
    place.use_local_settings(place.read_place())
    assert own_environment["CELERY_BROKER_URL"] == "filesystem://localhost"
    assert own_environment["CACHE_URL"] == f"file://{tmp_path / 'var/cache'}"


def run_supervisor(tmp_path, script: str) -> supervisor.Supervisor:
    said: list[str] = []
    one = supervisor.Supervisor(tmp_path / "run.json", dict(os.environ), said.append)
    one.said = said
    one.start(supervisor.Child("thing", [sys.executable, "-c", script]))
    return one


@pytest.mark.slow
def test_a_child_that_keeps_failing_stops_everything(tmp_path, monkeypatch):
    monkeypatch.setattr(supervisor, "BACK_OFF", (0, 0))
    one = run_supervisor(tmp_path, "raise SystemExit(3)")
    assert one.watch() is False
    one.stop()
    assert one.said == [
        "The thing ended (exit code 3); starting it again in 0 s.",
        "The thing ended (exit code 3); starting it again in 0 s.",
        "The thing ended 3 times in a row (exit code 3): see the lines above. "
        "Everything is being stopped.",
    ]


def test_leftover_processes_are_ended_with_their_children(tmp_path):
    forking = "import os, time; os.fork(); time.sleep(60)"
    one = run_supervisor(tmp_path, forking)
    [child] = one.children
    assert supervisor.end_leftovers(one.record) == ["thing"]
    assert child.process.wait(timeout=120) == -signal.SIGTERM
    assert supervisor.end_leftovers(one.record) == []


def test_a_reused_process_id_is_left_alone(tmp_path):
    one = run_supervisor(tmp_path, "import time; time.sleep(60)")
    record = json.loads(one.record.read_text())
    record["thing"]["born"] = "long ago"
    one.record.write_text(json.dumps(record))
    assert supervisor.end_leftovers(one.record) == []
    assert one.children[0].is_running()
    one.stop()


@pytest.mark.django_db
def test_demo_data_is_loaded_once(alice, monkeypatch, capsys):
    monkeypatch.setattr(prepare, "DEMO_EMAIL", alice.email)
    prepare.load_demo_once()
    assert capsys.readouterr().out == ""
