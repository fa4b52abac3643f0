"""Spending by category, subcategories rolled up into their parents, with the previous period."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal

from banking.kernel.periods import Period
from transactions.flows import Flow, Flows
from transactions.known_categories import known_categories
from transactions.models import Category

UNCATEGORIZED = "Uncategorized"
UNCATEGORIZED_COLOR = "#94a3b8"


class Compared:
    """Spending compared with the previous period: `total` is outflows minus `refunds`."""

    __slots__ = ()

    total: Decimal
    refunds: Decimal
    previous_total: Decimal

    @property
    def gross_total(self) -> Decimal:
        """All outflows."""
        return self.total + self.refunds

    @property
    def change(self) -> Decimal:
        return self.total - self.previous_total

    @property
    def change_percent(self) -> Decimal | None:
        return percent_change(self.total, self.previous_total)


@dataclass(frozen=True, slots=True)
class CategorySpending(Compared):
    """Spending in one category: `total` is outflows minus `refunds`.

    `category` is None for uncategorized. `percent` is the share of all spending; `change_percent`
    compares with the previous period and is None if nothing was spent then.
    """

    category: Category | None
    total: Decimal
    refunds: Decimal
    count: int
    percent: Decimal
    previous_total: Decimal
    children: tuple["CategorySpending", ...] = ()

    @property
    def name(self) -> str:
        return self.category.name if self.category else UNCATEGORIZED

    @property
    def slug(self) -> str | None:
        return self.category.slug if self.category else None

    @property
    def color(self) -> str:
        return self.category.color if self.category else UNCATEGORIZED_COLOR

    @property
    def icon(self) -> str:
        return self.category.icon if self.category else "circle-help"


@dataclass(slots=True)
class _Sum:
    spent: Decimal = Decimal(0)
    refunds: Decimal = Decimal(0)
    count: int = 0


def percent_change(now: Decimal, before: Decimal) -> Decimal | None:
    """By how many percent `now` exceeds `before`; None if there is nothing to compare with."""
    return percent_of(now - before, before) if before else None


def categories_of(flows: Flows) -> dict[int | None, Category]:
    """The categories used in the flows, with their parents, in at most one query."""
    ids = {flow.category_id for flow in flows.rows if flow.category_id is not None}
    if not ids:
        return {}
    known = known_categories({flow.account.user_id for flow in flows.rows}) or {}
    if ids.issubset(known):
        used = [known[pk] for pk in ids]
    else:
        used = list(Category.objects.filter(pk__in=ids).select_related("parent"))
    by_id: dict[int | None, Category] = {category.pk: category for category in used}
    return by_id | {
        category.parent_id: category.parent for category in used if category.parent is not None
    }


def spending_by_category(
    flows: Flows,
    period: Period,
    *,
    previous: Period,
    categories: Mapping[int | None, Category],
    with_gone: bool = False,
) -> tuple[CategorySpending, ...]:
    """Top-level categories with spending or refunds in the period, largest first, with
    subcategories.

    The totals add up to the period's expenses. If a parent has both its own transactions and
    subcategories, its own become a child row. `with_gone` keeps categories that only the previous
    period has.
    """
    now = _by_family(flows.within(period), categories)
    before = _by_family(flows.within(previous), categories)
    whole = sum((share.spent for family in now.values() for share in family.values()), Decimal(0))
    rows: list[CategorySpending] = []
    for top in {**now, **before} if with_gone else now:
        family, was = now.get(top, {}), before.get(top, {})
        members = {**family, **was} if with_gone else family
        children = [
            _row(categories.get(pk), _of(family, pk), _of(was, pk), whole)
            for pk in members
            if set(members) != {top}
        ]
        listed = _largest_first(children, with_gone)
        rows.append(_row(categories.get(top), family.values(), was.values(), whole, listed))
    return _largest_first(rows, with_gone)


def _of(family: Mapping[int | None, _Sum], pk: int | None) -> list[_Sum]:
    return [family[pk]] if pk in family else []


def _row(
    category: Category | None,
    now: Iterable[_Sum],
    before: Iterable[_Sum],
    whole: Decimal,
    children: tuple[CategorySpending, ...] = (),
) -> CategorySpending:
    now = list(now)
    spent = sum((row.spent for row in now), Decimal(0))
    return CategorySpending(
        category=category,
        total=spent,
        refunds=sum((row.refunds for row in now), Decimal(0)),
        count=sum(row.count for row in now),
        percent=percent_of(spent, whole),
        previous_total=sum((row.spent for row in before), Decimal(0)),
        children=children,
    )


def _largest_first(
    rows: Iterable[CategorySpending], with_gone: bool
) -> tuple[CategorySpending, ...]:
    spent = [row for row in rows if row.total or row.refunds or (with_gone and row.previous_total)]
    return tuple(sorted(spent, key=lambda row: (-row.total, -row.previous_total, row.name)))


def _by_family(
    rows: Iterable[Flow], categories: Mapping[int | None, Category]
) -> dict[int | None, dict[int | None, _Sum]]:
    """{top-level category: {category: its sums}}; None groups the uncategorized."""
    families: dict[int | None, dict[int | None, _Sum]] = {}
    for row in rows:
        if not row.is_converted:
            continue
        category = categories.get(row.category_id)
        top = (category.parent_id or category.pk) if category else None
        sums = families.setdefault(top, {}).setdefault(row.category_id, _Sum())
        sums.spent += row.spent
        sums.refunds += row.refunds
        sums.count += row.count
    return families


def percent_of(part: Decimal, whole: Decimal) -> Decimal:
    """`part` as a percentage of `whole`, to one decimal."""
    if not whole:
        return Decimal(0)
    return (part * 100 / whole).quantize(Decimal("0.1"), rounding=ROUND_HALF_EVEN)
