"""What Schemathesis loads for `make fuzz-api` (tests/fuzz_api.py): real ids, and a log of cases.

Random ids lead to a 404 long before a body is read. So half of the owner's requests, and all of
others', get ids, categories and currencies that the owner has.
"""

import http.client
import json
import os
import random
from typing import Any
from uuid import uuid4

import schemathesis

# The owner's token, whoever sends the requests.
ADDRESS, TOKEN, LOG = (os.environ.get(f"FUZZ_{name}", "") for name in ("URL", "TOKEN", "LOG"))
# Body fields, and the list that supplies their values.
FIELDS = {
    **dict.fromkeys(("account", "source", "target"), ("/api/accounts", "id")),
    "bill": ("/api/bills", "id"),
    "transaction": ("/api/transactions", "id"),
    **dict.fromkeys(("category", "parent", "move_to"), ("/api/categories", "slug")),
}
LISTS = {"accounts": "account", "transactions": "transaction", "categories": "category"}
# Objects are created and deleted during fuzzing.
ASKED_AFTER = 40
SHARE = float(os.environ.get("FUZZ_SHARE", "0.5"))
_chance = random.Random(int(os.environ.get("FUZZ_SEED", "0")))
# Cases whose address names an object of the demo's owner.
_of_the_owner: set[str] = set()
_known: dict[str, tuple[int, list[dict[str, Any]]]] = {}


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: Any) -> None:
    """Add a new Idempotency-Key, and existing ids in this share of requests.

    Requests that are meant to violate the schema don't change.
    """
    if _is_valid(case, "header") and case.headers and case.headers.get("Idempotency-Key"):
        case.headers["Idempotency-Key"] = uuid4().hex
    if not TOKEN or _chance.random() >= SHARE:
        return
    for name in case.path_parameters if _is_valid(case, "path") else ():
        rows = _rows(case.path.partition("/{")[0])
        if name == "id" and rows and "id" in rows[0]:
            row = _chance.choice(rows)
            case.path_parameters[name] = row["id"]
            # Predefined categories are everybody's.
            if row.get("user", "owner") is not None:
                _of_the_owner.add(case.id)
    if isinstance(case.body, dict) and _is_valid(case, "body"):
        case.body = {name: _real(name, value) for name, value in case.body.items()}


def _is_valid(case: Any, place: str) -> bool:
    """Whether this part of the request conforms to the schema."""
    if case.meta is None or case.meta.generation.mode.is_positive:
        return True
    parts = {location.value: part for location, part in case.meta.components.items()}
    broken = getattr(case.meta.phase.data, "parameter_location", None)
    is_broken = broken is not None and broken.value == place
    return place in parts and parts[place].mode.is_positive and not is_broken


def _real(name: str, value: Any) -> Any:
    if name in LISTS and isinstance(value, list):
        return [_real(LISTS[name], entry) for entry in value]
    address, key = FIELDS.get(name, ("", ""))
    rows = _rows(address) if address else []
    is_of_its_type = rows and isinstance(value, type(rows[0][key])) and value != ""
    return _chance.choice(rows)[key] if is_of_its_type else value


def _rows(address: str) -> list[dict[str, Any]]:
    age, rows = _known.get(address, (ASKED_AFTER, []))
    if age >= ASKED_AFTER:
        age, rows = 0, _ask(address)
    _known[address] = age + 1, rows
    return rows


def _ask(address: str) -> list[dict[str, Any]]:
    server = http.client.HTTPConnection(ADDRESS.removeprefix("http://"), timeout=60)
    server.request("GET", address, headers={"Authorization": f"Bearer {TOKEN}"})
    answer = server.getresponse()
    text = answer.read()
    found = json.loads(text) if answer.status == 200 else []
    rows = found.get("results", []) if isinstance(found, dict) else found
    return [row for row in rows if isinstance(row, dict)]


@schemathesis.hook
def after_call(context: Any, case: Any, response: Any) -> None:
    """Add a line about this case to the log."""
    _log(
        case,
        operation=case.operation.label,
        status=response.status_code,
        answer=response.text if response.status_code >= 400 else "",
        sent=f"{response.request.method} {response.request.url}",
        body=_text(response.request.body),
        is_of_the_owner=case.id in _of_the_owner,
    )


@schemathesis.hook
def filter_failure(context: Any, failure: Any, case: Any, response: Any) -> bool:
    """Log a failed check. Schemathesis counts it as well."""
    _log(case, failed=failure.checks[0], told=str(failure)[:1000])
    return True


def _log(case: Any, **facts: Any) -> None:
    with open(LOG, "a") as log:
        log.write(json.dumps({"case": case.id, **facts}) + "\n")


def _text(body: Any) -> str:
    text = body.decode(errors="replace") if isinstance(body, bytes) else str(body or "")
    return text[:2000]
