"""`make files`: measure how well statement files are read.

Real files come from STATEMENTS_DIR, or from ../shared/statements if it exists. Invented and mutated
files are generated from a seed that is printed (SEED=, COUNT=).
"""

import csv
import io
import os
import sys
from collections import Counter
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from random import Random

from transactions.models.notices import notice_text, notice_texts
from transactions.sources.files import csv_file, detection, qif_file
from transactions.sources.files.incoming import (
    IncomingFile,
    IncomingTransaction,
    UnreadableFile,
    UnusableRow,
)
from transactions.sources.files.reading_context import NOTHING_KNOWN, ReadingContext
from transactions.tests.bank_layouts import LAYOUTS, Layout, fill, vary
from transactions.tests.invented_banks import COUNTRIES
from transactions.tests.invented_files import InventedFile, invent
from transactions.tests.mutated_files import Mutant, Source, mutate, source_of

EXACT, ASKED, REFUSED, PART, WRONG = "exact", "asked", "refused", "in part", "wrong"
RESULTS = (EXACT, ASKED, REFUSED, PART, WRONG)
# Expected results for files whose manifest counts lines that aren't payments.
STRICT = {
    "bank2ynab__test_row_format_CD_flag.csv": (70, Decimal("-4441.16")),
    "bsparser__csv_garbled_amount.csv": (1, Decimal("100.00")),
}


def context_of(country: str, account_type: str = "checking") -> ReadingContext:
    """An account at a bank of this country and an owner who lives there."""
    home = next((place for place in COUNTRIES if place.code == country), None)
    if home is None:
        return NOTHING_KNOWN
    return ReadingContext(
        currency=home.currency,
        account_type=account_type,
        locale=f"{home.language}-{home.code}",
        time_zone=home.time_zone,
    )


def result_of(
    data: bytes,
    count: int,
    total: Decimal | None,
    context: ReadingContext,
    days: list | None = None,
) -> tuple[str, str]:
    """The result of reading a file without help, and why it isn't exact."""
    try:
        doubts, file = _opened(data, context)
        rows = list(file.rows)
    except UnreadableFile as error:
        return (EXACT if count == 0 else REFUSED), notice_texts(error.notices)
    if doubts:
        return ASKED, notice_texts(question for _name, question in doubts)
    good = [row for row in rows if isinstance(row, IncomingTransaction)]
    bad = [row for row in rows if isinstance(row, UnusableRow)]
    found = sum((row.amount for row in good), Decimal(0))
    read = sorted((row.txn_date, row.amount) for row in good)
    is_right = len(good) == count and total in (None, found) and days in (None, read)
    if is_right:
        return EXACT, ""
    why = notice_text(bad[0].error) if bad else ""
    words = f"{len(good)} of {count} lines, sum {found} for {total}. {why}"
    return (PART if bad and len(good) < count else WRONG), words


def _opened(data: bytes, context: ReadingContext) -> tuple[list, IncomingFile]:
    kind = detection.detect_format(data)
    if kind == "csv":
        found = csv_file.detect(data, context)
        return found.doubts, csv_file.read(data, found.mapping)
    if kind == "qif":
        found = qif_file.detect(data, context)
        return found.doubts, detection.open_file(data, found.mapping)
    return [], detection.open_file(data)


def corpus() -> list[dict[str, str]]:
    """The rows of the corpus's manifest, each with its folder; empty without a corpus."""
    named = os.environ.get("STATEMENTS_DIR", "")
    folder = Path(named or Path(__file__).parents[3] / "shared" / "statements")
    if not (folder / "manifest.tsv").is_file():
        return []
    with (folder / "manifest.tsv").open(encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))
    return [{**row, "path": str(folder / row["file"])} for row in rows]


def country_of(row: dict[str, str]) -> str:
    """The bank's country by the manifest; the US for dollars without a country."""
    words = [word.strip("()") for word in row["bank_or_country"].split()]
    codes = {country.code for country in COUNTRIES}
    named = next((("GB" if word == "UK" else word) for word in words if word in codes | {"UK"}), "")
    has_dollars = b"$" in Path(row["path"]).read_bytes()
    return named or ("US" if has_dollars else "")


def measure_corpus() -> None:
    table: dict[str, Counter[str]] = {}
    notes = []
    for row in corpus():
        name = Path(row["file"]).name
        count = row["expected_transactions"]
        total = Decimal(row["expected_sum"]) if row["expected_sum"] else None
        if not count.isdigit():
            continue
        expected = STRICT.get(name, (int(count), total))
        data = Path(row["path"]).read_bytes()
        result, words = result_of(data, *expected, context_of(country_of(row)))
        table.setdefault(row["format"], Counter())[result] += 1
        if result != EXACT:
            notes.append(f"  {result:8} {row['file']}: {words}")
    show("Real files, an account of the bank's own country", table)
    print("\n".join(notes))


def corpus_sources() -> list[tuple[Source, str]]:
    """The real CSV files that are read exactly, as tables that can be rewritten."""
    found = []
    for row in corpus():
        count = row["expected_transactions"]
        if row["format"] != "csv" or not count.isdigit() or int(count) < 1:
            continue
        data = Path(row["path"]).read_bytes()
        total = Decimal(row["expected_sum"])
        context = context_of(country_of(row))
        if result_of(data, int(count), total, context)[0] != EXACT:
            continue
        mapping = csv_file.detect(data, context).mapping
        text = data.decode(row["encoding"]).replace("\r\r\n", "\n")
        rows = list(csv.reader(io.StringIO(text), delimiter=row["delimiter"]))
        if mapping.header_line > len(rows):
            continue  # a multi-line cell above the table
        source = Source(
            row["file"], rows, mapping.header_line - 1, row["decimal_mark"], int(count), total
        )
        found.append((source, country_of(row)))
    return found


def show(title: str, table: dict[str, Counter[str]]) -> None:
    print(f"\n{title}")
    print(f"{'':12}{'files':>7}" + "".join(f"{name:>10}" for name in RESULTS))
    for kind, counts in table.items():
        cells = "".join(f"{counts[name]:>10}" for name in RESULTS)
        print(f"{kind:12}{counts.total():>7}{cells}")


def invented_results(random: Random, count: int) -> Iterable[tuple[str, str, InventedFile]]:
    for _ in range(count):
        file = invent(random)
        total = sum((payment.amount for payment in file.payments), Decimal(0))
        days = sorted((payment.on, payment.amount) for payment in file.payments)
        context = context_of(file.country.code, file.account_type)
        result, words = result_of(file.data, len(file.payments), total, context, days)
        if result == ASKED and not file.is_told:
            result = EXACT  # the file doesn't say, so asking is right
        yield result, words, file


def mutant_results(random: Random, count: int) -> Iterable[tuple[str, str, Mutant]]:
    """Mutations of real and invented files, alternating."""
    real = corpus_sources()
    for number in range(count):
        if real and number % 2:
            source, country = random.choice(real)
            context = context_of(country)
        else:
            file = invent(random)
            source = source_of(file)
            context = context_of(file.country.code, file.account_type)
        mutant = mutate(source, random)
        result, words = result_of(mutant.data, mutant.count, mutant.total, context, mutant.days)
        yield result, words, mutant


def layout_results(random: Random, count: int) -> Iterable[tuple[str, str, Layout]]:
    """Tables of banks the reader was not built on, each varied."""
    for number in range(count):
        layout = vary(LAYOUTS[number % len(LAYOUTS)], random)
        try:
            filled = fill(layout, random)
        except UnicodeEncodeError:
            continue  # the words of this bank are not in that encoding
        total = sum((amount for _, amount in filled.payments), Decimal(0))
        days = sorted(filled.payments)
        result, words = result_of(filled.data, len(days), total, layout.context(), days)
        is_right = result in (ASKED, REFUSED) and not layout.is_told
        yield (EXACT if is_right else result), words, layout


def main() -> int:
    seed = int(os.environ.get("SEED", "20261128"))
    count = int(os.environ.get("COUNT", "3000"))
    measure_corpus()
    wrong = []
    tables = {"layouts": Counter(), "invented": Counter(), "mutated": Counter()}
    for result, words, layout in layout_results(Random(seed), count // 4):
        tables["layouts"][result] += 1
        if result == WRONG:
            wrong.append((layout.name, [layout.date, layout.number, layout.negative], words))
    for result, words, file in invented_results(Random(seed), count // 5):
        tables["invented"][result] += 1
        if result == WRONG:
            wrong.append((file.name, file.traits, words))
    for result, words, mutant in mutant_results(Random(seed), count):
        tables["mutated"][result] += 1
        if result == WRONG:
            wrong.append((mutant.name, mutant.done, words))
    show(f"Layouts of banks, invented and mutated files, SEED={seed} COUNT={count}", tables)
    for name, done, words in wrong[:40]:
        print(f"  wrong    {name}: {', '.join(done)}: {words}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
