"""SWIFT MT940 (end of day) and MT942 (during the day) customer statements.

A field is ":tag:" at the start of a line; lines without a tag continue it (SWIFT Standards MT,
Category 9). Field :61: is the transaction and :86: its text: free text, German "?20" subfields (DK
Anlage 3) or Dutch "/NAME/" words.
"""

import calendar
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from transactions.sources.files.account_parts import PartNames
from transactions.sources.files.amounts import parse_amount
from transactions.sources.files.dates import parse_date
from transactions.sources.files.decoding import decode_statement
from transactions.sources.files.incoming import (
    IncomingFile,
    IncomingTransaction,
    StatementPart,
    UnreadableFile,
    UnusableRow,
)
from transactions.sources.files.notices import Notice, NoticeCode
from transactions.sources.files.statement_parts import (
    NO_DESCRIPTION,
    RowError,
    StableIds,
    currency_code,
    decimal_mark_of,
    describe_parts,
    join_text,
    merchant_name,
    raw_line,
)
from transactions.sources.files.values import clean_text, shown

# Two digits alone could be a time that was wrapped to the start of a line (":12:11").
FIELD = re.compile(r":(20|21|25|28|61|64|65|86|NS|25P|[0-9]{2}[A-Z]):(.*)", re.DOTALL)
HEADER_FIELDS = (":21:", ":25", ":28", ":60", ":61:", ":34F:", ":13", ":NS:")
ENTRY = re.compile(
    r"(?P<value>[0-9]{6})(?P<entry>[0-9]{4})?\s?(?P<mark>R[CD]|E[CD]|[CD])(?P<funds>[A-Z])??"
    r"(?P<amount>[0-9][0-9.,]*|,[0-9]+)\s*(?P<rest>.*)"
)
BALANCE = re.compile(r"([CD])([0-9]{6})([A-Z]{3})([0-9][0-9.,]*)\s*")
FLOOR_LIMIT = re.compile(r"([A-Z]{3})")
SUBFIELDS = re.compile(r"\s*[0-9]{3}([^\w\s,./-])(?=[0-9]{2})")
NAME_WORD = re.compile(r"/NAME/([^/]+)|NAAM: ?([^\n/]+)")
IS_MONEY_IN = {"C": True, "D": False, "RC": False, "RD": True, "EC": True, "ED": False}
END_OF_MESSAGE = re.compile(r"-\s*$|-\}")
WRAP_WIDTH = 64  # :86: is 6*65x, but some banks stop one short
SUBFIELD_WIDTH = 27


@dataclass(slots=True)
class Field:
    """One SWIFT field with its continuation lines and the number of its first line."""

    tag: str
    line_number: int
    lines: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Entry:
    """A :61: field with the :86: or :NS: fields that follow it."""

    part: StatementPart
    line: Field
    details: list[Field] = field(default_factory=list)


def read(data: bytes) -> IncomingFile:
    """Open an MT940 or MT942 file."""
    lines = decode_statement(data).split("\n")
    if next(_fields(lines), None) is None:
        raise UnreadableFile(NoticeCode.NOT_MT940)
    parts: list[StatementPart] = []
    ids: Counter[str] = Counter()
    for entry in _entries(lines, parts):
        entry.part.line_count += 1
        ids[_external_id(_match(entry))] += 1
    file = IncomingFile(format="mt940", rows=iter(()))
    described = [part for part in parts if part.account or part.line_count] or parts
    describe_parts(file, described)
    if not ids:
        file.warnings.append(Notice(NoticeCode.NO_TRANSACTIONS, {"format": "MT940"}))
    if any(line.startswith(":34F:") for line in lines):
        file.warnings.append(Notice(NoticeCode.INTERIM_REPORT))
    file.rows = _rows(lines, StableIds(ids), PartNames())
    return file


def _fields(lines: list[str]) -> Iterator[Field]:
    """The fields of all messages, without envelopes and text between messages."""
    current: Field | None = None
    for number, full_line in enumerate(lines, start=1):
        line = full_line.lstrip()
        is_envelope = line.startswith("{")
        if is_envelope:  # a field may follow the SWIFT block headers on the same line
            line = line.rpartition("{4:")[2]
        match = FIELD.match(line)
        if match and match[1] == "20" and current and not _starts_message(lines, number):
            match = None
        if not (match or is_envelope or END_OF_MESSAGE.match(line)):
            if current:
                current.lines.append(full_line)
            continue
        if current:
            yield current
        current = Field(match[1], number, [match[2]]) if match else None
    if current:
        yield current


def _starts_message(lines: list[str], number: int) -> bool:
    """Whether a ":20:" starts a message, as opposed to a time wrapped inside a text."""
    following = [line.lstrip() for line in lines[number : number + 6]]
    first = next((line for line in following if line.startswith(":")), "")
    return first.startswith(HEADER_FIELDS)


def _entries(lines: list[str], parts: list[StatementPart]) -> Iterator[Entry]:
    """The entries in file order; each message's header is added to ``parts``."""
    part: StatementPart | None = None
    entry: Entry | None = None
    for item in _fields(lines):
        if part is None or item.tag == "20":
            part = StatementPart()
            parts.append(part)
        if item.tag in ("86", "NS") and entry:
            entry.details.append(item)
            continue
        if entry:
            yield entry
        entry = Entry(part, item) if item.tag == "61" else None
        if not entry:
            _header(part, item)
    if entry:
        yield entry


def _header(part: StatementPart, item: Field) -> None:
    text = item.lines[0].strip()
    if item.tag in ("25", "25P"):
        part.account = clean_text(text)
    elif item.tag == "34F" and not part.currency:
        code = FLOOR_LIMIT.match(text)
        part.currency = code[1] if code else ""
    elif item.tag in ("60F", "60M", "62F", "62M"):
        balance = BALANCE.fullmatch(text)
        if not balance:
            return
        part.currency = part.currency or currency_code(balance[3])
        amount = _signed(balance[4], balance[1] == "C")
        on = _value_date(balance[2])
        if item.tag.startswith("60") and part.opening is None:
            part.opening, part.first = amount, on
        elif item.tag.startswith("62"):
            part.closing, part.closing_on = amount, on
            part.last = on


def _signed(text: str, is_money_in: bool) -> Decimal | None:
    try:
        amount = parse_amount(text, decimal_mark_of(text, ","))
    except ValueError:
        return None
    return amount if is_money_in else -amount


def _rows(
    lines: list[str], ids: StableIds, names: PartNames
) -> Iterator[IncomingTransaction | UnusableRow]:
    for entry in _entries(lines, []):
        fields = [entry.line, *entry.details]
        raw = raw_line("\n".join(f":{item.tag}:" + "\n".join(item.lines) for item in fields))
        try:
            yield _transaction(entry, raw, ids, names)
        except RowError as error:
            part = names.of(entry.part.account)
            yield UnusableRow(entry.line.line_number, raw, error.notice, error.attr, part)


def _match(entry: Entry) -> re.Match | None:
    return ENTRY.fullmatch(entry.line.lines[0].strip())


def _transaction(entry: Entry, raw: str, ids: StableIds, names: PartNames) -> IncomingTransaction:
    match = _match(entry)
    if not match:
        raise RowError(NoticeCode.NOT_MT940_LINE)
    value_date = _value_date(match["value"])
    entry_date = _entry_date(match["entry"], value_date)
    booked = entry_date or value_date
    if not booked:
        raise RowError(NoticeCode.NOT_DATE, "txn_date", text=shown(match["value"]))
    try:
        amount = parse_amount(match["amount"], decimal_mark_of(match["amount"], ","))
    except RowError as error:
        raise error.at("amount") from None
    description, merchant = _words(entry, match)
    return IncomingTransaction(
        row_number=entry.line.line_number,
        txn_date=booked,
        posted_date=booked,
        # A reversal flips the direction: RC takes a credit back, RD a debit.
        amount=amount if IS_MONEY_IN[match["mark"]] or not amount else -amount,
        description=description or NO_DESCRIPTION,
        raw=raw,
        currency=entry.part.currency,
        merchant=merchant,
        external_id=ids.keep(_external_id(match)),
        part=names.of(entry.part.account),
        is_pending=match["mark"].startswith("E"),
    )


def _value_date(text: str) -> date | None:
    """The date in YYMMDD. February 29 and 30 exist where interest counts 30 days a month."""
    try:
        return parse_date(text, "%y%m%d")
    except ValueError:
        pass
    if text[2:] not in ("0229", "0230"):
        return None
    first = parse_date(f"{text[:4]}01", "%y%m%d")
    return first.replace(day=calendar.monthrange(first.year, 2)[1])


def _entry_date(text: str | None, value_date: date | None) -> date | None:
    """MMDD in the year closest to the value date, because the two can straddle New Year."""
    if not text or not value_date:
        return None
    candidates = []
    for year in (value_date.year - 1, value_date.year, value_date.year + 1):
        try:
            candidates.append(parse_date(f"{year}{text}", "%Y%m%d"))
        except ValueError:
            continue
    return min(candidates, key=lambda found: abs(found - value_date), default=None)


def _external_id(match: re.Match | None) -> str:
    """The bank's reference (subfield 8) combined with date, mark and amount.

    Some banks put an account number or a product name there, the same every month. The date and
    amount keep two different transactions from sharing an id.
    """
    if match is None:
        return ""
    reference = clean_text(match["rest"].partition("//")[2])
    if len(reference) < 4 or not any(char.isdigit() for char in reference):
        return ""
    return f"{match['value']}{match['mark']}{match['amount']}//{reference}"


def _words(entry: Entry, match: re.Match) -> tuple[str, str]:
    """Description and merchant of an entry."""
    text_lines = [line for item in entry.details if item.tag == "86" for line in item.lines]
    plain = [line for item in entry.details if item.tag == "NS" for line in item.lines]
    structured = SUBFIELDS.match("".join(text_lines[:2]))
    if structured:
        return _subfield_words("".join(text_lines), structured[1])
    text = _unwrapped(text_lines, WRAP_WIDTH)
    name = NAME_WORD.search(text)
    merchant = merchant_name((name[1] or name[2]) if name else "")
    if plain:
        text = join_text((text, " ".join(re.sub(r"^[0-9]{2}", "", line) for line in plain)))
    # Without :86:, use the customer's reference and the bank's second line.
    reference = match["rest"].partition("//")[0][4:]
    spare = () if text.strip() else (reference.replace("NONREF", ""), *entry.line.lines[1:])
    return join_text((text, *spare)), merchant


def _subfield_words(text: str, separator: str) -> tuple[str, str]:
    """(description, merchant): booking text (00) and remittance (20-29, 60-63); name (32, 33)."""
    found: dict[str, str] = {}
    for piece in re.split(re.escape(separator) + r"(?=[0-9]{2})", text)[1:]:
        found.setdefault(piece[:2], piece[2:])
    codes = [
        f"{number:02}" for number in (*range(20, 30), *range(60, 64)) if f"{number:02}" in found
    ]
    remittance = _unwrapped([found[code] for code in codes], SUBFIELD_WIDTH)
    names = _unwrapped([found[code] for code in ("32", "33") if code in found], SUBFIELD_WIDTH)
    return join_text((found.get("00", ""), remittance)), merchant_name(names)


def _unwrapped(chunks: list[str], width: int) -> str:
    """Join chunks of text: a full chunk continues in the next, a shorter one ends at a space."""
    return "".join(chunk if len(chunk) >= width else f"{chunk} " for chunk in chunks)
