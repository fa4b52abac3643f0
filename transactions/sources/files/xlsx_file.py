"""XLSX workbooks (ECMA-376): the sheet with the most rows, read as a table.

A workbook is zipped XML, so a few kilobytes can expand to gigabytes. Everything is measured while
unpacking in pieces, before the workbook reader sees it.
"""

import re
import zlib
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from io import BytesIO
from zipfile import BadZipFile, ZipFile, ZipInfo

from python_calamine import CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from transactions.sources.files.csv_columns import day_of, is_serial
from transactions.sources.files.csv_file import detect_table, read_table
from transactions.sources.files.csv_mapping import CsvMapping, Detection
from transactions.sources.files.dates import YEAR_MONTH_DAY
from transactions.sources.files.incoming import IncomingFile, UnreadableFile
from transactions.sources.files.narrowing import sure
from transactions.sources.files.notices import Notice, NoticeCode
from transactions.sources.files.reading_context import NOTHING_KNOWN, ReadingContext
from transactions.sources.files.values import NUMBER_CELL_MARK

MAX_UNPACKED = 256 * 1024 * 1024
MAX_MEMBERS = 2000
MAX_ROWS = 200_000
MAX_CELLS = 4_000_000
MAX_TEXT = 512 * 1024 * 1024
PIECE = 256 * 1024
OVERLAP = 64  # the end of a piece may cut an attribute
LONGEST_CELL = 1024 * 1024  # 32,767 characters with formatting; no real cell is longer
CELL_POSITION = re.compile(rb"\sr\s*=\s*[\"']([A-Za-z]{0,8})([0-9]{1,12})[\"']")
BLANKS = re.compile(rb"\s+")
SHARED_TEXT = re.compile(rb"\st\s*=\s*[\"']s[\"']")
# From here on, Excel's 15 digits have no room for decimals.
_NO_DECIMALS = Decimal("1e15")
_DECIMALS_MEANT, _NOISE = 8, Decimal("1e-9")
EXCEL_EPOCH = date(1899, 12, 30)
MOST_DAYS_APART = 400
OTHER_KINDS = {
    "xl/workbook.bin": "binary_excel_workbook_xlsb",
    "word/document.xml": "word_document",
    "ppt/presentation.xml": "powerpoint_presentation",
    "index/document.iwa": "apple_numbers_document",
}


@dataclass(slots=True)
class Extent:
    """The size of the unpacked workbook measured so far."""

    unpacked: int = 0
    last_row: int = 0
    last_column: int = 0
    shared_texts: int = 0
    longest_text: int = 0
    is_in_sheet: bool = False


class NumberText(str):
    """A number cell as text with a decimal point and no thousands separators."""

    __slots__ = ()

    def written(self, decimal_mark: str) -> str:
        return self.replace(".", decimal_mark)


def detect(data: bytes, context: ReadingContext = NOTHING_KNOWN) -> Detection:
    """How to read the workbook's fullest sheet."""
    return _detect_rows(read_cells(data)[0], context)


def _detect_rows(rows: list[list[str]], context: ReadingContext) -> Detection:
    detection = detect_table([list(map(_for_detection, row)) for row in rows], context)
    mark = detection.mapping.decimal_mark
    detection.sample = [
        [cell.replace(NUMBER_CELL_MARK, mark) for cell in row] for row in detection.sample
    ]
    return detection


def _for_detection(cell: str) -> str:
    """A number cell with a mark that proves nothing about how the text cells are written."""
    return cell.written(NUMBER_CELL_MARK) if type(cell) is NumberText else cell


def read(data: bytes, mapping: CsvMapping | None = None) -> IncomingFile:
    """Open an XLSX workbook with ``mapping``, or with a guess if there is none."""
    rows, warnings = read_cells(data)
    if mapping is None:
        detection = _detect_rows(rows, NOTHING_KNOWN)
        mapping = detection.mapping
        warnings.extend(detection.notices)
    mark = mapping.decimal_mark
    cells = (
        [cell.written(mark) if type(cell) is NumberText else cell for cell in row] for row in rows
    )
    file = read_table(cells, mapping)
    file.format = "xlsx"
    file.warnings.extend(warnings)
    return file


def kind_of_zip(data: bytes) -> str:
    """ "xlsx", the name of another document type, or "" for a plain archive."""
    with ZipFile(BytesIO(data)) as archive:
        names = {name.lower() for name in archive.namelist()[:MAX_MEMBERS]}
        if "xl/workbook.xml" in names:
            return "xlsx"
        if "mimetype" in names and "content.xml" in names:
            return "opendocument_file"
    return next((kind for name, kind in OTHER_KINDS.items() if name in names), "")


def read_cells(data: bytes) -> tuple[list[list[str]], list[Notice]]:
    """The rows of the fullest visible sheet as text, and warnings about other sheets."""
    measure(data)
    try:
        workbook = CalamineWorkbook.from_filelike(BytesIO(data))
        names = [
            sheet.name
            for sheet in workbook.sheets_metadata
            if sheet.typ == SheetTypeEnum.WorkSheet and sheet.visible == SheetVisibleEnum.Visible
        ]
        sheets = [workbook.get_sheet_by_name(name) for name in names or workbook.sheet_names]
        fullest = max(sheets, key=lambda sheet: sheet.height, default=None)
        rows = fullest.to_python(skip_empty_area=False) if fullest else []
    except MemoryError:
        raise UnreadableFile(NoticeCode.WORKBOOK_LARGE) from None
    except BaseException as error:
        # A panic in the Rust reader is not an Exception; interrupts must still pass.
        if isinstance(error, (KeyboardInterrupt, SystemExit, GeneratorExit)):
            raise
        raise UnreadableFile(NoticeCode.WORKBOOK_DAMAGED) from None
    if not any(cell != "" for row in rows for cell in row):
        raise UnreadableFile(NoticeCode.WORKBOOK_EMPTY)
    others = [sheet.name for sheet in sheets if sheet is not fullest and sheet.height > 1]
    warnings = []
    if others:
        left_out = [f"“{name[:40]}”" for name in others[:5]]
        values = {"sheet": sure(fullest).name[:40], "others": left_out}
        warnings.append(Notice(NoticeCode.ONE_SHEET, values))
    return _with_days([[cell_text(cell) for cell in row] for row in rows]), warnings


def _with_days(rows: list[list[str]]) -> list[list[str]]:
    """The rows with a day for each plain number among the date cells of a column.

    A cell that lost its format shows the day's serial number. It is one if the column's other cells
    are mostly days, and not far from it.
    """
    for place in range(max(map(len, rows), default=0)):
        column = [row[place] if place < len(row) else "" for row in rows]
        numbers = [cell for cell in column if type(cell) is NumberText]
        days = [day for cell in column if (day := day_of(cell, YEAR_MONTH_DAY))]
        if not numbers or len(days) <= len(numbers) or not all(map(is_serial, numbers)):
            continue
        near = timedelta(days=MOST_DAYS_APART)
        first, last = min(days) - near, max(days) + near
        serials = {cell: EXCEL_EPOCH + timedelta(days=int(Decimal(cell))) for cell in numbers}
        if all(first <= day <= last for day in serials.values()):
            for row, cell in zip(rows, column, strict=True):
                if type(cell) is NumberText:
                    row[place] = serials[cell].isoformat()
    return rows


def cell_text(cell: object) -> str:
    """A cell as its owner would type it: ISO dates, numbers with Excel's 15 digits."""
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, float):
        text = format(_without_noise(cell), "f")
        return NumberText(text.rstrip("0").rstrip(".") if "." in text else text)
    if isinstance(cell, datetime):
        is_day = cell.time() == time.min
        return cell.date().isoformat() if is_day else cell.isoformat(sep=" ", timespec="seconds")
    if isinstance(cell, date):
        return cell.isoformat()
    return str(cell)


def _without_noise(cell: float) -> Decimal:
    """Excel's 15 digits, without what calculating in binary adds: 10000.1 - 9900.05 in a cell is
    100.050000000001.
    """
    number = Decimal(f"{cell:.15g}")
    if abs(number) >= _NO_DECIMALS:
        return number
    near = round(number, _DECIMALS_MEANT) or Decimal(0)
    return near if abs(near - number) < _NOISE else number


def measure(data: bytes) -> Extent:
    """Unpack every member in pieces without keeping them; refuse oversized workbooks."""
    extent = Extent()
    try:
        with ZipFile(BytesIO(data)) as archive:
            members = archive.infolist()
            if len(members) > MAX_MEMBERS:
                raise UnreadableFile(NoticeCode.WORKBOOK_PARTS)
            for member in members:
                _measure_member(archive, member, extent)
    except (
        BadZipFile,
        zlib.error,
        ValueError,
        OSError,
        EOFError,
        NotImplementedError,
        RuntimeError,
    ):
        raise UnreadableFile(NoticeCode.WORKBOOK_DAMAGED) from None
    if extent.shared_texts * extent.longest_text > MAX_TEXT:
        raise UnreadableFile(NoticeCode.WORKBOOK_TEXTS)
    return extent


def _measure_member(archive: ZipFile, member: ZipInfo, extent: Extent) -> None:
    if member.flag_bits & 1:
        raise UnreadableFile(NoticeCode.WORKBOOK_PROTECTED)
    # A member's claimed size may be false; raising it lets us read to the real end.
    member.file_size = MAX_UNPACKED + 2 * PIECE
    is_text_table = member.filename.lower().endswith("sharedstrings.xml")
    measure_piece = _measure_texts if is_text_table else _measure_cells
    rest = b""
    extent.is_in_sheet = False
    with archive.open(member) as source:
        while piece := source.read(PIECE):
            extent.unpacked += len(piece)
            if extent.unpacked > MAX_UNPACKED:
                raise UnreadableFile(NoticeCode.WORKBOOK_UNPACKED, megabytes=MAX_UNPACKED // 2**20)
            piece = rest + piece
            rest = measure_piece(piece, extent)


def _measure_cells(piece: bytes, extent: Extent) -> bytes:
    """Track how far the cells reach; one cell in the last corner makes the sheet huge."""
    piece = BLANKS.sub(b" ", piece)
    # Themes have attributes of the same name; cells only follow this tag.
    extent.is_in_sheet = extent.is_in_sheet or b"sheetData" in piece
    if extent.is_in_sheet:
        for match in CELL_POSITION.finditer(piece):
            extent.last_row = max(extent.last_row, int(match[2]))
            extent.last_column = max(extent.last_column, _column_number(match[1]))
        extent.shared_texts += len(SHARED_TEXT.findall(piece))
    if extent.last_row > MAX_ROWS or extent.last_row * extent.last_column > MAX_CELLS:
        raise UnreadableFile(
            NoticeCode.SHEET_LARGE,
            row=extent.last_row,
            column=extent.last_column,
            rows=MAX_ROWS,
            cells=MAX_CELLS,
        )
    return piece[-OVERLAP:]


def _measure_texts(piece: bytes, extent: Extent) -> bytes:
    *texts, rest = piece.split(b"</si>")
    extent.longest_text = max([extent.longest_text, *map(len, texts), len(rest)])
    if extent.longest_text > LONGEST_CELL:
        raise UnreadableFile(NoticeCode.WORKBOOK_CELL)
    return rest


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number
