"""Verifying the audit trail step by step in a worker: all of it, one chain, or some days.

Where a walk stands is kept in the cache, one walk a member of staff: verifying changes no row, and
a worker that takes over goes on where the last one stopped. Each step reads one snapshot.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from itertools import groupby
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.db.models import QuerySet
from redis.exceptions import RedisError

from banking.kernel.snapshot import read_snapshot
from banking.limits import AUDIT_WALK_FOR, AUDIT_WALK_PROBLEMS, AUDIT_WALK_STEP, SILENT_FOR
from users.audit import audit_guard
from users.audit.audit_check import Anchors, Fault, Walk
from users.audit.trail import DETAILS_ERASED
from users.models import AuditChain, AuditEvent


@dataclass(slots=True)
class AuditWalk:
    """What was asked for (days as ISO dates, both counted, in UTC), and how far it has come."""

    chain: str
    since: str
    until: str
    at: str
    done: int = 0
    total: int = -1
    chains: int = 0
    # Where it stands: in this chain, after this event. What follows is the state of that chain: the
    # last event that joins, and the first blanked one.
    chain_id: int = 0
    cursor: int = 0
    seen: int = 0
    previous: str = ""
    blank: list[int] = field(default_factory=list)
    is_faulty: bool = False
    problems: list[dict[str, Any]] = field(default_factory=list)
    problem_count: int = 0
    is_anchored: bool = False
    is_done: bool = False

    @property
    def percent(self) -> int:
        return min(99, self.done * 100 // self.total) if self.total > 0 else 0

    @property
    def is_part(self) -> bool:
        """Whether only some days were asked for."""
        return bool(self.since or self.until)

    def is_silent(self, at: datetime) -> bool:
        """Whether no worker has reported for a while."""
        return not self.is_done and datetime.fromisoformat(self.at) < at - SILENT_FOR


def start_walk(
    *, user_id: int, chain: str, since: date | None, until: date | None, at: datetime
) -> bool:
    """Begin a walk in place of this reader's last one; False if the cache is unavailable."""
    first, last = (day.isoformat() if day else "" for day in (since, until))
    return _store(user_id, AuditWalk(chain, first, last, at.isoformat()))


def walk_of(user_id: int) -> AuditWalk | None:
    """This reader's last walk, or None."""
    try:
        found = cache.get(_key(user_id))
    except (RedisError, OSError):
        return None
    return AuditWalk(**found) if found else None


def go_on(*, user_id: int, anchors: Anchors, at: datetime) -> bool:
    """One step of at most AUDIT_WALK_STEP events; returns whether there is more to do."""
    walk = walk_of(user_id)
    if walk is None or walk.is_done:
        return False
    with read_snapshot():
        _step(walk, anchors)
    walk.at = at.isoformat()
    return _store(user_id, walk) and not walk.is_done


def _key(user_id: int) -> str:
    return f"audit-walk:{user_id}"


def _store(user_id: int, walk: AuditWalk) -> bool:
    try:
        cache.set(_key(user_id), asdict(walk), AUDIT_WALK_FOR.total_seconds())
    except (RedisError, OSError):
        return False
    return True


# --- One step -------------------------------------------------------------------------------------


def _step(walk: AuditWalk, anchors: Anchors) -> None:
    events = _scope(walk)
    if walk.total < 0:
        walk.total, walk.is_anchored = events.count(), bool(anchors) and not walk.is_part
    batch = list(_next_events(walk, events))
    is_last = len(batch) < AUDIT_WALK_STEP
    before = walk.chain_id
    ids = {event.chain_id for event in batch}
    chains = AuditChain.objects.in_bulk([*ids, before])
    current = _take(walk, batch, chains, anchors)
    if is_last:
        _end_chain(walk, current)
    if not walk.is_part:
        _look_for_empty_chains(walk, before, ids, is_last=is_last)
    if is_last:
        _end_walk(walk, anchors)


def _take(
    walk: AuditWalk, batch: list[AuditEvent], chains: dict[int, AuditChain], anchors: Anchors
) -> Walk | None:
    """Walk over these events; returns the walk of the last chain among them."""
    current = _resumed(walk, chains, anchors) if walk.chain_id else None
    for chain_id, group in groupby(batch, key=lambda event: event.chain_id):
        if current is None or chain_id != walk.chain_id:
            _end_chain(walk, current)
            current = _begun(walk, chain_id, chains, anchors)
        for event in group:
            walk.done, walk.cursor = walk.done + 1, event.sequence
            if not current.faults:
                current.step(event)
        _remember(walk, current)
    return current


def _scope(walk: AuditWalk) -> QuerySet[AuditEvent]:
    events = AuditEvent.objects.order_by("chain_id", "sequence")
    if walk.chain:
        events = events.filter(chain__name=walk.chain)
    if walk.since:
        events = events.filter(created_at__gte=_midnight(walk.since))
    if walk.until:
        events = events.filter(created_at__lt=_midnight(walk.until) + timedelta(days=1))
    return events


def _midnight(day: str) -> datetime:
    return datetime.combine(date.fromisoformat(day), time.min, UTC)


def _next_events(walk: AuditWalk, events: QuerySet[AuditEvent]) -> Iterator[AuditEvent]:
    """The rest of the current chain, then the chains after it; both queries follow the index."""
    count = 0
    for event in events.filter(chain_id=walk.chain_id, sequence__gt=walk.cursor)[:AUDIT_WALK_STEP]:
        count += 1
        yield event
    yield from events.filter(chain_id__gt=walk.chain_id)[: AUDIT_WALK_STEP - count]


def _walk_over(
    walk: AuditWalk, chain_id: int, chains: dict[int, AuditChain], anchors: Anchors
) -> Walk:
    chain = chains.get(chain_id) or AuditChain(name=f"#{chain_id}, without its head")
    kind = _PartWalk if walk.is_part else Walk
    return kind(chain, anchors.get(chain.name))


def _begun(walk: AuditWalk, chain_id: int, chains: dict[int, AuditChain], anchors: Anchors) -> Walk:
    walk.chain_id, walk.is_faulty = chain_id, False
    walk.chains += 1
    return _walk_over(walk, chain_id, chains, anchors)


def _resumed(walk: AuditWalk, chains: dict[int, AuditChain], anchors: Anchors) -> Walk:
    current = _walk_over(walk, walk.chain_id, chains, anchors)
    current.seen, current.previous = walk.seen, walk.previous
    if walk.blank:
        pk, sequence = walk.blank
        current.first_blank = AuditEvent(pk=pk, sequence=sequence)
    if walk.is_faulty:  # Its fault is reported; the rest is only counted.
        current.fault(0, None, "")
    return current


def _remember(walk: AuditWalk, current: Walk) -> None:
    walk.seen, walk.previous = current.seen, current.previous
    blank = current.first_blank
    walk.blank = [blank.pk, blank.sequence] if blank else []
    _report(walk, current)


def _end_chain(walk: AuditWalk, current: Walk | None) -> None:
    if current is not None and not current.faults:
        current.end()
        _report(walk, current)


def _report(walk: AuditWalk, current: Walk) -> None:
    if current.faults and not walk.is_faulty:
        walk.is_faulty = True
        _add(walk, current.faults[0])


def _add(walk: AuditWalk, fault: Fault) -> None:
    walk.problem_count += 1
    if len(walk.problems) < AUDIT_WALK_PROBLEMS:
        walk.problems.append(asdict(fault))


def _look_for_empty_chains(walk: AuditWalk, before: int, ids: set[int], *, is_last: bool) -> None:
    """Chains up to here whose events are all gone."""
    rows = AuditChain.objects.filter(pk__gt=before, length__gt=0).exclude(pk__in=ids)
    if walk.chain:
        rows = rows.filter(name=walk.chain)
    if not is_last:
        rows = rows.filter(pk__lt=walk.chain_id)
    for chain in rows.order_by("pk"):
        _add(walk, Fault(chain.name, 1, None, "The chain has been cut off here."))


def _end_walk(walk: AuditWalk, anchors: Anchors) -> None:
    walk.is_done = True
    if walk.chain:
        if not AuditChain.objects.filter(name=walk.chain).exists():
            _add(walk, Fault(walk.chain, 1, None, "There is no such chain."))
        return
    if not walk.is_part:
        names = set(AuditChain.objects.values_list("name", flat=True)) if anchors else set()
        for name in sorted(set(anchors) - names):
            _add(walk, Fault(name, 1, None, "The whole chain is missing."))
    if settings.AUDIT_GUARD and not audit_guard.is_installed(connection):
        _add(walk, Fault("", 0, None, "The triggers that refuse changes are missing."))


class _PartWalk(Walk):
    """Walks a stretch of a chain: it must join what is before and after it."""

    def step(self, event: AuditEvent) -> None:
        if not self.seen:
            self._join(event)
        if not self.faults:
            super().step(event)

    def _join(self, first: AuditEvent) -> None:
        self.seen = first.sequence - 1
        before = AuditEvent.objects.filter(chain=self.chain, sequence=self.seen).first()
        if before is not None:
            self.previous = before.hash
        elif self.seen:
            self.fault(first.sequence, first.pk, "The event before it is missing.")

    def end(self) -> None:
        later = AuditEvent.objects.filter(chain=self.chain, sequence__gt=self.seen)
        after = later.order_by("sequence").first()
        blank = self.first_blank
        if blank is not None and not later.filter(action=DETAILS_ERASED).exists():
            self.fault(blank.sequence, blank.pk, "Its details were removed without an erasure.")
        elif after is None and self.seen < self.chain.length:
            self.fault(self.seen + 1, None, "The chain has been cut off here.")
        elif after is not None and after.sequence != self.seen + 1:
            self.fault(after.sequence, after.pk, "The event before it is missing.")
