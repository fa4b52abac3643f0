"""The interface of every bank provider: link, accounts, transactions, status.

A provider is one module with one `BankConnector`. It communicates with its bank and does not use
the database. Amounts follow the product's convention: positive is money in, debts are negative.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Protocol

from transactions.sources.files.incoming import IncomingTransaction

# Stop after this many pages if a provider repeats a page endlessly.
MOST_PAGES = 100


class Problem(Enum):
    """What must be done about an error."""

    # The person must sign in at the bank again.
    NEEDS_LOGIN = "needs_login"
    # Nothing: the next sync retries.
    DOWN = "down"
    # The credentials are wrong, used up or expired.
    REFUSED = "refused"
    # The person revoked the access, at the bank or here.
    REVOKED = "revoked"
    # The provider violates its own protocol.
    BROKEN = "broken"


class BankError(Exception):
    """A bank request failed. `str(error)` is a sentence for the customer, without any secret.

    `code` is the provider's own error code, and `request_id` identifies the request to its support.
    """

    def __init__(self, problem: Problem, sentence: str, *, code: str = "", request_id: str = ""):
        super().__init__(sentence)
        self.problem = problem
        self.code = code[:60]
        self.request_id = request_id[:100]


@dataclass(frozen=True, slots=True)
class RemoteAccount:
    """An account as the bank reports it. `balance` is negative for debts, None if not reported.

    `persistent_id` survives a new link if the provider has such an ID. `refusal` is a sentence that
    says why its lines cannot be stored here, such as an invalid currency.
    """

    external_id: str
    name: str
    currency: str
    account_type: str
    last_four: str = ""
    balance: Decimal | None = None
    balance_on: date | None = None
    persistent_id: str = ""
    institution_name: str = ""
    refusal: str = ""


@dataclass(frozen=True, slots=True)
class RemoteLine:
    """One line of one bank account; `line.external_id` is the provider's ID."""

    account_id: str
    line: IncomingTransaction


@dataclass(frozen=True, slots=True)
class Changes:
    """What changed at the bank since `cursor`. `lines` are to be inserted or updated.

    `removed` holds (account ID, external ID) of lines the bank withdrew. If `window_from` is set,
    the bank reported every line of each account from that day on: our pending lines in that range
    that it did not report are gone. `messages` are the bank's own messages for the customer.
    Without `has_lines`, only the accounts were read. Until `is_complete`, the provider is still
    preparing the history: older lines will follow.
    """

    accounts: tuple[RemoteAccount, ...]
    lines: tuple[RemoteLine, ...]
    cursor: str
    removed: tuple[tuple[str, str], ...] = ()
    window_from: date | None = None
    messages: tuple[str, ...] = ()
    has_lines: bool = True
    is_complete: bool = True


@dataclass(frozen=True, slots=True)
class Link:
    """A new connection: its secret, to be stored encrypted, and the institution.

    `external_id` is the provider's ID of the connection, used in its webhooks.
    """

    secret: str
    institution_name: str
    external_id: str = ""


class BankConnector(Protocol):
    """One provider. Every method may raise BankError, and none blocks indefinitely."""

    def link(self, given: Mapping[str, str]) -> Link:
        """Exchange what the person entered (SPEC.md §4, connections) for lasting access."""

    def accounts(self, secret: str) -> tuple[RemoteAccount, ...]:
        """The accounts of the connection, with their balances."""

    def changes(self, secret: str, cursor: str, on: date) -> Changes:
        """Everything since `cursor` ("" = from the beginning); `on` is today."""

    def unlink(self, secret: str) -> None:
        """Revoke the access at the bank, as far as the provider supports it."""
