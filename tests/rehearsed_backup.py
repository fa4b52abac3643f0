"""A backup while transfers run, and its restore: `make rehearse-backup ARGS='--transactions N'`.

A demo household of `--transactions` on a private PostgreSQL. Clients read and transfer over the API
while `manage.py backup` runs; then `manage.py restore` fills an empty database. Its own proof must
hold (rows, audit heads, ledger), every transfer acknowledged before the backup began must be in it,
and every transfer in it must be whole.
"""

import argparse
import os
import shutil
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

import psycopg

from tests import servers
from tests.rehearsal import ROOT, Load, Web, manage, settings_for, signed_in

CLIENTS = 4
RESTORE_SECONDS = 15 * 60


def rehearse(database: str, environment: dict[str, str], folder: Path) -> None:
    """Back up under load and restore. Asserts that the restored database is right."""
    web = Web(ROOT, servers.free_port(), environment, folder / "log")
    archive = folder / "backup.tar.gz"
    try:
        web.wait_ready()
        load = signed_in(web.port)
        clients = [threading.Thread(target=load.run, args=(one,)) for one in range(CLIENTS)]
        for client in clients:
            client.start()
        while not load.booked:
            time.sleep(0.1)
        before, begun = list(load.booked), time.monotonic()
        say(manage(ROOT, environment, "backup", str(archive)).strip())
        say(f"backed up in {time.monotonic() - begun:.0f} s, {archive.stat().st_size / 1e6:.0f} MB")
        meanwhile = len(load.booked) - len(before)
        load.is_over = True
        for client in clients:
            client.join()
    finally:
        web.stop()
    tell_of(load, meanwhile)
    empty = {
        "DATABASE_URL": created(database, "restored"),
        "DATA_DIR": str(folder / "restored"),
    }
    begun = time.monotonic()
    say(manage(ROOT, environment | empty, "restore", str(archive)).strip())
    seconds = time.monotonic() - begun
    say(f"restored and proved in {seconds:.0f} s, load average {os.getloadavg()[0]:.1f}")
    legs = transfers(environment | empty)
    lost = [key for key in before if legs[key] != 2]
    halves = [key for key in load.booked if legs[key] not in {0, 2}]
    assert not load.failures, load.failures[:5]
    assert not lost, f"{len(lost)} transfers acknowledged before the backup are not in it"
    assert not halves, f"{len(halves)} transfers are half in the backup"
    assert seconds <= RESTORE_SECONDS


def tell_of(load: Load, meanwhile: int) -> None:
    answered = dict(sorted(load.answers.items()))
    say(f"answers {answered}, {meanwhile} transfers while it ran, longest {load.longest:.2f} s")


def transfers(environment: dict[str, str]) -> Counter[str]:
    """By description: the sides of the transfers that clients made."""
    script = (
        "from transactions.models import Transaction as T;"
        "print(*T.objects.filter(origin='transfer').values_list('description', flat=True))"
    )
    return Counter(manage(ROOT, environment, "shell", "-v", "0", "-c", script).split())


def created(database: str, name: str) -> str:
    """The URL of a new database on the same server."""
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return f"{database.rpartition('/')[0]}/{name}"


def say(sentence: str) -> None:
    sys.stdout.write(f"{sentence}\n")
    sys.stdout.flush()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--transactions", type=int, default=1_000_000)
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="backup-"))
    try:
        with servers.postgresql_server(forgetful=False) as server, servers.valkey() as broker:
            environment = settings_for(folder, server.url, broker)
            manage(ROOT, environment, "migrate", "--noinput", "-v", "0")
            manage(ROOT, environment, "load_demo", f"--transactions={options.transactions}")
            rehearse(server.url, environment, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
