"""Decide what a lone mark before three digits means: "12.345" may be 12345 or 12.345.

Proof is another figure of the file, a running balance, stated balances, or a currency that has no
decimals. The currency's usual decimals, the owner's language and earlier files only say which
reading is likelier; then a person is asked.
"""

from collections.abc import Callable

from transactions.sources.files.csv_columns import (
    Column,
    decimal_mark_in,
    decimal_mark_of,
    has_unclear_marks,
    mark_written,
    plain_figures,
)
from transactions.sources.files.csv_money import Evidence
from transactions.sources.files.csv_money_proved import proved_money
from transactions.sources.files.notices import Notice, NoticeCode
from transactions.sources.files.reading_context import ReadingContext, decimal_mark_of_language

THREE_DECIMALS = frozenset(["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"])
# Banks write amounts in these without decimals, even where the currency officially has two.
WHOLE = frozenset(
    [
        *("AMD", "BIF", "CLP", "COP", "DJF", "GNF", "HUF", "IDR", "IRR", "ISK", "JPY", "KHR"),
        *("KMF", "KRW", "LAK", "LBP", "MMK", "PYG", "RWF", "TWD", "TZS", "UGX", "UZS", "VND"),
        *("VUV", "XAF", "XOF", "XPF"),
    ]
)


def share_mark(numbers: list[Column], evidence_for: Callable[[str], Evidence]) -> bool:
    """Tell every column of figures which decimal mark the table uses.

    Returns whether only a balance proved it. ``evidence_for`` gives the evidence as read with a
    decimal mark.
    """
    mark, is_by_balance = decimal_mark_of(numbers), False
    if not mark and has_unclear_marks(numbers):
        mark = _mark_by_balance(numbers, evidence_for)
        is_by_balance = bool(mark)
        context = evidence_for(".").context
        mark = mark or mark_by_use(numbers, context.currency, context)
    for column in numbers:
        column.shared_mark = mark
    return is_by_balance


def _mark_by_balance(numbers: list[Column], evidence_for: Callable[[str], Evidence]) -> str:
    """The only mark with which the balance moves by the amounts; "" if both or none fit."""
    fitting = []
    for mark in (".", ","):
        trial = [
            Column(column.index, column.heading, column.values, shared_mark=mark)
            for column in numbers
        ]
        if proved_money(trial, evidence_for(mark)) is not None:
            fitting.append(mark)
    return fitting[0] if len(fitting) == 1 else ""


def mark_by_use(columns: list[Column], currency: str, context: ReadingContext) -> str:
    """The decimal mark where every written mark stands before three digits; "" if it stays open.

    A currency that banks write without decimals settles it.

    Figures of other lengths prove it: "500" beside "1.500" groups thousands, and "1500" beside
    "1.500" does not. Money of a currency with three decimals is written with all of them, if the
    owner's language writes this mark before decimals.
    """
    written = mark_written(columns)
    if currency in WHOLE:
        return other_mark(written)
    plain = plain_figures(columns)
    is_grouped = bool(plain) and all(len(value) <= 3 for value in plain)
    if any(map(_leaves_thousands_ungrouped, columns)):
        return written
    if currency in THREE_DECIMALS:
        speaks_against = decimal_mark_of_language(context.locale) == other_mark(written)
        return "" if is_grouped or speaks_against else written
    return other_mark(written) if is_grouped else ""


def _leaves_thousands_ungrouped(column: Column) -> bool:
    """Whether it has whole numbers that would have the mark too if it grouped thousands.

    Some languages only group from five digits on.
    """
    marked = [len(value) - 1 for value in column.figures if decimal_mark_in(value) == "?"]
    plain = [len(value) for value in plain_figures([column]) if len(value) > 3]
    return bool(marked and plain) and (max(plain) > 4 or max(plain) >= min(marked))


def likely_marks(
    columns: list[Column], currency: str, context: ReadingContext
) -> tuple[list[str], Notice | None]:
    """Both decimal marks, the likelier first, and why it is."""
    written = mark_written(columns)
    grouping, decimals = [other_mark(written), written], [written, other_mark(written)]
    earlier = context.earlier.get("decimal_mark")
    if earlier in grouping:
        first = grouping if earlier == grouping[0] else decimals
        return first, Notice(NoticeCode.AS_WRITTEN_BEFORE)
    if currency in THREE_DECIMALS:
        return decimals, Notice(NoticeCode.THREE_DECIMALS, {"currency": currency})
    if currency:
        return grouping, Notice(NoticeCode.TWO_DECIMALS, {"currency": currency})
    if decimal_mark_of_language(context.locale) == other_mark(written):
        return grouping, Notice(NoticeCode.REGION_GROUPS)
    return decimals, Notice(NoticeCode.REGION_DECIMALS) if context.locale else None


def other_mark(mark: str) -> str:
    return "." if mark == "," else ","
