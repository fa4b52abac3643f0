"""Turn one row of a table into a transaction, or into a notice saying why it isn't one."""

import re
from collections import Counter
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from itertools import chain, islice

from transactions.sources.files.account_parts import PartNames
from transactions.sources.files.amounts import (
    PLAIN_FIGURE,
    is_no_money,
    parse_amount,
    parse_currency,
    read_money,
)
from transactions.sources.files.cell_words import (
    INFLOW_FLAGS,
    KNOWN_STATUS,
    OUTFLOW_FLAGS,
    PENDING_WORDS,
    VOID_STATE,
    is_status,
)
from transactions.sources.files.column_words import currency_in_heading
from transactions.sources.files.csv_balance_lines import BalanceLines, is_total_label
from transactions.sources.files.csv_by_balance import signed_by_balance
from transactions.sources.files.csv_loose_words import LooseWords
from transactions.sources.files.csv_mapping import (
    BLANK_FLAG,
    BY_BALANCE,
    COLUMN_FIELDS,
    CsvMapping,
)
from transactions.sources.files.csv_rows import Row, cut_amounts, filled_width
from transactions.sources.files.csv_sections import title_of
from transactions.sources.files.csv_totals import without_total
from transactions.sources.files.dates import parse_date
from transactions.sources.files.incoming import (
    IncomingFile,
    IncomingRow,
    IncomingTransaction,
    SkippedRow,
    UnusableRow,
)
from transactions.sources.files.narrowing import sure
from transactions.sources.files.notices import Notice, NoticeCode, RowError
from transactions.sources.files.values import (
    BLANK_MARKS,
    clean_text,
    fold,
    refuse_unstorable,
    shown,
)

_MOST_CACHED = 20_000
_MOST_STATES = 6
_ACCOUNT_NUMBER = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9 ]{8,36}|[0-9][0-9 ./-]{4,}")
_UNSTORABLE = {0: "\u2400", **dict.fromkeys(range(0xD800, 0xE000), "\ufffd")}
_ROWS_COMPARED = 50


class RowReader:
    """Turns rows into transactions, preparing once what depends only on the mapping."""

    def __init__(self, mapping: CsvMapping, incoming: IncomingFile):
        self.mapping = mapping
        self.incoming = incoming
        self.width = mapping.width
        self.heading: list[str] = []
        self.usual_width = 0
        # Whether a comma in the words of a row would move its amount to another column.
        self.is_words_first = _is_words_first(mapping)
        self.heading_currency = ""
        self.beside_currency = ""
        self.dates: dict[str, date | RowError] = {}
        self.currencies: dict[str, str] = {}
        self.statuses: dict[str, tuple[bool, bool]] = {}
        self.flags = _flag_signs(mapping)
        self.matches_plain = PLAIN_FIGURE[mapping.decimal_mark].fullmatch
        self.balances = BalanceLines(mapping, incoming)
        self.parts = PartNames()
        self.loose_words = LooseWords(mapping)
        # Whether accounts follow each other, and the title that may name the next one.
        self.has_sections = False
        self.next_section = ""
        self.amount_of = {
            "debit_credit": self._pair,
            "signed_pair": self._pair,
            "inverted_pair": self._pair,
            "flag": self._flagged,
            "unmarked_out": self._marked,
        }.get(mapping.sign_convention, self._signed)

    def walk(self, rows: Iterator[Row]) -> Iterator[IncomingRow]:
        """Every payment row, read, refused or skipped with a reason."""
        lines = without_total(self._lines(rows))
        if self.mapping.sign_convention in BY_BALANCE:
            return signed_by_balance(lines, self.mapping)
        return lines

    def _lines(self, rows: Iterator[Row]) -> Iterator[IncomingRow]:
        incoming = self.incoming
        if self.mapping.header_line > self.mapping.skip_lines:
            self._note_heading(next(rows, None))
            rows = self._with_usual_width(rows)
        for number, cells, raw in rows:
            if len(cells) < self.width:
                cells = cells + [""] * (self.width - len(cells))
            try:
                line = self._line(number, cells, raw)
            except RowError as refused:
                yield UnusableRow(
                    number,
                    raw.translate(_UNSTORABLE),
                    refused.notice,
                    refused.attr,
                    self._part(cells),
                )
                continue
            if line is None or type(line) is SkippedRow:
                incoming.skipped_count += 1
            if line is not None:
                yield line
        self._note_unknown_states()
        self.incoming.warnings += self.loose_words.notices()

    def _note_heading(self, row: Row | None) -> None:
        if row is None:
            return
        self.incoming.skipped_count += 1
        self.heading = self.loose_words.heading = [cell.strip() for cell in row.cells]
        column = self.mapping.credit if self.mapping.needs_pair else self.mapping.amount
        if column is not None and column < len(self.heading):
            self.heading_currency = currency_in_heading(self.heading[column])
            self.incoming.currency = self.incoming.currency or self.heading_currency

    def _line(self, number: int, cells: list[str], raw: str) -> IncomingRow | None:
        """The row as a transaction; None if it is not a payment row."""
        mapping = self.mapping
        self.beside_currency = ""
        try:
            txn_date = self._txn_date(cells)
            amount = self.amount_of(cells)
        except RowError:
            self._unreadable(cells, raw)
            return None
        if amount is None:
            self._without_amount(cells, raw)
            return None
        self._refuse_longer(cells, raw)
        refuse_unstorable(raw)
        description = self._description(cells)
        balance = self._balance(cells)
        merchant = self._merchant(cells)
        balances = self.balances
        if balances.may_state(cells) and balances.states(
            cells, description, merchant, amount, balance
        ):
            return None
        if balance is not None and balance == amount and balances.repeats(balance, description):
            return None
        is_pending, is_void = self._status(cells)
        if not amount or is_void:
            reason = Notice(NoticeCode.NEVER_BOOKED if is_void else NoticeCode.NO_MONEY_MOVED)
            part = self._part(cells)
            return SkippedRow(number, raw, reason, txn_date, amount, description, part)
        balances.last, balances.moved = balance, amount
        self.loose_words.note(cells, txn_date, amount, balance)
        notes = self._text(cells, mapping.notes)
        if mapping.fee is not None and (fee := self._money(cells[mapping.fee])):
            amount -= abs(fee)
            notes = " ".join(filter(None, (notes, f"Includes a fee of {abs(fee):f}.")))
        return IncomingTransaction(
            row_number=number,
            txn_date=txn_date,
            amount=amount,
            description=description,
            raw=raw,
            posted_date=self._posted_date(cells),
            currency=self._currency(cells),
            merchant=merchant,
            external_id=self._text(cells, mapping.external_id),
            category=self._text(cells, mapping.category),
            notes=notes,
            balance_after=balance,
            is_pending=is_pending,
            part=self._part(cells),
        )

    # --- One cell ------------------------------------------------------------------------------

    def _date(self, text: str) -> date:
        found = self.dates.get(text)
        if found is None:
            try:
                found = parse_date(text, self.mapping.date_format)
            except RowError as error:
                found = error.at("txn_date")
            if len(self.dates) >= _MOST_CACHED:
                self.dates.clear()
            self.dates[text] = found
        if isinstance(found, RowError):
            raise found.at("txn_date")
        return found

    def _money(self, text: str) -> Decimal | None:
        """The amount in a cell, or None if blank. Remembers an ISO currency code next to it."""
        if self.matches_plain(text):
            return Decimal(text.replace(",", "."))
        if not text or not text.strip(BLANK_MARKS):
            return None
        try:
            found = read_money(text, self.mapping.decimal_mark, self.mapping.money_sign)
        except RowError:
            if is_no_money(text):
                return None
            raise
        if found.currency:
            self.beside_currency = found.currency
        return found.amount

    def _signed(self, cells: list[str]) -> Decimal | None:
        amount = self._money(cells[sure(self.mapping.amount)])
        if amount and self.mapping.sign_convention == "inverted":
            return -amount
        return amount

    def _marked(self, cells: list[str]) -> Decimal | None:
        """ "+" or CR means money in; a minus sign, DR or no mark means money out."""
        text = cells[sure(self.mapping.amount)]
        amount = self._money(text)
        if not amount:
            return amount
        mark = read_money(text, self.mapping.decimal_mark, self.mapping.money_sign).mark
        return amount if mark else -amount

    def _pair(self, cells: list[str]) -> Decimal | None:
        out = self._money(cells[sure(self.mapping.debit)])
        into = self._money(cells[sure(self.mapping.credit)])
        if out and into:
            raise RowError(NoticeCode.IN_AND_OUT, "amount")
        if out and self.mapping.sign_convention != "signed_pair":
            return -out
        if into and self.mapping.sign_convention == "inverted_pair":
            return -into
        return out or (into if into is not None else out)

    def _flagged(self, cells: list[str]) -> Decimal | None:
        amount = self._money(cells[sure(self.mapping.amount)])
        if not amount:
            return amount
        flag = cells[sure(self.mapping.flag)]
        sign = self.flags.get(fold(flag.strip()) or BLANK_FLAG, self.flags.get(None))
        if sign is None:
            raise RowError(NoticeCode.UNKNOWN_DIRECTION, "amount", text=shown(flag))
        return abs(amount) * sign

    def _txn_date(self, cells: list[str]) -> date:
        """The transaction date; if blank, the posting date."""
        text = cells[sure(self.mapping.txn_date)]
        if not text.strip() and self.mapping.posted_date is not None:
            text = cells[self.mapping.posted_date]
        return self._date(text)

    def _posted_date(self, cells: list[str]) -> date | None:
        column = self.mapping.posted_date
        try:
            return None if column is None or not cells[column] else self._date(cells[column])
        except RowError:
            return None

    def _balance(self, cells: list[str]) -> Decimal | None:
        column = self.mapping.balance
        if column is None or not cells[column]:
            return None
        try:
            return parse_amount(cells[column], self.mapping.decimal_mark, self.mapping.money_sign)
        except RowError:
            return None

    def _part(self, cells: list[str]) -> str:
        """The name of the account the row belongs to, if a column or a title names it."""
        column = self.mapping.account
        if column is not None:
            return self.parts.of(cells[column].strip())
        return self.parts.of(self.incoming.section) if self.has_sections else ""

    def _text(self, cells: list[str], column: int | None) -> str:
        return "" if column is None else clean_text(cells[column])

    def _description(self, cells: list[str]) -> str:
        """The description columns joined; if blank, other text that names the payment."""
        mapping = self.mapping
        parts = [clean_text(cells[column]) for column in mapping.description if cells[column]]
        if len(parts) > 1:
            parts = list(dict.fromkeys(parts))
        return (
            " ".join(filter(None, parts))
            or self._text(cells, mapping.merchant)
            or self._text(cells, mapping.notes)
            or self._text(cells, mapping.category)
            or self._other_words(cells)
        )

    def _other_words(self, cells: list[str]) -> str:
        """The longest text in a row whose description columns are all blank."""
        mapped = {getattr(self.mapping, name) for name in COLUMN_FIELDS}
        worded = [
            cell
            for place, cell in enumerate(cells)
            if place not in mapped and any(char.isalpha() for char in cell)
        ]
        return clean_text(max(worded, key=len, default=""))

    def _merchant(self, cells: list[str]) -> str:
        """The merchant's name; "" if the cell is only an account number."""
        name = self._text(cells, self.mapping.merchant)
        return "" if name and _ACCOUNT_NUMBER.fullmatch(name) else name

    def _currency(self, cells: list[str]) -> str:
        column = self.mapping.currency
        text = cells[column] if column is not None else ""
        code = self.currencies.get(text)
        if code is None:
            code = parse_currency(text)
            if len(self.currencies) < _MOST_CACHED:
                self.currencies[text] = code
        return code or self.beside_currency or self.heading_currency

    def _status(self, cells: list[str]) -> tuple[bool, bool]:
        """(is pending, is void) by the row's status."""
        if self.mapping.status is None:
            return False, False
        text = cells[self.mapping.status]
        known = self.statuses.get(text)
        if known is None:
            word = fold(text.strip()[:100])
            known = bool(PENDING_WORDS.search(word)), bool(VOID_STATE.fullmatch(word))
            if len(self.statuses) < _MOST_CACHED:
                self.statuses[text] = known
        return known

    def _note_unknown_states(self) -> None:
        """Warn about states nobody knows. One beside none that says "booked" must mean that."""
        states = [text.strip() for text in self.statuses if text.strip()]
        unknown = [text for text in states if not is_status(text)]
        says_booked = any(KNOWN_STATUS.fullmatch(fold(text)) for text in states)
        if not unknown or len(states) > _MOST_STATES or (len(unknown) == 1 and not says_booked):
            return
        values = {"words": shown(", ".join(unknown))}
        self.incoming.warnings.append(Notice(NoticeCode.UNKNOWN_STATES, values))

    def _refuse_longer(self, cells: list[str], raw: str) -> None:
        """Refuse a row with more cells than headings if a comma may have moved or cut its amount.

        Rows that are all longer have a column without a heading.
        """
        if not self.heading or len(cells) <= len(self.heading):
            return
        if self.mapping.delimiter == ",":
            _refuse_cut_amount(cells, raw)
        width = filled_width(cells)
        if self.is_words_first and width > max(len(self.heading), self.usual_width):
            last = cells[width - 1].strip()
            if _is_figure(last):
                raise RowError(NoticeCode.CELLS_MOVED, "amount", text=shown(last))

    def _with_usual_width(self, rows: Iterator[Row]) -> Iterator[Row]:
        """The rows, after looking at the first ones for how many cells most have."""
        first = list(islice(rows, _ROWS_COMPARED))
        widths = Counter(filled_width(row.cells) for row in first)
        self.usual_width = widths.most_common(1)[0][0] if widths else 0
        return chain(first, rows)

    # --- Lines that are no transaction ---------------------------------------------------------

    def _unreadable(self, cells: list[str], raw: str) -> None:
        """Skip a row that isn't a payment; refuse one that is but has a bad date or amount."""
        filled = [cell for cell in cells if cell.strip()]
        is_heading = [cell.strip() for cell in filled] == [*filter(None, self.heading)]
        if is_heading and self.next_section:
            self.incoming.section, self.next_section = self.next_section, ""
        if len(filled) <= 1 or is_heading:
            self.next_section = title_of(filled) or self.next_section
            return
        date_text, amount_text = self._date_text(cells), self._amount_text(cells)
        if not (_is_figure(date_text) or _is_figure(amount_text)) or not amount_text:
            return
        if not self._is_date(date_text) and any(is_total_label(cell) for cell in filled[:3]):
            self._note_balance_line(filled[0], amount_text)
            return
        refuse_unstorable(raw)
        if not date_text:
            raise RowError(NoticeCode.DATE_MISSING, "txn_date")
        self._date(date_text)
        try:
            self.amount_of(cells)
        except RowError as error:
            raise error.at("amount") from None

    def _without_amount(self, cells: list[str], raw: str) -> None:
        """Accept a dated row without an amount if it states a balance or has no text, else refuse
        it: a payment whose amount is lost, as where the file was cut off.
        """
        balance = self._balance(cells)
        words = [cell for cell in cells if any(char.isalpha() for char in cell)]
        is_remark = not words or any(is_total_label(cell) for cell in words)
        if is_remark if balance is None else not self.balances.has_moved(cells, balance):
            return
        refuse_unstorable(raw)
        raise RowError(NoticeCode.AMOUNT_MISSING, "amount")

    def _note_balance_line(self, label: str, amount_text: str) -> None:
        try:
            amount = self._money(amount_text)
        except RowError:
            return
        if amount is not None:
            self.balances.note(label, amount)

    def _date_text(self, cells: list[str]) -> str:
        text = cells[sure(self.mapping.txn_date)].strip()
        if not text and self.mapping.posted_date is not None:
            text = cells[self.mapping.posted_date].strip()
        return text

    def _amount_text(self, cells: list[str]) -> str:
        mapping = self.mapping
        columns = (mapping.debit, mapping.credit) if mapping.needs_pair else (mapping.amount,)
        return " ".join(
            filter(None, (cells[sure(column)].strip(BLANK_MARKS) for column in columns))
        )

    def _is_date(self, text: str) -> bool:
        try:
            self._date(text)
        except RowError:
            return False
        return True


def _is_figure(text: str) -> bool:
    """Whether a cell is meant as a date or an amount, even if invalid, like "31 February 2024"."""
    digits = sum(char.isdigit() for char in text)
    return digits > 0 and 2 * digits >= sum(char.isalpha() for char in text)


def _is_words_first(mapping: CsvMapping) -> bool:
    """Whether a column that isn't a day, an amount or a balance stands before one that is money."""
    money = [
        place
        for place in (mapping.amount, mapping.debit, mapping.credit, mapping.balance, mapping.fee)
        if place is not None
    ]
    before = set(range(max(money, default=0))) - {mapping.txn_date, mapping.posted_date, *money}
    return bool(before)


def _refuse_cut_amount(cells: list[str], raw: str) -> None:
    """Refuse a row with more cells than headings in which a comma may have cut an amount."""
    places = cut_amounts(cells) if '"' not in raw else []
    if places:
        text, other = cells[places[0]].strip(), cells[places[0] + 1].strip()
        raise RowError(NoticeCode.CUT_AMOUNT, "amount", text=text, other=other)


def _flag_signs(mapping: CsvMapping) -> dict[str | None, int]:
    """Sign by flag word; None is the key for every other word, if the mapping allows one."""
    signs: dict[str | None, int] = {}
    for words, sign in ((mapping.inflow_flag, 1), (mapping.outflow_flag, -1)):
        signs.update({fold(word.strip()): sign for word in words.split("|") if word.strip()})
    if not mapping.inflow_flag.strip(" |"):
        if OUTFLOW_FLAGS.issuperset(word for word in signs if word):
            signs.update({word: 1 for word in INFLOW_FLAGS if word not in signs})
        else:
            signs[None] = 1
    return signs
