"""A thousand connected banks, synced by two real workers.

    .venv/bin/python benchmarks/bank_sync.py [--connections N] [--down N]

A Valkey as broker, two Celery worker processes, and the sandbox bank, each a process of its own, on
a fresh SQLite database (or what DATABASE_URL names, empty). Every connection is due at once; the
scheduler's tick is repeated until none is. Some banks are down the whole time. Tells how long the
first and the last connection waited, how many syncs each had, and the workers' peak memory before
and after.
"""

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from datetime import timedelta
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
TICK_SECONDS = 5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--connections", type=int, default=1000)
    parser.add_argument("--down", type=int, default=50)
    options = parser.parse_args()
    from tests import servers

    folder = Path(tempfile.mkdtemp(prefix="bank-sync-"))
    port = servers.free_port()
    with servers.valkey() as broker:
        os.environ.update(
            {
                "DJANGO_SETTINGS_MODULE": "banking.settings",
                "READ_DOT_ENV": "false",
                "HTTPS": "false",
                "SECRET_KEY": "a key for a benchmark, longer than fifty characters in all",
                "DATA_DIR": str(folder),
                "DATABASE_URL": os.environ.get("DATABASE_URL", f"sqlite:///{folder}/db.sqlite3"),
                "REDIS_URL": broker,
                "SANDBOX_BANK_URL": f"http://127.0.0.1:{port}",
                "LOG_LEVEL": "ERROR",
            }
        )
        run("manage.py", "migrate", "--verbosity", "0")
        bank = start(
            *("-m", "transactions.sources.banks.sandbox_server"),
            *("--port", str(port), "--data", str(folder)),
        )
        workers: list[subprocess.Popen] = []
        try:
            measure(options.connections, options.down, workers)
        finally:
            for process in [*workers, bank]:
                process.send_signal(signal.SIGTERM)
                process.wait()


def run(*arguments: str) -> None:
    subprocess.run([sys.executable, *arguments], cwd=ROOT, check=True)


def start(*arguments: str) -> subprocess.Popen:
    return subprocess.Popen([sys.executable, *arguments], cwd=ROOT, start_new_session=True)


def measure(count: int, down: int, workers: list[subprocess.Popen]) -> None:
    import django

    django.setup()
    from django.utils import timezone

    from accounts.models import BankConnection, SyncRun
    from transactions.models import Transaction
    from transactions.tasks import sync_due_banks

    begun = time.perf_counter()
    fill(count, down)
    print(f"{count} connections made in {time.perf_counter() - begun:.1f} s, {down} of them down")
    for number in range(2):
        workers.append(
            start(
                *("-m", "celery", "--app", "banking", "--quiet", "worker", "--pool", "solo"),
                *("--without-gossip", "--without-mingle", "--loglevel", "WARNING"),
                *("--hostname", f"bench{number}@%h"),
            )
        )
    time.sleep(10)
    before = [peak_megabytes(worker.pid) for worker in workers]
    at, begun = timezone.now(), time.perf_counter()
    BankConnection.objects.update(next_sync_at=at)
    middle: list[float] = []
    ticks = 0
    while (
        SyncRun.objects.filter(status__in=("done", "failed"))
        .values("connection")
        .distinct()
        .count()
        < count
    ):
        sync_due_banks()
        ticks += 1
        time.sleep(TICK_SECONDS)
        if not middle and SyncRun.objects.exclude(ended_at=None).count() > count // 4:
            middle = [peak_megabytes(worker.pid) for worker in workers]
    wall = time.perf_counter() - begun
    after = [peak_megabytes(worker.pid) for worker in workers]
    runs = Counter(SyncRun.objects.values_list("connection", flat=True))
    firsts = sorted(
        (started - at).total_seconds()
        for started in SyncRun.objects.filter(status="done").values_list("started_at", flat=True)
    )
    print(f"all synced in {wall:.1f} s ({count / wall:.1f} a second), {ticks} ticks")
    print(f"lines added: {Transaction.objects.count()}")
    print(f"syncs a connection: {dict(Counter(runs.values()))}")
    print(f"statuses: {dict(Counter(SyncRun.objects.values_list('status', flat=True)))}")
    print(f"waited: first {firsts[0]:.1f} s, half {firsts[len(firsts) // 2]:.1f} s,"
          f" last {firsts[-1]:.1f} s")  # fmt: skip
    order = list(
        SyncRun.objects.filter(status="done").order_by("started_at", "pk")
        .values_list("connection", flat=True)
    )  # fmt: skip
    displaced = max(abs(place - rank) for rank, place in enumerate(ranks(order)))
    print(f"farthest from its turn: {displaced} places")
    print(f"peak memory of the workers: {before} MB before, {middle} MB after a quarter,"
          f" {after} MB at the end")  # fmt: skip


def ranks(order: list[int]) -> list[int]:
    place = {pk: number for number, pk in enumerate(sorted(order))}
    return [place[pk] for pk in order]


def fill(count: int, down: int) -> None:
    from django.utils import timezone

    from accounts.services import open_account
    from transactions.services import connecting
    from transactions.sources.banks.sandbox import SandboxBankConnector
    from users.models import User

    later = timezone.now() + timedelta(days=1)
    for number in range(count):
        user = User.objects.create(
            email=f"bench{number}@example.com", base_currency="USD", password="!"
        )
        given = {"institution": "northwind", "customer": str(user.pk)}
        asked = connecting.ask_bank(user=user, provider="sandbox", given=given)
        made = connecting.connect_bank(
            actor=user, user=user, provider="sandbox", asked=asked, at=later
        )
        account = open_account(actor=user, user=user, name="Savings", currency="USD")
        first = made.connected_accounts.get(name="Goal Savings").external_id
        connecting.map_accounts(actor=user, connection=made, choices={first: account})
        if number % count < down:
            SandboxBankConnector().control(asked.link.secret, "down")


def peak_megabytes(pid: int) -> int:
    """The most memory a process has used so far."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) // 1024
    return 0


if __name__ == "__main__":
    main()
