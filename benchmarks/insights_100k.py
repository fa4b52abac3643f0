"""The figures of insights over 100,000 transactions, and merchants' totals beside their rows.

    .venv/bin/python benchmarks/insights_100k.py [--rows N]

On a fresh test database (SQLite, or what DATABASE_URL names) with the demo household. Each figure
is asked for from its question to its numbers, without rendering; the best of five, wall and CPU.
"""

import argparse
import os
import sys
import time
from datetime import date
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ["DJANGO_SETTINGS_MODULE"] = "banking.settings_test"
ON = date(2026, 11, 21)
PERIODS = {
    "this month": {"period": "this_month"},
    "12 months": {"period": "last_12_months"},
    "all time": {"date_from": "2000-01-01", "date_to": "2026-11-30"},
}


def best_of_five(name, work) -> None:
    walls, cpus = [], []
    for _ in range(5):
        wall, cpu = time.perf_counter(), time.process_time()
        work()
        walls.append(time.perf_counter() - wall)
        cpus.append(time.process_time() - cpu)
    print(f"{name:32} {min(walls) * 1000:8.1f} ms   {min(cpus) * 1000:8.1f} ms CPU", flush=True)


def measure_figures(user) -> None:
    from banking.kernel.snapshot import read_snapshot
    from insights.figures.burn_rate import burn_rate
    from insights.figures.cash_flow import cash_flow_months
    from insights.figures.categories import categories
    from insights.figures.merchants import merchants
    from insights.figures.net_worth_history import net_worth_history
    from insights.figures.period_choice import choose_period, choose_year
    from insights.figures.questions import ask
    from insights.figures.yearly import yearly

    def asked(figure, choice):
        def work():
            person = type(user).objects.get(pk=user.pk)
            with read_snapshot():
                figure(ask(user=person, choice=choice, on=ON))

        return work

    for figure in (cash_flow_months, categories, merchants, net_worth_history):
        for name, params in PERIODS.items():
            choice = choose_period(params, on=ON)
            best_of_five(f"{figure.__name__}, {name}", asked(figure, choice))
    best_of_five("burn_rate", asked(burn_rate, choose_period({}, on=ON)))
    best_of_five("yearly", asked(yearly, choose_year({}, on=ON)))


def measure_merchants(user) -> None:
    """Compare the sums of home accounts computed from the totals and from the rows."""
    from django.db.models import Count, Sum

    from transactions.models import MerchantTotal, Transaction

    home = list(user.accounts.filter(currency=user.base_currency).values_list("pk", flat=True))
    spans = {
        "a month": (date(2026, 10, 1), date(2026, 11, 1)),
        "12 months": (date(2025, 11, 1), date(2026, 11, 1)),
        "all time": (date(2000, 1, 1), date(2026, 11, 1)),
    }
    for name, (start, end) in spans.items():
        rows = (
            Transaction.objects.live()
            .posted()
            .filter(account_id__in=home, txn_date__gte=start, txn_date__lt=end)
        )
        totals = MerchantTotal.objects.filter(account_id__in=home, month__gte=start, month__lt=end)
        from_rows, from_totals = (
            found.exclude(category__kind="transfer").order_by().values_list("merchant")
            for found in (rows, totals)
        )
        from_rows = from_rows.annotate(Sum("signed_amount"), Count("id"))
        from_totals = from_totals.annotate(Sum("outflow"), Sum("outflow_count"))
        best_of_five(f"merchants of {name}: rows", lambda query=from_rows: list(query.all()))
        best_of_five(f"merchants of {name}: totals", lambda query=from_totals: list(query.all()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    rows = parser.parse_args().rows
    import django

    django.setup()
    from django.db import connection
    from django.test.utils import setup_databases, teardown_databases

    databases = setup_databases(verbosity=0, interactive=False)
    try:
        from insights.demo.loading import load_demo
        from transactions.models import MerchantTotal, Transaction
        from users.models import User

        load_demo(on=ON, transaction_count=rows)
        user = User.objects.get(email="demo@example.com")
        counts = Transaction.objects.count(), MerchantTotal.objects.count()
        print(f"{connection.vendor}: {counts[0]} transactions, {counts[1]} merchants' totals")
        measure_figures(user)
        measure_merchants(user)
    finally:
        teardown_databases(databases, verbosity=0)


if __name__ == "__main__":
    main()
