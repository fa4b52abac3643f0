"""Any bytes uploaded as a CSV file are either read or rejected with a message."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.depth import up_to
from transactions.sources.files.csv_file import CsvMapping, detect, detect_table, read, read_table
from transactions.sources.files.incoming import IncomingTransaction, UnreadableFile
from transactions.sources.files.text_encoding import ENCODINGS

SAMPLES = Path(__file__).parent / "samples" / "csv"
A_MAPPING = CsvMapping(
    txn_date=0, date_format="%Y-%m-%d", amount=2, description=(1,), header_line=1
)

SEEDS = [path.read_bytes() for path in sorted(SAMPLES.iterdir())]


def read_or_refuse(data: bytes, **changes) -> None:
    """Read what can be read; only ``UnreadableFile`` may be raised."""
    try:
        mapping = replace(detect(data).mapping, **changes)
    except UnreadableFile:
        mapping = replace(A_MAPPING, **changes)
    assert CsvMapping.from_json(mapping.as_json()) == mapping
    try:
        rows = list(read(data, mapping).rows)
    except UnreadableFile:
        return
    for row in rows:
        assert "\x00" not in row.raw
        row.raw.encode()
        if isinstance(row, IncomingTransaction):
            assert row.amount.is_finite()
            assert 0 < abs(row.amount) < 10**12


@pytest.mark.search
@settings(
    max_examples=up_to(150, quick=50), deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
@given(st.binary(max_size=2000))
def test_random_bytes_raise_only_unreadable_file(data):
    read_or_refuse(data)


@st.composite
def damaged_samples(draw):
    data = bytearray(draw(st.sampled_from(SEEDS)))
    for _ in range(draw(st.integers(1, 6))):
        place = draw(st.integers(0, len(data)))
        length = draw(st.integers(0, 12))
        data[place : place + length] = draw(
            st.one_of(
                st.binary(max_size=8),
                st.sampled_from([b'"', b";", b",", b"\r", b"\n", b"\x00", b"\xff", b"-", b"1e9"]),
                st.text(max_size=5).map(lambda text: text.encode("utf-8", "surrogatepass")),
            )
        )
    return bytes(data)


@pytest.mark.search
@pytest.mark.slow
@settings(
    max_examples=up_to(250, quick=60), deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
@given(damaged_samples())
def test_damaged_files_raise_only_unreadable_file(data):
    read_or_refuse(data)


@pytest.mark.search
@settings(max_examples=up_to(100, quick=40), deadline=None)
@given(st.lists(st.lists(st.text(max_size=12), max_size=6), max_size=12))
def test_any_text_table_is_read_or_rejected(rows):
    try:
        mapping = detect_table(rows).mapping
    except UnreadableFile:
        mapping = A_MAPPING
    list(read_table(rows, mapping).rows)


@pytest.mark.search
@pytest.mark.slow
@settings(
    max_examples=up_to(100, quick=40), deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
@given(damaged_samples(), st.sampled_from(ENCODINGS))
def test_wrong_encoding_raises_only_unreadable_file(data, encoding):
    read_or_refuse(data, encoding=encoding)
