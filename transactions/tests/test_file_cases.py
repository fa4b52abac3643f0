"""CSV files of every kind that once was read wrong, in two variants: what is asked and read.

`samples/csv_cases.jsonl` has one file a line: its owner's account, its text, the open questions,
and the lines of the likeliest reading.
"""

import json
from pathlib import Path

import pytest

from transactions.sources.files import csv_file
from transactions.sources.files.incoming import IncomingTransaction
from transactions.sources.files.reading_context import ReadingContext

pytestmark = pytest.mark.once

CASES = [
    json.loads(line)
    for line in (Path(__file__).parent / "samples/csv_cases.jsonl").read_text("utf-8").splitlines()
]


@pytest.mark.parametrize("example", CASES, ids=[example["case"] for example in CASES])
def test_file_is_read_or_asked_about_as_expected(example):
    data = example["text"].encode()
    detection = csv_file.detect(data, ReadingContext(*example["owner"]))
    rows = csv_file.read(data, detection.mapping).rows
    read = [
        [row.txn_date.isoformat(), str(row.amount), row.merchant or row.description]
        for row in rows
        if isinstance(row, IncomingTransaction)
    ]
    assert {name for name, _ in detection.doubts} == set(example["asks"])
    assert read == example["reads"]
