"""Apply a person's entries and edits to a row in memory."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.core.exceptions import ValidationError

from transactions.fingerprints import fingerprint
from transactions.models import Category, Transaction
from transactions.services.posting_checks import (
    checked_amount,
    checked_date,
    refuse_closed,
    refuse_foreign_category,
    status_by_date,
    typed_date,
)
from users.timezones import today_in

MONEY_FIELDS = ("account", "signed_amount", "txn_date", "status")
BANK_FACTS = ("account", "signed_amount", "txn_date", "posted_date", "status", "description")
PLAIN_FIELDS = ("description", "merchant", "posted_date", "notes")
SEARCHED = ("description", "merchant", "notes")
FINGERPRINTED = ("signed_amount", "txn_date", "description", "account")


def decide_date(row: Transaction, today: date | None) -> None:
    """Reject dates out of bounds. A manual entry dated after today becomes planned."""
    if row.is_bank_fact:
        checked_date(row.txn_date)
        return
    today = today or today_in(row.user.timezone)
    typed_date(row.txn_date, today=today)
    row.status = status_by_date(row.status, row.txn_date, today)


def assign(row: Transaction, changes: Mapping[str, Any], today: date | None) -> list[str]:
    """Apply the changes to the row. Returns the columns that actually changed."""
    changed: list[str] = []
    old_status = row.status
    for name in (*MONEY_FIELDS, *PLAIN_FIELDS):
        if name not in changes or changes[name] == getattr(row, name):
            continue
        if row.is_bank_fact and name in BANK_FACTS:
            attr = "amount" if name == "signed_amount" else name
            raise ValidationError({attr: "You can't change details that came from your bank."})
        setattr(row, name, changes[name])
        changed.append(name)
    _check_money_fields(row, changed)
    _plan_or_post(row, changed, old_status, today)
    if not row.description:
        row.description = row.merchant
    if set(changed) & set(FINGERPRINTED):
        row.fingerprint = fingerprint_of(row)
        changed.append("fingerprint")
    if set(changed) & set(SEARCHED):
        changed += ["search_text", "merchant_key"]
    if "category" in changes:
        changed += _assign_category(row, changes["category"])
    return changed


def _check_money_fields(row: Transaction, changed: list[str]) -> None:
    if "account" in changed:
        _check_account(row)
    if "signed_amount" in changed:
        row.signed_amount = checked_amount(row.signed_amount, row.currency)


def _plan_or_post(
    row: Transaction, changed: list[str], old_status: str, today: date | None
) -> None:
    """Let the date decide whether a manual entry is planned."""
    if row.is_bank_fact or not {"txn_date", "status"} & set(changed):
        return
    today = today or today_in(row.user.timezone)
    if "txn_date" in changed:
        typed_date(row.txn_date, today=today)
    planned = Transaction.Status.PLANNED
    if old_status == planned and row.status == planned:
        row.status = Transaction.Status.POSTED
    elif old_status == planned and row.txn_date > today:
        raise ValidationError(
            {"status": ("This transaction is planned. Change its date to post it sooner.")}
        )
    row.status = status_by_date(row.status, row.txn_date, today)
    if "status" in changed:
        changed.remove("status")
    if row.status != old_status:
        changed.append("status")


def _check_account(row: Transaction) -> None:
    if row.account.user_id != row.user_id:
        raise ValidationError({"account": "Choose one of your own accounts."})
    refuse_closed(row.account)
    if row.account.currency != row.currency:
        raise ValidationError({"account": f"Choose an account in {row.currency}."})


def _assign_category(row: Transaction, category: Category | None) -> list[str]:
    """Lock a category chosen by hand. Removing it lets rules categorize the row again."""
    refuse_foreign_category(row.user_id, category)
    sources = Transaction.CategorySource
    source = sources.MANUAL if category else sources.NONE
    if category == row.category and source == row.category_source:
        return []
    row.category, row.category_source = category, source
    return ["category", "category_source"]


def fingerprint_of(row: Transaction) -> int:
    return fingerprint(row.txn_date, row.signed_amount, row.currency, row.description)
