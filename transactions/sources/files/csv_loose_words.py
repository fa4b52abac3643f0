"""Words of a table that may be states of payments in a language, and under a heading, nobody knows.

A few words that repeat, one of them usual, may as well be kinds of payment. The owner is not asked
about them, but told on the receipt where lines with a rare one look as if they weren't booked: they
are the newest, they alone have no balance, or there are very few of them.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from transactions.sources.files.amounts import CURRENCY_CODES
from transactions.sources.files.cell_words import INFLOW_FLAGS, OUTFLOW_FLAGS, is_status
from transactions.sources.files.column_words import (
    ROLES,
    heading_score,
    names_code,
    names_other_party,
    names_own_account,
)
from transactions.sources.files.csv_mapping import COLUMN_FIELDS, CsvMapping
from transactions.sources.files.notices import Notice, NoticeCode
from transactions.sources.files.values import fold, shown

_MOST_WORDS = 4
_FEWEST_LINES = 5
_LONGEST_WORD = 30
_USUAL, _RARE, _VERY_RARE = 0.6, 1 / 3, 0.1


@dataclass(slots=True)
class Lines:
    """The lines with one word."""

    first: date
    last: date
    count: int = 0
    money_in: int = 0
    with_balance: int = 0


class LooseWords:
    """Counts the lines by each word of the columns whose heading and words nobody knows."""

    def __init__(self, mapping: CsvMapping) -> None:
        self.mapping = mapping
        self.heading: list[str] = []
        self.columns: dict[int, dict[str, Lines]] | None = None

    def note(self, cells: list[str], on: date, amount: Decimal, balance: Decimal | None) -> None:
        if self.columns is None:
            self.columns = {place: {} for place in range(len(cells)) if self._is_unknown(place)}
        full = []
        for place, words in self.columns.items():
            word = cells[place] if place < len(cells) else ""
            lines = words.get(word)
            if lines is None:
                if len(words) == _MOST_WORDS or not _may_be_state(word):
                    full.append(place)
                    continue
                lines = words[word] = Lines(on, on)
            lines.count += 1
            lines.money_in += amount > 0
            lines.with_balance += balance is not None
            lines.first, lines.last = min(lines.first, on), max(lines.last, on)
        for place in full:
            del self.columns[place]

    def _is_unknown(self, place: int) -> bool:
        mapping = self.mapping
        known = {getattr(mapping, name) for name in COLUMN_FIELDS}
        if place in known or mapping.description == (place,):
            return False
        heading = self.heading[place] if place < len(self.heading) else ""
        return (
            not any(heading_score(heading, role) for role in ROLES)
            and not names_own_account(heading)
            and not names_other_party(heading)
            and not names_code(heading)
        )

    def notices(self) -> Iterator[Notice]:
        """What to tell about each column in which a rare word may say that a line isn't booked."""
        for place, words in (self.columns or {}).items():
            total = sum(lines.count for lines in words.values())
            rare = [word for word in words if word and _may_be_open(word, words, total)]
            if rare:
                named = self.heading[place] if place < len(self.heading) else ""
                yield Notice(
                    NoticeCode.UNKNOWN_WORDS,
                    {
                        "words": shown(", ".join(rare)),
                        "column": shown(named) or str(place + 1),
                        "count": sum(words[word].count for word in rare),
                        "rows": total,
                    },
                )


def _may_be_state(word: str) -> bool:
    """Whether a cell may name a state that nobody knows; a blank one may stand for the usual."""
    if not word:
        return True
    plain = fold(word.strip())
    return (
        len(word) <= _LONGEST_WORD
        and any(map(str.isalpha, word))
        and not any(map(str.isdigit, word))
        and word.strip().upper() not in CURRENCY_CODES
        and not is_status(word)
        and plain not in OUTFLOW_FLAGS
        and plain not in INFLOW_FLAGS
    )


def _may_be_open(word: str, words: dict[str, Lines], total: int) -> bool:
    """Whether the lines with this word look as if they weren't booked, beside a usual word."""
    usual = max(words, key=lambda other: words[other].count)
    if total < _FEWEST_LINES or word == usual or words[usual].count < _USUAL * total:
        return False
    if _tell_direction(words):
        return False
    lines = words[word]
    others = [other for name, other in words.items() if name != word]
    if lines.count > _RARE * total:
        return False
    is_newest = all(lines.first >= other.last for other in others) and lines.first > min(
        other.first for other in others
    )
    is_alone = lines.with_balance == 0 and all(
        other.with_balance == other.count for other in others
    )
    return is_newest or is_alone or (bool(usual) and lines.count <= _VERY_RARE * total)


def _tell_direction(words: dict[str, Lines]) -> bool:
    """Whether each word has lines of one sign only, and all have both."""
    signs = {lines.money_in > 0 for lines in words.values()}
    return len(signs) > 1 and all(lines.money_in in (0, lines.count) for lines in words.values())
