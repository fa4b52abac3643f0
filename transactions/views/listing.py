"""The transactions list: filters and order from the URL, grouped by day.

The list comes first and never waits for a sum: how many transactions match and what they add up to
is a fragment of its own, read when it is asked for.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.views.decorators.http import require_safe

from accounts.known_accounts import asking_visible, visible_accounts
from accounts.models import Account
from banking.kernel.formats import date_format
from banking.kernel.keyset import KeysetPage
from banking.kernel.periods import add_months, first_of_month
from banking.kernel.read_together import read_together
from banking.kernel.snapshot import read_snapshot
from banking.kernel.written_once import WrittenOnce
from transactions.filters import TransactionFilter, filters_named
from transactions.forms.filtering import PANEL, asking_choices, chip_labels, dress_filter_form
from transactions.forms.gone_filters import gone_filters
from transactions.list_rows import page_of, page_of_all
from transactions.models import SavedView, Transaction, TransactionQuerySet
from transactions.running_balance import balances_after
from transactions.summaries import (
    COUNTED,
    DayNets,
    day_nets,
    day_nets_among,
    day_nets_of_all,
    summarize,
)
from transactions.tags import tag_names
from transactions.views.columns import (
    COLUMNS,
    PARAMETER,
    Column,
    chosen_columns,
    has_balances,
    named,
)
from users.models import User
from users.policy import Ability, may
from users.signed_in import UserRequest
from users.timezones import local_date

ONE_DAY = timedelta(days=1)
# Filters in the URL but not in the form, used by links from other pages.
KEPT = (
    "ordering",
    "merchant_is",
    "currency",
    "transfers",
    "counts_as",
    "shared",
    "import_batch",
    PARAMETER,
    "totals",
)
DATE_ORDERINGS = (["-txn_date"], ["txn_date"])
SORTS = (
    ("-txn_date", _lazy("Newest first")),
    ("txn_date", _lazy("Oldest first")),
    ("-amount", _lazy("Largest amount first")),
    ("amount", _lazy("Smallest amount first")),
    ("merchant", _lazy("Merchant, A to Z")),
    ("category", _lazy("Category, A to Z")),
    ("account", _lazy("Account, A to Z")),
)


@dataclass(slots=True)
class DayGroup:
    """The rows of one day on this page, with the totals of the whole day."""

    day: date | None
    label: str
    nets: list[tuple[str, Decimal]]
    rows: list[Transaction] = field(default_factory=list)

    @property
    def has_unposted(self) -> bool:
        """Whether pending or planned rows, which the totals leave out, are among these."""
        return any(row.status != Transaction.Status.POSTED for row in self.rows)


@require_safe
def transaction_list(request: UserRequest) -> HttpResponse:
    """Transactions of own and shared accounts, filtered and sorted by the URL."""
    if any(value == "" for values in request.GET.lists() for value in values[1]):
        return redirect(f"{request.path}{_query(_without_empty(request.GET))}")
    with read_snapshot():
        context = _listed(request)
    status = 422 if context["form"].errors else 200
    return render(request, "transactions/transaction_list.html", context, status=status)


def _listed(request: UserRequest) -> dict[str, Any]:
    """All that the page shows."""
    user = request.user
    read_together(*asking_visible(user), _SAVED.asking(user.pk))
    accounts, views = visible_accounts(user), _SAVED.rows(user.pk)
    filters = _filters(request)
    # Only for names in the chips, or for errors: the panel is read when it is opened.
    names = PANEL if filters.form.errors else [name for name in PANEL if name in request.GET]
    read_together(*filters.asking(), *asking_choices(user, names))
    chosen = chosen_columns(request)
    columns = [column for column in chosen if column.name != "balance" or has_balances(request.GET)]
    sorting = filters.form.cleaned_data.get("ordering") or ["-txn_date"]
    is_by_day = sorting in DATE_ORDERINGS
    if is_by_day:  # The heading of each day says the date.
        columns = [column for column in columns if column.name != "txn_date"]
    shown = {column.name for column in columns}
    context = _page_of(request, filters, accounts, shown)
    form = dress_filter_form(filters.form, user, names, accounts)
    today = local_date(request.user.timezone, timezone.now())
    context |= {
        "form": form,
        "panel": [form[name] for name in PANEL] if form.errors else [],
        "chips": _chips(request.GET, form),
        "hidden": _hidden(request.GET, KEPT),
        "unopened": _hidden(request.GET, PANEL),
        "filters_url": reverse("transactions:transaction_filters")
        + _with(request.GET, cursor=None),
        "is_by_day": is_by_day,
        "columns": _headings(request.GET, columns, sorting),
        "sorts": _sorts(request.GET, sorting),
        "presets": _presets(request.GET, today),
        "shown": shown,
        "chosen": {column.name for column in chosen},
        "choosable": [column for column in COLUMNS if not column.is_fixed],
        "may_create": bool(accounts) and may(request.user, Ability.CREATE_TRANSACTIONS),
        "has_accounts": bool(accounts),
        "own_accounts": _importable(request, accounts),
        "may_bulk": may(request.user, Ability.CHANGE_OWN_DATA),
        **_views(request, views, chosen, is_empty=not context["rows_count"]),
        "selection_key": _with(request.GET, cursor=None, ordering=None, totals=None),
        "totals_url": reverse("transactions:transaction_totals") + _with(request.GET, cursor=None),
        "totals_toggle": _with(request.GET, totals=None if "totals" in request.GET else "1"),
        "shows_totals": "totals" in request.GET,
    }
    context["group_span"] = len(shown - {"amount", "balance"}) + context["may_bulk"]
    return context


def _filters(request: UserRequest) -> TransactionFilter:
    """The filters in the address. If one is not valid, all of them, for the panel."""
    visible = Transaction.objects.visible_to(request.user)
    narrow = filters_named(request.GET)(request.GET, queryset=visible, request=request)
    if narrow.form.errors:
        return TransactionFilter(request.GET, queryset=visible, request=request)
    return narrow


@require_safe
def transaction_filters(request: UserRequest) -> HttpResponse:
    """The filters besides the search: a fragment of the list, or a page."""
    filters = TransactionFilter(request.GET, queryset=Transaction.objects.none(), request=request)
    accounts = visible_accounts(request.user)
    form = dress_filter_form(filters.form, request.user, PANEL, accounts)
    name = "_filter_panel" if request.htmx else "transaction_filters"
    context = {
        "panel": [form[name] for name in PANEL],
        "hidden": _hidden(request.GET, ("search", *KEPT)),
    }
    return render(request, f"transactions/{name}.html", context)


@require_safe
def transaction_totals(request: UserRequest) -> HttpResponse:
    """What the filtered list adds up to, by currency: a fragment of the list, or a page."""
    visible = Transaction.objects.visible_to(request.user)
    filters = TransactionFilter(request.GET, queryset=visible, request=request)
    if not filters.is_valid():
        return redirect(f"{reverse('transactions:transaction_list')}{_query(request.GET)}")
    name = "_totals" if request.htmx else "transaction_totals"
    context = {"summaries": summarize(filters.qs), "query": _query(request.GET)}
    return render(request, f"transactions/{name}.html", context)


def _hidden(query: QueryDict, names: Iterable[str]) -> list[tuple[str, str]]:
    return [(name, str(query[name])) for name in names if name in query]


def _importable(request: UserRequest, accounts: list[Account]) -> list[Account]:
    """The accounts that a statement dropped on the list can go to."""
    if not may(request.user, Ability.CHANGE_OWN_DATA):
        return []
    return [
        account for account in accounts if account.user_id == request.user.pk and account.is_active
    ]


def _page_of(
    request: UserRequest, filters: TransactionFilter, accounts: list[Account], shown: set[str]
) -> dict[str, Any]:
    """The rows of the page, by day if they are in the order of days."""
    rows: TransactionQuerySet | None = None
    cursor = request.GET.get("cursor")
    if not TransactionFilter.base_filters.keys() & request.GET.keys():
        page = page_of_all(request.user, accounts, cursor)
    else:
        rows = filters.qs if filters.is_valid() else filters.queryset.none()
        page = page_of(request.user, accounts, rows, cursor)
    tags = tag_names([row.pk for row in page.rows]) if "tags" in shown else {}
    for row in page.rows:
        row.listed_tags = tags.get(row.pk, [])
        row.counted = getattr(row, COUNTED, row.signed_amount)
    if "balance" in shown and page.rows:
        balances = balances_after(page.rows[0].account, page.rows)
        for row, balance in zip(page.rows, balances, strict=True):
            row.balance_after = balance
    today = local_date(request.user.timezone, timezone.now())
    return {
        "groups": list(_groups(request, rows, page, today)),
        "rows_count": len(page.rows),
        **page_links(request.GET, page),
    }


def _groups(
    request: UserRequest,
    rows: TransactionQuerySet | None,
    page: KeysetPage[Transaction],
    today: date,
) -> Iterator[DayGroup]:
    """One group per day if the list is sorted by date, or else a single group without one."""
    shown = page.rows
    if request.GET.get("ordering", "-txn_date").split(",") not in DATE_ORDERINGS:
        if shown:
            yield DayGroup(None, "", [], shown)
        return
    nets = _nets(request.user, rows, page)
    group: DayGroup | None = None
    for row in shown:
        if group is None or group.day != row.txn_date:
            if group is not None:
                yield group
            day = row.txn_date
            group = DayGroup(day, _day_label(day, today), nets.get(day, []))
        group.rows.append(row)
    if group is not None:
        yield group


def _nets(user: User, rows: TransactionQuerySet | None, page: KeysetPage[Transaction]) -> DayNets:
    """Of each whole day: only the first and the last can have rows on the neighboring pages, unless
    the row beyond them is known to be of another day.

    `rows` are all that the list has, None if it has all that the user sees.
    """
    cut = set()
    if page.rows and page.previous_cursor and _is_one_day(page.rows[0], page.previous_row):
        cut.add(page.rows[0].txn_date)
    if page.rows and page.next_cursor and _is_one_day(page.rows[-1], page.next_row):
        cut.add(page.rows[-1].txn_date)
    whole = day_nets_among(row for row in page.rows if row.txn_date not in cut)
    if not cut:
        return whole
    return whole | (day_nets_of_all(user, cut) if rows is None else day_nets(rows, cut))


def _is_one_day(row: Transaction, beyond: Transaction | None) -> bool:
    """Whether the row beyond the page may be of the same day."""
    return beyond is None or beyond.txn_date == row.txn_date


def _day_label(day: date, today: date) -> str:
    if day == today:
        return _("Today")
    if day == today + timedelta(days=1):
        return _("Tomorrow")
    if day == today - timedelta(days=1):
        return _("Yesterday")
    return date_format(day, "l, j F" if day.year == today.year else "l, j F Y")


def page_links(query: QueryDict, page: KeysetPage) -> dict[str, str]:
    """The URLs of the neighboring pages, "" at the ends."""
    return {
        "newer_url": _with(query, cursor=page.previous_cursor) if page.previous_cursor else "",
        "older_url": _with(query, cursor=page.next_cursor) if page.next_cursor else "",
    }


def _chips(query: QueryDict, form: Any) -> list[dict[str, str]]:
    """The active filters, each with the URL that removes it."""
    return [
        chip | {"url": _with(query, **{chip["name"]: None, "cursor": None})}
        for chip in chip_labels(form)
    ]


def _headings(query: QueryDict, columns: list[Column], sorting: list[str]) -> list[dict[str, Any]]:
    """The visible columns with the URL that sorts by each, and their current order."""
    headings = []
    for column in columns:
        current = next(
            (field for field in sorting[:1] if field.removeprefix("-") == column.name), ""
        )
        wanted = f"{column.first}{column.name}"
        if current == wanted:
            wanted = column.name if column.first else f"-{column.name}"
        headings.append(
            {
                "name": column.name,
                "title": column.title,
                "url": "" if column.first is None else _with(query, ordering=wanted, cursor=None),
                "sort": "" if not current else "descending" if current[0] == "-" else "ascending",
            }
        )
    return headings


def _sorts(query: QueryDict, sorting: list[str]) -> list[dict[str, Any]]:
    """Every order of the list with its URL, for screens that show no column headings."""
    return [
        {
            "title": title,
            "url": _with(query, ordering=ordering, cursor=None),
            "is_current": sorting == [ordering],
        }
        for ordering, title in SORTS
    ]


def _presets(query: QueryDict, today: date) -> list[dict[str, Any]]:
    """Often used periods, each with the URL that selects it, or drops it if it is selected."""
    month = first_of_month(today)
    periods = (
        (_("This month"), month, add_months(month, 1) - ONE_DAY),
        (_("Last month"), add_months(month, -1), month - ONE_DAY),
        (_("Last 90 days"), today - 89 * ONE_DAY, today),
        (_("This year"), today.replace(month=1, day=1), today.replace(month=12, day=31)),
    )
    present = (query.get("date_from"), query.get("date_to"))
    found = []
    for title, first, last in periods:
        is_current = present == (str(first), str(last))
        chosen = (None, None) if is_current else (str(first), str(last))
        url = _with(query, date_from=chosen[0], date_to=chosen[1], cursor=None)
        found.append({"title": title, "url": url, "is_current": is_current})
    return found


_SAVED = WrittenOnce(lambda user_id: SavedView.objects.visible_to(User(pk=user_id)))


def _views(
    request: UserRequest,
    views: Sequence[SavedView],
    columns: tuple[Column, ...],
    *,
    is_empty: bool,
) -> dict[str, Any]:
    """The saved views, which of them is active, what saving would store, and the filters that name
    something that no longer exists.
    """
    present = _with(request.GET, cursor=None, **{PARAMETER: named(columns)}).lstrip("?")
    # A view without columns uses those of the session.
    same = (present, _with(request.GET, cursor=None).lstrip("?"))
    current = next((view for view in views if view.query in same), None)
    # A list with rows has no such filter.
    present_query = request.GET if is_empty else QueryDict()
    queries = [present_query, *(QueryDict(view.query) for view in views)]
    gone, *gone_of_views = gone_filters(request.user, queries)
    return {
        "saved_views": [(view, bool(its)) for view, its in zip(views, gone_of_views, strict=True)],
        "current_view": current,
        "view_query": present,
        "gone": gone,
    }


def _with(query: QueryDict, **changes: str | None) -> str:
    pairs = [
        (name, value) for name, values in query.lists() if name not in changes for value in values
    ]
    pairs += [(name, value) for name, value in changes.items() if value]
    return f"?{urlencode(pairs)}"


def _without_empty(query: QueryDict) -> QueryDict:
    copy = QueryDict(mutable=True)
    for name, values in query.lists():
        if kept := [value for value in values if value != ""]:
            copy.setlist(name, kept)
    return copy


def _query(query: QueryDict) -> str:
    return f"?{query.urlencode()}" if query else "?"
