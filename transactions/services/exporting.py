"""Telling the trail that a person took transactions out as a file."""

from collections.abc import Mapping

from django.db import transaction as db_transaction

from users.audit import trail
from users.models import User

MOST_TEXT = 200


@db_transaction.atomic
def note_export(*, actor: User, filters: Mapping[str, str]) -> None:
    """Record an export as it begins: what was asked for. How many rows, only its reader sees."""
    given = {name: str(value)[:MOST_TEXT] for name, value in sorted(filters.items()) if value}
    trail.record(actor=actor, action="transactions.export.csv", filters=given)
