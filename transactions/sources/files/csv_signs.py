"""Which columns hold the money, and which way it went.

A running balance proves both; where there is none, headings and signs speak, and where they do
not, the answer is a doubt for a person to settle.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import combinations, pairwise

from transactions.sources.files.column_words import (
    INFLOW_FLAGS,
    OUTFLOW_FLAGS,
    heading_score,
    heading_without_code,
    names_card,
)
from transactions.sources.files.csv_columns import Column
from transactions.sources.files.values import fold

_MOST_NUMBER_COLUMNS = 12
_MOST_PROOF_ROWS = 500
_ALMOST_ALL = 0.9
_SAME_NAME = 80
_BOTH_WAYS = "Positive amounts may be money in or, as on many cards, money out."


@dataclass
class Money:
    """The money columns of a table and how they carry their sign."""

    sign_convention: str = "signed"
    amount: Column | None = None
    debit: Column | None = None
    credit: Column | None = None
    balance: Column | None = None
    flag: Column | None = None
    outflow_flag: str = ""
    inflow_flag: str = ""
    doubts: list[tuple[str, str, list]] | None = None

    @property
    def columns(self) -> list[Column]:
        return [column for column in (self.amount, self.debit, self.credit) if column]

    def doubt(self, name: str, sentence: str, alternatives: list) -> None:
        self.doubts = [*(self.doubts or []), (name, sentence, alternatives)]


def find_money(columns: list[Column], days: list[date | None], has_heading: bool) -> Money | None:
    """The money columns, by headings where they tell, else by what the cells can be."""
    money = _by_headings(columns) if has_heading else None
    is_named = money is not None
    money = money or _by_content(columns, days)
    if money is None:
        return None
    _name_balance(money, columns)
    if money.amount:
        _settle_single(money, columns, days)
    elif not is_named:
        _settle_unnamed_pair(money, days)
    else:
        money.sign_convention = "signed_pair" if _is_signed(money.debit) else "debit_credit"
        _warn_of_swapped(money, days)
    return money


# --- Headings ----------------------------------------------------------------------------------


def _best_named(columns: list[Column], role: str, *, may_be_blank: bool) -> Column | None:
    scored = [
        (heading_score(column.heading, role), -column.index, column)
        for column in columns
        if (column.is_numbers or (may_be_blank and column.is_blank)) and not column.is_dates
    ]
    best = max(scored, default=None, key=lambda item: item[:2])
    return best[2] if best and best[0] > 0 else None


def _by_headings(columns: list[Column]) -> Money | None:
    amounts = [column for column in columns if column.fill_share >= 0.5]
    amount = _best_named(amounts, "amount", may_be_blank=False)
    debit = _best_named(columns, "debit", may_be_blank=True)
    credit = _best_named(columns, "credit", may_be_blank=True)
    has_pair = debit and credit and debit is not credit and not (debit.is_blank and credit.is_blank)
    if has_pair and not (amount and amount.negative_count):
        return Money(debit=debit, credit=credit)
    if amount:
        money = Money(amount=amount)
        _doubt_between_twins(money, amounts)
        return money
    lone = next((column for column in (debit, credit) if column and not column.is_blank), None)
    if lone is None:
        return None
    money = Money(amount=lone)
    if not lone.negative_count:
        guess = "inverted" if lone is debit else "signed"
        other = "signed" if guess == "inverted" else "inverted"
        money.sign_convention = guess
        money.doubt(
            "sign_convention", "Only one of money in and money out has a column.", [guess, other]
        )
    return money


def _doubt_between_twins(money: Money, columns: list[Column]) -> None:
    """ "Amount" and "Amount in EUR" that differ: only a person knows the account's currency."""
    twins = [
        column
        for column in columns
        if column.is_numbers
        and heading_score(column.heading, "amount") >= _SAME_NAME
        and heading_without_code(column.heading) == heading_without_code(money.amount.heading)
    ]
    others = [column for column in twins if column.amounts != money.amount.amounts]
    if others:
        choices = [money.amount.index, *(column.index for column in others)]
        money.doubt("amount", "Two columns with nearly the same heading hold amounts.", choices)


def _name_balance(money: Money, columns: list[Column]) -> None:
    if money.balance is None:
        free = [column for column in columns if column not in money.columns]
        money.balance = _best_named(free, "balance", may_be_blank=False)


# --- Content -----------------------------------------------------------------------------------


def _by_content(columns: list[Column], days: list[date | None]) -> Money | None:
    """Without telling headings: the reading a running balance proves, else the likeliest one."""
    numbers = [column for column in columns if column.is_numbers][:_MOST_NUMBER_COLUMNS]
    readings = _readings(numbers)
    for money in readings:
        for balance in numbers:
            is_free = balance not in money.columns and balance.fill_share >= _ALMOST_ALL
            if is_free and _proved_sign(_signed_amounts(money), balance.amounts, days) > 0:
                money.balance = balance
                return money
    if not readings:
        return None
    best, *others = sorted(readings, key=_likelihood, reverse=True)
    rivals = [money for money in others if _likelihood(money) == _likelihood(best)]
    if rivals and best.amount:
        columns = [money.amount.index for money in (best, *rivals) if money.amount]
        best.doubt("amount", "More than one column may be the amount.", columns)
    return best


def _readings(numbers: list[Column]) -> list[Money]:
    pairs = [
        Money(debit=first, credit=second)
        for first, second in combinations(numbers, 2)
        if len(first.values) > 1 and _is_complementary(first, second)
    ]
    swapped = [Money(debit=pair.credit, credit=pair.debit) for pair in pairs]
    singles = [Money(amount=column) for column in numbers if column.fill_share >= 0.8]
    # A proof of two columns is worth more than one of a single column, so pairs come first.
    for money in (*pairs, *swapped):
        money.sign_convention = "signed_pair" if _is_signed_pair(money) else "debit_credit"
    return [*pairs, *swapped, *singles]


def _is_complementary(first: Column, second: Column) -> bool:
    """Whether each line fills just one of two columns, and each column is used."""
    lines = list(zip(first.amounts, second.amounts, strict=True))
    single = sum(bool(one) != bool(other) for one, other in lines)
    return single >= 0.95 * len(lines) and any(first.amounts) and any(second.amounts)


def _likelihood(money: Money) -> tuple:
    """A rank: signs first, then decimals, then how seldom it is blank or zero."""
    has_signs = any(column.negative_count for column in money.columns)
    has_decimals = all(column.has_decimals for column in money.columns)
    lines = len(money.columns[0].values) or 1
    used = sum(map(bool, _signed_amounts(money))) / lines
    is_ordered_pair = bool(money.debit and money.debit.index < money.credit.index)
    is_signed_right = money.debit is None or not _is_signed(money.credit)
    return (used >= _ALMOST_ALL, has_signs, has_decimals, used, is_signed_right, is_ordered_pair)


def _is_signed(debit: Column) -> bool:
    return debit.negative_count > debit.positive_count


def _is_signed_pair(money: Money) -> bool:
    return _is_signed(money.debit) and not _is_signed(money.credit)


def _signed_amounts(money: Money) -> list[Decimal | None]:
    if money.amount:
        return money.amount.amounts
    sign = 1 if money.sign_convention == "signed_pair" else -1
    return [
        sign * out if out else into
        for out, into in zip(money.debit.amounts, money.credit.amounts, strict=True)
    ]


# --- Proof by the running balance --------------------------------------------------------------


def _proved_sign(
    amounts: list[Decimal | None], balances: list[Decimal | None], days: list[date | None]
) -> int:
    """1 or -1 where the balance moves by plus or minus the amounts; 0 where neither is proved."""
    lines = [
        line
        for line in zip(amounts, balances, strict=True)
        if line[0] is not None and line[1] is not None
    ][:_MOST_PROOF_ROWS]
    steps = [step for step in pairwise(lines) if step[0][0] and step[1][0]]
    if len(steps) < 2:
        return 0
    known = [day for day in days if day]
    direction = (known[-1] > known[0]) - (known[-1] < known[0]) if known else 0
    later = _agreement(steps, lambda one, two: (two[1] - one[1], two[0]))
    earlier = _agreement(steps, lambda one, two: (one[1] - two[1], one[0]))
    # Some banks show the balance before the line: it moves by the amount of the line above.
    before = _agreement(steps, lambda one, two: (two[1] - one[1], one[0]))
    if max(later[0], earlier[0]) >= _ALMOST_ALL or (direction > 0 and before[0] >= _ALMOST_ALL):
        return 1
    if (direction > 0 and later[1] >= _ALMOST_ALL) or (direction < 0 and earlier[1] >= _ALMOST_ALL):
        return -1
    return 0


def _agreement(steps: list, moved_and_amount) -> tuple[float, float]:
    pairs = [moved_and_amount(one, two) for one, two in steps]
    plus = sum(moved == amount for moved, amount in pairs)
    minus = sum(moved == -amount for moved, amount in pairs)
    return plus / len(steps), minus / len(steps)


# --- Signs -------------------------------------------------------------------------------------


def _settle_single(money: Money, columns: list[Column], days: list[date | None]) -> None:
    """The sign of one amount column: flags, balance, plus signs and mixed signs each prove it."""
    if money.doubts and money.doubts[-1][0] == "sign_convention":
        return
    amount = money.amount
    flag_sign = _settle_flag(money, columns)
    if flag_sign or money.flag:
        money.sign_convention = {-1: "inverted", 1: "signed"}.get(flag_sign, "flag")
        return
    is_card = names_card([column.heading for column in columns])
    is_mostly_positive = amount.positive_count > amount.negative_count
    if is_card and is_mostly_positive:
        money.sign_convention = "inverted"
        money.doubt("sign_convention", _BOTH_WAYS, ["inverted", "signed"])
        return
    balances = money.balance.amounts if money.balance else [None] * len(amount.values)
    proved = _proved_sign(amount.amounts, balances, days)
    if proved:
        money.sign_convention = "signed" if proved > 0 else "inverted"
    elif not amount.negative_count and not any(value[0] == "+" for value in amount.filled):
        money.doubt(
            "sign_convention", f"No amount is negative. {_BOTH_WAYS}", ["signed", "inverted"]
        )


def _settle_flag(money: Money, columns: list[Column]) -> int:
    """Find a column of direction words; 1 or -1 where the amounts' own signs agree with it."""
    for column in columns:
        words = [fold(value) for value in column.values]
        known = [word for word in words if word in OUTFLOW_FLAGS or word in INFLOW_FLAGS]
        filled = sum(map(bool, words))
        if column in money.columns or not known or len(known) < _ALMOST_ALL * filled:
            continue
        if filled < _ALMOST_ALL * len(words):
            continue
        if money.amount.negative_count:
            return _flag_agreement(words, money.amount.amounts)
        money.flag = column
        _name_flags(money, set(known))
        return 0
    return 0


def _flag_agreement(words: list[str], amounts: list[Decimal | None]) -> int:
    pairs = [
        (word in INFLOW_FLAGS, amount > 0)
        for word, amount in zip(words, amounts, strict=True)
        if amount
    ]
    agreeing = sum(is_in == is_positive for is_in, is_positive in pairs)
    if agreeing >= _ALMOST_ALL * len(pairs):
        return 1
    return -1 if agreeing <= (1 - _ALMOST_ALL) * len(pairs) else 0


def _name_flags(money: Money, words: set[str]) -> None:
    outflow, inflow = sorted(words & OUTFLOW_FLAGS), sorted(words & INFLOW_FLAGS)
    money.outflow_flag = "|".join(outflow) or "debit"
    money.inflow_flag = "|".join(inflow)
    is_lone_letter = len(words) == 1 and len(next(iter(words))) == 1
    if is_lone_letter and not heading_score(money.flag.heading, "flag"):
        money.doubt(
            "outflow_flag", "One letter stands in every line; it may mean either way.", [*words]
        )


def _settle_unnamed_pair(money: Money, days: list[date | None]) -> None:
    if money.sign_convention == "signed_pair" or money.balance:
        return
    money.doubt(
        "debit",
        "Two columns hold amounts, and nothing says which of them is money out.",
        [money.debit.index, money.credit.index],
    )


def _warn_of_swapped(money: Money, days: list[date | None]) -> None:
    """Some books call money out "credit": the running balance gives that away."""
    if money.balance is None:
        return
    if _proved_sign(_signed_amounts(money), money.balance.amounts, days) < 0:
        money.doubt(
            "debit",
            "The balance moves against these headings, so they may be the wrong way round.",
            [money.debit.index, money.credit.index],
        )
