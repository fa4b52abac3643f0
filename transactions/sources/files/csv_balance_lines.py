"""Tell a table's lines that only state a balance from its payments."""

from decimal import Decimal

from transactions.sources.files.cell_words import (
    BALANCE_HINT,
    TOTALS,
    is_also_payment,
    is_bare_label,
)
from transactions.sources.files.column_words import heading_score, plain_heading
from transactions.sources.files.csv_mapping import CsvMapping
from transactions.sources.files.csv_preamble import balance_label
from transactions.sources.files.csv_totals import may_be_balance
from transactions.sources.files.incoming import IncomingFile
from transactions.sources.files.notices import NoticeCode, RowError
from transactions.sources.files.values import shown

_LONGEST_LABEL = 60


class BalanceLines:
    """Compares each line with the payment before it, and notes the balances that lines state.

    ``last`` and ``moved`` are the balance and the amount of the last payment; None before one.
    """

    def __init__(self, mapping: CsvMapping, incoming: IncomingFile):
        self.figures = (mapping.txn_date, mapping.amount, mapping.debit, mapping.credit)
        self.incoming = incoming
        self.last: Decimal | None = None
        self.moved: Decimal | None = None
        # By the number of cells, which varies where banks leave out the blank ones at the end.
        self.worded: dict[int, list[int]] = {}

    def may_state(self, cells: list[str]) -> bool:
        """Whether a cell beside the date and the amount has a word for a balance in it."""
        places = self.worded.get(len(cells))
        if places is None:
            places = [place for place in range(len(cells)) if place not in self.figures]
            self.worded[len(cells)] = places
        words = "\n".join([cells[place] for place in places])
        return BALANCE_HINT.search(words.lower()) is not None

    def states(
        self,
        cells: list[str],
        description: str,
        merchant: str,
        amount: Decimal,
        balance: Decimal | None,
    ) -> bool:
        """Whether a row that `may_state` a balance does, and moves nothing.

        Raises ``RowError`` for a first row that may state the opening balance in unknown words.
        """
        if self._moves(balance, amount):
            return False
        if self._is_label(description, cells, amount, balance):
            return True
        is_first = balance is None and self.moved is None
        if is_first and may_be_balance(description, amount, merchant):
            raise RowError(NoticeCode.MAY_BE_BALANCE, "amount", text=shown(description))
        return False

    def repeats(self, balance: Decimal, description: str) -> bool:
        """Whether a row only states the balance: it moves nothing, or is labeled as a balance."""
        return balance == self.last or heading_score(description, "balance") > 0

    def has_moved(self, cells: list[str], balance: Decimal) -> bool:
        """Whether the balance of a row without amount is not that before or after its neighbor."""
        if self.last is None or self.moved is None:
            return False
        if balance in (self.last, self.last - self.moved):
            return False
        words = [cell for cell in cells if any(char.isalpha() for char in cell)]
        return not any(balance_label(cell) or is_total_label(cell) for cell in words)

    def note(self, label: str, amount: Decimal) -> bool:
        """Note what a line states as the file's opening or closing balance; False for no label."""
        name = balance_label(label)
        if name == "opening" and self.incoming.opening_balance is None:
            self.incoming.opening_balance = amount
        elif name == "closing":
            self.incoming.closing_balance = amount
        return bool(name)

    def _moves(self, balance: Decimal | None, amount: Decimal) -> bool:
        """Whether the balance moves by a row's amount, in either order of the rows: a payment,
        whatever its label.
        """
        last, before = self.last, self.moved
        if balance is None or last is None or before is None or balance == amount:
            return False
        return abs(balance - last) == abs(amount) or abs(last - balance) == abs(before)

    def _is_label(
        self, description: str, cells: list[str], amount: Decimal, balance: Decimal | None
    ) -> bool:
        """Whether any cell is exactly a label for a balance or turnover.

        A label that may also be a payment needs a balance that equals the amount.
        """
        others = [
            cell
            for cell in cells
            if 4 < len(cell) < _LONGEST_LABEL
            and not is_bare_label(cell)
            and not is_also_payment(cell)
        ]
        if is_also_payment(description) and balance != amount:
            return any(self.note(label, amount) for label in others)
        return any(self.note(label, amount) for label in (description, *others))


def is_total_label(text: str) -> bool:
    """Whether a cell begins with a word for a total, or is the label of a balance."""
    return bool(TOTALS.match(plain_heading(text)) or balance_label(text))
