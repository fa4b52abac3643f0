"""What was entered ahead of its day is read by three statements: as the rule says of each row."""

from datetime import UTC, date, datetime, time, timedelta
from random import Random

import pytest
from django.db import connection

from insights.recurring.entries import load_ahead
from tests.builders import make_account
from transactions.models import ENTERED_AHEAD, Transaction
from users.timezones import local_date

pytestmark = pytest.mark.django_db
ON = date(2026, 3, 31)
AHEAD = 30
ZONES = ("UTC", "America/New_York", "Pacific/Kiritimati", "Pacific/Pago_Pago", "Asia/Kolkata")
SEVERAL = [ON - timedelta(days=back) for back in (0, 31, 45, 90, 91)]


def plant(account, *, seed, count):
    """Rows of all kinds near the days that matter, entered at any hour of the days before and after
    their own.
    """
    rng = Random(seed)
    kinds = ["posted", "posted", "posted", "planned", "planned", "pending"]
    rows = Transaction.objects.bulk_create(
        Transaction(
            user=account.user,
            account=account,
            description=f"line {number}",
            fingerprint=number,
            signed_amount=rng.choice((-1, 1)) * rng.randint(1, 900),
            txn_date=ON + timedelta(days=rng.randint(-130, 45)),
            status=rng.choice(kinds),
            deleted_at=datetime(2026, 3, 1, tzinfo=UTC) if rng.random() < 0.05 else None,
        )
        for number in range(count)
    )
    for row in rows:
        days = rng.choice((rng.randint(-2, 2), rng.randint(-150, 20)))
        hour = time(rng.randint(0, 23), rng.choice((0, 30, 59)), rng.choice((0, 59)))
        row.created_at = datetime.combine(row.txn_date + timedelta(days=days), hour, UTC)
    Transaction.objects.bulk_update(rows, ["created_at"])


def told(account, *, days, timezone):
    """[(row, day, day on which it was entered, whether it is posted)] by the rule alone."""
    found, last = [], max(days)
    for row in Transaction.objects.order_by("txn_date", "pk"):
        known_on = local_date(timezone, row.created_at)
        if row.account_id != account.pk or row.deleted_at:
            continue
        if row.status == "planned" and row.txn_date <= last + timedelta(days=AHEAD):
            day = max(row.txn_date, last + timedelta(days=1))
            found.append((row.pk, day.toordinal(), known_on.toordinal(), False))
        elif row.status == "posted" and any(
            known_on <= on < row.txn_date
            and (on == last or row.txn_date <= on + timedelta(days=AHEAD))
            for on in days
        ):
            found.append((row.pk, row.txn_date.toordinal(), known_on.toordinal(), True))
    return found


def test_what_was_entered_ahead_is_what_the_rule_says_of_each_row(alice, bob, subtests):
    account, other = make_account(user=alice), make_account(user=bob)
    plant(account, seed=7, count=300)
    plant(other, seed=8, count=20)
    for timezone in ZONES:
        for days in ([ON], SEVERAL):
            with subtests.test(timezone=timezone, days=len(days)):
                rows = load_ahead([account], days=days, ahead=AHEAD, timezone=timezone)
                read = [(one.entry.pk, one.entry.day, one.known_on, one.is_posted) for one in rows]
                assert read == told(account, days=days, timezone=timezone)
                # Neither all of them nor none, and both kinds.
                assert 20 < len(read) < 250
                assert len({one.is_posted for one in rows}) == 2


def test_days_of_the_past_read_an_index_of_what_was_entered_ahead(alice):
    """Not all rows of those months: there may be a hundred thousand."""
    account = make_account(user=alice)
    plant(account, seed=9, count=50)
    rows = Transaction.objects.filter(
        ENTERED_AHEAD,
        account_id=account.pk,
        deleted_at=None,
        status="posted",
        txn_date__gt=SEVERAL[-1],
        txn_date__lte=ON,
    )
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL enable_seqscan = off")
            cursor.execute("SET LOCAL enable_bitmapscan = off")
    assert "transaction_entered_ahead" in rows.explain()
