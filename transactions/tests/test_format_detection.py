import gzip
import json
import re
import time
import zipfile
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from transactions.models.notices import notice_texts
from transactions.sources.files.detection import detect_format, open_file
from transactions.sources.files.incoming import UnreadableFile
from transactions.tests.statement_files import (
    CORPUS_DIR,
    REAL_FILES,
    SAMPLES,
    refused,
    refused_or_read,
    sample,
)
from transactions.tests.test_xlsx_file import STATEMENT

pytestmark = pytest.mark.once

CSV = b"Date,Description,Amount\n2026-01-30,Tea,-2.50\n2026-01-31,Salary,1000.00\n"


def zip_of(**members: bytes) -> bytes:
    stream = BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "/").replace("_xml", ".xml"), content)
    return stream.getvalue()


def own_samples() -> list[Path]:
    return [path for kind in ("ofx", "qif", "mt940", "camt") for path in (SAMPLES / kind).iterdir()]


def all_real_files() -> list[Path]:
    if not CORPUS_DIR:
        return []
    # Ten lines with one number each and a lone ":NS:": neither MT940 nor CSV.
    return [
        path
        for kind in ("csv", "ofx", "qif", "mt940", "camt")
        for path in sorted((REAL_FILES / kind).glob("*"))
        if "invalid_statement" not in path.name
    ]


@pytest.mark.parametrize("path", own_samples(), ids=lambda path: path.name)
def test_sample_format_is_detected_from_its_content(path):
    assert detect_format(path.read_bytes()) == path.parent.name


@pytest.mark.corpus
@pytest.mark.parametrize("path", all_real_files(), ids=lambda path: path.name)
def test_real_file_format_is_detected_from_its_content(path):
    try:
        assert detect_format(path.read_bytes()) == path.parent.name
    except UnreadableFile as refusal:
        pytest.fail(notice_texts(refusal.notices))


@pytest.mark.parametrize("path", own_samples(), ids=lambda path: path.name)
def test_open_file_uses_the_reader_of_the_format(path):
    file = open_file(path.read_bytes())
    assert file.format == path.parent.name
    assert list(file.rows)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize(
    "name", ["ofx/checking_sgml.ofx", "qif/quicken_us.qif", "camt/statement_v8.xml"]
)
def test_wide_characters_and_byte_order_marks_do_not_hide_the_format(name, encoding):
    data = sample(name).decode().encode(encoding)
    assert detect_format(data) == name.partition("/")[0]


def test_tag_inside_a_cell_does_not_change_the_format():
    data = b"Date,Text,Amount\n2026-01-01,<OFX> and :61:,-1.00\n2026-01-02,!Type:Bank,2.00\n"
    assert detect_format(data) == "csv"


def test_tables_are_read_with_and_without_a_mapping():
    assert detect_format(CSV) == "csv"
    assert len(list(open_file(CSV).rows)) == 2
    assert detect_format(STATEMENT) == "xlsx"
    assert len(list(open_file(STATEMENT).rows)) == 3


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "The file is empty."),
        (b" \r\n\t\n", "The file is empty."),
        (b"\xef\xbb\xbf", "The file is empty."),
        (b"\x00" * 5000, "The file is empty."),
        (b"%PDF-1.7\n%\xe2\xe3", "This is a PDF document. Export the statement as CSV, OFX"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "This is a PNG image."),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF", "This is a JPEG image."),
        (gzip.compress(CSV, mtime=0), "This is a gzip archive. Unpack it"),
        (zip_of(statement=CSV), "This is a ZIP archive. Unpack it"),
        (zip_of(word__document_xml=b""), "This is a Word document. Save it as CSV or XLSX"),
        (zip_of(mimetype=b"", content_xml=b""), "This is an OpenDocument file. Save it as"),
        (b"PK\x03\x04broken", "This archive or workbook is damaged."),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 600, "This is an old Excel workbook"),
        (b"<!DOCTYPE html><html><body>Sign in", "This is a web page, not a statement"),
        (b"\n<html lang='en'>", "This is a web page, not a statement"),
        (json.dumps({"accounts": [1]}).encode(), "This is JSON, not a bank statement."),
        (json.dumps([{"a": 1}]).encode(), "This is JSON, not a bank statement."),
        (b"<?xml version='1.0'?><rss/>", "This XML is not a bank statement."),
        (
            b'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.001.001.03"/>',
            "This is an ISO 20022 message (pain.001), but not a statement.",
        ),
        (bytes(range(256)) * 50, "This is a binary file, not a bank statement."),
    ],
)
def test_other_file_types_are_named(data, sentence):
    with refused(re.escape(sentence)):
        open_file(data)


def test_encrypted_workbook_is_distinguished_from_an_old_one():
    data = (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 512 + "EncryptedPackage".encode("utf-16-le")
    )
    with refused("password"):
        open_file(data)


@pytest.mark.parametrize(
    "data",
    [
        b"\n" * 500_000,
        b" " * 500_000 + b"x",
        b"<" * 500_000,
        b"{1:" * 200_000,
        b"<!--" * 200_000,
        b"D1\n" * 200_000,
        b":61:" * 200_000,
        b"[" * 500_000,
        b"<a>" * 300_000,
        b'<!DOCTYPE a [<!ENTITY b "c">]><BkToCstmrStmt>' + b"&b;" * 100_000,
    ],
)
def test_hostile_repetition_is_little_work(data):
    """CPU time, not wall-clock time; quadratic code would take minutes."""
    begun = time.thread_time()
    refused_or_read(lambda: open_file(data))
    assert time.thread_time() - begun < 10


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=400))
@example(b"PK\x03\x04")
@example(b"<OFX>")
@example(b":61:")
@example(b"!Type:Bank\nD\nT\n^")
def test_random_bytes_raise_only_unreadable_file(data):
    refused_or_read(lambda: open_file(data))


@pytest.mark.slow
@settings(max_examples=100, deadline=None)
@given(
    st.sampled_from([b"<OFX><STMTTRN>", b"!Type:Bank\n", b":20:1\n:61:", b"<BkToCstmrStmt>"]),
    st.binary(max_size=200),
)
def test_random_bytes_after_a_valid_start_raise_only_unreadable_file(beginning, data):
    refused_or_read(lambda: open_file(beginning + data))
