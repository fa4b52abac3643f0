"""Settings pages (profile, security, activity, privacy), unsubscribing, and
pages for 429 and 503.
"""

from itertools import groupby
from typing import Any
from uuid import UUID

from allauth.account.models import EmailAddress
from allauth.account.views import EmailView
from allauth.usersessions.models import UserSession
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from banking.kernel.forms import errors_on, stay
from banking.kernel.keyset import keyset_page
from banking.limits import EVENTS_A_PAGE
from users.audit.activity import activity_of, describe
from users.audit.activity_words import KINDS
from users.erasure import erase_person, waiting_erasure, withdraw_erasure
from users.forms import EraseForm, ProfileForm, ThemeForm
from users.limits import LimitReachedError, LimitsUnavailableError
from users.messages.channels.mail import words_for
from users.messages.confirmation_mail import count_another_mail
from users.messages.outbox import opt_out, read_unsubscribe
from users.services import people, second_admin, sessions, verification
from users.signed_in import UserRequest
from users.step_up import ask_for_step_up
from users.user_agents import device_name


def profile(request: UserRequest) -> HttpResponse:
    """Name, phone, currency, time zone, language, appearance."""
    form = ProfileForm(request.POST or None, user=request.user)
    if request.method == "POST" and form.is_valid():
        with errors_on(form):
            people.update_profile(actor=request.user, user=request.user, **form.cleaned_data)
            messages.success(request, _("Profile saved."))
            return redirect("users:profile")
    status = 422 if form.errors else 200
    context = {"form": form, "reason": verification.last_reason(request.user)}
    return render(request, "users/profile.html", context, status=status)


@require_POST
def verification_request(request: UserRequest) -> HttpResponse:
    """Ask for the check of one's identity."""
    try:
        verification.request_verification(actor=request.user, user=request.user)
        messages.success(request, _("We'll check your identity and email you the result."))
    except ValidationError as error:
        messages.error(request, error.messages[0])
    return redirect("users:profile")


@require_POST
def theme_set(request: UserRequest) -> HttpResponse:
    """Light, dark or system theme; returns to the page with the switch."""
    form = ThemeForm(request.POST)
    if form.is_valid():
        people.update_profile(actor=request.user, user=request.user, **form.cleaned_data)
    return stay(request, "users:profile")


def security(request: UserRequest) -> HttpResponse:
    """Password, second factor, browser sessions, API tokens."""
    now = timezone.now()
    return render(
        request,
        "users/security.html",
        {
            "browser_sessions": _named(sessions.live_sessions(request.user, now)),
            "current_session_key": request.session.session_key,
            "token_families": _named(sessions.live_families(request.user, now)),
            "has_second_factor": sessions.needs_otp(request.user),
        },
    )


@require_safe
def activity(request: UserRequest) -> HttpResponse:
    """Events by the user, by people they share with, and by staff. Newest first, grouped by day."""
    kind = request.GET.get("kind", "")
    kind = kind if kind in KINDS else ""
    page = keyset_page(
        activity_of(request.user, kind), ["-id"], EVENTS_A_PAGE, request.GET.get("cursor")
    )
    entries = [describe(event, request.user) for event in page.rows]
    days = groupby(entries, lambda entry: timezone.localdate(entry["event"].created_at))
    context = {
        "days": [(day, list(rows)) for day, rows in days],
        "kinds": KINDS.items(),
        "chosen_kind": kind,
        "next_cursor": page.next_cursor,
        "previous_cursor": page.previous_cursor,
    }
    return render(request, "users/activity.html", context)


def privacy(request: UserRequest) -> HttpResponse:
    """The user's data: export all of it, or have it erased."""
    form, user, now = EraseForm(request.POST or None), request.user, timezone.now()
    if request.method == "POST" and form.is_valid():
        ask_for_step_up(request)
        with errors_on(form):
            confirmation = form.cleaned_data["confirm"]
            if not erase_person(actor=user, user=user, confirmation=confirmation, at=now):
                messages.success(request, _("We'll check your request. You can still withdraw it."))
                return redirect("users:privacy")
            # Not with allauth's sign-out, which would record the request's origin in the trail.
            logout(request)
            messages.success(request, _("Your account has been deleted."))
            return redirect("account_login")
    status = 422 if form.errors else 200
    context = {
        "form": form,
        "waiting": waiting_erasure(user, now),
        "takes_two": second_admin.is_needed(),
    }
    return render(request, "users/privacy.html", context, status=status)


@require_POST
def erasure_withdraw(request: UserRequest) -> HttpResponse:
    """Keep the account whose erasure one has asked for."""
    try:
        withdraw_erasure(user=request.user, at=timezone.now())
        messages.success(request, _("Your account stays."))
    except ValidationError as error:
        messages.error(request, error.messages[0])
    return redirect("users:privacy")


class EmailChange(EmailView):
    """allauth's page for the current and the pending email address.

    Only a confirmed address becomes the login; `action_primary` would accept others.
    """

    def _action_primary(self, request: UserRequest, *args: Any, **kwargs: Any) -> None:
        return None

    def _action_send(self, request: UserRequest, *args: Any, **kwargs: Any) -> Any:
        count_another_mail(request, request.POST.get("email", ""))
        return super()._action_send(request, *args, **kwargs)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        addresses = EmailAddress.objects.filter(user=self.request.user)
        current = addresses.filter(primary=True).first()
        pending = addresses.filter(primary=False, verified=False).last()
        if current and not current.verified and not pending:
            current, pending = None, current
        return super().get_context_data(**kwargs) | {
            "current_emailaddress": current,
            "new_emailaddress": pending,
        }


def _named(rows: list[Any]) -> list[dict[str, Any]]:
    return [{"row": row, "device": device_name(row.user_agent)} for row in rows]


@require_POST
def session_end(request: UserRequest, pk: int) -> HttpResponse:
    """End another browser session; the current one is ended by signing out."""
    session = get_object_or_404(UserSession, pk=pk, user=request.user)
    if session.session_key == request.session.session_key:
        logout(request)
        return redirect("account_login")
    sessions.end_session(actor=request.user, session=session)
    messages.success(request, _("Browser signed out."))
    return redirect("users:security")


@require_POST
def tokens_revoke(request: UserRequest, family: UUID) -> HttpResponse:
    """End the tokens of one app."""
    ended = sessions.end_family(
        actor=request.user, user=request.user, family=family, reason="revoked"
    )
    if not ended:
        raise Http404
    messages.success(request, _("App signed out."))
    return redirect("users:security")


@require_POST
def sign_out_everywhere(request: UserRequest) -> HttpResponse:
    """End every session and token, including this browser's."""
    sessions.sign_out_everywhere(actor=request.user, user=request.user)
    logout(request)
    messages.success(request, _("You're signed out everywhere."))
    return redirect("account_login")


@csrf_exempt
@login_not_required
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """The unsubscribe link of a mail: a confirmation page, and the POST that mail programs send."""
    found = read_unsubscribe(token)
    if found is None:
        raise Http404
    user, kinds, channel = found
    if request.method == "POST":
        for kind in kinds:
            opt_out(actor=user, user=user, kind=kind, channel=channel)
    context = {"kind": words_for(kinds), "is_done": request.method == "POST"}
    return render(request, "users/unsubscribe.html", context)


def too_many_requests(request: HttpRequest, error: Exception | None = None) -> HttpResponse:
    """429. Called by our limits with their error, by allauth's without."""
    wait = error.retry_after if isinstance(error, LimitReachedError) else 60
    sentence = str(error) if error else _("Too many attempts. Try again in a minute.")
    response = render(request, "429.html", {"sentence": sentence}, status=429)
    response["Retry-After"] = str(wait)
    return response


def service_unavailable(request: HttpRequest, error: LimitsUnavailableError) -> HttpResponse:
    """503: the store that protects sign-in is down."""
    response = render(request, "503.html", {"sentence": str(error)}, status=503)
    response["Retry-After"] = "60"
    return response
