"""What the owner of a file should know about it: codes with values, put into words when shown."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class NoticeCode(StrEnum):
    """Everything a receipt can warn of. `transactions/models/notices.py` has the words."""

    # About the file itself.
    NO_TRANSACTIONS = "no_transactions"
    INVESTMENTS_ONLY = "investments_only"
    BANK_MESSAGE = "bank_message"
    SEVERAL_CURRENCIES = "several_currencies"
    NOT_CONNECTED = "not_connected"
    INTERIM_REPORT = "interim_report"
    INFORMATION_LINES = "information_lines"
    INVESTMENT_LINES = "investment_lines"
    SECURITIES_LINES = "securities_lines"
    CORRECTION_LINES = "correction_lines"
    POSITIVE_DEBITS = "positive_debits"
    OPENING_LINES = "opening_lines"
    LAST_RECORD_OPEN = "last_record_open"
    OFX_NOT_CLOSED = "ofx_not_closed"
    ONE_SHEET = "one_sheet"
    ENCODING_GUESSED = "encoding_guessed"
    OPEN_QUESTION = "open_question"
    # About the file beside the account.
    FOREIGN_LINES = "foreign_lines"
    OTHER_ACCOUNTS = "other_accounts"
    OPENING_UNKNOWN = "opening_unknown"
    BALANCE_GAP = "balance_gap"
    NOT_LISTED = "not_listed"
    MORE_NOT_LISTED = "more_not_listed"
    PENDING_NOT_LISTED = "pending_not_listed"
    MORE_PENDING_NOT_LISTED = "more_pending_not_listed"
    STILL_PENDING = "still_pending"


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing to know: its code and the values its words need.

    Values are JSON: text, whole counts, ISO dates, and amounts as decimal text in `currency`.
    """

    code: NoticeCode
    values: Mapping[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return {"code": str(self.code), "values": dict(self.values)}
