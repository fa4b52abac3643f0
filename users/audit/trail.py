"""The audit trail: recorded with the change, in the same transaction (audit_check.py verifies it).

Hash of an event = SHA-256 over the length-prefixed previous hash, sequence, time in microseconds,
actor, action, target, request id and details hash. Length prefixes make the text unambiguous.
"""

import hashlib
import ipaddress
import json
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import IntegrityError, models
from django.db import transaction as db_transaction
from django.utils import timezone

from banking.kernel.counters import audit_events
from banking.kernel.outages import StaleSnapshotError
from banking.kernel.written_once import WrittenOnce
from users.models import AuditChain, AuditEvent, User

SYSTEM_CHAIN = "system"
# The event that permits blanked details before it in its chain.
DETAILS_ERASED = "users.details.erased"


@dataclass(frozen=True, slots=True)
class RequestInfo:
    """The origin of a change, so that services need not pass it through their arguments."""

    ip: str | None = None
    request_id: str = ""
    device: str = ""


_request_info: ContextVar[RequestInfo] = ContextVar("request_info", default=RequestInfo())  # noqa: B039 - frozen


@contextmanager
def request_info(info: RequestInfo) -> Iterator[None]:
    """Attach `info` to every event recorded inside the block."""
    token = _request_info.set(info)
    try:
        yield
    finally:
        _request_info.reset(token)


def current_request_info() -> RequestInfo:
    """The origin of the current change; empty outside a request."""
    return _request_info.get()


@dataclass(frozen=True, slots=True)
class Happened:
    """What one event is about."""

    action: str
    target: models.Model | None = None
    changes: Mapping[str, Any] = field(default_factory=dict)


def record(
    *,
    actor: User | None,
    action: str,
    target: models.Model | None = None,
    owner_id: int | None = None,
    **changes: Any,
) -> AuditEvent:
    """Append one event to its owner's chain, in the caller's transaction.

    The chain is that of `owner_id`, or else of the target (a user, or its `user_id`), the actor, or
    the system. Take all other row locks before calling this: the chain's head is always locked
    last, so that two services cannot deadlock.
    """
    if owner_id is None:
        owner_id = _owner_of(target) or (actor.pk if actor else None)
    return record_together(
        actor=actor, owner_id=owner_id, happened=[Happened(action, target, changes)]
    )[0]


def record_together(
    *, actor: User | None, owner_id: int | None, happened: Sequence[Happened]
) -> list[AuditEvent]:
    """Append the events of one command to its owner's chain as `record` does one, in as many
    statements as for one.
    """
    return _append_to(chain_name(owner_id), actor=actor, happened=happened)


def record_edit(
    *,
    actor: User | None,
    action: str,
    target: models.Model,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
) -> AuditEvent:
    """Record an edit with only the fields that differ, as they were before and are after."""
    changed = [name for name in before if before[name] != after[name]]
    return record(
        actor=actor,
        action=action,
        target=target,
        before={name: before[name] for name in changed},
        after={name: after[name] for name in changed},
    )


def count_of(owner_id: int) -> int:
    """How many events the person's chain has."""
    found = AuditChain.objects.filter(name=chain_name(owner_id)).values_list("length", flat=True)
    return found.first() or 0


def events_since(owner_id: int, count: int) -> models.QuerySet[AuditEvent]:
    """The events of the person's chain after the first `count`."""
    return AuditEvent.objects.filter(chain__name=chain_name(owner_id), sequence__gt=count)


def lock_chains(owner_ids: Iterable[int]) -> None:
    """Lock the heads of several people's chains until commit, in key order, before recording in
    them.

    Erasing does this too (`erase_details`). Missing heads are created after locking existing ones.
    """
    names = {chain_name(pk) for pk in owner_ids}
    rows = AuditChain.objects.select_for_update(no_key=True).filter(name__in=names)
    found = {row.name for row in rows.order_by("pk")}
    for name in sorted(names - found):
        _locked_chain(name)


def _append_to(name: str, *, actor: User | None, happened: Sequence[Happened]) -> list[AuditEvent]:
    with db_transaction.atomic(savepoint=False):
        chain = _locked_chain(name)
        events = []
        for one in happened:
            event = _event_after(chain, actor, one)
            chain.length, chain.head_hash = event.sequence, event.hash
            events.append(event)
        AuditEvent.objects.bulk_create(events)
        AuditChain.objects.filter(pk=chain.pk).update(
            length=chain.length, head_hash=chain.head_hash
        )
    for event in events:
        audit_events.labels(event.action).inc()
    return events


def _event_after(chain: AuditChain, actor: User | None, one: Happened) -> AuditEvent:
    """The event that follows the head of the chain."""
    info, target = _request_info.get(), one.target
    details = canonical(one.changes) or None
    salt = secrets.token_hex(16)
    event = AuditEvent(
        chain=chain,
        sequence=chain.length + 1,
        actor=actor,
        action=one.action,
        target_type=target._meta.label_lower if target is not None else "",
        target_id=target.pk if target is not None else None,
        changes=details,
        ip=info.ip,
        device=info.device,
        request_id=info.request_id,
        salt=salt,
        details_hash=details_hash(salt, details, info.ip, info.device),
        created_at=timezone.now(),
        previous_hash=chain.head_hash,
    )
    event.hash = event_hash(event)
    return event


def record_refused(*, actor: User, method: str, path: str) -> AuditEvent:
    """Record that a known user was refused access."""
    return record(
        actor=actor,
        action="users.access.refused",
        method=method,
        path=path[:200],
    )


@db_transaction.atomic
def erase_details(*, actor: User | None, owner_id: int, elsewhere: models.Q) -> int:
    """Blank the trail's details about one person; the trail still verifies and records the erasure.

    This covers their own chain and the events in other people's chains given by `elsewhere`, such
    as the person's actions there. Returns the number of events.
    """
    events = AuditEvent.objects.exclude(salt="").filter(
        models.Q(chain__name=chain_name(owner_id)) | elsewhere
    )
    # Include their own chain and the actor's: the caller's last events go there, and the heads must
    # be locked in order.
    own = {chain_name(owner_id), chain_name(actor.pk if actor else owner_id)}
    chains = AuditChain.objects.filter(
        models.Q(name__in=own) | models.Q(pk__in=events.order_by().values("chain"))
    )
    count = 0
    for chain in chains.select_for_update(no_key=True).order_by("pk"):
        ids = list(events.filter(chain=chain).values_list("pk", flat=True))
        if not ids:
            continue
        blanked = AuditEvent.objects.filter(pk__in=ids).blank_details()
        erased = Happened(DETAILS_ERASED, changes={"event_count": blanked})
        _append_to(chain.name, actor=actor, happened=[erased])
        count += blanked
    return count


def chain_name(owner_id: int | None) -> str:
    """The chain name of a person, or of the system."""
    return f"user:{owner_id}" if owner_id else SYSTEM_CHAIN


def _owner_of(target: models.Model | None) -> int | None:
    return target.pk if isinstance(target, User) else getattr(target, "user_id", None)


def _locked_chain(name: str) -> AuditChain:
    for chain in _HEAD.rows(name):
        return chain
    try:
        with db_transaction.atomic():
            AuditChain.objects.create(name=name)
    except IntegrityError:
        pass  # Another transaction created it first; lock that row.
    for chain in _HEAD.rows(name):
        return chain
    raise StaleSnapshotError


_HEAD = WrittenOnce(
    lambda name: AuditChain.objects.select_for_update(no_key=True).filter(name=name)
)


# --- What is hashed ---------------------------------------------------------------------------


def canonical(value: Any) -> Any:
    """The value as both engines' JSON columns return it, so that its hash can be verified.

    jsonb keeps 1e22 as an integer and no negative zero, so a float becomes text; it refuses NUL and
    lone surrogates, so they become the replacement character.
    """
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode().replace("\x00", "\ufffd")
    if isinstance(value, Mapping):
        return {canonical(str(key)): canonical(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [canonical(item) for item in value]
    return canonical(_scalar(value))


def _scalar(value: Any) -> Any:
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, Decimal):
        # normalize() would round to the context's 28 digits.
        text = f"{value:f}"
        return text.rstrip("0").rstrip(".") if "." in text else text
    if isinstance(value, models.Model):
        return value.pk
    return DjangoJSONEncoder().default(value)


def _digest(*parts: str) -> str:
    digest = hashlib.sha256()
    for part in parts:
        raw = part.encode()
        digest.update(len(raw).to_bytes(8, "big"))
        digest.update(raw)
    return digest.hexdigest()


def details_hash(salt: str, changes: Any, ip: str | None, device: str = "") -> str:
    """The digest of an event's personal data; events recorded before `device` existed omit it."""
    text = json.dumps(changes, sort_keys=True, separators=(",", ":"))
    address = str(ipaddress.ip_address(ip)) if ip else ""
    return _digest(salt, text, address, device) if device else _digest(salt, text, address)


def event_hash(event: Any) -> str:
    """The digest that the next event in the chain stores as `previous_hash`."""
    moment = event.created_at.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    microseconds = (moment.days * 86_400 + moment.seconds) * 1_000_000 + moment.microseconds
    return _digest(
        event.previous_hash,
        str(event.sequence),
        str(microseconds),
        str(event.actor_id or ""),
        event.action,
        event.target_type,
        str(event.target_id or ""),
        event.request_id,
        event.details_hash,
    )
