"""The staff site's own pages: finding a customer, their page, help for them, and the queues."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from banking.limits import CUSTOMERS_FOUND, CUSTOMERS_SUGGESTED, QUEUE_ROWS
from bills.models import Bill
from bills.services.reminding import send_reminder
from insights.staff.customer import customer_page, find_person
from insights.staff.erasures import REASONS, erase_or_ask, waiting_erasure
from insights.staff.finding import find_customers, shown_email, shown_name
from insights.staff.queues import QUEUES, Item, Queue, open_items
from insights.staff.working import LONGEST_NOTE, finish, release, take
from users import limits
from users.messages.confirmation_mail import resend_confirmation
from users.models import Notification, User
from users.policy import Ability, may, require
from users.services import second_admin
from users.services.factors import reset_factors
from users.services.opening import LONGEST_REASON, needs_reason, open_customer
from users.services.staffing import (
    end_sessions,
    require_may_help,
    resend_message,
    unlock_sign_in,
)
from users.services.verification import decide_verification, revoke_verification
from users.signed_in import user_of
from users.step_up import ask_for_staff_step_up
from users.timezones import local_date

FIRST_STEP = "Say why you need this customer's record first."


def page(request: HttpRequest, template: str, **context: Any) -> HttpResponse:
    """A page of the staff site, with its navigation."""
    return render(request, template, admin.site.each_context(request) | context)


@require_GET
def customer_search(request: HttpRequest) -> HttpResponse:
    """Customers who match `q`: as a page, or as suggestions for the search box."""
    reader, text = user_of(request), request.GET.get("q", "")[:100].replace("\x00", "")
    is_part = "X-Suggest" in request.headers
    people = []
    if text.strip():
        limits.consume("staff-search", str(reader.pk))
        limit = CUSTOMERS_SUGGESTED if is_part else CUSTOMERS_FOUND
        people = find_customers(reader, text, limit=limit)
    found = [(user, shown_name(reader, user), shown_email(reader, user)) for user in people]
    if is_part:
        return render(request, "admin/_customer_options.html", {"found": found})
    if len(found) == 1:
        return redirect("admin:customer", found[0][0].pk)
    return page(
        request,
        "admin/customer_search.html",
        title="Find a customer",
        found=found,
        asked=text,
        is_cut=len(found) == CUSTOMERS_FOUND,
    )


@require_GET
def customer(request: HttpRequest, pk: int) -> HttpResponse:
    """One customer, or the question why support opens them."""
    reader, user = user_of(request), _person(request, pk)
    if needs_reason(actor=reader, user=user, at=timezone.now()):
        return _ask_reason(request, user)
    now = timezone.now()
    shown = customer_page(reader=reader, user=user, at=now)
    return page(
        request,
        "admin/customer.html",
        title=shown.name,
        shown=shown,
        erasure=waiting_erasure(user, now) if may(reader, Ability.READ_EVERYTHING) else None,
        erasure_reasons=REASONS.items(),
    )


@require_POST
def customer_open(request: HttpRequest, pk: int) -> HttpResponse:
    """Record the reason, then show the customer."""
    user = _person(request, pk)
    try:
        open_customer(actor=user_of(request), user=user, reason=request.POST.get("reason", ""))
    except ValidationError as error:
        return _ask_reason(request, user, error.message_dict["reason"][0])
    return redirect("admin:customer", pk)


def _ask_reason(request: HttpRequest, user: User, problem: str = "") -> HttpResponse:
    reader = user_of(request)
    answer = page(
        request,
        "admin/customer_reason.html",
        title=shown_name(reader, user),
        person=user,
        email=shown_email(reader, user),
        problem=problem,
        reason=request.POST.get("reason", ""),
        longest=LONGEST_REASON,
    )
    answer.status_code = 422 if problem else 200
    return answer


# --- Help -----------------------------------------------------------------------------------------


def _help(action: Callable[[HttpRequest, User, int], str]) -> Callable[..., HttpResponse]:
    """A POST that helps one customer; `action` answers what was done."""

    @require_POST
    def view(request: HttpRequest, pk: int, item: int = 0) -> HttpResponse:
        require(user_of(request), Ability.HELP_PEOPLE)
        user = _person_to_help(request, pk)
        try:
            messages.success(request, action(request, user, item))
        except ValidationError as error:
            messages.error(request, error.messages[0])
        return redirect("admin:customer", pk)

    return view


def _unlock(request: HttpRequest, user: User, item: int) -> str:
    unlock_sign_in(actor=user_of(request), user=user)
    return "Sign-in unlocked. Earlier wrong passwords no longer count."


def _sign_out(request: HttpRequest, user: User, item: int) -> str:
    end_sessions(actor=user_of(request), user=user)
    return "Signed out everywhere."


def _confirmation(request: HttpRequest, user: User, item: int) -> str:
    resend_confirmation(request, actor=user_of(request), user=user)
    return "The confirmation email is on its way."


def _remind(request: HttpRequest, user: User, item: int) -> str:
    bill = get_object_or_404(Bill, user=user, deleted_at=None, pk=item)
    now = timezone.now()
    on = local_date(user.timezone, now)
    written = send_reminder(actor=user_of(request), bill=bill, on=on, at=now)
    if not written:
        raise ValidationError("Today's reminder was already sent.")
    return "The reminder is on its way."


def _resend(request: HttpRequest, user: User, item: int) -> str:
    row = get_object_or_404(Notification, recipient=user, pk=item)
    resend_message(actor=user_of(request), notification=row, at=timezone.now())
    return "The message is queued again."


def _reset_factors(request: HttpRequest, user: User, item: int) -> str:
    actor = user_of(request)
    require(actor, Ability.MANAGE_USERS)
    if second_admin.is_needed():
        second_admin.ask_second_admin(
            actor=actor,
            action=second_admin.RESET_FACTORS,
            target=user,
            words=f"Reset the two-step verification of user {user.pk}",
        )
        return "Waiting for a second admin."
    ask_for_staff_step_up(request)
    reset_factors(actor=actor, user=user)
    return "Two-step verification is off. The person can set it up again."


def _erase(request: HttpRequest, user: User, item: int) -> str:
    actor = user_of(request)
    require(actor, Ability.MANAGE_USERS)
    ask_for_staff_step_up(request)
    is_done = erase_or_ask(
        actor=actor,
        user=user,
        confirmation=request.POST.get("confirm", ""),
        reason=request.POST.get("reason", ""),
        at=timezone.now(),
    )
    return "Erased for good." if is_done else "Waiting for a second admin."


def _decide(request: HttpRequest, user: User, item: int) -> str:
    actor, reason, now = user_of(request), request.POST.get("reason", ""), timezone.now()
    if request.POST.get("decision") == "revoke":
        revoke_verification(actor=actor, user=user, reason=reason, at=now)
        return "Verification revoked."
    is_verified = request.POST.get("decision") == "verify"
    decide_verification(actor=actor, user=user, is_verified=is_verified, reason=reason, at=now)
    return "Identity verified." if is_verified else "Identity check rejected."


def _person(request: HttpRequest, pk: int) -> User:
    user = find_person(user_of(request), pk, timezone.now())
    if user is None:
        raise Http404
    return user


def _person_to_help(request: HttpRequest, pk: int) -> User:
    """A customer whose record this member of staff has opened; only admins help other staff."""
    actor, user = user_of(request), _person(request, pk)
    require_may_help(actor, user)
    if needs_reason(actor=actor, user=user, at=timezone.now()):
        raise PermissionDenied(FIRST_STEP)
    return user


# --- Queues ---------------------------------------------------------------------------------------


@require_GET
def queue(request: HttpRequest, key: str) -> HttpResponse:
    """One queue, the oldest first."""
    reader, found = user_of(request), _queue(request, key)
    items = open_items(found, reader, timezone.now())
    return page(
        request,
        "admin/queue.html",
        title=found.title,
        queue=found,
        items=items,
        about_customers=any(item.customer for item in items),
        may_work=may(reader, found.works),
        most=QUEUE_ROWS,
        longest=LONGEST_NOTE,
    )


@require_POST
def queue_act(request: HttpRequest, key: str) -> HttpResponse:
    """Take an item, hand it back, or close it with a note."""
    actor, found = user_of(request), _queue(request, key)
    require(actor, found.works)
    wanted, now = request.POST.get("item", ""), timezone.now()
    item = next(
        (candidate for candidate in open_items(found, actor, now) if candidate.key == wanted), None
    )
    if item is None:
        raise Http404
    try:
        messages.success(request, _act(request, actor, found, item))
    except ValidationError as error:
        messages.error(request, error.messages[0])
    return redirect("admin:queue", key)


def _act(request: HttpRequest, actor: User, found: Queue, item: Item) -> str:
    action, now = request.POST.get("action", ""), timezone.now()
    if action == "take":
        take(actor=actor, queue=found, item=item, at=now)
        return "Assigned to you."
    if action == "release":
        release(actor=actor, queue=found, item=item)
        return "Returned to the queue."
    finish(actor=actor, queue=found, item=item, note=request.POST.get("note", ""), at=now)
    return "Done."


def _queue(request: HttpRequest, key: str) -> Queue:
    found = QUEUES.get(key)
    if found is None:
        raise Http404
    require(user_of(request), found.sees)
    return found


def urls() -> list[URLPattern]:
    """The pages, behind the staff site's door."""
    pages: list[tuple[str, Callable[..., HttpResponse], str]] = [
        ("customers/", customer_search, "customer_search"),
        ("customers/<int:pk>/", customer, "customer"),
        ("customers/<int:pk>/open/", customer_open, "customer_open"),
        ("customers/<int:pk>/verification/", _help(_decide), "customer_verification"),
        ("customers/<int:pk>/reset-factors/", _help(_reset_factors), "customer_reset_factors"),
        ("customers/<int:pk>/erase/", _help(_erase), "customer_erase"),
        ("customers/<int:pk>/unlock/", _help(_unlock), "customer_unlock"),
        ("customers/<int:pk>/sign-out/", _help(_sign_out), "customer_sign_out"),
        ("customers/<int:pk>/confirmation/", _help(_confirmation), "customer_confirmation"),
        ("customers/<int:pk>/remind/<int:item>/", _help(_remind), "customer_remind"),
        ("customers/<int:pk>/resend/<int:item>/", _help(_resend), "customer_resend"),
        ("queues/<slug:key>/", queue, "queue"),
        ("queues/<slug:key>/act/", queue_act, "queue_act"),
    ]
    return [path(route, admin.site.admin_view(view), name=name) for route, view, name in pages]
