"""The same bank lines imported by us, hledger and Actual, and our home beside Fava's month page.

    .venv/bin/python benchmarks/peers.py [--rows 100000] [--limit 240] [--only hledger …]
        [--peers /tmp/bench-peers] [--keep FOLDER]

All import the file and the 372 rules of import_100k.py; ours does so by the real path, with
duplicates, totals and audit, on PostgreSQL. Whoever takes longer than the limit is stopped: the
ratio is then at least that. Fava has the same lines as a Beancount file and answers for one month,
the same again and another each time; our home is of a household with as many transactions, kept
and computed, in turns with it. None of the peers is part of this repository, and one that isn't
installed is named as missing. Install them with `apt-get install hledger` and, in the folder of
`--peers`:

    python3 -m venv fava && fava/bin/pip install fava
    mkdir actual && cd actual && npm install @actual-app/api
"""

import argparse
import csv
import http.client
import io
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, closing, suppress
from pathlib import Path

import databases
from import_100k import make_csv, make_rules
from pages import HERE, ROOT, Served, ask, database_of, say

from tests import servers

FAVA = ("Fava, a month again", "Fava, another month")
HLEDGER_RULES = """skip 1
separator ;
fields date,,description,amount
date-format %d.%m.%Y
decimal-mark ,
currency EUR
account1 Assets:Everyday
account2 Expenses:Unknown
"""


class MissingError(Exception):
    """A peer isn't installed."""


def installed(path: Path) -> Path:
    if not path.exists():
        raise MissingError(path)
    return path


def lines_of(content: bytes):
    """(day, text, amount) as plain texts."""
    reader = csv.reader(io.StringIO(content.decode()), delimiter=";")
    next(reader)
    for day, _, text, amount, _ in reader:
        yield f"{day[6:]}-{day[3:5]}-{day[:2]}", text, amount.replace(",", ".")


# --- Import: seconds, CPU seconds -----------------------------------------------------------------


def ours(folder: Path, options: argparse.Namespace) -> tuple[float, float]:
    command = [sys.executable, HERE / "import_100k.py", "--part", "steps", "--rows"]
    environment = os.environ | {"DATABASE_URL": options.server}
    done = subprocess.run(
        [*command, str(options.rows)], env=environment, check=True, capture_output=True, text=True
    )
    found = json.loads(done.stdout.strip().splitlines()[-1])
    return found["total"], found["cpu"]


def hledger(folder: Path, options: argparse.Namespace) -> tuple[float, float]:
    program = installed(Path(shutil.which("hledger") or "hledger"))
    (folder / "bank.csv").write_bytes(make_csv(options.rows))
    rules = [
        f"\nif %description {re.sub('[*.]', '.', text)}\n account2 Expenses:{slug}\n"
        for text, slug in make_rules()
    ]
    (folder / "bank.rules").write_text(HLEDGER_RULES + "".join(rules))
    (folder / "books.journal").touch()
    begun, before = time.monotonic(), os.times()
    told = subprocess.run(
        [program, "-f", "books.journal", "import", "bank.csv", "--rules-file", "bank.rules"],
        cwd=folder,
        env=os.environ | {"LANG": "C.UTF-8"},
        timeout=options.limit,
        check=True,
        capture_output=True,
        text=True,
    )
    wall, after = time.monotonic() - begun, os.times()
    assert f"imported {options.rows} new" in told.stdout + told.stderr, told
    return wall, after.children_user - before.children_user


def actual(folder: Path, options: argparse.Namespace) -> tuple[float, float]:
    home = installed(options.peers / "actual" / "node_modules" / "@actual-app" / "api").parents[2]
    lines = [
        (day, text, round(float(amount) * 100))
        for day, text, amount in lines_of(make_csv(options.rows))
    ]
    (folder / "input.json").write_text(json.dumps({"rules": make_rules(), "lines": lines}))
    (folder / "actual").mkdir()
    told = subprocess.run(
        ["node", HERE / "peer_actual.cjs", folder / "input.json", folder / "actual"],
        cwd=home,
        timeout=options.limit,
        check=True,
        capture_output=True,
        text=True,
    )
    found = json.loads(told.stdout.strip().splitlines()[-1])
    assert found["added"] == options.rows, found
    return found["seconds"], found["cpu"]


IMPORTERS = {"ours": ours, "hledger": hledger, "actual": actual}


def compare_imports(options: argparse.Namespace) -> None:
    title = f"import of {options.rows:,} lines"
    say(f"\n{title:28}{'s':>9}{'CPU s':>9}{'× ours':>9}")
    own = 0.0
    for name in ("ours", *(name for name in options.only if name in IMPORTERS)):
        with tempfile.TemporaryDirectory() as folder:
            try:
                wall, cpu = IMPORTERS[name](Path(folder), options)
            except MissingError as missing:
                say(f"{name:28}  missing: no {missing}")
            except subprocess.TimeoutExpired:
                say(f"{name:28}{'stopped':>9}{'':9}{options.limit / own:8.1f}+")
            except subprocess.CalledProcessError as error:
                say(f"{name:28}  failed: {error.stderr[-300:]}")
            else:
                own = own or wall
                say(f"{name:28}{wall:9.1f}{cpu:9.1f}{wall / own:9.1f}")


# --- Home beside Fava's month ---------------------------------------------------------------------


def fava(stack: ExitStack, options: argparse.Namespace) -> int:
    """The port of a Fava with the lines, which has loaded them."""
    program = installed(options.peers / "fava" / "bin" / "fava")
    file = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "books.beancount"
    rules = make_rules()
    accounts = {slug: f"Expenses:{slug.capitalize()}" for _, slug in rules}
    opened = ["Assets:Everyday", "Expenses:Unknown", *dict.fromkeys(accounts.values())]
    with file.open("w") as books:
        books.write('option "title" "Bench"\noption "operating_currency" "EUR"\n')
        books.writelines(f"2000-01-01 open {name} EUR\n" for name in opened)
        for day, text, amount in lines_of(make_csv(options.rows)):
            other = next((accounts[slug] for word, slug in rules if word in text), opened[1])
            books.write(f'{day} * "{text}"\n  Assets:Everyday  {amount} EUR\n  {other}\n\n')
    port = servers.free_port()
    server = subprocess.Popen(
        [program, "--host", "127.0.0.1", "--port", str(port), file],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    stack.callback(server.wait)
    stack.callback(server.terminate)
    deadline = time.monotonic() + options.limit
    while time.monotonic() < deadline and server.poll() is None:
        with suppress(OSError):
            with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=1)) as probe:
                probe.connect()
            ask(port, month(0), {})
            return port
        time.sleep(0.2)
    raise SystemExit("Fava did not start.")


def month(turn: int) -> str:
    """Fava keeps what it has filtered for a while, so another month costs it more."""
    return f"/bench/api/income_statement?time={2016 + turn // 12}-{turn % 12 + 1:02d}"


def compare_pages(stack: ExitStack, options: argparse.Namespace) -> None:
    try:
        port = fava(stack, options)
    except MissingError as missing:
        say(f"\nFava is missing: no {missing}")
        return
    folder = options.keep or Path(stack.enter_context(tempfile.TemporaryDirectory()))
    folder = folder.absolute()
    redis = stack.enter_context(servers.valkey())
    url = database_of(options.rows, options.server, bool(options.keep), redis, folder)
    own = folder / "postgresql" / str(options.rows)
    served = Served(stack, options.rows, url, redis, own, ROOT)
    times: dict[str, list[float]] = {name: [] for name in (*FAVA, "home", "home, computed")}
    for turn in range(options.rounds + 2):
        found = {FAVA[0]: (port, month(0), {}), FAVA[1]: (port, month(turn + 1), {})}
        found |= {name: request for name, *request in served.requests() if name in times}
        for name, request in found.items():
            if name == "home":  # The one that is kept.
                ask(*request)
            seconds, _ = ask(*request)
            if turn > 1:
                times[name].append(seconds)
    p50 = {name: statistics.median(seconds) * 1000 for name, seconds in times.items()}
    title = f"page, {options.rows:,} lines"
    say(f"\n{title:28}{'p50 ms':>9}{'again / it':>12}{'another / it':>14}")
    for name, value in p50.items():
        again, another = (p50[peer] / value for peer in FAVA)
        say(f"{name:28}{value:9.1f}{again:12.1f}{another:14.1f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=12)
    parser.add_argument("--limit", type=float, default=240, help="seconds for each import")
    parser.add_argument("--peers", type=Path, default=Path(tempfile.gettempdir()) / "bench-peers")
    parser.add_argument("--keep", type=Path)
    peers = ("hledger", "actual", "fava")
    parser.add_argument("--only", nargs="*", choices=peers, default=peers)
    options = parser.parse_args()
    with ExitStack() as stack:
        options.server = databases.server(stack, options.keep)
        if set(options.only) & set(IMPORTERS):
            compare_imports(options)
        if "fava" in options.only:
            compare_pages(stack, options)
        say(f"load average {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
