"""Account pages. The page of a single account belongs to the transactions app."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.access import access_level, require_change
from accounts.currency import asking_state, rate_history, rate_state, summary_and_rates
from accounts.exchange import Converted, RateMissing, convert
from accounts.forms import AccountForm, ConvertForm, entries_of
from accounts.known_accounts import VISIBLE
from accounts.models import Account, AccountShare
from accounts.services import delete_account, edit_account, open_account, restore_account
from accounts.totals import totals_by_currency
from banking.kernel.forms import errors_on, say_with_undo, stay
from banking.kernel.read_together import read_together
from banking.kernel.snapshot import read_snapshot
from users.policy import Ability, may, require
from users.signed_in import UserRequest
from users.timezones import local_date


@require_safe
def account_list(request: UserRequest) -> HttpResponse:
    """List assets, debts, archived accounts and accounts in the trash."""
    visible = list(Account.objects.visible_to(request.user).with_feed())
    given = set(
        AccountShare.objects.given_by(request.user).accepted().values_list("account_id", flat=True)
    )
    for account in visible:
        shown: Any = account  # Include what each row of the list shows.
        shown.access = access_level(request.user, account)
        shown.is_shared_by_me = account.pk in given
    active = [account for account in visible if account.is_active]
    context = {
        "groups": [
            (_("Assets"), [account for account in active if not account.is_liability]),
            (_("Debts"), [account for account in active if account.is_liability]),
        ],
        "archived": [account for account in visible if not account.is_active],
        "totals": totals_by_currency(active),
        "trash": Account.objects.filter(user=request.user).exclude(deleted_at=None),
        "active_count": len(active),
        "may_change": may(request.user, Ability.CHANGE_OWN_DATA),
        "invitation_count": AccountShare.objects.offered_to(request.user).count(),
    }
    return render(request, "accounts/account_list.html", context)


def account_create(request: UserRequest) -> HttpResponse:
    """Open an account; `then=import` leads on to importing a file into it."""
    require(request.user, Ability.CHANGE_OWN_DATA)
    initial = {"currency": request.user.base_currency, "account_type": Account.Type.CHECKING}
    form = AccountForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        with errors_on(form):
            account = open_account(actor=request.user, user=request.user, **form.changes())
            messages.success(request, _("%(name)s added.") % {"name": account.name})
            if request.GET.get("then") == "import":
                return redirect(f"{reverse('transactions:import_start')}?account={account.pk}")
            return redirect("accounts:account_detail", account.pk)
    return _form_page(request, "accounts/account_create.html", form)


def account_edit(request: UserRequest, pk: int) -> HttpResponse:
    """Change an account's description, limit or opening balance."""
    account = _own_account(request, pk)
    form = AccountForm(request.POST or None, initial=entries_of(account))
    if request.method == "POST" and form.is_valid():
        with errors_on(form):
            edit_account(actor=request.user, account=account, **form.changes())
            messages.success(request, _("Saved."))
            return redirect("accounts:account_detail", pk)
    return _form_page(request, "accounts/account_edit.html", form, account=account)


@require_POST
def account_archive(request: UserRequest, pk: int) -> HttpResponse:
    """Archive an active account, or reactivate an archived one."""
    account = _own_account(request, pk)
    edited = edit_account(actor=request.user, account=account, is_active=not account.is_active)
    sentence = _("%(name)s reactivated.") if edited.is_active else _("%(name)s archived.")
    say_with_undo(request, sentence % {"name": account.name}, "accounts:account_archive", pk)
    return redirect("accounts:account_list")


@require_POST
def account_delete(request: UserRequest, pk: int) -> HttpResponse:
    """Move an account to the trash, with its transactions."""
    account = _own_account(request, pk)
    delete_account(actor=request.user, account=account)
    sentence = _("%(name)s moved to the trash.") % {"name": account.name}
    say_with_undo(request, sentence, "accounts:account_restore", pk)
    return redirect("accounts:account_list")


@require_POST
def account_restore(request: UserRequest, pk: int) -> HttpResponse:
    """Restore one of the user's own accounts from the trash."""
    account = get_object_or_404(Account.objects.filter(user=request.user), pk=pk)
    require_change(request.user, account)
    restore_account(actor=request.user, account=account)
    messages.success(request, _("%(name)s restored.") % {"name": account.name})
    return stay(request, "accounts:account_detail", pk)


@require_safe
def currency(request: UserRequest) -> HttpResponse:
    """Balances by currency, the rates behind every converted figure, and a converter."""
    with read_snapshot():
        context = _currency_context(request)
    status = 200 if context["form"].is_valid() else 422
    return render(request, "accounts/currency.html", context, status=status)


def _currency_context(request: UserRequest) -> dict[str, Any]:
    user, on = request.user, local_date(request.user.timezone, timezone.now())
    base = user.base_currency
    read_together(VISIBLE.asking(user.pk), *asking_state())
    summary, rates = summary_and_rates(user, base=base, on=on)
    held = [holding.currency for holding in summary.holdings if holding.currency != base]
    other = next(iter(held), "USD" if base != "USD" else "EUR")
    asked = {name: request.GET.get(name, "") for name in ("amount", "base", "to", "on")}
    entries = {"amount": "100", "base": other, "to": base, "on": on.isoformat()}
    form = ConvertForm(entries | {name: text for name, text in asked.items() if text})
    is_fine = form.is_valid()
    pair = (form.cleaned_data.get("base", other), form.cleaned_data.get("to", base))
    return {
        "summary": summary,
        "form": form,
        "pair": pair,
        # The days of the history are those that most amounts are converted on.
        "history": rate_history(*pair, until=on) if pair[0] != pair[1] else [],
        "result": _converted(form) if is_fine else None,
        "rates": rates,
        "own_currencies": held,
        "state": rate_state(timezone.now()),
    }


def _converted(form: ConvertForm) -> Converted | None:
    asked = form.cleaned_data
    try:
        return convert(asked["amount"], asked["base"], asked["to"], asked["on"])
    except RateMissing:
        return None


def _own_account(request: UserRequest, pk: int) -> Account:
    account = get_object_or_404(Account.objects.visible_to(request.user), pk=pk)
    require_change(request.user, account)
    return account


def _form_page(
    request: UserRequest, template: str, form: AccountForm, **context: object
) -> HttpResponse:
    status = 422 if form.errors else 200
    return render(request, template, {"form": form, **context}, status=status)
