"""Sync bank connections, with at most one sync per connection at a time.

The bank is queried outside any database transaction; all its data is then stored in one commit
together with the cursor. If a worker dies, only a lease remains until it expires, and the next sync
requests the same data again.
"""

import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from django.core.exceptions import ValidationError
from django.db import transaction as db_transaction
from django.db.models import Q

from accounts.models import Account, BankConnection, ConnectedAccount, SyncRun
from accounts.services import edit_account, lock_accounts
from banking.kernel.encryption import UnreadableSecretError, decrypt
from banking.kernel.narrowing import sure
from banking.limits import BANK_SYNC_EVERY, MOST_MANUAL_SYNCS
from transactions.models import Transaction, TransactionQuerySet
from transactions.services.bringing_in import BroughtIn, bring_in
from transactions.services.completing import Telling, complete
from transactions.services.connecting import write_remote_accounts
from transactions.services.posting import book, delete_transactions
from transactions.sources.banks.connecting import BankError, Changes, Problem
from transactions.sources.banks.providers import connector_of
from transactions.sources.files.incoming import IncomingTransaction
from users.audit import trail
from users.models import User
from users.timezones import local_date

# Spread out, so that connections created together do not always sync together.
JITTER = timedelta(minutes=20)
# Longer than the longest sync. A dead worker blocks the connection for this long.
LEASE = timedelta(minutes=15)
FIRST_RETRY = timedelta(minutes=15)
FAILURES_TO_TELL = 2
Status, RunStatus, Trigger = BankConnection.Status, SyncRun.Status, SyncRun.Trigger


@db_transaction.atomic
def request_sync(
    *, actor: User | None, connection: BankConnection, trigger: str, at: datetime
) -> SyncRun:
    """The run that waits for a worker. Fifty requests share one run.

    Raises ValidationError for an ended connection, or if the day's syncs are used up.
    """
    locked = BankConnection.objects.select_for_update().get(pk=connection.pk)
    if locked.disconnected_at is not None or locked.status == Status.REVOKED:
        raise ValidationError("This connection has ended. Connect the bank again.")
    waiting = locked.runs.filter(status=RunStatus.QUEUED).first()
    if waiting is not None:
        return waiting
    today = locked.runs.filter(created_at__gt=at - timedelta(days=1)).count()
    if today >= MOST_MANUAL_SYNCS and trigger == Trigger.MANUAL:
        raise ValidationError("You have synced this bank often today. It syncs again by itself.")
    run = SyncRun.objects.create(connection=locked, trigger=trigger)
    trail.record(
        actor=actor,
        action="transactions.connection.sync_requested",
        target=locked,
        trigger=trigger,
    )
    return run


def sync_connection(
    *, connection_id: int, at: datetime, trigger: str = Trigger.SCHEDULE
) -> SyncRun | None:
    """Sync a connection. Returns None if another sync is running or the connection has ended.

    Errors from the bank are stored on the run and the connection as a sentence for the owner.
    """
    connection = _claim(connection_id, at)
    if connection is None:
        return None
    run = _start(connection, trigger, at)
    try:
        secret = decrypt(connection.secret)
        changes = connector_of(connection.provider).changes(
            secret, connection.cursor, _today(connection.user, at)
        )
    except BankError as error:
        return _fail(run, error, at)
    except UnreadableSecretError:
        return _fail(run, BankError(Problem.NEEDS_LOGIN, _LOST_SECRET, code="SECRET_LOST"), at)
    return _bring_in(run, connection.cursor, changes, at)


def due_connections(at: datetime, *, limit: int) -> list[int]:
    """Connections to sync now, longest waiting first: scheduled or requested."""
    asked = Q(runs__status=RunStatus.QUEUED, disconnected_at=None)
    due = BankConnection.objects.due(at).filter(Q(lease_until=None) | Q(lease_until__lte=at))
    waiting = BankConnection.objects.filter(asked).exclude(lease_until__gt=at)
    ids = [*waiting.order_by("updated_at").values_list("pk", flat=True)[:limit]]
    ids += due.order_by("next_sync_at").values_list("pk", flat=True)[:limit]
    return list(dict.fromkeys(ids))[:limit]


_LOST_SECRET = "We can no longer read the access to this bank. Please connect it again."


def _claim(connection_id: int, at: datetime) -> BankConnection | None:
    """Take the lease. Only one of several workers gets it."""
    free = BankConnection.objects.filter(
        Q(lease_until=None) | Q(lease_until__lte=at), pk=connection_id, disconnected_at=None
    ).exclude(status=Status.REVOKED)
    if not free.update(lease_until=at + LEASE):
        return None
    return BankConnection.objects.select_related("user").get(pk=connection_id)


@db_transaction.atomic
def _start(connection: BankConnection, trigger: str, at: datetime) -> SyncRun:
    # A run still marked as running belongs to a worker that died.
    connection.runs.filter(status=RunStatus.RUNNING).update(
        status=RunStatus.FAILED, ended_at=at, error_code="LOST", error="It was interrupted."
    )
    run = connection.runs.select_for_update().filter(status=RunStatus.QUEUED).first()
    run = run or SyncRun(connection=connection, trigger=trigger)
    run.status, run.started_at = RunStatus.RUNNING, at
    run.save()
    return run


def _today(user: User, at: datetime) -> date:
    return local_date(user.timezone, at)


@dataclass(slots=True)
class _Counts:
    """The results of one sync over all accounts of the connection."""

    added: int = 0
    completed: int = 0
    removed: int = 0
    review: int = 0
    messages: list[str] = field(default_factory=list)

    def take(self, brought: BroughtIn) -> None:
        self.added += brought.added
        self.completed += brought.duplicate
        self.review += brought.review
        self.messages += brought.errors[:3]


@db_transaction.atomic
def _bring_in(run: SyncRun, began_at: str, changes: Changes, at: datetime) -> SyncRun:
    locked = BankConnection.objects.select_for_update().get(pk=run.connection_id)
    if locked.disconnected_at is not None or locked.cursor != began_at:
        # It ended or was reset meanwhile; the same data will be requested again.
        return _end(run, locked, _Counts(messages=["The connection changed meanwhile."]), at)
    write_remote_accounts(locked, changes.accounts)
    counts = _Counts(messages=list(changes.messages))
    for connected, account in _fed_accounts(locked):
        _bring_into(connected, account, locked, changes, counts, at)
    locked.cursor = changes.cursor
    locked.status, locked.error, locked.error_code = Status.ACTIVE, "", ""
    locked.failed_count, locked.last_synced_at = 0, at
    locked.next_sync_at = at + BANK_SYNC_EVERY + random.random() * JITTER  # noqa: S311 - no secret
    return _end(run, locked, counts, at)


def _fed_accounts(connection: BankConnection) -> list[tuple[ConnectedAccount, Account]]:
    """The accounts that receive lines, locked in key order, without those in the trash."""
    connected = connection.connected_accounts.filter(account__deleted_at=None).exclude(account=None)
    found = sorted(connected, key=lambda account: sure(account.account_id))
    accounts = lock_accounts(sure(connected.account_id) for connected in found)
    return [(connected, accounts[sure(connected.account_id)]) for connected in found]


def _bring_into(
    connected: ConnectedAccount,
    account: Account,
    connection: BankConnection,
    changes: Changes,
    counts: _Counts,
    at: datetime,
) -> None:
    lines = [line.line for line in changes.lines if line.account_id == connected.external_id]
    removed = {pk for owner, pk in changes.removed if owner in (connected.external_id, "")}
    today = _today(connection.user, at)
    brought = bring_in(
        actor=None,
        account=account,
        lines=lines,
        source=f"{connection.provider}:{connection.pk}",
        at=at,
        covers=(changes.window_from, today) if changes.window_from else None,
        removed=removed,
    )
    counts.take(brought)
    book({account.pk: account}, complete(account, _revisions(account, lines), at=at))
    gone = Transaction.objects.filter(account=account, deleted_at=None)
    vanished = gone.filter(pk__in=brought.unlisted, status=Transaction.Status.PENDING)
    withdrawn = gone.filter(external_id__in=removed).exclude(external_id="")
    for rows in (vanished, withdrawn):
        _remove(rows, counts)
    if connected.sets_opening_balance and connected.balance is not None:
        _set_opening_balance(connected, account)


def _revisions(account: Account, lines: Iterable[IncomingTransaction]) -> list[Telling]:
    """The bank's corrections to booked transactions, found by ID."""
    booked = {line.external_id: line for line in lines if line.external_id and not line.is_pending}
    held = Transaction.objects.filter(
        account=account,
        deleted_at=None,
        external_id__in=booked,
        status=Transaction.Status.POSTED,
    )
    return [
        Telling(
            transaction_id=row.pk,
            txn_date=line.txn_date,
            posted_date=line.posted_date,
            signed_amount=line.amount,
            description=line.description,
            merchant=row.merchant,
            external_id=line.external_id,
            is_pending=False,
            fingerprint=row.fingerprint,
            is_revision=True,
        )
        for row in held
        if (line := booked[row.external_id]).amount != row.signed_amount
        or (row.is_bank_fact and (line.txn_date, line.description) != _told_before(row))
    ]


def _told_before(row: Transaction) -> tuple[date, str]:
    return row.txn_date, row.description


def _remove(rows: TransactionQuerySet, counts: _Counts) -> None:
    """Move transactions the bank withdrew to the trash, unless something here depends on them."""
    for row in rows.order_by("pk"):
        try:
            with db_transaction.atomic():
                counts.removed += delete_transactions(
                    actor=None, rows=Transaction.objects.filter(pk=row.pk)
                )
        except ValidationError as error:
            counts.messages.append(f"The bank took back “{row.title}”. {' '.join(error.messages)}")


def _set_opening_balance(connected: ConnectedAccount, account: Account) -> None:
    """Set a new account's opening balance so that it ends at the bank's balance."""
    account.refresh_from_db()
    opening = account.opening_balance + connected.balance - account.balance
    edit_account(actor=None, account=account, opening_balance=opening)
    connected.sets_opening_balance = False
    connected.save(update_fields=["sets_opening_balance", "updated_at"])


def _end(run: SyncRun, connection: BankConnection, counts: _Counts, at: datetime) -> SyncRun:
    connection.lease_until = None
    connection.save()
    run.status, run.ended_at = RunStatus.DONE, at
    run.added_count, run.completed_count = counts.added, counts.completed
    run.removed_count, run.review_count = counts.removed, counts.review
    run.messages = counts.messages[:20]
    run.save()
    trail.record(
        actor=None,
        action="transactions.connection.synced",
        target=connection,
        added=counts.added,
        removed=counts.removed,
        review=counts.review,
    )
    return run


@db_transaction.atomic
def _fail(run: SyncRun, error: BankError, at: datetime) -> SyncRun:
    connection = BankConnection.objects.select_for_update().get(pk=run.connection_id)
    connection.lease_until = None
    connection.failed_count += 1
    connection.error_code, connection.error = error.code, str(error)[:300]
    connection.status = _status_after(error, connection)
    pause = min(FIRST_RETRY * 2 ** min(connection.failed_count - 1, 4), BANK_SYNC_EVERY)
    connection.next_sync_at = at + pause
    connection.save()
    run.status, run.ended_at = RunStatus.FAILED, at
    run.error_code, run.error = error.code, str(error)[:300]
    run.request_id = error.request_id
    run.needs_owner = error.problem in (Problem.NEEDS_LOGIN, Problem.REVOKED)
    run.save()
    trail.record(
        actor=None,
        action="transactions.connection.sync_failed",
        target=connection,
        code=error.code,
        failed_count=connection.failed_count,
    )
    return run


def _status_after(error: BankError, connection: BankConnection) -> str:
    if error.problem is Problem.NEEDS_LOGIN:
        return Status.NEEDS_LOGIN
    if error.problem is Problem.REVOKED:
        return Status.REVOKED
    if connection.failed_count >= FAILURES_TO_TELL:
        return Status.ERROR
    return connection.status
