"""The project's own samples, and an optional corpus of real bank files.

STATEMENTS_DIR names the corpus: a folder of files with a manifest.tsv. Tests that use it are marked
`corpus`; without it, the suite runs with the samples.
"""

import csv
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

import pytest

from transactions.models.notices import notice_texts
from transactions.sources.files.incoming import (
    IncomingFile,
    IncomingTransaction,
    UnreadableFile,
    UnusableRow,
)

SAMPLES = Path(__file__).parent / "samples"
CORPUS_DIR = os.environ.get("STATEMENTS_DIR", "")
REAL_FILES = Path(CORPUS_DIR)


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


@contextmanager
def refused(words: str) -> Iterator[None]:
    """The file is refused in a sentence that has these words (a pattern)."""
    with pytest.raises(UnreadableFile) as refusal:
        yield
    sentence = notice_texts(refusal.value.notices)
    assert re.search(words, sentence), sentence
    assert sentence.endswith(".")


def refused_or_read(open_it: Callable[[], IncomingFile]) -> None:
    """Read any bytes: all rows, or an error message."""
    sentence = ""
    try:
        rows = list(open_it().rows)
    except UnreadableFile as error:
        rows, sentence = [], notice_texts(error.notices)
    assert sentence == "" or sentence.endswith(".")
    assert all(isinstance(row, IncomingTransaction | UnusableRow) for row in rows)


def manifest_rows(kind: str) -> list[dict[str, str]]:
    """The manifest's rows for one format; empty without a corpus."""
    if not CORPUS_DIR:
        return []
    with (REAL_FILES / "manifest.tsv").open(encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))
    return [row for row in rows if row["format"] == kind]


def real_files(kind: str, refused: dict[str, int]) -> list:
    """(path, transactions, sum) of each real file; ``refused`` files must not yield any line."""
    found = []
    for row in manifest_rows(kind):
        name = row["file"]
        if name.endswith(tuple(refused)):
            continue
        expected = (name, int(row["expected_transactions"]), Decimal(row["expected_sum"]))
        found.append(pytest.param(expected, id=Path(name).name))
    return found
