"""SimpleFIN: read-only access through a pasted token (PROTOCOLS.md §6; protocol 1.0-draft.7).

The token is a Base64 URL that can be claimed once. The response is a URL with user name and
password, which is the secret. There is no cursor: each sync requests a date range that overlaps the
last one.
"""

import base64
import binascii
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import unquote, urlsplit, urlunsplit

from django.conf import settings

from banking.kernel.outgoing import Answer, Limits, OutgoingError, ask
from transactions.sources.banks import reading
from transactions.sources.banks.connecting import (
    BankError,
    Changes,
    Link,
    Problem,
    RemoteAccount,
    RemoteLine,
)
from transactions.sources.files.incoming import IncomingTransaction

# Pending lines and late bookings of the last sync are requested again.
OVERLAP = timedelta(days=14)
# Bridges reject date ranges over about ninety days, so the first sync reads back in such steps.
WINDOW = timedelta(days=60)
HISTORY = timedelta(days=730)
# The history, today included.
MOST_WINDOWS = HISTORY // WINDOW + 1
# After two empty date ranges there is nothing earlier.
EMPTY_WINDOWS = 2
_ONCE = Limits(tries=1)
LIMITS = Limits(largest_bytes=16 * 1024 * 1024, timeouts=(5, 60), longest_seconds=90)
_BAD_TOKEN = "This isn't a SimpleFIN token. Copy the whole token and paste it again."
_USED = (
    "This token is unknown or was already used. If you didn't use it, someone else may have: "
    "disable it where you created it, and create a new one."
)


class SimpleFin:
    """A SimpleFIN bridge. The secret is the access URL with its user name and password."""

    def link(self, given: Mapping[str, str]) -> Link:
        answer = _ask("POST", _claim_address(given["token"]), limits=_ONCE)
        if answer.status == 403:
            raise BankError(Problem.REFUSED, _USED, code="TOKEN_USED")
        if answer.status != 200:
            raise BankError(
                Problem.REFUSED, f"The SimpleFIN server refused the token ({answer.status}).",
                code=str(answer.status),
            )  # fmt: skip
        secret = _access_address(answer)
        return Link(secret, _institution(self.accounts(secret), secret))

    def accounts(self, secret: str) -> tuple[RemoteAccount, ...]:
        body = _get(secret, {"balances-only": "1"})
        return tuple(_account(account) for account in reading.list_of(body, "accounts"))

    def changes(self, secret: str, cursor: str, on: date) -> Changes:
        since = reading.day_or_none(cursor)
        start = since - OVERLAP if since else on - HISTORY
        gathered = _Gathered()
        end, empty = on + timedelta(days=1), 0
        # Newest first, so that the first sync stops where the bank's history does.
        while end > start and (since or empty < EMPTY_WINDOWS):
            first = max(start, end - WINDOW)
            count = gathered.take(_get(secret, _window(first, end)))
            empty = 0 if count else empty + 1
            end = first
        return Changes(
            tuple(gathered.accounts.values()),
            tuple(gathered.lines.values()),
            on.isoformat(),
            # With an error, accounts or lines may be missing.
            window_from=start if since and not gathered.messages else None,
            messages=tuple(dict.fromkeys(gathered.messages)),
        )

    def unlink(self, secret: str) -> None:
        """The protocol has no such call: the person disables the token at the bridge."""


class _Gathered:
    """The data collected from the date ranges of one sync."""

    def __init__(self) -> None:
        self.accounts: dict[str, RemoteAccount] = {}
        self.lines: dict[tuple[str, str], RemoteLine] = {}
        self.messages: list[str] = []

    def take(self, body: dict[str, Any]) -> int:
        """Add one response. Returns how many lines it contained."""
        errors = body.get("errors")
        self.messages += [
            words for error in (errors if isinstance(errors, list) else ())
            if (words := reading.message(error))
        ]  # fmt: skip
        count = 0
        for entry in reading.list_of(body, "accounts"):
            account = _account(entry)
            self.accounts.setdefault(account.external_id, account)
            for line in reading.list_of(entry, "transactions"):
                count += 1
                read = _line(line, account)
                self.lines.setdefault((account.external_id, read.line.external_id), read)
        return count


def _window(first: date, end: date) -> dict[str, str]:
    return {"start-date": _seconds(first), "end-date": _seconds(end), "pending": "1"}


def _seconds(on: date) -> str:
    return str(int(datetime(on.year, on.month, on.day, tzinfo=UTC).timestamp()))


# --- Addresses ----------------------------------------------------------------------------------


def _claim_address(token: str) -> str:
    compact = "".join(token.split())
    try:
        address = base64.b64decode(compact + "=" * (-len(compact) % 4), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        raise BankError(Problem.REFUSED, _BAD_TOKEN, code="BAD_TOKEN") from None
    if not _is_acceptable(address):
        raise BankError(Problem.REFUSED, _BAD_TOKEN, code="BAD_TOKEN")
    return address


def _is_acceptable(address: str) -> bool:
    """An https URL; http is allowed only for test servers on this machine."""
    try:
        parts = urlsplit(address)
        has_host = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        return False
    schemes = {"https", "http"} if settings.OUTGOING_PRIVATE else {"https"}
    return has_host and parts.scheme in schemes and len(address) <= 2000 and address.isprintable()


def _access_address(answer: Answer) -> str:
    address = answer.body[:3000].decode("utf-8", "replace").strip()
    if not _is_acceptable(address) or not urlsplit(address).username:
        raise reading.broken("The SimpleFIN server's response isn't an access URL.")
    return address


def _institution(accounts: tuple[RemoteAccount, ...], secret: str) -> str:
    """The banks behind the bridge, as many as fit on one line."""
    names = list(dict.fromkeys(a.institution_name for a in accounts if a.institution_name))
    return ", ".join(names)[:120] or urlsplit(secret).hostname or "SimpleFIN"


# --- Requests -------------------------------------------------------------------------------------


def _get(secret: str, query: dict[str, str]) -> dict[str, Any]:
    parts = urlsplit(secret)
    host = parts.netloc.rpartition("@")[2]
    address = urlunsplit((parts.scheme, host, parts.path.rstrip("/") + "/accounts", "", ""))
    user = (unquote(parts.username or ""), unquote(parts.password or ""))
    answer = _ask("GET", address, params=query, auth=user, limits=LIMITS)
    if answer.status == 402:
        raise BankError(
            Problem.NEEDS_LOGIN, "Your SimpleFIN subscription needs a payment.", code="402"
        )
    if answer.status in (401, 403):
        raise BankError(Problem.REVOKED, "Access to this bank has ended.", code="403")
    if answer.status == 429:
        raise BankError(Problem.DOWN, reading.WAIT, code="429")
    if answer.status != 200:
        raise reading.broken(f"The SimpleFIN server returned {answer.status}.")
    return reading.mapping_of(answer)


def _ask(method: str, address: str, **request: Any) -> Answer:
    try:
        return ask(method, address, is_public_only=True, **request)
    except OutgoingError as error:
        raise reading.unreachable(error) from None


# --- Reading ------------------------------------------------------------------------------------


def _account(entry: dict[str, Any]) -> RemoteAccount:
    org: Any = entry.get("org") if isinstance(entry.get("org"), dict) else {}
    org_key = reading.text(org.get("id") or org.get("domain") or org.get("name"), longest=120)
    pk = reading.identifier(entry.get("id"))
    currency = reading.currency_or_blank(entry.get("currency"))
    name = reading.text(entry.get("name")) or "Account"
    return RemoteAccount(
        # Unique only within the bank.
        external_id=f"{org_key}/{pk}"[:255],
        persistent_id=f"{org_key}/{pk}"[:255],
        name=name,
        currency=currency,
        account_type=_account_type(name),
        last_four=_digits_of(name),
        balance=reading.amount_or_none(entry.get("balance")),
        balance_on=reading.day_of_seconds(entry.get("balance-date")),
        institution_name=reading.text(org.get("name") or org.get("domain"), longest=120),
        refusal="" if currency else "Points and other custom currencies aren't supported.",
    )


def _account_type(name: str) -> str:
    """Guess the type from the name, since SimpleFIN has none. The person can correct it when
    mapping.
    """
    words = name.lower()
    if "saving" in words:
        return "savings"
    if "credit" in words or "card" in words or "visa" in words or "mastercard" in words:
        return "credit_card"
    return "loan" if "loan" in words or "mortgage" in words else "checking"


def _digits_of(name: str) -> str:
    """The last four digits if the name ends with them, as in "Checking (1234)"."""
    digits = "".join(mark for mark in name if mark.isascii() and mark.isdigit())
    tail = name.rstrip(" )")
    return digits[-4:] if len(digits) >= 4 and tail[-4:].isdigit() else ""


def _line(entry: dict[str, Any], account: RemoteAccount) -> RemoteLine:
    posted = reading.day_of_seconds(entry.get("posted"))
    acted = reading.day_of_seconds(entry.get("transacted_at"))
    is_pending = entry.get("pending") is True or posted is None
    txn_date = acted or posted
    if txn_date is None:
        raise reading.broken("The bank sent a transaction without a date.")
    line = IncomingTransaction(
        row_number=0,
        txn_date=txn_date,
        posted_date=None if is_pending else posted,
        amount=reading.amount(entry.get("amount")),
        description=reading.text(entry.get("description")) or "No description",
        merchant=reading.text(entry.get("payee"), longest=200),
        notes=reading.text(entry.get("memo")),
        currency=account.currency,
        external_id=reading.identifier(entry.get("id")),
        is_pending=is_pending,
        raw=reading.raw(entry),
    )
    return RemoteLine(account.external_id, line)
