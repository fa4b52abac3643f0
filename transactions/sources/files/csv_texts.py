"""Choose the columns for merchant, description and other text."""

import re
from collections.abc import Callable, Collection
from functools import cache
from typing import Any

from babel.core import Locale

from transactions.sources.files.cell_words import is_status
from transactions.sources.files.column_words import (
    ROLES,
    currency_in_heading,
    heading_score,
    names_code,
    names_own_account,
)
from transactions.sources.files.csv_accounts import names_accounts
from transactions.sources.files.csv_columns import Column
from transactions.sources.files.csv_money import Money
from transactions.sources.files.narrowing import sure

_MOST_DESCRIPTIONS = 4
_MOST_STATES = 6
_FEWEST_LINES_TO_VARY = 4
_FEWEST_TEXTS = 3
_MOSTLY = 0.5
_LONGEST_CODE = 200
_IDEOGRAPH = re.compile("[\u3041-\u9fff\uac00-\ud7a3]")
_BIC = re.compile("[A-Z]{6}[A-Z0-9]{2}(?:[A-Z0-9]{3})?")


def text_fields(columns: list[Column], money: Money, void_at: Collection[int]) -> dict[str, Any]:
    """The text and code columns by role; each column has one role.

    ``void_at`` are the columns in which a line says that its payment never happened.
    """
    fields: dict[str, Any] = {}
    currency = _currency_column(columns, money)
    status = _best(columns, "status", lambda column: column.share(is_status) >= 0.6)
    status = status or _best(columns, "status", _is_short_list)
    status = status or next(
        (column for column in columns if column.filled and _tells_states(column, void_at)), None
    )
    for name, column in (("currency", currency), ("status", status)):
        if column:
            fields[name] = column.index
    free = [column for column in columns if column not in (currency, status) and column.filled]
    for role, test in (
        ("external_id", _is_identifier),
        ("category", _is_worded),
        ("merchant", _names_somebody),
        ("notes", _is_worded),
    ):
        column = _best(free, role, test)
        if column and heading_score(column.heading, "description") <= heading_score(
            column.heading, role
        ):
            fields[role] = column.index
            free.remove(column)
    fields["description"] = _description_columns(free, names_party="merchant" in fields)
    if not fields["description"] and "merchant" not in fields:
        codes = (column.index for column in free if _holds_codes(column))
        fields["description"] = tuple(codes)[:1]  # nothing else names the other party
    return fields


def _best(columns: list[Column], role: str, test: Callable[[Column], Any]) -> Column | None:
    fitting = [
        column for column in columns if heading_score(column.heading, role) > 0 and test(column)
    ]
    return max(
        fitting,
        key=lambda column: (heading_score(column.heading, role), -column.index),
        default=None,
    )


def _is_short_list(column: Column) -> bool:
    """Whether the column repeats a few words, at least one of them a known status."""
    words = set(column.filled)
    return len(words) <= _MOST_STATES and bool(column.words) and any(map(is_status, words))


def _tells_states(column: Column, void_at: Collection[int]) -> bool:
    """Whether a column without a telling heading holds only known states, or a few words beside
    one that says that a payment never happened.
    """
    if column.share(is_status) == 1:
        return True
    roles = ("flag", "description", "merchant", "category")
    is_named = any(heading_score(column.heading, role) for role in roles)
    return column.index in void_at and not is_named and len(set(column.filled)) <= _MOST_STATES


def _is_worded(column: Column) -> bool:
    return bool(column.words)


def _names_somebody(column: Column) -> bool:
    """Whether the column names other parties: not the owner's account, an IBAN or a code."""
    return (
        _is_worded(column)
        and not names_own_account(column.heading)
        and not names_code(column.heading)
        and not _holds_codes(column)
        and not _is_constant(column)
    )


def is_code(text: str) -> bool:
    """Whether a cell is an IBAN, BIC or other account number and not a name."""
    if len(text) > _LONGEST_CODE:
        return False
    compact = text.replace(" ", "")
    digits = sum(char.isdigit() for char in compact)
    return 2 * digits >= len(compact) or (" " not in text and digits >= 4 and compact.isupper())


def _holds_codes(column: Column) -> bool:
    """Whether the column holds account numbers or banks' codes, under any heading."""
    return column.share(is_code) >= _MOSTLY or column.share(_is_bank_code) == 1


@cache
def _countries() -> frozenset[str]:
    codes = map(str, Locale("en").territories)
    return frozenset(code for code in codes if len(code) == len("DE"))


def _is_bank_code(text: str) -> bool:
    """Whether a cell is a BIC: a bank, a country and a place."""
    return bool(_BIC.fullmatch(text)) and text[4:6] in _countries()


def _is_identifier(column: Column) -> bool:
    """Whether every value is unique; an id that repeats would lose a transaction."""
    return column.fill_share == 1 and len(set(column.values)) == len(column.values)


def _is_constant(column: Column) -> bool:
    """Whether every row has the same value, which says nothing about any of them."""
    return len(column.values) >= _FEWEST_LINES_TO_VARY and len(set(column.filled)) == 1


def _currency_column(columns: list[Column], money: Money) -> Column | None:
    """The currency column; None if the amount's own heading names the currency."""
    held = money.amount or money.credit
    if currency_in_heading(sure(held).heading):
        return None
    codes = [column for column in columns if column.is_currencies]
    beside = [column for column in codes if abs(column.index - sure(held).index) == 1]
    return _best(codes, "currency", lambda column: True) or (
        min(beside, key=lambda column: sure(held).index - column.index) if beside else None
    )


def _description_columns(columns: list[Column], *, names_party: bool) -> tuple[int, ...]:
    """The columns with a description heading, otherwise those with the most text.

    If no column is known to name the other party, one under an unknown heading may.
    """
    telling = [column for column in columns if not _is_constant(column)] or columns
    named = [
        column
        for column in telling
        if heading_score(column.heading, "description") >= 30 and not names_code(column.heading)
    ]
    if any(column.fill_share >= 0.5 for column in named):
        chosen = named[:_MOST_DESCRIPTIONS]
        other = None if names_party else _text_of_unknown_role(telling, named)
        return tuple(column.index for column in (*chosen, *([other] if other else [])))
    worded = [
        column
        for column in telling
        if column not in named
        and not names_own_account(column.heading)
        and not _holds_codes(column)
        and len(column.words) >= 0.5 * len(column.filled)
        and sum(map(_length, column.filled)) >= 3 * len(column.filled)
    ]
    longest = sorted(worded, key=lambda column: sum(map(len, column.filled)), reverse=True)
    chosen = [*named[:2], *longest[: 2 if not named else 1]]
    return tuple(sorted(column.index for column in chosen))


def _length(text: str) -> int:
    """The number of letters; an ideograph says as much as three."""
    return len(text) + 2 * len(_IDEOGRAPH.findall(text))


def _text_of_unknown_role(columns: list[Column], named: list[Column]) -> Column | None:
    """The column of texts that differ from line to line, as the named ones do, under a heading that
    says nothing; None if there is none.
    """
    fewest = max(len(set(column.filled)) for column in named) / 2
    fitting = [
        column
        for column in columns
        if column.heading
        and len(set(column.filled)) >= max(fewest, _FEWEST_TEXTS)
        and column.fill_share >= _MOSTLY
        and len(column.words) >= _MOSTLY * len(column.filled)
        and not names_own_account(column.heading)
        and not names_accounts(column.heading)
        and not names_code(column.heading)
        and not _holds_codes(column)
        and not any(heading_score(column.heading, role) for role in ROLES)
    ]
    return max(fitting, key=lambda column: sum(map(_length, column.filled)), default=None)
