"""Alert pages: the bell, the list, and the notification settings.

Read and dismissed marks are personal and no financial data, so every role may set them. htmx gets
the updated row; the bell listens for `alerts-changed` and reloads its count.
"""

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import trigger_client_event

from alerts.filters import AlertFilter
from alerts.forms import QuietHoursForm, SubscriptionForm, threshold_field
from alerts.models import Alert, AlertType
from alerts.scanners import scanner_of
from alerts.scanning import backtest, backtest_period
from alerts.services import check_threshold, delete, dismiss, mark_read, restore, subscribe
from alerts.subscriptions import RULES, choices_for, problems_of
from banking.kernel.forms import errors_on, say_with_undo, stay
from banking.kernel.keyset import full_ordering, keyset_page
from banking.kernel.snapshot import read_snapshot
from banking.limits import ALERTS_COUNTED, CARDS_A_PAGE
from transactions.models import ReviewItem
from users.messages.outbox import set_quiet_hours
from users.policy import Ability, may, require
from users.signed_in import UserRequest
from users.timezones import local_date


@require_safe
def alert_list(request: UserRequest) -> HttpResponse:
    """The user's alerts, newest first, filtered by read status and type."""
    own = Alert.objects.visible_to(request.user)
    chosen = AlertFilter(request.GET, queryset=own)
    status = 200 if chosen.is_valid() else 422
    rows = chosen.qs if chosen.is_valid() else own.current()
    page = keyset_page(rows, full_ordering(rows), CARDS_A_PAGE, request.GET.get("cursor"))
    context = {
        "alerts": page.rows,
        "back": request.get_full_path(),
        "next_cursor": page.next_cursor,
        "previous_cursor": page.previous_cursor,
        "types": AlertType.choices,
        "refusals": [sentence for errors in chosen.errors.values() for sentence in errors],
        "chosen_type": request.GET.get("type", ""),
        "view": _view(request),
        "unread": own.counted().count(),
        "is_narrowed": bool(set(request.GET) & {"type", "is_read", "dismissed"}),
        "today": local_date(request.user.timezone, timezone.now()),
    }
    return render(request, "alerts/alert_list.html", context, status=status)


def _view(request: UserRequest) -> str:
    if request.GET.get("dismissed") == "true":
        return "dismissed"
    return "unread" if request.GET.get("is_read") == "false" else "current"


@require_safe
def alert_bell(request: UserRequest) -> HttpResponse:
    """The unread count for bell and menu, and the menu's count of reviews, polled every minute."""
    count = Alert.objects.visible_to(request.user).counted().count()
    waiting = ReviewItem.objects.visible_to(request.user).open()[: ALERTS_COUNTED + 1].count()
    context = {
        "count": count,
        "text": _counted(count),
        "review_count": waiting,
        "review_text": _counted(waiting),
    }
    return render(request, "alerts/_bell.html", context)


def _counted(count: int) -> str:
    return f"{ALERTS_COUNTED}+" if count > ALERTS_COUNTED else str(count)


@require_POST
def alert_read(request: UserRequest, pk: int) -> HttpResponse:
    """Mark one as read."""
    mark_read(actor=request.user, alerts=[_find(request, pk)])
    return _row(request, pk) if request.htmx else stay(request, "alerts:alert_list")


@require_POST
def alert_read_all(request: UserRequest) -> HttpResponse:
    """Mark all as read."""
    unread = list(Alert.objects.visible_to(request.user).filter(is_read=False))
    count = mark_read(actor=request.user, alerts=unread)
    sentence = ngettext(
        "%(count)d alert marked as read.", "%(count)d alerts marked as read.", count
    )
    messages.success(request, sentence % {"count": count})
    return stay(request, "alerts:alert_list")


@require_POST
def alert_dismiss(request: UserRequest, pk: int) -> HttpResponse:
    """Dismiss an alert, with an undo."""
    dismiss(actor=request.user, alert=_find(request, pk))
    if request.htmx:
        return _row(request, pk, gone=_("Alert dismissed."))
    say_with_undo(request, _("Alert dismissed."), "alerts:alert_restore", pk)
    return stay(request, "alerts:alert_list")


@require_POST
def alert_delete(request: UserRequest, pk: int) -> HttpResponse:
    """Delete an alert, with an undo."""
    delete(actor=request.user, alert=_find(request, pk))
    if request.htmx:
        return _row(request, pk, gone=_("Alert deleted."))
    say_with_undo(request, _("Alert deleted."), "alerts:alert_restore", pk)
    return stay(request, "alerts:alert_list")


@require_POST
def alert_restore(request: UserRequest, pk: int) -> HttpResponse:
    """Undo a dismissal or deletion."""
    alert = get_object_or_404(Alert.objects.in_reach_of(request.user), pk=pk)
    restore(actor=request.user, alert=alert)
    if request.htmx:
        return _row(request, pk)
    messages.success(request, _("Alert restored."))
    return stay(request, "alerts:alert_list")


def subscription_list(request: UserRequest) -> HttpResponse:
    """Settings of each type and channel, with the threshold and its back-test."""
    user = request.user
    if request.method == "POST":
        require(user, Ability.CHANGE_OWN_DATA)
    is_chosen = request.method == "POST" and "quiet_hours" not in request.POST
    data = request.POST if is_chosen else None
    rows = [
        SubscriptionForm(data, choice=choice, currency=user.base_currency)
        for choice in choices_for(user)
    ]
    times = {"quiet_from": user.quiet_from, "quiet_until": user.quiet_until}
    quiet = QuietHoursForm(request.POST if "quiet_hours" in request.POST else None, initial=times)
    if is_chosen and not any(form.errors for form in rows):
        for form in rows:
            if form.has_changed():
                subscribe(actor=user, user=user, type=form.type, **form.cleaned_data)
        messages.success(request, _("Saved."))
        return redirect("alerts:subscription_list")
    if quiet.is_bound and quiet.is_valid():
        with errors_on(quiet):
            set_quiet_hours(actor=user, user=user, **quiet.cleaned_data)
            messages.success(request, _("Saved."))
            return redirect("alerts:subscription_list")
    context = {
        "rows": [(form, scanner_of(form.type) is not None) for form in rows],
        "quiet": quiet,
        "problems": problems_of(user),
        "may_change": may(user, Ability.CHANGE_OWN_DATA),
    }
    status = 422 if quiet.errors or any(form.errors for form in rows) else 200
    return render(request, "alerts/subscription_list.html", context, status=status)


@require_safe
def alert_backtest(request: UserRequest) -> HttpResponse:
    """What one type would have reported in the last twelve months with the entered threshold."""
    kind = request.GET.get("type", "")
    if kind not in AlertType.values:
        return render(request, "404.html", status=404)
    context: dict[str, Any] = {"type": kind, "label": AlertType(kind).label, "rule": RULES[kind]}
    # The field name includes the type: the page has one per type.
    text = request.GET.get(f"{kind}-threshold", request.GET.get("threshold", "")).strip()
    field = threshold_field(kind, request.user.base_currency)
    try:
        threshold = field.clean(text)
        check_threshold(kind, threshold)
    except ValidationError as error:
        return _backtest_page(request, context | {"error": " ".join(error.messages)}, 422)
    on = local_date(request.user.timezone, timezone.now())
    with read_snapshot():
        facts = backtest(user=request.user, kind=kind, threshold=threshold, on=on)
    days = backtest_period(on)
    context |= {
        "facts": facts[::-1],
        "days": days,
        "threshold": field.written(threshold) if threshold is not None else "",
    }
    return _backtest_page(request, context, 200)


def _backtest_page(request: UserRequest, context: dict[str, Any], status: int) -> HttpResponse:
    is_part = request.headers.get("HX-Request") == "true"
    # htmx swaps only successful responses, but the error must appear in its place.
    name = "alerts/_backtest.html" if is_part else "alerts/alert_backtest.html"
    return render(request, name, context, status=200 if is_part else status)


def _find(request: UserRequest, pk: int) -> Alert:
    return get_object_or_404(Alert.objects.visible_to(request.user), pk=pk)


def _row(request: UserRequest, pk: int, *, gone: str = "") -> HttpResponse:
    """The updated row or, if it left the list, an undo."""
    alert = get_object_or_404(Alert.objects.in_reach_of(request.user), pk=pk)
    context = {"alert": alert, "gone": gone, "back": request.POST.get("next", "")}
    name = "alerts/_alert_gone.html" if gone else "alerts/_alert_row.html"
    return trigger_client_event(render(request, name, context), "alerts-changed", {})
