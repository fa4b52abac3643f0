"""What every bank provider offers, in one shape: link, accounts, lines, status.

A provider is one module with one `BankConnector`. It talks to its bank and touches no database.
Amounts come out as everywhere in the product: positive is money in, and what is owed is negative.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Protocol

from transactions.sources.files.incoming import IncomingTransaction

# A provider that repeats a page for ever is left after this many.
MOST_PAGES = 100


class Problem(Enum):
    """What is to be done about an error."""

    # The person signs in at the bank again.
    NEEDS_LOGIN = "needs_login"
    # Nothing: the next sync tries again.
    DOWN = "down"
    # What was given to connect is wrong, used up or expired.
    REFUSED = "refused"
    # The person took the access back, at the bank or here.
    REVOKED = "revoked"
    # The provider does not keep to its own protocol.
    BROKEN = "broken"


class BankError(Exception):
    """A bank gave no lines. `str(error)` is a sentence for the customer, without any secret.

    `code` is the provider's own word for it, and `request_id` is what its support asks for.
    """

    def __init__(self, problem: Problem, sentence: str, *, code: str = "", request_id: str = ""):
        super().__init__(sentence)
        self.problem = problem
        self.code = code[:60]
        self.request_id = request_id[:100]


@dataclass(frozen=True, slots=True)
class RemoteAccount:
    """An account as the bank tells it. `balance` counts what is owed as negative; None = not told.

    `persistent_id` survives a new link where the provider has such an id. `refusal` says in a
    sentence why its lines cannot be kept here, such as a currency that is none.
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
    """One money line of one account of the bank; `line.external_id` is the provider's id."""

    account_id: str
    line: IncomingTransaction


@dataclass(frozen=True, slots=True)
class Changes:
    """What is new at the bank since `cursor`. `lines` are to be written or written over.

    `removed` are (account id, external id) of lines the bank took back. Where `window_from` is
    given, the bank told every line of each account from that day on: a pending line of ours in it
    that it did not tell is gone. `messages` are the bank's own words for the customer.
    """

    accounts: tuple[RemoteAccount, ...]
    lines: tuple[RemoteLine, ...]
    cursor: str
    removed: tuple[tuple[str, str], ...] = ()
    window_from: date | None = None
    messages: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Link:
    """A connection as it begins: its secret, to be kept encrypted, and whom it leads to.

    `external_id` is the provider's id of the connection, by which its webhooks name it.
    """

    secret: str
    institution_name: str
    external_id: str = ""


class BankConnector(Protocol):
    """One provider. Every method may raise BankError, and takes a bounded time."""

    def link(self, given: Mapping[str, str]) -> Link:
        """Trade what the person gave (SPEC.md §4, connections) for lasting access."""

    def accounts(self, secret: str) -> tuple[RemoteAccount, ...]:
        """The accounts the connection leads to, with their balances."""

    def changes(self, secret: str, cursor: str, on: date) -> Changes:
        """Everything since `cursor` ("" = from the beginning); `on` is today."""

    def unlink(self, secret: str) -> None:
        """End the access at the bank, as far as the provider has a way to."""
