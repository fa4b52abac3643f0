"""Turn a file's lines into staged rows, each with a fingerprint and a first verdict.

The file is read outside any database transaction, into a spool on disk that is then inserted
quickly. A large file therefore blocks nobody, and memory use stays constant.
"""

import marshal
import tempfile
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import IO, Any

from django.conf import settings

from banking.kernel.bulk import batched, bulk_insert
from banking.kernel.money import LARGEST_AMOUNT, round_to_minor_unit, to_units
from transactions.fingerprints import fingerprint
from transactions.models import ImportBatch, ImportRow, Transaction
from transactions.models.reasons import ODD_DATE, SAME_ID, SAME_LINE, reason_for
from transactions.rules.rule_book import Line
from transactions.rules.suggestions import Suggestion, suggester_for
from transactions.services.import_details import staged_details
from transactions.services.import_progress import report_progress
from transactions.services.posting_checks import EARLIEST, LATEST
from transactions.sources.files.incoming import (
    IncomingFile,
    IncomingRow,
    IncomingTransaction,
    SkippedRow,
    UnreadableFile,
    UnusableRow,
)
from transactions.sources.files.notices import Notice, NoticeCode, RowError

COLUMNS = (
    *("row_number", "raw", "txn_date", "posted_date", "signed_amount", "currency", "description"),
    *("merchant", "external_id", "provider_category", "category_id", "category_source", "rule_id"),
    *("notes", "is_pending", "details", "fingerprint", "verdict", "error", "attr"),
    *("is_edited", "is_chosen"),
)
ROWS_AT_ONCE = 2000
_SIZE_BYTES = 8
NO_DESCRIPTION = "No description"
NO_MONEY = NoticeCode.NO_MONEY_MOVED.value
# Spreadsheets and programs write 12.30 as 12.300000000000001. That is no amount of money.
_CALCULATION_NOISE = Decimal("1e-9")
NEW, DUPLICATE, INVALID, SKIPPED = (
    ImportRow.Verdict.NEW.value,
    ImportRow.Verdict.DUPLICATE.value,
    ImportRow.Verdict.INVALID.value,
    ImportRow.Verdict.SKIPPED.value,
)
_EXTERNAL_ID, _FINGERPRINT = COLUMNS.index("external_id"), COLUMNS.index("fingerprint")
_DAY = COLUMNS.index("txn_date")
_OUTCOME = slice(COLUMNS.index("verdict"), COLUMNS.index("error") + 1)
_PLAINLY_NEW = (NEW, "")
BY_NOBODY = Transaction.CategorySource.NONE.value
BY_HAND = Transaction.CategorySource.MANUAL.value


class Spool:
    """The staged rows of one file, on disk, and the file's metadata."""

    def __init__(self, spooled: IO[bytes], staging: "Staging", file: IncomingFile) -> None:
        self.spooled = spooled
        self.row_count = staging.row_count
        self.first_on, self.last_on = staging.first_on, staging.last_on
        self.warnings = [*file.warnings, *staging.warnings()]
        self.opening_balance, self.closing_balance = staging.balances()
        self.states_from, self.states_to = file.first, file.last
        self.closing_on = file.closing_on

    def rows(self) -> Iterator[tuple[Any, ...]]:
        self.spooled.seek(0)
        while size := int.from_bytes(self.spooled.read(_SIZE_BYTES), "big"):
            yield from marshal.loads(self.spooled.read(size))  # noqa: S302 - written by this process

    def __enter__(self) -> "Spool":
        return self

    def __exit__(self, *_: object) -> None:
        self.spooled.close()

    def write(self, batch: ImportBatch, likely: dict[int | str, int]) -> int:
        """Insert the rows for the batch. `likely` has transactions by the bank's ID or else the
        fingerprint of the row they are: a row with the verdict it will get is written once.
        """
        return bulk_insert(
            ImportRow._meta.db_table,
            ("batch_id", *COLUMNS, "match_id"),
            _with_matches(batch.pk, self.rows(), likely),
        )


def _with_matches(
    key: int, rows: Iterator[tuple[Any, ...]], likely: dict[int | str, int]
) -> Iterator[tuple[Any, ...]]:
    """The rows between their batch and their likely match, each transaction for one row."""
    for row in rows:
        external_id = row[_EXTERNAL_ID]
        match = likely.pop(external_id or row[_FINGERPRINT], None)
        if match is None or row[_OUTCOME] != _PLAINLY_NEW:
            yield (key, *row, None)
        else:
            reason = SAME_ID if external_id else SAME_LINE
            before, after = row[: _OUTCOME.start], row[_OUTCOME.stop :]
            yield (key, *before, DUPLICATE, reason, *after, match)


def spool_lines(batch: ImportBatch, file: IncomingFile, line_estimate: int) -> Spool:
    """Read every line of the file. Raises UnreadableFile (also beyond IMPORT_MAX_ROWS)."""
    staging = Staging(batch, file)
    spooled = tempfile.TemporaryFile()  # noqa: SIM115 - handed on with the spool
    try:
        for lines in batched(file.rows, ROWS_AT_ONCE):
            packed = marshal.dumps(staging.rows_of(lines))
            # With its size, because `marshal.load` asks the file for every value by itself.
            spooled.write(len(packed).to_bytes(_SIZE_BYTES, "big") + packed)
            if staging.row_count > settings.IMPORT_MAX_ROWS:
                raise UnreadableFile(NoticeCode.TOO_MANY_LINES, count=settings.IMPORT_MAX_ROWS)
            report_progress(batch.pk, "reading", staging.row_count, line_estimate)
    except BaseException:
        spooled.close()
        raise
    return Spool(spooled, staging, file)


class Staging:
    """Turns lines into tuples of `COLUMNS`, for one account."""

    def __init__(self, batch: ImportBatch, file: IncomingFile) -> None:
        self.file = file
        self.account_name = batch.account.name
        self.currency = batch.account.currency
        self.account_id = batch.account_id
        self.suggester = suggester_for(batch.user_id)
        self.row_count = 0
        # The days of the lines, as ISO text; "" without any.
        self.first_on = self.last_on = ""
        self.foreign_currencies: set[str] = set()
        self.first: list[IncomingTransaction] = []
        self.last: IncomingTransaction | None = None
        # What the usable lines of the file move.
        self.total = Decimal(0)

    def rows_of(self, lines: list[IncomingRow]) -> list[tuple[Any, ...]]:
        rows = [self.row_of(line) for line in lines]
        days = [row[_DAY] for row in rows if row[_DAY]]
        if days:
            self.first_on = min(self.first_on or days[0], *days)
            self.last_on = max(self.last_on, *days)
        return rows

    def row_of(self, line: IncomingRow) -> tuple[Any, ...]:
        self.row_count += 1
        if isinstance(line, UnusableRow):
            return _unusable(line.row_number, line.raw, line.error, line.attr)
        if isinstance(line, SkippedRow):
            return _skipped(line, self.currency)
        if len(self.first) < 2:
            self.first.append(line)
        self.last = line
        try:
            return self._usable(line)
        except RowError as refused:
            return _unusable(line.row_number, line.raw, refused.notice, refused.attr)

    def _usable(self, line: IncomingTransaction) -> tuple[Any, ...]:
        currency = line.currency or self.currency
        amount = self._checked(line, currency)
        self.total += line.amount
        description = storable(line.description)[:500] or storable(line.merchant)
        description = description or NO_DESCRIPTION
        suggestion = self._suggestion(line, description, amount)
        posted = line.posted_date
        return (
            line.row_number,
            storable(line.raw),
            line.txn_date.isoformat(),
            posted.isoformat() if posted else None,
            to_units(amount),
            currency,
            description,
            storable(suggestion.merchant)[:200],
            _external_id(line.external_id),
            storable(line.category)[:120],
            suggestion.category_id,
            str(suggestion.category_source),
            suggestion.rule_id,
            storable(line.notes)[:4000],
            line.is_pending,
            staged_details(line.own, self.suggester.category_named) if line.own else None,
            fingerprint(line.txn_date, amount, currency, description),
            NEW if amount else SKIPPED,
            _date_note(line.txn_date) if amount else NO_MONEY,
            "",
            False,
            False,
        )

    def _suggestion(
        self, line: IncomingTransaction, description: str, amount: Decimal
    ) -> Suggestion:
        """The line's likely category and merchant. Our own export states them."""
        if line.own:
            category_id = self.suggester.category_named(line.category)
            return Suggestion(category_id, BY_HAND if category_id else BY_NOBODY, line.merchant)
        return self.suggester.suggest(
            Line(description, line.merchant, self.account_id, abs(amount)),
            is_inflow=amount > 0,
            provider_category=line.category,
            on=line.txn_date,
        )

    def _checked(self, line: IncomingTransaction, currency: str) -> Decimal:
        """The amount in whole minor units. Rejects what the ledger cannot store."""
        if currency != self.currency:
            self.foreign_currencies.add(currency)
            raise foreign_line(currency, self.account_name, self.currency)
        return posted_amount(line.amount, currency)

    def warnings(self) -> list[Notice]:
        if not self.foreign_currencies:
            return []
        values = {"currencies": sorted(self.foreign_currencies), "account": self.account_name}
        return [Notice(NoticeCode.FOREIGN_LINES, {**values, "currency": self.currency})]

    def balances(self) -> tuple[Decimal | None, Decimal | None]:
        """What the account held before and after the file's lines, as the file says.

        Cards often say what is owed instead: where the balance moves against the amounts, it is
        turned round.
        """
        opening, closing = self.file.opening_balance, self.file.closing_balance
        if opening is not None and closing is not None and self.total:
            is_owed = closing - opening == -self.total
        else:
            is_owed = self._is_owed()
        sign = -1 if is_owed else 1
        first, last = self._ends()
        if opening is None and first is not None and first.balance_after is not None:
            opening = first.balance_after - sign * first.amount
        if closing is None and last is not None:
            closing = last.balance_after
        return _as_posted(opening, sign), _as_posted(closing, sign)

    def _ends(self) -> tuple[IncomingTransaction | None, IncomingTransaction | None]:
        """The oldest line and the newest one."""
        first = next(iter(self.first), None)
        return (self.last, first) if self._is_newest_first() else (first, self.last)

    def _steps(self) -> tuple[Decimal, Decimal] | None:
        """What the balance moved between the first two lines, and the amount that it should be if
        the newest line comes first; None without both balances.
        """
        if len(self.first) < 2:
            return None
        first, second = self.first
        if first.balance_after is None or second.balance_after is None:
            return None
        return first.balance_after - second.balance_after, first.amount

    def _is_newest_first(self) -> bool:
        """Whether the newest line comes first: by dates, or else by how the balances follow."""
        if not self.first or self.last is None:
            return False
        first = self.first[0]
        if first.txn_date != self.last.txn_date:
            return first.txn_date > self.last.txn_date
        steps = self._steps()
        return steps is not None and steps[0] == steps[1]

    def _is_owed(self) -> bool:
        """Whether the balance falls by what comes in, and rises by what goes out."""
        steps = self._steps()
        if steps is None:
            return False
        moved, amount = steps
        return moved == (-amount if self._is_newest_first() else self.first[1].amount)


def foreign_line(foreign: str, account_name: str, currency: str) -> RowError:
    """The refusal of a line in another currency than its account's."""
    values = {"foreign": foreign[:3], "account": account_name, "currency": currency}
    return RowError(NoticeCode.FOREIGN_LINE, "currency", **values)


def posted_amount(amount: Decimal, currency: str) -> Decimal:
    """The amount in whole minor units, as it will be posted.

    Raises RowError, also if it has more decimals than the currency: whether 1.234 yen is
    one yen or a thousand, only the owner knows.
    """
    if abs(amount) > LARGEST_AMOUNT:
        raise RowError(NoticeCode.AMOUNT_TOO_LARGE, "amount")
    posted = round_to_minor_unit(amount, currency)
    if abs(posted - amount) > _CALCULATION_NOISE:
        values = {"currency": currency, "plain": f"{amount.normalize():f}"}
        raise RowError(NoticeCode.AMOUNT_TOO_PRECISE, "amount", **values)
    return posted


def storable(text: str) -> str:
    """The text without characters that databases reject: NUL and unpaired surrogates."""
    if not text:
        return ""
    if "\x00" in text:
        text = text.replace("\x00", "\u2400")
    if not text.isascii():
        text = text.encode("utf-8", "replace").decode("utf-8")
    return text


def _external_id(text: str) -> str:
    # A truncated ID could be another line's, so such a line is recognized by its fingerprint.
    return storable(text) if len(text) <= 255 else ""


def _date_note(on: date) -> str:
    """The bank's date stands, however odd. Dates entered by hand must be within
    `posting`'s bounds.
    """
    return "" if EARLIEST <= on <= LATEST else ODD_DATE


def _skipped(line: SkippedRow, currency: str) -> tuple[Any, ...]:
    """A line whose money never moved: listed on the receipt with its reason."""
    values = _blank(line.row_number, line.raw) | {
        "txn_date": line.txn_date.isoformat(),
        "signed_amount": to_units(round_to_minor_unit(line.amount, currency)),
        "currency": currency,
        "description": storable(line.description)[:500] or NO_DESCRIPTION,
        "verdict": SKIPPED,
        "error": reason_for(line.reason),
    }
    return tuple(values[name] for name in COLUMNS)


def _unusable(row_number: int, raw: str, error: Notice, attr: str) -> tuple[Any, ...]:
    values = _blank(row_number, raw) | {
        "verdict": INVALID,
        "error": storable(reason_for(error)),
        "attr": attr[:20],
    }
    return tuple(values[name] for name in COLUMNS)


def _blank(row_number: int, raw: str) -> dict[str, Any]:
    return {
        **dict.fromkeys(COLUMNS, ""),
        **dict.fromkeys(("txn_date", "posted_date", "signed_amount")),
        **dict.fromkeys(("category_id", "rule_id", "details")),
        **dict.fromkeys(("is_pending", "is_edited", "is_chosen"), False),
        "row_number": row_number,
        "raw": storable(raw),
        "category_source": BY_NOBODY,
        "fingerprint": None,
    }


def _as_posted(balance: Decimal | None, sign: int) -> Decimal | None:
    """The balance with its sign as in the ledger; None if it could not be stored."""
    if balance is None or abs(balance) > LARGEST_AMOUNT:
        return None
    return sign * balance.quantize(Decimal("0.0001"))
