"""Create, map, renew and end connections to banks.

Banks are contacted before the database transaction begins, so that no lock waits for the network.
"""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from django.core.exceptions import ValidationError
from django.db import transaction as db_transaction

from accounts.models import Account, BankConnection, ConnectedAccount
from accounts.services import lock_accounts, open_account
from banking.kernel.encryption import UnreadableSecretError, decrypt, encrypt, renewed
from banking.limits import CONNECTION_UNDO_FOR, MOST_BANK_CONNECTIONS
from transactions.holds import why_held
from transactions.models import Change, Transaction, TransactionQuerySet
from transactions.services.bulk_editing import bulk_delete, deletable
from transactions.services.undoing import undo_change
from transactions.sources.banks.connecting import BankError, Link, Problem, RemoteAccount
from transactions.sources.banks.providers import connector_of, offered_providers
from users.audit import trail
from users.models import User

logger = logging.getLogger(__name__)

NEW = "new"


@dataclass(frozen=True, slots=True)
class Asked:
    """A bank's first response: lasting access and its accounts."""

    link: Link
    accounts: tuple[RemoteAccount, ...]


@dataclass(frozen=True, slots=True)
class Disconnection:
    """What ended with a connection: the change that moved its transactions to the trash, how many
    stayed although they were to go, and why.
    """

    change: Change | None = None
    kept_count: int = 0
    kept_because: str = ""


def ask_bank(*, user: User, provider: str, given: Mapping[str, str]) -> Asked:
    """Exchange what the person entered for lasting access. Stores nothing yet.

    Raises ValidationError, with the bank's own message if the bank refused.
    """
    if provider not in {offered.key for offered in offered_providers()}:
        raise ValidationError({"provider": "This provider isn't available."})
    if BankConnection.objects.visible_to(user).count() >= MOST_BANK_CONNECTIONS:
        raise ValidationError(f"You can connect at most {MOST_BANK_CONNECTIONS} banks.")
    return _asked(provider, given)


@db_transaction.atomic
def connect_bank(
    *, actor: User, user: User, provider: str, asked: Asked, at: datetime
) -> BankConnection:
    """Store a new connection and its accounts.

    Accounts that the person had connected to this bank before keep their mapping; the others wait
    to be mapped.
    """
    connection = BankConnection(
        user=user,
        provider=provider,
        institution_name=asked.link.institution_name[:120],
        external_id=asked.link.external_id,
        secret=encrypt(asked.link.secret),
        next_sync_at=at,
    )
    connection.full_clean()
    connection.save(force_insert=True)
    write_remote_accounts(connection, asked.accounts)
    _map_as_before(connection)
    trail.record(
        actor=actor,
        action="transactions.connection.made",
        target=connection,
        provider=provider,
        institution=connection.institution_name,
    )
    return connection


def reconnect_bank(
    *, actor: User, connection: BankConnection, given: Mapping[str, str], at: datetime
) -> BankConnection:
    """Renew the access of an expired connection. Its mapping and cursor stay.

    Empty input means that the person signed in at the bank and the old secret works again.
    """
    link = _asked(connection.provider, given).link if given else None
    with db_transaction.atomic():
        locked = _locked(connection)
        if link is not None:
            locked.secret = encrypt(link.secret)
            locked.external_id = link.external_id or locked.external_id
            # New access has its own cursor, so the sync starts over. Matching prevents duplicates.
            locked.cursor = ""
        locked.status = BankConnection.Status.ACTIVE
        locked.error_code, locked.error, locked.failed_count = "", "", 0
        locked.next_sync_at = at
        locked.save()
        trail.record(actor=actor, action="transactions.connection.renewed", target=locked)
    return locked


@db_transaction.atomic
def map_accounts(
    *, actor: User, connection: BankConnection, choices: Mapping[str, Account | str | None]
) -> BankConnection:
    """Choose where the lines of each bank account go.

    `choices` is {the bank's account ID: an account, NEW or None}; accounts not listed stay as they
    are. A newly mapped account gets the bank's whole history. Raises ValidationError.
    """
    locked = _locked(connection)
    known = {
        connected.external_id: connected
        for connected in locked.connected_accounts.select_for_update()
    }
    unknown = sorted(set(choices) - set(known))
    if unknown:
        raise ValidationError({"accounts": f"This bank has no account with the id {unknown[0]}."})
    mapped = {}
    for external_id, choice in choices.items():
        connected = known[external_id]
        target = _target(actor, locked, connected, choice)
        if target != connected.account:
            connected.account = target
            connected.sets_opening_balance = choice == NEW
            connected.full_clean()
            connected.save()
            mapped[external_id] = target.pk if target else None
    if mapped:
        if any(mapped.values()):
            locked.cursor = ""
            locked.save(update_fields=["cursor", "updated_at"])
        trail.record(
            actor=actor, action="transactions.connection.mapped", target=locked, accounts=mapped
        )
    return locked


@db_transaction.atomic
def disconnect_bank(
    *, actor: User, connection: BankConnection, keep_data: bool, at: datetime
) -> Disconnection:
    """End a connection and stop syncing. Without `keep_data` its transactions go to the trash,
    except those that are held, such as the payment of a bill.

    It can be restored for CONNECTION_UNDO_FOR; then the access is revoked at the bank too.
    """
    locked = _locked(connection)
    ended = Disconnection() if keep_data else _delete_lines(actor, locked, at)
    locked.disconnected_at = at
    locked.next_sync_at = None
    locked.save(update_fields=["disconnected_at", "next_sync_at", "updated_at"])
    locked.connected_accounts.update(is_live=False)
    trail.record(
        actor=actor,
        action="transactions.connection.ended",
        target=locked,
        keep_data=keep_data,
        kept=ended.kept_count,
    )
    return ended


def lines_of(connection: BankConnection) -> TransactionQuerySet:
    """The transactions that this bank brought, without those in the trash."""
    ids = connection.connected_accounts.exclude(account=None).values("account_id")
    return Transaction.objects.filter(
        user=connection.user_id,
        account_id__in=ids,
        origin=Transaction.Origin.SYNC,
        deleted_at=None,
    )


def _delete_lines(actor: User, connection: BankConnection, at: datetime) -> Disconnection:
    lines = lines_of(connection)
    # A bulk deletion of held lines only is refused; a connection ends nevertheless.
    change = bulk_delete(actor=actor, rows=lines, at=at) if deletable(lines).exists() else None
    return Disconnection(change, lines.count(), why_held(lines, is_named=True))


@db_transaction.atomic
def undo_disconnect(*, actor: User, connection: BankConnection, at: datetime) -> BankConnection:
    """Restore an ended connection within CONNECTION_UNDO_FOR, with the transactions that went to
    the trash with it. Raises ValidationError.
    """
    locked = BankConnection.objects.select_for_update().get(pk=connection.pk)
    if locked.disconnected_at is None:
        return locked
    if not locked.secret or locked.disconnected_at + CONNECTION_UNDO_FOR < at:
        raise ValidationError("This connection has ended at the bank. Connect the bank again.")
    taken = ConnectedAccount.objects.filter(
        is_live=True, account__in=locked.connected_accounts.values("account")
    )
    if taken.exists():
        raise ValidationError("One of its accounts is connected to another bank now.")
    removal = _removal_with(locked)
    if removal is not None:
        undo_change(actor=actor, change=removal, at=at)
    locked.disconnected_at, locked.next_sync_at = None, at
    locked.save(update_fields=["disconnected_at", "next_sync_at", "updated_at"])
    locked.connected_accounts.update(is_live=True)
    trail.record(actor=actor, action="transactions.connection.restored", target=locked)
    return locked


def _removal_with(connection: BankConnection) -> Change | None:
    """The change that moved the connection's transactions to the trash when it ended."""
    ids = connection.connected_accounts.exclude(account=None).values("account_id")
    gone = Transaction.objects.filter(account_id__in=ids, deleted_at=connection.disconnected_at)
    removals = Change.objects.filter(
        user=connection.user, kind=Change.Kind.DELETE, undone_at=None, rows__transaction__in=gone
    )
    return removals.order_by("-pk").first()


def end_accesses(*, at: datetime, limit: int = 100) -> int:
    """Revoke the access of connections that can no longer be restored. Returns how many."""
    over = BankConnection.objects.filter(disconnected_at__lte=at - CONNECTION_UNDO_FOR).exclude(
        secret=""
    )
    return sum(_end_access(connection) for connection in over.order_by("pk")[:limit])


def _end_access(connection: BankConnection) -> bool:
    """Whether the bank confirmed and the secret was deleted. An unreachable bank is retried."""
    try:
        connector_of(connection.provider).unlink(decrypt(connection.secret))
    except UnreadableSecretError:
        pass
    except BankError as error:
        if error.problem is Problem.DOWN:
            return False
    with db_transaction.atomic():
        locked = BankConnection.objects.select_for_update().get(pk=connection.pk)
        locked.secret, locked.cursor = "", ""
        locked.status = BankConnection.Status.REVOKED
        locked.save(update_fields=["secret", "cursor", "status", "updated_at"])
        trail.record(actor=None, action="transactions.connection.forgotten", target=locked)
    return True


def accesses_of(user: User) -> list[tuple[str, str]]:
    """(provider, encrypted secret) of every access that the person's banks still grant."""
    granted = BankConnection.objects.filter(user=user).exclude(secret="")
    return list(granted.values_list("provider", "secret"))


def give_up(accesses: Iterable[tuple[str, str]]) -> None:
    """End accesses whose connections are gone. A bank that is not answering is only logged."""
    for provider, secret in accesses:
        try:
            connector_of(provider).unlink(decrypt(secret))
        except (BankError, UnreadableSecretError) as error:
            logger.warning("bank_access_not_ended", extra={"provider": provider, "why": str(error)})


def renew_secrets() -> int:
    """Re-encrypt the secret of every connection with the current key. Returns how many."""
    ids = list(BankConnection.objects.exclude(secret="").values_list("pk", flat=True))
    for pk in ids:
        with db_transaction.atomic():
            locked = BankConnection.objects.select_for_update().get(pk=pk)
            locked.secret = renewed(locked.secret)
            locked.save(update_fields=["secret"])
    return len(ids)


def write_remote_accounts(connection: BankConnection, remote: Iterable[RemoteAccount]) -> None:
    """Store the bank's account data: add new accounts and update balances.

    A bank may give an account another ID: it is recognized by its lasting ID or its details.
    """
    reported_accounts = list(remote)
    known = {account.external_id: account for account in connection.connected_accounts.all()}
    reported_ids = {reported.external_id for reported in reported_accounts}
    for reported in reported_accounts:
        connected = known.get(reported.external_id) or _renamed(
            connection, known, reported, reported_ids
        )
        connected.external_id = reported.external_id
        connected.persistent_id = reported.persistent_id or connected.persistent_id
        connected.name = reported.name[:120]
        connected.account_type = _type_of(reported)
        connected.last_four = reported.last_four
        connected.currency = reported.currency
        connected.refusal = reported.refusal[:200]
        if reported.balance is not None:
            connected.balance, connected.balance_on = reported.balance, reported.balance_on
        connected.save()


def _renamed(
    connection: BankConnection,
    known: dict[str, ConnectedAccount],
    reported: RemoteAccount,
    reported_ids: set[str],
) -> ConnectedAccount:
    """The stored account that the bank now reports under another ID, or else a new one."""
    made = ConnectedAccount(
        connection=connection,
        external_id=reported.external_id,
        persistent_id=reported.persistent_id,
        last_four=reported.last_four,
        currency=reported.currency,
        account_type=_type_of(reported),
    )
    gone = [connected for connected in known.values() if connected.external_id not in reported_ids]
    same = [connected for connected in gone if _is_same(connected, made, connection)]
    if len(same) != 1:
        return made
    return known.pop(same[0].external_id)


def _asked(provider: str, given: Mapping[str, str]) -> Asked:
    connector = connector_of(provider)
    try:
        link = connector.link(given)
        return Asked(link, connector.accounts(link.secret))
    except BankError as error:
        raise ValidationError(str(error), code=error.problem.value) from None


def _locked(connection: BankConnection) -> BankConnection:
    locked = BankConnection.objects.select_for_update().get(pk=connection.pk)
    if locked.disconnected_at is not None:
        raise ValidationError("This connection has ended. Connect the bank again.")
    return locked


def _type_of(remote: RemoteAccount) -> str:
    kind = remote.account_type
    return kind if kind in Account.Type.values else Account.Type.CHECKING


def _target(
    actor: User,
    connection: BankConnection,
    connected: ConnectedAccount,
    choice: Account | str | None,
) -> Account | None:
    if choice is None:
        return None
    if connected.refusal:
        raise ValidationError({"accounts": connected.refusal})
    if choice == NEW:
        if connected.account is not None:
            return connected.account
        return open_account(
            actor=actor,
            user=connection.user,
            name=connected.name,
            bank_name=connection.institution_name,
            account_type=connected.account_type,
            last_four=connected.last_four,
            currency=connected.currency,
        )
    chosen = cast(Account, choice)
    account = lock_accounts([chosen.pk])[chosen.pk]
    if account.user_id != connection.user_id or account.deleted_at is not None:
        raise ValidationError({"accounts": "Choose one of your own accounts."})
    if account.currency != connected.currency:
        raise ValidationError(
            {
                "accounts": f"{connected.name} is in {connected.currency};"
                f" {account.name} is in {account.currency}."
            }
        )
    return account


def _map_as_before(connection: BankConnection) -> None:
    """Map this bank's accounts as an ended connection had them."""
    earlier = list(
        ConnectedAccount.objects.filter(
            connection__user=connection.user,
            connection__provider=connection.provider,
            account__deleted_at=None,
            account__isnull=False,
        )
        .exclude(connection=connection)
        .select_related("connection")
        .order_by("-id")
    )
    live = {former.account_id for former in earlier if former.is_live}
    for connected in connection.connected_accounts.all():
        fitting = (former for former in earlier if _is_same(former, connected, connection))
        before = next((former for former in fitting if former.account_id not in live), None)
        if before is not None:
            live.add(before.account_id)
            connected.account_id = before.account_id
            connected.save(update_fields=["account", "updated_at"])


def _is_same(
    earlier: ConnectedAccount, connected: ConnectedAccount, connection: BankConnection
) -> bool:
    """Whether both are the same account at one bank: by its lasting ID, or else by its known
    details.
    """
    if earlier.persistent_id and connected.persistent_id:
        return earlier.persistent_id == connected.persistent_id
    return bool(connected.last_four) and (
        earlier.connection.institution_name == connection.institution_name
        and earlier.last_four == connected.last_four
        and earlier.currency == connected.currency
        and earlier.account_type == connected.account_type
    )
