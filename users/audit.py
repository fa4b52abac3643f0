"""The audit trail: recorded with the change, in its transaction; verified link by link.

Hash of an event = SHA-256 over the length-prefixed previous hash, sequence, time in microseconds,
actor, action, target, request id and details hash. Length prefixes make the text unambiguous.
"""

import hashlib
import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import IntegrityError, models
from django.db import transaction as db_transaction
from django.utils import timezone

from users.models import AuditChain, AuditEvent, User

SYSTEM_CHAIN = "system"


@dataclass(frozen=True, slots=True)
class RequestInfo:
    """Where a change came from: what no service should have to carry through its arguments."""

    ip: str | None = None
    request_id: str = ""


_request_info: ContextVar[RequestInfo] = ContextVar("request_info", default=RequestInfo())  # noqa: B039 - frozen


@contextmanager
def request_info(info: RequestInfo) -> Iterator[None]:
    """Every event recorded inside carries `info`."""
    token = _request_info.set(info)
    try:
        yield
    finally:
        _request_info.reset(token)


def current_request_info() -> RequestInfo:
    """Where the current change comes from; empty outside a request."""
    return _request_info.get()


def record(
    *,
    actor: User | None,
    action: str,
    target: models.Model | None = None,
    owner_id: int | None = None,
    **changes: Any,
) -> AuditEvent:
    """Append one event to its owner's chain, in the caller's transaction.

    The chain is that of `owner_id`, else of the target's `user_id`, else of the actor, else the
    system's. Take every other row lock before calling: the chain's head is always locked last,
    so that two services cannot wait for each other.
    """
    if owner_id is None:
        owner_id = getattr(target, "user_id", None) or (actor.pk if actor else None)
    info = _request_info.get()
    with db_transaction.atomic():
        chain = _locked_chain(f"user:{owner_id}" if owner_id else SYSTEM_CHAIN)
        details = _plain({key: value for key, value in changes.items()}) or None
        salt = secrets.token_hex(16)
        event = AuditEvent(
            chain=chain,
            sequence=chain.length + 1,
            actor=actor,
            action=action,
            target_type=target._meta.label_lower if target is not None else "",
            target_id=target.pk if target is not None else None,
            changes=details,
            ip=info.ip,
            request_id=info.request_id,
            salt=salt,
            details_hash=details_hash(salt, details, info.ip),
            created_at=timezone.now(),
            previous_hash=chain.head_hash,
        )
        event.hash = event_hash(event)
        event.save(force_insert=True)
        AuditChain.objects.filter(pk=chain.pk).update(length=event.sequence, head_hash=event.hash)
    return event


def _locked_chain(name: str) -> AuditChain:
    chain = AuditChain.objects.select_for_update().filter(name=name).first()
    if chain is not None:
        return chain
    try:
        with db_transaction.atomic():
            AuditChain.objects.create(name=name)
    except IntegrityError:
        pass  # Another transaction made it first; its row is the one to lock.
    return AuditChain.objects.select_for_update().get(name=name)


def _plain(changes: dict[str, Any]) -> dict[str, Any]:
    return json.loads(json.dumps(changes, cls=_Encoder))


class _Encoder(DjangoJSONEncoder):
    def default(self, o: Any) -> Any:
        if isinstance(o, Decimal):
            return f"{o.normalize():f}"
        if isinstance(o, models.Model):
            return o.pk
        return super().default(o)


def _digest(*parts: str) -> str:
    digest = hashlib.sha256()
    for part in parts:
        raw = part.encode()
        digest.update(len(raw).to_bytes(8, "big"))
        digest.update(raw)
    return digest.hexdigest()


def details_hash(salt: str, changes: dict[str, Any] | None, ip: str | None) -> str:
    """The digest of an event's personal part."""
    return _digest(salt, json.dumps(changes, sort_keys=True, separators=(",", ":")), ip or "")


def event_hash(event: AuditEvent) -> str:
    """The digest that the next event of the chain carries as `previous_hash`."""
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


@dataclass(frozen=True, slots=True)
class Verification:
    """What a walk over every chain found; `problems` names the first bad row of each chain."""

    chain_count: int
    event_count: int
    problems: list[dict[str, Any]]

    @property
    def is_intact(self) -> bool:
        return not self.problems


def verify(*, anchors: dict[str, Any] | None = None) -> Verification:
    """Walk every chain from its first event; `anchors` = {chain: [length, hash]} kept elsewhere."""
    problems: list[dict[str, Any]] = []
    event_count = 0
    chains = list(AuditChain.objects.order_by("pk"))
    for chain in chains:
        seen, problem = _verify_chain(chain, (anchors or {}).get(chain.name))
        event_count += seen
        if problem:
            problems.append(problem)
    for name in set(anchors or {}) - {chain.name for chain in chains}:
        problems.append({"chain": name, "event": None, "problem": "The whole chain is gone."})
    return Verification(len(chains), event_count, problems)


def _verify_chain(chain: AuditChain, anchor: Any) -> tuple[int, dict[str, Any] | None]:
    previous, seen, anchored = "", 0, anchor is None
    events = AuditEvent.objects.filter(chain=chain).order_by("sequence")
    for event in events.iterator(chunk_size=2000):
        seen += 1
        problem = _fault_of(event, seen, previous)
        if problem:
            return seen, {"chain": chain.name, "event": event.pk, "problem": problem}
        if anchor is not None and seen == anchor[0]:
            anchored = event.hash == anchor[1]
        previous = event.hash
    if (chain.length, chain.head_hash) != (seen, previous):
        return seen, {"chain": chain.name, "event": None, "problem": "Its end has been cut off."}
    if not anchored:
        return seen, {"chain": chain.name, "event": None, "problem": "It differs from its anchor."}
    return seen, None


def _fault_of(event: AuditEvent, sequence: int, previous: str) -> str:
    if event.sequence != sequence:
        return "An event before it is missing."
    if event.previous_hash != previous:
        return "It does not follow the event before it."
    if event_hash(event) != event.hash:
        return "It was changed after it was written."
    erased = event.changes is None and event.ip is None
    if not erased and details_hash(event.salt, event.changes, event.ip) != event.details_hash:
        return "Its details were changed after they were written."
    return ""


def heads() -> dict[str, list]:
    """{chain: [length, hash]} of every chain: what an anchor outside the database keeps."""
    return {
        name: [length, head]
        for name, length, head in AuditChain.objects.values_list("name", "length", "head_hash")
    }
