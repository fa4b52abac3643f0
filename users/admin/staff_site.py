"""The staff site: our own sign-in and sign-out, and no permissions outside of roles."""

from typing import Any

import allauth.account.admin
import allauth.mfa.admin
import allauth.usersessions.admin
import django.contrib.auth.admin
from allauth.account.adapter import get_adapter
from allauth.account.models import EmailAddress, EmailConfirmation
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib import admin
from django.contrib.admin import AdminSite
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode

from users.policy import Ability, may
from users.signed_in import user_of
from users.staff_door import problem_at_staff_door

# Importing these modules registers the stock admins, once.
_STOCK = (allauth.account.admin, allauth.mfa.admin, allauth.usersessions.admin)
_STOCK_AUTH = django.contrib.auth.admin


@login_not_required
def sign_in(request: HttpRequest, extra_context: Any = None) -> HttpResponse:
    """Use our sign-in page, which has limits and two-factor authentication."""
    if admin.site.has_permission(request):
        return redirect("admin:index")
    if request.user.is_authenticated:
        raise PermissionDenied(_problem(request) or "This is for staff only.")
    query = urlencode({"next": request.GET.get("next", reverse("admin:index"))})
    return redirect(f"{reverse('account_login')}?{query}")


def sign_out(request: HttpRequest, extra_context: Any = None) -> HttpResponse:
    """Sign out as on our own pages, so that the audit trail records it."""
    if request.method == "POST":
        get_adapter().logout(request)
    return redirect("account_login")


def change_password(request: HttpRequest, extra_context: Any = None) -> HttpResponse:
    """Use our page: it ends the other sessions and tokens."""
    return redirect("account_change_password")


def may_enter(request: HttpRequest) -> bool:
    """Access depends on the role, and on the network and second factor required of staff.

    Django's is_staff flag alone grants nothing.
    """
    return _is_staff(request) and not _problem(request)


def _is_staff(request: HttpRequest) -> bool:
    return request.user.is_authenticated and may(user_of(request), Ability.USE_STAFF_API)


def _problem(request: HttpRequest) -> str:
    return problem_at_staff_door(request, user_of(request)) if _is_staff(request) else ""


def complete(request: HttpRequest) -> HttpResponse:
    """Refuse autocomplete: no field here uses it, and Django's response would
    show names unmasked.
    """
    raise Http404


# The navigation: subjects in the order of a working day.
GROUPS = ("Customers", "Money", "Files", "Messages", "Security", "Operations", "Technical")


def tables_by_subject(request: HttpRequest, app_label: str | None = None) -> list[dict[str, Any]]:
    """What this role may see, by subject and in people's words, for the navigation and the home."""
    apps = AdminSite.get_app_list(admin.site, request)  # Django's own: ours replaces it below.
    tables = [table for app in apps for table in app["models"]]
    found = []
    for name in GROUPS:
        models = [
            table | {"name": _admin_of(table).label_for(request)}
            for table in tables
            if _admin_of(table).group == name
        ]
        if models:
            models.sort(key=lambda table: table["name"])
            found.append({"name": name, "app_label": name.lower(), "models": models})
    return found


def _admin_of(table: dict[str, Any]) -> Any:
    return admin.site.get_model_admin(table["model"])


def app_index(request: HttpRequest, app_label: str, extra_context: Any = None) -> HttpResponse:
    """There are subjects here, not apps."""
    return redirect("admin:index")


# Importing this module removes the stock registrations.
staff_site = admin.site
_site: Any = admin.site  # Methods of the site: the type does not allow replacing them.
_site.has_permission = may_enter
_site.login = sign_in
_site.logout = sign_out
_site.password_change = change_password
_site.autocomplete_view = complete
_site.get_app_list = tables_by_subject
_site.app_index = app_index
admin.site.empty_value_display = "–"
admin.site.site_header = admin.site.site_title = "Admin site"
# Roles define all permissions; groups would be a second source.
admin.site.unregister(Group)
for stock in (EmailAddress, EmailConfirmation, Authenticator, UserSession):
    if admin.site.is_registered(stock):
        admin.site.unregister(stock)
