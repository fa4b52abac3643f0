"""Test banks that speak each provider's protocol over real HTTP.

They follow the providers' public documentation, not our connectors. A test changes the `Bank`, and
each server reports the change in its own way: Plaid with a cursor over an event log, the Open Bank
Project in pages of a date range, SimpleFIN in ranges of seconds.
"""

import base64
import gzip
import hashlib
import itertools
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm
from werkzeug import Request, Response

Fault = Callable[[Request], Response | None]


@dataclass(frozen=True, slots=True)
class Line:
    """One transaction as the bank has it; positive is money in."""

    pk: str
    account: str
    on: date
    amount: Decimal
    text: str
    is_pending: bool = False
    replaces: str = ""
    category: str = ""


@dataclass
class Bank:
    """The bank's real data: its accounts and their current transactions."""

    accounts: dict[str, dict] = field(default_factory=dict)
    lines: dict[str, Line] = field(default_factory=dict)
    # Every event so far as (kind, line); Plaid's cursor is a position in this list.
    events: list[tuple[str, Line]] = field(default_factory=list)
    numbers: itertools.count = field(default_factory=lambda: itertools.count(1))

    def open(self, pk: str, **about) -> str:
        standard = {"name": "Checking", "mask": "1234", "type": "depository", "currency": "USD"}
        self.accounts[pk] = standard | {"subtype": "checking", "opening": Decimal(0)} | about
        return pk

    def add(self, account: str, on: date, amount: str, text: str, **more) -> Line:
        line = Line(f"t{next(self.numbers)}", account, on, Decimal(amount), text, **more)
        return self._write("added", line)

    def revise(self, pk: str, **changes) -> Line:
        return self._write("modified", replace(self.lines[pk], **changes))

    def remove(self, pk: str) -> None:
        self.events.append(("removed", self.lines.pop(pk)))

    def settle(
        self, pk: str, on: date, amount: str | None = None, *, names_it: bool = True
    ) -> Line:
        """Replace a pending line with a posted one that has its own id."""
        pending = self.lines[pk]
        self.remove(pk)
        final_amount = Decimal(amount) if amount else pending.amount
        return self.add(
            pending.account, on, str(final_amount), pending.text, replaces=pk if names_it else ""
        )

    def balance(self, account: str) -> Decimal:
        posted = (
            x.amount for x in self.lines.values() if x.account == account and not x.is_pending
        )
        return self.accounts[account]["opening"] + sum(posted, Decimal(0))

    def posted(self, account: str) -> list[tuple[date, Decimal]]:
        """(day, amount) of every posted line, to compare with a ledger."""
        lines = (x for x in self.lines.values() if x.account == account and not x.is_pending)
        return sorted((line.on, line.amount) for line in lines)

    def _write(self, kind: str, line: Line) -> Line:
        self.lines[line.pk] = line
        self.events.append((kind, line))
        return line


@dataclass
class StandIn:
    """A provider's server for a bank. It returns each of `faults` once before responding
    normally.
    """

    bank: Bank
    faults: list[Fault | None] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    # The response to every request once the faults are used up.
    always: Fault | None = None

    def __call__(self, request: Request) -> Response:
        self.asked.append(f"{request.method} {request.path}")
        fault = self.faults.pop(0) if self.faults else self.always
        answer = fault(request) if fault else None
        return answer or self.answer(request)

    def answer(self, request: Request) -> Response:
        raise NotImplementedError


def json_response(body: object, status: int = 200, **headers: str) -> Response:
    return Response(json.dumps(body), status, headers, mimetype="application/json")


# --- Faults -------------------------------------------------------------------------------------


def down(request: Request) -> Response:
    return Response("<html>Service Unavailable</html>", 503)


def garbage(request: Request) -> Response:
    return Response("\x00<<not json", 200, mimetype="application/json")


def enormous(request: Request) -> Response:
    """More than any provider's limit, made of few bytes to send."""
    body = gzip.compress(b'{"a": "' + b"x" * (40 * 1024 * 1024) + b'"}', 1)
    return Response(body, 200, {"Content-Encoding": "gzip"})


def hung_up(request: Request) -> Response:
    """The connection ends in the middle of the answer."""
    return Response(b'{"accounts": [', 200, {"Content-Length": "5000", "Connection": "close"})


def status(code: int) -> Fault:
    return lambda request: Response("", code)


def obp_fault(code: int, message: str) -> Fault:
    return lambda request: obp_error(code, message)


def redirect(request: Request) -> Response:
    return Response("", 302, {"Location": "http://169.254.169.254/latest/meta-data/"})


def plaid_error(kind: str, code: str, status: int = 400) -> Fault:
    body = {
        "error_type": kind, "error_code": code, "error_message": "technical words",
        "display_message": None, "request_id": "HNTDNrA8F1shFEW",
    }  # fmt: skip
    return lambda request: json_response(body, status)


# --- Plaid --------------------------------------------------------------------------------------


@dataclass
class PlaidServer(StandIn):
    """Plaid's API version 2020-09-14, as far as transactions need it."""

    page_size: int = 500
    client_id: str = "client"
    secret: str = "top-secret-plaid"
    tokens: dict[str, str] = field(default_factory=lambda: {"access-1": "item-1"})
    id_suffix: str = ""
    needs_login: bool = False
    # Called once between two pages.
    between_pages: Callable[[], None] | None = None
    repeats_for_ever: bool = False
    update_status: str = "HISTORICAL_UPDATE_COMPLETE"
    key_expired_at: int | None = None
    is_link_finished: bool = False
    key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )
    _mutated_at: int = -1

    def answer(self, request: Request) -> Response:
        if request.headers.get("PLAID-CLIENT-ID") != self.client_id or (
            request.headers.get("PLAID-SECRET") != self.secret
        ):
            return plaid_error("INVALID_INPUT", "INVALID_API_KEYS")(request)
        body = request.get_json()
        doors = {
            "/link/token/create": self._link_token,
            "/link/token/get": self._link_sessions,
            "/item/public_token/exchange": self._exchange,
            "/item/get": self._item,
            "/accounts/get": self._accounts,
            "/transactions/sync": self._sync,
            "/item/remove": self._remove_item,
            "/webhook_verification_key/get": self._key,
        }
        if request.path not in doors:
            return Response("", 404)
        if "access_token" in body and request.path != "/link/token/create":
            if body["access_token"] not in self.tokens:
                return plaid_error("INVALID_INPUT", "INVALID_ACCESS_TOKEN")(request)
            if self.needs_login and request.path in ("/transactions/sync", "/accounts/get"):
                return plaid_error("ITEM_ERROR", "ITEM_LOGIN_REQUIRED")(request)
        return doors[request.path](body)

    def _link_token(self, body: dict) -> Response:
        needed = {"client_name", "language", "country_codes", "user"}
        assert needed <= set(body)
        assert len(body["client_name"]) <= 30
        assert ("products" in body) != ("access_token" in body)
        return json_response(
            {
                "link_token": "link-sandbox-1",
                "hosted_link_url": "https://hosted.plaid.com/link/x",
                "expiration": "2026-11-28T16:00:00Z",
                "request_id": "r",
            }
        )

    def _link_sessions(self, body: dict) -> Response:
        """What became of a Hosted Link; nothing until the person has finished."""
        assert body["link_token"] == "link-sandbox-1"
        results = {
            "item_add_results": [
                {
                    "public_token": "public-good",
                    "accounts": [],
                    "institution": {"name": "Chase", "institution_id": "ins_3"},
                }
            ],
            "bank_income_results": [],
        }
        session = {"link_session_id": "s", "events": [], "on_success": None, "results": results}
        return json_response(
            {
                "link_token": "link-sandbox-1",
                "created_at": None,
                "expiration": None,
                "metadata": {"initial_products": ["transactions"]},
                "link_sessions": [session] if self.is_link_finished else [],
                "request_id": "r",
            }
        )

    def _exchange(self, body: dict) -> Response:
        if body.get("public_token") != "public-good":
            return plaid_error("INVALID_INPUT", "INVALID_PUBLIC_TOKEN")(None)
        token = f"access-{len(self.tokens) + 1}"
        self.tokens[token] = f"item-{len(self.tokens) + 1}"
        return json_response(
            {"access_token": token, "item_id": self.tokens[token], "request_id": "r"}
        )

    def _item(self, body: dict) -> Response:
        item = {
            "item_id": self.tokens[body["access_token"]],
            "institution_id": "ins_3",
            "institution_name": "Chase",
            "error": None,
        }
        return json_response({"item": item, "request_id": "r"})

    def _accounts(self, body: dict) -> Response:
        return json_response({"accounts": self._told_accounts(), "item": {}, "request_id": "r"})

    def _told_accounts(self) -> list[dict]:
        return [
            {
                "account_id": pk + self.id_suffix,
                "persistent_account_id": f"persistent-{pk}",
                "balances": {
                    "available": None,
                    # The balance of a card or loan is the amount owed.
                    "current": float(self.bank.balance(pk))
                    * (-1 if about["type"] in ("credit", "loan") else 1),
                    "limit": None,
                    "iso_currency_code": about["currency"],
                    "unofficial_currency_code": None,
                },
                "mask": about["mask"],
                "name": about["name"],
                "official_name": None,
                "type": about["type"],
                "subtype": about["subtype"],
            }
            for pk, about in self.bank.accounts.items()
        ]

    def _sync(self, body: dict) -> Response:
        assert body.get("cursor") != ""
        assert 1 <= body.get("count", 100) <= 500
        start = int(body.get("cursor", "c0").removeprefix("c"))
        if self._mutated_at == start and start:
            self._mutated_at = -1
            code = "TRANSACTIONS_SYNC_MUTATION_DURING_PAGINATION"
            return plaid_error("TRANSACTIONS_ERROR", code)(None)
        size = min(self.page_size, body.get("count", 100))
        events = self.bank.events[start : start + size]
        end = start + len(events)
        has_more = end < len(self.bank.events)
        page: dict = {"added": [], "modified": [], "removed": []}
        for kind, line in events:
            page[kind].append(self._line(kind, line))
        if has_more and self.between_pages:
            change, self.between_pages = self.between_pages, None
            change()
            self._mutated_at = end
        if self.repeats_for_ever:
            has_more, end = True, start
        return json_response(
            page
            | {
                "accounts": self._told_accounts(),
                "next_cursor": f"c{end}",
                "has_more": has_more,
                "transactions_update_status": self.update_status,
                "request_id": "r",
            }
        )

    def _line(self, kind: str, line: Line) -> dict:
        account = line.account + self.id_suffix
        if kind == "removed":
            return {"transaction_id": line.pk + self.id_suffix, "account_id": account}
        return {
            "account_id": account,
            # Positive means money out.
            "amount": float(-line.amount),
            "iso_currency_code": self.bank.accounts[line.account]["currency"],
            "unofficial_currency_code": None,
            "date": line.on.isoformat(),
            "authorized_date": None,
            "name": line.text,
            "merchant_name": None,
            "original_description": line.text,
            "pending": line.is_pending,
            "pending_transaction_id": line.replaces + self.id_suffix if line.replaces else None,
            "transaction_id": line.pk + self.id_suffix,
            "payment_channel": "in store",
            "personal_finance_category": {
                "primary": "FOOD_AND_DRINK",
                "detailed": line.category,
                "confidence_level": "HIGH",
            }
            if line.category
            else None,
        }

    def _remove_item(self, body: dict) -> Response:
        del self.tokens[body["access_token"]]
        return json_response({"request_id": "r"})

    def _key(self, body: dict) -> Response:
        if body["key_id"] != "key-1":
            return plaid_error("INVALID_INPUT", "INVALID_WEBHOOK_VERIFICATION_KEY_ID")(None)
        jwk = ECAlgorithm.to_jwk(self.key.public_key(), as_dict=True)
        about = {"alg": "ES256", "kid": "key-1", "use": "sig", "created_at": 1}
        about |= {"expired_at": self.key_expired_at}
        return json_response({"key": jwk | about, "request_id": "r"})

    def signed(self, body: bytes, *, age: float = 0, kid: str = "key-1") -> str:
        """The Plaid-Verification header for a webhook with this body."""
        claims = {
            "iat": int(time.time() - age),
            "request_body_sha256": hashlib.sha256(body).hexdigest(),
        }
        return jwt.encode(claims, self.key, algorithm="ES256", headers={"kid": kid})


# --- Open Bank Project --------------------------------------------------------------------------


@dataclass
class ObpServer(StandIn):
    """API v4.0.0: DirectLogin, my accounts, and core transactions with limit and offset."""

    consumer_key: str = "consumer"
    is_expired: bool = False

    def answer(self, request: Request) -> Response:
        login = request.headers.get("directlogin", "")
        if request.path == "/my/logins/direct":
            return self._login(login)
        if login != "token=obp-token" or self.is_expired:
            return obp_error(401, "OBP-20001: User not logged in. Authentication is required!")
        if request.path == "/obp/v4.0.0/my/accounts":
            return json_response({"accounts": [self._listed(pk) for pk in self.bank.accounts]})
        parts = request.path.removeprefix("/obp/v4.0.0/my/banks/gh.29.uk/accounts/").split("/")
        if len(parts) != 2 or parts[0] not in self.bank.accounts:
            return obp_error(404, "OBP-30018: Bank Account not found.")
        if parts[1] == "account":
            return json_response(self._full(parts[0]))
        return self._transactions(parts[0], request)

    def _login(self, login: str) -> Response:
        wanted = f"username=robert,password=x!9,consumer_key={self.consumer_key}"
        if login != wanted:
            return obp_error(401, "OBP-20004: Invalid login credentials. Check username/password.")
        return json_response({"token": "obp-token"}, 201)

    def _listed(self, pk: str) -> dict:
        return {
            "id": pk, "label": self.bank.accounts[pk]["name"], "bank_id": "gh.29.uk",
            "account_type": "CURRENT", "account_routings": [],
            "views": [{"id": "owner", "short_name": "Owner", "is_public": False}],
        }  # fmt: skip

    def _full(self, pk: str) -> dict:
        about = self.bank.accounts[pk]
        balance = {"currency": about["currency"], "amount": str(self.bank.balance(pk))}
        return {
            "id": pk, "bank_id": "gh.29.uk", "label": about["name"],
            "number": f"00112233{about['mask']}", "product_code": "1177",
            "balance": balance, "account_routings": [], "views_basic": [],
        }  # fmt: skip

    def _transactions(self, pk: str, request: Request) -> Response:
        limit = int(request.args.get("limit", 50))
        offset = int(request.args.get("offset", 0))
        first = request.args.get("from_date", "1970-01-01T00:00:00.000Z")[:10]
        lines = [x for x in self.bank.lines.values() if x.account == pk and not x.is_pending]
        lines = [x for x in lines if x.on.isoformat() >= first]
        lines.sort(key=lambda x: (x.on, x.pk), reverse=request.args.get("sort_direction") != "ASC")
        page = [self._line(x) for x in lines[offset : offset + limit]]
        return json_response({"transactions": page})

    def _line(self, line: Line) -> dict:
        currency = self.bank.accounts[line.account]["currency"]
        moment = f"{line.on.isoformat()}T00:00:00Z"
        return {
            "id": line.pk,
            "this_account": {"id": line.account, "bank_routing": {}, "account_routings": []},
            "other_account": {"id": "x", "holder": {"name": "ALIAS_A1B2", "is_alias": True}},
            "details": {
                "type": "SANDBOX_TAN",
                "description": line.text,
                "posted": moment,
                "completed": moment,
                "new_balance": {"currency": currency, "amount": None},
                "value": {"currency": currency, "amount": str(line.amount)},
            },
            "metadata": None,
        }


def obp_error(status: int, message: str) -> Response:
    return json_response({"code": status, "message": message}, status, **{"Correlation-Id": "c-1"})


# --- SimpleFIN ----------------------------------------------------------------------------------


@dataclass
class SimpleFinServer(StandIn):
    """Protocol 1.0-draft.7: a token to claim once, and accounts by date ranges in seconds."""

    root: str = ""
    is_claimed: bool = False
    is_revoked: bool = False
    errors: list[str] = field(default_factory=list)
    longest_window: timedelta = timedelta(days=90)

    @property
    def token(self) -> str:
        return base64.b64encode(f"{self.root}/claim/abc".encode()).decode()

    def answer(self, request: Request) -> Response:
        if request.path == "/claim/abc" and request.method == "POST":
            if self.is_claimed:
                return Response("Forbidden", 403)
            self.is_claimed = True
            scheme, _, host = self.root.partition("://")
            return Response(f"{scheme}://user%40x:p%2Fw@{host}/access", 200)
        login = request.authorization
        is_signed_in = login and (login.username, login.password) == ("user@x", "p/w")
        if request.path != "/access/accounts" or not is_signed_in or self.is_revoked:
            return Response("Forbidden", 403)
        return json_response({"errors": self.errors, "accounts": self._accounts(request)})

    def _accounts(self, request: Request) -> list[dict]:
        first, end = request.args.get("start-date"), request.args.get("end-date")
        if first and end:
            assert timedelta(seconds=int(end) - int(first)) <= self.longest_window
        return [
            {
                "org": {"domain": "mybank.com", "name": "My Bank", "sfin-url": "https://sfin/"},
                "id": pk,
                "name": f"{about['name']} ({about['mask']})",
                "currency": about["currency"],
                "balance": str(self.bank.balance(pk)),
                "balance-date": 978366153,
                "transactions": []
                if request.args.get("balances-only")
                else self._lines(pk, first, end, request.args.get("pending") == "1"),
            }
            for pk, about in self.bank.accounts.items()
        ]

    def _lines(self, pk: str, first: str | None, end: str | None, with_pending: bool) -> list[dict]:
        found = []
        for line in self.bank.lines.values():
            seconds = int(
                datetime(line.on.year, line.on.month, line.on.day, 12, tzinfo=UTC).timestamp()
            )
            is_in = int(first or 0) <= seconds < int(end or 10**11)
            if line.account != pk or not is_in or (line.is_pending and not with_pending):
                continue
            found.append(
                {
                    "id": line.pk,
                    "posted": 0 if line.is_pending else seconds,
                    "transacted_at": seconds,
                    "amount": str(line.amount),
                    "description": line.text,
                    "pending": line.is_pending,
                }
            )
        return found
