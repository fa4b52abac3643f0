"""Combine a table's open questions into one, answered by looking at lines of the file."""

from collections.abc import Iterator
from dataclasses import replace
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
from transactions.sources.files.incoming import IncomingFile, IncomingTransaction

_MOST_READINGS = 6
_MOST_EXAMPLES = 2
_ROWS_TRIED = 300


def ask(detection: Detection, rows: list[Row]) -> None:
    """Add every combination of answers to the detection, the likeliest first."""
    if not detection.doubts:
        return
    names = list(dict.fromkeys(name for name, _sentence in detection.doubts))
    choices = [detection.alternatives.get(name) or [_value(detection, name)] for name in names]
    kept: list[tuple[Reading, dict[int, tuple]]] = []
    for values in product(*choices):
        changes = _completed(detection.mapping, dict(zip(names, values, strict=True)))
        mapping = replace(detection.mapping, **changes)
        if len(kept) < _MOST_READINGS and not mapping.problem():
            kept.append((Reading(changes, ()), _read(mapping, rows)))
    telling = _telling_lines([lines for _reading, lines in kept])
    detection.readings = [
        replace(reading, examples=tuple(lines[number][1] for number in telling if number in lines))
        for reading, lines in kept
    ]


def _value(detection: Detection, name: str) -> Any:
    return getattr(detection.mapping, name)


def _completed(mapping: CsvMapping, changes: dict[str, Any]) -> dict[str, Any]:
    """Add what follows from the changes: swapped columns, or one column instead of two."""
    if "debit" in changes and mapping.needs_pair and changes["debit"] == mapping.credit:
        changes["credit"] = mapping.debit
    if "debit" in changes and changes["debit"] not in (mapping.debit, mapping.credit):
        changes |= {"amount": changes.pop("debit"), "sign_convention": "signed"}
        changes |= {"debit": None, "credit": None}
    if "amount" in changes and changes["amount"] == mapping.balance:
        changes["balance"] = None
    return changes


def _read(mapping: CsvMapping, rows: list[Row]) -> dict[int, tuple]:
    """Each line read with this mapping, by line number: (what may differ, example)."""
    reader = RowReader(replace(mapping, header_line=0), IncomingFile("csv", iter(())))
    found = {}
    sample: Iterator[Row] = iter(
        rows if mapping.sign_convention in BY_BALANCE else rows[:_ROWS_TRIED]
    )
    for line in reader.walk(sample):
        if isinstance(line, IncomingTransaction):
            example = Example(line.description[:60], line.txn_date, line.amount)
            found[line.row_number] = (line.txn_date, line.amount), example
    return found


def _telling_lines(readings: list[dict[int, tuple]]) -> list[int]:
    """Up to two lines that differ most between the readings."""
    numbers = list(dict.fromkeys(number for lines in readings for number in lines))
    ways = {
        number: len({lines[number][0] for lines in readings if number in lines})
        for number in numbers
    }
    best = sorted(numbers, key=lambda number: (-ways[number], numbers.index(number)))
    return sorted(best[:_MOST_EXAMPLES])
