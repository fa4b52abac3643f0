"""Bill pages. Other people's bills are a 404; users who may not change get 403."""

import re
from collections.abc import Callable
from datetime import date
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from banking.kernel.formats import date_format
from banking.kernel.forms import errors_on, go_back, say_with_undo, stay, tell_refusal
from banking.kernel.narrowing import sure
from bills.detail_page import detail_context
from bills.forms import BillForm, PayForm, entries_of, new_entries, proposed_entries
from bills.models import Bill
from bills.page import calendar_context, list_context
from bills.preflight import shortfalls
from bills.services.paying import pay_bill, settle_with, unpay_bill
from bills.services.planning import (
    create_bill,
    delete_bill,
    edit_bill,
    require_paying_account,
    restore_bill,
    skip_bill,
    turns_auto_pay_on,
)
from bills.services.reminding import send_reminder
from transactions.models import Transaction
from users.policy import Ability, may, require
from users.signed_in import UserRequest
from users.step_up import ask_for_step_up
from users.timezones import local_date

_MONTH = re.compile(r"(\d{4})-(\d{2})", re.ASCII)
_YEARS = range(1950, 2100)


@require_safe
def bill_list(request: UserRequest) -> HttpResponse:
    """Overdue bills first, then upcoming ones, then those paid this month."""
    context = list_context(user=request.user, on=_today(request))
    context["may_change"] = may(request.user, Ability.CHANGE_OWN_DATA)
    return render(request, "bills/bill_list.html", context)


@require_safe
def bill_calendar(request: UserRequest) -> HttpResponse:
    """One month of bills, day by day."""
    on, status = _today(request), 200
    month, text = on, request.GET.get("month", "")
    found = _MONTH.fullmatch(text)
    if found and int(found[1]) in _YEARS and 1 <= int(found[2]) <= 12:
        month = date(int(found[1]), int(found[2]), 1)
    elif text:
        messages.error(request, _("Send a month such as 2025-12."))
        status = 422
    context = calendar_context(user=request.user, month=month, on=on)
    context["may_change"] = may(request.user, Ability.CHANGE_OWN_DATA)
    return render(request, "bills/bill_calendar.html", context, status=status)


@require_safe
def bill_detail(request: UserRequest, pk: int) -> HttpResponse:
    """One bill: shortfall, suggested payments, history, reminders."""
    context = detail_context(user=request.user, pk=pk, on=_today(request))
    if context is None:
        raise Http404
    context["may_change"] = may(request.user, Ability.CHANGE_OWN_DATA)
    return render(request, "bills/bill_detail.html", context)


def bill_create(request: UserRequest) -> HttpResponse:
    """Plan a bill; the query may prefill the form."""
    require(request.user, Ability.CHANGE_OWN_DATA)
    user = request.user
    initial = new_entries(user, _today(request)) | proposed_entries(request.GET)
    form = BillForm(request.POST or None, initial=initial, owner=user)
    if request.method == "POST" and form.is_valid():
        with errors_on(form):
            if turns_auto_pay_on(form.cleaned_data):
                require_paying_account(form.cleaned_data)
                ask_for_step_up(request)
            bill = create_bill(actor=user, user=user, today=_today(request), **form.cleaned_data)
            messages.success(request, _("%(name)s added.") % {"name": bill.biller_name})
            return redirect("bills:bill_detail", bill.pk)
    return _form_page(request, "bills/bill_create.html", form)


def bill_edit(request: UserRequest, pk: int) -> HttpResponse:
    """Change a bill and the open ones after it."""
    bill = _find_to_change(request, pk)
    if not bill.is_open:
        messages.info(request, _("This bill is already paid or skipped. Edit the next one."))
        return redirect("bills:bill_detail", pk)
    form = BillForm(request.POST or None, initial=entries_of(bill), owner=request.user)
    if request.method == "POST" and form.is_valid():
        with errors_on(form):
            if turns_auto_pay_on(form.cleaned_data, bill):
                require_paying_account(form.cleaned_data, bill)
                ask_for_step_up(request)
            edit_bill(actor=request.user, bill=bill, today=_today(request), **form.cleaned_data)
            messages.success(request, _("Saved."))
            return redirect("bills:bill_detail", pk)
    return _form_page(request, "bills/bill_edit.html", form, bill=bill)


def bill_pay(request: UserRequest, pk: int) -> HttpResponse:
    """Pay a bill; paying it again changes nothing."""
    bill = _find_to_change(request, pk)
    if bill.paid_at is not None:
        messages.info(request, _paid_sentence(bill))
        return redirect("bills:bill_detail", pk)
    on = _today(request)
    initial = {"account": bill.account, "amount": bill.amount_due, "on": on}
    form = PayForm(request.POST or None, initial=initial, owner=request.user, bill=bill)
    if request.method == "POST" and form.is_valid():
        with errors_on(form):
            _pay(request, bill, **form.cleaned_data)
            return redirect("bills:bill_detail", pk)
    shortfall = shortfalls(user=request.user, on=on).get(pk)
    return _form_page(request, "bills/bill_pay.html", form, bill=bill, shortfall=shortfall)


def _pay(request: UserRequest, bill: Bill, *, account: Any, **fields: Any) -> None:
    if account is None:
        # The user chose not to debit the bill's own account.
        fields["post"] = False
    paid = pay_bill(actor=request.user, bill=bill, account=account, today=_today(request), **fields)
    say_with_undo(request, _paid_sentence(paid), "bills:bill_unpay", bill.pk)


def _paid_sentence(bill: Bill) -> str:
    if bill.is_scheduled:
        words = {"name": bill.biller_name, "on": date_format(sure(bill.paid_on), "DATE_FORMAT")}
        return _("%(name)s scheduled for %(on)s.") % words
    return _("%(name)s paid.") % {"name": bill.biller_name}


@require_POST
def bill_unpay(request: UserRequest, pk: int) -> HttpResponse:
    """Undo a payment."""
    return _do(request, pk, unpay_bill, _("Payment undone. The bill is due again."))


@require_POST
def bill_skip(request: UserRequest, pk: int) -> HttpResponse:
    """Skip one occurrence; the message offers an undo."""
    bill = _find_to_change(request, pk)
    try:
        skip_bill(actor=request.user, bill=bill, today=_today(request))
    except ValidationError as error:
        tell_refusal(request, error)
    else:
        is_last = bill.recurrence == Bill.Recurrence.NONE
        say_with_undo(
            request,
            _("Skipped.") if is_last else _("Skipped. The next one is scheduled."),
            "bills:bill_restore",
            pk,
        )
    return redirect("bills:bill_detail", pk)


@require_POST
def bill_auto_pay(request: UserRequest, pk: int) -> HttpResponse:
    """Switch auto-pay on or off for this and later open occurrences."""
    is_on = request.POST.get("auto_pay") == "1"
    bill, change = _find_to_change(request, pk), {"auto_pay": is_on}
    if turns_auto_pay_on(change, bill):
        try:
            require_paying_account(change, bill)
        except ValidationError as error:
            return go_back(request, error, "bills:bill_edit", pk)
        ask_for_step_up(request)

    def switch(**who: Any) -> None:
        edit_bill(auto_pay=is_on, today=_today(request), **who)

    done = _("We'll pay it automatically.") if is_on else _("You pay this manually.")
    return _do(request, pk, switch, done)


@require_POST
def bill_match(request: UserRequest, pk: int) -> HttpResponse:
    """Settle a bill with an existing expense."""
    text = request.POST.get("transaction", "")
    own = Transaction.objects.visible_to(request.user).filter(user=request.user)
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0

    def match(actor: Any, bill: Bill) -> None:
        payment = own.filter(pk=number).first()
        if payment is None:
            raise ValidationError(_("Choose one of your own expenses."))
        settle_with(actor=actor, bill=bill, payment=payment)

    return _do(request, pk, match, _("Bill matched and marked as paid."))


@require_POST
def bill_remind(request: UserRequest, pk: int) -> HttpResponse:
    """Send the reminder now."""
    bill = _find_to_change(request, pk)
    try:
        written = send_reminder(
            actor=request.user, bill=bill, on=_today(request), at=timezone.now()
        )
    except ValidationError as error:
        tell_refusal(request, error)
    else:
        done, twice = _("Reminder sent."), _("We already reminded you today.")
        messages.success(request, done if written else twice)
    return redirect("bills:bill_detail", pk)


@require_POST
def bill_delete(request: UserRequest, pk: int) -> HttpResponse:
    """Move a bill and later open ones to the trash; the message offers an undo."""
    bill = _find_to_change(request, pk)
    delete_bill(actor=request.user, bill=bill)
    say_with_undo(
        request,
        _("%(name)s moved to the trash.") % {"name": bill.biller_name},
        "bills:bill_restore",
        pk,
    )
    return redirect("bills:bill_list")


@require_POST
def bill_restore(request: UserRequest, pk: int) -> HttpResponse:
    """Restore a bill with those deleted along with it."""
    bill = get_object_or_404(Bill.objects.filter(user=request.user), pk=pk)
    require(request.user, Ability.CHANGE_OWN_DATA)
    try:
        restore_bill(actor=request.user, bill=bill)
    except ValidationError as error:
        return go_back(request, error, "bills:bill_list")
    messages.success(request, _("%(name)s restored.") % {"name": bill.biller_name})
    return stay(request, "bills:bill_detail", pk)


def _do(request: UserRequest, pk: int, service: Callable[..., Any], done: str) -> HttpResponse:
    bill = _find_to_change(request, pk)
    try:
        service(actor=request.user, bill=bill)
    except ValidationError as error:
        tell_refusal(request, error)
    else:
        messages.success(request, done)
    return redirect("bills:bill_detail", pk)


def _today(request: UserRequest) -> date:
    return local_date(request.user.timezone, timezone.now())


def _find(request: UserRequest, pk: int) -> Bill:
    return get_object_or_404(Bill.objects.visible_to(request.user).for_list(), pk=pk)


def _find_to_change(request: UserRequest, pk: int) -> Bill:
    bill = _find(request, pk)
    require(request.user, Ability.CHANGE_OWN_DATA)
    return bill


def _form_page(request: UserRequest, template: str, form: Any, **context: Any) -> HttpResponse:
    status = 422 if form.errors else 200
    return render(request, template, {"form": form, **context}, status=status)
