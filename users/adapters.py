"""Connects allauth's pages to our services, which own limits, audit events and password changes."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import context as allauth_context
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.usersessions.adapter import DefaultUserSessionsAdapter
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import get_user
from django.db import IntegrityError
from django.db import transaction as db_transaction
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from banking.kernel.encryption import decrypt, encrypt
from users import limits
from users.allauth_private import clear_authentication_records
from users.devices import known_device, remember_device
from users.messages.account_mails import WELCOME, send_account_mail
from users.models import User
from users.network import client_address
from users.services import people, sessions
from users.user_agents import device_name


class AccountAdapter(DefaultAccountAdapter):
    """Routes allauth's account operations to our services."""

    def get_client_ip(self, request: HttpRequest) -> str:
        return client_address(request) or "0.0.0.0"  # noqa: S104 - "unknown", nothing is bound

    def authenticate(self, request: HttpRequest, **credentials: Any) -> User | None:
        """Sign-in."""
        email = credentials.get("email") or ""
        return sessions.check_password(
            email=email,
            password=credentials.get("password") or "",
            device=known_device(request, email),
        )

    def reauthenticate(self, user: User, password: str) -> bool:
        """Step-up by password on the page (users/step_up.py)."""
        device = known_device(allauth_context.request, user.email)
        return sessions.prove_password(user=user, password=password, by="page", device=device)

    def get_reauthentication_methods(self, user: Any) -> list[dict[str, Any]]:
        """The available ways to re-authenticate; passkeys get their own name."""
        ways = super().get_reauthentication_methods(user)
        names = {"mfa_reauthenticate:webauthn": _("Use a passkey")}
        return [way | {"description": names.get(way["id"], way["description"])} for way in ways]

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        if request.method == "POST":
            limits.consume("sign-up", client_address(request))
        return True

    def post_login(
        self, request: HttpRequest, user: User, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        sessions.record_signed_in(user=user, by="page")
        response = super().post_login(request, user, *args, **kwargs)
        remember_device(request, response, user.email)
        return response

    def logout(self, request: HttpRequest) -> None:
        user = get_user(request)
        if user.is_authenticated:
            sessions.record_signed_out(user=user, by="page")
        super().logout(request)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Send in the background: a slow mail server delays nothing, and timing reveals no known
        address.
        """
        send_account_mail(template_prefix, email, context)

    def send_notification_mail(
        self,
        template_prefix: str,
        user: User,
        context: dict[str, Any] | None = None,
        email: str | None = None,
    ) -> None:
        """Tell a user about a change to their account, in their time zone and region format."""
        about = {"user": user} | (context or {})
        super().send_notification_mail(template_prefix, user, about, email)

    def send_password_reset_mail(self, user: User, email: str, context: dict[str, Any]) -> None:
        """Mail a password reset link; users who never had a password get a welcome mail instead."""
        is_new = not user.has_usable_password()
        self.send_mail(WELCOME if is_new else "account/email/password_reset_key", email, context)

    def clean_email(self, email: str) -> str:
        """Limit mails to strangers, per sender and per recipient."""
        request = allauth_context.request
        resolved = request.resolver_match.url_name if request and request.resolver_match else ""
        if resolved in ("account_reset_password", "account_email", "auth-password-reset"):
            limits.consume("mail-address", client_address(request))
            limits.consume("mail-recipient", email)
        return super().clean_email(email)

    def set_password(self, user: User, password: str) -> None:
        """Change or reset the password; the browser that changes its own user's password stays
        signed in.
        """
        request = allauth_context.request
        is_own = request.user.is_authenticated and request.user.pk == user.pk
        changed = people.change_password(
            actor=user if is_own else None,
            user=user,
            password=password,
            kept_session=request.session.session_key or "" if is_own else "",
        )
        user.password, user.session_version = changed.password, changed.session_version
        # Proofs given with the old password no longer count.
        clear_authentication_records(request)

    def confirm_email(self, request: HttpRequest, email_address: Any) -> bool:
        """Confirm an opened link: the address becomes the login, unless another user has it by
        now.
        """
        before = User.objects.values_list("email", flat=True).get(pk=email_address.user_id)
        try:
            with db_transaction.atomic():
                confirmed = super().confirm_email(request, email_address)
                if confirmed:
                    people.record_email_confirmed(user=email_address.user, before=before)
        except IntegrityError:
            self.add_message(
                request,
                messages.ERROR,
                "account/messages/email_confirmation_failed.txt",
                {"email": email_address.email},
            )
            return False
        return confirmed


class FactorsAdapter(DefaultMFAAdapter):
    """Two-factor settings: secrets are encrypted at rest, and apps show our
    name, not our address.
    """

    def encrypt(self, text: str) -> str:
        return encrypt(text)

    def decrypt(self, encrypted_text: str) -> str:
        return decrypt(encrypted_text)

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        return super().get_public_key_credential_rp_entity() | {"name": settings.SITE_NAME}

    def generate_authenticator_name(self, user: User, type: Any) -> str:
        """Name the passkey after the browser it is created in, so people recognize it."""
        return device_name(allauth_context.request.headers.get("User-Agent", ""))


class SessionsAdapter(DefaultUserSessionsAdapter):
    """The list of browser sessions."""

    def end_sessions(self, user_sessions: list) -> None:
        for session in user_sessions:
            sessions.end_session(actor=allauth_context.request.user, session=session)
