"""The connector of the sandbox bank (sandbox_server.py), over HTTP like any other bank."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.conf import settings

from banking.kernel.outgoing import Answer, OutgoingError, ask
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

PAGE_SIZE = 500
_PROBLEMS = {
    "login_required": (Problem.NEEDS_LOGIN, "Your bank asks you to sign in again."),
    "no_such_access": (Problem.REVOKED, "Access to this bank has ended."),
    "no_such_institution": (Problem.REFUSED, "We don't know that bank."),
}


class SandboxBankConnector:
    """The sandbox bank. The secret of a connection is its access token."""

    def institutions(self) -> list[tuple[str, str]]:
        """(ID, name) of every bank."""
        rows = reading.list_of(_answer("GET", "/institutions"), "institutions")
        return [(reading.identifier(row.get("id")), reading.text(row.get("name"))) for row in rows]

    def link(self, given: Mapping[str, str]) -> Link:
        body = {"institution": given["institution"], "customer": given.get("customer", "")}
        link = _answer("POST", "/link", json=body)
        return Link(
            reading.identifier(link.get("access_token")),
            reading.text(link.get("institution_name"), longest=120),
            reading.identifier(link.get("item_id")),
        )

    def accounts(self, secret: str) -> tuple[RemoteAccount, ...]:
        rows = reading.list_of(_answer("GET", "/accounts", secret), "accounts")
        return tuple(_account(row) for row in rows)

    def changes(self, secret: str, cursor: str, on: date) -> Changes:
        lines: dict[str, RemoteLine] = {}
        removed: dict[str, str] = {}
        for _ in range(MOST_PAGES):
            query = {"cursor": cursor, "limit": str(PAGE_SIZE)}
            page = _answer("GET", "/transactions", secret, params=query)
            for entry in (*reading.list_of(page, "added"), *reading.list_of(page, "modified")):
                line = _line(entry)
                removed.pop(line.line.external_id, None)
                lines[line.line.external_id] = line
            for entry in reading.list_of(page, "removed"):
                pk = reading.identifier(entry.get("id"))
                lines.pop(pk, None)
                removed[pk] = reading.identifier(entry.get("account_id"))
            following = reading.identifier(page.get("next_cursor"))
            if page.get("has_more") is not True:
                gone = tuple((account, pk) for pk, account in removed.items())
                found = self.accounts(secret)
                return Changes(found, tuple(lines.values()), following, gone)
            if following == cursor:
                raise reading.broken("The bank keeps sending the same page.")
            cursor = following
        raise reading.broken(f"The bank sent more than {MOST_PAGES} pages at once.")

    def unlink(self, secret: str) -> None:
        _answer("DELETE", "/item", secret)

    def sign_in(self, secret: str) -> None:
        """Sign in again, as a customer would on a real bank's page."""
        _answer("POST", "/login", secret)

    def control(self, secret: str, action: str, **details: str) -> None:
        """Trigger an action at the bank, for the sandbox page."""
        _answer("POST", "/control", secret, json={"action": action, **details})


def _answer(method: str, path: str, secret: str = "", **request: Any) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {secret}"} if secret else {}
    address = f"{settings.SANDBOX_BANK_URL.rstrip('/')}{path}"
    try:
        answer = ask(method, address, headers=headers, **request)
    except OutgoingError as error:
        raise reading.unreachable(error) from None
    if answer.status not in (200, 201):
        raise _error(answer)
    return reading.mapping_of(answer)


def _error(answer: Answer) -> BankError:
    body = reading.mapping_of(answer)
    code = reading.text(body.get("error"), longest=60)
    problem, sentence = _PROBLEMS.get(code, (Problem.BROKEN, "The bank refused the request."))
    return BankError(problem, sentence, code=code or str(answer.status))


def _account(entry: dict[str, Any]) -> RemoteAccount:
    return RemoteAccount(
        external_id=reading.identifier(entry.get("id")),
        persistent_id=reading.identifier(entry.get("persistent_id")),
        name=reading.text(entry.get("name")) or "Account",
        currency=reading.currency_or_blank(entry.get("currency")),
        account_type=reading.text(entry.get("type")),
        last_four=reading.last_four(entry.get("mask")),
        balance=reading.amount_or_none(entry.get("balance")),
        balance_on=reading.day_or_none(entry.get("balance_on")),
    )


def _line(entry: dict[str, Any]) -> RemoteLine:
    is_pending = entry.get("pending") is True
    on = reading.day(entry.get("date"))
    line = IncomingTransaction(
        row_number=0,
        txn_date=on,
        posted_date=None if is_pending else on,
        amount=reading.amount(entry.get("amount")),
        description=reading.text(entry.get("description")) or "No description",
        merchant=reading.text(entry.get("merchant"), longest=200),
        category=reading.text(entry.get("category"), longest=60),
        external_id=reading.identifier(entry.get("id")),
        is_pending=is_pending,
        replaces=reading.text(entry.get("replaces"), longest=255),
        raw=reading.raw(entry),
    )
    return RemoteLine(reading.identifier(entry.get("account_id")), line)
