"""Decide which way money went in unproved columns, and when to ask a person."""

import re
from collections import Counter
from decimal import Decimal

from transactions.sources.files.cell_words import (
    CARD_PAYMENT,
    EXPENSE,
    INCOME,
)
from transactions.sources.files.column_words import (
    currency_in_heading,
    heading_score,
    names_card,
    names_stranger,
)
from transactions.sources.files.csv_columns import Column
from transactions.sources.files.csv_money import (
    Evidence,
    Money,
    is_complementary,
    is_mostly_negative,
    signed_amounts,
)
from transactions.sources.files.csv_money_flags import settle_flag, unknown_flag
from transactions.sources.files.csv_money_named import best_named, likeliest_money, named_money
from transactions.sources.files.csv_money_proved import proved_money, settle_opening
from transactions.sources.files.csv_proof import agreement, prove
from transactions.sources.files.narrowing import sure
from transactions.sources.files.notices import NoticeCode
from transactions.sources.files.values import fold

_SURE_NAME = 60
_MOST_BLANK = 0.1
_FEWEST_CARD_LINES = 5
_CARD_MAJORITY = 0.7
_BALANCE_NAME = 60


def find_money(columns: list[Column], evidence: Evidence) -> Money | None:
    """The money columns: proved by a balance, else named by headings, else the likeliest."""
    money = proved_money(columns, evidence)
    if money and _is_turned_round(money, columns, evidence):
        return money if money.doubts else _unproved(columns, evidence)
    if money:
        settle_opening(money, evidence)
        return money
    return _unproved(columns, evidence)


def _is_turned_round(money: Money, columns: list[Column], evidence: Evidence) -> bool:
    """Whether the balance may be an amount owed, so it proves the sizes but not the direction.

    True for a card whose rows would mostly be money in, and if the headings clearly contradict the
    balance.
    """
    if money.debit:
        named = (
            heading_score(money.debit.heading, "credit"),
            heading_score(sure(money.credit).heading, "debit"),
        )
        if min(named) < _SURE_NAME:
            return False
        money.debit, money.credit = money.credit, money.debit
        money.sign_convention = "debit_credit"
        choices = [sure(money.debit).index, sure(money.credit).index]
        money.doubt("debit", NoticeCode.ASK_HEADINGS, choices, NoticeCode.HEADINGS_SAY)
        return True
    is_card = evidence.context.is_card or names_card([column.heading for column in columns])
    signed = [amount for amount in signed_amounts(money) if amount]
    return is_card and 2 * sum(amount > 0 for amount in signed) > len(signed)


def _unproved(columns: list[Column], evidence: Evidence) -> Money | None:
    """Read by headings and shape, with a question for everything they leave open."""
    money = (named_money(columns) if evidence.has_heading else None) or likeliest_money(columns)
    if money is None:
        return None
    _name_balance(money, columns)
    if money.amount:
        _doubt_foreign(money, columns, evidence.context.currency)
        _settle_single(money, columns, evidence)
    else:
        _settle_pair(money, evidence)
    _settle_fee(money, columns)
    _guard(money, columns)
    return money


def _doubt_foreign(money: Money, columns: list[Column], currency: str) -> None:
    """Ask if a column beside the amount names the account's currency and the amount's names none:
    "Amount" may be what a shop abroad charged, "Value EUR" what the account paid.
    """
    amount = sure(money.amount)
    if money.doubts or not currency or currency_in_heading(amount.heading):
        return
    others = [
        column.index
        for column in columns
        if column not in (amount, money.balance)
        and column.is_numbers
        and currency_in_heading(column.heading) == currency
        and not names_stranger(column.heading)
        and column.amounts != amount.amounts
        and all(map(_have_one_sign, column.amounts, amount.amounts))
    ]
    if others:
        choices = [*others, amount.index]
        question, because = NoticeCode.ASK_AMOUNT_CURRENCY, NoticeCode.HEADING_CURRENCY
        money.doubt("amount", question, choices, because, currency=currency)


def _have_one_sign(one: Decimal | None, other: Decimal | None) -> bool:
    return one is not None and other is not None and one * other > 0


def _settle_fee(money: Money, columns: list[Column]) -> None:
    """Use the net of amount and fee if the file has one; otherwise ask."""
    fee = best_named(columns, "fee", may_be_blank=False)
    if money.amount is None or fee is None or fee is money.amount or not any(fee.amounts):
        return
    for column in columns:
        if column.is_numbers and column not in (fee, money.amount):
            if _is_net_of(column, money.amount, fee):
                money.amount = column
                return
            if _is_net_of(money.amount, column, fee):
                return
    money.fee = fee
    money.doubt(
        "fee",
        NoticeCode.ASK_FEE,
        [fee.index, None],
        NoticeCode.FEE_ON_TOP,
    )


def _is_net_of(net: Column, gross: Column, fee: Column) -> bool:
    lines = zip(net.amounts, gross.amounts, fee.amounts, strict=True)
    return all(
        net_amount is not None
        and gross_amount is not None
        and net_amount == gross_amount - abs(cost or Decimal(0))
        for net_amount, gross_amount, cost in lines
    )


def _name_balance(money: Money, columns: list[Column]) -> None:
    """Use the column whose heading says balance, if nothing proves which one it is."""
    free = [column for column in columns if column not in money.columns and column.is_numbers]
    named = [(heading_score(column.heading, "balance"), column) for column in free]
    score, column = max(named, key=lambda item: item[0], default=(0, None))
    money.balance = column if score > 0 else None


# --- One column --------------------------------------------------------------------------------


def _settle_single(money: Money, columns: list[Column], evidence: Evidence) -> None:
    """Find the sign of one amount column: direction words, then balances, then signs."""
    flag_sign = 0 if _is_sign_open(money) else settle_flag(money, columns)
    if _is_sign_open(money):
        if _settled_by_balance(money, evidence):
            money.doubts = [doubt for doubt in money.doubts if doubt[0] != "sign_convention"]
        return
    if flag_sign or money.flag:
        money.sign_convention = {-1: "inverted", 1: "signed"}.get(flag_sign, "flag")
        money.reason += ", the words of direction"
        return
    if _settled_by_balance(money, evidence) or _settled_by_marks(money):
        return
    if evidence.context.is_card or names_card([column.heading for column in columns]):
        _settle_card(money, evidence)
    elif not sure(money.amount).negative_count:
        _doubt_sign(money, columns, evidence)
    elif _speaks_against(money, evidence):
        because = NoticeCode.MINUS_IS_OUT
        money.doubt("sign_convention", NoticeCode.ASK_SIGN, ["signed", "inverted"], because)


def _is_sign_open(money: Money) -> bool:
    return any(name == "sign_convention" for name, *_rest in money.doubts)


def _settled_by_balance(money: Money, evidence: Evidence) -> bool:
    """Whether an incomplete balance, or the balances outside the table, settle the sign."""
    if evidence.context.is_card:
        return False  # a card's balance may be what is owed
    for way in ("signed", "inverted"):
        trial = Money(way, amount=money.amount)
        if _balance_agrees(trial, money.balance, evidence) or _totals_agree(trial, evidence):
            money.sign_convention, money.reason = way, "the balances agree"
            return True
    return False


def _balance_agrees(trial: Money, balance: Column | None, evidence: Evidence) -> bool:
    proof = (
        prove(trial.sizes, balance.amounts, evidence.days, evidence.opening) if balance else None
    )
    if proof is None or proof.is_before:
        return False
    same, opposite = agreement(signed_amounts(trial), proof)
    return same > 0 and not opposite


def _totals_agree(trial: Money, evidence: Evidence) -> bool:
    if evidence.opening is None or evidence.closing is None:
        return False
    total = sum((amount for amount in signed_amounts(trial) if amount), Decimal(0))
    return bool(total) and evidence.opening + total == evidence.closing


def _settled_by_marks(money: Money) -> bool:
    """If some amounts have "+" or CR and none a minus sign, the unmarked ones are money out."""
    amount = money.amount
    if sure(amount).marked_count("-") or not sure(amount).marked_count("+"):
        return False
    if sure(amount).marked_count(""):
        money.sign_convention = "unmarked_out"
    money.reason += ", the marks of direction"
    return True


def _settle_card(money: Money, evidence: Evidence) -> None:
    """On a card, most rows are purchases, and a bill payment usually says so."""
    amount = money.amount
    signed = [value for value in sure(amount).amounts if value]
    positive = sum(value > 0 for value in signed)
    share = max(positive, len(signed) - positive) / max(len(signed), 1)
    is_mixed = 0 < positive < len(signed)
    paid = [
        value
        for value, text in zip(sure(amount).amounts, evidence.texts(), strict=False)
        if value and CARD_PAYMENT.search(text)
    ]
    guess = "inverted" if positive * 2 >= len(signed) else "signed"
    if is_mixed and paid and len({value > 0 for value in paid}) == 1:
        guess = "signed" if paid[0] > 0 else "inverted"
    other_way = [value for value in paid if (value < 0) == (guess == "inverted")]
    is_told = bool(paid) and len(other_way) == len(paid)
    is_usual = is_mixed and share >= _CARD_MAJORITY and len(signed) >= _FEWEST_CARD_LINES
    money.sign_convention = guess
    money.reason += ", the account is a card"
    if guess == "signed" and not [value for value in paid if value < 0]:
        return
    is_told = is_told and evidence.context.is_card
    if not (is_mixed and is_told) and not (is_usual and (is_told or not paid)):
        other = "signed" if guess == "inverted" else "inverted"
        because = NoticeCode.CARD_PURCHASES
        if paid:
            because = NoticeCode.CARD_PAYMENT
        money.doubt("sign_convention", NoticeCode.ASK_SIGN, [guess, other], because)


def _doubt_sign(money: Money, columns: list[Column], evidence: Evidence) -> None:
    votes = _votes(money, evidence)
    earlier = evidence.context.earlier.get("sign_convention", "")
    choices = ["signed", "inverted"]
    if votes < 0 or (votes == 0 and earlier == "inverted"):
        choices.reverse()
    money.sign_convention = choices[0]
    because: NoticeCode | None = NoticeCode.NO_MINUS
    if votes:
        because = NoticeCode.WORDS_SAY_IN if votes > 0 else NoticeCode.WORDS_SAY_OUT
    elif earlier == choices[0]:
        because = NoticeCode.AS_READ_BEFORE
    flag = unknown_flag(money, columns)
    if flag is not None:
        choices = _with_flag(money, flag, choices)
    is_by_flag = choices[0] == "flag"
    because = None if is_by_flag else because
    money.doubt("sign_convention", NoticeCode.ASK_SIGN_UNMARKED, choices, because)
    if flag is not None:
        words = [money.outflow_flag, money.inflow_flag]
        because = NoticeCode.WORD_ON_MORE_LINES if is_by_flag else None
        text = flag.filled[[*map(fold, flag.filled)].index(words[0])]
        money.doubt("outflow_flag", NoticeCode.ASK_TWO_WORDS, words, because, text=text)


def _with_flag(money: Money, flag: Column, choices: list[str]) -> list[str]:
    """The choices and that by a column of two words; the word on more lines is likelier out."""
    counts = Counter(map(fold, flag.filled))
    out, into = (word for word, _count in counts.most_common())
    money.flag, money.outflow_flag, money.inflow_flag = flag, out, into
    is_named = heading_score(flag.heading, "flag") > 0 or max(len(out), len(into)) == 1
    money.sign_convention = "flag" if is_named else choices[0]
    return ["flag", *choices] if is_named else [*choices, "flag"]


def _votes(money: Money, evidence: Evidence) -> int:
    """How many rows' words fit the signs, minus how many contradict them."""
    votes = 0
    for value, text in zip(sure(money.amount).amounts, evidence.texts(), strict=False):
        is_in, is_out = bool(INCOME.search(text)), bool(EXPENSE.search(text))
        if value and is_in != is_out:
            votes += 1 if is_in == (value > 0) else -1
    return votes - bool(EXPENSE.search(fold(sure(money.amount).heading)))


def _speaks_against(money: Money, evidence: Evidence) -> bool:
    """Whether several rows' words contradict the signs, or a row is a card bill payment."""
    if not sure(money.amount).positive_count:
        return False
    card_paid = [
        value
        for value, text in zip(sure(money.amount).amounts, evidence.texts(), strict=False)
        if value and re.search(r"payment.{0,12}thank", text)
    ]
    most_are_in = sure(money.amount).positive_count > 2 * sure(money.amount).negative_count
    against = -1 if most_are_in else -2
    return _votes(money, evidence) <= against or any(value < 0 for value in card_paid)


# --- Two columns -------------------------------------------------------------------------------


def _settle_pair(money: Money, evidence: Evidence) -> None:
    is_signed = is_mostly_negative(sure(money.debit)) and not is_mostly_negative(sure(money.credit))
    money.sign_convention = "signed_pair" if is_signed else "debit_credit"
    swapped = Money(money.sign_convention, debit=money.credit, credit=money.debit)
    if _pair_agrees(money, evidence):
        money.reason += ", the balances agree"
        return
    if _pair_agrees(swapped, evidence):
        choices = [sure(money.debit).index, sure(money.credit).index]
        money.doubt("debit", NoticeCode.ASK_HEADINGS, choices, NoticeCode.HEADINGS_SAY)
    elif _has_mixed_signs(sure(money.debit)) or _has_mixed_signs(sure(money.credit)):
        money.doubt(
            "sign_convention",
            NoticeCode.ASK_MIXED_COLUMN,
            ["debit_credit", "signed_pair"],
            NoticeCode.HEADINGS_SAY if money.reason == "headings" else None,
        )
    elif _is_in_negative(money):
        _settle_inverted_pair(money, evidence)
    elif is_mostly_negative(sure(money.credit)):
        money.doubt(
            "debit",
            NoticeCode.ASK_NEGATIVE_IN,
            [sure(money.debit).index, sure(money.credit).index],
            NoticeCode.HEADINGS_SAY if money.reason == "headings" else None,
        )
    elif money.reason != "headings" and not is_signed:
        money.doubt(
            "debit",
            NoticeCode.ASK_UNNAMED_PAIR,
            [sure(money.debit).index, sure(money.credit).index],
            _fuller_first(sure(money.debit), sure(money.credit)),
        )


def _is_in_negative(money: Money) -> bool:
    """Whether headings name the columns, all money out is positive and all money in negative."""
    return (
        money.reason == "headings"
        and is_complementary(sure(money.debit), sure(money.credit))
        and not sure(money.debit).negative_count
        and not sure(money.credit).positive_count
    )


def _settle_inverted_pair(money: Money, evidence: Evidence) -> None:
    """A card counts what is owed, so payments have a minus; in a ledger, a debit is money in."""
    money.sign_convention = "inverted_pair"
    if not evidence.context.is_card:
        choices = ["inverted_pair", "signed_pair"]
        because = NoticeCode.HEADINGS_SAY
        money.doubt("sign_convention", NoticeCode.ASK_NEGATIVE_IN, choices, because)


def _fuller_first(out: Column, into: Column) -> NoticeCode | None:
    is_fuller = len(out.filled) > len(into.filled)
    return NoticeCode.OUT_ON_MORE_LINES if is_fuller else None


def _pair_agrees(trial: Money, evidence: Evidence) -> bool:
    return _totals_agree(trial, evidence)


def _has_mixed_signs(column: Column) -> bool:
    return bool(column.negative_count and column.positive_count)


# --- No import without asking ------------------------------------------------------------------


def _guard(money: Money, columns: list[Column]) -> None:
    """Ask about an unproved choice if another column is filled in far more rows."""
    named = {name for name, *_rest in money.doubts}
    if {"amount", "debit"} & named:
        return
    rivals = [
        column
        for column in columns
        if column.is_numbers
        and column not in money.columns
        and column.used_share == 1
        and not _is_told_apart(column, money)
    ]
    name = "amount" if money.amount else "debit"
    is_sparse = money.used_share < 1 - _MOST_BLANK
    if is_sparse and rivals:
        money.doubt(
            name,
            NoticeCode.ASK_SPARSE_COLUMN,
            [money.columns[0].index, *(column.index for column in rivals)],
            NoticeCode.HEADINGS_SAY if money.reason.startswith("heading") else None,
        )


def _is_told_apart(column: Column, money: Money) -> bool:
    """Whether its heading says balance and the money columns' blank cells are really blank."""
    unread = sum(
        1 for cells in zip(*(column.values for column in money.columns), strict=True) if any(cells)
    ) - sum(1 for cell in money.sizes if cell is not None)
    is_balance = heading_score(column.heading, "balance") >= _BALANCE_NAME
    return is_balance and unread <= _MOST_BLANK * len(money.sizes)
