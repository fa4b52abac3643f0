"""Small tables of banks that the reader was not built on: right, asked, or refused with the
reason.

Most were written with their answers before the reader saw them. Where both reading and asking are
right, the answer is what the reader did.
"""

import json
import re
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from transactions.services.import_reading import examine, open_lines
from transactions.sources.files.incoming import IncomingTransaction, UnusableRow
from transactions.sources.files.reading_context import ReadingContext
from transactions.tests.statement_files import refused

pytestmark = pytest.mark.once

_FILE = Path(__file__).parent / "samples" / "tables.json"
TABLES = {table["name"]: table for table in json.loads(_FILE.read_text(encoding="utf-8"))}


def of_kind(kind: str) -> list[str]:
    return [name for name, table in TABLES.items() if kind in table]


def content_of(table: dict) -> bytes:
    return table["text"].encode(table.get("encoding", "utf-8"))


def context_of(table: dict) -> ReadingContext:
    return ReadingContext(*table["context"], today=date(2026, 11, 29))


@pytest.mark.parametrize("name", of_kind("amounts"))
def test_table_that_tells_its_reading_is_read_without_a_question(name):
    table = TABLES[name]
    detection = examine(content_of(table), context_of(table)).detection
    assert detection.doubts == []
    rows = list(open_lines(content_of(table), "csv", detection.mapping).rows)
    lines = [row for row in rows if isinstance(row, IncomingTransaction)]
    assert [line.amount for line in lines] == list(map(Decimal, table["amounts"]))
    assert "days" not in table or [str(line.txn_date) for line in lines] == table["days"]
    unusable = sum(isinstance(row, UnusableRow) for row in rows)
    assert unusable == table.get("unusable", 0)


@pytest.mark.parametrize("name", of_kind("asked"))
def test_table_with_several_readings_raises_a_question(name):
    table = TABLES[name]
    detection = examine(content_of(table), context_of(table)).detection
    assert [field for field, _sentence in detection.doubts] == table["asked"]
    assert len(detection.readings) > 1


@pytest.mark.parametrize("name", of_kind("refused"))
def test_table_that_cannot_be_read_says_why(name):
    table = TABLES[name]
    with refused(f"^{re.escape(table['refused'])}$"):
        examine(content_of(table), context_of(table))
