"""Post and edit manual entries at once, and ask if the account may already have the payment.

An entry is never rejected as a duplicate, because the person knows best. Without the question, a
payment imported yesterday and entered today would silently count twice.
"""

from dataclasses import dataclass
from typing import Any

from banking.kernel.commands import command
from transactions.models import ReviewItem, Transaction
from transactions.services.posting import edit_transaction, post_transaction
from transactions.services.review_questions import ask_about_entry, ask_again_about_entry
from transactions.services.transfers import suggest_anew_with, suggest_transfers_with
from users.models import User


@dataclass(frozen=True, slots=True)
class Entered:
    """The transaction, and the question it raises, if any."""

    transaction: Transaction
    review: ReviewItem | None


@command
def enter_transaction(*, actor: User, **fields: Any) -> Entered:
    """Post a transaction by hand as `post_transaction` does, then look for a possible duplicate.

    A matching transaction from the bank, a bill or a transfer becomes a question; the other half of
    a transfer becomes a suggestion.
    """
    row = post_transaction(actor=actor, **fields)
    review = ask_about_entry(row)
    suggest_transfers_with(row)
    return Entered(row, review)


_MONEY = ("account_id", "signed_amount", "txn_date", "status")


@command
def edit_entry(*, actor: User, transaction: Transaction, **changes: Any) -> Entered:
    """Edit a transaction as `edit_transaction` does. With another amount, date or account, look for
    duplicates and for the other half of a transfer as if it had just been entered.
    """
    before = [getattr(transaction, name) for name in _MONEY]
    row = edit_transaction(actor=actor, transaction=transaction, **changes)
    if [getattr(row, name) for name in _MONEY] == before:
        return Entered(row, None)
    review = ask_again_about_entry(row)
    suggest_anew_with(row)
    return Entered(row, review)
