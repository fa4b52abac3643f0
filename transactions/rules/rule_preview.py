"""Preview a rule: the affected transactions, and each month's categories before and after."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from django.conf import settings
from django.db.models import Sum
from django.http import Http404

from banking.kernel.keyset import NO_SUCH_PAGE
from banking.kernel.narrowing import sure
from banking.kernel.periods import first_of_month
from banking.kernel.read_together import read_together
from banking.kernel.written_once import WrittenOnce
from banking.limits import LINES_A_PAGE
from transactions.category_moves import LimitEffect, Move, limit_effects
from transactions.models import Category, CategoryRule, MonthlyTotal, Transaction
from transactions.rules.rule_scan import Judged, RuleScan, ScannedRow, Verdict
from users.models import User

MOST_MONTHS = 12
LISTED = (Verdict.CHANGES, Verdict.LOCKED, Verdict.KEPT)


@dataclass(frozen=True, slots=True)
class PreviewRow:
    """One transaction of the preview. `after` is the category the rule assigns or would assign."""

    transaction: Transaction
    before: Category | None
    after: Category
    rule: CategoryRule


@dataclass(frozen=True, slots=True)
class MonthEffect:
    """The sum of one category in a month and currency, before and after.

    `measure` says what is summed: spent (an expense category, minus refunds), received (an income
    category), or net (money in minus money out, for transfers and uncategorized transactions).
    """

    month: date
    currency: str
    category: Category | None
    measure: str
    before: Decimal
    after: Decimal

    @property
    def change(self) -> Decimal:
        return self.after - self.before


@dataclass(slots=True)
class RulePreview:
    """The effect of applying rules. `effects` covers the latest 12 months that change, latest
    first; `limits` lists this month's budgets whose use changes.

    Based on the latest `scanned_count` of the user's `total_count` transactions, and on the months
    that lie entirely within them.
    """

    rows: list[PreviewRow]
    next_cursor: str | None
    change_count: int = 0
    same_count: int = 0
    manual_count: int = 0
    kept_count: int = 0
    effects: list[MonthEffect] = field(default_factory=list)
    month_count: int = 0
    limits: list[LimitEffect] = field(default_factory=list)
    scanned_count: int = 0
    total_count: int = 0

    @property
    def is_partial(self) -> bool:
        return self.scanned_count < self.total_count

    @property
    def match_count(self) -> int:
        return self.change_count + self.same_count + self.manual_count + self.kept_count


def preview_rules(
    user: User,
    rule: CategoryRule | None = None,
    *,
    on: date | None = None,
    listed: Verdict = Verdict.CHANGES,
    cursor: str | None = None,
    page_size: int = LINES_A_PAGE,
) -> RulePreview:
    """The effect of one rule (saved or not), or of all rules, on the user's current transactions.

    `rows` is a page of the transactions with one verdict, paged by key. Raises Http404 for an
    invalid cursor. `on` is the user's current date; without it, `limits` stays empty.
    """
    counts: Counter[Verdict] = Counter()
    page = _Page(listed, _position(cursor), page_size)
    moves = _Moves()
    scan, most = RuleScan(user, rule), settings.RULE_PREVIEW_ROWS
    for judged in scan.pieces(limit=most):
        for row, verdict, decided in judged:
            counts[verdict] += 1
            if verdict is Verdict.CHANGES:
                moves.add(row, sure(decided))
            if verdict is listed:
                page.offer((row, verdict, decided))
    total = scan.read_count
    if total == most:  # There may be more.
        total = Transaction.objects.filter(user=user).live().count()
    effects, month_count = moves.effects(user, _cut_month(user, most) if total > most else None)
    return RulePreview(
        rows=_shown(page.rows, rule),
        next_cursor=page.next_cursor,
        change_count=counts[Verdict.CHANGES],
        same_count=counts[Verdict.SAME],
        manual_count=counts[Verdict.LOCKED],
        kept_count=counts[Verdict.KEPT],
        effects=effects,
        month_count=month_count,
        limits=limit_effects(user, moves.by_day(), on) if on else [],
        scanned_count=min(total, most),
        total_count=total,
    )


def _cut_month(user: User, most: int) -> date | None:
    """The month in which the latest `limit` transactions of the user begin."""
    newest = Transaction.objects.filter(user=user).live().order_by("-txn_date", "-id")
    for day in newest.values_list("txn_date", flat=True)[most - 1 : most]:
        return first_of_month(day)
    return None


def matching_rows(user: User, rule: CategoryRule, *, limit: int, page_size: int) -> RulePreview:
    """The newest transactions, among the latest `limit`, that match an unsaved rule;
    without sums.
    """
    counts: Counter[Verdict] = Counter()
    found: list[Judged] = []
    for judged in RuleScan(user, rule).pieces(limit=limit):
        counts.update(verdict for _, verdict, _ in judged)
        found += judged[: page_size - len(found)]
    return RulePreview(
        rows=_shown(found, rule),
        next_cursor=None,
        change_count=counts[Verdict.CHANGES],
        same_count=counts[Verdict.SAME],
        manual_count=counts[Verdict.LOCKED],
        kept_count=counts[Verdict.KEPT],
    )


class _Page:
    """Collects the rows after a position until the page is full, and knows whether more follow."""

    def __init__(self, listed: Verdict, position: tuple[date, int] | None, size: int) -> None:
        self.listed = listed
        self.position = position
        self.size = size
        self.rows: list[Judged] = []
        self.has_more = False

    def offer(self, judged: Judged) -> None:
        row = judged[0]
        if self.position is not None and (row.txn_date, row.pk) >= self.position:
            return
        if len(self.rows) == self.size:
            self.has_more = True
        else:
            self.rows.append(judged)

    @property
    def next_cursor(self) -> str | None:
        if not self.has_more:
            return None
        row = self.rows[-1][0]
        return f"{row.txn_date.isoformat()}.{row.pk}"


def _position(cursor: str | None) -> tuple[date, int] | None:
    if not cursor:
        return None
    day, _, pk = cursor.partition(".")
    try:
        return date.fromisoformat(day), int(pk)
    except ValueError:
        raise Http404(NO_SUCH_PAGE) from None


class _Moves:
    """Adds up what the changed transactions move from one category to another, by day."""

    def __init__(self) -> None:
        self.nets: dict[tuple[date, str, int | None], Decimal] = {}

    def add(self, row: ScannedRow, rule: CategoryRule) -> None:
        if row.status != Transaction.Status.POSTED:
            return
        for category_id, amount in (
            (row.category_id, -row.signed_amount),
            (rule.category_id, row.signed_amount),
        ):
            key = (row.txn_date, row.currency, category_id)
            self.nets[key] = self.nets.get(key, Decimal(0)) + amount

    def by_day(self) -> list[Move]:
        return [Move(*key, net) for key, net in self.nets.items() if net]

    def by_month(self) -> dict[tuple[date, str, int | None], Decimal]:
        nets: dict[tuple[date, str, int | None], Decimal] = {}
        for (day, currency, category_id), net in self.nets.items():
            key = (first_of_month(day), currency, category_id)
            nets[key] = nets.get(key, Decimal(0)) + net
        return nets

    def effects(self, user: User, cut: date | None) -> tuple[list[MonthEffect], int]:
        """The effects of the latest months except `cut`, and the number of months."""
        all_nets = {key: net for key, net in self.by_month().items() if key[0] != cut}
        months = sorted({month for month, _, _ in all_nets}, reverse=True)
        shown = months[:MOST_MONTHS]
        nets = {key: net for key, net in all_nets.items() if key[0] in shown and net}
        ids = {pk for _, _, pk in nets if pk is not None}
        read_together(_STANDING.asking(user.pk, shown), _CATEGORIES.asking(ids))
        standing = _standing_nets(user, shown)
        categories: dict[int | None, Category] = {one.pk: one for one in _CATEGORIES.rows(ids)}
        effects = [
            _effect(key, categories.get(key[2]), standing.get(key, Decimal(0)), net)
            for key, net in nets.items()
        ]
        effects.sort(key=_weight)
        return effects, len(months)


def _weight(effect: MonthEffect) -> tuple:
    """Sort key: latest month first, then the largest change; uncategorized comes last."""
    order = (-effect.month.toordinal(), effect.currency, -abs(effect.change))
    return (*order, effect.category is None)


def _standing_nets(
    user: User, months: Sequence[date]
) -> dict[tuple[date, str, int | None], Decimal]:
    return {
        (month, currency, category_id): inflow - outflow
        for month, currency, category_id, inflow, outflow in _STANDING.rows(user.pk, months)
    }


_STANDING = WrittenOnce(
    lambda user_id, days: (
        MonthlyTotal.objects.filter(user_id=user_id, account__deleted_at=None, month__in=days)
        .order_by()
        .values_list("month", "account__currency", "category_id")
        .annotate(Sum("inflow"), Sum("outflow"))
    )
)
_CATEGORIES = WrittenOnce(lambda ids: Category.objects.filter(pk__in=ids))


def _effect(
    key: tuple[date, str, int | None], category: Category | None, standing: Decimal, net: Decimal
) -> MonthEffect:
    measures: dict[str, str] = {Category.Kind.EXPENSE: "spent", Category.Kind.INCOME: "received"}
    measure = measures.get(category.kind, "net") if category else "net"
    before, after = standing, standing + net
    if measure == "spent":
        before, after = -before, -after
    month, currency, _ = key
    return MonthEffect(month, currency, category, measure, before, after)


def _shown(judged: list[Judged], asked: CategoryRule | None) -> list[PreviewRow]:
    """Load the rows to display, with two queries."""
    rows = Transaction.objects.select_related("account", "category")
    found = rows.in_bulk([row.pk for row, _, _ in judged])
    return [
        PreviewRow(found[row.pk], found[row.pk].category, (asked or rule).category, rule)
        for row, _, rule in judged
        if row.pk in found and rule is not None
    ]
