"""Learn categories from a person's own choices.

Every transaction whose category its owner set by hand is a choice. The choices at one merchant,
with money in and money out apart, decide about its next lines if they agree: all of them, or 9 of
the last 10. If they differ, one circumstance may explain them all: the account, the amount or the
day of the week. Otherwise nothing is learned, because a wrong category is worse than none.

Only what the person told us to forget is stored, so a choice that is corrected, undone or deleted
stops teaching at once.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple

from django.db.models import Max, Q

from banking.kernel.written_once import Asked, WrittenOnce
from banking.limits import CHOICES_LEARNED_FROM
from transactions.matching.words import telling_words
from transactions.models import (
    CategoryChange,
    ForgottenChoices,
    Transaction,
    TransactionQuerySet,
)
from transactions.rules.merchants import named_in

# How many of the latest choices at a merchant count, and how many of them may differ.
LATEST, EXCEPTIONS = 10, 1
# How many of the latest choices a circumstance must explain, and the fewest on each side.
EXPLAINED, FEWEST_ALIKE = 30, 3
ALWAYS, BY_ACCOUNT, BY_AMOUNT, BY_WEEKDAY = "always", "account", "amount", "weekday"


class Payee(NamedTuple):
    """The words that identify a merchant, and the direction of the money."""

    key: str
    is_inflow: bool


class Choice(NamedTuple):
    """One transaction that its owner categorized; the amount is positive."""

    transaction_id: int
    category_id: int
    account_id: int
    amount: Decimal
    txn_date: date
    title: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Learned:
    """A category that `chosen` of the latest `counted` choices agree on."""

    category_id: int
    chosen: int
    counted: int
    why: str = ALWAYS


@dataclass(slots=True)
class Habit:
    """What the choices at one merchant teach, newest first."""

    payee: Payee
    choices: list[Choice] = field(default_factory=list)

    @property
    def title(self) -> str:
        """The merchant's name in the latest choice."""
        return self.choices[0].title

    def learned_for(self, account_id: int, amount: Decimal, on: date | None) -> Learned | None:
        """The category of a line at this merchant. The amount is positive; `on` is its date."""
        if plain := self.plainly():
            return plain
        explained = self.choices[:EXPLAINED]
        by_day = on and _by_cell(explained, BY_WEEKDAY, _weekday_of, on.weekday())
        by_account = _by_cell(explained, BY_ACCOUNT, _account_of, account_id)
        return by_account or _by_amount(explained, amount) or by_day or None

    def plainly(self) -> Learned | None:
        """The category of every line at this merchant, if the choices agree."""
        latest = [choice.category_id for choice in self.choices[:LATEST]]
        category_id, chosen = Counter(latest).most_common(1)[0]
        exceptions = EXCEPTIONS if len(latest) == LATEST else 0
        if len(latest) - chosen > exceptions:
            return None
        return Learned(category_id, chosen, len(latest))

    def outcomes(self) -> list[Learned]:
        """Everything these choices teach, for the page that lists it."""
        if plain := self.plainly():
            return [plain]
        found = {
            (learned.category_id, learned.why): learned
            for choice in self.choices[:EXPLAINED]
            if (learned := self.learned_for(choice.account_id, choice.amount, choice.txn_date))
        }
        return sorted(found.values(), key=lambda learned: (-learned.chosen, learned.category_id))

    def has_chosen(self, category_id: int) -> bool:
        """Whether any of the latest choices has this category."""
        return any(choice.category_id == category_id for choice in self.choices[:LATEST])


def _account_of(choice: Choice) -> int:
    return choice.account_id


def _weekday_of(choice: Choice) -> int:
    return choice.txn_date.weekday()


def _by_cell(
    choices: Sequence[Choice], why: str, cell_of: Callable[[Choice], int], cell: int
) -> Learned | None:
    """The category for one account or weekday, if each has only one and they differ."""
    categories: dict[int, set[int]] = {}
    for choice in choices:
        categories.setdefault(cell_of(choice), set()).add(choice.category_id)
    if len(categories) < 2 or any(len(found) > 1 for found in categories.values()):
        return None
    alike = [choice for choice in choices if cell_of(choice) == cell]
    if len(alike) < FEWEST_ALIKE:
        return None
    return Learned(alike[0].category_id, len(alike), len(alike), why)


def _by_amount(choices: Sequence[Choice], amount: Decimal) -> Learned | None:
    """The category for smaller or larger amounts, if one amount separates two categories."""
    ordered = sorted(choices, key=lambda choice: (choice.amount, choice.category_id))
    low, high = ordered[0].category_id, ordered[-1].category_id
    small = [choice for choice in ordered if choice.category_id == low]
    large = [choice for choice in ordered if choice.category_id == high]
    if low == high or len(small) + len(large) != len(ordered):
        return None
    if small[-1].amount >= large[0].amount or min(len(small), len(large)) < FEWEST_ALIKE:
        return None
    if amount <= small[-1].amount:
        return Learned(low, len(small), len(small), BY_AMOUNT)
    if amount >= large[0].amount:
        return Learned(high, len(large), len(large), BY_AMOUNT)
    return None


class Habits:
    """What one person's choices teach, by merchant."""

    def __init__(self, choices: Iterable[tuple[Payee, Choice]] = ()) -> None:
        self._by_payee: dict[Payee, Habit] = {}
        for payee, choice in choices:
            self._by_payee.setdefault(payee, Habit(payee)).choices.append(choice)

    def __iter__(self) -> Iterator[Habit]:
        return iter(self._by_payee.values())

    def at(self, merchant: str, *, is_inflow: bool) -> Habit | None:
        """The habit at this merchant, if the person has chosen categories there."""
        if not self._by_payee or not merchant:
            return None
        return self._by_payee.get(payee_of(merchant, is_inflow=is_inflow))

    def named(self, payee: Payee) -> Habit | None:
        return self._by_payee.get(payee)

    def keep_only(self, payee: Payee, choices: list[Choice]) -> None:
        if choices:
            self._by_payee[payee].choices = choices
        else:
            self._by_payee.pop(payee, None)


def payee_of(merchant: str, *, is_inflow: bool) -> Payee:
    """The merchant's identity: numbers, dates and payment jargon don't tell merchants apart."""
    return Payee(" ".join(sorted(telling_words(merchant)))[:200], is_inflow)


def habits_of(owner_id: int) -> Habits:
    """The person's habits, in at most three queries."""
    habits = Habits(_choices(owner_id))
    _forget(owner_id, habits)
    return habits


def chosen_by(owner_id: int) -> TransactionQuerySet:
    """The transactions whose owner chose the category by hand."""
    return Transaction.objects.filter(
        user=owner_id, category_source=Transaction.CategorySource.MANUAL, deleted_at=None
    )


def _choices(owner_id: int) -> Iterator[tuple[Payee, Choice]]:
    """The latest choices, newest first. A confirmed transfer isn't a choice of category."""
    paired = Q(transfers_out__status="confirmed") | Q(transfers_in__status="confirmed")
    rows = chosen_by(owner_id).filter(is_split=False, category__deleted_at=None).exclude(paired)
    values = rows.order_by("-txn_date", "-pk").values_list(
        *("pk", "category_id", "account_id", "signed_amount", "txn_date", "created_at"),
        *("merchant", "description"),
    )
    for pk, category_id, account_id, amount, on, created_at, merchant, text in values[
        :CHOICES_LEARNED_FROM
    ]:
        is_inflow = amount > 0
        title = merchant or named_in(text, is_inflow=is_inflow)
        if title and category_id is not None:
            choice = Choice(pk, category_id, account_id, abs(amount), on, title, created_at)
            yield payee_of(title, is_inflow=is_inflow), choice


_FORGOTTEN = WrittenOnce(
    lambda user_id: ForgottenChoices.objects.filter(user=user_id).values_list(
        "payee", "is_inflow", "forgotten_at"
    )
)


def asking_forgotten(owner_id: int) -> Asked:
    """What `habits_of` reads of the choices that this person told us to forget."""
    return _FORGOTTEN.asking(owner_id)


def _forget(owner_id: int, habits: Habits) -> None:
    """Leave out forgotten choices: those last changed before that time."""
    forgotten = {
        Payee(key, is_inflow): at for key, is_inflow, at in asking_forgotten(owner_id).rows()
    }
    found = {payee: habit for payee in forgotten if (habit := habits.named(payee))}
    old = [
        choice.transaction_id
        for payee, habit in found.items()
        for choice in habit.choices
        if choice.created_at <= forgotten[payee]
    ]
    changed = dict(
        CategoryChange.objects.filter(transaction__in=old, by=CategoryChange.By.USER)
        .order_by()
        .values_list("transaction")
        .annotate(Max("created_at"))
        if old
        else ()
    )
    for payee, habit in found.items():
        kept = [
            choice
            for choice in habit.choices
            if max(choice.created_at, changed.get(choice.transaction_id, choice.created_at))
            > forgotten[payee]
        ]
        habits.keep_only(payee, kept)
