"""Posting: the only code that writes transaction amounts, balances and totals.

Each function locks the accounts involved in primary-key order, rereads the rows, updates rows,
balances and totals in one database transaction, and records an audit event.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.utils import timezone

from accounts.models import Account
from accounts.services import apply_to_balances, lock_accounts, refuse_overdraft
from banking.kernel.commands import command
from banking.kernel.fields import folded
from banking.kernel.money import plain_amount
from banking.kernel.periods import first_of_month
from transactions.holds import refuse_held
from transactions.models import (
    Category,
    CategoryChange,
    LedgerMark,
    Transaction,
    TransactionQuerySet,
    UnpostedReason,
)
from transactions.rules.rule_book import Line
from transactions.rules.suggestions import Suggestion, suggester_for
from transactions.services.converting import reopen_months
from transactions.services.posting_checks import (
    checked_amount,
    refuse_closed,
    refuse_foreign_category,
)
from transactions.services.posting_edits import (
    MONEY_FIELDS,
    assign,
    decide_date,
    fingerprint_of,
)
from transactions.services.returned_lines import refuse_returned
from transactions.services.transfer_sides import (
    accounts_of_pairs,
    dissolve_pairs,
    refuse_side,
    with_partners,
)
from transactions.tags import tags_by_name
from transactions.totals import (
    SumsByKey,
    apply_to_totals,
    merge,
    net_by_account,
    sums_in,
    sums_of_rows,
)
from users.audit import trail
from users.models import User
from users.timezones import today_in

SPLIT = "This transaction is split. Undo the split first."
# Rows that the caller has read: the database need not be asked whether they exist. Nor about the
# constraints of a new row: its amount is checked, and it has no bank reference that can be taken.
LOADED = ("user", "account", "category")
NO_SUGGESTION = Suggestion(None, Transaction.CategorySource.NONE, "")


@command
def post_transaction(
    *,
    actor: User | None,
    account: Account,
    signed_amount: Decimal,
    txn_date: date,
    description: str,
    merchant: str = "",
    category: Category | None = None,
    category_source: str = "",
    posted_date: date | None = None,
    status: str = Transaction.Status.POSTED,
    notes: str = "",
    tags: Iterable[str] = (),
    origin: str = Transaction.Origin.MANUAL,
    today: date | None = None,
) -> Transaction:
    """Post one transaction to an account, in the account's currency (positive = money in).

    If its date is after `today` (the owner's; default: now), it is planned and counts in no balance
    or figure until then. Transactions from the bank are posted whatever their date.

    Without a category, the owner's rules or the built-in map assign one; `category_source` "none"
    leaves it uncategorized. Raises ValidationError, for example if an expense would take the
    account below its limit.
    """
    account = lock_accounts([account.pk])[account.pk]
    refuse_closed(account)
    suggestion = NO_SUGGESTION
    if category is not None:
        category_source = category_source or Transaction.CategorySource.MANUAL
    elif not category_source and origin != Transaction.Origin.TRANSFER:
        suggestion = _suggest(account, signed_amount, description, merchant, txn_date)
    row = Transaction(
        user_id=account.user_id,
        account=account,
        description=description.strip() or merchant.strip(),
        merchant=merchant.strip(),
        **({"category": category} if category else {"category_id": suggestion.category_id}),
        category_source=category_source or suggestion.category_source,
        signed_amount=signed_amount,
        currency=account.currency,
        txn_date=txn_date,
        posted_date=posted_date,
        status=status,
        notes=notes,
        origin=origin,
    )
    refuse_foreign_category(account.user_id, category)
    created = post_together({account.pk: account}, [row], today=today)
    if tags:
        _set_tags(row, tags)
    _keep_suggestion(actor, row, suggestion)
    trail.record_together(actor=actor, owner_id=row.user_id, happened=created)
    return row


def post_together(
    accounts: Mapping[int, Account], rows: list[Transaction], *, today: date | None
) -> list[trail.Happened]:
    """Check new rows on locked accounts, insert and book them, all or none, in as many statements
    as for one row. The caller records the events returned, after taking all its locks.

    Each row's `account` is the locked one. Raises ValidationError as `post_transaction`.
    """
    for row in rows:
        _check_new(row, today)
    sums = sums_of_rows(rows)
    for account_id, change in net_by_account(sums).items():
        refuse_overdraft(accounts[account_id], change)
    Transaction.objects.bulk_create(rows)
    book(accounts, sums)
    return [
        trail.Happened("transactions.transaction.created", target=row, changes=_facts(row))
        for row in rows
    ]


def _check_new(row: Transaction, today: date | None) -> None:
    """Decide the row's status and fingerprint. Raises ValidationError if it can't be posted."""
    refuse_closed(row.account)
    row.signed_amount = checked_amount(row.signed_amount, row.currency)
    decide_date(row, today)
    row.fingerprint = fingerprint_of(row)
    row.full_clean(exclude=["fingerprint", *LOADED], validate_constraints=False)


@command
def edit_transaction(
    *, actor: User, transaction: Transaction, today: date | None = None, **changes: Any
) -> Transaction:
    """Edit a transaction: any field of a manual entry; on an import, only what the bank did not
    set.

    Accepts account, signed_amount, txn_date, posted_date, status, description, merchant, notes,
    tags, category. A manual entry becomes planned if moved after `today` (the owner's; default:
    now), and is posted if moved to today or earlier. Raises ValidationError at the field.
    """
    target = changes.get("account", transaction.account)
    accounts = lock_accounts([transaction.account_id, target.pk])
    row = _locked_row(transaction, accounts)
    if "account" in changes:
        changes["account"] = accounts[target.pk]
    before, old_sums = _facts(row), sums_of_rows([row])
    old_category_id = row.category_id
    changed = assign(row, changes, today)
    tags_changed = "tags" in changes and _set_tags(row, changes["tags"])
    if not changed and not tags_changed:
        return row
    _refuse_fixed(row, changed)
    row.full_clean(exclude=["fingerprint", *LOADED])
    delta = merge((sums_of_rows([row]), 1), (old_sums, -1))
    _refuse_lower(accounts, delta, row)
    row.save(update_fields=[*changed, "updated_at"])
    book(accounts, delta)
    if set(changed) & set(MONEY_FIELDS):
        # The person has edited it, so it is tried again on its date.
        UnpostedReason.objects.filter(transaction=row).delete()
    if row.category_id != old_category_id:
        CategoryChange.objects.create(
            transaction=row,
            from_category_id=old_category_id,
            to_category_id=row.category_id,
            by=CategoryChange.By.USER,
            actor=actor,
        )
    _record_edit(actor, row, before, tags_changed)
    return row


@command
def delete_transactions(*, actor: User | None, rows: TransactionQuerySet) -> int:
    """Move rows to the trash. They leave balances and totals at once. Returns how many.

    Both sides of a transfer made here are deleted together; other pairs are dissolved.
    """
    rows = with_partners(rows)
    accounts = _lock_accounts_of(rows, accounts_of_pairs(rows))
    chosen = _chosen(rows, accounts).filter(deleted_at=None)
    ids, now = list(chosen.values_list("pk", flat=True)[:2]), timezone.now()
    if not ids:
        return 0
    refuse_held(chosen)
    freed = dissolve_pairs(actor=actor, rows=chosen, accounts=accounts)
    sums = sums_in(chosen)
    count = chosen.update(deleted_at=now, updated_at=now)
    book(accounts, merge((freed, 1), (sums, -1)))
    _record_many(actor, "transactions.transaction.deleted", accounts, ids, count)
    return count


@command
def restore_transactions(
    *, actor: User | None, rows: TransactionQuerySet, today: date | None = None
) -> int:
    """Restore rows from the trash. They count again at once. Returns how many.

    A planned one whose date has passed (`today` is the owner's; default: now) is posted. Raises
    ValidationError if a later import has added such a row again.
    """
    rows = with_partners(rows)
    accounts = _lock_accounts_of(rows)
    chosen = _chosen(rows, accounts).exclude(deleted_at=None)
    ids = list(chosen.values_list("pk", flat=True)[:2])
    if not ids:
        return 0
    refuse_returned(chosen)
    post_passed(chosen, today or today_in(next(iter(accounts.values())).user.timezone))
    sums = sums_in(chosen)
    count = chosen.update(deleted_at=None, updated_at=timezone.now())
    book(accounts, sums)
    _record_many(actor, "transactions.transaction.restored", accounts, ids, count)
    return count


def post_passed(rows: TransactionQuerySet, today: date) -> None:
    """Mark planned rows dated up to `today` as posted. The caller books them."""
    passed = rows.planned().filter(txn_date__lte=today)
    UnpostedReason.objects.filter(transaction__in=passed.order_by().values("pk")).delete()
    passed.update(status=Transaction.Status.POSTED)


def _chosen(rows: TransactionQuerySet, accounts: Mapping[int, Account]) -> TransactionQuerySet:
    """The rows on the locked accounts, without any that moved to another account meanwhile."""
    return Transaction.objects.filter(pk__in=rows.order_by().values("pk"), account__in=accounts)


def _suggest(
    account: Account, amount: Decimal, description: str, merchant: str, on: date
) -> Suggestion:
    line = Line(description.strip() or merchant.strip(), merchant.strip(), account.pk, abs(amount))
    return suggester_for(account.user_id).suggest(line, is_inflow=amount > 0, on=on)


def _keep_suggestion(actor: User | None, row: Transaction, suggestion: Suggestion) -> None:
    if suggestion.category_id is None:
        return
    CategoryChange.objects.create(
        transaction=row,
        to_category_id=suggestion.category_id,
        by=suggestion.by,
        rule_id=suggestion.rule_id,
        actor=actor,
    )


def _locked_row(transaction: Transaction, accounts: Mapping[int, Account]) -> Transaction:
    row = Transaction.objects.select_for_update(of=("self",)).get(pk=transaction.pk)
    if row.deleted_at is not None:
        raise ValidationError("This transaction is in the trash. Restore it first.")
    if row.account_id not in accounts:
        raise ValidationError("This transaction was just moved. Reload and try again.")
    return row


def _lock_accounts_of(rows: TransactionQuerySet, others: Iterable[int] = ()) -> dict[int, Account]:
    ids = set(rows.order_by().values_list("account_id", flat=True).distinct())
    return lock_accounts(sorted(ids.union(others)))


def _refuse_fixed(row: Transaction, changed: list[str]) -> None:
    """Refuse changes to held amounts, and to the amount or category of a transfer's side."""
    if set(changed) & set(MONEY_FIELDS):
        refuse_held(Transaction.objects.filter(pk=row.pk))
    for name in ("signed_amount", "category"):
        if row.is_split and name in changed:
            raise ValidationError({"amount" if name == "signed_amount" else name: SPLIT})
    for name in (*MONEY_FIELDS, "category"):
        if name in changed:
            refuse_side(row, "amount" if name == "signed_amount" else name)


def _refuse_lower(accounts: Mapping[int, Account], delta: SumsByKey, row: Transaction) -> None:
    """Refuse edits of manual entries that take an account below its limit. Bank data is exempt."""
    if row.is_bank_fact:
        return
    for account_id, change in net_by_account(delta).items():
        refuse_overdraft(accounts[account_id], change)


def book(accounts: Mapping[int, Account], delta: SumsByKey) -> None:
    """Apply the rows' changes to balances and totals, the two sides of the invariant."""
    changes = {account_id: net for account_id, net in net_by_account(delta).items() if net}
    apply_to_balances(accounts, changes)
    if delta:
        user_id = next(iter(accounts.values())).user_id
        apply_to_totals(user_id, delta)
        reopen_months(
            (key.account_id, first_of_month(key.on)) for key in delta if key.merchant is None
        )
        LedgerMark.objects.create(user_id=user_id)


def _set_tags(row: Transaction, names: Iterable[str]) -> bool:
    """Replace the row's tags. Returns whether they changed."""
    wanted = {" ".join(name.split()) for name in names} - {""}
    if any(len(name) > 40 for name in wanted) or len(wanted) > 20:
        raise ValidationError({"tags": "Use at most 20 tags with up to 40 characters each."})
    have = set(row.tags.values_list("name_key", flat=True))
    if {folded(name) for name in wanted} == have:
        return False
    row.tags.set(tags_by_name(row.user_id, wanted, make=True).values())
    return True


def _facts(row: Transaction) -> dict[str, Any]:
    """The row's values as the audit trail stores them."""
    return {
        "account": row.account_id,
        "amount": plain_amount(row.signed_amount, row.currency),
        "currency": row.currency,
        "txn_date": row.txn_date,
        "status": row.status,
        "description": row.description,
        "merchant": row.merchant,
        "category": row.category.slug if row.category else None,
        "notes": row.notes,
    }


def _record_edit(actor: User, row: Transaction, before: dict[str, Any], tags_changed: bool) -> None:
    after = _facts(row)
    tags = {"tags": sorted(row.tags.values_list("name", flat=True))} if tags_changed else {}
    trail.record(
        actor=actor,
        action="transactions.transaction.edited",
        target=row,
        before={name: value for name, value in before.items() if after[name] != value},
        after={name: value for name, value in after.items() if before[name] != value} | tags,
    )


def _record_many(
    actor: User | None, action: str, accounts: Mapping[int, Account], ids: list[int], count: int
) -> None:
    """Record one event for all rows. Its target is the row if there is only one."""
    owner_id = next(iter(accounts.values())).user_id
    target = Transaction.objects.get(pk=ids[0]) if count == 1 else None
    trail.record(actor=actor, action=action, target=target, owner_id=owner_id, count=count)
