"""The reading of money that headings name, or else the likeliest by its cells.

Signs, fill and names are evidence: they rank the readings. A person decides what they
leave open.
"""

from decimal import Decimal
from itertools import combinations

from transactions.sources.files.column_words import (
    heading_score,
    heading_without_code,
    names_stranger,
)
from transactions.sources.files.csv_columns import Column
from transactions.sources.files.csv_money import (
    ALMOST_ALL,
    Money,
    is_complementary,
    is_mostly_negative,
)
from transactions.sources.files.narrowing import sure
from transactions.sources.files.notices import NoticeCode

_MOST_NUMBER_COLUMNS = 12
_SAME_NAME = 80
_SECOND_NAME, _AS_WELL_NAMED = 20, 12
_FEWEST_EQUAL = 2
_ZERO = Decimal(0)


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
        _doubt_alike(money, columns)
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
            NoticeCode.ASK_ONE_WAY,
            [guess, other],
            NoticeCode.HEADING_SAYS,
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
        money.doubt(
            "amount",
            NoticeCode.ASK_BLANK_AMOUNT,
            choices,
            NoticeCode.ON_MORE_LINES,
        )


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
        money.doubt(
            "amount",
            NoticeCode.ASK_AMOUNTS_DIFFER,
            choices,
            _clearest(amount, others),
        )


def _clearest(amount: Column, others: list[Column]) -> NoticeCode | None:
    """The reason for the first of several amounts; None if other headings say it as clearly."""
    best = heading_score(amount.heading, "amount")
    is_best = all(heading_score(other.heading, "amount") < best for other in others)
    return NoticeCode.BEST_HEADING if is_best else None


def _doubt_alike(money: Money, columns: list[Column]) -> None:
    """Ask if another column often has the same amount and sometimes another, whatever its name: one
    may be the whole purchase and the other this month's installment.
    """
    amount = sure(money.amount)
    others = [
        column.index
        for column in columns
        if column is not amount
        and column.is_numbers
        and column.used_share >= ALMOST_ALL
        and not names_stranger(column.heading)
        and not any(heading_score(column.heading, role) for role in ("balance", "currency"))
        and _is_alike(column, amount)
        and not any(
            _is_sum(*whole, part)
            for part in columns
            if part.is_numbers and part not in (amount, column)
            for whole in ((amount, column), (column, amount))
        )
    ]
    if others and not money.doubts:
        choices = [amount.index, *others]
        money.doubt("amount", NoticeCode.ASK_AMOUNTS_DIFFER, choices, NoticeCode.BEST_HEADING)


def _is_alike(column: Column, amount: Column) -> bool:
    """Whether two columns agree on a third of the lines, and differ on some with equal signs."""
    pairs = [
        (one, other)
        for one, other in zip(column.amounts, amount.amounts, strict=True)
        if one and other
    ]
    equal = sum(one == other for one, other in pairs)
    return (
        column.has_decimals == amount.has_decimals
        and _FEWEST_EQUAL <= equal < len(pairs) <= 3 * equal
        and all(one * other > 0 for one, other in pairs)
    )


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
        money.doubt(
            "amount",
            NoticeCode.ASK_AMOUNT_TWINS,
            choices,
            _clearest(sure(money.amount), others),
        )


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
            NoticeCode.ASK_AMOUNT_COLUMN,
            [best.columns[0].index, *rivals],
            _shape_of(best),
        )
    return best


def _shape_of(money: Money) -> NoticeCode | None:
    """What makes these columns look like the amount; None if nothing does."""
    if any(column.negative_count for column in money.columns):
        return NoticeCode.HAS_MINUS
    if all(column.has_decimals for column in money.columns):
        return NoticeCode.HAS_DECIMALS
    return None


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
