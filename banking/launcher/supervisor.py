"""Keep a few processes running together: start, watch, restart with pauses, stop in order.

Each child leads its own session, so that Ctrl-C reaches only the supervisor, which stops the
children in order. Their ids are stored in a file: after a `kill -9` the next start finds and ends
them.
"""

import contextlib
import ctypes
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

# Seconds to wait before each restart; their number limits consecutive failures.
BACK_OFF = (1, 2, 4, 8, 16)
# A child that has lived this long resets the count of consecutive failures.
STEADY_SECONDS = 60
POLL_SECONDS = 0.2
PR_SET_PDEATHSIG = 1
HAS_PROC = Path("/proc/self/stat").exists()


@dataclass
class Child:
    """One process to keep running."""

    name: str
    command: list[str]
    stop_seconds: float = 10
    # Started first and stopped last.
    others_need_it: bool = False
    # Celery prints its shutdown message on stdout; its logs go to stderr.
    is_silent: bool = False
    process: subprocess.Popen | None = None
    started: float = 0
    failures: int = 0
    restart_at: float | None = None

    def start(self, environment: dict[str, str]) -> None:
        self.restart_at = None
        self.started = time.monotonic()
        self.process = subprocess.Popen(
            self.command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL if self.is_silent else None,
            start_new_session=True,
            preexec_fn=_end_with_parent if sys.platform == "linux" else None,
        )

    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    @property
    def exit_code(self) -> int | None:
        """None until the process has exited."""
        return self.process.returncode if self.process is not None else None

    def ask_to_stop(self) -> None:
        if self.process is not None and self.is_running():
            self.process.terminate()

    def wait_stopped(self, seconds: float) -> None:
        """Wait that long, then kill its whole session."""
        if self.process is None:
            return
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(timeout=max(seconds, 0.1))
        _signal_session(self.process.pid, signal.SIGKILL)
        self.process.wait()


@dataclass
class Supervisor:
    """Runs children in order, and stops them in reverse order."""

    record: Path
    environment: dict[str, str]
    say: Callable[[str], None]
    children: list[Child] = field(default_factory=list)
    is_stopping: bool = False
    # Stop when the parent process is gone: killing `make` should stop everything it started.
    parent: int | None = None

    def run_once(self, child: Child) -> bool:
        """Wait for a process that ends by itself: True if it succeeded."""
        self.start(child)
        while child.is_running() and self._goes_on():
            time.sleep(POLL_SECONDS)
        if child.is_running():
            child.ask_to_stop()
            child.wait_stopped(child.stop_seconds)
        self.children.remove(child)
        return child.exit_code == 0

    def start(self, child: Child) -> None:
        self.children.append(child)
        child.start(self.environment)
        self._write_record()

    def watch(self) -> bool:
        """True after a request to stop; False if a child keeps failing."""
        while self._goes_on():
            time.sleep(POLL_SECONDS)
            for child in self.children:
                if not self._look_after(child):
                    return False
        return True

    def _goes_on(self) -> bool:
        if self.parent is not None and os.getppid() != self.parent:
            self.is_stopping = True
        return not self.is_stopping

    def _look_after(self, child: Child) -> bool:
        if self.is_stopping or child.is_running():
            return True
        now = time.monotonic()
        if child.restart_at is not None:
            if now >= child.restart_at:
                child.start(self.environment)
                self._write_record()
            return True
        code = child.exit_code
        child.failures = 0 if now - child.started >= STEADY_SECONDS else child.failures
        if child.failures >= len(BACK_OFF):
            self.say(
                f"The {child.name} ended {child.failures + 1} times in a row (exit code {code}): "
                "see the lines above. Everything is being stopped."
            )
            return False
        wait = BACK_OFF[child.failures]
        child.failures += 1
        child.restart_at = now + wait
        # Kill what it left behind (workers of a killed main process) before starting the new one.
        if child.process is not None:
            _signal_session(child.process.pid, signal.SIGKILL)
        self.say(f"The {child.name} ended (exit code {code}); starting it again in {wait} s.")
        return True

    def stop(self) -> None:
        """Stop all children in parallel, then the services they depend on."""
        for needed in (False, True):
            group = [child for child in self.children if child.others_need_it is needed]
            for child in group:
                child.ask_to_stop()
            begun = time.monotonic()
            for child in group:
                child.wait_stopped(child.stop_seconds - (time.monotonic() - begun))
        self.record.unlink(missing_ok=True)

    def stop_at_once(self) -> None:
        for child in self.children:
            if child.process is not None:
                _signal_session(child.process.pid, signal.SIGKILL)

    def _write_record(self) -> None:
        running = {
            child.name: {"pid": child.process.pid, "born": birth(child.process.pid)}
            for child in self.children
            if child.process is not None and child.is_running()
        }
        unfinished = self.record.with_suffix(".new")
        unfinished.write_text(json.dumps(running))
        unfinished.replace(self.record)


def end_leftovers(record: Path) -> list[str]:
    """End processes that a killed supervisor left running; returns their names."""
    try:
        left = json.loads(record.read_text())
    except (OSError, ValueError):
        return []
    # A process id alone is no proof: another process may have it by now.
    found = {name: entry["pid"] for name, entry in left.items() if _is_ours(**entry)}
    for pid in found.values():
        _signal_session(pid, signal.SIGTERM)
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline and any(_session_lives(pid) for pid in found.values()):
        time.sleep(0.05)
    for pid in found.values():
        _signal_session(pid, signal.SIGKILL)
    record.unlink(missing_ok=True)
    return list(found)


def birth(pid: int) -> str | None:
    """When a process started, as the system reports it; None if it is not running."""
    if HAS_PROC:
        state = _proc_stat(pid)
        return state[19] if state and state[0] != "Z" else None
    result = subprocess.run(
        ["/bin/ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True
    )
    return result.stdout.strip() or None


def _is_ours(pid: int, born: str | None) -> bool:
    """Whether it is our child: its start time matches; or it has exited and left members of its
    session running, whose existence keeps the system from reusing its id.
    """
    now = birth(pid)
    return now == born if now else _session_lives(pid)


def _session_lives(pid: int) -> bool:
    if HAS_PROC:
        members = (_proc_stat(int(p.name)) for p in Path("/proc").iterdir() if p.name.isdigit())
        return any(m and m[0] != "Z" and m[2] == str(pid) for m in members)
    try:
        os.killpg(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _proc_stat(pid: int) -> list[str]:
    """State, parent, process group, … as reported by Linux; empty if there is no such process."""
    try:
        # The name in the second field may contain spaces and parentheses.
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _signal_session(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)


def _end_with_parent() -> None:
    """Linux: send the child SIGTERM when the supervisor dies for any reason."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
