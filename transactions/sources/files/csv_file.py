"""Read statements in tables: CSV files, and spreadsheets whose cells arrive as text.

``detect`` proposes a mapping and ``read`` applies one. A line that can't be read is returned with
the reason; the lines after it are still read.
"""

from collections.abc import Iterable, Iterator
from itertools import chain, islice

from transactions.sources.files.csv_detection import detect, detect_table
from transactions.sources.files.csv_mapping import CsvMapping, Detection
from transactions.sources.files.csv_preamble import note_preamble
from transactions.sources.files.csv_row_reader import RowReader
from transactions.sources.files.csv_rows import Row, split_rows, with_whole_amounts
from transactions.sources.files.csv_sections import repeats_headings, title_of
from transactions.sources.files.incoming import IncomingFile, UnreadableFile
from transactions.sources.files.notices import Notice, NoticeCode
from transactions.sources.files.text_encoding import find_encoding, open_text, refuse_binary

__all__ = ["CsvMapping", "Detection", "detect", "detect_table", "read", "read_table"]


def read(data: bytes, mapping: CsvMapping) -> IncomingFile:
    """The lines of a CSV file, read lazily with ``mapping``."""
    refuse_binary(data)
    _refuse_incomplete(mapping)
    incoming = IncomingFile(format="csv", rows=iter(()))
    incoming.warnings += _encoding_warning(data, mapping)
    reader = RowReader(mapping, incoming)
    reader.has_sections = repeats_headings(data, mapping)
    incoming.rows = reader.walk(_rows_of(data, mapping, incoming))
    return incoming


def _encoding_warning(data: bytes, mapping: CsvMapping) -> list[Notice]:
    """Unless a person chose another encoding: whether others would fit almost as well."""
    encoding, rivals = find_encoding(data)
    if not rivals or mapping.encoding != encoding:
        return []
    return [Notice(NoticeCode.ENCODING_GUESSED, {"encoding": encoding, "others": rivals})]


def has_several_accounts(data: bytes, mapping: CsvMapping) -> bool:
    """Whether the account column has more than one value, or the headings are repeated."""
    place, found = mapping.account, set()
    if place is None:
        return repeats_headings(data, mapping)
    rows = _rows_of(data, mapping, IncomingFile(format="csv", rows=iter(())))
    for row in islice(rows, 1 if mapping.header_line else 0, None):
        found.update(row.cells[place : place + 1])
        if len(found) > 1:
            return True
    return False


def read_table(rows: Iterable[list[str]], mapping: CsvMapping) -> IncomingFile:
    """Read a table whose cells are already text, by the same rules as a CSV file."""
    _refuse_incomplete(mapping)
    incoming = IncomingFile(format="table", rows=iter(()))
    records = (Row(number, cells, "\t".join(cells)) for number, cells in enumerate(rows, start=1))
    above = _lines_above(mapping)
    preamble = list(islice(records, above))
    note_preamble([row.cells for row in preamble], mapping.decimal_mark, incoming)
    incoming.skipped_count = len(preamble)
    incoming.rows = RowReader(mapping, incoming).walk(records)
    return incoming


def _refuse_incomplete(mapping: CsvMapping) -> None:
    if problem := mapping.problem():
        raise UnreadableFile(NoticeCode.MAPPING_INCOMPLETE, field=problem.partition(":")[0])


def _lines_above(mapping: CsvMapping) -> int:
    return max(mapping.header_line - 1, mapping.skip_lines, 0)


def _rows_of(data: bytes, mapping: CsvMapping, incoming: IncomingFile) -> Iterator[Row]:
    """Every record of the file. Raises ``UnreadableFile`` if it is not valid Unicode."""
    try:
        yield from _decoded_rows(data, mapping, incoming)
    except UnicodeError:
        raise UnreadableFile(NoticeCode.WRONG_ENCODING, encoding=mapping.encoding) from None


def _decoded_rows(data: bytes, mapping: CsvMapping, incoming: IncomingFile) -> Iterator[Row]:
    """Every record from the heading line on; lines above it only supply account and balances."""
    with open_text(data, mapping.encoding) as lines:
        above = _lines_above(mapping)
        preamble = [line.rstrip("\n") for line in islice(lines, above)]
        cells = [line.replace('"', "").split(mapping.delimiter) for line in preamble[:200]]
        note_preamble(cells, mapping.decimal_mark, incoming)
        incoming.skipped_count = len(preamble)
        incoming.section = next(filter(None, map(title_of, reversed(cells))), "")
        first = list(islice(lines, 1))
        width = 0
        for row in split_rows(first, mapping.delimiter, mapping.quotechar, width=0):
            width = max(len(row.cells), mapping.width)
        rows = split_rows(
            chain(first, lines),
            mapping.delimiter,
            mapping.quotechar,
            width=width,
            first_number=above + 1,
        )
        if mapping.header_line and mapping.delimiter == ",":
            rows = with_whole_amounts(rows, ",", width)
        yield from rows
