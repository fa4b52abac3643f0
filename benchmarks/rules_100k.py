"""Rules over 100,000 transactions: preview, apply, undo; 50 rules beside 5,000; a worker's steps.

    .venv/bin/python benchmarks/rules_100k.py [--rows N]

Each measurement runs in a process of its own on a fresh test database (SQLite, or what
DATABASE_URL names). The 5,000 rules are the 50 and 4,950 that match nothing, so that both runs
write the same rows; half of the rules are keywords, half patterns.
"""

import argparse
import json
import os
import random
import resource
import subprocess
import sys
import time
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ["DJANGO_SETTINGS_MODULE"] = "banking.settings_test"

SHOPS = [f"SHOP{number:03d}" for number in range(50)]


def set_up():
    import django

    django.setup()
    from django.conf import settings
    from django.test.utils import setup_databases

    test = settings.DATABASES["default"]["TEST"]
    test["NAME"] += f"_bench{os.getpid()}"
    return setup_databases(verbosity=0, interactive=False)


def tear_down(databases) -> None:
    from django.test.utils import teardown_databases

    teardown_databases(databases, verbosity=0)


def fill(rows: int, rules: int):
    """Ten years on three accounts; all texts differ; one row in fifty was categorized by hand."""
    from django.db import connection

    from accounts.services import open_account
    from transactions.models import Category, CategoryRule
    from transactions.services.bulk_posting import HistoryRow, post_many
    from users.models import User

    rng = random.Random(5)
    user = User.objects.create_user("bench@example.com", "correct-Horse-battery-1")
    categories = list(Category.objects.filter(user=None, kind="expense").order_by("pk"))
    start = date(2016, 1, 1)

    def line(number: int) -> HistoryRow:
        by_hand = number % 50 == 0
        return HistoryRow(
            signed_amount=Decimal(rng.randint(-20_000, -1)).scaleb(-2),
            txn_date=start + timedelta(days=number * 3650 // rows),
            description=f"CARD {rng.choice(SHOPS)} BERLIN REF {number:07d}",
            category=categories[0] if by_hand else None,
            category_source="manual" if by_hand else "none",
        )

    for place in range(3):
        account = open_account(actor=user, user=user, name=f"No. {place}", currency="EUR")
        post_many(actor=user, account=account, rows=map(line, range(place, rows, 3)))
    made = [
        CategoryRule(
            user=user,
            category=categories[number % len(categories)],
            keyword_pattern="" if number % 2 else SHOPS[number].lower(),
            merchant_pattern=rf"\bshop{number:03d}\b.*ref \d+" if number % 2 else "",
        )
        for number in range(50)
    ]
    made += [
        CategoryRule(
            user=user,
            category=categories[number % len(categories)],
            keyword_pattern="" if number % 2 else f"nobody's shop {number}",
            merchant_pattern=rf"\bnobody{number}\b.*ref \d+" if number % 2 else "",
        )
        for number in range(50, rules)
    ]
    CategoryRule.objects.bulk_create(made, batch_size=500)
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = 0")
            cursor.execute("ANALYZE")
    return user


def digest(user) -> tuple:
    """What an undo must restore: every row's category, and every monthly total."""
    import hashlib

    from transactions.models import MonthlyTotal, Transaction

    rows = Transaction.objects.filter(user=user).order_by("pk")
    totals = MonthlyTotal.objects.filter(user=user).order_by("account", "month", "category")
    found = hashlib.sha256()
    for values in rows.values_list("pk", "category", "category_source", "deleted_at").iterator():
        found.update(repr(values).encode())
    columns = ("account", "month", "category", "inflow", "outflow", "transaction_count")
    return found.hexdigest(), list(totals.values_list(*columns))


def measured(rows: int, rules: int) -> dict:
    from django.utils import timezone

    from transactions.models import CategoryRule
    from transactions.rules.rule_preview import preview_rules
    from transactions.services.bulk_editing import bulk_delete, bulk_edit
    from transactions.services.rule_applying import apply_rules
    from transactions.services.undoing import undo_change

    user = fill(rows, rules)
    result: dict = {}

    def timed(name, work):
        begin, used = time.perf_counter(), time.process_time()
        answer = work()
        result[name] = [time.perf_counter() - begin, time.process_time() - used]
        return answer

    before = digest(user)
    one = CategoryRule.objects.visible_to(user).in_order().first()
    now = timezone.now
    timed("preview one rule", lambda: preview_rules(user, one))
    shown = timed("preview all rules", lambda: preview_rules(user))
    change = timed("apply all", lambda: apply_rules(actor=user, user=user, at=now()))
    # A preview looks only at the latest rows.
    assert 0 < shown.change_count <= change.row_count
    result["changed"] = change.row_count
    again = timed("apply all again", lambda: apply_rules(actor=user, user=user, at=now()))
    assert again is None
    undone = timed("undo", lambda: undo_change(actor=user, change=change, at=now()))
    assert undone.restored_count == change.row_count
    assert digest(user) == before
    if rules == 50:
        every = user.transactions.all()
        change = timed(
            "bulk edit (category, tag, notes)",
            lambda: bulk_edit(
                actor=user, rows=every, at=now(), category=one.category, add_tags=["a"], notes="x"
            ),
        )
        timed("undo it", lambda: undo_change(actor=user, change=change, at=now()))
        change = timed("bulk delete", lambda: bulk_delete(actor=user, rows=every, at=now()))
        timed("undo that", lambda: undo_change(actor=user, change=change, at=now()))
        assert digest(user) == before
        by_a_worker(user, result, timed)
        assert digest(user) == before
    return result


def by_a_worker(user, result: dict, timed) -> None:
    """As the worker does it, in commits of a thousand rows; returns how long each holds locks."""
    from django.utils import timezone

    from transactions.services import long_change_requests, long_changes

    def finish(name: str, change) -> None:
        def work() -> float:
            work, longest, more = long_changes.LongChange(change.pk), 0.0, True
            while more:
                begin = time.perf_counter()
                more = work.step(at=timezone.now())
                longest = max(longest, time.perf_counter() - begin)
            return longest

        longest = timed(f"{name} by worker", work)
        result[f"{name}: longest step"] = round(longest, 3)
        change.refresh_from_db()

    every, now = user.transactions.all(), timezone.now
    acts = {
        "apply all": lambda: long_change_requests.begin_rules(actor=user),
        "bulk delete": lambda: long_change_requests.begin_deletion(
            actor=user, rows=every, at=now()
        ),
    }
    for name, ask in acts.items():
        change = timed(f"{name}: ask", ask)
        finish(name, change)
        long_change_requests.begin_undo(actor=user, change=change, at=now())
        finish(f"undo of {name}", change)


def matched(rows: int) -> dict:
    """Match with 50 and with 5,000 rules alternately, the best of five: the cost of the rules
    alone.
    """
    from transactions.models import CategoryRule
    from transactions.rules.rule_scan import RuleScan

    user = fill(rows, 5_000)
    many = list(CategoryRule.objects.visible_to(user).in_order()[50:].values_list("pk", flat=True))
    best = {50: float("inf"), 5_000: float("inf")}
    for _ in range(5):
        for count in best:
            CategoryRule.objects.filter(pk__in=many).update(is_active=count > 50)
            used = time.process_time()
            found = sum(len(piece) for piece in RuleScan(user).pieces())
            best[count] = min(best[count], time.process_time() - used)
            assert found == rows, found
    return {"50 rules": best[50], "5,000 rules": best[5_000], "ratio": best[5_000] / best[50]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--rules", type=int)
    options = parser.parse_args()
    if options.rules is not None:
        databases = set_up()
        try:
            few = options.rules == 0
            result = matched(options.rows) if few else measured(options.rows, options.rules)
        finally:
            tear_down(databases)
        result["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        print(json.dumps(result))
        return
    results = {}
    for rules in (0, 50, 5_000):
        command = [sys.executable, __file__, "--rules", str(rules), "--rows", str(options.rows)]
        output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
        results[rules] = json.loads(output.strip().splitlines()[-1])
    print("scan, CPU seconds:", {name: round(value, 2) for name, value in results[0].items()})
    print(f"{'seconds (of which CPU here)':34}{'50 rules':>16}{'5,000 rules':>16}")
    for name, few in results[50].items():
        print(f"{name:34}{shown(few):>16}{shown(results[5_000].get(name)):>16}")


def shown(value) -> str:
    if isinstance(value, list):
        return f"{value[0]:.2f} ({value[1]:.2f})"
    return "" if value is None else str(value)


if __name__ == "__main__":
    main()
