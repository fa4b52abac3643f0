"""Bring a bank sync's lines into an account, through the same matcher as files.

Each line matches an existing transaction (and completes it), becomes a question for the owner, or
is new. Repeating a sync with the same lines changes nothing.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import transaction as db_transaction

from accounts.models import Account
from accounts.services import lock_accounts
from banking.kernel.money import to_units
from transactions.fingerprints import fingerprint
from transactions.matching.lines import REVIEW, SAME, Incoming, Matching, Text
from transactions.matching.matcher import match
from transactions.matching.reading import Kind, knowledge_of, read_ledger, texts_of_held
from transactions.models import BankLine, CategoryChange, ReviewItem, Transaction
from transactions.models.notices import notice_text
from transactions.rules.rule_book import Line
from transactions.rules.suggestions import Suggestion, suggester_for
from transactions.services.bank_ids import forget_reports, rows_named, withdrawn_rows
from transactions.services.completing import Telling, complete
from transactions.services.import_staging import (
    NO_DESCRIPTION,
    foreign_line,
    posted_amount,
    storable,
)
from transactions.services.importing import usable_account
from transactions.services.posting import book, restore_transactions
from transactions.services.review_questions import ask_on_about_listed, open_review
from transactions.sources.files.incoming import IncomingTransaction
from transactions.sources.files.notices import RowError
from transactions.totals import merge, sums_of_rows
from users.audit import trail
from users.models import User


@dataclass(frozen=True, slots=True)
class BroughtIn:
    """Counts of the lines: read = added + duplicate + review + skipped + invalid.

    `duplicate` counts lines the account already had. `errors` explains the invalid ones. `unlisted`
    names transactions that a complete list of their days should have contained.
    """

    read: int = 0
    added: int = 0
    duplicate: int = 0
    review: int = 0
    skipped: int = 0
    invalid: int = 0
    errors: list[str] = field(default_factory=list)
    unlisted: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Usable:
    """A line converted to what the ledger can store."""

    line: IncomingTransaction
    amount: Decimal
    description: str
    fingerprint: int
    suggestion: Suggestion

    def as_incoming(self, key: int) -> Incoming:
        line = self.line
        return Incoming(
            key,
            to_units(self.amount),
            line.txn_date.toordinal(),
            self.fingerprint,
            line.external_id,
            line.is_pending,
            line.replaces,
        )


@db_transaction.atomic
def bring_in(
    *,
    actor: User | None,
    account: Account,
    lines: Sequence[IncomingTransaction],
    source: str,
    at: datetime,
    covers: tuple[date, date] | None = None,
    ids_are_reliable: bool = True,
    removed: Collection[str] = (),
) -> BroughtIn:
    """Post new lines, complete existing ones and ask about the rest. Returns the counts.

    `source` identifies the bank's account ("plaid:12:9d03ab5c"); its lines are comparable. `covers`
    is the first and last day of a complete list. With `ids_are_reliable`, two IDs from one source
    are two lines. `removed` holds IDs of pending lines that the bank has withdrawn; those still
    pending go to the trash. Raises ValidationError for an account that accepts no lines.
    """
    accounts = lock_accounts([account.pk])
    account = usable_account(accounts[account.pk])
    wanted = _without_discarded(account, lines, source)
    usable, result = _usable(account, wanted)
    result["skipped"] += len(lines) - len(wanted)
    withdrawn_ids = rows_named(account, source, removed)
    matching = _match(account, usable, source, at, covers, ids_are_reliable, withdrawn_ids)
    same = [_telling(usable[key], verdict.held, source) for key, verdict in _same(matching)]
    completed = complete(account, same, at=at)
    booked = BankLine.objects.filter(account=account, source=source, is_pending=False)
    ask_on_about_listed(account, booked.values("transaction"), at)
    added = _post(actor, account, [usable[key] for key in _new(matching)], source)
    asked = _ask(account, usable, matching, source)
    withdrawn = _withdraw(account, removed, source, at)
    book(accounts, merge((completed, 1), (sums_of_rows(added), 1)))
    counts: dict[str, Any] = {
        "read": len(lines),
        "added": len(added),
        "review": asked,
        "duplicate": len(usable) - len(added) - asked + result["repeated"],
        "skipped": result["skipped"],
        "invalid": len(result["errors"]),
    }
    if len(added) or asked or completed or withdrawn:
        trail.record(
            actor=actor,
            action="transactions.sync.brought_in",
            target=account,
            source=source,
            withdrawn=withdrawn,
            **counts,
        )
    unlisted = [*matching.missing, *matching.vanished]
    return BroughtIn(**counts, errors=result["errors"], unlisted=unlisted)


def _without_discarded(
    account: Account, lines: Sequence[IncomingTransaction], source: str
) -> list[IncomingTransaction]:
    """The lines without those that the person moved to the trash while the bank went on listing
    them. What the bank had withdrawn itself and lists again is restored.
    """
    ids = {line.external_id for line in lines} - {""}
    named = rows_named(account, source, ids)
    trashed = Transaction.objects.filter(account=account).exclude(deleted_at=None)
    discarded = set(trashed.filter(pk__in=named.values()).values_list("pk", flat=True))
    back = withdrawn_rows(account, ids - set(named))
    live = Transaction.objects.filter(account=account, deleted_at=None, external_id__in=back)
    taken = set(live.values_list("external_id", flat=True))
    returned = [row for pk, row in back.items() if pk not in taken]
    if returned:
        restore_transactions(actor=None, rows=Transaction.objects.filter(pk__in=returned))
    return [line for line in lines if named.get(line.external_id) not in discarded]


def _usable(
    account: Account, lines: Sequence[IncomingTransaction]
) -> tuple[list[_Usable], dict[str, Any]]:
    """The lines that can be posted. If an ID occurs twice, the later line counts as the
    correction.
    """
    suggester = suggester_for(account.user_id)
    found: dict[object, _Usable] = {}
    errors: list[str] = []
    skipped = repeated = 0
    for place, line in enumerate(lines):
        try:
            amount = _amount_of(account, line)
        except RowError as error:
            errors.append(notice_text(error.notice))
            continue
        if not amount:
            skipped += 1
            continue
        description = storable(line.description)[:500] or storable(line.merchant)[:500]
        description = description or NO_DESCRIPTION
        key = line.external_id or place
        repeated += key in found
        found[key] = _Usable(
            line,
            amount,
            description,
            fingerprint(line.txn_date, amount, account.currency, description),
            suggester.suggest(
                Line(description, line.merchant, account.pk, abs(amount)),
                is_inflow=amount > 0,
                provider_category=line.category,
                on=line.txn_date,
            ),
        )
    return list(found.values()), {"errors": errors, "skipped": skipped, "repeated": repeated}


def _amount_of(account: Account, line: IncomingTransaction) -> Decimal:
    if line.currency and line.currency != account.currency:
        raise foreign_line(line.currency, account.name, account.currency)
    return posted_amount(line.amount, account.currency)


def _match(
    account: Account,
    usable: Sequence[_Usable],
    source: str,
    at: datetime,
    covers: tuple[date, date] | None,
    ids_are_reliable: bool,
    withdrawn: Mapping[str, int],
) -> Matching:
    days = [*(candidate.line.txn_date for candidate in usable), *(covers or ())]
    if not days:
        return Matching()
    ids = {candidate.line.external_id for candidate in usable} | {
        candidate.line.replaces for candidate in usable
    }
    ledger = read_ledger(
        account.pk,
        first=min(days),
        last=max(days),
        external_ids=ids,
        kind=Kind(source=source),
    )
    return match(
        [one.as_incoming(key) for key, one in enumerate(usable)],
        ledger.held,
        aliases=ledger.aliases,
        texts_of_incoming=lambda keys: {
            key: Text(usable[key].description, usable[key].suggestion.merchant) for key in keys
        },
        texts_of_held=texts_of_held,
        knowledge=knowledge_of(
            account.pk,
            on=at.date(),
            covers=covers,
            ids_are_reliable=ids_are_reliable,
            withdrawn=withdrawn.values(),
        ),
    )


def _same(matching: Matching) -> list[tuple[int, Any]]:
    return [
        (key, verdict)
        for key, verdict in sorted(matching.verdicts.items())
        if verdict.kind == SAME and verdict.held is not None
    ]


def _new(matching: Matching) -> list[int]:
    return sorted(key for key, verdict in matching.verdicts.items() if verdict.kind == "new")


def _telling(one: _Usable, held: int, source: str) -> Telling:
    line = one.line
    return Telling(
        transaction_id=held,
        txn_date=line.txn_date,
        posted_date=line.posted_date,
        signed_amount=one.amount,
        description=one.description,
        merchant=one.suggestion.merchant[:200],
        external_id=line.external_id,
        is_pending=line.is_pending,
        fingerprint=one.fingerprint,
        source=source,
    )


def _post(
    actor: User | None, account: Account, new: Sequence[_Usable], source: str
) -> list[Transaction]:
    """Post the new lines in date order, without checking the balance limit."""
    status = Transaction.Status
    rows = Transaction.objects.bulk_create(
        [
            Transaction(
                user_id=account.user_id,
                account=account,
                description=candidate.description,
                merchant=storable(candidate.suggestion.merchant)[:200],
                category_id=candidate.suggestion.category_id,
                category_source=candidate.suggestion.category_source,
                signed_amount=candidate.amount,
                currency=account.currency,
                txn_date=candidate.line.txn_date,
                posted_date=candidate.line.posted_date,
                status=status.PENDING if candidate.line.is_pending else status.POSTED,
                notes=storable(candidate.line.notes)[:4000],
                origin=Transaction.Origin.SYNC,
                external_id=candidate.line.external_id,
                fingerprint=candidate.fingerprint,
            )
            for candidate in sorted(new, key=lambda usable: usable.line.txn_date)
        ],
        batch_size=500,
    )
    BankLine.objects.bulk_create(
        [
            BankLine(
                transaction=row,
                account=account,
                source=source,
                external_id=row.external_id,
                fingerprint=row.fingerprint,
                description=row.description,
                is_pending=row.status == status.PENDING,
            )
            for row in rows
        ],
        batch_size=500,
    )
    suggested = {candidate.fingerprint: candidate.suggestion for candidate in new}
    CategoryChange.objects.bulk_create(
        [
            CategoryChange(
                transaction=row,
                to_category_id=row.category_id,
                by=suggested[row.fingerprint].by,
                rule_id=suggested[row.fingerprint].rule_id,
                actor=actor,
            )
            for row in rows
            if row.category_id
        ],
        batch_size=500,
    )
    return rows


def _ask(account: Account, usable: Sequence[_Usable], matching: Matching, source: str) -> int:
    asked = [
        open_review(
            account=account,
            candidate_id=verdict.held,
            reason=verdict.reason,
            source=source,
            txn_date=usable[key].line.txn_date,
            posted_date=usable[key].line.posted_date,
            signed_amount=usable[key].amount,
            description=usable[key].description,
            merchant=storable(usable[key].suggestion.merchant)[:200],
            external_id=usable[key].line.external_id,
            category_id=usable[key].suggestion.category_id,
            category_source=usable[key].suggestion.category_source,
            notes=storable(usable[key].line.notes)[:4000],
            is_pending=usable[key].line.is_pending,
            fingerprint=usable[key].fingerprint,
        )
        for key, verdict in sorted(matching.verdicts.items())
        if verdict.kind == REVIEW
    ]
    ReviewItem.objects.bulk_create(asked, batch_size=500)
    return len(asked)


def _withdraw(account: Account, removed: Collection[str], source: str, at: datetime) -> int:
    """Move pending lines that the bank withdrew to the trash. They count in no balance, so none
    changes.
    """
    if not removed:
        return 0
    ReviewItem.objects.open().filter(
        account=account, source=source, external_id__in=removed, is_pending=True
    ).delete()
    pending = Transaction.objects.filter(
        pk__in=rows_named(account, source, removed).values(),
        status=Transaction.Status.PENDING,
        origin=Transaction.Origin.SYNC,
        deleted_at=None,
    )
    ids = list(pending.values_list("pk", flat=True))
    forget_reports(source, ids)
    return Transaction.objects.filter(pk__in=ids).update(deleted_at=at, updated_at=at)
