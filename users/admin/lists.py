"""Keep the staff site's lists bounded: paginator, search and export (filters.py has the filters).

No list counts a whole table, builds a filter's choices from rows, or searches all text.
"""

import csv
from collections.abc import Callable, Iterator
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from typing import Any

from django.contrib import admin
from django.contrib.admin.utils import label_for_field, lookup_field
from django.contrib.admin.views.main import IGNORED_PARAMS, ChangeList
from django.core.exceptions import FieldDoesNotExist, ObjectDoesNotExist
from django.core.paginator import Page, Paginator
from django.db.models import BooleanField, DateField, Field, Max, Q, QuerySet
from django.http import HttpRequest, StreamingHttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, strip_tags
from django.utils.safestring import SafeString

from banking.kernel.fields import AmountField
from banking.kernel.formats import date_format
from banking.kernel.money import format_money, plain_amount
from banking.kernel.region import written_tag
from banking.kernel.spreadsheets import BYTE_ORDER_MARK, safe_cell
from banking.limits import STAFF_ROWS_COUNTED, STAFF_SEARCH_ROWS, STAFF_SEARCH_ROWS_IN_DAYS
from users.admin.words import staff_label
from users.models import User

IN_TRASH = "In the trash"
_CHUNK = 2_000


class BoundedPaginator(Paginator):
    """Counts up to STAFF_ROWS_COUNTED; filters reach the rows beyond.

    Finds the ids of a page's rows before it reads and joins them, so a sort holds only ids. What
    fits on the first page needs no count.
    """

    @cached_property
    def _counted(self) -> int:
        rows: Any = self.object_list
        if isinstance(rows, list):
            return len(rows)
        if len(self._first_ids) <= self.per_page:
            return len(self._first_ids)
        return rows.order_by()[: self._most + 1].count()

    @cached_property
    def _first_ids(self) -> list[Any]:
        """The ids of the first page's rows, and one more."""
        return self._ids(0, self.per_page + 1)

    def _ids(self, first: int, last: int) -> list[Any]:
        rows: Any = self.object_list
        return list(rows.values_list("pk", flat=True)[first:last])

    @property
    def _most(self) -> int:
        return STAFF_ROWS_COUNTED

    def page(self, number: Any) -> Page:
        number, rows = self.validate_number(number), self.object_list
        if not isinstance(rows, QuerySet):
            return super().page(number)
        first = (number - 1) * self.per_page
        last = first + self.per_page
        ids = self._ids(first, last) if first else self._first_ids[:last]
        return Page(rows.filter(pk__in=ids), number, self)

    @property
    def count(self) -> int:
        return min(self._counted, self._most)

    @property
    def has_more(self) -> bool:
        """Whether there are rows beyond the count."""
        return self._counted > self._most


class Written(SafeString):
    """A table cell as the reader writes it; `plain` is for files."""

    plain: str


def written(cell: SafeString, plain: str) -> Written:
    """The cell, and what files have in its place."""
    both = Written(cell)
    both.plain = plain
    return both


def amount(value: Decimal | None, currency: str) -> Written | str:
    """A table cell with an amount and its currency, aligned at the end."""
    if value is None:
        return "–"
    text = format_money(value, currency, written_tag())
    cell = format_html('<bdi class="staff-amount">{}</bdi>', text)
    return written(cell, f"{plain_amount(value, currency)} {currency}")


def moment(value: datetime | date | None) -> Written | str:
    """A table cell with a day or a moment, in the reader's region and time zone."""
    if value is None:
        return "–"
    is_moment = isinstance(value, datetime)
    here = timezone.localtime(value) if isinstance(value, datetime) else value
    text = date_format(here, "DATETIME_FORMAT" if is_moment else "DATE_FORMAT")
    cell = format_html('<time class="staff-moment" datetime="{}">{}</time>', here.isoformat(), text)
    return written(cell, value.isoformat())


class StaffChangeList(ChangeList):
    """A list whose days and moments are written as the reader's region writes them."""

    model_admin: Any
    request: Any

    def __init__(
        self, request: HttpRequest, model: Any, list_display: Any, list_display_links: Any,
        *others: Any, **named: Any,
    ) -> None:  # fmt: skip
        self.request = request
        self.columns = {name: column(model, name) for name in list_display}
        super().__init__(
            request, model, self._columns(list_display), self._columns(list_display_links),
            *others, **named,
        )  # fmt: skip
        self.sortable_by = self._columns(self.sortable_by)

    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> QuerySet[Any]:
        """In a large table, what no index finds or sorts is looked for in the newest rows."""
        rows: QuerySet[Any] = super().get_queryset(request, exclude_parameters)
        if not self.model_admin.is_large or self.model_admin.is_narrow(request):
            return rows
        if self.model_admin.asks_days(request):
            return self._in_days(rows)
        if self._has_filters() or not self._is_usual(rows):
            return self.model_admin.newest(request, rows)
        return rows

    def get_results(self, request: HttpRequest) -> None:
        """Show a single page by the ids that were found: Django would search a second time."""
        super().get_results(request)
        if not self.multi_page:
            self.result_list = self.paginator.page(1).object_list

    def _in_days(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        """The rows of some days in the order of their index, which ends a search in it too."""
        day = self.model_admin.found_by_day
        order = (f"-{day}", "-pk")
        is_usual = self._is_usual(rows)
        if is_usual:
            rows = rows.order_by(*order)
        if is_usual and not self.query and not self._has_filters(but=day):
            return rows
        days = self.root_queryset.order_by(*order)
        for spec in self.filter_specs:
            found = spec.queryset(self.request, days)
            if getattr(spec, "field_path", "") == day and found is not None:
                days = found
        beyond = days.values_list(day, "pk")[self.newest_count : self.newest_count + 1].first()
        if beyond is None:
            return rows
        self.request.is_newest_only = True
        is_newer = Q((f"{day}__gt", beyond[0])) | Q((day, beyond[0]), pk__gt=beyond[1])
        return rows.filter(is_newer, (f"{day}__gte", beyond[0]))

    def _has_filters(self, but: str = "-") -> bool:
        names = set(self.filter_params) - set(IGNORED_PARAMS)
        return any(not name.startswith(f"{but}__") for name in names)

    def _is_usual(self, rows: QuerySet[Any]) -> bool:
        """Whether the rows are in the order of the table's index, or of its ids."""
        first = str(rows.query.order_by[0]).lstrip("-") if rows.query.order_by else "pk"
        usual = str(self.model_admin.get_ordering(self.request)[0]).lstrip("-")
        return first in (usual, "pk", "id")

    @property
    def newest_count(self) -> int:
        """How many rows were searched, where not all were."""
        in_days = self.model_admin.asks_days(self.request)
        return STAFF_SEARCH_ROWS_IN_DAYS if in_days else STAFF_SEARCH_ROWS

    @property
    def is_newest_only(self) -> bool:
        """Whether older rows were left out, which the page says."""
        return hasattr(self.request, "is_newest_only")

    def _columns(self, names: Any) -> Any:
        return names and [self.columns.get(name, name) for name in names]


def column(model: Any, name: str) -> Any:
    """What a column or a row's page shows: the name, or a function that writes a day, a moment, a
    yes or no, or an amount beside its row's currency.
    """
    try:
        field: Any = model._meta.get_field(name)
    except FieldDoesNotExist:
        return name
    has_currency = any(other.name == "currency" for other in model._meta.fields)
    is_money = has_currency and isinstance(field, AmountField)
    write = next((write for kind, write in _WRITTEN.items() if isinstance(field, kind)), None)
    if write is None and not is_money:
        return name

    @admin.display(description=field.verbose_name, ordering=name)
    def show(row: Any) -> Written | str:
        value = getattr(row, name)
        return amount(value, row.currency) if write is None else write(value)

    show.__name__ = name  # The name of the column's CSS class.
    return show


def yes_or_no(value: bool | None) -> Written | str:
    """A table cell with a yes or no in words: Django's red cross looks like a fault."""
    if value is None:
        return "–"
    return written(SafeString("Yes" if value else "No"), "yes" if value else "no")


_WRITTEN: dict[type[Field], Callable[[Any], Written | str]] = {
    DateField: moment,
    BooleanField: yes_or_no,
}


def customer_link(user: User | None, words: str = "") -> SafeString | str:
    """A link to the person's page; `words` replaces their email address."""
    if user is None:
        return "–"
    url = reverse("admin:customer", args=[user.pk])
    return format_html('<a href="{}">{}</a>', url, words or user.email)


def newest_rows(rows: QuerySet[Any]) -> QuerySet[Any]:
    """The rows to search in: the table's newest STAFF_SEARCH_ROWS."""
    newest = rows.model._base_manager.aggregate(newest=Max("pk"))["newest"]
    if not isinstance(newest, int) or newest <= STAFF_SEARCH_ROWS:
        return rows
    return rows.filter(pk__gt=newest - STAFF_SEARCH_ROWS)


# --- Export ---------------------------------------------------------------------------------------


class _Line:
    """A file object for csv.writer that returns each line."""

    def write(self, text: str) -> str:
        return text


def csv_answer(model_admin: Any, changelist: Any, name: str) -> StreamingHttpResponse:
    """The filtered list as a CSV file with the page's columns, streamed at any size."""
    lines = _csv_lines(model_admin, changelist)
    answer = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    answer["Cache-Control"] = "private, no-store"
    return answer


def _csv_lines(model_admin: Any, changelist: Any) -> Iterator[str]:
    names = [name for name in changelist.list_display if name != "action_checkbox"]
    names += model_admin.export_also
    writer = csv.writer(_Line())
    labels = [str(label_for_field(name, changelist.model, model_admin)) for name in names]
    yield BYTE_ORDER_MARK + writer.writerow(["id", *map(staff_label, labels)])
    for row in changelist.queryset.iterator(chunk_size=_CHUNK):
        yield writer.writerow([row.pk, *(_cell(name, row, model_admin) for name in names)])


def _cell(name: str, row: Any, model_admin: Any) -> str:
    try:
        field, _, value = lookup_field(name, row, model_admin)
    except ObjectDoesNotExist:
        return ""
    if field is not None and getattr(field, "flatchoices", None):
        value = dict(field.flatchoices).get(value, value)
    return safe_cell(_text(value))


def _text(value: Any) -> str:
    if value is None or value == "–":
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Written):
        return value.plain
    return strip_tags(value) if isinstance(value, SafeString) else str(value)
