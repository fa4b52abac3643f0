"""The product on one machine: web, worker, beat and an embedded Valkey, in one command.

`python -m banking.launcher.serve` (what `make run` calls) runs until Ctrl-C. All state is under
DATA_DIR. With `manage <command> …` behind it, it runs a management command with the same settings.
"""

import contextlib
import fcntl
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import IO

import environ

from banking.launcher.place import (
    Place,
    StartError,
    read_place,
    use_local_settings,
    valkey_program,
    valkey_socket,
)
from banking.launcher.supervisor import Child, Supervisor, end_leftovers

ROOT = Path(__file__).resolve().parents[2]
READY_SECONDS = 60
NO_ANSWER = "no answer"
# Without Django's checks, which load every page and form: `migrate` has run them.
CELERY = (sys.executable, "-m", "celery", "--app", "banking", "--quiet", "--skip-checks")
DEMO_PASSWORD = "demo-Passw0rd!"
DEMO_SIGN_INS = (
    ("demo@example.com", "a household with three years of data"),
    ("viewer@example.com", "the same accounts, shared for viewing"),
    ("analyst@example.com", "the same accounts, shared with insights"),
    ("support@example.com", "staff: helps customers, sees no money"),
    ("auditor@example.com", "staff: reads everything, changes nothing"),
    ("admin@example.com", "staff: everything"),
)


def main(arguments: list[str]) -> int:
    os.chdir(ROOT)
    environ.Env.read_env(ROOT / ".env")
    try:
        place = read_place()
        use_local_settings(place)
        if arguments[:1] == ["manage"]:
            manage = [sys.executable, "manage.py", *arguments[1:]]
            return subprocess.run(manage).returncode
        with only_one(place):
            return serve(place)
    except StartError as reason:
        sys.stderr.write(f"{reason}\n")
        return 1


# --- One at a time ------------------------------------------------------------------------------


@contextlib.contextmanager
def only_one(place: Place):
    """Allow one supervisor per DATA_DIR; the lock ends with its process, however it ends."""
    with (place.data_dir / "run.lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise StartError(_who_runs(lock, place)) from None
        lock.seek(0)
        lock.truncate()
        lock.write(f"{place.address} (process {os.getpid()})")
        lock.flush()
        yield


def _who_runs(lock: IO[str], place: Place) -> str:
    lock.seek(0)
    return (
        f"It is already running at {lock.read() or 'an unknown address'} with the data in "
        f"{place.data_dir}.\nTo run a second instance, choose another PORT and DATA_DIR: "
        "make run PORT=8001 DATA_DIR=var-2"
    )


def require_free_port(place: Place) -> None:
    try:
        family, kind, _, _, address = socket.getaddrinfo(
            place.host, place.port, type=socket.SOCK_STREAM
        )[0]
    except OSError:
        raise StartError(f"HOST {place.host} is not an address of this machine.") from None
    with socket.socket(family, kind) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
            probe.listen()
        except PermissionError:
            raise StartError(f"Port {place.port} is reserved: choose one above 1023.") from None
        except OSError as error:
            raise StartError(
                f"Port {place.port} on {place.host} can't be used: {error.strerror}.\n"
                f"Choose another one: make run PORT={place.port % 65535 + 1}"
            ) from None


# --- Running ------------------------------------------------------------------------------------


def serve(place: Place) -> int:
    """Start from an empty folder to a working page, then run until stopped."""
    record = place.data_dir / "run.json"
    if end_leftovers(record):
        say("Stopped processes left over from an interrupted run.")
    require_free_port(place)
    clear_metrics(Path(os.environ["PROMETHEUS_MULTIPROC_DIR"]))
    supervisor = Supervisor(record=record, environment=dict(os.environ), say=say)
    if "MAKELEVEL" in os.environ:
        supervisor.parent = os.getppid()
    stop_on_signals(supervisor)
    try:
        if not start_all(place, supervisor):
            return 1
        return 0 if supervisor.watch() else 1
    finally:
        say("Stopping …")
        supervisor.stop()
        say("Stopped.")


def start_all(place: Place, supervisor: Supervisor) -> bool:
    say("Starting …")
    if "EMBEDDED_BROKER" in os.environ and valkey_program():
        supervisor.start(valkey(place.data_dir))
        wait_for_socket(valkey_socket(place.data_dir))
    elif "EMBEDDED_BROKER" in os.environ:
        say("Valkey isn't available here. Tasks and cache are kept in files instead: slower.")
    if not os.environ.get("SANDBOX_BANK_URL"):
        bank, address = sandbox_bank(place.data_dir)
        supervisor.environment["SANDBOX_BANK_URL"] = address
        supervisor.start(bank)
    prepare = Child("preparation", [sys.executable, "-m", "banking.launcher.prepare"])
    if not supervisor.run_once(prepare):
        if not supervisor.is_stopping:
            say(f"The database was not prepared (exit code {prepare.exit_code}).")
        return False
    supervisor.start(web(place))
    if not wait_until_ready(place, supervisor):
        return False
    supervisor.start(worker())
    supervisor.start(beat())
    say(welcome(place))
    return True


def valkey(data_dir: Path) -> Child:
    """Keep messages on disk; when memory is full, evict only keys with an expiry (the cache)."""
    folder = data_dir / "valkey"
    folder.mkdir(mode=0o700, exist_ok=True)
    options = {
        "--port": "0",
        "--unixsocket": str(valkey_socket(data_dir)),
        "--unixsocketperm": "700",
        "--dir": str(folder),
        "--save": "",
        "--appendonly": "yes",
        "--maxmemory": "256mb",
        "--maxmemory-policy": "volatile-lru",
        "--loglevel": "warning",
        "--logfile": str(data_dir / "valkey.log"),
    }
    command = [str(valkey_program()), *(part for pair in options.items() for part in pair)]
    return Child("broker (Valkey)", command, stop_seconds=5, others_need_it=True)


def sandbox_bank(data_dir: Path) -> tuple[Child, str]:
    """Start the sandbox bank with invented money on a free port; returns its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    module = "transactions.sources.banks.sandbox_server"
    command = [sys.executable, "-m", module, "--port", str(port), "--data", str(data_dir)]
    return Child("sandbox bank", command, is_silent=True), f"http://127.0.0.1:{port}"


def web(place: Place) -> Child:
    return Child(
        "web server",
        [
            *(sys.executable, "-m", "banking.web", "--host", place.host, "--port", str(place.port)),
            *("--workers", os.environ.get("WEB_WORKERS", "2"), "--workers-kill-timeout", "8"),
            *("--log-level", "warning"),
        ],
    )


def worker() -> Child:
    """Run worker processes, not threads: only a process can be killed when its
    task takes too long.
    """
    return Child(
        "worker (Celery)",
        [
            *CELERY,
            "worker",
            *("--pool", "prefork", "--concurrency", os.environ.get("TASK_WORKERS", "2")),
            *("--without-gossip", "--without-mingle", "--max-tasks-per-child", "500"),
            *("--loglevel", "WARNING"),
        ],
        stop_seconds=30,
        is_silent=True,
    )


def beat() -> Child:
    """Run beat in its own process: there must be exactly one, however many workers there are."""
    return Child(
        "scheduler (Celery beat)",
        [
            *CELERY,
            "beat",
            *("--pidfile", "", "--loglevel", "WARNING"),
        ],
        is_silent=True,
    )


def stop_on_signals(supervisor: Supervisor) -> None:
    """The first Ctrl-C or SIGTERM stops in order, the second immediately."""

    def handle(number: int, frame: object) -> None:
        if supervisor.is_stopping:
            supervisor.stop_at_once()
        supervisor.is_stopping = True
        if number != signal.SIGINT:
            say(f"Asked to stop by {signal.Signals(number).name}.")

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, handle)


def clear_metrics(folder: Path) -> None:
    """Delete the counts of dead processes."""
    folder.mkdir(parents=True, exist_ok=True)
    for file in folder.glob("*.db"):
        file.unlink(missing_ok=True)


def wait_for_socket(path: Path) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        with (
            socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe,
            contextlib.suppress(OSError),
        ):
            probe.connect(str(path))
            return
        time.sleep(0.02)
    raise StartError(f"The broker doesn't respond; see {path.parent / 'valkey.log'}.")


def wait_until_ready(place: Place, supervisor: Supervisor) -> bool:
    """Wait until the page that checks database, cache and broker succeeds."""
    deadline = time.monotonic() + READY_SECONDS
    answer = NO_ANSWER
    while time.monotonic() < deadline and not supervisor.is_stopping:
        if not supervisor.children[-1].is_running():
            say("The web server ended before it was ready: see the lines above.")
            return False
        try:
            with urllib.request.urlopen(f"{place.address}/readyz", timeout=5) as response:  # noqa: S310
                response.read()
                return True
        except urllib.error.HTTPError as error:
            answer = error.read().decode(errors="replace")[:300]
        except OSError:
            pass
        # Log every refusal, but not a missing response.
        time.sleep(1 if answer != NO_ANSWER else 0.1)
    if not supervisor.is_stopping:
        say(f"The web server was not ready after {READY_SECONDS} s: {answer}")
    return False


def welcome(place: Place) -> str:
    name = os.environ.get("SITE_NAME", "Tallybank")
    lines = ["", f"  {name} is at {place.address}", ""]
    if os.environ["DEMO"].lower() in {"true", "1", "yes", "on"}:
        lines += [f"  Sign in with the password {DEMO_PASSWORD} as"]
        lines += [f"    {email:<22}{what}" for email, what in DEMO_SIGN_INS]
        if not place.is_local:
            lines += ["  Anyone who can reach this machine can use them; DEMO=false removes them."]
        lines += [""]
    lines += [
        f"  The API is described at {place.address}/docs, staff work at {place.address}/admin/",
        f"  Data and mails are in {place.data_dir}",
        "  Ctrl-C stops everything.",
        "",
    ]
    return "\n".join(lines)


def say(sentence: str) -> None:
    with contextlib.suppress(OSError):  # The terminal may be gone when we stop.
        sys.stdout.write(f"{sentence}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
