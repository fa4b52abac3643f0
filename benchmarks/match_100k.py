"""What the matcher adds to the check of a file: the same file against an account that holds it.

    .venv/bin/python benchmarks/match_100k.py [--rows N]

The account holds N lines of one file. The same file is checked again: every line is the one that
is held. Then the file comes in other words, where every line needs weighing. Each check is timed
with the matcher and without it, in turns, and the best of three counts.
"""

import argparse
import os
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ["DJANGO_SETTINGS_MODULE"] = "banking.settings_test"

from benchmarks.import_100k import make_csv, set_up, tear_down

TURNS = 3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    rows = parser.parse_args().rows
    databases = set_up()
    try:
        measure(rows)
    finally:
        tear_down(databases)


def measure(rows: int) -> None:
    from django.utils import timezone

    from accounts.services import open_account
    from transactions.services.import_confirming import confirm_import
    from transactions.services.importing import start_import
    from users.models import User

    user = User.objects.create_user("bench@example.com", "correct-Horse-battery-1")
    account = open_account(actor=user, user=user, name="Everyday", currency="EUR")
    content = make_csv(rows)
    held = start_import(actor=user, account=account, file_name="held.csv", content=content)
    confirm_import(actor=user, batch_id=held.pk, at=timezone.now())
    print(f"load {os.getloadavg()[0]:.1f}, {rows:,} lines against {rows:,} held")
    for name, again in (("same words", content), ("other words", content.replace(b" Ref", b" No"))):
        # One byte more, since the very same file is refused.
        times = [turn(account, again + b"\n" * (number + 1)) for number in range(TURNS)]
        with_matcher, without = (min(run[place] for run in times) for place in (0, 1))
        ratio = with_matcher / without
        print(f"{name}: {with_matcher:.2f} s with, {without:.2f} s without, {ratio:.2f}×")


def turn(account, content: bytes) -> tuple[float, float]:
    """CPU seconds of one check with the matcher, and of one without."""
    from transactions.services import importing

    parts = importing.likely_matches, importing.mark_known_rows
    seconds = []
    for likely, mark in (parts, (lambda batch, first, last: {}, lambda batch: [])):
        importing.likely_matches, importing.mark_known_rows = likely, mark
        batch = importing.start_import(
            actor=account.user, account=account, file_name="again.csv", content=content
        )
        begin = time.process_time()
        importing.check_import(batch_id=batch.pk)
        seconds.append(time.process_time() - begin)
        importing.discard_import(actor=account.user, batch=batch)
    importing.likely_matches, importing.mark_known_rows = parts
    return seconds[0], seconds[1]


if __name__ == "__main__":
    main()
