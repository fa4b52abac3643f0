"""The bank test while primaries are lost: `make rehearse-patroni ARGS='--transfers N --kills N'`.

Patroni and etcd, from Debian's packages, lead three PostgreSQL on this machine with synchronous
replication. `kill -9` takes from the primary what a lost machine takes, PostgreSQL and its Patroni.
Once a standby has taken over, the lost one starts again and follows it; once all three are in step,
the next primary is lost. Clients and judge are those of `make chaos`. Exits 0 if all primaries were
lost as planned, nothing is wrong with the books, and all three servers hold the same.
"""

import argparse
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from tests import servers
from tests.chaos import Plan, Reaper, Report, bank_test, carry_out
from tests.rehearsal import Web, wait_for_port

MEMBERS = 3
WAIT_SECONDS = 180
LOOK_SECONDS = 0.5
# How soon a silent primary counts as lost (Patroni's shortest), and how often Patroni looks.
LEADER_SECONDS, ROUND_SECONDS, ANSWER_SECONDS = 20, 2, 5
# One row a standby: whether it is in step, and whether a commit waits for it.
STANDBYS = "SELECT state = 'streaming', sync_state = 'sync' FROM pg_stat_replication"
HELD = (
    "SELECT (SELECT count(*) FROM transactions_transfer), (SELECT sum(balance) FROM"
    " accounts_account), (SELECT count(*) FROM users_auditevent), NOT pg_is_in_recovery()"
)


@dataclass
class Member:
    """A PostgreSQL and the Patroni that starts it."""

    folder: Path
    port: int
    owner: dict[str, str]
    process: subprocess.Popen | None = None

    def start(self) -> None:
        program = servers.program("patroni", "patroni", "python3-etcd")
        with (self.folder / "log").open("a") as log:
            self.process = subprocess.Popen(
                [program, self.folder / "patroni.json"],
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                **self.owner,
            )

    def kill(self) -> None:
        """Take both at once."""
        assert self.process is not None
        postmaster = int((self.folder / "data/postmaster.pid").read_text().split()[0])
        self.process.kill()
        os.kill(postmaster, signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        """Patroni stops its PostgreSQL."""
        if self.process is not None:
            self.process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(timeout=60)


class Cluster:
    """Three members. `url` leads to whichever of them takes changes."""

    def __init__(self, members: list[Member]) -> None:
        self.members = members

    @property
    def url(self) -> str:
        hosts = ",".join(f"127.0.0.1:{member.port}" for member in self.members)
        return f"postgres://postgres@{hosts}/postgres?target_session_attrs=read-write"

    def ask(self, query: str, member: Member | None = None) -> tuple[int, list[tuple[Any, ...]]]:
        """The port of the server that answered, and its rows. Without a member: the primary."""
        url = f"postgres://postgres@127.0.0.1:{member.port}/postgres" if member else self.url
        with psycopg.connect(url, connect_timeout=2) as connection:
            return connection.info.port, connection.execute(query).fetchall()  # type: ignore[arg-type]

    def primary(self) -> Member | None:
        """The member that takes changes, if there is one."""
        with contextlib.suppress(psycopg.Error):
            port, _ = self.ask("SELECT 1")
            return next(member for member in self.members if member.port == port)
        return None

    def is_whole(self) -> bool:
        """Whether all others follow the primary, and commits wait for one of them."""
        with contextlib.suppress(psycopg.Error):
            _, rows = self.ask(STANDBYS)
            follows, waited_for = zip(*rows, strict=True) if rows else ((), ())
            return sum(follows) == MEMBERS - 1 and any(waited_for)
        return False

    def differing(self) -> int:
        """How many members hold other books than the primary, or believe they are it."""
        held = []
        for member in self.members:
            with contextlib.suppress(psycopg.Error):
                held.append(self.ask(HELD, member)[1][0])
        books = {row[:3] for row in held}
        return MEMBERS - len(held) + len(books) - 1 + abs(sum(row[3] for row in held) - 1)


class Loss(Reaper):
    """Takes the primary `plan.database_kills` times, over the first half of the transfers at the
    earliest, and measures from each loss to the first decision of the next primary.
    """

    def __init__(self, start: Callable[[int], Web], cluster: Cluster, plan: Plan) -> None:
        super().__init__(start, cluster.members[0], plan)  # type: ignore[arg-type]
        self.cluster = cluster
        between = plan.transfers // (2 * plan.database_kills)
        self.moments = [((n + 1) * between, "db") for n in range(plan.database_kills)]
        self.lost: Member | None = None
        self.lost_at = self.looked_at = 0.0

    def look(self, done: int) -> None:
        self._watch_return(done)
        if time.monotonic() < self.looked_at + LOOK_SECONDS:
            return
        if self.lost:
            primary = self.cluster.primary()
            if primary and primary is not self.lost:
                self.lost.start()
                self.lost = None
                self.back = self.lost_at, done
        elif self.moments and self.moments[0][0] <= done and self.cluster.is_whole():
            self.lost = self.cluster.primary()
            if self.lost:
                self.lost.kill()
                self.lost_at = time.monotonic()
                self.killed[self.moments.pop(0)[1]] += 1
        self.looked_at = time.monotonic()

    def stop(self) -> None:
        """The web processes; then wait for what the judge reads."""
        super().stop()
        if self.lost:
            self.lost.start()
        until(self.cluster.is_whole, "The three servers are not in step.")


def until(is_so: Callable[[], Any], otherwise: str) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while not is_so():
        if time.monotonic() > deadline:
            raise SystemExit(otherwise)
        time.sleep(LOOK_SECONDS)


@contextlib.contextmanager
def cluster() -> Iterator[Cluster]:
    """A running cluster, which stops with the block."""
    folder = Path(tempfile.mkdtemp(prefix="patroni-"))
    folder.chmod(0o755)
    try:
        with etcd(folder) as store:
            members = [member_of(folder, number, store) for number in range(MEMBERS)]
            found = Cluster(members)
            try:
                for member in members:
                    member.start()
                until(found.is_whole, "The cluster did not start.")
                yield found
            finally:
                for member in members:
                    member.stop()
    finally:
        if "KEEP_PATRONI" not in os.environ:
            shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def etcd(folder: Path) -> Iterator[int]:
    """The port of an etcd of its own."""
    own, peers = servers.free_port(), servers.free_port()
    at, for_peers = f"http://127.0.0.1:{own}", f"http://127.0.0.1:{peers}"
    with (folder / "etcd.log").open("w") as log:
        process = subprocess.Popen(
            [
                *(servers.program("etcd", "etcd-server"), "--data-dir", folder / "etcd"),
                *("--listen-client-urls", at, "--advertise-client-urls", at),
                *("--listen-peer-urls", for_peers, "--initial-advertise-peer-urls", for_peers),
                *("--initial-cluster", f"default={for_peers}", "--logger", "zap"),
            ],
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        wait_for_port(own)
        yield own
    finally:
        process.terminate()
        process.wait()


def member_of(folder: Path, number: int, store: int) -> Member:
    own = folder / f"member{number}"
    own.mkdir()
    member = Member(own, servers.free_port(), servers.owner_for(own))
    here, rest = f"127.0.0.1:{member.port}", f"127.0.0.1:{servers.free_port()}"
    trusted = {"username": "postgres"}
    settings = {
        "scope": "banking",
        "name": own.name,
        "restapi": {"listen": rest, "connect_address": rest},
        "etcd3": {"host": f"127.0.0.1:{store}"},
        "bootstrap": {
            "dcs": {
                "ttl": LEADER_SECONDS,
                "loop_wait": ROUND_SECONDS,
                "retry_timeout": ANSWER_SECONDS,
                # An acknowledged commit is on two servers, and only such a standby takes over.
                "synchronous_mode": True,
                "postgresql": {
                    "use_pg_rewind": True,
                    "parameters": {"max_connections": 200, "shared_buffers": "64MB"},
                },
            },
            "initdb": [{"encoding": "UTF8"}, {"locale": "C.UTF-8"}, "data-checksums"],
        },
        "postgresql": {
            "listen": here,
            "connect_address": here,
            "data_dir": str(own / "data"),
            "bin_dir": str(servers.postgresql_programs()),
            "pgpass": str(own / "pgpass"),
            "authentication": dict.fromkeys(("superuser", "replication", "rewind"), trusted),
            "parameters": {"unix_socket_directories": str(own)},
            "pg_hba": [
                "local all all trust",
                "host all all 127.0.0.1/32 trust",
                "host replication all 127.0.0.1/32 trust",
            ],
        },
    }
    (own / "patroni.json").write_text(json.dumps(settings))
    return member


def run(plan: Plan) -> Report:
    with cluster() as found:
        report = bank_test(found.url, plan, lambda start: Loss(start, found, plan))
        # What the judge wrote last has to arrive everywhere.
        with contextlib.suppress(SystemExit):
            until(lambda: not found.differing(), "")
        missed = plan.database_kills - report.killed["db"]
        also = {"primaries not killed": missed, "members that differ": found.differing()}
        return report._replace(verdict=report.verdict | also)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--transfers", type=int, default=3000)
    parser.add_argument("--clients", type=int, default=8)
    # Primaries, no web processes.
    parser.set_defaults(kills=0)
    parser.add_argument("--kills", dest="database_kills", metavar="KILLS", type=int, default=10)
    return carry_out(parser, run)


if __name__ == "__main__":
    sys.exit(main())
