"""The project's own samples, and real banks' files where the shared folder is there."""

import csv
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from transactions.sources.files.incoming import (
    IncomingFile,
    IncomingTransaction,
    UnreadableFile,
    UnusableRow,
)

SAMPLES = Path(__file__).parent / "samples"
REAL_FILES = Path(__file__).parents[3] / "shared" / "statements"


def sample(name: str) -> bytes:
    return (SAMPLES / name).read_bytes()


def transactions_of(file: IncomingFile) -> list[IncomingTransaction]:
    return [row for row in file.rows if isinstance(row, IncomingTransaction)]


def split_rows(file: IncomingFile) -> tuple[list[IncomingTransaction], list[UnusableRow]]:
    rows = list(file.rows)
    return (
        [row for row in rows if isinstance(row, IncomingTransaction)],
        [row for row in rows if isinstance(row, UnusableRow)],
    )


def total(transactions: list[IncomingTransaction]) -> Decimal:
    return sum((transaction.amount for transaction in transactions), Decimal(0))


def refused_or_read(open_it: Callable[[], IncomingFile]) -> None:
    """Whatever the bytes are: rows to the end, or a sentence."""
    sentence = ""
    try:
        rows = list(open_it().rows)
    except UnreadableFile as error:
        rows, sentence = [], str(error)
    assert sentence == "" or sentence.endswith(".")
    assert all(isinstance(row, IncomingTransaction | UnusableRow) for row in rows)


def real_files(kind: str, refused: dict[str, int]) -> list:
    """(path, transactions, sum) of each real file; ``refused`` files must read to no line."""
    manifest = REAL_FILES / "manifest.tsv"
    if not manifest.exists():
        return [pytest.param(None, marks=pytest.mark.skip("no shared/statements here"))]
    with manifest.open(encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))
    found = []
    for row in rows:
        name = row["file"]
        if row["format"] != kind or name.endswith(tuple(refused)):
            continue
        expected = (name, int(row["expected_transactions"]), Decimal(row["expected_sum"]))
        found.append(pytest.param(expected, id=Path(name).name))
    return found
