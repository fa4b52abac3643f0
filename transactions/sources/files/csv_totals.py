"""Refuse the lines of a table that may be the sum of others or a balance, not a payment."""

from collections.abc import Iterator
from decimal import Decimal

from transactions.sources.files.cell_words import hints_balance, is_also_payment, is_total
from transactions.sources.files.incoming import IncomingRow, IncomingTransaction, UnusableRow
from transactions.sources.files.notices import Notice, NoticeCode
from transactions.sources.files.values import shown

# A last line is taken for a total if it adds up at least this many others.
_FEWEST_ADDED = 3


def without_total(lines: Iterator[IncomingRow]) -> Iterator[IncomingRow]:
    """The lines. One that is the sum of all above it may be a total, so it is refused: the last
    one, or any that is labeled as a total or as carried forward.
    """
    last: IncomingTransaction | None = None
    after_it: list[IncomingRow] = []
    total, count = Decimal(0), 0
    for line in lines:
        if not isinstance(line, IncomingTransaction):
            after_it.append(line)
        elif line.amount == total and count > 1 and _is_labeled_total(line):
            after_it.append(_refused(line))
        else:
            if last is not None:
                yield last
            yield from after_it
            total, count = total + line.amount, count + 1
            last, after_it = line, []
    if last is not None:
        yield _total_refused(last, total - last.amount, count - 1)
    yield from after_it


def _total_refused(line: IncomingTransaction, total: Decimal, count: int) -> IncomingRow:
    if line.balance_after is not None:
        return line
    if count >= _FEWEST_ADDED and line.amount == total:
        return _refused(line)
    if count and may_be_balance(line.description, line.amount, line.merchant):
        return _refused(line, _balance_notice(line.description))
    return line


def may_be_balance(description: str, amount: Decimal, merchant: str) -> bool:
    """Whether a text has a word for a balance, or is one that may also mean a payment: then money
    out, or another party's name beside it, say that it does.
    """
    if is_also_payment(description) and not hints_balance(description):
        return amount > 0 and merchant in ("", description)
    return hints_balance(description)


def _balance_notice(description: str) -> Notice:
    return Notice(NoticeCode.MAY_BE_BALANCE, {"text": shown(description)})


def _is_labeled_total(line: IncomingTransaction) -> bool:
    return is_total(line.description) and line.balance_after is None


def _refused(line: IncomingTransaction, notice: Notice | None = None) -> UnusableRow:
    notice = notice or Notice(NoticeCode.MAY_BE_TOTAL)
    return UnusableRow(line.row_number, line.raw, notice, "amount", line.part)
