"""The books of `make load`: opened before, compared afterward with what people were told.

Called through `manage.py shell`, on the instance's own database.
"""

import json
from collections import Counter
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

from django.contrib.auth.hashers import make_password
from django.utils import timezone

from tests.builders import make_account, make_user
from tests.load_person import PASSWORD, email_of
from transactions.models import Category, Transaction
from transactions.services.bulk_posting import HistoryRow, post_many
from users.models import User

SHOPS = ("Market", "Cafe", "Bookshop", "Station", "Pharmacy")


def open_people(count: int, rows: int) -> None:
    """People with two accounts each and a history of so many rows."""
    today, groceries = timezone.now().date(), Category.objects.get(slug="groceries")
    for number in range(count):
        owner = make_user(email_of(number), password=None, base_currency="EUR")
        first = make_account(user=owner, name="Everyday", opening_balance="100000.00")
        make_account(user=owner, name="Savings", opening_balance="100000.00")
        history = [
            HistoryRow(
                signed_amount=Decimal(-(100 + place % 4000)).scaleb(-2),
                txn_date=today - timedelta(days=place % 700),
                description=f"owner-{number}-old {SHOPS[place % 5]} {place}",
                merchant=SHOPS[place % 5],
                category=groceries if place % 3 else None,
            )
            for place in range(rows)
        ]
        post_many(actor=owner, account=first, rows=history)
    # Hashed once: that costs more than all the rest.
    User.objects.filter(email__startswith="person-").update(password=make_password(PASSWORD))


def judge_file(path: str) -> None:
    """Print the verdict on what people were told as JSON."""
    print(json.dumps(judge(**json.loads(Path(path).read_text()))))


def judge(booked: list[str], chosen: dict[str, str]) -> dict[str, int]:
    """How many acknowledged transactions are lost or doubled, how many were never acknowledged, and
    how many rows have another category than the last one chosen. Each is 0 if all is right.
    """
    own = Transaction.objects.filter(deleted_at=None, description__startswith="owner-")
    new = own.exclude(description__contains="-old ")
    stored = Counter(new.values_list("description", flat=True))
    rows = Transaction.objects.filter(pk__in=map(int, chosen))
    slugs = dict(rows.values_list("pk", "category__slug"))
    return {
        "lost": sum(not stored[name] for name in booked),
        "doubled": sum(count > 1 for count in stored.values()),
        "never acknowledged": len(stored.keys() - set(booked)),
        "in another category": sum(slugs.get(int(pk)) != slug for pk, slug in chosen.items()),
    }
