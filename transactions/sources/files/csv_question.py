"""Combine a table's open questions into one, answered by looking at lines of the file."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from itertools import product
from typing import Any

from transactions.sources.files.csv_mapping import (
    BY_BALANCE,
    CsvMapping,
    Detection,
    Example,
    Reading,
)
from transactions.sources.files.csv_row_reader import RowReader
from transactions.sources.files.csv_rows import Row
from transactions.sources.files.incoming import (
    IncomingFile,
    IncomingRow,
    IncomingTransaction,
)

# Each line read in one way, by line number: (what may differ, example).
Lines = dict[int, tuple[tuple[date, Decimal], Example]]

_MOST_READINGS = 6
_MOST_EXAMPLES = 2
_ROWS_TRIED = 300


def ask(detection: Detection, rows: list[Row]) -> None:
    """Add every combination of answers about a table to the detection, the likeliest first."""
    add_readings(detection, lambda mapping: read_lines(mapping, rows))


def add_readings(detection: Detection, read: Callable[[CsvMapping], Lines]) -> None:
    """Add every combination of answers; ``read`` gives the lines as one of them reads them."""
    if not detection.doubts:
        return
    names = list(dict.fromkeys(name for name, _question in detection.doubts))
    choices = [detection.alternatives.get(name) or [_value(detection, name)] for name in names]
    kept: list[tuple[Reading, Lines]] = []
    for values in product(*choices):
        changes = _completed(detection.mapping, dict(zip(names, values, strict=True)))
        if any(reading.changes == changes for reading, _lines in kept):
            continue
        mapping = replace(detection.mapping, **changes)
        if len(kept) < _MOST_READINGS and not mapping.problem():
            kept.append((Reading(changes, ()), read(mapping)))
    kept = [(reading, lines) for reading, lines in kept if lines] or kept
    telling = _telling_lines([lines for _reading, lines in kept])
    detection.readings = [
        replace(reading, examples=tuple(_example(number, lines, kept) for number in telling))
        for reading, lines in kept
    ]


def _example(number: int, lines: Lines, kept: list[tuple[Reading, Lines]]) -> Example:
    if number in lines:
        return lines[number][1]
    return next(Example(others[number][1].text) for _, others in kept if number in others)


def _value(detection: Detection, name: str) -> Any:
    return getattr(detection.mapping, name)


def _completed(mapping: CsvMapping, changes: dict[str, Any]) -> dict[str, Any]:
    """Add what follows from the changes: swapped columns, or one column instead of two."""
    if "debit" in changes and mapping.needs_pair and changes["debit"] == mapping.credit:
        changes["credit"] = mapping.debit
    if "debit" in changes and changes["debit"] not in (mapping.debit, mapping.credit):
        changes |= {"amount": changes.pop("debit"), "sign_convention": "signed"}
        changes |= {"debit": None, "credit": None}
    if changes.get("sign_convention", "flag") != "flag":
        changes.pop("outflow_flag", None)
    if changes.get("outflow_flag", mapping.outflow_flag) != mapping.outflow_flag:
        changes["inflow_flag"] = mapping.outflow_flag
    if "amount" in changes and changes["amount"] == mapping.balance:
        changes["balance"] = None
    return changes


def read_lines(mapping: CsvMapping, rows: list[Row]) -> Lines:
    """The payments among these rows of a table as a mapping reads them."""
    reader = RowReader(replace(mapping, header_line=0), IncomingFile("csv", iter(())))
    rows = rows if mapping.sign_convention in BY_BALANCE else rows[:_ROWS_TRIED]
    return lines_of(reader.walk(row for row in rows if row.number > mapping.skip_lines))


def lines_of(rows: Iterable[IncomingRow]) -> Lines:
    """The payments among the first rows as `add_readings` compares them."""
    found: Lines = {}
    for line in rows:
        if isinstance(line, IncomingTransaction):
            example = Example(line.description[:60], line.txn_date, line.amount)
            found[line.row_number] = (line.txn_date, line.amount), example
    return found


def _telling_lines(readings: list[Lines]) -> list[int]:
    """Up to two lines that together tell the readings apart best; if one is enough, the other went
    the opposite way.
    """
    numbers = list(dict.fromkeys(number for lines in readings for number in lines))
    found: list[int] = []
    while numbers and len(found) < _MOST_EXAMPLES:
        best = max(
            numbers,
            key=lambda number: (
                _kinds_told([*found, number], readings),
                _went_otherwise(number, found, readings[0]),
                -number,
            ),
        )
        found.append(best)
        numbers.remove(best)
    return sorted(found)


def _kinds_told(numbers: list[int], readings: list[Lines]) -> int:
    """How many of the readings differ on these lines."""
    return len(
        {tuple(lines[at][0] if at in lines else None for at in numbers) for lines in readings}
    )


def _went_otherwise(number: int, others: list[int], lines: Lines) -> bool:
    if number not in lines or not others or others[0] not in lines:
        return False
    return lines[number][0][1] * lines[others[0]][0][1] < 0
