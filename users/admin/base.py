"""Base classes of the staff site's tables."""

from typing import Any, cast

from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.text import capfirst
from django.views.decorators.http import require_GET, require_POST

from banking.limits import STAFF_LIST_ROWS
from users import limits
from users.admin.filters import CustomerFilter, is_id, person_meant
from users.admin.lists import (
    BoundedPaginator,
    StaffChangeList,
    column,
    csv_answer,
    customer_link,
    newest_rows,
)
from users.admin.shown_words import ShownAs, rows_showing
from users.admin.words import staff_label
from users.models import User
from users.policy import Ability, may, require
from users.services.staffing import record_list_exported
from users.signed_in import user_of

# Codenames that full read access does not include: sign-in secrets, and rows that prove erased
# data.
_SECRET = {"password", "session_key", "token_hash", "data", "salt", "claim"}


class StaffAdmin(admin.ModelAdmin):
    """Base of all tables: the role decides who sees them, regardless of Django's permissions.

    `suggestions(text, customer)`, where a table has it, names rows for other lists' filters as
    (number, name, note).

    `search_in(rows, text)`, where a table has it, searches instead of Django's own by field.
    `shown_as` names columns of codes, with the words in which people see them: these are found too.

    `group` and `label` name the list in the navigation. `export_also` names columns that only the
    exported file has. In a table that `is_large`, only the parameters in `found_by` and the days of
    the column `found_by_day` are looked for in all rows, because an index leads to them.
    `customer_path` leads from a row to its person, for the column and filter "customer"; "" for
    tables that are nobody's.

    The history page is the audit trail, for staff who may read it. Query filters on columns that no
    page shows are refused: they would reveal values letter by letter
    (`?session_key__startswith=a`).
    """

    group = "Technical"
    label = ""
    customer_path = ""
    is_large = False
    found_by: tuple[str, ...] = (CustomerFilter.parameter_name,)
    found_by_day = ""
    export_also: list[str] = []
    suggestions: Any = None
    search_in: Any = None
    shown_as: ShownAs = {}
    ordering = ["-pk"]
    list_per_page = STAFF_LIST_ROWS
    list_max_show_all = 0
    paginator = BoundedPaginator
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER

    def label_for(self, request: HttpRequest) -> str:
        """What this reader's list is called."""
        return self.label

    def name_of(self, row: Any) -> str:
        """What a row's page is called."""
        return str(row)

    def is_narrow(self, request: HttpRequest) -> bool:
        """Whether the list is asked for rows that an index finds, or is exported as a whole."""
        is_whole = hasattr(request, "is_export") or hasattr(request, "is_found_by_id")
        return is_whole or any(
            name.startswith(self.found_by) and request.GET[name] for name in request.GET
        )

    def asks_days(self, request: HttpRequest) -> bool:
        """Whether the list is asked for days, which may hold many rows or few."""
        day = f"{self.found_by_day}__"
        return bool(self.found_by_day) and any(
            name.startswith(day) and request.GET[name] for name in request.GET
        )

    def newest(self, request: HttpRequest, rows: QuerySet[Any]) -> QuerySet[Any]:
        """The newest rows to search in; the page says so if others were left out."""
        if hasattr(request, "is_newest_only"):
            return rows
        found = newest_rows(rows)
        if found is not rows:
            request.is_newest_only = True  # type: ignore[attr-defined]  # for the page
        return found

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[StaffChangeList]:
        return StaffChangeList

    def get_list_filter(self, request: HttpRequest) -> Any:
        found = list(super().get_list_filter(request))
        return [CustomerFilter, *found] if self.customer_path else found

    @admin.display(description="customer")
    def customer(self, row: Any) -> Any:
        for name in self.customer_path.split("__"):
            row = getattr(row, name, None)
        return customer_link(row)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """A row's id finds it, however old. Other text is searched in one customer's rows, or in
        the newest of all.
        """
        text = search_term.strip()
        if is_id(text) and (row := queryset.filter(pk=int(text))).exists():
            request.is_found_by_id = True  # type: ignore[attr-defined]  # for `is_narrow`
            return row, False
        if text and not self.is_narrow(request) and not self.asks_days(request):
            queryset = self.newest(request, queryset)
        if text and self.search_in is not None:
            return self.search_in(queryset, text), False
        found, repeats = super().get_search_results(request, queryset, text)
        if text and self.shown_as:
            found |= rows_showing(queryset, text, self.shown_as)
        return found, repeats

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest | None = None) -> bool:
        parts = set(lookup.split("__"))
        unseen = _SECRET | set(self.exclude or ())
        return not parts & unseen and super().lookup_allowed(
            lookup, value, cast(HttpRequest, request)
        )

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return sees_all(request)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def get_urls(self) -> list[URLPattern]:
        name = f"{self.opts.app_label}_{self.opts.model_name}"
        export = self.admin_site.admin_view(require_POST(self.export_view))
        pages = [path("export/", export, name=f"{name}_export")]
        if self.suggestions is not None:
            suggest = self.admin_site.admin_view(require_GET(self.suggest_view))
            pages.append(path("suggest/", suggest, name=f"{name}_suggest"))
        return [*pages, *super().get_urls()]

    def suggest_view(self, request: HttpRequest) -> HttpResponse:
        """Rows for another list's filter: of one customer, if that list shows one."""
        require(user_of(request), Ability.READ_EVERYTHING)
        limits.consume("staff-search", str(user_of(request).pk))
        text = request.GET.get("q", "")[:100].replace("\x00", "").strip()
        wanted = request.GET.get(CustomerFilter.parameter_name, "").strip()
        customer = person_meant(wanted, User.objects.all())
        found = self.suggestions(text, customer) if text else []
        return render(request, "admin/_picked_options.html", {"found": found})

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Without Django's bulk deletion, which no table here allows."""
        actions = super().get_actions(request)
        return {name: action for name, action in actions.items() if name != "delete_selected"}

    def export_view(self, request: HttpRequest) -> StreamingHttpResponse:
        """The filtered list as a file, for those who read everything; the audit trail says so."""
        require(user_of(request), Ability.READ_EVERYTHING)
        request.is_export = True  # type: ignore[attr-defined]  # for `is_narrow`
        changelist = self.get_changelist_instance(request)
        record_list_exported(
            actor=user_of(request), table=self.opts.label_lower, query=request.GET.urlencode()
        )
        name = f"{self.opts.model_name}-{timezone.now():%Y-%m-%d}"
        return csv_answer(self, changelist, name)

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        named = {
            "title": self.label_for(request),
            "group": self.group,
            "exports": sees_all(request),
        }
        return super().changelist_view(request, named | (extra_context or {}))

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: Any = None,
    ) -> HttpResponse:
        """Say what a service refuses; the form itself cannot know it."""
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except ValidationError as error:
            for sentence in error.messages:
                self.message_user(request, sentence, messages.ERROR)
            return redirect(request.get_full_path())

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        label = self.label_for(request)
        context |= {"list_label": label, "group": self.group}
        if not kwargs.get("add"):
            context["title"] = label  # Django's words are the code's: "View sync run".
            context["subtitle"] = self.name_of(context["original"])
        return super().render_change_form(request, context, *args, **kwargs)

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> Any:
        """Label the fields as the lists do."""
        fields = self.opts.get_fields()
        named = {
            field.name: field.verbose_name for field in fields if hasattr(field, "verbose_name")
        }
        kwargs["labels"] = {
            name: capfirst(staff_label(str(label))) for name, label in named.items()
        }
        return super().get_form(request, obj, change, **kwargs)

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: Any = None
    ) -> HttpResponse:
        require(user_of(request), Ability.READ_EVERYTHING)
        query = urlencode({"target_type": self.opts.label_lower, "target_id": object_id})
        return redirect(f"{reverse('admin:users_auditevent_changelist')}?{query}")


class ReadOnlyAdmin(StaffAdmin):
    """Read-only rows: nobody adds, changes or deletes them here.

    Their pages write days and moments as the lists do.
    """

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> Any:
        names: Any = super().get_fields(request, obj)
        return [column(self.model, name) for name in names]

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class ForSupportToo(StaffAdmin):
    """Rows that support sees in part: no lookup, ordering or filter reveals more than the columns.

    A filter in the query (`?text__contains=12`) could reveal what the page hides.
    """

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return may(user_of(request), Ability.USE_STAFF_API)

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest | None = None) -> bool:
        if request is None or sees_all(request):
            return super().lookup_allowed(lookup, value, cast(HttpRequest, request))
        return lookup.removesuffix("__exact") in set(map(_name_of, self.get_list_filter(request)))


def _name_of(list_filter: Any) -> str:
    """The parameter of a filter: a field, a field with its class, or a class of its own."""
    if isinstance(list_filter, tuple):
        return str(list_filter[0])
    return list_filter if isinstance(list_filter, str) else list_filter.parameter_name


def sees_all(request: HttpRequest) -> bool:
    """Auditors and admins."""
    return may(user_of(request), Ability.READ_EVERYTHING)
