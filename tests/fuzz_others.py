"""The first part of `make fuzz-api` for who is not the owner: ask for each of the owner's objects.

Every operation of the schema whose address names an object is asked for, with ids from the owner's
own lists and with an id that nobody has. Nothing may be answered, and an existing object must be
refused like one that does not exist.
"""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

METHODS = {"get", "post", "put", "patch", "delete"}
# Of each list.
OBJECTS = 3
NOBODYS = 2**31 - 1
# (method, address, token) -> status and text.
Ask = Callable[[str, str, str], tuple[int, str]]


class Asked(NamedTuple):
    """What somebody was answered who asked for the owner's objects."""

    operations: int
    requests: int
    # Operations for which the owner has no object.
    unmet: list[str]
    answered: list[str]
    errors: list[str]
    # Existing objects that were refused in another way than missing ones.
    told_apart: list[str]

    @property
    def is_right(self) -> bool:
        return self.requests > 0 and not (self.answered or self.errors or self.told_apart)

    def lines(self) -> list[str]:
        return [
            f"the owner's objects by their ids: {self.requests} requests to {self.operations} "
            f"operations, {len(self.answered)} answered, {len(self.errors)} × 5xx, "
            f"{len(self.told_apart)} refused unlike a missing one",
            f"the owner has no object for: {', '.join(self.unmet) or 'none'}",
            *self.answered[:5],
            *self.errors[:5],
            *self.told_apart[:5],
        ]


def ask_for_the_owners(schema: dict[str, Any], ask: Ask, *, owner: str, token: str) -> Asked:
    """Ask as who has this token; "" is nobody."""
    asked = Asked(0, 0, [], [], [], [])
    operations = requests = 0
    for path, methods in schema["paths"].items():
        if "{id}" not in path:
            continue
        found = list(_addresses(path, ask, owner))
        for method in sorted(METHODS & methods.keys()):
            if not found:
                asked.unmet.append(f"{method.upper()} {path}")
                continue
            operations += 1
            for address, missing in found:
                requests += 1
                _judge(asked, ask, method.upper(), address, missing, token)
    return asked._replace(operations=operations, requests=requests)


def _judge(asked: Asked, ask: Ask, method: str, address: str, missing: str, token: str) -> None:
    status, text = ask(method, address, token)
    line = f"{status} {method} {address} {text[:200]}"
    if status < 400:
        asked.answered.append(line)
    elif status >= 500:
        asked.errors.append(line)
    elif status != ask(method, missing, token)[0]:
        asked.told_apart.append(line)


def _addresses(path: str, ask: Ask, owner: str) -> Iterator[tuple[str, str]]:
    """The path for the owner's objects, each beside the same with a last id that nobody has."""
    before, after = re.split(r"\{\w+\}", path, maxsplit=1)
    for pk in _ids(before.rstrip("/"), ask, owner):
        if "{" in after:
            yield from _addresses(f"{before}{pk}{after}", ask, owner)
        else:
            nobodys = NOBODYS if isinstance(pk, int) else "nobodys"
            yield f"{before}{pk}{after}", f"{before}{nobodys}{after}"


def _ids(address: str, ask: Ask, owner: str) -> list[Any]:
    """Of the owner's own objects there. Predefined categories are everybody's."""
    status, text = ask("GET", address, owner)
    found = json.loads(text) if status == 200 else []
    rows = found.get("results", []) if isinstance(found, dict) else found
    own = [row for row in rows if isinstance(row, dict) and row.get("user", "owner") is not None]
    return [row["id"] for row in own if "id" in row][:OBJECTS]
