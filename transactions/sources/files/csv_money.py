"""A reading of money: the columns that hold it and which way it went."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from transactions.sources.files.csv_columns import Column
from transactions.sources.files.csv_mapping import Doubt
from transactions.sources.files.narrowing import sure
from transactions.sources.files.notices import Notice, NoticeCode
from transactions.sources.files.reading_context import ReadingContext

_ZERO = Decimal(0)
ALMOST_ALL = 0.9


@dataclass
class Money:
    """The money columns of a table, how they carry their sign, and why they were chosen."""

    sign_convention: str = "signed"
    amount: Column | None = None
    debit: Column | None = None
    credit: Column | None = None
    balance: Column | None = None
    fee: Column | None = None
    flag: Column | None = None
    outflow_flag: str = ""
    inflow_flag: str = ""
    opening_balance: str = ""
    is_proved: bool = False
    reason: str = ""
    doubts: list[Doubt] = field(default_factory=list)

    @property
    def columns(self) -> list[Column]:
        return [column for column in (self.amount, self.debit, self.credit) if column]

    def doubt(
        self,
        name: str,
        question: NoticeCode,
        alternatives: list[Any],
        because: NoticeCode | None = None,
        **values: str,
    ) -> None:
        """Ask about one field; ``values`` are those of the reason for the first alternative."""
        reason = Notice(because, values) if because else None
        self.doubts.append(Doubt(name, Notice(question), alternatives, reason))

    @property
    def sizes(self) -> list[Decimal | None]:
        """The amounts as written in the money columns, one per row, before any sign convention."""
        if self.fee:
            return signed_amounts(self)
        if self.amount:
            return self.amount.amounts
        return [
            out or into
            for out, into in zip(sure(self.debit).amounts, sure(self.credit).amounts, strict=True)
        ]

    @property
    def used_share(self) -> float:
        return sum(map(bool, self.sizes)) / max(len(self.sizes), 1)


@dataclass(frozen=True)
class Evidence:
    """The evidence besides the number columns.

    ``opening`` and ``closing`` are balances stated outside the table; ``texts`` returns the folded
    text of each row.
    """

    days: list[date | None]
    has_heading: bool
    context: ReadingContext
    opening: Decimal | None = None
    closing: Decimal | None = None
    texts: Callable[[], list[str]] = list


def signed_amounts(money: Money) -> list[Decimal | None]:
    """The amounts under this reading; positive means money in."""
    if money.amount:
        found = [_signed(money, cell) for cell in money.amount.cells]
        return _less_fees(found, money.fee) if money.fee else found
    out_sign = 1 if money.sign_convention == "signed_pair" else -1
    in_sign = -1 if money.sign_convention == "inverted_pair" else 1
    return [
        out_sign * out if out else (into and in_sign * into)
        for out, into in zip(sure(money.debit).amounts, sure(money.credit).amounts, strict=True)
    ]


def _less_fees(found: list[Decimal | None], fee: Column) -> list[Decimal | None]:
    return [
        amount if amount is None else amount - abs(cost or _ZERO)
        for amount, cost in zip(found, fee.amounts, strict=True)
    ]


def _signed(money: Money, cell: Any) -> Decimal | None:
    if cell is None:
        return None
    if money.sign_convention == "unmarked_out" and not cell.mark:
        return -cell.amount
    return -cell.amount if money.sign_convention == "inverted" else cell.amount


def is_complementary(first: Column, second: Column) -> bool:
    """Whether nearly every row fills one of the two columns, none fills both, and both are used."""
    lines = list(zip(first.amounts, second.amounts, strict=True))
    single = sum(bool(left) != bool(other) for left, other in lines)
    is_double = any(left and other for left, other in lines)
    is_pair = len(lines) > 1 and single >= 0.95 * len(lines) and not is_double
    return is_pair and _both_used(first, second)


def _both_used(first: Column, second: Column) -> bool:
    return any(first.amounts) and any(second.amounts)


def is_mostly_negative(column: Column) -> bool:
    return column.negative_count > column.positive_count
