"""A sandbox bank: made-up institutions that respond over HTTP like a real provider.

`python -m transactions.sources.banks.sandbox_server --port 9000 --data DIR` serves it until it is
ended; `make run` starts it beside the web server. It imports nothing of the product and keeps its
own SQLite file, so that connecting to it is connecting to another house.

    GET    /institutions                     → {"institutions": [{"id", "name"}]}
    POST   /link {"institution", "customer"} → 201 {"access_token", "item_id", "institution_name"}
    GET    /accounts                         → {"accounts": [...]}
    GET    /transactions?cursor=&limit=      → {"added", "modified", "removed", "next_cursor",
                                                "has_more"}
    POST   /login                            → {}: the customer signed in again
    DELETE /item                             → {}: the access ends
    POST   /control {"action", ...}          → {}: post, pending, settle, revise, remove, break,
                                                mend, down, up

All but the first two require `Authorization: Bearer ACCESS_TOKEN`. Amounts are texts, positive is
money in. One customer's institution has the same history however often it is linked; the ids of
its accounts change with each link, their `persistent_id` does not.
"""

import argparse
import hashlib
import json
import random
import secrets
import signal
import sqlite3
import sys
import threading
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Any
from urllib.parse import parse_qs
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

INSTITUTIONS = {
    "riverbank": "Riverbank Savings",
    "northwind": "Northwind Credit Union",
    "alpenblick": "Alpenblick Bank",
}
CURRENCIES = {"riverbank": "USD", "northwind": "USD", "alpenblick": "EUR"}
HISTORY_DAYS = 400
LARGEST_BODY = 64 * 1024
PAGE_SIZE, LARGEST_PAGE = 100, 500

# (description as the bank writes it, merchant, category, minimum, maximum, times a month)
_SHOPS = [
    ("POS {n} GREEN VALLEY MARKET #0{d}", "Green Valley Market", "groceries", 18, 120, 6),
    ("CARD {n} CORNER BAKERY", "Corner Bakery", "coffee", 3, 11, 8),
    ("CARD {n} LUCIA TRATTORIA", "Lucia Trattoria", "restaurants", 22, 85, 2),
    ("POS {n} FUELPOINT STATION 1{d}", "Fuelpoint", "fuel", 28, 62, 2),
    ("METRO TRANSIT TOPUP {n}", "Metro Transit", "public-transport", 20, 40, 1),
    ("CARD {n} PAGE & SPINE BOOKS", "Page & Spine Books", "books", 9, 48, 1),
    ("CARD {n} WELLSPRING PHARMACY", "Wellspring Pharmacy", "pharmacy", 6, 35, 1),
]
# (day of the month, description, merchant, category, signed amount, account)
_REGULAR = [
    (1, "ACH RENT MAPLE COURT APTS", "Maple Court Apartments", "rent", "-1280.00", "checking"),
    (
        3,
        "DIRECT DEBIT CITY POWER & LIGHT",
        "City Power & Light",
        "electricity",
        "-84.30",
        "checking",
    ),
    (5, "FIBERLINE INTERNET 55512", "Fiberline", "internet", "-49.90", "checking"),
    (12, "CINEBOX SUBSCRIPTION", "Cinebox", "streaming", "-13.99", "card"),
    (15, "FITLAB MEMBERSHIP", "Fitlab", "fitness", "-35.00", "card"),
    (25, "PAYROLL HALVORSEN DESIGN", "Halvorsen Design", "salary", "3150.00", "checking"),
    (27, "TRANSFER TO SAVINGS", "", "savings-transfer", "-200.00", "checking"),
    (27, "TRANSFER FROM CHECKING", "", "savings-transfer", "200.00", "savings"),
    (28, "INTEREST PAID", "", "interest", "4.12", "savings"),
]
_ACCOUNTS = {
    "checking": ("Everyday Checking", "checking", "2400.00"),
    "savings": ("Goal Savings", "savings", "8200.00"),
    "card": ("Rewards Card", "credit_card", "-310.00"),
}

_SCHEMA = """
CREATE TABLE IF NOT EXISTS item (
  id INTEGER PRIMARY KEY, token TEXT UNIQUE, item_id TEXT, institution TEXT, customer TEXT,
  needs_login INTEGER DEFAULT 0, is_down INTEGER DEFAULT 0, is_ended INTEGER DEFAULT 0);
CREATE TABLE IF NOT EXISTS line (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, household TEXT, line_id TEXT, kind TEXT,
  first_seq INTEGER, body TEXT);
CREATE INDEX IF NOT EXISTS line_by_household ON line (household, seq);
"""


class Refusal(Exception):  # noqa: N818 - an answer, not a fault
    """A response other than success."""

    def __init__(self, status: str, code: str, message: str):
        super().__init__(message)
        self.status, self.code = status, code


class SandboxBank:
    """The bank as a WSGI application. All its state is in one SQLite file."""

    def __init__(self, folder: Path, today: Callable[[], date] | None = None):
        folder.mkdir(parents=True, exist_ok=True)
        self._today = today or (lambda: datetime.now(UTC).date())
        self._lock = threading.Lock()
        self._base = sqlite3.connect(
            folder / "sandbox-bank.sqlite3", check_same_thread=False, isolation_level=None
        )
        self._base.row_factory = sqlite3.Row
        self._base.executescript(_SCHEMA)

    def __call__(self, environ: dict[str, Any], start_response: Callable) -> Iterable[bytes]:
        try:
            with self._lock:
                status, answer = self._answer(environ)
        except Refusal as refusal:
            status, answer = refusal.status, {"error": refusal.code, "message": str(refusal)}
        body = json.dumps(answer).encode()
        headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
        start_response(status, headers)
        return [body]

    def _answer(self, environ: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        asked = (environ["REQUEST_METHOD"], environ["PATH_INFO"])
        if asked == ("GET", "/institutions"):
            institutions = [{"id": pk, "name": name} for pk, name in INSTITUTIONS.items()]
            return "200 OK", {"institutions": institutions}
        if asked == ("POST", "/link"):
            return "201 Created", self._link(_body_of(environ))
        doors = {
            ("GET", "/accounts"): self._accounts,
            ("GET", "/transactions"): self._transactions,
            ("POST", "/login"): self._sign_in,
            ("DELETE", "/item"): self._end,
            ("POST", "/control"): self._control,
        }
        if asked not in doors:
            raise Refusal("404 Not Found", "no_such_address", "This URL doesn't exist.")
        item = self._item_of(environ)
        if asked[1] in ("/accounts", "/transactions"):
            _refuse_unready(item)
        return "200 OK", doors[asked](item, environ)

    # --- Linking ---

    def _link(self, body: dict[str, Any]) -> dict[str, Any]:
        institution, customer = str(body.get("institution")), str(body.get("customer", ""))[:80]
        if institution not in INSTITUTIONS:
            raise Refusal("400 Bad Request", "no_such_institution", "We don't know that bank.")
        household = f"{institution}:{customer}"
        if not self._base.execute(
            "SELECT 1 FROM line WHERE household = ? LIMIT 1", [household]
        ).fetchone():
            self._invent(household, institution)
        token, item_id = f"sandbox-{secrets.token_urlsafe(24)}", f"item-{secrets.token_hex(8)}"
        self._base.execute(
            "INSERT INTO item (token, item_id, institution, customer) VALUES (?, ?, ?, ?)",
            [token, item_id, institution, customer],
        )
        return {
            "access_token": token,
            "item_id": item_id,
            "institution_name": INSTITUTIONS[institution],
        }

    def _item_of(self, environ: dict[str, Any]) -> sqlite3.Row:
        token = environ.get("HTTP_AUTHORIZATION", "").removeprefix("Bearer ")
        item = self._base.execute("SELECT * FROM item WHERE token = ?", [token]).fetchone()
        if item is None or item["is_ended"]:
            raise Refusal("401 Unauthorized", "no_such_access", "This access has ended.")
        return item

    def _sign_in(self, item: sqlite3.Row, environ: dict[str, Any]) -> dict[str, Any]:
        self._base.execute("UPDATE item SET needs_login = 0 WHERE id = ?", [item["id"]])
        return {}

    def _end(self, item: sqlite3.Row, environ: dict[str, Any]) -> dict[str, Any]:
        self._base.execute("UPDATE item SET is_ended = 1 WHERE id = ?", [item["id"]])
        return {}

    # --- Reporting ---

    def _accounts(self, item: sqlite3.Row, environ: dict[str, Any]) -> dict[str, Any]:
        return {"accounts": [self._account(item, key) for key in _ACCOUNTS]}

    def _account(self, item: sqlite3.Row, key: str) -> dict[str, Any]:
        name, kind, opening = _ACCOUNTS[key]
        balance = Decimal(opening)
        for line in self._current(_household(item)).values():
            if line["account"] == key and not line["pending"]:
                balance += Decimal(line["amount"])
        return {
            "id": f"{item['item_id']}-{key}",
            "persistent_id": f"{_household(item)}-{key}",
            "name": name,
            "type": kind,
            "mask": _digits(f"{_household(item)}{key}"),
            "currency": CURRENCIES[item["institution"]],
            "balance": str(balance),
            "balance_on": self._today().isoformat(),
        }

    def _transactions(self, item: sqlite3.Row, environ: dict[str, Any]) -> dict[str, Any]:
        query = parse_qs(environ.get("QUERY_STRING", ""))
        cursor, limit = _whole(query, "cursor", 0), _whole(query, "limit", PAGE_SIZE)
        limit = max(1, min(limit, LARGEST_PAGE))
        rows = self._base.execute(
            "SELECT * FROM line WHERE household = ? AND seq > ? ORDER BY seq LIMIT ?",
            [_household(item), cursor, limit + 1],
        ).fetchall()
        page = rows[:limit]
        changes: dict[str, Any] = {"added": [], "modified": [], "removed": []}
        for row in page:
            line = json.loads(row["body"])
            line |= {"id": row["line_id"], "account_id": f"{item['item_id']}-{line['account']}"}
            changes[row["kind"]].append(line)
        following = page[-1]["seq"] if page else cursor
        return changes | {"next_cursor": str(following), "has_more": len(rows) > limit}

    def _current(self, household: str) -> dict[str, dict[str, Any]]:
        """{line ID: line} with their current values."""
        lines: dict[str, dict[str, Any]] = {}
        for row in self._base.execute(
            "SELECT * FROM line WHERE household = ? ORDER BY seq", [household]
        ):
            if row["kind"] == "removed":
                lines.pop(row["line_id"], None)
            else:
                lines[row["line_id"]] = json.loads(row["body"])
        return lines

    # --- Actions ---

    def _control(self, item: sqlite3.Row, environ: dict[str, Any]) -> dict[str, Any]:
        body = _body_of(environ)
        action = body.get("action")
        flags = {"break": ("needs_login", 1), "mend": ("needs_login", 0)}
        flags |= {"down": ("is_down", 1), "up": ("is_down", 0)}
        if action in flags:
            column, value = flags[action]
            self._base.execute(f"UPDATE item SET {column} = ? WHERE id = ?", [value, item["id"]])  # noqa: S608 - a fixed name
            return {}
        changes = {
            "post": self._post,
            "pending": self._post,
            "settle": self._settle,
            "revise": self._revise,
            "remove": self._remove,
        }
        if action not in changes:
            raise Refusal("400 Bad Request", "no_such_action", "There is no such action.")
        return {"line_id": changes[action](_household(item), body)}

    def _post(self, household: str, body: dict[str, Any]) -> str:
        amount = str(body.get("amount", "-12.50"))
        line = {
            "account": body.get("account", "checking"),
            "amount": amount,
            "description": str(body.get("description", "CARD 4471 CORNER BAKERY"))[:200],
            "merchant": str(body.get("merchant", ""))[:100],
            "category": str(body.get("category", ""))[:60],
            "date": str(body.get("date") or self._today().isoformat()),
            "pending": body.get("action") == "pending",
            "replaces": "",
        }
        if line["account"] not in _ACCOUNTS or not _is_amount(amount):
            raise Refusal("400 Bad Request", "bad_line", "That is not a line of this bank.")
        return self._write(household, "added", line)

    def _settle(self, household: str, body: dict[str, Any]) -> str:
        """Replace the pending line with a posted one that has its own ID."""
        pk, line = self._chosen(household, body, pending=True)
        self._write(household, "removed", line, pk)
        amount = str(body.get("amount") or line["amount"])
        if not _is_amount(amount):
            raise Refusal("400 Bad Request", "bad_line", "That is not a line of this bank.")
        posted = line | {"pending": False, "replaces": pk, "amount": amount}
        return self._write(household, "added", posted)

    def _revise(self, household: str, body: dict[str, Any]) -> str:
        pk, line = self._chosen(household, body)
        changed = line | {"description": str(body.get("description", line["description"]))[:200]}
        if _is_amount(str(body.get("amount", ""))):
            changed["amount"] = str(body["amount"])
        return self._write(household, "modified", changed, pk)

    def _remove(self, household: str, body: dict[str, Any]) -> str:
        pk, line = self._chosen(household, body)
        return self._write(household, "removed", line, pk)

    def _chosen(
        self, household: str, body: dict[str, Any], pending: bool | None = None
    ) -> tuple[str, dict[str, Any]]:
        """The line named in the body, or else the newest matching one."""
        lines = self._current(household)
        wanted = body.get("line_id")
        fitting = [
            (pk, line)
            for pk, line in lines.items()
            if (wanted in (None, pk)) and pending in (None, line["pending"])
        ]
        if not fitting:
            raise Refusal("404 Not Found", "no_such_line", "There is no such line.")
        return fitting[-1]

    def _write(self, household: str, kind: str, line: dict[str, Any], pk: str | None = None) -> str:
        pk = pk or f"line-{secrets.token_hex(8)}"
        self._base.execute(
            "INSERT INTO line (household, line_id, kind, body) VALUES (?, ?, ?, ?)",
            [household, pk, kind, json.dumps(line)],
        )
        return pk

    # --- Generating data ---

    def _invent(self, household: str, institution: str) -> None:
        """Generate thirteen months of an ordinary household, always the same for the same name."""
        dice = random.Random(household)  # noqa: S311 - a story, not a secret
        today = self._today()
        self._base.execute("BEGIN")
        for offset in range(HISTORY_DAYS, -1, -1):
            on = today - timedelta(days=offset)
            for number, line in enumerate(_lines_of_day(on, dice)):
                is_pending = offset == 0 and line["account"] == "card"
                line |= {"date": on.isoformat(), "pending": is_pending, "replaces": ""}
                name = hashlib.sha256(f"{household}:{on}:{number}".encode()).hexdigest()[:20]
                self._write(household, "added", line, f"line-{name}")
        self._base.execute("COMMIT")


def _lines_of_day(on: date, dice: random.Random) -> Iterable[dict[str, Any]]:
    for day, description, merchant, category, amount, account in _REGULAR:
        if on.day == day:
            yield {
                "account": account, "amount": amount, "description": description,
                "merchant": merchant, "category": category,
            }  # fmt: skip
    for description, merchant, category, least, most, times in _SHOPS:
        if dice.random() < times / 30:
            cents = dice.randint(least * 100, most * 100)
            words = description.format(n=dice.randint(1000, 9999), d=dice.randint(1, 9))
            yield {
                "account": "card" if dice.random() < 0.4 else "checking",
                "amount": str(Decimal(-cents) / 100), "description": words,
                "merchant": merchant, "category": category,
            }  # fmt: skip


def _refuse_unready(item: sqlite3.Row) -> None:
    if item["is_down"]:
        raise Refusal("503 Service Unavailable", "down", "The bank is down for maintenance.")
    if item["needs_login"]:
        raise Refusal("409 Conflict", "login_required", "Please sign in at your bank again.")


def _household(item: sqlite3.Row) -> str:
    return f"{item['institution']}:{item['customer']}"


def _digits(name: str) -> str:
    return str(int(hashlib.sha256(name.encode()).hexdigest()[:8], 16) % 10_000).zfill(4)


def _is_amount(amount: str) -> bool:
    whole, _, cents = amount.removeprefix("-").partition(".")
    is_number = whole.isdecimal() and amount.isascii() and len(whole) <= 9
    return is_number and (cents == "" or (cents.isdecimal() and len(cents) == 2))


def _whole(query: dict[str, list[str]], name: str, default: int) -> int:
    value = query.get(name, [""])[0]
    if value and not (value.isascii() and value.isdecimal() and len(value) < 16):
        raise Refusal("400 Bad Request", "bad_query", f"{name} is not a whole number.")
    return int(value) if value else default


def _body_of(environ: dict[str, Any]) -> dict[str, Any]:
    length = environ.get("CONTENT_LENGTH") or "0"
    if not length.isdecimal() or int(length) > LARGEST_BODY:
        raise Refusal("413 Content Too Large", "too_large", "That is too much.")
    try:
        body = json.loads(environ["wsgi.input"].read(int(length)) or b"{}")
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict):
        raise Refusal("400 Bad Request", "bad_json", "The body is not a JSON object.")
    return body


# --- Serving ------------------------------------------------------------------------------------


class ThreadedServer(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class QuietHandler(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """No log line per request: the product's own log has them."""


def serve(folder: Path, port: int) -> None:
    """Serve on the loopback address until the process is terminated."""
    with make_server(
        "127.0.0.1", port, SandboxBank(folder), ThreadedServer, QuietHandler
    ) as server:
        signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(0))
        server.serve_forever()


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="sandbox_server", description="The sandbox bank.")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--data", type=Path, required=True)
    options = parser.parse_args(arguments)
    serve(options.data, options.port)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
