"""A signed file of audit events, which `verify_audit --file` checks on another machine.

JSON Lines: a head that says what was asked for, one event a line in the order of its chain, and a
last line with the count and the signature of everything before it. Each event's own hash and its
link to the one before are checked as in the database; the signature, by the key of the server that
wrote it, says that no line was added or left out.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from types import SimpleNamespace
from typing import Any

from django.core.exceptions import ValidationError
from django.core.signing import BadSignature, Signer
from django.db.models import QuerySet

from users.audit import trail
from users.audit.trail import details_hash, event_hash
from users.models import AuditEvent, User
from users.policy import Ability, require

FORMAT = "audit-export-1"
LONGEST_DAYS = 3_660
_SALT = "users.audit.export"
_FIELDS = (
    "sequence", "actor_id", "action", "target_type", "target_id", "request_id", "changes", "ip",
    "device", "salt", "details_hash", "previous_hash", "hash",
)  # fmt: skip


def export_events(
    *, actor: User, since: date, until: date, chain: str = ""
) -> QuerySet[AuditEvent]:
    """Record the export and return its events. Both days count, in UTC.

    Raises ValidationError for a period that is empty or longer than ten years.
    """
    require(actor, Ability.READ_EVERYTHING)
    if not since <= until or (until - since).days > LONGEST_DAYS:
        raise ValidationError("Choose a period of at most ten years, the first day first.")
    asked: dict[str, Any] = {"since": since.isoformat(), "until": until.isoformat(), "chain": chain}
    trail.record(actor=actor, action="users.audit.exported", **asked)
    begin = datetime.combine(since, time.min, UTC)
    end = datetime.combine(until + timedelta(days=1), time.min, UTC)
    events = AuditEvent.objects.filter(created_at__gte=begin, created_at__lt=end)
    if chain:
        events = events.filter(chain__name=chain)
    return events.select_related("chain").order_by("chain_id", "sequence")


def signed_lines(events: QuerySet[AuditEvent], head: dict[str, Any]) -> Iterator[str]:
    """The file, streamed."""
    digest, count = hashlib.sha256(), 0
    for content in _contents(events, head):
        line = _line(content)
        digest.update(line.encode())
        count += "event" in content
        yield line
    summary = {"count": count, "sha256": digest.hexdigest()}
    yield _line({"end": summary, "signature": Signer(salt=_SALT).signature(_line(summary))})


def _contents(events: QuerySet[AuditEvent], head: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield {"format": FORMAT, **head}
    for event in events.iterator(chunk_size=2_000):
        fields = {name: getattr(event, name) for name in _FIELDS}
        at = event.created_at.astimezone(UTC).isoformat(timespec="microseconds")
        yield {"event": fields | {"chain": event.chain.name, "created_at": at}}


def _line(content: dict[str, Any]) -> str:
    return json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":")) + "\n"


def check_file(lines: Iterable[str]) -> tuple[int, list[str]]:
    """(events, problems) of such a file. Needs the key of the server that wrote it, no database."""
    digest, count, end = hashlib.sha256(), 0, None
    problems: list[str] = []
    last: dict[str, dict[str, Any]] = {}
    for number, line in enumerate(lines, start=1):
        try:
            content = json.loads(line)
        except ValueError:
            return count, [f"Line {number} is not JSON."]
        if number == 1 and content.get("format") != FORMAT:
            return 0, ["This is not an export of the audit trail."]
        if "end" in content:
            end = content
            break
        digest.update(line.encode())
        if "event" in content:
            count += 1
            problems += [
                f"Line {number}: {problem}" for problem in _problems(content["event"], last)
            ]
    return count, problems + _problems_of_end(end, count, digest.hexdigest())


def _problems(fields: dict[str, Any], last: dict[str, dict[str, Any]]) -> Iterator[str]:
    event = SimpleNamespace(**fields | {"created_at": datetime.fromisoformat(fields["created_at"])})
    if event_hash(event) != event.hash:
        yield "the event was changed."
    is_erased = event.salt == "" and event.changes is None
    details = details_hash(event.salt, event.changes, event.ip, event.device)
    if not is_erased and details != event.details_hash:
        yield "its details were changed."
    before = last.get(event.chain)
    if before and (event.sequence, event.previous_hash) != (before["sequence"] + 1, before["hash"]):
        yield "an event before it is missing."
    last[event.chain] = fields


def _problems_of_end(end: dict[str, Any] | None, count: int, digest: str) -> list[str]:
    if end is None:
        return ["The file has no end: it was cut off."]
    summary = end["end"]
    try:
        Signer(salt=_SALT).unsign(f"{_line(summary)}:{end.get('signature')}")
    except BadSignature:
        return ["The file is not signed with this server's key."]
    if summary != {"count": count, "sha256": digest}:
        return ["The file was changed after it was signed."]
    return []
