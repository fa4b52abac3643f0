"""The CSV export of 100,000 transactions: seconds, bytes, and what it adds to the process.

    .venv/bin/python benchmarks/export_100k.py [--rows N]

On a fresh test database (SQLite, or what DATABASE_URL names). The file is thrown away as it
streams; the memory is the peak of the whole process before and after.
"""

import argparse
import resource
import time

from rules_100k import fill, set_up, tear_down


def peak_mb() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    options = parser.parse_args()
    databases = set_up()
    try:
        user = fill(options.rows, 0)
        measure(user)
    finally:
        tear_down(databases)


def measure(user) -> None:
    from django.test import Client

    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    client.get("/transactions/export/?search=nothing")
    before, begin, used = peak_mb(), time.perf_counter(), time.process_time()
    answer = client.get("/transactions/export/")
    asked = time.perf_counter() - begin
    size = lines = 0
    for piece in answer.streaming_content:
        size += len(piece)
        lines += piece.count(b"\n")
    print(
        f"{lines - 1:,} rows, {size / 1e6:.1f} MB: {time.perf_counter() - begin:.2f} s"
        f" ({time.process_time() - used:.2f} s CPU here), first byte after {asked:.2f} s;"
        f" peak {before} MB before, {peak_mb()} MB after"
    )


if __name__ == "__main__":
    main()
