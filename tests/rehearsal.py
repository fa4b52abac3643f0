"""Several web processes under load, for real: an upgrade, or processes that are killed.

Web processes serve on one PostgreSQL, while clients read and transfer money, each transfer with an
Idempotency-Key. No client asks twice. Every response is judged, and at the end every acknowledged
transfer must be booked once and the ledger must be right.

`make rehearse ARGS='--old REVISION --seconds 60'`: two processes of the old revision behind nginx
(deploy/nginx/banking.conf). The new revision migrates the database; then each process is stopped by
SIGTERM and replaced by one of the new revision.

`make rehearse ARGS='--kills 6'`: three processes of this revision behind HAProxy
(deploy/haproxy/banking.cfg). One after the other is killed and started again.
"""

import argparse
import contextlib
import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from banking.launcher.serve import DEMO_PASSWORD
from tests import servers
from tests.servers import free_port

ROOT = Path(__file__).resolve().parent.parent
READY_SECONDS = 90
# They share two accounts, so their transfers wait for each other.
WRITERS = 2
CASH = ("checking", "savings")


@dataclass
class Load:
    """Clients that read and transfer until they are stopped, and what they were answered."""

    port: int
    token: str
    accounts: tuple[int, int]
    answers: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    booked: list[str] = field(default_factory=list)
    longest: float = 0.0
    is_over: bool = False

    def run(self, number: int) -> None:
        """One client. Two of them transfer every second time, the others only read."""
        turn = number
        while not self.is_over:
            turn += 1
            key = str(uuid.uuid4())
            begun = time.monotonic()
            try:
                is_transfer = number < WRITERS and turn % 2 == 0
                status = self._transfer(key, turn) if is_transfer else self._read(turn)
            except (OSError, http.client.HTTPException, ValueError) as error:
                # ValueError: the proxy's own error page.
                status = f"{type(error).__name__} {error}"[:60]
            self.longest = max(self.longest, time.monotonic() - begun)
            self.answers[str(status)] += 1
            if status == 201:
                self.booked.append(key)
            elif status != 200:
                self.failures.append(f"{status} in turn {turn} of client {number}")

    def _read(self, turn: int) -> int:
        paths = ("/api/accounts", "/api/transactions", "/healthz")
        return ask(self.port, "GET", paths[turn % 3], token=self.token)[0]

    def _transfer(self, key: str, turn: int) -> int:
        source, target = self.accounts if turn % 4 else self.accounts[::-1]
        body = {"source": source, "target": target, "amount": "0.01", "description": key}
        return ask(self.port, "POST", "/api/transfers", body, token=self.token, key=key)[0]


def ask(
    port: int, method: str, path: str, body: Any = None, *, token: str = "", key: str = ""
) -> tuple[int, Any]:
    """One request on a connection of its own: the status and the JSON of the answer."""
    headers = {"Content-Type": "application/json", "Host": "localhost"}
    headers |= {"Authorization": f"Bearer {token}"} if token else {}
    headers |= {"Idempotency-Key": key} if key else {}
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request(method, path, json.dumps(body) if body else None, headers)
        answer = connection.getresponse()
        text = answer.read()
        if text[:1] == b"<":
            raise ValueError(answer.status, text[:40])
        return answer.status, json.loads(text or b"null")
    finally:
        connection.close()


@contextlib.contextmanager
def nginx(folder: Path, ports: list[int]) -> Iterator[int]:
    """The port of an nginx with our configuration, without its TLS."""
    own = free_port()
    text = (ROOT / "deploy/nginx/banking.conf").read_text()
    servers_of_upstream = "".join(
        f"server 127.0.0.1:{port} max_fails=1 fail_timeout=2s;" for port in ports
    )
    text = re.sub(
        r"server 127\.0\.0\.1:8000.*?server 127\.0\.0\.1:8001[^;]*;",
        servers_of_upstream,
        text,
        flags=re.S,
    )
    text = re.sub(r"server \{\s*listen 80;.*?\n\}\n", "", text, flags=re.S)
    text = text.replace("listen 443 ssl;", f"listen 127.0.0.1:{own};").replace(
        "X-Forwarded-Proto https", "X-Forwarded-Proto http"
    )
    text = re.sub(r"\n\s*ssl_\w+ [^;]*;", "", text)
    (folder / "nginx.conf").write_text(
        f"daemon off; pid {folder}/nginx.pid; error_log {folder}/nginx.log;\n"
        f"events {{}}\nhttp {{ access_log off; client_body_temp_path {folder}/body;\n"
        f"proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u;"
        f" scgi_temp_path {folder}/s;\n{text}\n}}\n"
    )
    process = subprocess.Popen(
        [servers.program("nginx", "nginx-light"), "-p", folder, "-c", folder / "nginx.conf"],
        start_new_session=True,
    )
    try:
        wait_for_port(own)
        yield own
    finally:
        process.send_signal(signal.SIGQUIT)
        process.wait(timeout=30)


def wait_for_port(port: int) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return
        time.sleep(0.05)
    raise SystemExit(f"Nothing listens on port {port}.")


@contextlib.contextmanager
def haproxy(folder: Path, ports: list[int]) -> Iterator[int]:
    """The port of an HAProxy with our configuration, without its TLS."""
    own = free_port()
    text = (ROOT / "deploy/haproxy/banking.cfg").read_text()
    for number, port in enumerate(ports):
        text = text.replace(f"127.0.0.1:{8000 + number}", f"127.0.0.1:{port}")
    text = re.sub(r"\n    bind :443 .*|\n    http-request redirect .*", "", text)
    text = text.replace("bind :80", f"bind 127.0.0.1:{own}")
    text = text.replace("X-Forwarded-Proto https", "X-Forwarded-Proto http")
    text = text.replace("hdr Host bank.example", "hdr Host localhost")
    (folder / "haproxy.cfg").write_text(text)
    program = servers.program("haproxy", "haproxy")
    process = subprocess.Popen([program, "-q", "-f", folder / "haproxy.cfg"])
    try:
        wait_for_port(own)
        yield own
    finally:
        process.terminate()
        process.wait(timeout=30)


class Web:
    """One web process of a revision, as in deploy/systemd/banking-web@.service."""

    def __init__(self, code: Path, port: int, environment: dict[str, str], log: Path) -> None:
        self.port = port
        with log.open("a") as output:
            self.process = subprocess.Popen(
                [
                    *(sys.executable, "-m", *server_of(code)),
                    *("--host", "127.0.0.1", "--port", str(port), "--workers", "1"),
                    *("--workers-kill-timeout", "20", "--log-level", "warning"),
                ],
                cwd=code,
                env=environment,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def wait_ready(self, path: str = "/readyz") -> None:
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline and self.process.poll() is None:
            with contextlib.suppress(OSError):
                if ask(self.port, "GET", path)[0] == 200:
                    return
            time.sleep(0.2)
        raise SystemExit(f"The web process on port {self.port} was not ready.")

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(timeout=60)

    def kill(self) -> None:
        """Kill the main process and its workers."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


def server_of(code: Path) -> list[str]:
    """The web server's module and, in a revision without one of ours, its options."""
    if (code / "banking/web.py").exists():
        return ["banking.web"]
    return [
        *("granian", "banking.wsgi:application", "--interface", "wsgi", "--no-ws"),
        *("--blocking-threads", "4", "--backpressure", "64", "--respawn-failed-workers"),
        *("--http1-header-read-timeout", "10000"),
    ]


def manage(code: Path, environment: dict[str, str], *arguments: str) -> str:
    """Run a management command of that revision."""
    command = [sys.executable, "manage.py", *arguments]
    result = subprocess.run(command, cwd=code, env=environment, capture_output=True, text=True)
    if result.returncode:
        raise SystemExit(f"{' '.join(arguments)} failed: {result.stdout}{result.stderr}")
    return result.stdout


def own_checks(environment: dict[str, str]) -> dict[str, str]:
    """What each of the product's own checks complains about; "" if nothing."""
    found = dict.fromkeys(("check_ledger", "verify_audit"), "")
    for check in found:
        try:
            manage(ROOT, environment, check)
        except SystemExit as error:
            found[check] = str(error)
    return found


@contextlib.contextmanager
def checkout(revision: str, folder: Path) -> Iterator[Path]:
    """The code of a revision; this folder's if none is given."""
    if not revision:
        yield ROOT
        return
    code = folder / "old"
    git = ["git", "-C", str(ROOT), "worktree"]
    subprocess.run([*git, "add", "--quiet", "--detach", str(code), revision], check=True)
    try:
        (code / "node_modules").symlink_to(ROOT / "node_modules")
        yield code
    finally:
        subprocess.run([*git, "remove", "--force", str(code)], check=True)


def settings_for(folder: Path, database: str, broker: str) -> dict[str, str]:
    """The environment of the processes."""
    return servers.environment_without_settings() | {
        "SECRET_KEY": "rehearsal-" * 5,
        "DATABASE_URL": database,
        "REDIS_URL": broker,
        "DATA_DIR": str(folder / "data"),
        "HTTPS": "false",
        "DEMO": "true",
        "READ_DOT_ENV": "false",
        "RATE_LIMITS": "api-read=off,api-write=off",
        "BEHIND_PROXY": "true",
        "TRUSTED_PROXY_COUNT": "1",
        "LOG_LEVEL": "WARNING",
    }


class Rehearsal:
    """Web processes of one instance, and what is done to them while clients use it."""

    def __init__(self, code: Path, folder: Path, environment: dict[str, str], count: int) -> None:
        self.folder, self.environment = folder, environment
        manage(code, environment, "migrate", "--noinput", "-v", "0")
        manage(code, environment, "load_demo")
        self.webs = [self.start(code, free_port()) for _ in range(count)]

    def start(self, code: Path, port: int) -> Web:
        return Web(code, port, self.environment, self.folder / "web.log")

    @property
    def ports(self) -> list[int]:
        return [web.port for web in self.webs]

    def upgrade(self, seconds: float) -> None:
        """Replace each process by one of this revision."""
        time.sleep(seconds / 3)
        manage(ROOT, self.environment, "migrate", "--noinput", "-v", "0")
        for number, web in enumerate(self.webs):
            web.stop()
            self.webs[number] = self.start(ROOT, web.port)
            self.webs[number].wait_ready()
            time.sleep(seconds / 3)

    def kill(self, times: int, seconds: float) -> None:
        """Kill one process after the other in the middle of its work."""
        for turn in range(times):
            time.sleep(seconds / times)
            number = turn % len(self.webs)
            self.webs[number].kill()
            self.webs[number] = self.start(ROOT, self.webs[number].port)
            self.webs[number].wait_ready()

    def under_load(self, front: int, clients: int, act: Callable[[], None]) -> Load:
        """Act while clients ask the front, and judge what they were answered."""
        for web in self.webs:
            web.wait_ready()
        load = signed_in(front)
        threads = [threading.Thread(target=load.run, args=(number,)) for number in range(clients)]
        for thread in threads:
            thread.start()
        try:
            act()
        finally:
            load.is_over = True
            for thread in threads:
                thread.join()
        _judge(load, self.environment)
        return load

    def stop(self) -> None:
        for web in self.webs:
            web.stop()


def rehearse(
    *, old: str, seconds: float, clients: int, kills: int, database: str, broker: str
) -> Load:
    """Kill processes, or upgrade from `old` to this folder's code, under load. Asserts that nothing
    was lost.
    """
    folder = Path(tempfile.mkdtemp(prefix="rehearsal-"))
    environment = settings_for(folder, database, broker)
    try:
        with checkout(old, folder) as code, contextlib.ExitStack() as stack:
            rehearsal = Rehearsal(code, folder, environment, 3 if kills else 2)
            stack.callback(rehearsal.stop)
            front = stack.enter_context((haproxy if kills else nginx)(folder, rehearsal.ports))

            def act() -> None:
                if kills:
                    rehearsal.kill(kills, seconds)
                else:
                    rehearsal.upgrade(seconds)

            return rehearsal.under_load(front, clients, act)
    finally:
        if "KEEP_REHEARSAL" not in os.environ:
            shutil.rmtree(folder, ignore_errors=True)


def signed_in(front: int) -> Load:
    credentials = {"email": "demo@example.com", "password": DEMO_PASSWORD}
    status, tokens = ask(front, "POST", "/api/auth/login", credentials)
    assert status == 200, tokens
    _, accounts = ask(front, "GET", "/api/accounts", token=tokens["access"])
    found = [row["id"] for row in accounts["results"] if row["account_type"] in CASH][:2]
    return Load(front, tokens["access"], (found[0], found[1]))


def _judge(load: Load, environment: dict[str, str]) -> None:
    script = (
        "from transactions.models import Transaction as T;"
        "print(*T.objects.filter(origin='transfer').values_list('description', flat=True))"
    )
    stored = Counter(manage(ROOT, environment, "shell", "-v", "0", "-c", script).split())
    lost = [key for key in load.booked if stored[key] != 2]
    assert not load.failures, (dict(load.answers), load.failures[:5])
    assert not lost, f"{len(lost)} acknowledged transfers are not booked once"
    manage(ROOT, environment, "check_ledger")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--old", default="", help="the revision to upgrade from (default: this)")
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--kills", type=int, default=0, help="kill processes, do not upgrade")
    options = parser.parse_args()
    with servers.postgresql() as database, servers.valkey() as broker:
        load = rehearse(database=database, broker=broker, **vars(options))
    answered = dict(sorted(load.answers.items()))
    sys.stdout.write(
        f"{sum(load.answers.values())} requests {answered}, {len(load.booked)} transfers, "
        f"failed 0, longest {load.longest:.2f} s; the ledger is right\n"
    )


if __name__ == "__main__":
    main()
