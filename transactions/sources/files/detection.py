"""Recognize a statement's format by its content, because file names are unreliable."""

import re
from collections.abc import Callable
from zipfile import BadZipFile

from transactions.sources.files import (
    camt_file,
    csv_file,
    mt940_file,
    ofx_file,
    own_csv,
    qif_file,
    xlsx_file,
)
from transactions.sources.files.csv_mapping import CsvMapping
from transactions.sources.files.decoding import decode_statement
from transactions.sources.files.incoming import IncomingFile, UnreadableFile
from transactions.sources.files.notices import Notice, NoticeCode
from transactions.sources.files.text_encoding import refuse_empty

HEAD_SIZE = 65_536
SIGNATURES = (
    (b"%PDF", "pdf_document"),
    (b"\x89PNG", "png_image"),
    (b"\xff\xd8\xff", "jpeg_image"),
    (b"GIF8", "gif_image"),
    (b"II*\x00", "tiff_image"),
    (b"MM\x00*", "tiff_image"),
    (b"BM", "bitmap_image"),
    (b"RIFF", "media_file"),
    (b"\x1f\x8b", "gzip_archive"),
    (b"BZh", "bzip2_archive"),
    (b"\xfd7zXZ", "xz_archive"),
    (b"7z\xbc\xaf", "7_zip_archive"),
    (b"Rar!", "rar_archive"),
    (b"\x28\xb5\x2f\xfd", "zstd_archive"),
    (b"SQLite format 3", "database"),
    (b"\x7fELF", "program"),
    (b"MZ\x90", "program"),
    (b"{\\rtf", "word_processor_document"),
)
OLD_EXCEL = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
ENCRYPTED_EXCEL = "EncryptedPackage".encode("utf-16-le")
ZIP = b"PK\x03\x04"

MT940_FIELD = re.compile(
    r"^[ \t]*(?:\{[1-4]:.*)?:(?:20|25P?|28C?|60[FM]|61|62[FM]|64|65|86|34F|13D?|NS|940):",
    re.MULTILINE,
)
SWIFT_ENVELOPE = re.compile(r"\A\s*\{1:[A-Z0-9]{3}")
QIF_HEADER = re.compile(r"^[ \t]*!(?:type:|account|option:|clear:)", re.MULTILINE | re.IGNORECASE)
QIF_RECORD = re.compile(r"\A\s*(?:[DTUPMNLCASE$].*\n){2,12}\^", re.MULTILINE)
OFX_MARK = re.compile(
    r"^[ \t]*OFXHEADER[ \t]*:|<\?OFX\b|(?:^[ \t]*|>\s*)<OFX[\s>]|^[ \t]*<STMTTRN>",
    re.MULTILINE | re.IGNORECASE,
)
CAMT_MARK = re.compile(r"BkToCstmr|iso:20022:tech:xsd:camt\.05")
ISO_MESSAGE = re.compile(r"iso:20022:tech:xsd:([a-z]{4}\.\d{3})|<(?:\w+:)?(CstmrCdtTrfInitn)")
HTML_MARK = re.compile(
    r"\s*(?:<!--.{0,500}?-->\s*)?<(?:!doctype\s+html|html|head|body|table)\b", re.I | re.S
)
JSON_MARK = re.compile(r"\A\s*(?:\{\s*(?:\"|\})|\[\s*(?:\{|\[|\"|\]))")

# The order matters: a SWIFT envelope opens like JSON, and any format may contain ":61:".
TEXT_MARKS = (
    ("ofx", OFX_MARK),
    ("mt940", SWIFT_ENVELOPE),
    ("qif", QIF_HEADER),
    ("mt940", MT940_FIELD),
    ("qif", QIF_RECORD),
    ("json", JSON_MARK),
)


def detect_format(data: bytes) -> str:
    """The format's name, as in ``open_file``. Raises ``UnreadableFile`` if it is no statement."""
    refuse_empty(data)
    if own_csv.is_own(data):
        return own_csv.FORMAT
    if data.startswith(ZIP):
        return _detect_zip(data)
    _refuse_other_files(data)
    head = decode_statement(data[:HEAD_SIZE], "latin-1")
    if head.lstrip().startswith("<") and not OFX_MARK.search(head):
        return _detect_markup(head)
    found = next((name for name, mark in TEXT_MARKS if mark.search(head)), "csv")
    if found == "json":
        raise UnreadableFile(NoticeCode.JSON)
    return found


def _detect_zip(data: bytes) -> str:
    try:
        kind = xlsx_file.kind_of_zip(data)
    except (BadZipFile, ValueError, OSError, NotImplementedError):
        raise UnreadableFile(NoticeCode.ARCHIVE_DAMAGED) from None
    if kind == "xlsx":
        return "xlsx"
    if kind:
        raise UnreadableFile(NoticeCode.OTHER_DOCUMENT, kind=kind)
    raise UnreadableFile(NoticeCode.ZIP_ARCHIVE)


def _refuse_other_files(data: bytes) -> None:
    """Refuse files that are certainly not statements, naming what they are."""
    if data.startswith(OLD_EXCEL):
        if ENCRYPTED_EXCEL in data:
            raise UnreadableFile(NoticeCode.WORKBOOK_PROTECTED)
        raise UnreadableFile(NoticeCode.OLD_EXCEL)
    # Some programs write a few blank bytes before the PDF header, and PDF readers accept them.
    start = data[:64].lstrip()
    for signature, name in SIGNATURES:
        if start.startswith(signature) and _is_binary_or_named(signature, data):
            is_archive = name.endswith("_archive")
            code = NoticeCode.OTHER_ARCHIVE if is_archive else NoticeCode.OTHER_FILE
            raise UnreadableFile(code, kind=name)
    sample = data[:HEAD_SIZE]
    wide = data.startswith((b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff")) or _is_wide(sample)
    controls = sum(sample.count(code) for code in (*range(1, 9), *range(14, 27), *range(28, 32)))
    if not wide and controls > max(4, len(sample) // 50):
        raise UnreadableFile(NoticeCode.BINARY_FILE)
    text = decode_statement(sample, "latin-1")
    if len(text) * 2 < len(sample) and not wide and sample.count(0) > len(sample) * 0.55:
        raise UnreadableFile(NoticeCode.BINARY_FILE)


def _is_wide(sample: bytes) -> bool:
    """Detect UTF-16 without a mark in any script: decoded, it is nearly all readable lines."""
    even = sample[: len(sample) // 2 * 2]
    for encoding in ("utf-16-le", "utf-16-be"):
        text = even.decode(encoding, "replace")
        readable = sum(char.isprintable() or char in "\t\r\n" for char in text)
        if "\n" in text and text.isascii() is False and readable >= 0.98 * len(text):
            return sum(char.isascii() for char in text) >= 0.3 * len(text)
    return False


def _is_binary_or_named(signature: bytes, data: bytes) -> bool:
    """A two-letter signature could start a CSV heading, so binary bytes must follow it."""
    return len(signature) > 3 or any(byte > 126 or byte < 9 for byte in data[len(signature) : 64])


def _detect_markup(head: str) -> str:
    if CAMT_MARK.search(head):
        return "camt"
    if HTML_MARK.match(head):
        raise UnreadableFile(NoticeCode.WEB_PAGE)
    message = ISO_MESSAGE.search(head)
    if message:
        raise UnreadableFile(NoticeCode.OTHER_ISO_MESSAGE, message=message[1] or "pain.001")
    if "urn:schemas-microsoft-com:office:spreadsheet" in head:
        raise UnreadableFile(NoticeCode.EXCEL_XML)
    raise UnreadableFile(NoticeCode.OTHER_XML)


READERS: dict[str, Callable[[bytes], IncomingFile]] = {
    "ofx": ofx_file.read,
    "mt940": mt940_file.read,
    "camt": camt_file.read,
    own_csv.FORMAT: own_csv.read,
}


def open_file(data: bytes, mapping: CsvMapping | None = None) -> IncomingFile:
    """Open the file with its format's reader.

    ``mapping`` says how to read a table (CSV, XLSX) or the dates and amounts of a QIF file. Without
    one the reading is guessed, and open questions become warnings.
    """
    name = detect_format(data)
    if name == "xlsx":
        return xlsx_file.read(data, mapping)
    if name == "qif":
        return qif_file.read(data, mapping)
    if name != "csv":
        return READERS[name](data)
    warnings: list[Notice] = []
    if mapping is None:
        detection = csv_file.detect(data)
        mapping, warnings = detection.mapping, detection.notices
    file = csv_file.read(data, mapping)
    file.warnings.extend(warnings)
    return file
