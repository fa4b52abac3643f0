"""Group a person's uncategorized transactions by merchant, so that one choice settles many."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from django.db.models import Case, CharField, Count, F, Max, Q, Sum, Value, When, Window
from django.db.models.functions import RowNumber, Sign

from banking.limits import GROUP_EXAMPLES, MERCHANTS_GROUPED
from transactions.likely_categories import LikelyCategories
from transactions.models import Category, Transaction, TransactionQuerySet
from transactions.rules.learning import Payee, payee_of
from transactions.rules.merchants import named_in
from users.models import User
from users.timezones import today_in

SUGGESTIONS = 3
# A merchant's name, or the bank's text if there is none.
_TEXT = Case(When(merchant="", then=F("description")), default=Value(""), output_field=CharField())


@dataclass(slots=True)
class MerchantGroup:
    """The uncategorized transactions at one merchant, in one direction."""

    payee: Payee
    title: str = ""
    count: int = 0
    last_date: date = date.min
    # By currency.
    totals: dict[str, Decimal] = field(default_factory=dict)
    # (merchant, text) as its transactions spell it.
    spellings: set[tuple[str, str]] = field(default_factory=set)
    examples: list[Transaction] = field(default_factory=list)
    suggestions: list[Category] = field(default_factory=list)

    @property
    def txn_type(self) -> str:
        return Transaction.Type.INCOME if self.payee.is_inflow else Transaction.Type.EXPENSE

    @property
    def more_count(self) -> int:
        """How many transactions the examples leave out."""
        return self.count - len(self.examples)


@dataclass(slots=True)
class GroupPage:
    """A page of groups, the largest first. `after` is the cursor of the next page."""

    groups: list[MerchantGroup]
    after: str
    group_count: int
    row_count: int


def uncategorized(user: User) -> TransactionQuerySet:
    """The person's own transactions without a category; a split one counts by its parts."""
    return Transaction.objects.filter(user=user, category=None, is_split=False).live()


def merchant_groups(user: User) -> list[MerchantGroup]:
    """All groups in one query: largest first, then latest."""
    rows = (
        uncategorized(user)
        .order_by()
        .annotate(text=_TEXT, sign=Sign("signed_amount"))
        .values("merchant", "text", "sign", "currency")
        .annotate(count=Count("pk"), total=Sum("signed_amount"), last=Max("txn_date"))
        .order_by("-count", "merchant", "text", "sign", "currency")
    )
    groups: dict[Payee, MerchantGroup] = {}
    for row in rows[:MERCHANTS_GROUPED]:
        is_inflow = row["sign"] > 0
        title = row["merchant"] or named_in(row["text"], is_inflow=is_inflow) or row["text"]
        payee = payee_of(title, is_inflow=is_inflow)
        group = groups.setdefault(payee, MerchantGroup(payee, title))
        group.count += row["count"]
        group.last_date = max(group.last_date, row["last"])
        currency = row["currency"]
        group.totals[currency] = group.totals.get(currency, Decimal(0)) + row["total"]
        group.spellings.add((row["merchant"], row["text"]))
    return sorted(groups.values(), key=_place)


def group_page(user: User, *, after: str, page_size: int) -> GroupPage:
    """The groups after the cursor, with examples and suggestions, in a fixed number of queries."""
    groups = merchant_groups(user)
    start = _start(groups, after)
    shown = groups[start : start + page_size]
    has_more = start + page_size < len(groups)
    give_examples(user, shown)
    give_suggestions(user, shown)
    return GroupPage(
        groups=shown,
        after=cursor_of(shown[-1]) if shown and has_more else "",
        group_count=len(groups),
        row_count=sum(group.count for group in groups),
    )


def find_group(user: User, payee: Payee) -> MerchantGroup | None:
    return next((group for group in merchant_groups(user) if group.payee == payee), None)


def rows_of(user: User, group: MerchantGroup) -> TransactionQuerySet:
    """The transactions of the group."""
    return _spelled(uncategorized(user), [group]).filter(
        **{"signed_amount__gt" if group.payee.is_inflow else "signed_amount__lt": 0}
    )


def give_examples(user: User, groups: Sequence[MerchantGroup]) -> None:
    """Attach the latest transactions of each group."""
    if not groups:
        return
    newest = Window(
        RowNumber(),
        partition_by=[F("merchant"), _TEXT, Sign("signed_amount")],
        order_by=[F("txn_date").desc(), F("pk").desc()],
    )
    rows = _spelled(uncategorized(user), groups).annotate(place=newest)
    by_spelling = {
        (spelling, group.payee.is_inflow): group for group in groups for spelling in group.spellings
    }
    latest = rows.filter(place__lte=GROUP_EXAMPLES).select_related("account")
    for row in latest.order_by("-txn_date", "-pk"):
        text = "" if row.merchant else row.description
        group = by_spelling.get(((row.merchant, text), row.signed_amount > 0))
        if group is not None and len(group.examples) < GROUP_EXAMPLES:
            group.examples.append(row)


def give_suggestions(user: User, groups: Sequence[MerchantGroup]) -> None:
    """Attach the categories that the latest transaction of each group is likely to get."""
    likely = LikelyCategories(user.pk, today_in(user.timezone))
    for group in groups:
        for row in group.examples[:1]:
            group.suggestions = likely.for_row(row)[:SUGGESTIONS]


def _spelled(rows: TransactionQuerySet, groups: Sequence[MerchantGroup]) -> TransactionQuerySet:
    spellings = {spelling for group in groups for spelling in group.spellings}
    names = sorted(merchant for merchant, _ in spellings if merchant)
    texts = sorted(text for merchant, text in spellings if not merchant)
    return rows.filter(Q(merchant__in=names) | Q(merchant="", description__in=texts))


def _place(group: MerchantGroup) -> tuple[int, str, bool]:
    return -group.count, group.payee.key, group.payee.is_inflow


def cursor_of(group: MerchantGroup) -> str:
    """The group's position as text; it stays valid when other groups are settled."""
    return f"{group.count}~{int(group.payee.is_inflow)}~{group.payee.key}"


def _start(groups: list[MerchantGroup], after: str) -> int:
    """How many groups come before the cursor's position; 0 if the cursor is unreadable."""
    count, _, rest = after.partition("~")
    is_inflow, _, key = rest.partition("~")
    if not (count.isdecimal() and len(count) < 12 and is_inflow in ("0", "1")):
        return 0
    place = (-int(count), key, is_inflow == "1")
    return sum(_place(group) <= place for group in groups)
