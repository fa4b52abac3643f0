"""Words on each line that say the direction of money."""

from decimal import Decimal

from transactions.sources.files.cell_words import (
    INFLOW_FLAGS,
    LETTER_PAIRS,
    OUTFLOW_FLAGS,
)
from transactions.sources.files.column_words import (
    heading_score,
)
from transactions.sources.files.csv_columns import Column
from transactions.sources.files.csv_mapping import BLANK_FLAG
from transactions.sources.files.csv_money import ALMOST_ALL, Money
from transactions.sources.files.narrowing import sure
from transactions.sources.files.notices import NoticeCode
from transactions.sources.files.values import fold

_MOST = 0.6
# What banks mark one direction by, leaving the cells of the other blank.
_LONE_MARKS = frozenset(["cr", "dr", "db", "+", "-"])
_LONGEST_WORD = 24
_SHORT = 3
_FEWEST_LINES = 4
_SURE_NAME = 80
_OTHER_ROLES = ("status", "description", "merchant", "category")
# Stands for money out where no line has a word for it.
_NO_WORD = "debit"


def settle_flag(money: Money, columns: list[Column]) -> int:
    """Find a column of direction words; 1 or -1 if the amounts' own signs agree with it."""
    for column in columns:
        words = [fold(value).strip(" .") for value in column.values]
        if column in money.columns:
            continue
        if _marks_one_direction(words) and not sure(money.amount).negative_count:
            _name_blank(money, column, next(filter(None, words)))
            return 0
        if not _settle_letters(money, column, words) and not _tells_directions(column, words):
            continue
        if sure(money.amount).negative_count:
            return _sign_beside(money, column, columns, words)
        if _is_only_text(column, columns) and _may_be_names(_known(words)):
            continue
        money.flag = column
        if not money.outflow_flag:
            _name_flags(money, {*map(fold, column.values)}, _known(words))
        return 0
    return 0


def _sign_beside(money: Money, column: Column, columns: list[Column], words: list[str]) -> int:
    """As `settle_flag`; where the only text contradicts the amounts' own signs, a question."""
    sign = _flag_agreement(words, sure(money.amount).amounts)
    if sign < 0 and _is_only_text(column, columns):
        choices, because = ["signed", "inverted"], NoticeCode.MINUS_IS_OUT
        money.doubt("sign_convention", NoticeCode.ASK_SIGN, choices, because)
        return 0
    return sign


def _is_only_text(column: Column, columns: list[Column]) -> bool:
    """Whether this column alone says what the payments were: “Inn” may be an inn."""
    named = [other for other in columns if heading_score(other.heading, "description")]
    return named == [column]


def _may_be_names(known: set[str]) -> bool:
    """Whether it is one word, so short that it means something else elsewhere."""
    return len(known) == 1 and max(map(len, known)) <= _SHORT


def _known(words: list[str]) -> set[str]:
    return {word for word in words if word in OUTFLOW_FLAGS or word in INFLOW_FLAGS}


def _tells_directions(column: Column, words: list[str]) -> bool:
    """Whether nearly all lines have a word, and the words are those of directions.

    Of two letters, both must be known: "I" is money in beside "O", and money out beside "U".
    """
    known = [word for word in words if word in OUTFLOW_FLAGS or word in INFLOW_FLAGS]
    filled = sum(map(bool, words))
    kinds = set(filter(None, words))
    is_half_known = len(kinds) == 2 and len(set(known)) == 1 and max(map(len, kinds)) == 1
    return (
        bool(known)
        and not is_half_known
        and _are_directions(column, known, filled)
        and filled >= ALMOST_ALL * len(words)
    )


def _settle_letters(money: Money, column: Column, words: list[str]) -> bool:
    """Whether two letters that stand for the directions together are the only words.

    With an accent they are another language's: "Ú" is money out in Icelandic.
    """
    if {value.strip(" .").casefold() for value in column.values} != set(words):
        return False
    pair = next((pair for pair in LETTER_PAIRS if set(pair) == set(words)), None)
    if pair is None or sure(money.amount).negative_count:
        return False
    written = {*map(fold, column.values)}
    money.outflow_flag, money.inflow_flag = (
        "|".join(sorted(word for word in written if word.strip(" .") == letter)) for letter in pair
    )
    return True


def _marks_one_direction(words: list[str]) -> bool:
    """Whether some lines have one mark of direction and the others are blank."""
    kinds = set(words)
    return len(kinds) == 2 and "" in kinds and not _LONE_MARKS.isdisjoint(kinds)


def _name_blank(money: Money, column: Column, mark: str) -> None:
    money.flag = column
    written = "|".join(sorted({fold(value.strip()) for value in column.filled}))
    is_out = mark in OUTFLOW_FLAGS
    money.outflow_flag = written if is_out else BLANK_FLAG
    money.inflow_flag = BLANK_FLAG if is_out else written


def unknown_flag(money: Money, columns: list[Column]) -> Column | None:
    """The column whose two unknown words may be the directions; None if there is none."""
    fitting = [
        column
        for column in columns
        if column not in money.columns
        and not (column.is_numbers or column.is_dates or column.is_currencies)
        and column.fill_share >= ALMOST_ALL
        and len({fold(value) for value in column.filled}) == 2
        and max(map(len, column.filled)) <= _LONGEST_WORD
        and len(column.filled) >= _FEWEST_LINES
        and all(heading_score(column.heading, role) < _SURE_NAME for role in _OTHER_ROLES)
    ]
    if not any(column.words for column in columns if column not in fitting):
        return None  # the only words of the lines describe them
    return max(
        fitting,
        key=lambda column: (heading_score(column.heading, "flag"), -max(map(len, column.filled))),
        default=None,
    )


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
