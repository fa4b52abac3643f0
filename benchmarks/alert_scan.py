"""The alert scan over everybody, by the code the worker runs.

    .venv/bin/python benchmarks/alert_scan.py [--users N] [--budgets N]

Every user has one account with three months of daily lines, seven months of totals in five
categories, and a budget for each. On a fresh test database (SQLite, or what DATABASE_URL names).
Tells the time, the queries of each batch of 500 users, and the peak memory above what the process
had before the scan; the first scan raises alerts, the second finds nothing new.
"""

import argparse
import os
import random
import resource
import sys
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ["DJANGO_SETTINGS_MODULE"] = "banking.settings_test"
os.environ["LOG_LEVEL"] = "WARNING"

ON = date(2026, 3, 20)
AT = datetime(2026, 3, 20, 12, tzinfo=UTC)
SLUGS = ["groceries", "restaurants", "transport", "utilities", "shopping"]
LINES = 60


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--users", type=int, default=10_000)
    parser.add_argument("--budgets", type=int, default=5)
    options = parser.parse_args()
    import django

    django.setup()
    from django.conf import settings
    from django.test.utils import setup_databases, teardown_databases

    test = settings.DATABASES["default"]["TEST"]
    test["NAME"] += f"_bench{os.getpid()}"
    databases = setup_databases(verbosity=0, interactive=False)
    try:
        fill(options.users, options.budgets)
        report(options.users)
    finally:
        teardown_databases(databases, verbosity=0)


def fill(count: int, budgets: int) -> None:
    from django.db import connection

    from accounts.models import Account
    from budgets.models import Budget
    from transactions.models import Category, MonthlyTotal, Transaction
    from users.models import User

    rng = random.Random(11)
    begun = time.perf_counter()
    zones = ["UTC", "America/Los_Angeles", "Asia/Kathmandu", "Pacific/Kiritimati"]
    users = [
        User(email=f"u{n}@example.com", base_currency="EUR", timezone=zones[n % 4], password="!")
        for n in range(count)
    ]
    User.objects.bulk_create(users, batch_size=2000)
    accounts = [
        Account(user=user, name="Everyday", currency="EUR", balance=2000, opening_balance=0)
        for user in users
    ]
    Account.objects.bulk_create(accounts, batch_size=2000)
    categories = [Category.objects.get(user=None, slug=slug) for slug in SLUGS]
    months = [date(2025, 9 + n, 1) if n < 4 else date(2026, n - 3, 1) for n in range(7)]
    for first in range(0, count, 500):
        batch = accounts[first : first + 500]
        MonthlyTotal.objects.bulk_create(
            MonthlyTotal(
                user_id=account.user_id, account=account, month=month, category=category,
                outflow=rng.randint(50, 150), transaction_count=5,
            )
            for account in batch for month in months for category in categories
        )  # fmt: skip
        Transaction.objects.bulk_create(
            Transaction(
                user_id=account.user_id, account=account, description="line", currency="EUR",
                signed_amount=-rng.randint(1, 30), category=rng.choice(categories),
                txn_date=ON - timedelta(days=rng.randint(0, 88)), fingerprint=n,
            )
            for account in batch for n in range(LINES)
        )  # fmt: skip
        Budget.objects.bulk_create(
            Budget(
                user_id=account.user_id, category=category, year=2026, month=3,
                limit_amount=rng.randint(140, 400), currency="EUR",
            )
            for account in batch for category in categories[:budgets]
        )  # fmt: skip
    with connection.cursor() as cursor:
        for model in (User, Account, MonthlyTotal, Transaction, Budget):
            cursor.execute(f"ANALYZE {connection.ops.quote_name(model._meta.db_table)}")
    print(f"{count:,} users filled in {time.perf_counter() - begun:.0f} s ({connection.vendor})")


def report(users: int) -> None:
    from django.db import connection

    from alerts.models import Alert
    from alerts.scanning import scan_everybody

    class Counter:
        reads = writes = 0

        def __call__(self, execute, sql, params, many, context):
            if sql.startswith("SELECT") and "FOR " not in sql[-30:]:
                self.reads += 1
            else:
                self.writes += 1
            return execute(sql, params, many, context)

    for name in ("first scan", "second scan", "third scan"):
        counter = Counter()
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        begun, cpu = time.perf_counter(), time.process_time()
        with connection.execute_wrapper(counter):
            raised = scan_everybody(at=AT)
        took, used = time.perf_counter() - begun, time.process_time() - cpu
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        print(
            f"{name}: {took:.1f} s ({used:.1f} s CPU), {raised:,} alerts raised,"
            f" {counter.reads:,} reads, {counter.writes:,} other statements,"
            f" {counter.reads / max(-(-users // 500), 1):.0f} reads a batch,"
            f" peak {before // 1024} MB + {grown // 1024} MB"
        )
    print(f"{Alert.objects.count():,} alerts stored")


if __name__ == "__main__":
    main()
