"""Record in the audit trail that a person exported transactions."""

from collections.abc import Mapping

from django.db import transaction as db_transaction

from users.audit import trail
from users.models import User

MOST_TEXT = 200


@db_transaction.atomic
def note_export(*, actor: User, filters: Mapping[str, str]) -> None:
    """Record the start of an export and what was requested. The number of rows is not known yet."""
    given = {name: str(value)[:MOST_TEXT] for name, value in sorted(filters.items()) if value}
    trail.record(actor=actor, action="transactions.export.csv", filters=given)
