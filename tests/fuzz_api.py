"""`make fuzz-api`: what the schema says against what a live server does, by Schemathesis.

    python -m tests.fuzz_api [--seed N] [--examples N]

Requests by the demo's owner, by another person and by nobody, on a server and a database of their
own. Fails on a 5xx, on an answer that the schema does not describe, and on an operation that takes
what the schema forbids or refuses what it allows, unless ARGUED names it.
"""

import argparse
import http.client
import json
import os
import random
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "banking.settings_test")

from banking import limits
from tests.fuzz_others import ask_for_the_owners
from tests.live_server import granian
from tests.sandbox_bank import sandbox_bank
from tests.servers import environment_without_settings

PASSWORD = "demo-Passw0rd!"
PEOPLE = {"owner": "demo@example.com", "another person": "support@example.com", "anonymous": ""}
TRANSACTIONS = 1_500
EVERY_OBJECT = (
    "from tests.world import things_of; from users.models import User;"
    f" things_of(User.objects.get(email='{PEOPLE['owner']}'))"
)
LEAST_REQUESTS = 3_000
# Examples per operation.
SHOWN = 2
TAKEN, REFUSED = "takes what the schema forbids", "refuses what the schema allows"
CHECKS = {
    "not_a_server_error": "server errors",
    "status_code_conformance": "answers not in the schema",
    "content_type_conformance": "answers not in the schema",
    "response_headers_conformance": "answers not in the schema",
    "response_schema_conformance": "answers not in the schema",
    "ignored_auth": "answers without a sign-in",
    "negative_data_rejection": TAKEN,
    "positive_data_acceptance": REFUSED,
}
# These would end the sign-in or the user that other requests depend on.
LEFT_OUT = r"^/api/(auth/logout|users/me/sessions.*|users/me/erase)$"
# Codes of refusals that a schema can't express; docs/API.md explains each.
BEYOND_A_SCHEMA = {
    *("does_not_exist", "invalid_currency", "unique", "refused", "date_out_of_range"),
    *("too_many_decimals", "insufficient_funds", "rate_missing", "not_a_statement"),
    *("wrong_key", "wrong_credentials", "otp_wrong", "email_not_confirmed", "setup_missing"),
    *("not_enough_points", "held", "bad_pattern", "pattern_too_large", "patterns_too_large"),
    *("mapping_needed", "accounts_needed", "already_imported", "already_on"),
    *("password_too_short", "password_too_common", "password_too_similar"),
    "password_entirely_numeric",
}
# Operations that deliberately differ from the schema, with the reason.
DESCRIBED = "a description or a merchant is required; either is enough"
ARGUED = {
    "POST /api/export/csv": "its filters are read as in an address: 100 is as good as “100”",
    "POST /api/transactions/{id}/attachments": "a broken value of a form is a right one of a file",
    "POST /api/transactions": DESCRIBED,
    "PUT /api/transactions/{id}": DESCRIBED,
    "PATCH /api/transactions/{id}": DESCRIBED,
    "POST /api/transactions/views": "its query is kept in one spelling, which may be longer",
    "PATCH /api/transactions/views/{id}": "its query is kept in one spelling, which may be longer",
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**32))
    parser.add_argument("--examples", type=int, default=3, help="for each operation of the owner")
    parser.add_argument("--keep", type=Path, help="a folder for the logs")
    options = parser.parse_args()
    say(f"Seed {options.seed}.")
    # Fuzzing exceeds a user's rate limits, and lasts longer than a sign-in.
    os.environ["RATE_LIMITS"] = ",".join(f"{name}=off" for name in limits.DEFAULTS)
    os.environ["ACCESS_TOKEN_EXPIRE_MINUTES"] = "600"
    with tempfile.TemporaryDirectory(prefix="fuzz-") as name:
        folder = options.keep or Path(name)
        folder.mkdir(exist_ok=True)
        database = demo_database(folder)
        found = []
        for person, email in PEOPLE.items():
            served = folder / person.replace(" ", "-")
            served.mkdir()
            examples = options.examples if person == "owner" else 2
            with granian(served, database) as address:
                found.append(person == "owner" or is_refused(person, address, email))
                fuzz(address, served, email, seed=options.seed, examples=examples)
            found.append(tell(person, served / "cases"))
    return int(not all(found))


def demo_database(folder: Path) -> Path:
    """A database with the demo household, whose owner has one of every object."""
    database = folder / "demo.sqlite3"
    with sandbox_bank(folder / "bank") as bank:
        environment = environment_without_settings() | {
            "DJANGO_SETTINGS_MODULE": "banking.settings_test",
            "DATABASE_URL": f"sqlite:///{database}",
            "DATA_DIR": str(folder),
            "SANDBOX_BANK_URL": bank,
        }
        for command in (
            ["migrate"],
            ["load_demo", "--force", f"--transactions={TRANSACTIONS}"],
            ["shell", "-c", EVERY_OBJECT],
        ):
            subprocess.run(
                [sys.executable, "manage.py", *command],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                check=True,
            )
    return database


def sign_in(address: str, email: str) -> str:
    body = json.dumps({"email": email, "password": PASSWORD})
    return json.loads(ask(address, "POST", "/api/auth/login", body)[1])["access"]


def ask(
    address: str, method: str, path: str, body: str | None = None, *, token: str = ""
) -> tuple[int, str]:
    server = http.client.HTTPConnection(address.removeprefix("http://"), timeout=120)
    headers = {"Content-Type": "application/json"} if body else {}
    headers |= {"Authorization": f"Bearer {token}"} if token else {}
    server.request(method, path, body, headers)
    answer = server.getresponse()
    return answer.status, answer.read().decode(errors="replace")


def is_refused(person: str, address: str, email: str) -> bool:
    """Whether this person gets none of the owner's objects; prints what was asked."""

    def act(method: str, path: str, token: str) -> tuple[int, str]:
        body = None if method in {"GET", "DELETE"} else "{}"
        return ask(address, method, path, body, token=token)

    asked = ask_for_the_owners(
        json.loads(ask(address, "GET", "/api/schema?format=json")[1]),
        act,
        owner=sign_in(address, PEOPLE["owner"]),
        token=sign_in(address, email) if email else "",
    )
    say(f"\nAs {person}:")
    for line in asked.lines():
        say(f"  {line}")
    return asked.is_right


def fuzz(address: str, folder: Path, email: str, *, seed: int, examples: int) -> None:
    """Run Schemathesis as this person; tests/fuzz_hooks.py writes what happened to `cases`."""
    token = sign_in(address, email) if email else ""
    owner = token if email == PEOPLE["owner"] else sign_in(address, PEOPLE["owner"])
    environment = environment_without_settings() | {
        "SCHEMATHESIS_HOOKS": "tests.fuzz_hooks",
        "FUZZ_URL": address,
        "FUZZ_TOKEN": owner,
        "FUZZ_SEED": str(seed),
        # The owner also has to meet what does not exist.
        "FUZZ_SHARE": "0.5" if email == PEOPLE["owner"] else "1",
        "FUZZ_LOG": str(folder / "cases"),
    }
    schema = folder / "schema.json"
    schema.write_text(ask(address, "GET", "/api/schema?format=json")[1])
    checks = [name for name in CHECKS if email or name != "ignored_auth"]
    with (folder / "schemathesis").open("w") as log:
        subprocess.run(
            [
                *(str(Path(sys.executable).with_name("schemathesis")), "run"),
                *(str(schema), "--url", address),
                *(("--header", f"Authorization: Bearer {token}") if token else ()),
                *("--exclude-path-regex", LEFT_OUT, "--exclude-operation-id", "users_me_erase"),
                *("--checks", ",".join(checks), "--phases", "coverage,fuzzing"),
                *("--max-examples", str(examples), "--seed", str(seed), "--no-shrink"),
                *("--continue-on-failure", "--suppress-health-check", "all"),
                *("--request-timeout", "30", "--generation-database", "none", "--no-color"),
            ],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            check=False,
        )


def tell(person: str, log: Path) -> bool:
    """Print this person's findings, and return whether they are acceptable."""
    cases, failures = read(log)
    statuses = Counter(case["status"] // 100 for case in cases.values())
    shares = ", ".join(f"{count} × {status}xx" for status, count in sorted(statuses.items()))
    say(f"\nAs {person}: {len(cases)} requests ({shares})")
    rules = Counter(code for pk, check, _ in failures for code in beyond_a_schema(cases[pk], check))
    counts = ", ".join(f"{code} {count}" for code, count in rules.most_common())
    say(f"  refused by rules that no schema can say: {counts or 'none'}")
    if person == "owner":
        is_right = len(cases) >= LEAST_REQUESTS
    else:
        is_right = hides_what_is_the_owners(cases)
    for kind, found in by_kind(cases, failures).items():
        say(f"  {kind}: {len(found)} operations")
        for operation, examples in sorted(found.items()):
            reason = ARGUED.get(operation, "") if kind in (TAKEN, REFUSED) else ""
            is_right &= bool(reason)
            say(f"    {operation} ({len(examples)}){reason and f': {reason}'}")
            for example in [] if reason else examples[:SHOWN]:
                say(f"      {example:.1200}")
    return is_right


def hides_what_is_the_owners(cases: dict[str, dict[str, Any]]) -> bool:
    asked = [
        case
        for case in cases.values()
        if case["is_of_the_owner"] and not case["sent"].startswith("OPTIONS")
    ]
    answered = [case for case in asked if case["status"] < 400]
    say(f"  for objects of the owner: {len(asked)} requests, {len(answered)} answered")
    for case in answered[:SHOWN]:
        say(f"      {case['status']} {case['sent']}")
    return not answered


def by_kind(
    cases: dict[str, dict[str, Any]], failures: list[tuple[str, str, str]]
) -> dict[str, dict[str, list[str]]]:
    """{kind of failure: {operation: each request with its answer}}."""
    found: dict[str, dict[str, list[str]]] = {kind: {} for kind in CHECKS.values()}
    for pk, check, told in failures:
        case = cases[pk]
        if not beyond_a_schema(case, check):
            why = case["answer"] or told
            text = f"{case['sent']:.400} {case['body']:.400}\n      {case['status']} {why}"
            found[CHECKS[check]].setdefault(case["operation"], []).append(text)
    return found


def beyond_a_schema(case: dict[str, Any], check: str) -> set[str]:
    """The codes of a refusal, if all of them are for rules that a schema can't express."""
    if check != "positive_data_acceptance" or not case["answer"].startswith("{"):
        return set()
    codes = {error["code"] for error in json.loads(case["answer"])["errors"]}
    return codes if codes <= BEYOND_A_SCHEMA else set()


def read(log: Path) -> tuple[dict[str, dict[str, Any]], list[tuple[str, str, str]]]:
    """The cases by id, and (id, check, sentence) of each failure."""
    cases, failures = {}, []
    for line in log.open():
        facts = json.loads(line)
        if "failed" in facts:
            failures.append((facts["case"], facts["failed"], facts["told"]))
        else:
            cases[facts["case"]] = facts
    return cases, failures


def say(sentence: str) -> None:
    sys.stdout.write(f"{sentence}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
