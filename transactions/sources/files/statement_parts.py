"""What the statement formats (OFX, MT940, CAMT, QIF) share: amounts, ids, balances, text."""

import re
from collections import Counter
from collections.abc import Iterable
from decimal import Decimal
from itertools import pairwise

from transactions.sources.files.amounts import parse_amount
from transactions.sources.files.incoming import IncomingFile, StatementPart
from transactions.sources.files.notices import Notice, NoticeCode, RowError
from transactions.sources.files.values import clean_text, shown

RAW_LIMIT = 4000
NO_DESCRIPTION = "No description"

# One mark, exactly three digits after it, and what could be a group of thousands before it.
AMBIGUOUS = re.compile(r"[^0-9.,]*[1-9][0-9]{0,2}[.,][0-9]{3}[^0-9.,]*")
CURRENCY = re.compile(r"[A-Z]{3}")
PLACEHOLDER_IDS = {"nonref", "notprovided", "not provided", "none", "null", "n/a", "unknown"}


def decimal_mark_of(text: str, default: str = ".") -> str:
    """The decimal mark of one amount: the last mark in it, or ``default`` if it has none."""
    last = max(text.rfind("."), text.rfind(","))
    return text[last] if last >= 0 else default


def proven_decimal_mark(texts: Iterable[str]) -> str:
    """The decimal mark proved by any of a file's amounts; "" if none proves it."""
    for text in texts:
        mark = decimal_mark_of(text, "")
        if mark and text.count(mark) == 1 and not AMBIGUOUS.fullmatch(text.strip()):
            return mark
    return ""


def amount_in_file(text: str, file_mark: str, default_mark: str = "") -> Decimal:
    """One amount of a file whose amounts prove ``file_mark``. Raises RowError if it is ambiguous.

    "1,500" may be fifteen hundred or one and a half. The file's other amounts decide, then the
    format's default. A format without a default never guesses.
    """
    text = text.strip()
    if any(char.isdigit() and not char.isascii() for char in text):
        raise RowError(NoticeCode.NOT_AMOUNT, text=shown(text))
    mark = decimal_mark_of(text)
    other = "," if mark == "." else "."
    if text.count(mark) > 1:
        if f"{mark}{mark}" in text or other in text:
            raise RowError(NoticeCode.NOT_AMOUNT, text=shown(text))
        mark = other
    elif AMBIGUOUS.fullmatch(text):
        if not file_mark and not default_mark and mark == ",":
            raise RowError(NoticeCode.TWO_AMOUNTS, text=shown(text))
        mark = file_mark or default_mark or mark
    return parse_amount(text, mark)


def join_text(parts: Iterable[str]) -> str:
    """The bank's texts joined in order, without repetitions or extra spaces."""
    kept: list[str] = []
    for part in map(clean_text, parts):
        if not part or any(part.lower() in other.lower() for other in kept):
            continue
        kept = [other for other in kept if other.lower() not in part.lower()] + [part]
    return " / ".join(kept)


def merchant_name(text: str) -> str:
    """The other party's name; "" if it has no letters."""
    text = clean_text(text)
    return text if any(char.isalpha() for char in text) else ""


def raw_line(text: str) -> str:
    """The bank's original line, shortened if it is very long."""
    text = text.strip()
    return text if len(text) <= RAW_LIMIT else text[: RAW_LIMIT - 1] + "…"


def currency_code(text: str) -> str:
    """The text if it looks like an ISO 4217 code, else ""."""
    text = text.strip().upper()
    return text if CURRENCY.fullmatch(text) else ""


class StableIds:
    """Decides which ids in a file can identify a transaction.

    Ids that repeat, placeholders, and numbers that merely count the lines (1, 2, 3 … again next
    month) would make different transactions look the same.
    """

    def __init__(self, counts: Counter[str]) -> None:
        self._counts = counts
        numbers = [int(external_id) for external_id in counts if _is_short_number(external_id)]
        self._numbers_count_lines = max(numbers, default=0) <= max(counts.total(), 9)

    def keep(self, external_id: str) -> str:
        """``external_id`` if it identifies this line alone, else ""."""
        if self._counts[external_id] > 1 or external_id.lower() in PLACEHOLDER_IDS:
            return ""
        if not external_id.strip("0-./ "):
            return ""
        return "" if self._numbers_count_lines and _is_short_number(external_id) else external_id


def _is_short_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 10


def describe_parts(file: IncomingFile, parts: list[StatementPart]) -> None:
    """Copy the statements' currency, account and balances to ``file``.

    Balances are copied only for one account in one currency whose statements follow each other.
    """
    currencies = {part.currency for part in parts if part.currency}
    accounts = list(dict.fromkeys(part.account for part in parts))
    if len(currencies) == 1:
        file.currency = currencies.pop()
    if accounts:
        file.account_hint = accounts[0]
    file.statements = parts
    if len(accounts) == 1 and len(currencies) < 2:
        state_period(file, parts)
        chain_balances(file, parts)
    if len(currencies) > 1:
        file.warnings.append(
            Notice(NoticeCode.SEVERAL_CURRENCIES, {"currencies": sorted(currencies)})
        )


def state_period(file: IncomingFile, parts: list[StatementPart]) -> None:
    """Copy the days that one account's statements cover, and the day of the closing balance."""
    file.first = min((part.first for part in parts if part.first), default=None)
    file.last = max((part.last for part in parts if part.last), default=None)
    closed = [part for part in parts if part.closing is not None]
    file.closing_on = closed[-1].closing_on if closed else None


def chain_balances(file: IncomingFile, parts: list[StatementPart]) -> None:
    """Copy the balances of one account's statements, or add a warning if they don't connect."""
    stated = [part for part in parts if part.opening is not None or part.closing is not None]
    for earlier, later in pairwise(stated):
        if None not in (earlier.closing, later.opening) and earlier.closing != later.opening:
            balances = {"closing": str(earlier.closing), "opening": str(later.opening)}
            values = {**balances, "currency": later.currency or file.currency}
            file.warnings.append(Notice(NoticeCode.NOT_CONNECTED, values))
            return
    if stated:
        file.opening_balance, file.closing_balance = stated[0].opening, stated[-1].closing
