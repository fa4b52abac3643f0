"""Sync bank connections, with at most one sync per connection at a time.

The bank is queried outside any database transaction; all its data is then stored in one commit
together with the cursor. If a worker dies, only a lease remains until it expires, and the next sync
requests the same data again.
"""

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from zlib import crc32

from django.core.exceptions import ValidationError
from django.db import transaction as db_transaction
from django.db.models import Exists, Min, OuterRef, Q, Sum, Value
from django.db.models.functions import Coalesce, Least

from accounts.models import (
    Account,
    BankConnection,
    BankConnectionQuerySet,
    ConnectedAccount,
    SyncRun,
)
from accounts.services import edit_account, lock_accounts
from banking.kernel.encryption import UnreadableSecretError, decrypt
from banking.kernel.narrowing import sure
from banking.kernel.outgoing import counting
from banking.kernel.sentences import Part, count, refusal_parts
from banking.limits import (
    BANK_SYNC_EVERY,
    MOST_MANUAL_SYNCS,
    MOST_WITHDRAWN_UNASKED,
    SCHEDULED_REQUESTS,
    SYNC_FAILURES_TO_TELL,
    SYNC_FIRST_RETRY,
    SYNC_JITTER,
    SYNC_LEASE,
    SYNC_WHILE_PREPARING,
)
from transactions.models import BankLine, LedgerMark, Transaction
from transactions.services.bank_ids import forget_reports, rows_named
from transactions.services.bringing_in import BroughtIn, bring_in
from transactions.services.completing import Telling, complete
from transactions.services.connecting import write_remote_accounts
from transactions.services.posting import book, delete_transactions
from transactions.sources.banks.connecting import BankError, Changes, Problem
from transactions.sources.banks.providers import connector_of, provider_of
from transactions.sources.files.incoming import IncomingTransaction
from users.audit import trail
from users.models import User
from users.timezones import local_date

ONE_DAY = timedelta(days=1)
Status, RunStatus, Trigger = BankConnection.Status, SyncRun.Status, SyncRun.Trigger
# Waiting for a worker. With an expired lease, a running one waits too: its worker died.
WAITING = (RunStatus.QUEUED, RunStatus.RUNNING)


@db_transaction.atomic
def request_sync(
    *, actor: User | None, connection: BankConnection, trigger: str, at: datetime
) -> SyncRun:
    """The run that waits for a worker. Fifty requests share one run.

    Raises ValidationError for an ended connection, or if the day's manual syncs are used up.
    """
    locked = BankConnection.objects.select_for_update().get(pk=connection.pk)
    if locked.disconnected_at is not None or locked.status == Status.REVOKED:
        raise ValidationError("This connection has ended. Connect the bank again.")
    waiting = locked.runs.filter(status=RunStatus.QUEUED).first()
    if waiting is not None:
        return waiting
    if trigger == Trigger.MANUAL:
        _refuse_often(locked, at)
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
    """Sync a connection. Returns None if another sync is running or the connection has ended, or
    if the provider allows no more requests today.

    Errors from the bank are stored on the run and the connection as a sentence for the owner.
    """
    connection = _claim(BankConnection.objects.filter(pk=connection_id), at)
    if connection is None or _must_wait(connection, at):
        return None
    run = _start(connection, trigger, at)
    found: Changes | BankError
    with counting(_allowance(connection, at)) as tally:
        try:
            found = _ask(connection, at)
        except BankError as error:
            found = error
        except UnreadableSecretError:
            found = BankError(Problem.NEEDS_LOGIN, _LOST_SECRET, code="SECRET_LOST")
    run.request_count = tally.count
    if isinstance(found, BankError):
        return _fail(run, connection, found, at)
    return _bring_in(run, connection, found, at)


def sync_if_waiting(*, connection_id: int, at: datetime) -> SyncRun | None:
    """As `sync_connection`, if a sync is still due or requested. A repeated task does nothing."""
    if not _waiting(at).filter(pk=connection_id).exists():
        return None
    return sync_connection(connection_id=connection_id, at=at)


def due_connections(at: datetime, *, limit: int) -> list[int]:
    """Connections to sync now, scheduled or requested, longest waiting first."""
    requested = Min("runs__created_at", filter=Q(runs__status__in=WAITING))
    since = _waiting(at).annotate(
        since=Least(Coalesce("next_sync_at", Value(at)), Coalesce(requested, Value(at)))
    )
    return list(since.order_by("since", "pk").values_list("pk", flat=True)[:limit])


def _waiting(at: datetime) -> BankConnectionQuerySet:
    """Connections whose sync is due or requested, and that no worker holds."""
    asked = SyncRun.objects.filter(connection=OuterRef("pk"), status__in=WAITING)
    due = Q(status__in=BankConnection.SYNCING, next_sync_at__lte=at)
    return _free(BankConnection.objects.all(), at).filter(due | Exists(asked))


def _free(connections: BankConnectionQuerySet, at: datetime) -> BankConnectionQuerySet:
    open_ones = connections.filter(disconnected_at=None).exclude(status=Status.REVOKED)
    return open_ones.filter(Q(lease_until=None) | Q(lease_until__lte=at))


_WAIT_UNTIL_LATER = (
    "This bank allows only so many requests a day. It will sync again automatically."
)
_LOST_SECRET = "We can no longer access this bank. Connect it again."


def _claim(connections: BankConnectionQuerySet, at: datetime) -> BankConnection | None:
    """Take the lease. Only one of several workers gets it."""
    connection = connections.select_related("user").first()
    if connection is None or not _free(connections, at).update(lease_until=at + SYNC_LEASE):
        return None
    connection.refresh_from_db()
    return connection


def _ask(connection: BankConnection, at: datetime) -> Changes:
    """The bank's changes. While no account is mapped, only its accounts are read."""
    connector = connector_of(connection.provider)
    secret = decrypt(connection.secret)
    if not connection.connected_accounts.exclude(account=None).exists():
        return Changes(connector.accounts(secret), (), connection.cursor, has_lines=False)
    return connector.changes(secret, connection.cursor, _today(connection.user, at))


# --- How often a bank may be asked --------------------------------------------------------------


def _refuse_often(connection: BankConnection, at: datetime) -> None:
    """Manual syncs are limited; of a provider's allowance they leave some to the schedule."""
    by_hand = connection.runs.filter(created_at__gt=at - ONE_DAY, trigger=Trigger.MANUAL)
    left = _allowance(connection, at)
    is_short = left is not None and left <= SCHEDULED_REQUESTS
    if is_short or by_hand.count() >= MOST_MANUAL_SYNCS:
        raise ValidationError(
            "You have synced this bank often today. It will sync again automatically."
        )


def _allowance(connection: BankConnection, at: datetime) -> int | None:
    """How many requests the provider still allows today, or None for any number."""
    most = provider_of(connection.provider).requests_a_day
    if most is None:
        return None
    today = connection.runs.filter(started_at__gt=at - ONE_DAY)
    return max(0, most - (today.aggregate(count=Sum("request_count"))["count"] or 0))


@db_transaction.atomic
def _must_wait(connection: BankConnection, at: datetime) -> bool:
    """Whether too few requests are left for this sync. It is then scheduled for later."""
    left = _allowance(connection, at)
    needed = 1 if connection.cursor else provider_of(connection.provider).requests_at_first
    if left is None or left >= needed:
        return False
    oldest = connection.runs.filter(started_at__gt=at - ONE_DAY, request_count__gt=0)
    first = oldest.order_by("started_at").values_list("started_at", flat=True).first()
    again = max(at + SYNC_FIRST_RETRY, (first or at) + ONE_DAY)
    connection.runs.filter(status__in=WAITING).update(
        status=RunStatus.DONE, ended_at=at, messages=[_WAIT_UNTIL_LATER]
    )
    BankConnection.objects.filter(pk=connection.pk).update(lease_until=None, next_sync_at=again)
    return True


# --- Before and after ---------------------------------------------------------------------------


@db_transaction.atomic
def _start(connection: BankConnection, trigger: str, at: datetime) -> SyncRun:
    # A run still marked as running belongs to a worker that died.
    connection.runs.filter(status=RunStatus.RUNNING).update(
        status=RunStatus.FAILED, ended_at=at, error_code="LOST", error="The sync was interrupted."
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
    messages: list[str | list[Part]] = field(default_factory=list)

    def take(self, brought: BroughtIn) -> None:
        self.added += brought.added
        self.completed += brought.duplicate
        self.review += brought.review
        self.messages += brought.errors[:3]


@db_transaction.atomic
def _bring_in(run: SyncRun, began: BankConnection, changes: Changes, at: datetime) -> SyncRun:
    locked = BankConnection.objects.select_for_update().get(pk=run.connection_id)
    if locked.lease_until != began.lease_until:
        # Another worker has taken over and closed this run.
        return SyncRun.objects.get(pk=run.pk)
    is_same = (locked.cursor, locked.secret) == (began.cursor, began.secret)
    if locked.disconnected_at is not None or not is_same:
        # It ended or was renewed meanwhile; the same data will be requested again.
        return _end(
            run, locked, _Counts(messages=["The connection has changed in the meantime."]), at
        )
    write_remote_accounts(locked, changes.accounts)
    counts = _Counts(messages=list(changes.messages))
    if changes.has_lines:
        for connected, account in _fed_accounts(locked):
            _bring_into(connected, account, locked, changes, counts, at)
    locked.cursor = changes.cursor
    locked.status, locked.error, locked.error_code = Status.ACTIVE, "", ""
    locked.failed_count, locked.last_synced_at = 0, at
    locked.next_sync_at = at + _pause(changes)
    return _end(run, locked, counts, at)


def _pause(changes: Changes) -> timedelta:
    if not changes.is_complete:
        return SYNC_WHILE_PREPARING
    return BANK_SYNC_EVERY + random.random() * SYNC_JITTER  # noqa: S311 - no secret


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
    # A removed line may name an account by an ID that the bank has given up.
    listed = {reported.external_id for reported in changes.accounts}
    is_listed = connected.external_id in listed
    removed = {pk for owner, pk in changes.removed if owner not in listed - {connected.external_id}}
    today = _today(connection.user, at)
    source = _source(connection, connected)
    is_complete = is_listed and changes.is_complete and not changes.messages
    brought = bring_in(
        actor=None,
        account=account,
        lines=lines,
        source=source,
        at=at,
        covers=(changes.window_from, today) if changes.window_from and is_listed else None,
        removed=removed,
    )
    counts.take(brought)
    book({account.pk: account}, complete(account, _revisions(account, source, lines), at=at))
    _remove(source, rows_named(account, source, removed).values(), counts)
    _remove(source, _unlisted(account, brought.unlisted, lines, counts), counts)
    if is_complete and not connection.cursor:
        _remove(source, _left_by_others(account, source), counts)
    if connected.sets_opening_balance and connected.balance is not None:
        _set_opening_balance(connected, account, is_final=changes.is_complete)


def _source(connection: BankConnection, connected: ConnectedAccount) -> str:
    """The source of the account's lines. With a new account ID, the bank's line IDs may change too:
    they are then another source's.
    """
    return f"{connection.provider}:{connection.pk}:{crc32(connected.external_id.encode()):08x}"


def _unlisted(
    account: Account, missing: Iterable[int], lines: Sequence[IncomingTransaction], counts: _Counts
) -> list[int]:
    """What a complete list of the last days should contain and does not: the bank withdrew it.

    If a large part of it is gone at once, that is more likely the bank's mistake: it stays.
    """
    synced = Transaction.objects.filter(origin=Transaction.Origin.SYNC, deleted_at=None)
    gone = synced.filter(account=account, pk__in=list(missing))
    pending = gone.filter(status=Transaction.Status.PENDING)
    posted = gone.filter(status=Transaction.Status.POSTED)
    found = [*pending.values_list("pk", flat=True)]
    booked = [*posted.values_list("pk", flat=True)]
    if len(booked) > max(MOST_WITHDRAWN_UNASKED, len(lines)):
        number = count(len(booked))
        counts.messages.append(["The bank didn't list ", number, " transactions. We kept them."])
        return found
    return found + booked


def _left_by_others(account: Account, source: str) -> list[int]:
    """Pending transactions of ended connections: the bank lists its pending ones under this one."""
    pending = Transaction.objects.filter(
        account=account,
        origin=Transaction.Origin.SYNC,
        status=Transaction.Status.PENDING,
        deleted_at=None,
    )
    reported = BankLine.objects.filter(account=account, source=source).values("transaction")
    return list(pending.exclude(pk__in=reported).values_list("pk", flat=True))


def _revisions(
    account: Account, source: str, lines: Iterable[IncomingTransaction]
) -> list[Telling]:
    """The bank's corrections to booked transactions, found by ID."""
    booked = {line.external_id: line for line in lines if line.external_id and not line.is_pending}
    named = {row: pk for pk, row in rows_named(account, source, booked).items()}
    held = Transaction.objects.filter(
        pk__in=named, deleted_at=None, status=Transaction.Status.POSTED
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
        if (line := booked[named[row.pk]]).amount != row.signed_amount
        or (row.is_bank_fact and (line.txn_date, line.description) != _told_before(row))
    ]


def _told_before(row: Transaction) -> tuple[date, str]:
    return row.txn_date, row.description


def _remove(source: str, ids: Iterable[int], counts: _Counts) -> None:
    """Move transactions the bank withdrew to the trash, unless something here depends on them."""
    live = Transaction.objects.filter(pk__in=list(ids), deleted_at=None)
    for row in live.order_by("pk"):
        forget_reports(source, [row.pk])
        try:
            with db_transaction.atomic():
                counts.removed += delete_transactions(
                    actor=None, rows=Transaction.objects.filter(pk=row.pk)
                )
        except ValidationError as error:
            begun = f"The bank withdrew “{row.title}”. "
            counts.messages.append([begun, *refusal_parts(error)])


def _set_opening_balance(connected: ConnectedAccount, account: Account, *, is_final: bool) -> None:
    """Set a new account's opening balance so that it ends at the bank's balance.

    It is set again with every sync until the whole history is there.
    """
    account.refresh_from_db()
    opening = account.opening_balance + connected.balance - account.balance
    edit_account(actor=None, account=account, opening_balance=opening)
    if is_final:
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
def _fail(run: SyncRun, began: BankConnection, error: BankError, at: datetime) -> SyncRun:
    connection = BankConnection.objects.select_for_update().get(pk=run.connection_id)
    if connection.lease_until != began.lease_until:
        return SyncRun.objects.get(pk=run.pk)
    connection.lease_until = None
    connection.failed_count += 1
    connection.error_code, connection.error = error.code, str(error)[:300]
    connection.status = _status_after(error, connection)
    pause = min(SYNC_FIRST_RETRY * 2 ** min(connection.failed_count - 1, 4), BANK_SYNC_EVERY)
    connection.next_sync_at = at + pause
    connection.save()
    run.status, run.ended_at = RunStatus.FAILED, at
    run.error_code, run.error = error.code, str(error)[:300]
    run.request_id = error.request_id
    run.needs_owner = error.problem in (Problem.NEEDS_LOGIN, Problem.REVOKED)
    run.save()
    # The sweep for alerts, a few seconds later, then looks at this person.
    LedgerMark.objects.create(user_id=connection.user_id)
    if connection.status == Status.REVOKED:
        # Nothing will take these any more.
        connection.runs.filter(status=RunStatus.QUEUED).update(
            status=RunStatus.FAILED, ended_at=at, error_code=run.error_code, error=run.error
        )
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
    if connection.failed_count >= SYNC_FAILURES_TO_TELL:
        return Status.ERROR
    return connection.status
