"""A line that somebody enters: posted at once, and asked about where the account may have it.

Entering is never refused for that: the person knows best. But a payment that the bank's file
brought yesterday and that is typed today would count twice without a word.
"""

from dataclasses import dataclass
from typing import Any

from django.db import transaction as db_transaction

from transactions.models import ReviewItem, Transaction
from transactions.services.posting import post_transaction
from transactions.services.reviewing import ask_about_entry
from transactions.services.transfers import suggest_transfers_with
from users.models import User


@dataclass(frozen=True, slots=True)
class Entered:
    """The transaction, and the question it raises, if it raises one."""

    transaction: Transaction
    review: ReviewItem | None


@db_transaction.atomic
def enter_transaction(*, actor: User, **fields: Any) -> Entered:
    """Post a line by hand as `post_transaction` does; then look for what it may be already.

    A transaction of the bank's, a bill's or a transfer's that may be the same payment becomes a
    question; the other half of a transfer becomes a suggestion.
    """
    row = post_transaction(actor=actor, **fields)
    review = ask_about_entry(row)
    suggest_transfers_with(row)
    return Entered(row, review)
