"""Base classes of the staff site's tables."""

from typing import Any, cast

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode

from users.policy import Ability, may, require
from users.signed_in import user_of

# Codenames that full read access does not include: sign-in secrets, and rows that prove erased
# data.
_SECRET = {"password", "session_key", "token_hash", "data", "salt", "claim"}


class StaffAdmin(admin.ModelAdmin):
    """Base of all tables: the role decides who sees them, regardless of Django's permissions.

    The history page is the audit trail, for staff who may read it. Query filters on columns that no
    page shows are refused: they would reveal values letter by letter
    (`?session_key__startswith=a`).
    """

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

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: Any = None
    ) -> HttpResponse:
        require(user_of(request), Ability.READ_EVERYTHING)
        query = urlencode({"target_type": self.opts.label_lower, "target_id": object_id})
        return redirect(f"{reverse('admin:users_auditevent_changelist')}?{query}")


class ReadOnlyAdmin(StaffAdmin):
    """Read-only rows: nobody adds, changes or deletes them here."""

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
        filters = {name for name in self.get_list_filter(request) if isinstance(name, str)}
        return lookup.removesuffix("__exact") in filters


def sees_all(request: HttpRequest) -> bool:
    """Auditors and admins."""
    return may(user_of(request), Ability.READ_EVERYTHING)
