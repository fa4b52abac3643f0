"""Split a transaction into parts with their own categories, and undo the split.

The parts add up to the whole and have its sign. While a transaction is split, its parts count in
totals and flows; its own category counts again once it is whole.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.core.exceptions import ValidationError

from accounts.models import Account
from accounts.services import lock_accounts
from banking.kernel.commands import command
from banking.kernel.money import plain_amount
from transactions.models import Category, Transaction, TransactionSplit
from transactions.services.posting import book
from transactions.services.posting_checks import checked_amount
from transactions.services.transfer_sides import refuse_side
from transactions.totals import merge, sums_of_rows
from users.audit import trail
from users.models import User

FEWEST_PARTS, MOST_PARTS, LONGEST_NOTES = 2, 20, 200


@dataclass(frozen=True, slots=True)
class Part:
    """One part. `signed_amount` has the sign of the whole, or the other one if it is a discount."""

    signed_amount: Decimal
    category: Category | None = None
    notes: str = ""


@command
def split_transaction(
    *, actor: User, transaction: Transaction, parts: Sequence[Part]
) -> Transaction:
    """Split the transaction into these parts, replacing existing ones. Raises ValidationError at
    "parts".

    A discount without a category lowers the category of the largest part.
    """
    accounts, row = _locked(transaction)
    refuse_side(row, "parts")
    _check(row, parts)
    before = sums_of_rows([row])
    row.splits.all().delete()
    TransactionSplit.objects.bulk_create(
        TransactionSplit(
            transaction=row,
            signed_amount=part.signed_amount,
            category=part.category or _discounted(part, parts),
            notes=part.notes.strip(),
        )
        for part in parts
    )
    row.is_split = True
    row.save(update_fields=["is_split", "updated_at"])
    book(accounts, merge((sums_of_rows([row]), 1), (before, -1)))
    texts = [
        f"{plain_amount(part.signed_amount, row.currency)} "
        f"{part.category.slug if part.category else 'none'}"
        for part in parts
    ]
    trail.record(
        actor=actor, action="transactions.transaction.split", target=row, parts=", ".join(texts)
    )
    return row


@command
def unsplit_transaction(*, actor: User, transaction: Transaction) -> Transaction:
    """Undo the split; the previous category counts again. An unsplit transaction stays as it is."""
    accounts, row = _locked(transaction)
    if not row.is_split:
        return row
    before = sums_of_rows([row])
    row.splits.all().delete()
    row.is_split = False
    row.save(update_fields=["is_split", "updated_at"])
    book(accounts, merge((sums_of_rows([row]), 1), (before, -1)))
    trail.record(actor=actor, action="transactions.transaction.unsplit", target=row)
    return row


def _locked(transaction: Transaction) -> tuple[dict[int, Account], Transaction]:
    accounts = lock_accounts([transaction.account_id])
    row = Transaction.objects.select_for_update(of=("self",)).get(pk=transaction.pk)
    if row.deleted_at is not None:
        raise ValidationError("This transaction is in the trash. Restore it first.")
    if row.account_id not in accounts:
        raise ValidationError("This transaction was just moved. Reload and try again.")
    return accounts, row


def _discounted(part: Part, parts: Sequence[Part]) -> Category | None:
    """The category that a discount lowers: that of the largest part. None for any other part."""
    total = sum((other.signed_amount for other in parts), Decimal(0))
    if part.signed_amount * total > 0:
        return None
    return max(parts, key=lambda other: other.signed_amount * total).category


def _check(row: Transaction, parts: Sequence[Part]) -> None:
    if not FEWEST_PARTS <= len(parts) <= MOST_PARTS:
        raise ValidationError({"parts": f"Enter {FEWEST_PARTS} to {MOST_PARTS} parts."})
    for part in parts:
        if part.signed_amount == 0:
            raise ValidationError({"parts": "Each part needs an amount other than zero."})
        try:
            checked_amount(part.signed_amount, row.currency)
        except ValidationError as error:
            raise ValidationError({"parts": error.error_dict["amount"]}) from error
        if len(part.notes) > LONGEST_NOTES:
            raise ValidationError({"parts": f"Notes can have at most {LONGEST_NOTES} characters."})
    total = sum((part.signed_amount for part in parts), Decimal(0))
    if total != row.signed_amount:
        sign = 1 if row.signed_amount > 0 else -1
        given, whole = (
            plain_amount(sign * amount, row.currency) for amount in (total, row.signed_amount)
        )
        sentence = f"The parts add up to {given}, but the transaction is {whole} {row.currency}."
        raise ValidationError({"parts": sentence})
    _check_categories(row, {part.category.pk for part in parts if part.category})


def _check_categories(row: Transaction, ids: set[int]) -> None:
    found = Category.objects.of_owner(row.user_id).filter(pk__in=ids)
    kinds = list(found.values_list("kind", flat=True))
    if len(kinds) != len(ids):
        raise ValidationError({"parts": "Choose from your own categories."})
    if Category.Kind.TRANSFER in kinds:
        raise ValidationError({"parts": "A part can't be a transfer."})
