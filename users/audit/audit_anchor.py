"""The heads of the audit chains, stored outside the database.

A chain that was truncated or rewritten as a whole is consistent in itself; only a stored copy of
its head reveals the change. The heads are kept in a file signed with the server's key, so that
database access alone cannot forge them. The nightly job also writes each changed head to the log
stream, which another machine keeps.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.signing import BadSignature, Signer

from users.audit.audit_check import Anchors, Verification, as_json, verify

_SALT = "users.audit.anchor"
_HEADS_A_LINE = 200


def verify_against_anchor() -> dict[str, Any]:
    """Verify the trail against last night's heads, on request by staff; writes nothing."""
    path, problem = settings.AUDIT_ANCHOR, ""
    try:
        heads = read_anchors(path)
    except (OSError, ValueError) as error:
        heads, problem = {}, str(error)
    result = as_json(verify(anchors=heads)) | {"anchored": bool(heads)}
    if problem:
        result["intact"] = False
        result["problems"].append({"chain": "", "sequence": 0, "event": None, "problem": problem})
    return result


def verify_against(path: Path) -> Verification:
    """Verify the trail against the file, and store the new heads there if everything is intact.

    Raises ValueError if the file exists but cannot be trusted, OSError if it cannot be read or
    written.
    """
    result = verify(anchors=read_anchors(path))
    if result.is_intact:
        write_anchors(path, result.heads)
    return result


def read_anchors(path: Path) -> Anchors:
    """The heads stored in the file; empty if there is no file yet."""
    if not path.exists():
        return {}
    content = json.loads(path.read_text())
    if not isinstance(content, dict) or not isinstance(content.get("heads"), dict):
        raise ValueError("An anchor file holds one JSON object with heads and their signature.")
    try:
        Signer(salt=_SALT).unsign(f"{_text_of(content['heads'])}:{content.get('signature')}")
    except BadSignature as error:
        raise ValueError("The anchor file is not signed with this server's key.") from error
    return content["heads"]


def write_anchors(path: Path, heads: Anchors) -> None:
    """Store the heads; the old file stays intact until the new one is complete."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f"{path.name}.new")
    content = {"heads": heads, "signature": Signer(salt=_SALT).signature(_text_of(heads))}
    with new.open("w") as file:
        json.dump(content, file, indent=0, sort_keys=True)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)


def moved_heads(before: Anchors, after: Anchors) -> Iterator[Anchors]:
    """The heads that changed, in batches that fit a log line."""
    moved = [name for name in sorted(after) if list(after[name]) != before.get(name)]
    for start in range(0, len(moved), _HEADS_A_LINE):
        yield {name: after[name] for name in moved[start : start + _HEADS_A_LINE]}


def _text_of(heads: dict[str, Any]) -> str:
    return json.dumps(heads, sort_keys=True, separators=(",", ":"))
