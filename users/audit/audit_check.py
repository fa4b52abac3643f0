"""Verifies the audit trail: every chain, link by link, and against an anchor.

An anchor is a set of heads kept outside the database (users/audit/audit_anchor.py).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from django.conf import settings
from django.db import connection

from banking.kernel.snapshot import read_snapshot
from users.audit import audit_guard
from users.audit.trail import DETAILS_ERASED, details_hash, event_hash
from users.models import AuditChain, AuditEvent

Anchors = dict[str, list]


@dataclass(frozen=True, slots=True)
class Fault:
    """The first deviation in a chain; `event` is None if a row is missing."""

    chain: str
    sequence: int
    event: int | None
    problem: str


@dataclass(frozen=True, slots=True)
class Verification:
    """The result of verifying every chain; `faults` has the first bad row of each chain."""

    chain_count: int
    event_count: int
    faults: list[Fault]
    heads: Anchors

    @property
    def is_intact(self) -> bool:
        return not self.faults


def verify(*, anchors: Anchors | None = None) -> Verification:
    """Walk every chain from its first event, in one snapshot, against {chain: [length, hash]}."""
    anchors = anchors or {}
    faults: list[Fault] = []
    event_count = 0
    with read_snapshot(takes_time=True):
        chains = {chain.pk: chain for chain in AuditChain.objects.all()}
        heads = {chain.name: [chain.length, chain.head_hash] for chain in chains.values()}
        unseen = dict(chains)
        for chain_id, events in groupby(_events(), key=lambda event: event.chain_id):
            chain = unseen.pop(chain_id, None) or AuditChain(name=f"#{chain_id}, without its head")
            walk = Walk(chain, anchors.get(chain.name))
            event_count += walk.over(events)
            faults.extend(walk.faults)
    for chain in unseen.values():
        walk = Walk(chain, anchors.get(chain.name))
        walk.over(iter(()))
        faults.extend(walk.faults)
    for name in sorted(set(anchors) - set(heads)):
        faults.append(Fault(name, 1, None, "The whole chain is missing."))
    if settings.AUDIT_GUARD and not audit_guard.is_installed(connection):
        faults.append(Fault("", 0, None, "The triggers that refuse changes are missing."))
    return Verification(len(chains), event_count, faults, heads)


def verify_chain(name: str) -> Verification:
    """Walk one chain, such as "user:12"; a name that does not exist is a fault."""
    with read_snapshot(takes_time=True):
        chain = AuditChain.objects.filter(name=name).first()
        if chain is None:
            return Verification(0, 0, [Fault(name, 1, None, "There is no such chain.")], {})
        walk = Walk(chain, None)
        events = AuditEvent.objects.filter(chain=chain).order_by("sequence")
        count = walk.over(events.iterator(chunk_size=2000))
    return Verification(1, count, walk.faults, {name: [chain.length, chain.head_hash]})


def _events() -> Iterator[AuditEvent]:
    return AuditEvent.objects.order_by("chain_id", "sequence").iterator(chunk_size=2000)


class Walk:
    """Walks one chain, event by event, until its first fault."""

    def __init__(self, chain: AuditChain, anchor: list | None) -> None:
        self.chain = chain
        self.anchor = anchor
        self.previous, self.seen = "", 0
        self.first_blank: AuditEvent | None = None
        self.faults: list[Fault] = []

    def over(self, events: Iterator[AuditEvent]) -> int:
        """The number of events, after reading all of them."""
        count = 0
        for event in events:
            count += 1
            if not self.faults:
                self.step(event)
        if not self.faults:
            self.end()
        return count

    def step(self, event: AuditEvent) -> None:
        self.seen += 1
        problem = self._problem_of(event)
        if problem:
            self.fault(event.sequence, event.pk, problem)
        self.previous = event.hash

    def _problem_of(self, event: AuditEvent) -> str:
        if event.sequence != self.seen:
            return "The event before it is missing."
        if event.sequence > self.chain.length:
            return "It was added after the end of the chain."
        if event.previous_hash != self.previous:
            return "It doesn't link to the event before it."
        if event_hash(event) != event.hash:
            return "It was changed after it was written."
        if self.anchor and event.sequence == self.anchor[0] and event.hash != self.anchor[1]:
            return "It doesn't match the event stored in the anchor."
        return self._problem_of_details(event)

    def _problem_of_details(self, event: AuditEvent) -> str:
        if event.action == DETAILS_ERASED:
            self.first_blank = None
        if (event.salt, event.changes, event.ip, event.device) == ("", None, None, ""):
            self.first_blank = self.first_blank or event
            return ""
        expected_hash = details_hash(event.salt, event.changes, event.ip, event.device)
        if expected_hash != event.details_hash:
            return "Its details were changed after they were written."
        return ""

    def end(self) -> None:
        if self.first_blank is not None:
            blank = self.first_blank
            self.fault(blank.sequence, blank.pk, "Its details were removed without an erasure.")
        elif self.seen < self.chain.length or self.previous != self.chain.head_hash:
            self.fault(self.seen + 1, None, "The chain has been cut off here.")
        elif self.anchor is not None and self.seen < self.anchor[0]:
            self.fault(self.seen + 1, None, "The chain and its head have been cut off here.")

    def fault(self, sequence: int, event: int | None, problem: str) -> None:
        self.faults.append(Fault(self.chain.name, sequence, event, problem))


def as_json(result: Verification) -> dict[str, Any]:
    """The result as in `verify_audit --json` and the API."""
    return {
        "intact": result.is_intact,
        "chains": result.chain_count,
        "events": result.event_count,
        "problems": [
            {
                "chain": fault.chain,
                "sequence": fault.sequence,
                "event": fault.event,
                "problem": fault.problem,
            }
            for fault in result.faults
        ],
    }
