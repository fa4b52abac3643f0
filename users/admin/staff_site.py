"""The staff site's doors are ours: our sign-in, our sign-out, and no second place for rights."""

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

# The stock admins are registered by these modules; what is imported is registered once.
_STOCK = (allauth.account.admin, allauth.mfa.admin, allauth.usersessions.admin)
_STOCK_AUTH = django.contrib.auth.admin


@login_not_required
def sign_in(request: HttpRequest, extra_context: Any = None) -> HttpResponse:
    """The admin site has no sign-in page of its own: ours has the limits and the second factor."""
    if admin.site.has_permission(request):
        return redirect("admin:index")
    if request.user.is_authenticated:
        raise PermissionDenied(_problem(request) or "This is for staff only.")
    query = urlencode({"next": request.GET.get("next", reverse("admin:index"))})
    return redirect(f"{reverse('account_login')}?{query}")


def sign_out(request: HttpRequest, extra_context: Any = None) -> HttpResponse:
    """As on our own pages, so that the audit trail tells of it."""
    if request.method == "POST":
        get_adapter().logout(request)
    return redirect("account_login")


def change_password(request: HttpRequest, extra_context: Any = None) -> HttpResponse:
    """Our page: it ends the other sessions and tokens."""
    return redirect("account_change_password")


def may_enter(request: HttpRequest) -> bool:
    """By role alone, from where and with what staff are asked to come.

    A flag in a row that no service set opens nothing.
    """
    return _is_staff(request) and not _problem(request)


def _is_staff(request: HttpRequest) -> bool:
    return request.user.is_authenticated and may(user_of(request), Ability.USE_STAFF_API)


def _problem(request: HttpRequest) -> str:
    return problem_at_staff_door(request, user_of(request)) if _is_staff(request) else ""


def complete(request: HttpRequest) -> HttpResponse:
    """No field here completes what is typed, and the stock answer would name people unmasked."""
    raise Http404


# The stock registrations are gone from it once this module is read.
staff_site = admin.site
_site: Any = admin.site  # Its doors are methods, which a type does not let us replace.
_site.has_permission = may_enter
_site.login = sign_in
_site.logout = sign_out
_site.password_change = change_password
_site.autocomplete_view = complete
admin.site.site_header = admin.site.site_title = "Admin site"
# Roles say who may do what; groups would be a second place to look.
admin.site.unregister(Group)
for stock in (EmailAddress, EmailConfirmation, Authenticator, UserSession):
    if admin.site.is_registered(stock):
        admin.site.unregister(stock)
