"""The reading of money that a running balance proves."""

from collections.abc import Iterable
from itertools import combinations, permutations

from transactions.sources.files.cell_words import (
    INCOME,
    INFLOW_FLAGS,
    OUTFLOW_FLAGS,
)
from transactions.sources.files.column_words import (
    heading_score,
)
from transactions.sources.files.csv_columns import Column
from transactions.sources.files.csv_money import (
    ALMOST_ALL,
    Evidence,
    Money,
    is_complementary,
    is_mostly_negative,
    signed_amounts,
)
from transactions.sources.files.csv_proof import Proof, agreement, prove
from transactions.sources.files.narrowing import sure
from transactions.sources.files.notices import NoticeCode
from transactions.sources.files.values import fold

_MOST_NUMBER_COLUMNS = 12
# Where there are more than two words, so many lines must tell the direction of an unknown one, and
# so many those of all words: three kinds of payment may go with one direction each by chance.
_FEWEST_TOLD = 3
_FEWEST_TOLD_IN_ALL = 14
_MOST_FLAG_WORDS = 6
_KNOWN_FLAGS = INFLOW_FLAGS | OUTFLOW_FLAGS


def proved_money(columns: list[Column], evidence: Evidence) -> Money | None:
    """The reading that a running balance proves row by row; None if there is none."""
    numbers = [column for column in columns if column.is_numbers][:_MOST_NUMBER_COLUMNS]
    found: list[tuple[tuple, Money]] = []
    for balance in numbers:
        if balance.fill_share < ALMOST_ALL:
            continue
        for source in _sources(numbers, balance):
            if source.fee and source.used_share < ALMOST_ALL:
                continue  # two columns that cancel each other are no amount and fee
            proof = prove(source.sizes, balance.amounts, evidence.days, evidence.opening)
            if proof is None or not proof.is_whole:
                continue
            money = _explained(source, proof, columns)
            if money:
                money.balance, money.is_proved = balance, True
                money.reason = money.reason or f"the balance proves {proof.steps} steps"
                found.append((_proof_rank(money, proof), money))
    return max(found, key=lambda item: item[0], default=(None, None))[1]


def _proof_rank(money: Money, proof: Proof) -> tuple:
    return (
        proof.steps,
        money.fee is None,
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


def _explained(source: Money, proof: Proof, columns: list[Column]) -> Money | None:
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
    return _flag_that_explains(source, proof, columns) or _by_balance(source, proof)


def _explained_pair(source: Money, proof: Proof) -> Money | None:
    first, second = source.debit, source.credit
    for way in ("debit_credit", "signed_pair"):
        for out, into in ((first, second), (second, first)):
            if way == "debit_credit" and is_mostly_negative(sure(into)):
                continue
            if way == "debit_credit" and is_mostly_negative(sure(out)) and not _tells(out, proof):
                continue
            money = Money(way, debit=out, credit=into)
            same, opposite = agreement(signed_amounts(money), proof)
            if same and not opposite and (not proof.is_before or _is_named_pair(money)):
                if way == "signed_pair" and sure(into).negative_count > sure(out).negative_count:
                    continue
                return money
    return None


def _tells(column: Column | None, proof: Proof) -> bool:
    """Whether the balance proves a row that has its amount in this column."""
    return any(sure(column).amounts[line] for line, _amount in proof.proved)


def _is_named_pair(money: Money) -> bool:
    return bool(
        heading_score(sure(money.debit).heading, "debit")
        and heading_score(sure(money.credit).heading, "credit")
    )


def _flag_that_explains(source: Money, proof: Proof, columns: list[Column]) -> Money | None:
    """Use a column whose few words each always go with one direction."""
    for column in columns:
        words = [fold(value) for value in column.values]
        if not _may_be_directions(column, words):
            continue
        ways = _ways_of(words, source, proof)
        out = sorted(word for word, way in ways.items() if not any(way))
        into = sorted(word for word, way in ways.items() if any(way))
        if out and into and _are_directions(ways):
            return Money(
                "flag",
                amount=source.amount,
                flag=column,
                outflow_flag="|".join(out),
                inflow_flag="|".join(into),
            )
    return None


def _ways_of(words: list[str], source: Money, proof: Proof) -> dict[str, list[bool]]:
    """For each word whether money came in, on each line where that is proved."""
    ways: dict[str, list[bool]] = {word: [] for word in words}
    for line, true in proof.proved:
        if abs(source.sizes[line] or 0) == abs(true):
            ways[words[line]].append(true > 0)
    for word in _KNOWN_FLAGS.intersection(ways):
        ways[word] = ways[word] or [word in INFLOW_FLAGS]
    return ways


def _may_be_directions(column: Column, words: list[str]) -> bool:
    """Whether a column has a few words, or two digits that stand for the two directions."""
    kinds = set(words)
    are_codes = len(kinds) == 2 and all(len(word) == 1 for word in kinds)
    is_wordy = not column.is_numbers or are_codes
    return is_wordy and 2 <= len(kinds) <= _MOST_FLAG_WORDS and "" not in kinds


def _are_directions(ways: dict[str, list[bool]]) -> bool:
    """Whether each word goes with one direction, and unknown ones on enough lines."""
    fewest, in_all = (1, 2) if len(ways) == 2 else (_FEWEST_TOLD, _FEWEST_TOLD_IN_ALL)
    unknown = [way for word, way in ways.items() if word not in _KNOWN_FLAGS]
    are_told = not unknown or sum(map(len, ways.values())) >= in_all
    return (
        are_told
        and all(len(set(way)) == 1 for way in ways.values())
        and all(len(way) >= fewest for way in unknown)
    )


def _by_balance(source: Money, proof: Proof) -> Money | None:
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
    because = NoticeCode.MOSTLY_OUT
    if INCOME.search(evidence.texts()[place]):
        choices.reverse()
        because = NoticeCode.LINE_SAYS_IN
    known = [value for value in (evidence.opening, evidence.context.balance) if value in choices]
    money.opening_balance = f"{(known or choices)[0]:f}"
    if not known:
        money.doubt(
            "opening_balance",
            NoticeCode.ASK_OLDEST,
            [f"{choice:f}" for choice in choices],
            because,
        )
