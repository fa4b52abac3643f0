"""Read an upload: its format, its mapping and its lines."""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from django.core.exceptions import ValidationError

from accounts.models import Account
from transactions.models import ImportBatch, ImportFile, ImportMapping
from transactions.models.imports import MAPPED_FORMATS
from transactions.models.notices import notice_text
from transactions.sources.files import csv_file, detection, qif_file, xlsx_file
from transactions.sources.files.csv_mapping import CsvMapping, Detection
from transactions.sources.files.incoming import (
    IncomingFile,
    IncomingRow,
    IncomingTransaction,
    SkippedRow,
    UnreadableFile,
    UnusableRow,
)
from transactions.sources.files.notices import Notice, NoticeCode
from transactions.sources.files.reading_context import NOTHING_KNOWN, ReadingContext
from users.timezones import today_in

# How the file is written, as opposed to what its columns mean; detected from the file itself.
OF_THE_FILE = (
    *("encoding", "delimiter", "quotechar", "header_line", "skip_lines", "decimal_mark"),
    *("date_format", "money_sign", "opening_balance"),
)
# What is only remembered if the file proved it or a person chose it.
LEFT_OPEN = {"decimal_mark", "date_format"}
# What a running balance proves about a file, whatever was chosen for earlier ones.
PROVED_BY_BALANCE = (
    *("amount", "debit", "credit", "flag", "balance", "fee", "sign_convention"),
    *("outflow_flag", "inflow_flag"),
)
LINES_TRIED = 50
PREVIEW_LINES = 12


def remembered_from(mapping: Mapping[str, Any], found: Detection) -> dict[str, Any]:
    """What to remember of an imported file's mapping: not what its lines would read either way."""
    return {name: value for name, value in mapping.items() if name not in found.untested}


@dataclass(frozen=True, slots=True)
class Examined:
    """An examined upload; `detection` only for tables, whose columns need a mapping."""

    format: str
    detection: Detection | None


@dataclass(frozen=True, slots=True)
class PreviewLine:
    """One line, and what a mapping reads from it."""

    row_number: int
    raw: str
    line: IncomingTransaction | None
    error: str
    note: str = ""


def pack(data: bytes) -> bytes:
    """The compressed bytes as `ImportFile` stores them."""
    return zlib.compress(data, 1)


def content_of(batch: ImportBatch) -> bytes:
    """The uploaded bytes. Raises UnreadableFile once they are deleted (after 30 days)."""
    # Not through `batch.file`, which would keep the packed bytes as long as the batch.
    packed = ImportFile.objects.filter(batch=batch).values_list("content", flat=True).first()
    if packed is None:
        raise UnreadableFile(NoticeCode.FILE_GONE)
    # With its size, because the bytes would be gathered and then copied otherwise.
    return zlib.decompress(packed, bufsize=max(1, batch.file_size))


def context_of(account: Account) -> ReadingContext:
    """What is known about an account and its owner, as evidence for reading its files."""
    kept = ImportMapping.objects.filter(account=account).first()
    return ReadingContext(
        currency=account.currency,
        account_type=account.account_type,
        locale=account.user.locale,
        time_zone=account.user.timezone,
        today=today_in(account.user.timezone),
        balance=account.balance,
        earlier=kept.mapping if kept else {},
    )


def examine_batch(batch: ImportBatch) -> Examined:
    """Run `examine` for an upload, using what is known about its account. Raises UnreadableFile."""
    return examine(content_of(batch), context_of(batch.account))


def examine(data: bytes, context: ReadingContext = NOTHING_KNOWN) -> Examined:
    """Detect a file's format and, where ambiguous, its likely meaning.

    Raises UnreadableFile.
    """
    name = detection.detect_format(data)
    if name == "csv":
        return Examined(name, csv_file.detect(data, context))
    if name == "xlsx":
        return Examined(name, xlsx_file.detect(data, context))
    if name == "qif":
        return Examined(name, qif_file.detect(data, context))
    return Examined(name, None)


def open_lines(data: bytes, format_name: str, mapping: CsvMapping | None) -> IncomingFile:
    """Read the file's lines lazily. Raises UnreadableFile, also during iteration."""
    return detection.open_file(data, mapping if format_name in MAPPED_FORMATS else None)


def mapping_for(account: Account, data: bytes, examined: Examined) -> CsvMapping | None:
    """The mapping that can be used without asking: a remembered one, or else a certain one.

    None if a person has to decide.
    """
    found = examined.detection
    if found is None:
        return None
    remembered = _remembered(account, found)
    if remembered is not None and _reads_well(data, examined.format, remembered):
        return remembered
    return found.mapping if found.is_certain else None


def _remembered(account: Account, found: Detection) -> CsvMapping | None:
    kept = ImportMapping.objects.filter(account=account).first()
    if kept is None or kept.columns != found.columns:
        return None
    try:
        mapping = CsvMapping.from_json({**found.mapping.as_json(), **kept.mapping})
    except ValueError:
        return None
    open_fields = {name for name, _question in found.doubts}
    if open_fields & LEFT_OPEN - kept.mapping.keys():
        return None
    settled = [name for name in OF_THE_FILE if name not in open_fields]
    if found.is_proved:
        settled += PROVED_BY_BALANCE
    if mapping.account is None:
        settled.append("account")
    return replace(mapping, **{name: getattr(found.mapping, name) for name in settled})


def _reads_well(data: bytes, format_name: str, mapping: CsvMapping) -> bool:
    lines = preview(data, format_name, mapping, LINES_TRIED)
    unreadable = sum(1 for line in lines if line.error)
    return bool(lines) and unreadable * 2 <= len(lines)


def merged_mapping(found: Detection, given: Mapping[str, Any]) -> CsvMapping:
    """The proposal with a person's changes. Raises ValidationError per wrong or unclear field."""
    if not isinstance(given, Mapping):
        raise ValidationError({"mapping": "Send the mapping as an object."})
    try:
        mapping = CsvMapping.from_json({**found.mapping.as_json(), **given})
    except ValueError as error:
        name, _, sentence = str(error).partition(": ")
        attr = f"mapping.{name}" if sentence else "mapping"
        raise ValidationError({attr: _sentence(sentence or name)}) from None
    refuse_doubts(found, given, mapping)
    return mapping


def refuse_doubts(
    found: Detection, given: Mapping[str, Any], mapping: CsvMapping | None = None
) -> None:
    """Raise ValidationError naming each field that no machine can know and nobody has said.

    `mapping` is what a person made of it. Naming the columns settles which they are, but not how
    their values are to be read.
    """
    settled = set(given)
    if mapping is not None and "txn_date" in given and {"amount", "debit", "credit"} & settled:
        settled |= {name for name, _ in found.doubts} - _about_values(found.mapping, mapping)
    open_doubts = {
        f"mapping.{name}": ValidationError(_doubt(found, name, question), code="mapping_needed")
        for name, question in found.doubts
        if name not in settled
    }
    if open_doubts:
        raise ValidationError(open_doubts)


def _about_values(proposed: CsvMapping, chosen: CsvMapping) -> set[str]:
    """The fields that say how the proposed columns are read, where these columns were chosen."""
    fields = set()
    if proposed.txn_date == chosen.txn_date:
        fields.add("date_format")
    if (proposed.amount, proposed.debit) == (chosen.amount, chosen.debit):
        fields |= {"sign_convention", "decimal_mark"}
    return fields


def _doubt(found: Detection, name: str, question: Notice) -> str:
    sentence = notice_text(question)
    choices = found.alternatives.get(name)
    if not choices:
        return sentence
    return f"{sentence} Possible: {', '.join(repr(choice) for choice in choices)}."


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def preview(
    data: bytes, format_name: str, mapping: CsvMapping | None, size: int = PREVIEW_LINES
) -> list[PreviewLine]:
    """The first lines as they would be imported, each with its raw text. Raises UnreadableFile."""
    rows = islice(open_lines(data, format_name, mapping).rows, size)
    return [_preview_line(row) for row in rows]


def _preview_line(row: IncomingRow) -> PreviewLine:
    if isinstance(row, UnusableRow):
        return PreviewLine(row.row_number, row.raw, None, notice_text(row.error))
    if isinstance(row, SkippedRow):
        reason = notice_text(row.reason)
        return PreviewLine(row.row_number, row.raw, None, "", note=reason)
    return PreviewLine(row.row_number, row.raw, row, "")
