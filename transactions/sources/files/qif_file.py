"""Quicken Interchange Format: records of one-letter lines, each ending with "^".

QIF names no currency, date order or character set. The file as a whole decides, and a warning
states what remains open.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date

from transactions.sources.files.account_kinds import CHECKING, QIF_TYPES
from transactions.sources.files.account_parts import PartNames
from transactions.sources.files.csv_columns import Column, decimal_mark_of, has_unclear_marks
from transactions.sources.files.csv_mapping import CsvMapping, Detection, Doubt
from transactions.sources.files.csv_marks import likely_marks, mark_by_use
from transactions.sources.files.csv_question import add_readings, lines_of
from transactions.sources.files.dates import parse_date, styles_like
from transactions.sources.files.decoding import decode_statement
from transactions.sources.files.incoming import (
    IncomingFile,
    IncomingTransaction,
    StatementPart,
    UnreadableFile,
    UnusableRow,
)
from transactions.sources.files.notices import Notice, NoticeCode
from transactions.sources.files.reading_context import NOTHING_KNOWN, ReadingContext
from transactions.sources.files.statement_parts import (
    NO_DESCRIPTION,
    RowError,
    amount_in_file,
    describe_parts,
    join_text,
    merchant_name,
    raw_line,
)
from transactions.sources.files.values import clean_text

MONEY_SECTIONS = {"bank", "cash", "ccard", "oth a", "oth l", "oth s"}
HEADER = re.compile(r"!(type|account|option|clear)\b:?\s*(.*)", re.IGNORECASE)
NUMERIC_DATE = re.compile(r"([0-9]{1,4})[-/.]([0-9]{1,2})[-/.]([0-9]{1,4})")
TIME_OF_DAY = re.compile(r"(?<=[0-9])[T ]+[0-9]{1,2}:[0-9]{2}.*$")
# Days in words and without separators show their own order.
WORDED_STYLES = ("%d %b %Y", "%b %d %Y", "%d %b %y", "%b %d %y", "%Y %b %d")
# Quicken is American; anyone exporting 03/04 from elsewhere sees a warning to check the dates.
DEFAULT_STYLE = "%m-%d-%Y"
DAY_FIRST, MONTH_FIRST, YEAR_FIRST = "%d-%m-%Y", "%m-%d-%Y", "%Y-%m-%d"
NAMED_ORDERS = {"dmy": DAY_FIRST, "mdy": MONTH_FIRST, "ymd": YEAR_FIRST}
DEFAULT_MARK = "."
FEWEST_VOTES = 3
LINES_TRIED = 2000
LONGEST_SPLIT_NOTE = 20


@dataclass(slots=True)
class Record:
    """The lines of one record up to "^"."""

    section: str
    account: str
    line_number: int
    account_type: str = ""
    lines: list[str] = field(default_factory=list)
    is_closed: bool = False

    @property
    def kind(self) -> str:
        """The kind of its account. Some programs write every section as "Bank"."""
        section = QIF_TYPES.get(self.section, "")
        named = QIF_TYPES.get(self.account_type, "")
        return named or section if section in ("", CHECKING) else section

    def value(self, letter: str) -> str:
        """The first line with this letter; a second D or M belongs to a split."""
        return next((line[1:].strip() for line in self.lines if line[0] == letter), "")


def detect(data: bytes, context: ReadingContext = NOTHING_KNOWN) -> Detection:
    """Find the order of the dates and the decimal mark, with a question for what stays open.

    The file's own dates and figures prove them, or it names the order; the account's currency and
    the owner's region settle the order where they agree.
    """
    lines = _lines_of(data)
    records = [record for record in _records(lines) if record.section in MONEY_SECTIONS]
    style, is_settled = _date_style([record.value("D") for record in records], lines, context)
    detection = Detection(
        CsvMapping(txn_date=0, amount=0, date_format=style), ["QIF"], [], is_table=False
    )
    detection.alternatives["date_format"] = [DAY_FIRST, MONTH_FIRST]
    if all(day == month for day, month in _pairs(record.value("D") for record in records)):
        detection.untested.add("date_format")
    if not is_settled:
        choices = [style, MONTH_FIRST if style == DAY_FIRST else DAY_FIRST]
        question = Notice(NoticeCode.ASK_DATE_ORDER)
        detection.doubt(Doubt("date_format", question, choices, _why_likely(style, context)))
    amounts = [_amount_text(record) for record in records]
    mark = decimal_mark_of([_column(amounts)])
    if not mark and not has_unclear_marks([_column(amounts)]):
        mark = DEFAULT_MARK
        detection.untested.add("decimal_mark")
    mark = mark or mark_by_use([_column(amounts)], context.currency, context)
    if not mark:
        choices, because = likely_marks([_column(amounts)], context.currency, context)
        question = Notice(NoticeCode.ASK_DECIMAL_MARK)
        detection.doubt(Doubt("decimal_mark", question, choices, because))
        mark = choices[0]
    detection.mapping = replace(detection.mapping, decimal_mark=mark)
    add_readings(detection, lambda mapping: lines_of(_rows(lines[:LINES_TRIED], mapping)))
    return detection


def _amount_text(record: Record) -> str:
    return record.value("T") or record.value("U")


def _column(amounts: list[str]) -> Column:
    return Column(0, "", amounts)


def _lines_of(data: bytes) -> list[str]:
    lines = decode_statement(data).split("\n")
    has_header = any(HEADER.match(line.lstrip()) for line in lines)
    if not has_header and "^" not in {line.strip() for line in lines}:
        raise UnreadableFile(NoticeCode.NOT_QIF)
    return lines


def read(data: bytes, mapping: CsvMapping | None = None) -> IncomingFile:
    """Open a QIF file with ``mapping``, or with a guess and warnings if there is none."""
    lines = _lines_of(data)
    parts: dict[str, StatementPart] = {}
    file = IncomingFile(format="qif", rows=iter(()))
    investment_count = 0
    opening_count = 0
    last = None
    for last in _records(lines):
        if last.section not in MONEY_SECTIONS:
            investment_count += last.section == "invst"
            file.skipped_count += 1
            continue
        part = parts.setdefault(last.account, StatementPart(last.account, kind=last.kind))
        part.line_count += 1
        opening_count += _is_opening_balance(last)
    describe_parts(file, list(parts.values()))
    if mapping is None:
        detection = detect(data)
        mapping = detection.mapping
        file.warnings.extend(detection.notices)
    _warn(file, investment_count, bool(parts), last)
    if opening_count:
        file.warnings.append(Notice(NoticeCode.OPENING_LINES, {"count": opening_count}))
    file.rows = _rows(lines, mapping)
    return file


def _warn(
    file: IncomingFile, investment_count: int, has_transactions: bool, last: Record | None
) -> None:
    if investment_count:
        file.warnings.append(Notice(NoticeCode.INVESTMENT_LINES, {"count": investment_count}))
    if not has_transactions:
        file.warnings.append(Notice(NoticeCode.NO_TRANSACTIONS, {"format": "QIF"}))
    elif last and not last.is_closed:
        file.warnings.append(Notice(NoticeCode.LAST_RECORD_OPEN))


class QifWalk:
    """Tracks the section and account of the next record."""

    def __init__(self) -> None:
        self.section, self.account, self.account_type = "bank", "", ""
        self._in_account_list = False

    def header(self, kind: str, name: str) -> None:
        if name == "autoswitch":
            self._in_account_list, self.account, self.account_type = kind == "option", "", ""
        elif kind == "type":
            self.section = name
        elif kind == "account":
            self.section = "account"

    def finish(self, record: Record | None) -> Iterator[Record]:
        """Yield the record, or remember the account it names for the records that follow."""
        if record and record.section != "account":
            yield record
        elif record:
            is_listed = self._in_account_list
            self.account = "" if is_listed else clean_text(record.value("N"))
            self.account_type = "" if is_listed else record.value("T").lower()


def _records(lines: list[str]) -> Iterator[Record]:
    """The records of every section except those that name accounts."""
    walk = QifWalk()
    record: Record | None = None
    for number, line in enumerate(lines, start=1):
        text = line.strip()
        header = HEADER.match(text)
        if header or text == "^":
            if record:
                record.is_closed = not header
            yield from walk.finish(record)
            record = None
            if header:
                walk.header(header[1].lower(), header[2].strip().lower())
        elif text and (record or not text.startswith("#")):
            record = record or Record(walk.section, walk.account, number, walk.account_type)
            record.lines.append(text)
    yield from walk.finish(record)


def _is_opening_balance(record: Record) -> bool:
    """Whether this is Quicken's first record of an account, a transfer to itself."""
    is_named = record.value("P").lower() == "opening balance"
    return is_named and record.value("L").startswith("[") and bool(record.value("T").strip("0.,"))


def _date_style(dates: list[str], lines: list[str], context: ReadingContext) -> tuple[str, bool]:
    """(date style, whether the file or what is known of its owner settles it)."""
    pairs = _pairs(dates)
    first = max((pair[0] for pair in pairs), default=0)
    second = max((pair[1] for pair in pairs), default=0)
    named = _named_order(lines)
    if first > 31:
        return YEAR_FIRST, True
    if first > 12 >= second:
        return DAY_FIRST, True
    if second > 12 or all(day == month for day, month in pairs):
        return MONTH_FIRST, True
    if named:
        return named, True
    if not any("/" in text or "-" in text for text in dates):  # nobody writes month.day
        return DAY_FIRST, True
    return _likely_order(context)


def _pairs(dates: Iterable[str]) -> set[tuple[int, int]]:
    """The first two numbers of each date that doesn't begin with its year."""
    matches = [NUMERIC_DATE.fullmatch(_normal_date(text)) for text in dates]
    return {(int(match[1]), int(match[2])) for match in matches if match and len(match[1]) < 3}


def _named_order(lines: list[str]) -> str:
    """The order named by "!Option:DMY"; "" if no option names one."""
    for line in lines:
        header = HEADER.match(line.strip())
        if header and header[1].lower() == "option" and header[2].strip().lower() in NAMED_ORDERS:
            return NAMED_ORDERS[header[2].strip().lower()]
    return ""


def _likely_order(context: ReadingContext) -> tuple[str, bool]:
    """The likelier order, and whether currency, region and time zone agree on it."""
    votes = context.month_first_votes()
    if len(votes) >= FEWEST_VOTES and len(set(votes)) == 1:
        return (MONTH_FIRST if votes[0] else DAY_FIRST), True
    earlier = context.earlier.get("date_format")
    if earlier in (DAY_FIRST, MONTH_FIRST):
        return earlier, False
    return (DAY_FIRST if len(votes) > 1 and not any(votes) else DEFAULT_STYLE), False


def _why_likely(style: str, context: ReadingContext) -> Notice | None:
    if style == context.earlier.get("date_format"):
        return Notice(NoticeCode.AS_WRITTEN_BEFORE)
    if style == MONTH_FIRST:
        return Notice(NoticeCode.QUICKEN)
    return context.why_this_order(month_first=False)


def _normal_date(text: str) -> str:
    """Write "1/ 1'01 10:15" as "1/1/01"; Quicken marks years from 2000 on with an apostrophe."""
    day = TIME_OF_DAY.sub("", text)
    return day.replace(" ", "").replace("'", "/").replace("’", "/")


def _rows(lines: list[str], mapping: CsvMapping) -> Iterator[IncomingTransaction | UnusableRow]:
    names = PartNames()
    for record in _records(lines):
        if record.section not in MONEY_SECTIONS:
            continue
        raw = raw_line("\n".join(record.lines))
        try:
            yield _transaction(record, raw, mapping, names)
        except RowError as error:
            part = names.of(record.account)
            yield UnusableRow(record.line_number, raw, error.notice, error.attr, part)


def _transaction(
    record: Record, raw: str, mapping: CsvMapping, names: PartNames
) -> IncomingTransaction:
    txn_date = _date(record.value("D"), mapping.date_format)
    text = _amount_text(record)
    if not text:
        raise RowError(NoticeCode.AMOUNT_MISSING, "amount")
    try:
        amount = amount_in_file(text, mapping.decimal_mark)
    except RowError as error:
        raise error.at("amount") from None
    payee, number = record.value("P"), record.value("N")
    category, notes = _category(record)
    words = join_text((payee, record.value("M"))) or join_text((number, record.value("L")))
    return IncomingTransaction(
        row_number=record.line_number,
        txn_date=txn_date,
        amount=amount,
        description=words or NO_DESCRIPTION,
        raw=raw,
        merchant=merchant_name(payee),
        category=category,
        notes=notes,
        part=names.of(record.account),
    )


def _date(text: str, style: str) -> date:
    if not text:
        raise RowError(NoticeCode.DATE_MISSING, "txn_date")
    match = NUMERIC_DATE.fullmatch(_normal_date(text))
    try:
        if not match:
            like = set(styles_like(text))
            worded = next((style for style in WORDED_STYLES if style in like), WORDED_STYLES[0])
            return parse_date(text, "%Y%m%d" if text[:8].isdigit() else worded)
        if len(match[1]) == 4:
            style = YEAR_FIRST
        pieces = list(match.groups())
        at = 0 if style == YEAR_FIRST else 2
        if len(pieces[at]) < 4:
            style = style.replace("%Y", "%y")
            pieces[at] = pieces[at].zfill(2)
        return parse_date("-".join(pieces), style)
    except RowError as error:
        raise error.at("txn_date") from None


def _category(record: Record) -> tuple[str, str]:
    """(category, notes). Splits only explain the total, so they go into the notes."""
    splits = _splits(record)
    names = {name for name, _amount in splits} or {record.value("L")}
    shared = names.pop() if len(names) == 1 else ""
    notes = []
    if len(splits) > 1:
        pieces = [f"{name or 'no category'} {amount}" for name, amount in splits]
        more = "; …" if len(pieces) > LONGEST_SPLIT_NOTE else ""
        notes.append("Split: " + "; ".join(pieces[:LONGEST_SPLIT_NOTE]) + more)
    if shared.startswith("["):
        return "", join_text((f"Transfer {shared.partition('/')[0]}", *notes))
    # Quicken's class follows the "/"; it is not part of the category.
    return clean_text(shared.partition("/")[0]), join_text(notes)


def _splits(record: Record) -> list[tuple[str, str]]:
    splits: list[tuple[str, str]] = []
    for line in record.lines:
        if line[0] == "S":
            splits.append((clean_text(line[1:]), ""))
        elif line[0] == "$" and splits:
            splits[-1] = (splits[-1][0], clean_text(line[1:]))
    return splits
