"""Choose the columns that hold money and decide which way it went.

A reading proved by a running balance wins. Otherwise headings, signs, the account type and the
words on each line are evidence: they rank the readings, and a person decides what they leave open.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from itertools import combinations, permutations
from typing import Any

from transactions.sources.files.cell_words import (
    INCOME,
    INFLOW_FLAGS,
    OUTFLOW_FLAGS,
)
from transactions.sources.files.column_words import (
    heading_score,
    heading_without_code,
)
from transactions.sources.files.csv_columns import Column
from transactions.sources.files.csv_proof import Proof, agreement, prove
from transactions.sources.files.narrowing import sure
from transactions.sources.files.reading_context import ReadingContext
from transactions.sources.files.values import fold

_MOST_NUMBER_COLUMNS = 12
ALMOST_ALL = 0.9
_SAME_NAME = 80
# How many lines must tell the direction of an unknown word where there are more than two: three
# kinds of payment may go with one direction each by chance.
_FEWEST_TOLD = 3
_SECOND_NAME, _AS_WELL_NAMED = 20, 12
_SURE_NAME = 50
_MOST_FLAG_WORDS = 6
_ZERO = Decimal(0)
_KNOWN_FLAGS = INFLOW_FLAGS | OUTFLOW_FLAGS


@dataclass
class Money:
    """The money columns of a table, how they carry their sign, and why they were chosen."""

    sign_convention: str = "signed"
    amount: Column | None = None
    debit: Column | None = None
    credit: Column | None = None
    balance: Column | None = None
    fee: Column | None = None
    flag: Column | None = None
    outflow_flag: str = ""
    inflow_flag: str = ""
    opening_balance: str = ""
    is_proved: bool = False
    reason: str = ""
    doubts: list[tuple[str, str, list[Any]]] = field(default_factory=list)

    @property
    def columns(self) -> list[Column]:
        return [column for column in (self.amount, self.debit, self.credit) if column]

    def doubt(self, name: str, sentence: str, alternatives: list[Any]) -> None:
        self.doubts.append((name, sentence, alternatives))

    @property
    def sizes(self) -> list[Decimal | None]:
        """The amounts as written in the money columns, one per row, before any sign convention."""
        if self.fee:
            return signed_amounts(self)
        if self.amount:
            return self.amount.amounts
        return [
            out or into
            for out, into in zip(sure(self.debit).amounts, sure(self.credit).amounts, strict=True)
        ]

    @property
    def used_share(self) -> float:
        return sum(map(bool, self.sizes)) / max(len(self.sizes), 1)


@dataclass(frozen=True)
class Evidence:
    """The evidence besides the number columns.

    ``opening`` and ``closing`` are balances stated outside the table; ``texts`` returns the folded
    text of each row.
    """

    days: list[date | None]
    has_heading: bool
    context: ReadingContext
    opening: Decimal | None = None
    closing: Decimal | None = None
    texts: Callable[[], list[str]] = list


def signed_amounts(money: Money) -> list[Decimal | None]:
    """The amounts under this reading; positive means money in."""
    if money.amount:
        found = [_signed(money, cell) for cell in money.amount.cells]
        return _less_fees(found, money.fee) if money.fee else found
    sign = 1 if money.sign_convention == "signed_pair" else -1
    return [
        sign * out if out else into
        for out, into in zip(sure(money.debit).amounts, sure(money.credit).amounts, strict=True)
    ]


def _less_fees(found: list[Decimal | None], fee: Column) -> list[Decimal | None]:
    return [
        amount if amount is None else amount - abs(cost or _ZERO)
        for amount, cost in zip(found, fee.amounts, strict=True)
    ]


def _signed(money: Money, cell: Any) -> Decimal | None:
    if cell is None:
        return None
    if money.sign_convention == "unmarked_out" and not cell.mark:
        return -cell.amount
    return -cell.amount if money.sign_convention == "inverted" else cell.amount


# --- The reading that a balance proves ---------------------------------------------------------


def proved_money(columns: list[Column], evidence: Evidence) -> Money | None:
    """The reading that a running balance proves row by row; None if there is none."""
    numbers = [column for column in columns if column.is_numbers][:_MOST_NUMBER_COLUMNS]
    found: list[tuple[tuple, Money]] = []
    for balance in numbers:
        if balance.fill_share < ALMOST_ALL:
            continue
        for source in _sources(numbers, balance):
            proof = prove(source.sizes, balance.amounts, evidence.days)
            if proof is None or not proof.is_whole:
                continue
            money = _explained(source, proof, columns, evidence)
            if money:
                money.balance, money.is_proved = balance, True
                money.reason = money.reason or f"the balance proves {proof.steps} steps"
                found.append((_proof_rank(money, proof), money))
    return max(found, key=lambda item: item[0], default=(None, None))[1]


def _proof_rank(money: Money, proof: Proof) -> tuple:
    return (
        money.fee is None,
        proof.steps,
        money.sign_convention not in ("by_balance", "by_balance_newest"),
        heading_score(sure(money.balance).heading, "balance"),
        max(
            heading_score(column.heading, role)
            for column in money.columns
            for role in ("amount", "debit", "credit")
        ),
        -money.columns[0].index,
    )


def _sources(numbers: list[Column], balance: Column) -> Iterable[Money]:
    free = [column for column in numbers if column is not balance]
    for first, second in combinations(free, 2):
        if is_complementary(first, second):
            yield Money("debit_credit", debit=first, credit=second)
    for column in free:
        yield Money(amount=column)
    for column, fee in permutations(free, 2):
        if any(fee.amounts) and fee.fill_share >= ALMOST_ALL:
            yield Money(amount=column, fee=fee)
            yield Money("inverted", amount=column, fee=fee)


def is_complementary(first: Column, second: Column) -> bool:
    """Whether nearly every row fills one of the two columns, none fills both, and both are used."""
    lines = list(zip(first.amounts, second.amounts, strict=True))
    single = sum(bool(left) != bool(other) for left, other in lines)
    is_double = any(left and other for left, other in lines)
    is_pair = len(lines) > 1 and single >= 0.95 * len(lines) and not is_double
    return is_pair and _both_used(first, second)


def _both_used(first: Column, second: Column) -> bool:
    return any(first.amounts) and any(second.amounts)


def _explained(
    source: Money, proof: Proof, columns: list[Column], evidence: Evidence
) -> Money | None:
    """The sign convention that gives every proved row its true amount."""
    if source.debit:
        return _explained_pair(source, proof)
    candidates = [Money(way, amount=source.amount) for way in ("signed", "inverted")]
    if source.fee:
        same, opposite = agreement(source.sizes, proof)
        return source if same and not opposite and not proof.is_before else None
    if sure(source.amount).marked_count("") and not proof.is_before:
        candidates.append(Money("unmarked_out", amount=source.amount))
    # No step proves one row; if no amount has a sign, that row could go either way.
    is_signed = sure(source.amount).negative_count or sure(source.amount).marked_count("+")
    for money in candidates:
        same, opposite = agreement(signed_amounts(money), proof)
        is_natural = money.sign_convention != "inverted" or not proof.is_before
        if same and not opposite and is_natural and is_signed:
            return money
    if proof.is_before:
        # The signs contradict a balance stated before each row, so the dates must be misleading.
        has_both = sure(source.amount).negative_count and sure(source.amount).positive_count
        same, opposite = agreement(sure(source.amount).amounts, proof)
        return Money(amount=source.amount) if has_both and not same else None
    return _flag_that_explains(source, proof, columns) or _by_balance(source, proof, evidence)


def _explained_pair(source: Money, proof: Proof) -> Money | None:
    first, second = source.debit, source.credit
    for way in ("debit_credit", "signed_pair"):
        for out, into in ((first, second), (second, first)):
            if way == "debit_credit" and is_mostly_negative(sure(into)):
                continue
            money = Money(way, debit=out, credit=into)
            same, opposite = agreement(signed_amounts(money), proof)
            if same and not opposite and (not proof.is_before or _is_named_pair(money)):
                if way == "signed_pair" and sure(into).negative_count > sure(out).negative_count:
                    continue
                return money
    return None


def _is_named_pair(money: Money) -> bool:
    return bool(
        heading_score(sure(money.debit).heading, "debit")
        and heading_score(sure(money.credit).heading, "credit")
    )


def _flag_that_explains(source: Money, proof: Proof, columns: list[Column]) -> Money | None:
    """Use a column whose few words each always go with one direction."""
    sizes = [abs(amount) if amount else amount for amount in source.sizes]
    for column in columns:
        words = [fold(value) for value in column.values]
        if not _may_be_directions(column, words):
            continue
        ways: dict[str, list[bool]] = {}
        for line, true in proof.proved:
            if sizes[line] == abs(true):
                ways.setdefault(words[line], []).append(true > 0)
        for word in set(words) - set(ways):
            ways[word] = [word in INFLOW_FLAGS] if word in _KNOWN_FLAGS else []
        fewest = 1 if len(ways) == 2 else _FEWEST_TOLD
        if not all(_is_direction(word, way, fewest) for word, way in ways.items()):
            continue
        out = sorted(word for word, way in ways.items() if not way[0])
        into = sorted(word for word, way in ways.items() if way[0])
        if out and into:
            return Money(
                "flag",
                amount=source.amount,
                flag=column,
                outflow_flag="|".join(out),
                inflow_flag="|".join(into),
            )
    return None


def _may_be_directions(column: Column, words: list[str]) -> bool:
    """Whether a column has a few words, or two digits that stand for the two directions."""
    kinds = set(words)
    are_codes = len(kinds) == 2 and all(len(word) == 1 for word in kinds)
    is_wordy = not column.is_numbers or are_codes
    return is_wordy and 2 <= len(kinds) <= _MOST_FLAG_WORDS and "" not in kinds


def _is_direction(word: str, way: list[bool], fewest: int) -> bool:
    """Whether a word goes with one direction; an unknown one must do so on this many lines."""
    return len(set(way)) == 1 and (word in _KNOWN_FLAGS or len(way) >= fewest)


def _by_balance(source: Money, proof: Proof, evidence: Evidence) -> Money | None:
    """Only the balance shows each amount's sign, so amounts are signed row by row."""
    if proof.steps < len([size for size in source.sizes if size]) - 1:
        return None
    way = "by_balance_newest" if proof.is_newest_first else "by_balance"
    return Money(way, amount=source.amount)


def settle_opening(money: Money, evidence: Evidence) -> None:
    """Find the balance before the oldest row, which no step in the file proves."""
    if money.sign_convention not in ("by_balance", "by_balance_newest"):
        return
    lines = [
        (abs(size), balance, place)
        for place, (size, balance) in enumerate(
            zip(sure(money.amount).amounts, sure(money.balance).amounts, strict=True)
        )
        if size and balance is not None
    ]
    size, balance, place = lines[-1] if money.sign_convention.endswith("newest") else lines[0]
    choices = [balance + size, balance - size]
    if INCOME.search(evidence.texts()[place]):
        choices.reverse()
    known = [value for value in (evidence.opening, evidence.context.balance) if value in choices]
    money.opening_balance = f"{(known or choices)[0]:f}"
    if not known:
        money.doubt(
            "opening_balance",
            "The file doesn't say whether the oldest amount was money in or money out.",
            [f"{choice:f}" for choice in choices],
        )


# --- The reading that headings name, or the cells suggest --------------------------------------


def named_money(columns: list[Column]) -> Money | None:
    """The money columns by their headings; None if no heading says."""
    amounts = [column for column in columns if column.fill_share >= 0.5]
    amount = best_named(amounts, "amount", may_be_blank=False)
    debit = best_named(columns, "debit", may_be_blank=True)
    credit = best_named(columns, "credit", may_be_blank=True)
    has_pair = debit and credit and debit is not credit and not (debit.is_blank and credit.is_blank)
    is_apart = amount is not None and amount not in (debit, credit)
    if has_pair and not (is_apart and sure(amount).negative_count):
        return Money("debit_credit", debit=debit, credit=credit, reason="headings")
    if amount and _is_half_of_a_pair(amount, columns):
        return None
    if amount:
        total = _total_of(amount, amounts)
        if total is not None:
            return Money(amount=total, reason="the total of an amount and what is added to it")
        money = Money(amount=amount, reason="heading")
        _doubt_between_twins(money, amounts)
        _doubt_between_names(money, amounts)
        _doubt_sparse(money, best_named(columns, "amount", may_be_blank=False))
        return money
    lone = next((column for column in (debit, credit) if column and not column.is_blank), None)
    if lone is None:
        return None
    money = Money(amount=lone, reason="heading")
    if not lone.negative_count:
        guess = "inverted" if lone is debit else "signed"
        other = "signed" if guess == "inverted" else "inverted"
        money.sign_convention = guess
        money.doubt(
            "sign_convention",
            "There is a column for money in or money out, but not for both.",
            [guess, other],
        )
    return money


def best_named(columns: list[Column], role: str, *, may_be_blank: bool) -> Column | None:
    scored = [
        (heading_score(column.heading, role), -column.index, column)
        for column in columns
        if (column.is_numbers or (may_be_blank and column.is_blank)) and not column.is_dates
    ]
    best = max(scored, default=None, key=lambda item: item[:2])
    return best[2] if best and best[0] > 0 else None


def _doubt_sparse(money: Money, best: Column | None) -> None:
    """Ask if the column with the better heading is blank in most rows."""
    if best is not None and best is not money.amount and not money.doubts:
        choices = [sure(money.amount).index, best.index]
        money.doubt("amount", "The column labeled as the amount is blank on most lines.", choices)


def _is_half_of_a_pair(amount: Column, columns: list[Column]) -> bool:
    """Whether another column is filled where this one is blank, whatever their headings say."""
    numbers = [column for column in columns if column.is_numbers and column is not amount]
    return amount.used_share < ALMOST_ALL and any(
        column.used_share < ALMOST_ALL and is_complementary(amount, column) for column in numbers
    )


def _total_of(amount: Column, columns: list[Column]) -> Column | None:
    """The column that is the sum of the amount and a tax, tip or interest beside it."""
    parts = [column for column in columns if column.is_numbers and any(column.amounts)]
    for total in columns:
        if _is_second_amount(total, amount):
            others = [part for part in parts if part is not total and part is not amount]
            if any(_is_sum(total, amount, part) for part in others):
                return total
    return None


def _is_sum(total: Column, amount: Column, part: Column) -> bool:
    lines = zip(total.amounts, amount.amounts, part.amounts, strict=True)
    return all(
        whole is not None and whole == (first or _ZERO) + (second or _ZERO)
        for whole, first, second in lines
    )


def _is_second_amount(column: Column, amount: Column) -> bool:
    """Whether another column's heading says amount too, and its amounts differ."""
    return (
        column is not amount
        and column.is_numbers
        and column.used_share >= ALMOST_ALL
        and column.amounts != amount.amounts
        and heading_score(column.heading, "amount") >= _SECOND_NAME
        and not heading_score(column.heading, "balance")
    )


def _doubt_between_names(money: Money, columns: list[Column]) -> None:
    """Ask if another heading says amount as well as this one, and nothing proves which is it."""
    amount = sure(money.amount)
    best = heading_score(amount.heading, "amount")
    others = [
        column
        for column in columns
        if _is_second_amount(column, amount)
        and best - heading_score(column.heading, "amount") < _AS_WELL_NAMED
        and not any(_is_sum(amount, column, part) for part in columns if part.is_numbers)
    ]
    if others and not money.doubts:
        choices = [amount.index, *(column.index for column in others)]
        money.doubt("amount", "Several columns are labeled as an amount, and they differ.", choices)


def _doubt_between_twins(money: Money, columns: list[Column]) -> None:
    """Ask if "Amount" and "Amount in EUR" differ: only a person knows the account's currency."""
    twins = [
        column
        for column in columns
        if column.is_numbers
        and heading_score(column.heading, "amount") >= _SAME_NAME
        and heading_without_code(column.heading) == heading_without_code(sure(money.amount).heading)
    ]
    others = [column for column in twins if column.amounts != sure(money.amount).amounts]
    if others:
        choices = [sure(money.amount).index, *(column.index for column in others)]
        money.doubt("amount", "Two columns with almost the same heading contain amounts.", choices)


def likeliest_money(columns: list[Column]) -> Money | None:
    """The likeliest money columns without helpful headings; asks if others fit as well."""
    numbers = [column for column in columns if column.is_numbers][:_MOST_NUMBER_COLUMNS]
    readings = _readings(numbers)
    if not readings:
        return None
    best, *others = sorted(readings, key=_likelihood, reverse=True)
    best.reason = "the shape of the values"
    taken = {column.index for column in best.columns}
    rivals = [
        money.amount.index
        for money in others
        if money.amount
        and money.amount.index not in taken
        and money.amount.amounts != best.sizes
        and _is_rival(money, best)
    ]
    if rivals:
        best.doubt(
            "amount" if best.amount else "debit",
            "More than one column could be the amount.",
            [best.columns[0].index, *rivals],
        )
    return best


def _is_rival(money: Money, best: Money) -> bool:
    """Whether another column is as full and as much like money, so that a person must choose."""
    is_as_full = money.used_share >= min(best.used_share, ALMOST_ALL)
    return is_as_full and (sure(money.amount).has_decimals or not best.columns[0].has_decimals)


def _readings(numbers: list[Column]) -> list[Money]:
    pairs = []
    for first, second in combinations(numbers, 2):
        if not is_complementary(first, second):
            continue
        for out, into in ((first, second), (second, first)):
            is_signed = is_mostly_negative(out) and not is_mostly_negative(into)
            way = "signed_pair" if is_signed else "debit_credit"
            pairs.append(Money(way, debit=out, credit=into))
    singles = [Money(amount=column) for column in numbers if column.fill_share >= 0.8]
    return [*pairs, *singles]


def _likelihood(money: Money) -> tuple:
    """A rank: filled, signed, with decimals; of a pair, the fuller column is money out."""
    has_signs = any(column.negative_count for column in money.columns)
    has_decimals = all(column.has_decimals for column in money.columns)
    is_signed_right = money.debit is None or not is_mostly_negative(sure(money.credit))
    spent = len(sure(money.debit).filled) - len(sure(money.credit).filled) if money.debit else 0
    return (
        money.used_share >= ALMOST_ALL,
        has_signs,
        has_decimals,
        money.used_share,
        is_signed_right,
        spent,
        -money.columns[0].index,
    )


def is_mostly_negative(column: Column) -> bool:
    return column.negative_count > column.positive_count


# --- Words that say the direction --------------------------------------------------------------


def settle_flag(money: Money, columns: list[Column]) -> int:
    """Find a column of direction words; 1 or -1 if the amounts' own signs agree with it."""
    for column in columns:
        words = [fold(value).strip(" .") for value in column.values]
        known = [word for word in words if word in OUTFLOW_FLAGS or word in INFLOW_FLAGS]
        filled = sum(map(bool, words))
        if column in money.columns or not known or len(known) < ALMOST_ALL * filled:
            continue
        if filled < ALMOST_ALL * len(words):
            continue
        if sure(money.amount).negative_count:
            return _flag_agreement(words, sure(money.amount).amounts)
        money.flag = column
        _name_flags(money, {*map(fold, column.values)}, set(known))
        return 0
    return 0


def _flag_agreement(words: list[str], amounts: list[Decimal | None]) -> int:
    pairs = [
        (word in INFLOW_FLAGS, amount > 0)
        for word, amount in zip(words, amounts, strict=True)
        if amount
    ]
    agreeing = sum(is_in == is_positive for is_in, is_positive in pairs)
    if agreeing >= ALMOST_ALL * len(pairs):
        return 1
    return -1 if agreeing <= (1 - ALMOST_ALL) * len(pairs) else 0


def _name_flags(money: Money, written: set[str], known: set[str]) -> None:
    outflow = sorted(word for word in written if word.strip(" .") in OUTFLOW_FLAGS)
    inflow = sorted(word for word in written if word.strip(" .") in INFLOW_FLAGS)
    money.outflow_flag = "|".join(outflow) or "debit"
    money.inflow_flag = "|".join(inflow)
    is_lone_letter = len(known) == 1 and len(next(iter(known))) == 1
    if is_lone_letter and not heading_score(sure(money.flag).heading, "flag"):
        money.doubt(
            "outflow_flag",
            "Every line has the same letter, so it could mean money in or money out.",
            [*known],
        )
