"""Split lines into cells, tolerating the quoting mistakes banks make."""

import csv
import re
from collections import deque
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import pairwise
from typing import Any, NamedTuple

# A quoted cell may span this many lines. Without a limit, one open quote would swallow the file.
MOST_LINES_IN_A_ROW = 64
# The pieces of an amount that was cut at its thousands comma.
_FIRST_GROUP = re.compile(r"\s*[-+(]?\s*[$€£₹]?\s*[-+]?[1-9][0-9]{0,2}")
_LAST_GROUP = re.compile(r"[0-9]{3}(?:\.[0-9]{1,4})?\)?[-+]?(?:\s?(?:CR|DR|Cr|Dr))?\s*")
LONGEST_RAW = 10_000


class Row(NamedTuple):
    """One record: the line it starts on, its cells, and its original text."""

    number: int
    cells: list[str]
    raw: str


class _Lines:
    """Feeds lines to csv.reader, can take lines back, and ends a record that grows too long."""

    def __init__(self, lines: Iterable[str]):
        self.lines = iter(lines)
        self.returned: deque[str] = deque()
        self.taken: list[str] = []

    def __iter__(self):
        return self

    def __next__(self) -> str:
        if len(self.taken) >= MOST_LINES_IN_A_ROW:
            raise StopIteration
        line = self.returned.popleft() if self.returned else next(self.lines)
        self.taken.append(line)
        return line


def split_rows(
    lines: Iterable[str], delimiter: str, quotechar: str, *, width: int, first_number: int = 1
) -> Iterator[Row]:
    """Each record of a text file; ``width`` is the expected number of cells, 0 if unknown."""
    source = _Lines(lines)
    quoting: Any = csv.QUOTE_MINIMAL if quotechar else csv.QUOTE_NONE
    reader = csv.reader(source, delimiter=delimiter, quotechar=quotechar or None, quoting=quoting)
    number = first_number
    while True:
        try:
            cells = next(reader, [])
        except csv.Error:  # the cell exceeds the csv module's size limit
            cells = source.taken[0].rstrip("\n").split(delimiter)
            _give_back(source)
        taken = source.taken
        if not taken:
            return
        is_whole = len(taken) == 1 and _is_sound(taken[0], delimiter, quotechar)
        is_swallowing = len(taken) > 1 and _are_whole(taken[:2], delimiter, quotechar, width)
        if is_whole:
            pass  # never re-split a record that the csv module read correctly
        elif quotechar and (is_swallowing or (len(cells) != width and (width or len(taken) > 1))):
            cells = _mend(source, cells, delimiter, quotechar, width)
        elif quotechar and quotechar in "\n".join(cells) and len(taken) == 1:
            mended = split_forgivingly(taken[0].rstrip("\n"), delimiter, quotechar)
            cells = mended if len(mended) == len(cells) else cells
        raw = taken[0] if len(taken) == 1 else "".join(taken)
        yield Row(number, cells, raw[:LONGEST_RAW].rstrip("\n"))
        number += len(taken)
        source.taken = []


def with_whole_amounts(rows: Iterable[Row], delimiter: str, width: int) -> Iterator[Row]:
    """The rows with amounts rejoined that unquoted thousands commas cut in two: "-1,234.56".

    Only a row with more cells than headings is changed, and only if one way of joining makes as
    many cells as there are headings.
    """
    for row in rows:
        is_longer = delimiter == "," and len(row.cells) > width and '"' not in row.raw
        yield row._replace(cells=_rejoined(row.cells, width)) if is_longer else row


def filled_width(cells: list[str]) -> int:
    """How many cells a row has up to the last one with text."""
    width = len(cells)
    while width and not cells[width - 1].strip():
        width -= 1
    return width


def _rejoined(cells: list[str], width: int) -> list[str]:
    for candidate in (cells, cells[: filled_width(cells)]):
        places = cut_amounts(candidate)
        if places and len(candidate) - width == len(places):
            return _joined(candidate, places)
    return cells


def cut_amounts(cells: list[str]) -> list[int]:
    """Where a cell and the next look like an amount that was cut at its thousands comma."""
    return [
        place
        for place, (cell, following) in enumerate(pairwise(cells))
        if _FIRST_GROUP.fullmatch(cell) and _LAST_GROUP.fullmatch(following)
    ]


def _joined(cells: list[str], places: list[int]) -> list[str]:
    joined = list(cells)
    for place in reversed(places):
        joined[place : place + 2] = [f"{joined[place].strip()},{joined[place + 1].strip()}"]
    return joined


def _is_sound(line: str, delimiter: str, quotechar: str) -> bool:
    """Whether every quote in a line wraps a whole cell or is doubled inside one."""
    if not quotechar or quotechar not in line:
        return True
    return bool(_sound_line(delimiter, quotechar).fullmatch(line.rstrip("\r\n")))


@cache
def _sound_line(delimiter: str, quotechar: str) -> re.Pattern:
    quote, mark = re.escape(quotechar), re.escape(delimiter)
    cell = f"(?:{quote}(?:[^{quote}]|{quote}{quote})*{quote}|[^{quote}{mark}][^{quote}{mark}]*|)"
    return re.compile(f"{cell}(?:{mark}{cell})*")


def _are_whole(lines: list[str], delimiter: str, quotechar: str, width: int) -> bool:
    """Whether every line joined by an open quote is a full record, so the quote was a mistake."""
    return width > 1 and all(
        _delimiter_count(line.rstrip("\r\n"), delimiter, quotechar) >= width - 1 for line in lines
    )


def _delimiter_count(line: str, delimiter: str, quotechar: str) -> int:
    """How many delimiters are outside closed quotes. An open quote hides none."""
    if line.count(delimiter) == 0 or not quotechar:
        return line.count(delimiter)
    cells = split_forgivingly(line, delimiter, quotechar)
    is_open = cells[-1].strip().startswith(quotechar)
    return len(cells) - 1 + (cells[-1].count(delimiter) if is_open else 0)


def _give_back(source: _Lines) -> None:
    source.returned.extendleft(reversed(source.taken[1:]))
    del source.taken[1:]


def _mend(
    source: _Lines, cells: list[str], delimiter: str, quotechar: str, width: int
) -> list[str]:
    """The cells of a record with broken quotes: re-read its first line with forgiving rules."""
    first = source.taken[0].rstrip("\n")
    is_runaway = len(source.taken) >= MOST_LINES_IN_A_ROW
    for candidate in (split_forgivingly(first, delimiter, quotechar), first.split(delimiter)):
        if is_runaway or (width and len(candidate) == width):
            _give_back(source)
            return candidate
    return cells


def split_forgivingly(line: str, delimiter: str, quotechar: str) -> list[str]:
    """Split at delimiters, except inside a cell whose opening quote has not been closed.

    This keeps the columns of ``"Firma"";"x"`` and ``"UAB "Naktis"";"x"``, and completes a first
    cell that lost its opening quote: ``Firma";"x"``.
    """
    cells: list[str] = []
    if _unopened(delimiter, quotechar).match(line):
        line = quotechar + line
    is_open = False
    for piece in line.split(delimiter):
        if is_open:
            cells[-1] += delimiter + piece
        else:
            cells.append(piece)
        cell = cells[-1].strip()
        is_open = cell.startswith(quotechar) and not (len(cell) > 1 and cell.endswith(quotechar))
    return [_unquote(cell, quotechar) for cell in cells]


@cache
def _unopened(delimiter: str, quotechar: str) -> re.Pattern:
    quote, mark = re.escape(quotechar), re.escape(delimiter)
    return re.compile(f"[^{quote}{mark}]+{quote}{mark}{quote}")


def _unquote(cell: str, quotechar: str) -> str:
    stripped = cell.strip()
    if len(stripped) > 1 and stripped[0] == stripped[-1] == quotechar:
        return stripped[1:-1].replace(quotechar * 2, quotechar)
    return cell
