"""Keep the staff site's lists bounded: paginator, filters, search and export.

No list counts a whole table, builds a filter's choices from rows, or searches all text.
"""

import csv
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.utils import label_for_field, lookup_field
from django.contrib.admin.views.main import IGNORED_PARAMS, ChangeList
from django.core.exceptions import FieldDoesNotExist, ObjectDoesNotExist, ValidationError
from django.core.paginator import Page, Paginator
from django.db.models import BooleanField, DateField, Field, Max, Q, QuerySet
from django.http import HttpRequest, StreamingHttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, strip_tags
from django.utils.http import urlencode
from django.utils.safestring import SafeString

from banking.kernel.formats import date_format
from banking.kernel.money import format_money, plain_amount
from banking.kernel.region import written_tag
from banking.kernel.spreadsheets import BYTE_ORDER_MARK, safe_cell
from banking.limits import STAFF_ROWS_COUNTED, STAFF_SEARCH_ROWS
from users.admin.words import staff_label
from users.masking import masked_email
from users.models import User
from users.policy import CUSTOMERS, Ability, may
from users.services.staffing import found_people
from users.signed_in import user_of

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
        self.columns = {name: _column(model, name) for name in list_display}
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
        return STAFF_SEARCH_ROWS

    @property
    def is_newest_only(self) -> bool:
        """Whether older rows were left out, which the page says."""
        return hasattr(self.request, "is_newest_only")

    def _columns(self, names: Any) -> Any:
        return names and [self.columns.get(name, name) for name in names]


def _column(model: Any, name: str) -> Any:
    """What a column shows: the name, or for a day, a moment or a yes and no a function that
    writes it.
    """
    try:
        field: Any = model._meta.get_field(name)
    except FieldDoesNotExist:
        return name
    write = next((write for kind, write in _WRITTEN.items() if isinstance(field, kind)), None)
    if write is None:
        return name

    @admin.display(description=field.verbose_name, ordering=name)
    def show(row: Any) -> Written | str:
        return write(getattr(row, name))

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


class CustomerFilter(admin.SimpleListFilter):
    """One customer's rows: chosen from suggestions, or by id or email address."""

    title = "customer"
    parameter_name = "customer"
    template = "admin/customer_filter.html"

    def __init__(self, request: HttpRequest, params: Any, model: Any, model_admin: Any) -> None:
        super().__init__(request, params, model, model_admin)
        self.path = model_admin.customer_path
        self.is_masked = not may(user_of(request), Ability.READ_EVERYTHING)
        people = User.objects.filter(role__in=CUSTOMERS) if self.is_masked else User.objects.all()
        self.person = person_meant((self.value() or "").strip(), people)

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:
        return [("", "")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if not self.value():
            return queryset
        return queryset.filter(**{self.path: self.person}) if self.person else queryset.none()

    def choices(self, changelist: Any) -> Iterator[Any]:
        email = self.person.email if self.person else ""
        yield {
            "title": self.title,
            "name": self.parameter_name,
            "value": self.value() or "",
            "words": masked_email(email) if email and self.is_masked else email,
            "remove": changelist.get_query_string(remove=[self.parameter_name]),
            "others": _others(changelist, self.parameter_name),
        }


def used_value(list_filter: Any, name: str | None) -> str:
    """What the URL says for this parameter; the last of several."""
    values = list_filter.used_parameters.get(name, [])
    return str(values[-1]) if isinstance(values, list) and values else str(values or "")


class ActorFilter(CustomerFilter):
    """What one person did, customer or staff."""

    title = "by"
    parameter_name = "by"

    def __init__(self, request: HttpRequest, params: Any, model: Any, model_admin: Any) -> None:
        super().__init__(request, params, model, model_admin)
        self.path = "actor"


class DaysFilter(admin.FieldListFilter):
    """From one day to another, in the reader's time zone."""

    template = "admin/days_filter.html"

    def expected_parameters(self) -> list[str | None]:
        return [f"{self.field_path}__date__gte", f"{self.field_path}__date__lte"]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """From midnight to midnight: an index knows moments, but not the days of a time zone."""
        first, last = [used_value(self, name) for name in self.expected_parameters()]
        if first:
            queryset = queryset.filter((f"{self.field_path}__gte", _midnight(first)))
        if last:
            queryset = queryset.filter((f"{self.field_path}__lt", _midnight(last, days=1)))
        return queryset

    def choices(self, changelist: Any) -> Iterator[Any]:
        names = [name or "" for name in self.expected_parameters()]
        used = [used_value(self, name) for name in names]
        yield {
            "names": list(zip(("from", "to"), names, used, strict=True)),
            "is_used": any(used),
            "remove": changelist.get_query_string(remove=names),
            "others": [
                (key, value)
                for key, values in changelist.filter_params.items()
                if key not in names
                for value in values
            ],
        }


def _midnight(text: str, days: int = 0) -> datetime:
    """When this day begins in the reader's time zone, or one some days later."""
    try:
        day = date.fromisoformat(text) + timedelta(days=days)
        return timezone.make_aware(datetime.combine(day, time.min))
    except (ValueError, OverflowError) as error:
        raise IncorrectLookupParameters(error) from error


def person_meant(value: str, people: QuerySet[User]) -> User | None:
    """The person with this number, email address, phone number or name; None if nobody has it."""
    if is_id(value):
        return people.filter(pk=int(value)).first()
    return found_people(people, value, exactly=True).first() if value else None


def is_id(text: str) -> bool:
    """Whether the text could be a row's id."""
    return text.isdecimal() and text.isascii() and len(text) < 19


class TypedFilter(admin.FieldListFilter):
    """A typed exact value; Django's own filter would list every value in the column."""

    template = "admin/typed_filter.html"

    def __init__(
        self, field: Any, request: HttpRequest, params: Any, model: Any, model_admin: Any,
        field_path: str,
    ) -> None:  # fmt: skip
        super().__init__(field, request, params, model, model_admin, field_path)
        if "__" in field_path:
            # "chain" for chain__name: what is related, not which of its columns.
            self.title = field_path.partition("__")[0]

    def expected_parameters(self) -> list[str | None]:
        return [self.field_path]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """What cannot be a value of the column, such as half an address, finds nothing."""
        if value := used_value(self, self.field_path):
            try:
                self.field.run_validators(self.field.to_python(value))
            except ValidationError:
                return queryset.none()
        found: Any = super().queryset(request, queryset)
        return found

    def choices(self, changelist: Any) -> Iterator[Any]:
        yield {
            "name": self.field_path,
            "value": used_value(self, self.field_path),
            "remove": changelist.get_query_string(remove=[self.field_path]),
            "others": _others(changelist, self.field_path),
        }


class WordedFilter(TypedFilter):
    """A stored code, asked for by its words or as it is: "Bill paid" or bills.bill.paid."""

    def words(self) -> dict[str, str]:
        """{code: words} of what may be asked for."""
        raise NotImplementedError

    def codes(self, value: str) -> list[str]:
        wanted = value.strip().casefold()
        meant = [code for code, words in self.words().items() if words.casefold() == wanted]
        return meant or [value.strip()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = used_value(self, self.field_path)
        return queryset.filter(**{f"{self.field_path}__in": self.codes(value)} if value else {})

    def choices(self, changelist: Any) -> Iterator[Any]:
        words = self.words()
        for choice in super().choices(changelist):
            value = words.get(choice["value"], choice["value"])
            yield choice | {"value": value, "options": sorted(set(words.values()))}


class KindFilter(WordedFilter):
    """A kind of message, by its words: "Bill due"."""

    def words(self) -> dict[str, str]:
        return {}

    def codes(self, value: str) -> list[str]:
        return ["_".join(value.lower().split())]


class PickedFilter(admin.FieldListFilter):
    """One account or category, picked from suggestions or entered by number.

    The other table's list suggests (`StaffAdmin.suggestions`).
    """

    template = "admin/picked_filter.html"

    def __init__(
        self, field: Any, request: HttpRequest, params: Any, model: Any, model_admin: Any,
        field_path: str,
    ) -> None:  # fmt: skip
        self.name = f"{field_path}__id__exact"
        super().__init__(field, request, params, model, model_admin, field_path)
        self.customer = request.GET.get(CustomerFilter.parameter_name, "")

    def expected_parameters(self) -> list[str | None]:
        return [self.name]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = used_value(self, self.name).strip()
        if not value:
            return queryset
        if not is_id(value):
            return queryset.none()
        return queryset.filter(**{f"{self.field_path}_id": int(value)})

    def choices(self, changelist: Any) -> Iterator[Any]:
        value = used_value(self, self.name).strip()
        table: Any = self.field.related_model
        row = table._base_manager.filter(pk=int(value)).first() if is_id(value) else None
        options = table._meta
        yield {
            "name": self.name,
            "value": value,
            "words": str(row) if row else value,
            "hint": f"Name or number of the {options.verbose_name}",
            "suggest": _suggest_url(f"{options.app_label}_{options.model_name}", self.customer),
            "remove": changelist.get_query_string(remove=[self.name]),
            "others": _others(changelist, self.name),
        }


class MerchantFilter(TypedFilter):
    """One merchant, by its exact name, picked from suggestions."""

    template = "admin/picked_filter.html"

    def __init__(self, field: Any, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().__init__(field, request, *args, **kwargs)
        self.customer = request.GET.get(CustomerFilter.parameter_name, "")

    def choices(self, changelist: Any) -> Iterator[Any]:
        for choice in super().choices(changelist):
            suggest = _suggest_url("transactions_merchanttotal", self.customer)
            hint = "Name of the merchant"
            yield choice | {"words": choice["value"], "hint": hint, "suggest": suggest}


def _suggest_url(table: str, customer: str) -> str:
    return f"{reverse(f'admin:{table}_suggest')}?{urlencode({'customer': customer})}"


class SetFilter(admin.EmptyFieldListFilter):
    """Whether a moment or a relation is set, as "Deleted: yes" or "no"."""

    def __init__(self, field: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(field, *args, **kwargs)
        if field.is_relation:
            self.title = "belongs to a customer"

    def choices(self, changelist: Any) -> Iterator[Any]:
        words = {"0": "Yes", "1": "No"}
        for value, choice in zip((None, "1", "0"), super().choices(changelist), strict=True):
            yield choice | {"display": words.get(value or "", choice["display"])}


def _others(changelist: Any, name: str) -> list[tuple[str, str]]:
    """The URL's other parameters, which the filter form sends along."""
    return [
        (key, value)
        for key, values in changelist.filter_params.items()
        if key != name
        for value in values
    ]


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
