"""Open Bank Project: DirectLogin, my accounts, their transactions (PROTOCOLS.md §2; API v4.0.0).

There is no cursor: each sync requests a date range that overlaps the last one, page by page, and
line IDs prevent duplicates. Amounts are text; negative is money out. A view may omit any field.
"""

import json
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any
from urllib.parse import quote

from django.conf import settings

from banking.kernel.outgoing import Answer, Limits, OutgoingError, ask
from transactions.sources.banks import reading
from transactions.sources.banks.connecting import (
    MOST_PAGES,
    BankError,
    Changes,
    Link,
    Problem,
    RemoteAccount,
    RemoteLine,
)
from transactions.sources.files.incoming import IncomingTransaction

API = "/obp/v4.0.0"
PAGE_SIZE = 500
# A line may be booked some days after its date; the overlap still finds it.
OVERLAP = timedelta(days=14)
LIMITS = Limits(largest_bytes=8 * 1024 * 1024, timeouts=(5, 30), longest_seconds=60)

_BAD_LOGIN = {"OBP-20004", "OBP-20008"}
_NEEDS_LOGIN = {"OBP-20001", "OBP-20003", "OBP-20013"}
_REVOKED = {"OBP-20017", "OBP-30018"}
_LOANS = ("LOAN", "MORTGAGE")
_UNUSABLE = "The bank sent {count} transactions without an amount or a date; they were skipped."


class OpenBankProject:
    """An Open Bank Project server. The secret is the person's DirectLogin token as JSON."""

    def link(self, given: Mapping[str, str]) -> Link:
        """Exchange user name and password for a token. The password is not stored."""
        username, password = given["username"], given["password"]
        if any(mark in part for part in (username, password) for mark in ',"\r\n'):
            raise BankError(
                Problem.REFUSED,
                "This bank can't accept a username or password with a comma or a quotation mark.",
                code="UNSENDABLE",
            )
        login = f"username={username},password={password},consumer_key={settings.OBP_CONSUMER_KEY}"
        headers = {"directlogin": login, "Content-Type": "application/json"}
        answer = _ask("POST", "/my/logins/direct", headers)
        if answer.status not in (200, 201):
            raise _error(answer)
        token = reading.identifier(reading.mapping_of(answer).get("token"))
        return Link(json.dumps({"token": token}), settings.OBP_INSTITUTION_NAME)

    def accounts(self, secret: str) -> tuple[RemoteAccount, ...]:
        listed = _get(secret, f"{API}/my/accounts")
        return tuple(self._account(secret, entry) for entry in reading.list_of(listed, "accounts"))

    def changes(self, secret: str, cursor: str, on: date) -> Changes:
        since = reading.day_or_none(cursor)
        window_from = since - OVERLAP if since else None
        found = self.accounts(secret)
        lines, unusable = [], 0
        for account in found:
            if not account.refusal:
                read, without = _lines(secret, account, window_from)
                lines += read
                unusable += without
        messages = (_UNUSABLE.format(count=unusable),) if unusable else ()
        return Changes(
            found,
            tuple(lines),
            on.isoformat(),
            # With lines left out, the list is not complete.
            window_from=None if unusable else window_from,
            messages=messages,
        )

    def unlink(self, secret: str) -> None:
        """There is no call to revoke a token. Only the latest one is valid, and it expires."""

    def _account(self, secret: str, entry: dict[str, Any]) -> RemoteAccount:
        bank, pk = reading.identifier(entry.get("bank_id")), reading.identifier(entry.get("id"))
        full = _get(secret, f"{API}/my/banks/{quote(bank, '')}/accounts/{quote(pk, '')}/account")
        held: Any = full.get("balance") if isinstance(full.get("balance"), dict) else {}
        currency = reading.currency_or_blank(held.get("currency"))
        kind = reading.text(full.get("product_code") or entry.get("account_type"), longest=60)
        return RemoteAccount(
            external_id=f"{bank}/{pk}",
            persistent_id=f"{bank}/{pk}",
            name=reading.text(full.get("label") or entry.get("label")) or "Account",
            currency=currency,
            account_type=_account_type(kind),
            last_four=_last_four(full, entry),
            balance=reading.amount_or_none(held.get("amount")),
            refusal="" if currency else "This account is in a currency we don't support.",
        )


def _account_type(kind: str) -> str:
    upper = kind.upper()
    if "SAVING" in upper:
        return "savings"
    if "CARD" in upper or "CREDIT" in upper:
        return "credit_card"
    return "loan" if any(word in upper for word in _LOANS) else "checking"


def _last_four(full: dict[str, Any], entry: dict[str, Any]) -> str:
    number = reading.last_four(full.get("number"))
    if number:
        return number
    routings = [*reading.list_of(full, "account_routings")]
    routings += reading.list_of(entry, "account_routings")
    return next(
        (found for routing in routings if (found := reading.last_four(routing.get("address")))), ""
    )


def _lines(
    secret: str, account: RemoteAccount, window_from: date | None
) -> tuple[list[RemoteLine], int]:
    """Every line of one account from that day on, and how many came without an amount.

    Requests pages until a short one. A bank's view may omit a line's amount or date.
    """
    bank, pk = account.external_id.split("/", 1)
    path = f"{API}/my/banks/{quote(bank, '')}/accounts/{quote(pk, '')}/transactions"
    found: dict[str, RemoteLine] = {}
    unusable = 0
    for page in range(MOST_PAGES):
        query = {"limit": str(PAGE_SIZE), "offset": str(page * PAGE_SIZE), "sort_direction": "ASC"}
        if window_from:
            query["from_date"] = f"{window_from.isoformat()}T00:00:00.000Z"
        rows = reading.list_of(_get(secret, path, query), "transactions")
        before = len(found)
        for row in rows:
            if not _is_usable(row):
                unusable += 1
                continue
            line = _line(row, account)
            found[line.line.external_id] = line
        if len(rows) < PAGE_SIZE:
            return list(found.values()), unusable
        if len(found) == before:
            raise reading.broken("The bank keeps sending the same page.")
    raise reading.broken(f"The bank sent more than {MOST_PAGES} pages at once.")


def _is_usable(entry: dict[str, Any]) -> bool:
    details = entry.get("details")
    details = details if isinstance(details, dict) else {}
    value = details.get("value")
    has_day = bool(details.get("posted") or details.get("completed"))
    return isinstance(value, dict) and value.get("amount") is not None and has_day


def _line(entry: dict[str, Any], account: RemoteAccount) -> RemoteLine:
    details: Any = entry.get("details") if isinstance(entry.get("details"), dict) else {}
    value: Any = details.get("value") if isinstance(details.get("value"), dict) else {}
    merchant = _other_side(entry)
    completed = reading.day_or_none(details.get("completed"))
    posted = reading.day_or_none(details.get("posted"))
    txn_date = posted or completed
    if txn_date is None:
        raise reading.broken("The bank sent a transaction without a date.")
    line = IncomingTransaction(
        row_number=0,
        txn_date=txn_date,
        posted_date=completed,
        amount=reading.amount(value.get("amount")),
        description=reading.text(details.get("description")) or merchant or "No description",
        merchant=merchant,
        currency=reading.currency_or_blank(value.get("currency")) or account.currency,
        external_id=reading.identifier(entry.get("id")),
        raw=reading.raw(entry),
    )
    return RemoteLine(account.external_id, line)


def _other_side(entry: dict[str, Any]) -> str:
    """The counterparty's name, unless the bank shows a generated alias."""
    other = entry.get("other_account")
    holder = other.get("holder") if isinstance(other, dict) else None
    if not isinstance(holder, dict) or holder.get("is_alias") is True:
        return ""
    return reading.text(holder.get("name"), longest=200)


# --- Requests -------------------------------------------------------------------------------------


def _get(secret: str, path: str, query: dict[str, str] | None = None) -> dict[str, Any]:
    """One response. Paging is sent as query and as headers, because server versions differ."""
    token = json.loads(secret)["token"]
    headers = {"directlogin": f"token={token}"}
    headers |= {f"obp_{name}": value for name, value in (query or {}).items()}
    answer = _ask("GET", path, headers, query)
    if answer.status != 200:
        raise _error(answer)
    return reading.mapping_of(answer)


def _ask(
    method: str, path: str, headers: dict[str, str], query: dict[str, str] | None = None
) -> Answer:
    address = f"{settings.OBP_BASE_URL.rstrip('/')}{path}"
    try:
        return ask(method, address, headers=headers, params=query, limits=LIMITS)
    except OutgoingError as error:
        raise reading.unreachable(error) from None


def _error(answer: Answer) -> BankError:
    try:
        body = reading.mapping_of(answer)
    except BankError:
        body = {}
    words = reading.message(body.get("message"))
    code = words.partition(":")[0] if words.startswith("OBP-") else str(answer.status)
    if code in _BAD_LOGIN:
        problem, sentence = Problem.REFUSED, "The bank rejected this username and password."
    elif code in _NEEDS_LOGIN or answer.status == 401:
        problem, sentence = Problem.NEEDS_LOGIN, "Your bank asks you to sign in again."
    elif code in _REVOKED or answer.status == 403:
        problem, sentence = Problem.REVOKED, "Access to this bank has ended."
    elif answer.status == 429:
        problem, sentence = Problem.DOWN, reading.WAIT
    else:
        problem, sentence = Problem.BROKEN, f"The bank refused the request ({code})."
    request_id = reading.text(answer.headers.get("Correlation-Id"), longest=100)
    return BankError(problem, sentence, code=code, request_id=request_id)
