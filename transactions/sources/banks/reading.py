"""Validate data from banks: no value is used before it has the format its protocol promises."""

import json
import re
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from banking.kernel.money import active_currencies
from banking.kernel.outgoing import (
    AllowanceSpentError,
    Answer,
    OutgoingError,
    UnreachableError,
)
from transactions.sources.banks.connecting import BankError, Problem

_NUMBER = re.compile(r"[+-]?\d{1,15}(\.\d{1,8})?", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x1f\x7f\u2028\u2029\ud800-\udfff]+")
_TAG = re.compile(r"<[^>]{0,200}>")
EARLIEST = date(1900, 1, 1)
WAIT = "The bank asked us to wait before trying again."


def broken(sentence: str) -> BankError:
    """The error for a provider that violates its protocol."""
    return BankError(Problem.BROKEN, sentence, code="BROKEN_ANSWER")


def unreachable(error: OutgoingError) -> BankError:
    """The customer's message for a bank that does not respond."""
    if isinstance(error, UnreachableError):
        return BankError(Problem.DOWN, "The bank isn't responding right now.", code="UNREACHABLE")
    if isinstance(error, AllowanceSpentError):
        return BankError(Problem.DOWN, WAIT, code="ALLOWANCE")
    return BankError(
        Problem.BROKEN, f"We couldn't read the bank's response. {error}", code="ANSWER"
    )


def mapping_of(answer: Answer) -> dict[str, Any]:
    """The response's JSON object. Raises BankError if it is not one."""
    try:
        found = answer.json()
    except OutgoingError as error:
        raise unreachable(error) from None
    if not isinstance(found, dict):
        raise broken("The bank's response has an unexpected format.")
    return found


def list_of(mapping: dict[str, Any], name: str) -> list[dict[str, Any]]:
    """The list of objects under `name`; empty if missing or null."""
    found = mapping.get(name)
    if found is None:
        return []
    if not isinstance(found, list) or not all(isinstance(entry, dict) for entry in found):
        raise broken(f"The bank's response has no list of {name}.")
    return found


def text(value: Any, longest: int = 500) -> str:
    """One line of text, or "" for anything else."""
    if not isinstance(value, str):
        return ""
    return " ".join(_CONTROL.sub(" ", value).split())[:longest].strip()


def message(value: Any) -> str:
    """A bank's message to the customer, without markup."""
    return text(_TAG.sub(" ", value) if isinstance(value, str) else "", longest=300)


def identifier(value: Any) -> str:
    """An ID, unchanged. Raises BankError if it is not a valid ID."""
    if isinstance(value, Decimal):
        value = str(value)
    if not isinstance(value, str) or not 0 < len(value) <= 255 or _CONTROL.search(value):
        raise broken("A transaction or account from the bank has no usable id.")
    return value


def amount(value: Any) -> Decimal:
    """A finite amount from a JSON number or text. Raises BankError."""
    if isinstance(value, Decimal) and value.is_finite() and abs(value.adjusted()) < 16:
        return value
    if isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
        return Decimal(value.strip())
    raise broken("The bank sent an amount that isn't a number.")


def amount_or_none(value: Any) -> Decimal | None:
    """An amount, or None if the bank reports none."""
    return None if value is None or value == "" else amount(value)


def day(value: Any) -> date:
    """The date of an ISO date or datetime. Raises BankError."""
    found = day_or_none(value)
    if found is None:
        raise broken("The bank sent a transaction without a date.")
    return found


def day_or_none(value: Any) -> date | None:
    """The date of an ISO date or datetime; None for anything else."""
    if not isinstance(value, str):
        return None
    try:
        found = date.fromisoformat(value[:10])
    except ValueError:
        return None
    return found if found >= EARLIEST else None


def day_of_seconds(value: Any) -> date | None:
    """The UTC date of a Unix timestamp; None for 0 and for invalid values."""
    try:
        seconds = Decimal(value) if isinstance(value, str | Decimal) else Decimal(0)
    except InvalidOperation:
        return None
    if not seconds.is_finite() or not 0 < seconds < Decimal("1e11"):
        return None
    return datetime.fromtimestamp(int(seconds), UTC).date()


def currency_or_blank(value: Any) -> str:
    """An ISO 4217 code, or "" for anything else."""
    return value if isinstance(value, str) and value in active_currencies() else ""


def last_four(value: Any) -> str:
    """The last four letters or digits of an account number. The rest is never stored."""
    kept = re.sub(r"[^0-9A-Za-z]", "", value, flags=re.ASCII) if isinstance(value, str) else ""
    return kept[-4:]


def raw(line: dict[str, Any]) -> str:
    """A line as the bank sent it, as JSON text; amounts keep their digits."""
    return json.dumps(line, default=str, sort_keys=True)
