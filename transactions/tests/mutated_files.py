"""Rewrite correctly read files in equivalent ways.

The number of payments and their sum are known in advance and don't change, so the expected result
doesn't depend on the reader.
"""

import csv
import io
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from random import Random

from transactions.tests.invented_banks import WORDS
from transactions.tests.invented_files import InventedFile, invent

_MINUS = re.compile(r"-(?=[0-9.,])")
_ANY_FIGURE = re.compile(r"[^\w]{0,4}[0-9][0-9 .,'\u00a0]*[.,][0-9]+[^0-9]{0,6}")
_DELIMITERS = (",", ";", "\t", "|")
_ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le")
_ISO_DAY = re.compile(r"([12][0-9]{3})-([01][0-9])-([0-3][0-9])")
_HEADINGS = {
    heading: name for words in WORDS.values() for name, heading in words.items() if heading
}


@dataclass
class Mutant:
    """A rewritten file: what was changed, and the expected payments."""

    name: str
    data: bytes
    count: int
    total: Decimal
    done: list[str]
    days: list[tuple[date, Decimal]] | None = None


@dataclass
class Source:
    """A table as rows of cells, with the index of its heading row (-1: none) and its payments."""

    name: str
    rows: list[list[str]]
    heading: int
    decimal: str
    count: int
    total: Decimal
    days: list[tuple[date, Decimal]] | None = None


def source_of(invented: InventedFile) -> Source:
    """An invented file as a table; the csv module wrote it, so nothing is lost."""
    encoding = invented.traits[-1]
    text = invented.data.decode(encoding)
    delimiter = "\t" if "tab" in invented.traits else invented.country.delimiter
    rows = list(csv.reader(io.StringIO(text), delimiter=delimiter))
    first = WORDS[invented.country.language]["description"]
    heading = next((place for place, row in enumerate(rows) if first in row), -1)
    return Source(
        invented.name,
        rows,
        heading,
        invented.country.decimal,
        len(invented.payments),
        sum((payment.amount for payment in invented.payments), Decimal(0)),
        sorted((payment.on, payment.amount) for payment in invented.payments),
    )


def mutate(source: Source, random: Random) -> Mutant:
    """The table with one to three structural changes, written in a random notation."""
    rows = [list(row) for row in source.rows]
    done = random.sample(list(_CHANGES), random.randint(1, 2))
    if source.heading >= 0 and random.random() < 0.5:
        done.append(random.choice(list(_HEADING_CHANGES)))
    for name in done:
        rows = (_CHANGES | _HEADING_CHANGES)[name](rows, source, random)
    delimiter = random.choice(_DELIMITERS)
    quoting = random.choice((csv.QUOTE_MINIMAL, csv.QUOTE_ALL))
    stream = io.StringIO()
    ending = random.choice(("\n", "\r\n"))
    csv.writer(stream, delimiter=delimiter, quoting=quoting, lineterminator=ending).writerows(rows)
    encoding = random.choice(_ENCODINGS)
    done += [f"delimiter {delimiter!r}", encoding]
    data = stream.getvalue().encode(encoding)
    # Without headings, nobody knows which of a line's two dates is the transaction date.
    is_named = source.heading >= 0 and "headings removed" not in done
    days = source.days if is_named else None
    return Mutant(source.name, data, source.count, source.total, done, days)


def _moved(rows: list[list[str]], source: Source, random: Random) -> list[list[str]]:
    """Reorder the columns; lines above the table stay."""
    width = max(map(len, rows))
    order = random.sample(range(width), width)
    first = source.heading if source.heading >= 0 else 0
    table = [row + [""] * (width - len(row)) for row in rows[first:]]
    return rows[:first] + [[row[place] for place in order] for row in table]


def _translated(rows: list[list[str]], source: Source, random: Random) -> list[list[str]]:
    """Translate the headings that are known."""
    words = WORDS[random.choice(list(WORDS))]
    heading = [
        words[_HEADINGS[cell]] if cell in _HEADINGS else cell for cell in rows[source.heading]
    ]
    if len(set(filter(None, heading))) < len([cell for cell in heading if cell]):
        return rows  # two columns with the same name would lose information
    return [*rows[: source.heading], heading, *rows[source.heading + 1 :]]


def _without_heading(rows: list[list[str]], source: Source, random: Random) -> list[list[str]]:
    return rows[source.heading + 1 :]


def _nonsense_heading(rows: list[list[str]], source: Source, random: Random) -> list[list[str]]:
    """Use headings in an invented language."""
    words = ["".join(random.sample("bdfgklmprtvz", 4)) + "o" for _cell in rows[source.heading]]
    return [*rows[: source.heading], words, *rows[source.heading + 1 :]]


def _each_cell(change: Callable[[str, str], str]) -> Callable:
    """Change the notation of every figure; do nothing if one is written in an unusual way."""

    def changed(rows: list[list[str]], source: Source, random: Random) -> list[list[str]]:
        figure = _figure(source.decimal)
        cells = [cell for row in rows for cell in row if _ANY_FIGURE.fullmatch(cell)]
        if not all(figure.fullmatch(cell) for cell in cells):
            return rows
        return [
            [change(cell, source.decimal) if figure.fullmatch(cell) else cell for cell in row]
            for row in rows
        ]

    return changed


def _figure(decimal: str) -> re.Pattern:
    """An amount and its sign in this notation."""
    return re.compile(rf"-?[0-9]{{1,3}}(?:[ .,'\u00a0]?[0-9]{{3}})*{re.escape(decimal)}[0-9]{{2}}")


def _typographic(cell: str, decimal: str) -> str:
    return cell.replace("-", "\u2212")


def _bracketed(cell: str, decimal: str) -> str:
    return f"({cell[1:]})" if cell.startswith("-") else cell


def _trailing(cell: str, decimal: str) -> str:
    return f"{cell[1:]}-" if cell.startswith("-") else cell


def _other_mark(cell: str, decimal: str) -> str:
    whole, _, decimals = cell.rpartition(decimal)
    whole = re.sub("[ .,'\u00a0]", "", whole)
    return f"{whole}{',' if decimal == '.' else '.'}{decimals}"


def _other_days(rows: list[list[str]], source: Source, random: Random) -> list[list[str]]:
    """Rewrite ISO dates in one other format."""
    form = random.choice((r"\3.\2.\1", r"\3/\2/\1", r"\2/\3/\1", r"\1/\2/\3", r"\1\2\3"))
    return [
        [_ISO_DAY.sub(form, cell) if _ISO_DAY.fullmatch(cell) else cell for cell in row]
        for row in rows
    ]


_HEADING_CHANGES = {
    "headings translated": _translated,
    "headings removed": _without_heading,
    "headings of nobody": _nonsense_heading,
}
_CHANGES = {
    "columns moved": _moved,
    "minus typographic": _each_cell(_typographic),
    "minus as brackets": _each_cell(_bracketed),
    "minus behind": _each_cell(_trailing),
    "other decimal mark": _each_cell(_other_mark),
    "days written otherwise": _other_days,
}


def invented_mutant(random: Random) -> tuple[Mutant, InventedFile]:
    """A new invented file, mutated."""
    invented = invent(random)
    return mutate(source_of(invented), random), invented
