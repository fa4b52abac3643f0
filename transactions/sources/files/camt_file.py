"""ISO 20022 bank-to-customer messages: camt.053 statements, camt.052 reports, camt.054 notices.

Elements are matched by local name, so every version and namespace works. Each Ntry becomes one
transaction; the payments inside a batch booking go into its notes.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from io import BytesIO
from xml.etree.ElementTree import Element, ParseError, iterparse
from xml.sax.saxutils import escape, quoteattr

from transactions.sources.files.account_kinds import CAMT_TYPES, kind_in
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
from transactions.sources.files.narrowing import sure
from transactions.sources.files.notices import Notice, NoticeCode
from transactions.sources.files.statement_parts import (
    NO_DESCRIPTION,
    RowError,
    StableIds,
    currency_code,
    describe_parts,
    join_text,
    merchant_name,
    raw_line,
)
from transactions.sources.files.values import clean_text, shown

CAMT_NAMESPACE = ":camt.05"
MESSAGES = {"Stmt", "Rpt", "Ntfctn"}
ROOTS = ("BkToCstmrStmt", "BkToCstmrAcctRpt", "BkToCstmrDbtCdtNtfctn")
DECLARATION = re.compile(r"\s*<\?xml[^>]{0,200}>")
DECLARED_ENCODING = re.compile(rb"encoding\s*=\s*[\"']([A-Za-z0-9._-]+)")
AMOUNT = re.compile(r"\+?[0-9]+(?:\.[0-9]*)?|\.[0-9]+")
OPENING, CLOSING = ("OPBD", "PRCD"), ("CLBD",)
MIDNIGHT = re.compile(r".{10}T00:00(?::00|Z|[+-]|$)")
ONE_DAY = timedelta(days=1)
DEEPEST = 60  # camt.053.001.12 nests 15 deep
LONGEST_BATCH_NOTE = 20
PENDING = {"PDNG", "FUTR"}
USTRD_WIDTH = 140
PARTY = ("", "Pty/", "Agt/FinInstnId/")  # names are nested deeper from version 8 on


@dataclass(slots=True)
class Statement:
    """A Stmt, Rpt or Ntfctn: its header data and date."""

    part: StatementPart
    fallback_date: date | None = None  # for entries without a date of their own


def read(data: bytes) -> IncomingFile:
    """Open a camt.052, camt.053 or camt.054 file."""
    source = _utf8(data)
    parts: list[StatementPart] = []
    ids: Counter[str] = Counter()
    information_count = 0
    for statement, entry in _entries(source, parts):
        if _status(entry) == "INFO":
            information_count += 1
            continue
        statement.part.line_count += 1
        ids[_external_id(entry)] += 1
        if not statement.part.currency:
            statement.part.currency = currency_code(_currency(entry))
    file = IncomingFile(format="camt", rows=iter(()), skipped_count=information_count)
    describe_parts(file, parts)
    if information_count:
        file.warnings.append(Notice(NoticeCode.INFORMATION_LINES, {"count": information_count}))
    if not ids:
        file.warnings.append(Notice(NoticeCode.NO_TRANSACTIONS, {"format": "CAMT"}))
    file.rows = _rows(source, StableIds(ids), PartNames())
    return file


def _utf8(data: bytes) -> bytes:
    """The document as UTF-8, without its XML declaration, which may name another encoding.

    In UTF-8, a plain search finds any document type and with it entity bombs and external files.
    defusedxml would reject the same files at a third of the speed.
    """
    declared = DECLARED_ENCODING.search(data[:300])
    text = decode_statement(data, declared[1].decode("ascii") if declared else "")
    declaration = DECLARATION.match(text)
    text = text[declaration.end() if declaration else 0 :].lstrip()
    if not text.startswith("<"):
        raise UnreadableFile(NoticeCode.NOT_XML)
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise UnreadableFile(NoticeCode.XML_WITH_DOCTYPE)
    return text.encode("utf-8", errors="replace")


def _entries(source: bytes, parts: list[StatementPart]) -> Iterator[tuple[Statement, Element]]:
    """Yield each Ntry with its statement, in file order, and add statement headers to ``parts``."""
    walk = CamtWalk(parts)
    depth = 0
    try:
        # Files with a document type never get here, so the parser expands and fetches nothing.
        for event, element in iterparse(BytesIO(source), ("start", "end")):  # noqa: S314
            if event == "start":
                depth += 1
                if depth > DEEPEST:
                    raise UnreadableFile(NoticeCode.XML_NESTED)
                if walk.statement is None:
                    walk.open(element, depth)
            else:
                depth -= 1
                if depth <= walk.depth and walk.close(element, depth):
                    yield sure(walk.statement), element
    except ParseError as error:
        line, column = error.position
        raise UnreadableFile(NoticeCode.XML_DAMAGED, line=line, column=column) from None
    if not walk.is_camt:
        raise UnreadableFile(NoticeCode.NOT_CAMT)


class CamtWalk:
    """Tracks the position in the document and keeps only as much of it as one entry needs."""

    def __init__(self, parts: list[StatementPart]) -> None:
        self.statement: Statement | None = None
        self.depth = 0  # the current statement: its children end at this depth
        self.is_camt = False
        self._parts = parts
        self._root: Element | None = None
        self._message: Element | None = None

    def open(self, element: Element, depth: int) -> None:
        namespace, _, name = element.tag.rpartition("}")
        self.is_camt = self.is_camt or name.startswith(ROOTS) or CAMT_NAMESPACE in namespace
        self._root = element if self._root is None else self._root
        if name in MESSAGES:
            self.statement, self.depth, self._message = Statement(StatementPart()), depth, element
            self._parts.append(self.statement.part)

    def close(self, element: Element, depth: int) -> bool:
        """Whether ``element`` is a complete entry."""
        if self.statement is None:
            return False
        if depth < self.depth:
            self.statement, self.depth = None, 0
            sure(self._root).clear()
            return False
        # The parser only appends after this child, so clearing it keeps memory flat.
        sure(self._message).clear()
        for part in element.iter():
            part.tag = part.tag.rpartition("}")[2]
        if element.tag == "Ntry":
            return True
        _header(self.statement, element)
        return False


def _header(statement: Statement, element: Element) -> None:
    part = statement.part
    if element.tag == "Acct":
        account = _first(element, "Id/IBAN", "Id/Othr/Id", "Id/PrtryAcct/Id", "Id/BBAN")
        part.account = clean_text(account)
        part.currency = currency_code(_text(element, "Ccy"))
        part.kind = CAMT_TYPES.get(_text(element, "Tp/Cd"), "") or kind_in(
            " ".join((_text(element, "Tp/Prtry"), _text(element, "Nm")))
        )
    elif element.tag == "Bal":
        _balance(statement, element)
    elif element.tag == "FrToDt":
        part.first, part.last = _period(element)
        statement.fallback_date = part.last or statement.fallback_date
    elif element.tag == "CreDtTm":
        statement.fallback_date = _day(element.text or "")


def _balance(statement: Statement, element: Element) -> None:
    part = statement.part
    code = _text(element, "Tp/CdOrPrtry/Cd") or _text(element, "Tp/Cd")
    amount = element.find("Amt")
    on = _day(_date_text(element, "Dt"))
    try:
        value = _plain_amount(amount)
    except RowError:
        return
    if _text(element, "CdtDbtInd") == "DBIT":
        value = -value
    part.currency = part.currency or currency_code(sure(amount).get("Ccy", ""))
    if code in OPENING and part.opening is None:
        part.opening = value
        if on and part.first is None:
            # What was booked previously is of the evening before.
            part.first = on + ONE_DAY if code == "PRCD" else on
    elif code in CLOSING:
        part.closing, part.closing_on = value, on
        part.last = part.last or on
        # The closing balance's date is the statement date; the creation date may be days later.
        statement.fallback_date = on or statement.fallback_date


def _period(element: Element) -> tuple[date | None, date | None]:
    """FrToDt as the first and last day. Up to midnight means up to the day before, unless the
    period would be empty.
    """
    start, end = _text(element, "FrDtTm"), _text(element, "ToDtTm")
    first = _day(start or _text(element, "FrDt"))
    last = _day(end or _text(element, "ToDt"))
    if first and last and first < last and first.day == last.day and MIDNIGHT.match(end):
        last -= ONE_DAY
    return first, last


def _rows(
    source: bytes, ids: StableIds, names: PartNames
) -> Iterator[IncomingTransaction | UnusableRow]:
    number = 0
    for statement, entry in _entries(source, []):
        number += 1
        if _status(entry) == "INFO":
            continue
        raw = raw_line(_as_written(entry))
        try:
            yield _transaction(statement, entry, number, raw, ids, names)
        except RowError as error:
            yield UnusableRow(
                number, raw, error.notice, error.attr, names.of(statement.part.account)
            )


def _transaction(
    statement: Statement, entry: Element, number: int, raw: str, ids: StableIds, names: PartNames
) -> IncomingTransaction:
    details = _details(entry)
    amount = _signed_amount(entry)
    booked = _booking_date(statement, entry)
    acted = _day(_text(details[0], "RltdDts/TxDtTm")) if len(details) == 1 else None
    is_pending = _status(entry) in PENDING
    merchants = {_counterparty(entry, detail) for detail in details}
    merchant = merchants.pop() if len(merchants) == 1 else ""
    return IncomingTransaction(
        row_number=number,
        txn_date=acted or booked,
        posted_date=None if is_pending else booked,
        amount=amount,
        description=_description(entry, details) or merchant or _substitute(entry, details),
        raw=raw,
        currency=currency_code(_currency(entry)) or statement.part.currency,
        merchant=merchant,
        external_id=ids.keep(_external_id(entry)),
        notes=_batch_words(entry, details),
        part=names.of(statement.part.account),
        is_pending=is_pending,
    )


def _currency(entry: Element) -> str:
    amount = entry.find("Amt")
    return amount.get("Ccy", "") if amount is not None else ""


def _signed_amount(entry: Element) -> Decimal:
    """The entry's amount with the sign of CdtDbtInd. RvslInd says why, not which way.

    (MessageDefinitionReport: CRDT with RvslInd true is money in that reverses an earlier debit.)
    """
    amount = _plain_amount(entry.find("Amt"))
    direction = _text(entry, "CdtDbtInd")
    if direction not in ("CRDT", "DBIT"):
        raise RowError(NoticeCode.NO_DIRECTION, "amount")
    return -amount if direction == "DBIT" and amount else amount


def _plain_amount(element: Element | None) -> Decimal:
    text = (element.text or "").strip() if element is not None else ""
    if not text:
        raise RowError(NoticeCode.AMOUNT_MISSING, "amount")
    if not AMOUNT.fullmatch(text):
        raise RowError(NoticeCode.NOT_AMOUNT, "amount", text=shown(text))
    try:
        return parse_amount(text, ".")
    except RowError as error:
        raise error.at("amount") from None


def _booking_date(statement: Statement, entry: Element) -> date:
    """BookgDt, or ValDt, or the statement's date. Raises RowError if the date is malformed."""
    text = _date_text(entry, "BookgDt") or _date_text(entry, "ValDt")
    found = _day(text) if text else statement.fallback_date
    if found is None:
        if not text:
            raise RowError(NoticeCode.DATE_MISSING, "txn_date")
        raise RowError(NoticeCode.NOT_DATE, "txn_date", text=shown(text))
    return found


def _date_text(element: Element, name: str) -> str:
    return _first(element, f"{name}/Dt", f"{name}/DtTm") or _text(element, name)


def _day(text: str) -> date | None:
    """The date in an ISO date or datetime as written; the time zone doesn't shift it."""
    try:
        return parse_date(text[:10], "%Y-%m-%d")
    except ValueError:
        return None


def _status(entry: Element) -> str:
    """BOOK, PDNG, INFO or FUTR: plain text up to version 7, inside Cd from version 8."""
    return _text(entry, "Sts/Cd") or _text(entry, "Sts")


def _external_id(entry: Element) -> str:
    """AcctSvcrRef, the only reference the bank itself assigns.

    NtryRef and EndToEndId come from customers and repeat with every standing order.
    """
    reference = _text(entry, "AcctSvcrRef")
    details = _details(entry)
    if not reference and len(details) == 1:
        reference = _text(details[0], "Refs/AcctSvcrRef")
    return clean_text(reference)


def _counterparty(entry: Element, detail: Element) -> str:
    """The other party: who received money out, or who sent money in.

    In a reversal the parties keep their roles from the original payment.
    """
    is_out = _text(entry, "CdtDbtInd") == "DBIT"
    if _text(entry, "RvslInd") in ("true", "1"):
        is_out = not is_out
    role = "Cdtr" if is_out else "Dbtr"
    name = _first(
        detail,
        *(f"RltdPties/{prefix}{role}/{inner}Nm" for prefix in ("", "Ultmt") for inner in PARTY),
    )
    return merchant_name(name)


def _description(entry: Element, details: list[Element]) -> str:
    """The bank's text followed by the payer's; for a batch, the bank's text only."""
    own = _text(entry, "AddtlNtryInf")
    if len(details) > 1 and own:
        return clean_text(own)
    texts = [own]
    for detail in details[:3]:
        lines = [line.text or "" for line in _remittance(detail, "Ustrd")]
        # Texts longer than 140 characters are split into several, even in the middle of a word.
        texts.append("".join(line if len(line) >= USTRD_WIDTH else f"{line} " for line in lines))
        for structured in _remittance(detail, "Strd"):
            texts.append(_text(structured, "CdtrRefInf/Ref"))
            texts.extend(line.text or "" for line in structured.findall("AddtlRmtInf"))
        texts.append(_text(detail, "AddtlTxInf"))
    return join_text(texts)


def _substitute(entry: Element, details: list[Element]) -> str:
    """A description for an entry without text: the bank's code or the payer's reference."""
    codes = [_text(entry, "BkTxCd/Prtry/Cd")]
    codes += [_text(detail, "Refs/EndToEndId") for detail in details[:1]]
    return clean_text(next((code for code in codes if code), "")) or NO_DESCRIPTION


def _batch_words(entry: Element, details: list[Element]) -> str:
    """The payments of a batch booking, as text for the notes."""
    if len(details) < 2:
        return ""
    payments = []
    for detail in details[:LONGEST_BATCH_NOTE]:
        amount = _first(detail, "Amt", "AmtDtls/TxAmt/Amt", "AmtDtls/InstdAmt/Amt")
        payments.append(" ".join(filter(None, (_counterparty(entry, detail), clean_text(amount)))))
    more = "; …" if len(details) > LONGEST_BATCH_NOTE else ""
    return f"Batch of {len(details)} payments: " + "; ".join(payments) + more


def _as_written(element: Element) -> str:
    """The element as XML text without namespaces or whitespace between elements."""
    inside = "".join(map(_as_written, element)) if len(element) else ""
    attributes = "".join(f" {name}={quoteattr(value)}" for name, value in element.items())
    text = escape((element.text or "").strip())
    return f"<{element.tag}{attributes}>{text}{inside}</{element.tag}>"


def _remittance(detail: Element, kind: str) -> list[Element]:
    return [found for group in detail.findall("RmtInf") for found in group.findall(kind)]


def _details(entry: Element) -> list[Element]:
    return [detail for group in entry.findall("NtryDtls") for detail in group.findall("TxDtls")]


def _text(element: Element, path: str) -> str:
    """The text at ``path``, following the first match at each step; "" if a step is missing."""
    found = element
    for name in path.split("/"):
        below = found.find(name)
        if below is None:
            return ""
        found = below
    return (found.text or "").strip()


def _first(element: Element, *paths: str) -> str:
    return next((text for text in (_text(element, path) for path in paths) if text), "")
