"""Sign amounts by the running balance, for files that write amounts without signs."""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

from transactions.sources.files.csv_mapping import CsvMapping
from transactions.sources.files.incoming import IncomingRow, IncomingTransaction, UnusableRow
from transactions.sources.files.notices import Notice, NoticeCode


def signed_by_balance(lines: Iterator[IncomingRow], mapping: CsvMapping) -> Iterator[IncomingRow]:
    """The lines with the sign their balance proves; a line the balance can't explain is refused.

    If the newest line comes first, a line is signed once the line below it has been read.
    """
    before = Decimal(mapping.opening_balance) if mapping.opening_balance else None
    if mapping.sign_convention == "by_balance":
        for line in lines:
            if isinstance(line, IncomingTransaction):
                yield _signed(line, before)
                before = line.balance_after
            else:
                yield line
        return
    waiting: list[IncomingRow] = []
    for line in lines:
        if isinstance(line, IncomingTransaction):
            yield from _released(waiting, line.balance_after)
            waiting = []
        waiting.append(line)
    yield from _released(waiting, before)


def _released(waiting: list[IncomingRow], before: Decimal | None) -> Iterator[IncomingRow]:
    for line in waiting:
        yield _signed(line, before) if isinstance(line, IncomingTransaction) else line


def _signed(line: IncomingTransaction, before: Decimal | None) -> IncomingRow:
    if before is not None and line.balance_after is not None:
        moved = line.balance_after - before
        if abs(moved) == abs(line.amount):
            return replace(line, amount=moved)
    return UnusableRow(line.row_number, line.raw, Notice(NoticeCode.BALANCE_UNSAID), "amount")
