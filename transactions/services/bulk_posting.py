"""Post many historical lines to one account under one lock, in bulk."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db import connection
from django.db.models import GeneratedField

from accounts.models import Account
from accounts.services import lock_accounts
from banking.kernel.bulk import batched, bulk_insert
from banking.kernel.commands import command
from banking.kernel.fields import folded
from banking.kernel.money import plain_amount, round_to_minor_unit
from transactions.fingerprints import fingerprint
from transactions.models import Category, Transaction
from transactions.services.posting import book
from transactions.services.posting_checks import EARLIEST, LATEST
from transactions.tags import tags_by_name
from transactions.totals import SumsByKey, merge, net_by_account, sums_of_rows
from users.audit import trail
from users.models import User

ROWS_AT_ONCE = 5_000


@dataclass(frozen=True, slots=True)
class HistoryRow:
    """One line to post, in the account's currency (positive = money in)."""

    signed_amount: Decimal
    txn_date: date
    description: str
    merchant: str = ""
    category: Category | None = None
    category_source: str = Transaction.CategorySource.NONE
    status: str = Transaction.Status.POSTED
    notes: str = ""
    tags: tuple[str, ...] = ()


@command
def post_many(
    *,
    actor: User | None,
    account: Account,
    rows: Iterable[HistoryRow],
    origin: str = Transaction.Origin.MANUAL,
) -> int:
    """Post the lines of a history, all or none. Returns how many.

    The balance limit is not enforced for history. Memory use does not grow with the number of rows.
    Raises ValidationError for a line that no account in this currency could have.
    """
    account = lock_accounts([account.pk])[account.pk]
    count = 0
    sums: SumsByKey = {}
    for batch in batched(rows, ROWS_AT_ONCE):
        lines = [(_line(account, row, origin), row.tags) for row in batch]
        _insert([line for line, tags in lines if not tags])
        _insert_tagged([(line, tags) for line, tags in lines if tags], account.user_id)
        sums = merge((sums, 1), (sums_of_rows(line for line, _ in lines), 1))
        count += len(lines)
    book({account.pk: account}, sums)
    trail.record(
        actor=actor,
        action="transactions.history.posted",
        target=account,
        count=count,
        net=plain_amount(net_by_account(sums).get(account.pk, Decimal(0)), account.currency),
    )
    return count


def _line(account: Account, row: HistoryRow, origin: str) -> Transaction:
    _refuse_impossible(account, row)
    return Transaction(
        user_id=account.user_id,
        account=account,
        description=row.description[:500],
        merchant=row.merchant[:200],
        category=row.category,
        category_source=row.category_source,
        signed_amount=row.signed_amount,
        currency=account.currency,
        txn_date=row.txn_date,
        status=row.status,
        notes=row.notes,
        origin=origin,
        fingerprint=fingerprint(
            row.txn_date, row.signed_amount, account.currency, row.description[:500]
        ),
    )


def _refuse_impossible(account: Account, row: HistoryRow) -> None:
    amount = row.signed_amount
    if amount == 0 or amount != round_to_minor_unit(amount, account.currency):
        raise ValidationError({"amount": f"{amount} isn't a valid amount in {account.currency}."})
    if not EARLIEST <= row.txn_date <= LATEST:
        raise ValidationError({"txn_date": f"Enter a date from {EARLIEST} to {LATEST}."})
    if row.category is not None and row.category.user_id not in (None, account.user_id):
        raise ValidationError({"category": "Choose one of your own categories."})


def _insert(lines: list[Transaction]) -> None:
    fields = _stored_fields()
    columns = [str(field.column) for field in fields]
    bulk_insert(Transaction._meta.db_table, columns, _as_stored(lines, fields))


def _stored_fields() -> list[Any]:
    return [
        field
        for field in Transaction._meta.concrete_fields
        if not field.primary_key and not isinstance(field, GeneratedField)
    ]


def _as_stored(lines: list[Transaction], fields: list[Any]) -> Iterator[list[Any]]:
    """Prepare each field's value as save() would, including folded text and timestamps."""
    for line in lines:
        yield [field.get_db_prep_save(field.pre_save(line, True), connection) for field in fields]


def _insert_tagged(lines: list[tuple[Transaction, tuple[str, ...]]], user_id: int) -> None:
    """Insert the few lines with tags separately, because their IDs are needed."""
    Transaction.objects.bulk_create([line for line, _ in lines])
    tags = tags_by_name(user_id, {name for _, names in lines for name in names}, make=True)
    link = Transaction.tags.through
    link.objects.bulk_create(
        link(transaction=line, tag=tags[key])
        for line, names in lines
        for key in dict.fromkeys(folded(name) for name in names)
    )
