"""Files with several accounts: their parts, the account of each part, and one import per account.

Nothing from such a file is read into an account until it is clear, or the owner has said, which
part belongs to which account.
"""

import re
import uuid
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date
from operator import itemgetter

from django.core.exceptions import ValidationError
from django.db import transaction as db_transaction
from django.db.models import Q

from accounts.models import Account
from accounts.names_apart import names_apart
from accounts.services import open_account
from transactions.models import ImportBatch, ImportFile
from transactions.services.import_reading import open_lines
from transactions.sources.files import csv_file, own_csv
from transactions.sources.files.account_kinds import kind_in
from transactions.sources.files.account_parts import (
    NOT_NAMED,
    PartNames,
    last_four_in,
    part_name,
)
from transactions.sources.files.csv_mapping import CsvMapping
from transactions.sources.files.incoming import (
    IncomingFile,
    IncomingRow,
    IncomingTransaction,
    UnreadableFile,
)
from transactions.sources.files.notices import Notice, NoticeCode
from transactions.sources.files.statement_parts import chain_balances, state_period
from users.audit import trail
from users.models import User

NEW, SKIP = "new", "skip"
SEVERAL = "several"  # the part's currency, if its lines have more than one
Answer = Account | str
MOST_REMEMBERED = 200
_ENDING = re.compile(r"…[0-9A-Za-z]{1,4}")
# A file in which fewer than two of these differ has one account and need not be read.
_MARKS = {
    "ofx": re.compile(rb"<ACCTID>\s*[^<\r\n]*|</STMTRS|</CCSTMTRS", re.IGNORECASE),
    "qif": re.compile(rb"!Account[^!]*|!Type:", re.IGNORECASE),
    "mt940": re.compile(rb":25P?:[^\r\n]*"),
    "camt": re.compile(rb"<(?:\w+:)?(?:IBAN|Id)>[^<]*"),
}


@dataclass(frozen=True, slots=True)
class FilePart:
    """One account's part of a file. Days are ISO dates, "" if no line has one.

    `currency` is the currency of its lines: "" if none is given, "several" if they differ.
    `account_type` is what the file or the account's name says it is; "" if neither does.
    """

    part: str
    count: int = 0
    currency: str = ""
    first_on: str = ""
    last_on: str = ""
    account_type: str = ""

    @property
    def last4(self) -> str:
        return last_four_in(self.part)

    @property
    def name(self) -> str:
        """The account's name in the file; "" if it has only a number, or that and a currency."""
        name = "" if self.part == NOT_NAMED else _ENDING.sub("", self.part).strip()
        return "" if name == self.currency else name

    @property
    def first_day(self) -> date | None:
        return date.fromisoformat(self.first_on) if self.first_on else None

    @property
    def last_day(self) -> date | None:
        return date.fromisoformat(self.last_on) if self.last_on else None


def parts_of(batch: ImportBatch) -> list[FilePart]:
    """The upload's parts by account; empty if it has only one account."""
    return [FilePart(**values) for values in batch.file_parts]


def settle_parts(batch: ImportBatch, content: bytes, *, even_one: bool = False) -> None:
    """Store on an unsaved or locked batch what its file contains by account, and whether to ask.

    If exactly one part clearly is the batch's account, it is used without asking.
    """
    parts = [] if batch.needs_mapping else _survey(batch, content, even_one)
    batch.file_parts = [asdict(part) for part in parts]
    own = _own_part(batch, parts) if parts else None
    batch.parts = [own.part] if own else []
    batch.needs_accounts = bool(parts) and own is None


def _survey(batch: ImportBatch, content: bytes, even_one: bool) -> list[FilePart]:
    mapping = CsvMapping.from_json(batch.mapping) if batch.mapping else None
    even_one = even_one or _is_anothers(batch, content, mapping)
    if not (even_one or _may_hold_several(content, batch.format, mapping)):
        return []
    try:
        file = open_lines(content, batch.format, mapping)
        if not even_one and len({statement.account for statement in file.statements}) == 1:
            return []
        parts = _with_types(_counts(file.rows), file)
    except UnreadableFile:
        return []  # the check reports what is wrong with it
    is_told = len(parts) > 1 or (even_one and any(part.part for part in parts))
    return parts if is_told else []


def _is_anothers(batch: ImportBatch, content: bytes, mapping: CsvMapping | None) -> bool:
    """Whether the first line names another of the owner's accounts, and not the batch's."""
    own = Account.objects.owned_by(batch.user).active()
    others = list(own.exclude(pk=batch.account_id))
    if not others:
        return False
    try:
        line = next(iter(open_lines(content, batch.format, mapping).rows), None)
    except UnreadableFile:
        return False
    if line is None or not line.part:
        return False
    part = _counted(FilePart(line.part), line)
    names = names_apart(batch.user)
    if _fits(part, batch.account, names):
        return False
    return any(_fits(part, other, names) for other in others)


def _counts(rows: Iterable[IncomingRow]) -> list[FilePart]:
    found: dict[str, FilePart] = {}
    for line in rows:
        found[line.part] = _counted(found.get(line.part) or FilePart(line.part), line)
    return list(found.values())


def _with_types(parts: list[FilePart], file: IncomingFile) -> list[FilePart]:
    """The parts with the kind of account each is: as its statement says, or else its name."""
    names = PartNames()
    kinds = {
        names.of(statement.account): statement.kind
        for statement in file.statements
        if statement.line_count
    }
    return [
        replace(part, account_type=kinds.get(part.part) or kind_in(part.part)) for part in parts
    ]


def _may_hold_several(content: bytes, format_name: str, mapping: CsvMapping | None) -> bool:
    if format_name == "csv":
        return mapping is not None and csv_file.has_several_accounts(content, mapping)
    if format_name == own_csv.FORMAT:
        return own_csv.has_several_accounts(content)
    if format_name == "xlsx":
        return mapping is not None and mapping.account is not None
    seen: set[bytes] = set()
    for mark in _MARKS[format_name].finditer(content.replace(b"\x00", b"")):
        seen.add(mark[0].strip())
        if len(seen) > 1:
            return True
    return False


def _counted(part: FilePart, line: IncomingRow) -> FilePart:
    day = getattr(line, "txn_date", None)
    on = day.isoformat() if day else ""
    currency = part.currency
    if isinstance(line, IncomingTransaction) and line.currency:
        currency = line.currency if currency in ("", line.currency) else SEVERAL
    return FilePart(
        part.part,
        part.count + 1,
        currency,
        min(filter(None, (part.first_on, on)), default=""),
        max(part.last_on, on),
        part.account_type,
    )


def _own_part(batch: ImportBatch, parts: list[FilePart]) -> FilePart | None:
    """The only part that is clearly the batch's account while all others clearly are not."""
    names = names_apart(batch.user)
    others = list(Account.objects.filter(user=batch.user).exclude(pk=batch.account_id))
    fitting = [
        part
        for part in parts
        if _fits(part, batch.account, names)
        and not any(_is_named(part, other, names) for other in others)
    ]
    if len(fitting) != 1 or any(part.part == NOT_NAMED for part in parts):
        return None
    return fitting[0]


def _fits(part: FilePart, account: Account, names: Mapping[int, str]) -> bool:
    """By name, as our own export writes it, or by the last four digits; never in another
    currency.
    """
    if not takes(account, part):
        return False
    if _is_named(part, account, names):
        return True
    return bool(part.last4) and part.last4 == account.last_four


def _is_named(part: FilePart, account: Account, names: Mapping[int, str]) -> bool:
    name = names[account.pk]
    label = part.part.casefold()
    known = [part_name(text).casefold() for text in (name, f"{name} …{account.last_four}")]
    return part.part != NOT_NAMED and label in known


def takes(account: Account, part: FilePart) -> bool:
    """Whether the part's lines can be posted to the account at all."""
    return part.currency in ("", SEVERAL, account.currency)


def likely_accounts(batch: ImportBatch) -> dict[str, Account | None]:
    """The most likely account for each part: by name, last four digits, or the last answer."""
    own = list(Account.objects.owned_by(batch.user).active().order_by("pk"))
    earlier, names = _earlier_answers(batch.user), names_apart(batch.user)
    found: dict[str, Account | None] = {}
    for part in parts_of(batch):
        able = [account for account in own if takes(account, part)]
        named = [account for account in able if _is_named(part, account, names)]
        fitting = named or [account for account in able if _fits(part, account, names)]
        remembered = [account for account in able if account.pk == earlier.get(part.part)]
        if len(fitting) > 1:
            fitting = [
                account for account in fitting if account.pk == batch.account_id
            ] or remembered
        found[part.part] = next(iter(fitting or remembered), None)
    return found


def _earlier_answers(user: User) -> dict[str, int]:
    """Part → account, from this person's latest imports, and then from those undone."""
    is_undone = Q(status=ImportBatch.Status.REVERTED)
    done = ImportBatch.objects.filter(Q(status=ImportBatch.Status.DONE) | is_undone, user=user)
    latest = done.exclude(parts=[]).order_by("-pk").annotate(is_undone=is_undone)
    found = latest.values_list("is_undone", "parts", "account_id")[:MOST_REMEMBERED]
    answers: dict[str, int] = {}
    for _, parts, account_id in sorted(found, key=itemgetter(0)):
        for part in parts:
            if part != NOT_NAMED:
                answers.setdefault(part, account_id)
    return answers


@db_transaction.atomic
def route_parts(
    *, actor: User, batch: ImportBatch, answers: Mapping[str, Answer]
) -> list[ImportBatch]:
    """Send each part of a locked, unconfirmed upload to its account, with one import per account.

    An answer is an account, "new" (one is created) or "skip". Raises ValidationError on `accounts`,
    with code `accounts_needed` if a part has no answer.
    """
    parts = {part.part: part for part in parts_of(batch)}
    _refuse_answers(batch, parts, answers)
    if actor.pk != batch.user_id:
        raise _refusal("Only the owner of the accounts can assign them.")
    others = ImportBatch.objects.together_with(batch).exclude(pk=batch.pk)
    if any(other.is_confirmed for other in others):
        raise _refusal(
            "Part of this file has been imported. Undo that import to choose accounts again."
        )
    # Chosen again after "new", or after that import was undone: the account is there now.
    earlier = ImportBatch.objects.filter(user=batch.user, opens_account=True)
    opened = set(earlier.values_list("account_id", flat=True))
    others.delete()
    wanted: dict[Account, list[str]] = {}
    for name, part in parts.items():
        account = answers[name]
        if account == NEW:
            account = _open(actor, batch, part)
            opened.add(account.pk)
        if isinstance(account, Account):
            wanted.setdefault(account, []).append(name)
    routed = _split(batch, wanted, opened)
    trail.record(
        actor=actor,
        action="transactions.import.routed",
        target=batch,
        accounts={str(routed_batch.account_id): routed_batch.parts for routed_batch in routed},
        imports=[routed_batch.pk for routed_batch in routed],
    )
    return routed


def _refuse_answers(
    batch: ImportBatch, parts: Mapping[str, FilePart], answers: Mapping[str, Answer]
) -> None:
    if unknown := [name for name in answers if name not in parts]:
        raise _refusal(f"The file has no part “{unknown[0][:80]}”.")
    if open_parts := [name for name in parts if name not in answers]:
        raise accounts_needed(open_parts)
    for name, account in answers.items():
        if isinstance(account, str):
            continue
        if account.user_id != batch.user_id:
            raise _refusal("Choose among your own accounts.")
        if not takes(account, parts[name]):
            raise _refusal(
                f"“{name}” is in {parts[name].currency}; {account.name} is in {account.currency}."
            )
    if all(answer == SKIP for answer in answers.values()):
        raise _refusal("Choose an account for at least one part of the file.")


def accounts_needed(names: list[str]) -> ValidationError:
    """The error for a file whose parts are not assigned."""
    listed = ", ".join(f"“{name}”" for name in names[:10])
    sentence = f"This file has several accounts. Choose an account for each: {listed}."
    if len(names) == 1:
        sentence = f"This file is from {listed}. Choose the account it belongs to."
    return ValidationError({"accounts": ValidationError(sentence, code="accounts_needed")})


def _refusal(sentence: str) -> ValidationError:
    return ValidationError({"accounts": sentence})


def _open(actor: User, batch: ImportBatch, part: FilePart) -> Account:
    currency = batch.account.currency if part.currency in ("", SEVERAL) else part.currency
    name = part.name
    if not name and part.account_type:
        name = str(Account.Type(part.account_type).label)
    elif not name:
        name = f"Account {part.last4}" if part.last4 else "Imported account"
    return open_account(
        actor=actor,
        user=batch.user,
        name=name,
        currency=currency,
        account_type=part.account_type or Account.Type.CHECKING,
        last_four=part.last4,
    )


def _split(
    batch: ImportBatch, wanted: Mapping[Account, list[str]], opened: Collection[int]
) -> list[ImportBatch]:
    """The batch for one of the accounts, and a copy of it for each of the others."""
    first = batch.account if batch.account in wanted else next(iter(wanted))
    group = uuid.uuid4() if len(wanted) > 1 else None
    routed = []
    for account, names in wanted.items():
        one = batch if account == first else _copy(batch)
        one.account, one.parts, one.group, one.needs_accounts = account, names, group, False
        one.opens_account = account.pk in opened
        one.status, one.problems, one.read_count = ImportBatch.Status.UPLOADED, [], 0
        one.save()
        if one is not batch:
            ImportFile.objects.create(batch=one, content=batch.file.content)
        routed.append(one)
    return sorted(routed, key=lambda member: member.account_id)


def _copy(batch: ImportBatch) -> ImportBatch:
    same = ("user", "file_name", "file_size", "sha256", "format", "mapping", "file_parts")
    return ImportBatch(**{name: getattr(batch, name) for name in same})


def take_parts(file: IncomingFile, names: list[str]) -> IncomingFile:
    """The file with only the lines and balances of the named parts; of all parts if none
    is named.
    """
    if not names:
        return file
    file.rows = _rows_in(file.rows, frozenset(names))
    known = PartNames()
    labels = {
        statement.account: known.of(statement.account)
        for statement in file.statements
        if statement.line_count
    }
    # A day without lines is a statement too.
    chosen = [part for part in file.statements if labels.get(part.account) in names]
    file.first = file.last = file.closing_on = None
    if len(names) == 1 and len({part.currency for part in chosen}) == 1:
        state_period(file, chosen)
        chain_balances(file, chosen)
    return file


def _rows_in(rows: Iterator[IncomingRow], names: frozenset[str]) -> Iterator[IncomingRow]:
    return (line for line in rows if line.part in names)


def left_out(batch: ImportBatch) -> list[Notice]:
    """A notice about the parts that go into no account; none if all of them do."""
    if not batch.parts:
        return []
    together = ImportBatch.objects.together_with(batch).values_list("parts", flat=True)
    taken = {name for names in together for name in names}
    rest = [part for part in parts_of(batch) if part.part not in taken]
    if not rest:
        return []
    named = [[part.part, part.count] for part in rest]
    return [Notice(NoticeCode.OTHER_ACCOUNTS, {"parts": named})]
