"""Words on each line that say the direction of money."""

from decimal import Decimal

from transactions.sources.files.cell_words import (
    INFLOW_FLAGS,
    OUTFLOW_FLAGS,
)
from transactions.sources.files.column_words import (
    heading_score,
)
from transactions.sources.files.csv_columns import Column
from transactions.sources.files.csv_money import ALMOST_ALL, Money
from transactions.sources.files.narrowing import sure
from transactions.sources.files.notices import NoticeCode
from transactions.sources.files.values import fold

_MOST = 0.6
# Stands for money out where no line has a word for it.
_NO_WORD = "debit"


def settle_flag(money: Money, columns: list[Column]) -> int:
    """Find a column of direction words; 1 or -1 if the amounts' own signs agree with it."""
    for column in columns:
        words = [fold(value).strip(" .") for value in column.values]
        known = [word for word in words if word in OUTFLOW_FLAGS or word in INFLOW_FLAGS]
        filled = sum(map(bool, words))
        if column in money.columns or not known or not _are_directions(column, known, filled):
            continue
        if filled < ALMOST_ALL * len(words):
            continue
        if sure(money.amount).negative_count:
            return _flag_agreement(words, sure(money.amount).amounts)
        money.flag = column
        _name_flags(money, {*map(fold, column.values)}, set(known))
        return 0
    return 0


def _are_directions(column: Column, known: list[str], filled: int) -> bool:
    """Whether nearly all words are directions, or most are and the heading says so: lines with
    another word are then refused one by one.
    """
    has_both = not OUTFLOW_FLAGS.isdisjoint(known) and not INFLOW_FLAGS.isdisjoint(known)
    is_named = has_both and heading_score(column.heading, "flag") > 0
    return len(known) >= (_MOST if is_named else ALMOST_ALL) * filled


def _flag_agreement(words: list[str], amounts: list[Decimal | None]) -> int:
    pairs = [
        (word in INFLOW_FLAGS, amount > 0)
        for word, amount in zip(words, amounts, strict=True)
        if amount
    ]
    agreeing = sum(is_in == is_positive for is_in, is_positive in pairs)
    if agreeing >= ALMOST_ALL * len(pairs):
        return 1
    return -1 if agreeing <= (1 - ALMOST_ALL) * len(pairs) else 0


def _name_flags(money: Money, written: set[str], known: set[str]) -> None:
    outflow = sorted(word for word in written if word.strip(" .") in OUTFLOW_FLAGS)
    inflow = sorted(word for word in written if word.strip(" .") in INFLOW_FLAGS)
    money.outflow_flag = "|".join(outflow) or _NO_WORD
    money.inflow_flag = "|".join(inflow)
    is_lone_letter = len(known) == 1 and len(next(iter(known))) == 1
    if is_lone_letter and not heading_score(sure(money.flag).heading, "flag"):
        letter = next(iter(known))
        other = _NO_WORD if outflow else letter
        money.doubt(
            "outflow_flag",
            NoticeCode.ASK_LETTER,
            [money.outflow_flag, other],
            NoticeCode.LETTER_OUT if outflow else NoticeCode.LETTER_IN,
            text=letter.upper(),
        )
