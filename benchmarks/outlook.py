"""Recurring payments and the forecast: seconds, queries, and how often the band was right.

    .venv/bin/python benchmarks/outlook.py [--transactions N]

On a fresh test database (SQLite, or what DATABASE_URL names) with the demo household; what N has
beyond its 3,250 lines are sales in shops of the same person. The band is held against forecasts
made every fortnight of the last year, by how many days ahead.
"""

import argparse
import time
from collections import defaultdict
from datetime import date, timedelta
from statistics import median

from rules_100k import set_up, tear_down

ON = date(2026, 11, 21)
RUNS, FORTNIGHTS, STEP = 7, 25, 15


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--transactions", type=int, default=3_250)
    options = parser.parse_args()
    databases = set_up()
    try:
        from insights.demo.loading import load_demo
        from users.models import User

        count = load_demo(on=ON, transaction_count=options.transactions).transaction_count
        print(f"{count:,} transactions")
        user = User.objects.get(email="demo@example.com")
        measure(user)
        calibrate(user)
    finally:
        tear_down(databases)


def measure(user) -> None:
    from django.conf import settings
    from django.db import connections
    from django.test.utils import CaptureQueriesContext

    from insights.forecast.forecast_summary import forecast_summary
    from insights.recurring.recurring_summary import recurring_summary

    asked = {
        "recurring": lambda: recurring_summary(user=user, on=ON),
        "forecast, 30 days": lambda: forecast_summary(user=user, on=ON, days=30),
        "forecast, 90 days": lambda: forecast_summary(user=user, on=ON, days=90),
    }
    for name, ask in asked.items():
        with CaptureQueriesContext(connections[settings.SNAPSHOT_ALIAS]) as queries:
            answer = ask()
        wall, cpu = [], []
        for _ in range(RUNS):
            began, used = time.perf_counter(), time.process_time()
            ask()
            wall.append(time.perf_counter() - began)
            cpu.append(time.process_time() - used)
        line = f"{name}: {1000 * median(wall):.0f} ms wall, {1000 * median(cpu):.0f} ms CPU"
        print(f"{line}, {len(queries)} queries")
        if hit := getattr(answer, "hit_rate", None):
            print(f"  printed: {hit.inside} of {hit.days} days, off by {hit.mean_error:.2f}")


def calibrate(user) -> None:
    from insights.figures.coverage import insights_coverage
    from insights.forecast.forecast import forecast_at
    from insights.forecast.forecast_ledger import load_ledger
    from insights.forecast.hit_rate import compared

    origins = [ON - timedelta(days=14 * number) for number in range(1, FORTNIGHTS + 1)]
    ledger = load_ledger(
        coverage=insights_coverage(user), currency=user.base_currency, on=ON, origins=origins
    )
    days, inside, width = defaultdict(int), defaultdict(int), defaultdict(int)
    for origin in origins:
        for point, actual in compared(ledger, forecast_at(ledger, origin, 90)):
            step = ((point.on - origin).days - 1) // STEP
            days[step] += 1
            inside[step] += point.low <= actual <= point.high
            width[step] += point.high - point.low
    for step in sorted(days):
        print(
            f"days {step * STEP + 1} to {(step + 1) * STEP} ahead: {days[step]} compared,"
            f" {100 * inside[step] / days[step]:.0f} % in the band,"
            f" {width[step] / days[step]:.0f} wide on average"
        )


if __name__ == "__main__":
    main()
