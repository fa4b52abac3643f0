"""Determine what one rule, or all rules, would do to a person's transactions.

A scan reads live transactions newest first, in batches, and gives each a verdict. Preview and
application share it, so a preview shows exactly what will happen.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from enum import Enum
from itertools import chain
from typing import NamedTuple, cast

from django.db.models import Q, QuerySet

from banking.kernel.read_together import read_together
from banking.kernel.written_once import WrittenOnce
from transactions.models import CategoryRule, Transaction, Transfer
from transactions.rules.rule_book import Line, RuleBook
from users.models import User

ROWS_AT_ONCE = 5_000


class Verdict(Enum):
    """The outcome for a transaction: it changes, has the category already, or keeps another one."""

    CHANGES = "changes"
    SAME = "same"
    # Categorized by hand, split, or part of a confirmed transfer: rules leave it alone.
    LOCKED = "manual"
    # Another rule takes precedence.
    KEPT = "kept"
    NOT_MATCHED = "not_matched"


class ScannedRow(NamedTuple):
    """The columns of a transaction that a rule checks."""

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
    """Checks a person's transactions against one rule (saved or not) among the others, or all
    rules.
    """

    def __init__(self, user: User, rule: CategoryRule | None = None) -> None:
        self.user = user
        self.rule = rule
        # How many transactions were read so far.
        self.read_count = 0
        read_together(_IN_FORCE.asking(user.pk), _TRANSFERS.asking(user.pk))
        rules = _IN_FORCE.rows(user.pk)
        if rule is None:
            self._asked, self._earlier = RuleBook(rules), RuleBook([])
        else:
            earlier = [
                other for other in rules if other.pk != rule.pk and _place(other) < _place(rule)
            ]
            self._asked, self._earlier = RuleBook([rule]), RuleBook(earlier)
        self._transferred = set(chain.from_iterable(_TRANSFERS.rows(user.pk)))

    def judge(self, row: ScannedRow) -> tuple[Verdict, CategoryRule | None]:
        """The verdict for a transaction, and the rule that decides it."""
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
        """Yield every matching transaction with its verdict, newest first. Reads at most `limit`
        rows.
        """
        for rows in live_rows(self.user, account_ids, limit):
            self.read_count += len(rows)
            judged = ((row, *self.judge(row)) for row in rows)
            yield [judgment for judgment in judged if judgment[1] is not Verdict.NOT_MATCHED]

    def look_again(self, ids: Iterable[int]) -> None:
        """Check again which of these transactions belong to transfers, now that their accounts are
        locked.
        """
        ids = set(ids)
        confirmed = Transfer.objects.filter(
            Q(outflow_transaction__in=ids) | Q(inflow_transaction__in=ids),
            status=Transfer.Status.CONFIRMED,
        )
        self._transferred = (self._transferred - ids) | set(chain.from_iterable(_sides(confirmed)))

    def _is_locked(self, row: ScannedRow) -> bool:
        return (
            row.category_source == Transaction.CategorySource.MANUAL
            or row.is_split
            or row.pk in self._transferred
        )


def live_rows(
    user: User, account_ids: Iterable[int] | None = None, limit: int | None = None
) -> Iterator[list[ScannedRow]]:
    """Yield the user's own transactions outside the trash, newest first, a few thousand at a time.

    Paged by key, so rows may be written between two batches.
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
    """Rows after this one. The condition on the date lets the database use its index."""
    return Q(txn_date__lte=row.txn_date) & (Q(txn_date__lt=row.txn_date) | Q(pk__lt=row.pk))


def _place(rule: CategoryRule) -> tuple[int, float]:
    """The rule's position. An unsaved rule comes last among those with its priority."""
    return rule.priority, float("inf") if rule.pk is None else rule.pk


def _sides(transfers: QuerySet[Transfer]) -> QuerySet[Transfer, tuple[int, int]]:
    return transfers.order_by().values_list("outflow_transaction_id", "inflow_transaction_id")


_IN_FORCE = WrittenOnce(
    lambda user_id: (
        CategoryRule.objects.visible_to(User(pk=user_id))
        .in_force()
        .in_order()
        .select_related("category")
    )
)
# The two sides of each confirmed transfer.
_TRANSFERS = WrittenOnce(
    lambda user_id: _sides(
        Transfer.objects.filter(user_id=user_id, status=Transfer.Status.CONFIRMED)
    )
)
