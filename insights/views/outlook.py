"""Recurring payments and the forecast."""

from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.access import require_change
from accounts.models import Account
from banking.kernel.forms import say_with_undo, tell_refusal
from bills.models import Bill
from insights.figures.questions import currency_in, include_shared_in
from insights.forecast.forecast_ledger import HORIZONS
from insights.forecast.forecast_page import forecast_context
from insights.forecast.forecast_summary import forecast_summary, horizon_in
from insights.forms import DismissalForm, SameForm
from insights.models import RecurringDismissal, SameAnswer
from insights.recurring.answering import answer_same, undo_answer
from insights.recurring.dismissing import dismiss_recurring, undo_dismissal
from insights.recurring.recurring_page import recurring_context
from insights.recurring.recurring_summary import recurring_summary
from users.policy import Ability, require
from users.signed_in import UserRequest
from users.timezones import local_date


@require_safe
def recurring(request: UserRequest) -> HttpResponse:
    """Recurring payments, weekly to yearly: next date, cost, price increases."""
    currency, shared, status = _asked(request)
    summary = recurring_summary(
        user=request.user,
        on=local_date(request.user.timezone, timezone.now()),
        currency=currency,
        include_shared=shared,
    )
    return render(request, "insights/recurring.html", recurring_context(summary), status=status)


@require_safe
def forecast(request: UserRequest) -> HttpResponse:
    """The balance of the next 30, 60 or 90 days as a band, with the forecast's accuracy."""
    days, (currency, shared, status) = HORIZONS[0], _asked(request)
    try:
        days = horizon_in(request.GET)
    except ValidationError as error:
        tell_refusal(request, error)
        status = 422
    summary = forecast_summary(
        user=request.user,
        on=local_date(request.user.timezone, timezone.now()),
        days=days,
        currency=currency,
        include_shared=shared,
    )
    return render(request, "insights/forecast.html", forecast_context(summary), status=status)


@require_POST
def recurring_dismiss(request: UserRequest) -> HttpResponse:
    """Mark a payment as not recurring; the message offers an undo."""
    account = get_object_or_404(
        Account.objects.visible_to(request.user), pk=_number(request, "account")
    )
    require_change(request.user, account)
    form = DismissalForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Choose one of the payments in the list."))
    else:
        dismissal = dismiss_recurring(actor=request.user, account=account, **form.cleaned_data)
        say_with_undo(
            request,
            _("%(name)s marked as not recurring.") % {"name": dismissal.name},
            "insights:recurring_restore",
            dismissal.pk,
        )
    return redirect(_back(request))


@require_POST
def recurring_restore(request: UserRequest, pk: int) -> HttpResponse:
    """Allow the payment to be detected again."""
    dismissal = get_object_or_404(RecurringDismissal.objects.visible_to(request.user), pk=pk)
    require(request.user, Ability.CHANGE_OWN_DATA)
    undo_dismissal(actor=request.user, dismissal=dismissal)
    messages.success(request, _("%(name)s marked as recurring.") % {"name": dismissal.name})
    return redirect(_back(request))


@require_POST
def same_answer(request: UserRequest) -> HttpResponse:
    """Record whether a bill and a recurring payment are the same; the message offers an undo."""
    user = request.user
    bill = get_object_or_404(Bill.objects.visible_to(user), pk=_number(request, "bill"))
    account = get_object_or_404(Account.objects.visible_to(user), pk=_number(request, "account"))
    require(user, Ability.CHANGE_OWN_DATA)
    form = SameForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Choose whether they are the same."))
        return redirect(_back(request))
    answer = answer_same(
        actor=user,
        bill=bill,
        account=account,
        merchant_key=form.cleaned_data["merchant_key"],
        is_same=form.cleaned_data["decision"] == "same",
        name=form.cleaned_data["name"],
    )
    said = (
        _("%(bill)s and %(name)s are now counted once.")
        if answer.is_same
        else _("%(bill)s and %(name)s are counted as two payments.")
    )
    say_with_undo(
        request,
        said % {"bill": answer.bill_name, "name": answer.name},
        "insights:same_undo",
        answer.pk,
    )
    return redirect(_back(request))


@require_POST
def same_undo(request: UserRequest, pk: int) -> HttpResponse:
    """Undo an answer, so that the question is asked again."""
    answer = get_object_or_404(SameAnswer.objects.visible_to(request.user), pk=pk)
    require(request.user, Ability.CHANGE_OWN_DATA)
    undo_answer(actor=request.user, answer=answer)
    messages.success(
        request, _("Your answer about %(bill)s is undone.") % {"bill": answer.bill_name}
    )
    return redirect(_back(request))


def _number(request: UserRequest, name: str) -> int:
    """The posted id; 0, which matches nothing, if it is not a number."""
    text = request.POST.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0


def _asked(request: UserRequest) -> tuple[str, bool | None, int]:
    """The currency, whether to include shared accounts, and the status: 422 for
    an invalid query.
    """
    try:
        return currency_in(request.GET), include_shared_in(request.GET), 200
    except ValidationError as error:
        tell_refusal(request, error)
        return "", None, 422


def _back(request: UserRequest) -> str:
    """The address of the page to return to, keeping the shared accounts filter."""
    page = request.POST.get("page")
    if page == "home":
        return reverse("insights:home")
    if page == "bill" and (pk := _number(request, "bill")):
        return reverse("bills:bill_detail", args=[pk])
    address = reverse("insights:forecast" if page == "forecast" else "insights:recurring")
    shared = request.POST.get("include_shared", "")
    return f"{address}?{urlencode({'include_shared': shared})}" if shared in ("0", "1") else address
