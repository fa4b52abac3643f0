"""Read the account number and the opening and closing balance stated outside the table."""

import re
from decimal import Decimal

from transactions.sources.files.amounts import CURRENCY_CODES, parse_amount
from transactions.sources.files.cell_words import (
    CLOSING_BALANCE,
    OPENING_BALANCE,
    TURNOVER,
    words_for_balance,
)
from transactions.sources.files.column_words import plain_heading
from transactions.sources.files.csv_columns import is_date
from transactions.sources.files.incoming import IncomingFile

_IBAN = re.compile(r"(?<![A-Z0-9])[A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]{1,4}){3,8}(?![A-Z0-9])")
_LONGEST_LABEL = 60


def balance_label(text: str) -> str:
    """ "opening", "closing" or "turnover" if the whole text is such a label, else ""."""
    if len(text) > _LONGEST_LABEL:
        return ""
    label = plain_heading(text)
    if OPENING_BALANCE.fullmatch(label):
        return "opening"
    if TURNOVER.fullmatch(label):
        return "turnover"
    return "closing" if CLOSING_BALANCE.fullmatch(label) else words_for_balance(text)


def note_preamble(lines: list[list[str]], decimal_mark: str, incoming: IncomingFile) -> None:
    """Store the account and balances stated above the table on ``incoming``."""
    for cells in lines:
        filled = [cell.strip() for cell in cells if cell.strip()]
        if not filled:
            continue
        account = next((match[0] for cell in filled if (match := _IBAN.search(cell))), "")
        incoming.account_hint = incoming.account_hint or account
        if len(filled) > 1:
            _note_value(filled[0], filled[1:], decimal_mark, incoming)


def stated_balances(
    lines: list[list[str]], decimal_mark: str
) -> tuple[Decimal | None, Decimal | None]:
    """The opening and closing balance stated outside the payment rows; None if not stated.

    A row with several different figures states neither.
    """
    found: dict[str, Decimal] = {}
    for cells in lines:
        filled = [cell.strip() for cell in cells if cell.strip()]
        kind = next((label for cell in filled if (label := balance_label(cell))), "")
        read = (_amount(cell, decimal_mark) for cell in filled if not is_date(cell))
        amounts = {amount for amount in read if amount is not None}
        if kind in ("opening", "closing") and len(amounts) == 1:
            found.setdefault(kind, amounts.pop())
    return found.get("opening"), found.get("closing")


def _note_value(label: str, values: list[str], decimal_mark: str, incoming: IncomingFile) -> None:
    kind = balance_label(label)
    if kind in ("opening", "closing"):
        amount = next((found for value in values if (found := _amount(value, decimal_mark))), None)
        if amount is not None:
            setattr(incoming, f"{kind}_balance", amount)
    elif values[0] in CURRENCY_CODES and not incoming.currency:
        incoming.currency = values[0]


def _amount(text: str, decimal_mark: str) -> Decimal | None:
    try:
        return parse_amount(text, decimal_mark)
    except ValueError:
        return None
