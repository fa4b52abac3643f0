"""Filters of the staff site's lists. None builds its choices from the rows of a table."""

from collections.abc import Iterable, Iterator
from datetime import date, datetime, time, timedelta
from typing import Any

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode

from users.masking import masked_email
from users.models import User
from users.policy import CUSTOMERS, Ability, may
from users.services.staffing import found_people
from users.signed_in import user_of


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
