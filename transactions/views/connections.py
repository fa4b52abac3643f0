"""Connected banks: connect, map accounts, sync, renew and end; plus the sandbox controls."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Prefetch
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from accounts.models import Account, BankConnection, ConnectedAccount
from banking.kernel.forms import errors_on, say_with_undo
from transactions import dispatching
from transactions.forms.connections import ConnectForm, MapForm
from transactions.holds import why_held
from transactions.services import connecting, linking, sandbox_playing
from transactions.services.bulk_editing import deletable
from transactions.sources.banks.providers import PLAID, SANDBOX
from users.policy import Ability, may, require
from users.signed_in import UserRequest
from users.step_up import ask_for_step_up

LINK_TOKEN = "plaid_link_token"
LINK_CONNECTION = "plaid_link_connection"
SHOWN_RUNS = 10


@require_GET
def connection_list(request: UserRequest) -> HttpResponse:
    """The user's connected banks: when they last synced, and what needs attention."""
    connections = list(_mine(request).order_by("institution_name", "pk"))
    context = {
        "connections": connections,
        "may_change": may(request.user, Ability.CHANGE_OWN_DATA),
        "has_offers": bool(linking.offered_keys()),
    }
    return render(request, "transactions/connection_list.html", context)


@require_GET
def connection_create(request: UserRequest) -> HttpResponse:
    """Choose a way to connect."""
    require(request.user, Ability.CHANGE_OWN_DATA)
    context = {"offers": linking.offers(), "simplefin_url": settings.SIMPLEFIN_CREATE_URL}
    return render(request, "transactions/connection_create.html", context)


def connection_connect(request: UserRequest) -> HttpResponse:
    """Ask for what the provider needs. The first sync starts once the accounts are mapped."""
    require(request.user, Ability.CHANGE_OWN_DATA)
    provider = request.POST.get("provider") or request.GET.get("provider", "")
    offer = _offer(provider)
    ask_for_step_up(request)
    if provider == PLAID:
        return _begin_plaid(request, None)
    chosen = {"institution": request.GET.get("institution", "")}
    form = ConnectForm(_sent(request), offer=offer, initial=chosen)
    if request.method == "POST" and form.is_valid():
        with errors_on(form):
            connection = _connect(request, provider, form.cleaned_data)
            return redirect("transactions:connection_accounts", connection.pk)
    context = {"form": form, "offer": offer, "simplefin_url": settings.SIMPLEFIN_CREATE_URL}
    status = 422 if form.errors else 200
    return render(request, "transactions/connection_connect.html", context, status=status)


@require_GET
def connection_return(request: UserRequest) -> HttpResponse:
    """Return from Plaid's page: create or renew the connection."""
    require(request.user, Ability.CHANGE_OWN_DATA)
    link_token = request.session.pop(LINK_TOKEN, "")
    renewed = request.session.pop(LINK_CONNECTION, None)
    try:
        if renewed is not None:
            connection = _find_to_change(request, renewed)
            linking.renew(actor=request.user, connection=connection, given={}, at=timezone.now())
            _sync(request, connection)
            return redirect("transactions:connection_detail", connection.pk)
        public_token = linking.finish_hosted_link(link_token) if link_token else ""
        if not public_token:
            messages.info(request, _("No bank was connected."))
            return redirect("transactions:connection_list")
        connection = _connect(request, PLAID, {"public_token": public_token})
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return redirect("transactions:connection_list")
    return redirect("transactions:connection_accounts", connection.pk)


def connection_accounts(request: UserRequest, pk: int) -> HttpResponse:
    """Choose where the lines of each bank account go."""
    connection = _find_to_change(request, pk)
    own = list(Account.objects.owned_by(request.user).active())
    form = MapForm(_sent(request), connection=connection, accounts=own)
    if request.method == "POST" and form.is_valid():
        with errors_on(form):
            connecting.map_accounts(
                actor=request.user, connection=connection, choices=form.choices_by_id(own)
            )
            _sync(request, connection)
            return redirect("transactions:connection_detail", connection.pk)
    context = {"form": form, "connection": connection}
    status = 422 if form.errors else 200
    return render(request, "transactions/connection_accounts.html", context, status=status)


@require_GET
def connection_detail(request: UserRequest, pk: int) -> HttpResponse:
    """One connected bank: its accounts, both balances, and its latest syncs."""
    connection = _find(request, pk)
    runs = list(connection.runs.all()[:SHOWN_RUNS])
    is_working = bool(runs) and runs[0].status in ("queued", "running")
    context = {
        "connection": connection,
        "runs": runs,
        "is_working": is_working,
        "may_change": may(request.user, Ability.CHANGE_OWN_DATA),
        "is_sandbox": connection.provider == SANDBOX,
    }
    # The page polls this part while a sync is running.
    name = "_connection_state" if request.htmx else "connection_detail"
    return render(request, f"transactions/{name}.html", context)


@require_POST
def connection_sync(request: UserRequest, pk: int) -> HttpResponse:
    """Sync now."""
    connection = _find_to_change(request, pk)
    _sync(request, connection, trigger="manual")
    return redirect("transactions:connection_detail", pk)


def connection_reconnect(request: UserRequest, pk: int) -> HttpResponse:
    """Sign in at the bank again, as its provider requires."""
    connection = _find_to_change(request, pk)
    ask_for_step_up(request)
    if connection.provider == PLAID:
        return _begin_plaid(request, connection)
    offer = linking.renewal_offer(connection)
    form = ConnectForm(_sent(request), offer=offer)
    if connection.provider == SANDBOX:
        del form.fields["institution"]
    if request.method == "POST" and form.is_valid():
        with errors_on(form):
            linking.renew(
                actor=request.user,
                connection=connection,
                given=form.cleaned_data,
                at=timezone.now(),
            )
            _sync(request, connection)
            return redirect("transactions:connection_detail", pk)
    context = {"form": form, "offer": offer, "connection": connection}
    status = 422 if form.errors else 200
    return render(request, "transactions/connection_reconnect.html", context, status=status)


def connection_disconnect(request: UserRequest, pk: int) -> HttpResponse:
    """End a connection; keep or delete its transactions."""
    connection = _find_to_change(request, pk)
    if request.method == "POST":
        keep_data = request.POST.get("data") != "remove"
        try:
            ended = connecting.disconnect_bank(
                actor=request.user, connection=connection, keep_data=keep_data, at=timezone.now()
            )
        except ValidationError as error:
            messages.error(request, " ".join(error.messages))
            return redirect("transactions:connection_detail", pk)
        if ended.kept_count:
            messages.warning(request, _kept_words(ended.kept_count, ended.kept_because))
        say_with_undo(
            request,
            _("%(bank)s is disconnected.") % {"bank": connection.institution_name},
            "transactions:connection_undo",
            pk,
        )
        return redirect("transactions:connection_list")
    lines = connecting.lines_of(connection)
    line_count = lines.count()
    staying = line_count - deletable(lines).count()
    context = {
        "connection": connection,
        "line_count": line_count,
        "staying": _kept_words(staying, why_held(lines, is_named=True)) if staying else "",
    }
    return render(request, "transactions/connection_disconnect.html", context)


def _kept_words(count: int, because: str) -> str:
    """How many transactions stay when the others are deleted, and why."""
    words = ngettext(
        "%(count)s transaction can't be deleted and stays: %(because)s",
        "%(count)s transactions can't be deleted and stay: %(because)s",
        count,
    )
    return words % {"count": count, "because": because}


@require_POST
def connection_undo(request: UserRequest, pk: int) -> HttpResponse:
    """Restore an ended connection."""
    ended = BankConnection.objects.filter(user=request.user)
    connection = get_object_or_404(ended, pk=pk)
    require(request.user, Ability.CHANGE_OWN_DATA)
    try:
        connecting.undo_disconnect(actor=request.user, connection=connection, at=timezone.now())
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return redirect("transactions:connection_list")
    messages.success(
        request, _("%(bank)s is connected again.") % {"bank": connection.institution_name}
    )
    return redirect("transactions:connection_detail", pk)


@require_POST
def connection_play(request: UserRequest, pk: int) -> HttpResponse:
    """Trigger an action at the sandbox bank and sync."""
    connection = _find_to_change(request, pk)
    if connection.provider != SANDBOX:
        raise Http404
    try:
        sandbox_playing.play(
            actor=request.user, connection=connection, action=request.POST.get("action", "")
        )
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        _sync(request, connection, trigger="webhook")
    return redirect("transactions:connection_detail", pk)


def _sent(request: UserRequest) -> Any:
    """The posted values. A form may have no fields."""
    return request.POST if request.method == "POST" else None


def _mine(request: UserRequest) -> Any:
    accounts = ConnectedAccount.objects.select_related("account").order_by("pk")
    mine = BankConnection.objects.visible_to(request.user)
    return mine.prefetch_related(Prefetch("connected_accounts", accounts))


def _find(request: UserRequest, pk: int) -> BankConnection:
    return get_object_or_404(_mine(request), pk=pk)


def _find_to_change(request: UserRequest, pk: int) -> BankConnection:
    connection = _find(request, pk)
    require(request.user, Ability.CHANGE_OWN_DATA)
    return connection


def _offer(provider: str) -> linking.Offer:
    offer = next((offered for offered in linking.offers() if offered.key == provider), None)
    if offer is None:
        raise Http404
    return offer


def _connect(request: UserRequest, provider: str, given: dict[str, str]) -> BankConnection:
    user = request.user
    asked = connecting.ask_bank(
        user=user, provider=provider, given=linking.with_customer(provider, given, user)
    )
    return connecting.connect_bank(
        actor=user, user=user, provider=provider, asked=asked, at=timezone.now()
    )


def _sync(request: UserRequest, connection: BankConnection, trigger: str = "link") -> None:
    try:
        dispatching.sync_soon(request.user, connection, trigger=trigger, at=timezone.now())
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))


def _begin_plaid(request: UserRequest, connection: BankConnection | None) -> HttpResponse:
    """Send the person to Plaid's page. The session remembers what they started."""
    try:
        link_token, address = linking.begin_hosted_link(
            user=request.user,
            connection=connection,
            return_to=settings.SITE_URL.rstrip("/") + reverse("transactions:connection_return"),
        )
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return redirect("transactions:connection_list")
    if not address:
        messages.error(request, _("Plaid has no sign-in page for this site right now."))
        return redirect("transactions:connection_list")
    request.session[LINK_TOKEN] = link_token
    if connection is not None:
        request.session[LINK_CONNECTION] = connection.pk
    # A link instead of a redirect: the content policy forbids forms to lead to another host.
    return render(request, "transactions/connection_leave.html", {"address": address})
