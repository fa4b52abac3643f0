"""OFX 1 (SGML) and OFX 2 (XML) statements, and Quicken's QFX, which is OFX plus three tags.

One reader handles both, because leaf tags need no end tag (OFX 1.6 §2.3) and banks put SGML bodies
under XML headers and the reverse. It never expands entities defined in the file.
"""

import html
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from transactions.sources.files.account_kinds import OFX_STATEMENTS, OFX_TYPES
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
    amount_in_file,
    currency_code,
    decimal_mark_of,
    describe_parts,
    join_text,
    merchant_name,
    proven_decimal_mark,
    raw_line,
)
from transactions.sources.files.values import clean_text, shown

# A tag is "<" followed by a letter, so "A < B & C" in a memo is text.
TAG = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9_.\-:]*)(?:\s[^<>]*)?/?>")
ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,30});")
CHARSET = re.compile(r"CHARSET[:=\s]*\"?([\w-]+)|<\?xml[^>]*encoding=[\"']([\w-]+)", re.IGNORECASE)
STATEMENTS = {"STMTRS", "CCSTMTRS", "INVSTMTRS", "LOANSTMTRS", "AMORTSTMTRS"}
ACCOUNTS = {"BANKACCTFROM", "CCACCTFROM", "INVACCTFROM", "LOANACCTFROM"}
RECORDS = {"STMTTRN", "STMTTRNP"}  # the second is OFX 2.2's pending transaction
TRNAMT = re.compile(r"<TRNAMT>\s*([^<\n]{1,40})", re.IGNORECASE)


@dataclass(slots=True)
class Record:
    """One STMTTRN: its leaves by tag name, its statement, and its position in the text."""

    part: StatementPart
    is_pending: bool
    start: int
    end: int = -1  # -1: the file ended inside the record
    leaves: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Survey:
    """What the first pass over the file finds."""

    parts: list[StatementPart] = field(default_factory=list)
    ids: Counter[str] = field(default_factory=Counter)
    investment_count: int = 0
    correction_count: int = 0
    positive_debits: int = 0
    bank_message: str = ""


class OfxWalk:
    """Walks the tags once and yields the records; everything else it learns goes to ``survey``."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.survey = Survey()
        self._part: StatementPart | None = None
        self._record: Record | None = None
        self._inside = ""  # the aggregate whose leaves come next: an account, LEDGERBAL, STATUS
        self._is_error = False

    def records(self) -> Iterator[Record]:
        tags = TAG.finditer(self.text)
        tag = next(tags, None)
        while tag:
            following = next(tags, None)
            name = tag[2].upper()
            if tag[1]:
                finished = self._close(name, tag.end())
            else:
                finished = self._open(name, tag.start())
                end = following.start() if following else len(self.text)
                self._leaf(name, tag.end(), end)
            if finished:
                yield finished
            tag = following
        if self._record:
            yield self._record

    def _open(self, name: str, at: int) -> Record | None:
        if name in RECORDS:
            unclosed, self._record = self._record, Record(self._statement(), name[-1] == "P", at)
            if unclosed:
                unclosed.end = at
            self._inside = ""
            return unclosed
        if name in STATEMENTS:
            self._part = None
            self._statement().kind = OFX_STATEMENTS.get(name, "")
        elif name == "INVTRAN":
            self.survey.investment_count += 1
        if name in ACCOUNTS or name in ("LEDGERBAL", "STATUS", "CURRENCY", "ORIGCURRENCY"):
            self._inside = name
        return None

    def _close(self, name: str, at: int) -> Record | None:
        if name == self._inside:
            self._inside = ""
        if self._record and (name in RECORDS or name in ("BANKTRANLIST", "BANKTRANLISTP", "OFX")):
            finished, self._record = self._record, None
            finished.end = at
            return finished
        if name in STATEMENTS:
            self._part = None
        return None

    def _leaf(self, name: str, start: int, end: int) -> None:
        value = self.text[start:end].strip()
        if not value:
            return
        if self._record:
            # CURSYM means nothing without its enclosing aggregate.
            key = f"{self._inside}.{name}" if name == "CURSYM" else name
            self._record.leaves.setdefault(key, value)
        elif self._inside == "STATUS":
            self._status(name, value)
        elif self._part:
            self._header(self._part, name, value)

    def _header(self, part: StatementPart, name: str, value: str) -> None:
        if name == "CURDEF":
            part.currency = currency_code(value)
        elif name == "ACCTID" and self._inside in ACCOUNTS and not part.account:
            part.account = clean_text(value)
        elif name == "BALAMT" and self._inside == "LEDGERBAL":
            try:
                part.closing = parse_amount(value, decimal_mark_of(value))
            except ValueError:
                part.closing = None
        elif name == "ACCTTYPE" and self._inside in ACCOUNTS:
            part.kind = OFX_TYPES.get(value.upper(), part.kind)
        else:
            self._day(part, name, value)

    def _day(self, part: StatementPart, name: str, value: str) -> None:
        """The days that a statement states about itself."""
        if name == "DTSTART":
            part.first = _optional_date(value)
        elif name == "DTEND":
            part.last = _optional_date(value)
        elif name == "DTASOF" and self._inside == "LEDGERBAL":
            part.closing_on = _optional_date(value)

    def _status(self, name: str, value: str) -> None:
        if name == "SEVERITY":
            self._is_error = value.upper() == "ERROR"
        elif name == "MESSAGE" and self._is_error:
            self.survey.bank_message = clean_text(decoded(value))[:200]

    def _statement(self) -> StatementPart:
        if self._part is None:
            self._part = StatementPart()
            self.survey.parts.append(self._part)
        return self._part


def read(data: bytes) -> IncomingFile:
    """Open an OFX or QFX file."""
    text = _ofx_text(data)
    walk = OfxWalk(text)
    for record in walk.records():
        _note(walk.survey, record)
    survey = walk.survey
    parts = [part for part in survey.parts if part.line_count] or survey.parts
    file = IncomingFile(format="ofx", rows=iter(()))
    describe_parts(file, parts)
    file.skipped_count = survey.investment_count
    _warn(file, survey, text)
    file.rows = _rows(text, StableIds(survey.ids), PartNames())
    return file


def _ofx_text(data: bytes) -> str:
    declared = CHARSET.search(data[:2000].decode("latin-1"))
    text = decode_statement(data, (declared[1] or declared[2]) if declared else "")
    if not re.search(r"<OFX[\s>]|<STMTTRN>", text, re.IGNORECASE):
        raise UnreadableFile(NoticeCode.NOT_OFX)
    if "<!DOCTYPE" in text.upper() or "<!ENTITY" in text.upper():
        raise UnreadableFile(NoticeCode.OFX_WITH_DOCTYPE)
    text = _without(text, "<!--", "-->", lambda _comment: "")
    # CDATA may contain "A < B" as is; elsewhere, entities keep it from being read as a tag.
    return _without(text, "<![CDATA[", "]]>", lambda section: html.escape(section, quote=False))


def _without(text: str, opening: str, closing: str, replace: Callable[[str], str]) -> str:
    """``text`` with every section between the two marks replaced, in linear time."""
    if opening not in text:
        return text
    head, *rest = text.split(opening)
    pieces = [head]
    for chunk in rest:
        section, found, after = chunk.partition(closing)
        pieces.append(replace(section) + after if found else chunk)
    return "".join(pieces)


def _note(survey: Survey, record: Record) -> None:
    """Count what the warnings and the ids need before the first row is yielded."""
    record.part.line_count += 1
    survey.ids[_external_id(record)] += 1
    leaves = record.leaves
    survey.correction_count += "CORRECTACTION" in leaves
    amount = leaves.get("TRNAMT", "-")
    survey.positive_debits += leaves.get("TRNTYPE", "").upper() == "DEBIT" and amount[0] not in "-("


def _warn(file: IncomingFile, survey: Survey, text: str) -> None:
    for code, count in (
        (NoticeCode.SECURITIES_LINES, survey.investment_count),
        (NoticeCode.CORRECTION_LINES, survey.correction_count),
        (NoticeCode.POSITIVE_DEBITS, survey.positive_debits),
    ):
        if count:
            file.warnings.append(Notice(code, {"count": count}))
    if not sum(part.line_count for part in survey.parts):
        file.warnings.append(Notice(NoticeCode.NO_TRANSACTIONS, {"format": "OFX"}))
        if not survey.investment_count and re.search(r"<INVSTMTRS\s*>", text, re.IGNORECASE):
            file.warnings.append(Notice(NoticeCode.INVESTMENTS_ONLY))
        if survey.bank_message:
            file.warnings.append(Notice(NoticeCode.BANK_MESSAGE, {"message": survey.bank_message}))
    if not re.search(r"</OFX\s*>\s*\Z", text[-200:], re.IGNORECASE):
        file.warnings.append(Notice(NoticeCode.OFX_NOT_CLOSED))


def _rows(
    text: str, ids: StableIds, names: PartNames
) -> Iterator[IncomingTransaction | UnusableRow]:
    file_mark = proven_decimal_mark(match[1] for match in TRNAMT.finditer(text))
    for number, record in enumerate(OfxWalk(text).records(), start=1):
        end = record.end if record.end >= 0 else len(text)
        raw = raw_line(text[record.start : end])
        try:
            yield _transaction(record, number, raw, ids, names, file_mark)
        except RowError as error:
            yield UnusableRow(number, raw, error.notice, error.attr, names.of(record.part.account))


def _transaction(
    record: Record, number: int, raw: str, ids: StableIds, names: PartNames, file_mark: str
) -> IncomingTransaction:
    leaves = record.leaves
    if record.end < 0:
        raise RowError(NoticeCode.LINE_CUT)
    if leaves.get("CORRECTACTION", "").upper() == "DELETE":
        raise RowError(NoticeCode.LINE_WITHDRAWN)
    posted = _date(leaves, "DTPOSTED", "DTTRAN", "DTAVAIL")
    name, memo = (clean_text(decoded(leaves.get(key, ""))) for key in ("NAME", "MEMO"))
    words = join_text((name, memo, decoded(leaves.get("EXTDNAME", ""))))
    return IncomingTransaction(
        row_number=number,
        txn_date=_optional_date(leaves.get("DTUSER", "")) or posted,
        posted_date=None if record.is_pending else posted,
        amount=_amount(leaves, file_mark),
        description=words or _substitute(leaves),
        raw=raw,
        currency=currency_code(leaves.get("CURRENCY.CURSYM", "")) or record.part.currency,
        merchant=merchant_name(name),
        external_id=ids.keep(_external_id(record)),
        part=names.of(record.part.account),
        is_pending=record.is_pending,
    )


def _external_id(record: Record) -> str:
    return clean_text(decoded(record.leaves.get("FITID", "")))


def _substitute(leaves: dict[str, str]) -> str:
    """A description for a line without text: its type and check number."""
    kind = clean_text(leaves.get("TRNTYPE", "")).capitalize()
    return join_text((kind, leaves.get("CHECKNUM", ""))) or NO_DESCRIPTION


def decoded(value: str) -> str:
    """Decode entities twice, because some banks escape text that is already escaped.

    Entities need their semicolon: html.unescape alone would turn "AT&LT" into "AT<".
    """
    for _ in range(2):
        if "&" not in value:
            break
        value = ENTITY.sub(lambda match: html.unescape(match[0]), value)
    return value


def _date(leaves: dict[str, str], *names: str) -> date:
    """The first of the named dates that is present, as the bank's own calendar day (OFX §3.2.8)."""
    text = next((leaves[name] for name in names if name in leaves), "")
    if not text:
        raise RowError(NoticeCode.DATE_MISSING, "txn_date")
    found = _optional_date(text)
    if found is None:
        raise RowError(NoticeCode.NOT_DATE, "txn_date", text=shown(text))
    return found


def _optional_date(text: str) -> date | None:
    """YYYYMMDD, optionally followed by a time and zone that never shift the bank's day."""
    compact = text[:8]
    style = "%Y%m%d"
    if not compact.isdigit():
        compact, style = text[:10], "%Y-%m-%d"
    try:
        return parse_date(compact, style)
    except ValueError:
        return None


def _amount(leaves: dict[str, str], file_mark: str) -> Decimal:
    """TRNAMT: positive means money in; the decimal mark is "." or "," (OFX §3.2.9.1)."""
    text = decoded(leaves.get("TRNAMT", ""))
    if not text:
        raise RowError(NoticeCode.AMOUNT_MISSING, "amount")
    try:
        return amount_in_file(text, file_mark)
    except RowError as error:
        raise error.at("amount") from None
