"""What a rule, or all of them, would do to a person's transactions: row by row, and in money.

A scan reads the person's live rows newest first, in pieces, and gives each its verdict. Preview
and application share it, so that what is shown is what happens.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from enum import Enum
from typing import NamedTuple, cast

from django.db.models import Q, QuerySet

from transactions.models import CategoryRule, Transaction, Transfer
from transactions.rules.rule_book import Line, RuleBook
from users.models import User

ROWS_AT_ONCE = 5_000


class Verdict(Enum):
    """What becomes of a row: it changes, has the category already, or keeps another one."""

    CHANGES = "changes"
    SAME = "same"
    # Chosen by hand, split, or half of a confirmed transfer: no rule touches it.
    LOCKED = "manual"
    # Another rule comes first.
    KEPT = "kept"
    NOT_MATCHED = "not_matched"


class ScannedRow(NamedTuple):
    """The columns of a transaction that a rule looks at."""

    pk: int
    txn_date: date
    account_id: int
    description: str
    merchant: str
    signed_amount: Decimal
    currency: str
    category_id: int | None
    category_source: str
    status: str
    is_split: bool


Judged = tuple[ScannedRow, Verdict, CategoryRule | None]


class RuleScan:
    """Judges a person's rows by one rule (saved or not) among the others, or by all of them."""

    def __init__(self, user: User, rule: CategoryRule | None = None) -> None:
        self.user = user
        self.rule = rule
        in_force = CategoryRule.objects.visible_to(user).in_force().in_order()
        rules = list(in_force.select_related("category"))
        if rule is None:
            self._asked, self._earlier = RuleBook(rules), RuleBook([])
        else:
            earlier = [one for one in rules if one.pk != rule.pk and _place(one) < _place(rule)]
            self._asked, self._earlier = RuleBook([rule]), RuleBook(earlier)
        self._transferred = _confirmed_transfers(user)

    def judge(self, row: ScannedRow) -> tuple[Verdict, CategoryRule | None]:
        """The row's verdict, and the rule that decides it."""
        line = Line(row.description, row.merchant, row.account_id, abs(row.signed_amount))
        asked = cast(CategoryRule | None, self._asked.first_match(line))
        if asked is None:
            return Verdict.NOT_MATCHED, None
        if self._is_locked(row):
            same = row.category_id == asked.category_id
            return (Verdict.SAME if same else Verdict.LOCKED), asked
        earlier = cast(CategoryRule | None, self._earlier.first_match(line))
        if earlier is not None:
            return Verdict.KEPT, earlier
        same = row.category_id == asked.category_id
        return (Verdict.SAME if same else Verdict.CHANGES), asked

    def pieces(
        self, account_ids: Iterable[int] | None = None, limit: int | None = None
    ) -> Iterator[list[Judged]]:
        """Every matching row with its verdict, newest first; at most `limit` rows looked at."""
        for rows in live_rows(self.user, account_ids, limit):
            judged = ((row, *self.judge(row)) for row in rows)
            yield [one for one in judged if one[1] is not Verdict.NOT_MATCHED]

    def look_again(self, ids: Iterable[int]) -> None:
        """Ask anew which of these rows are halves of transfers: under their accounts' locks."""
        ids = set(ids)
        confirmed = Transfer.objects.filter(
            Q(outflow_transaction__in=ids) | Q(inflow_transaction__in=ids),
            status=Transfer.Status.CONFIRMED,
        )
        self._transferred = (self._transferred - ids) | _sides(confirmed)

    def _is_locked(self, row: ScannedRow) -> bool:
        return (
            row.category_source == Transaction.CategorySource.MANUAL
            or row.is_split
            or row.pk in self._transferred
        )


def live_rows(
    user: User, account_ids: Iterable[int] | None = None, limit: int | None = None
) -> Iterator[list[ScannedRow]]:
    """The user's own rows outside the trash, newest first, a few thousand at a time.

    By key, so that rows may be written between two pieces.
    """
    rows = Transaction.objects.filter(user=user).live().order_by("-txn_date", "-id")
    if account_ids is not None:
        rows = rows.filter(account__in=list(account_ids))
    columns: Sequence[str] = ScannedRow._fields
    last: ScannedRow | None = None
    seen = 0
    while limit is None or seen < limit:
        size = ROWS_AT_ONCE if limit is None else min(ROWS_AT_ONCE, limit - seen)
        further = rows if last is None else rows.filter(_after(last))
        piece = [ScannedRow(*values) for values in further.values_list(*columns)[:size]]
        if piece:
            yield piece
        if len(piece) < size:
            return
        last, seen = piece[-1], seen + len(piece)


def _after(row: ScannedRow) -> Q:
    """Rows behind this one; the bound on the day is for the index."""
    return Q(txn_date__lte=row.txn_date) & (Q(txn_date__lt=row.txn_date) | Q(pk__lt=row.pk))


def _place(rule: CategoryRule) -> tuple[int, float]:
    """Where the rule stands; one not saved yet comes last among its equals."""
    return rule.priority, float("inf") if rule.pk is None else rule.pk


def _confirmed_transfers(user: User) -> set[int]:
    return _sides(Transfer.objects.filter(user=user, status=Transfer.Status.CONFIRMED))


def _sides(transfers: QuerySet[Transfer]) -> set[int]:
    pairs = transfers.order_by().values_list("outflow_transaction_id", "inflow_transaction_id")
    return {pk for pair in pairs for pk in pair}
