"""100,000 CSV lines and 372 rules through the real import, beside less of the same.

    .venv/bin/python benchmarks/import_100k.py [--rows N] [--profile]

Each measurement runs in a process of its own on a fresh test database (SQLite, or what
DATABASE_URL names), so that its peak memory is its own. The bare insert puts ready-made tuples
into the same table with the same indexes: COPY on PostgreSQL, executemany on SQLite. The floor, on
PostgreSQL, is the least that any import in Python does: it parses the file, finds categories by the
rules, recognizes duplicates and copies into a table with three indexes. It asks nothing, and keeps
no totals, receipt or audit trail.
"""

import argparse
import cProfile
import csv
import hashlib
import io
import json
import os
import pstats
import random
import re
import resource
import subprocess
import sys
import time
from collections import Counter
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ["DJANGO_SETTINGS_MODULE"] = "banking.settings_test"

WORDS = ["REWE SAGT DANKE", "LIDL 0456", "Stadtwerke Abschlag", "MIETE", "Gehalt ACME GmbH",
         "AMAZON EU SARL", "Bäckerei Müller", "Tankstelle 77", "NETFLIX.COM", "PAYPAL *EBAY",
         "Apotheke am Markt", "DB Vertrieb", "Kino", "Restaurant Zur Post", "SPOTIFY"]  # fmt: skip


def make_csv(rows: int) -> bytes:
    """Ten years of one account with semicolons and decimal commas, as many banks export it."""
    rng = random.Random(7)
    start = date(2016, 1, 1)
    lines = ["Buchungstag;Valuta;Verwendungszweck;Betrag;Währung"]
    for number in range(rows):
        day = start + timedelta(days=number * 3650 // rows)
        cents = rng.randint(-20_000, 15_000) or 1
        text = f"{rng.choice(WORDS)} {rng.randint(1000, 9999)} Ref {number % 7919:05d}"
        amount = f"{cents / 100:.2f}".replace(".", ",")
        lines.append(f"{day:%d.%m.%Y};{day:%d.%m.%Y};{text};{amount};EUR")
    return "\n".join(lines).encode()


def make_rules() -> list[tuple[str, str]]:
    """372 rules, (text, category): the words of the file among texts that are in no line."""
    slugs = ("groceries", "restaurants", "rent", "fuel", "shopping")
    texts = [f"SHOP {number:03d}" for number in range(372)]
    texts[::25] = WORDS
    return [(text, slugs[place % len(slugs)]) for place, text in enumerate(texts)]


def set_up() -> None:
    import django

    django.setup()
    from django.conf import settings
    from django.test.utils import setup_databases

    settings.DATABASES["default"]["TEST"]["NAME"] = (
        settings.DATABASES["default"]["TEST"]["NAME"] + f"_bench{os.getpid()}"
    )
    return setup_databases(verbosity=0, interactive=False)


def tear_down(databases) -> None:
    from django.test.utils import teardown_databases

    teardown_databases(databases, verbosity=0)


def run_part(part: str, rows: int, profile: bool) -> None:
    databases = set_up()
    try:
        profiler = cProfile.Profile() if profile else None
        result = PARTS[part](rows, profiler)
        if profiler:
            pstats.Stats(profiler, stream=sys.stderr).sort_stats("tottime").print_stats(28)
    finally:
        tear_down(databases)
    result["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(json.dumps(result))


def _owner_and_account():
    from accounts.services import open_account
    from users.models import User

    user = User.objects.create_user("bench@example.com", "correct-Horse-battery-1")
    add_rules(user)
    return user, open_account(actor=user, user=user, name="Everyday", currency="EUR")


def add_rules(user) -> None:
    from transactions.models import Category, CategoryRule

    categories = {category.slug: category for category in Category.objects.filter(user=None)}
    CategoryRule.objects.bulk_create(
        CategoryRule(user=user, category=categories[slug], keyword_pattern=text)
        for text, slug in make_rules()
    )


def bare(rows: int, profiler) -> dict:
    """Insert the same rows as prepared tuples into the transactions table."""
    from django.db import transaction
    from django.utils import timezone

    from banking.kernel.bulk import bulk_insert, reserve_keys
    from transactions.models import ImportBatch, Transaction
    from transactions.services import import_posting
    from transactions.services.importing import check_import, start_import

    user, account = _owner_and_account()
    batch = start_import(actor=user, account=account, file_name="b.csv", content=make_csv(rows))
    check_import(batch_id=batch.pk)
    batch = ImportBatch.objects.get(pk=batch.pk)
    writer = import_posting._Writer(batch, timezone.now())
    lines = list(import_posting._new_lines(batch))
    ready = list(map(writer.values_of, reserve_keys(Transaction, len(lines)), lines))
    begin, cpu = time.perf_counter(), time.process_time()
    with transaction.atomic():
        count = bulk_insert(Transaction._meta.db_table, writer.columns, ready)
    done = time.perf_counter()
    return {"insert": done - begin, "cpu": time.process_time() - cpu, "rows": count}


def steps(rows: int, profiler) -> dict:
    """Upload, check and confirm, as the worker runs them."""
    from django.utils import timezone

    from transactions.services.import_confirming import confirm_import
    from transactions.services.importing import check_import, start_import

    user, account = _owner_and_account()
    content = make_csv(rows)
    if profiler:
        profiler.enable()
    begin, cpu = time.perf_counter(), time.process_time()
    batch = start_import(actor=user, account=account, file_name="b.csv", content=content)
    uploaded = time.perf_counter()
    check_import(batch_id=batch.pk)
    checked = time.perf_counter()
    batch = confirm_import(actor=user, batch_id=batch.pk, at=timezone.now())
    done = time.perf_counter()
    if profiler:
        profiler.disable()
    account.refresh_from_db()
    assert batch.added_count == rows, batch.added_count
    assert account.balance == batch.net != Decimal(0)
    return {
        "upload": uploaded - begin,
        "check": checked - uploaded,
        "confirm": done - checked,
        "total": done - begin,
        "cpu": time.process_time() - cpu,
        "bytes": len(content),
    }


def again(rows: int, profiler) -> dict:
    """Import the same transactions again from another file: every one must be recognized."""
    from django.utils import timezone

    from transactions.services.import_confirming import confirm_import
    from transactions.services.importing import check_import, start_import

    user, account = _owner_and_account()
    content = make_csv(rows)
    batch = start_import(actor=user, account=account, file_name="b.csv", content=content)
    confirm_import(actor=user, batch_id=batch.pk, at=timezone.now())
    header, *lines = content.split(b"\n")
    random.Random(3).shuffle(lines)
    content = b"\n".join([header, *lines])
    if profiler:
        profiler.enable()
    begin = time.perf_counter()
    batch = start_import(actor=user, account=account, file_name="c.csv", content=content)
    check_import(batch_id=batch.pk)
    checked = time.perf_counter()
    batch = confirm_import(actor=user, batch_id=batch.pk, at=timezone.now())
    done = time.perf_counter()
    if profiler:
        profiler.disable()
    assert (batch.added_count, batch.duplicate_count) == (0, rows)
    return {"check": checked - begin, "confirm": done - checked, "total": done - begin}


TABLE = """
    CREATE TABLE floor (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, account int NOT NULL,
        day date NOT NULL, description text NOT NULL, amount numeric(14, 2) NOT NULL,
        category text, key bytea NOT NULL
    );
    CREATE UNIQUE INDEX ON floor (account, key);
    CREATE INDEX ON floor (account, day DESC, id DESC);
    CREATE INDEX ON floor (day, category) INCLUDE (amount);
"""
STAGED = "CREATE TEMP TABLE staged (LIKE floor) ON COMMIT DROP; ALTER TABLE staged DROP id"
COLUMNS = "account, day, description, amount, category, key"


def floor(rows: int, profiler) -> dict:
    """Parse, categorize, recognize duplicates and copy, with nothing else around it."""
    from django.db import connection, transaction

    content = make_csv(rows)
    with connection.cursor() as cursor:
        cursor.execute(TABLE)
    begin, cpu = time.perf_counter(), time.process_time()
    found = list(floor_lines(content))
    buffer = io.StringIO()
    csv.writer(buffer).writerows(found)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(STAGED)
        with cursor.copy(f"COPY staged ({COLUMNS}) FROM STDIN WITH (FORMAT csv)") as copy:
            copy.write(buffer.getvalue())
        cursor.execute(
            f"INSERT INTO floor ({COLUMNS}) SELECT {COLUMNS} FROM staged ON CONFLICT DO NOTHING"
        )
        assert cursor.rowcount == rows
    return {"total": time.perf_counter() - begin, "cpu": time.process_time() - cpu}


def floor_lines(content: bytes):
    rules, known, seen = make_rules(), {}, Counter()
    reader = csv.reader(io.StringIO(content.decode()), delimiter=";")
    next(reader)
    for day, _, text, amount, _ in reader:
        words = re.sub(r"\d+", "", text)
        if words not in known:
            known[words] = next((slug for word, slug in rules if word in text), None)
        line = (f"{day[6:]}-{day[3:5]}-{day[:2]}", text, amount.replace(",", "."))
        seen[line] += 1
        key = hashlib.blake2b(repr((line, seen[line])).encode(), digest_size=16).hexdigest()
        yield 1, *line, known[words], f"\\x{key}"


PARTS = {"bare": bare, "floor": floor, "steps": steps, "again": again}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--part", choices=PARTS)
    parser.add_argument("--profile", action="store_true")
    options = parser.parse_args()
    if options.part:
        run_part(options.part, options.rows, options.profile)
        return
    parts = [part for part in PARTS if part != "floor" or "DATABASE_URL" in os.environ]
    totals = {}
    for part in parts:
        command = [sys.executable, __file__, "--part", part, "--rows", str(options.rows)]
        output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        result = json.loads(output.strip().splitlines()[-1])
        totals[part] = result.get("total", result.get("insert"))
        shown = {
            key: round(value, 2) if isinstance(value, float) else value
            for key, value in result.items()
        }
        print(f"{part:6}", shown, flush=True)
    for part, other in (("steps", "bare"), ("steps", "floor"), ("again", "steps")):
        if other in totals:
            print(f"{part} / {other}: {totals[part] / totals[other]:.2f}")
    print(f"load average {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
