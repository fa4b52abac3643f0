"""The user's own email, password, sessions and second factor in the API."""

from typing import Any, cast
from uuid import UUID

from allauth.account import app_settings
from allauth.account.adapter import get_adapter
from allauth.account.models import EmailConfirmationHMAC
from allauth.account.utils import url_str_to_user_pk
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib.messages import get_messages
from django.core.exceptions import ValidationError as DjangoValidationError
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse
from rest_framework import status
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from banking.kernel.api_input import ApiView, operation
from banking.kernel.django_private import django_request
from users.api.serializers import (
    EmailConfirmationOut,
    EmailKeyIn,
    FactorIn,
    FactorSetupOut,
    FactorsOut,
    PasswordChangeIn,
    PasswordResetConfirmIn,
    PasswordResetIn,
    RecoveryCodesOut,
    SessionOut,
    SignedInOut,
)
from users.api.step_up import STEP_UP, client_of, require_step_up
from users.api.views import AuthApi, signed_in, valid
from users.messages.confirmation_mail import send_reset_mail
from users.models import User
from users.services import people, sessions
from users.services.totp import begin_totp, confirm_totp, remove_totp
from users.signed_in import user_of
from users.user_agents import device_name

_DONE = OpenApiResponse(description="Done.")


class EmailConfirmApi(AuthApi):
    @operation(
        operation_id="auth_confirm_email", request=EmailKeyIn, responses=EmailConfirmationOut
    )
    def post(self, request: Request) -> Response:
        """Confirm an email address with the key from the mail. A new address becomes the login."""
        found = EmailConfirmationHMAC.from_key(valid(EmailKeyIn, request)["key"])
        address = found.confirm(django_request(request)) if found else None
        list(get_messages(django_request(request)))  # allauth's sentence for the next page.
        if address is None:
            raise _wrong_key()
        data = {"email": address.email, "is_confirmed": True}
        return Response(EmailConfirmationOut(data).data)


class PasswordResetApi(AuthApi):
    @operation(operation_id="auth_password_reset", request=PasswordResetIn, responses={204: _DONE})
    def post(self, request: Request) -> Response:
        """Send a password reset link. The response is the same for every address."""
        send_reset_mail(django_request(request), valid(PasswordResetIn, request)["email"])
        return Response(status=status.HTTP_204_NO_CONTENT)


class PasswordResetConfirmApi(AuthApi):
    @operation(
        operation_id="auth_password_reset_confirm",
        request=PasswordResetConfirmIn,
        responses={204: _DONE},
    )
    def post(self, request: Request) -> Response:
        """Set a new password with the key from the mail, once. Ends all sessions and tokens."""
        data = valid(PasswordResetConfirmIn, request)
        user = _person_of(data["key"])
        people.change_password(actor=None, user=user, password=data["password"])
        get_adapter().send_notification_mail("account/email/password_reset", user)
        return Response(status=status.HTTP_204_NO_CONTENT)


def _person_of(key: str) -> User:
    """The user a reset key belongs to; `key` is the last part of the mailed link."""
    coded, _, token = key.partition("-")
    try:
        user = User.objects.filter(pk=url_str_to_user_pk(coded), is_active=True).first()
    except (ValueError, OverflowError, DjangoValidationError):
        user = None
    generator = app_settings.PASSWORD_RESET_TOKEN_GENERATOR()
    if user is None or not generator.check_token(user, token):
        raise _wrong_key()
    return user


def _wrong_key() -> ValidationError:
    return ValidationError(
        {"key": ("This key is invalid, expired or already used. Request a new email.")},
        code="wrong_key",
    )


class PasswordChangeApi(ApiView):
    @operation(operation_id="auth_password_change", request=PasswordChangeIn, responses=SignedInOut)
    def post(self, request: Request) -> Response:
        """Change your password. All sessions and tokens end; the response has new tokens."""
        data, user = valid(PasswordChangeIn, request), user_of(request)
        device = f"client {client_of(request)}"
        if not sessions.prove_password(
            user=user, password=data["current_password"], by="api", device=device
        ):
            sentence = "Your current password is incorrect."
            raise ValidationError({"current_password": sentence}, code="wrong_credentials")
        changed = people.change_password(actor=user, user=user, password=data["password"])
        get_adapter().send_notification_mail("account/email/password_changed", user)
        return signed_in(request, changed)


class SessionListApi(ApiView):
    @operation(operation_id="users_me_sessions", responses=SessionOut(many=True))
    def get(self, request: Request) -> Response:
        """Where you are signed in: browsers, then apps, most recently used first."""
        return Response(SessionOut(_sessions_of(request), many=True).data)

    @operation(operation_id="users_me_sessions_end_all", responses={204: _DONE})
    def delete(self, request: Request) -> Response:
        """Sign out everywhere, including here."""
        sessions.sign_out_everywhere(actor=user_of(request), user=user_of(request))
        return Response(status=status.HTTP_204_NO_CONTENT)


class SessionDetailApi(ApiView):
    @operation(
        operation_id="users_me_sessions_end",
        parameters=[OpenApiParameter("id", str, OpenApiParameter.PATH)],
        responses={204: _DONE},
    )
    def delete(self, request: Request, id: str) -> Response:
        """Sign out one browser or app, by its id from the list."""
        kind, _, key = id.partition("-")
        if kind == "browser" and key.isascii() and key.isdecimal() and len(key) < 19:
            session = get_object_or_404(UserSession, pk=int(key), user=user_of(request))
            sessions.end_session(actor=user_of(request), session=session)
        elif kind != "app" or not _end_app(user_of(request), key):
            raise Http404
        return Response(status=status.HTTP_204_NO_CONTENT)


def _end_app(user: User, key: str) -> bool:
    try:
        family = UUID(key)
    except ValueError:
        return False
    return sessions.end_family(actor=user, user=user, family=family, reason="revoked")


def _sessions_of(request: Request) -> list[dict[str, Any]]:
    user, now = user_of(request), timezone.now()
    here = str(cast(Any, request.auth)["family"]) if request.auth else request.session.session_key
    browsers = [
        _shown(f"browser-{row.pk}", "browser", row, row.last_seen_at, row.session_key == here)
        for row in sessions.live_sessions(user, now)
    ]
    apps = [
        _shown(f"app-{row.family}", "app", row, row.created_at, str(row.family) == here)
        for row in sessions.live_families(user, now)
    ]
    return browsers + apps


def _shown(id: str, kind: str, row: Any, seen_at: Any, is_current: bool) -> dict[str, Any]:
    return {
        "id": id,
        "kind": kind,
        "device": device_name(row.user_agent),
        "ip": row.ip,
        "last_seen_at": seen_at,
        "is_current": is_current,
    }


class FactorsApi(ApiView):
    @operation(operation_id="users_me_mfa", responses=FactorsOut)
    def get(self, request: Request) -> Response:
        """Which second factors are set up."""
        kinds = Authenticator.Type
        own = list(Authenticator.objects.filter(user=user_of(request)))
        codes = [
            authenticator.wrap()
            for authenticator in own
            if authenticator.type == kinds.RECOVERY_CODES
        ]
        data = {
            "is_on": sessions.needs_otp(user_of(request)),
            "totp": any(authenticator.type == kinds.TOTP for authenticator in own),
            "passkeys": sum(authenticator.type == kinds.WEBAUTHN for authenticator in own),
            "recovery_codes_left": sum(len(code.get_unused_codes()) for code in codes),
        }
        return Response(FactorsOut(data).data)

    @operation(
        operation_id="users_me_mfa_set_up",
        request=FactorIn,
        parameters=[STEP_UP],
        responses={200: FactorSetupOut, 201: RecoveryCodesOut},
    )
    def post(self, request: Request) -> Response:
        """Set up an authenticator app: first without a body to get a secret, then with a `code`.

        200 returns the secret. 201 means that the app is on; its recovery codes are shown only
        once.
        """
        require_step_up(request)
        code = valid(FactorIn, request).get("code")
        if code is None:
            return Response(FactorSetupOut(begin_totp(user=user_of(request))).data)
        codes = confirm_totp(user=user_of(request), code=code)
        data = RecoveryCodesOut({"recovery_codes": codes}).data
        return Response(data, status=status.HTTP_201_CREATED)

    @operation(operation_id="users_me_mfa_remove", parameters=[STEP_UP], responses={204: _DONE})
    def delete(self, request: Request) -> Response:
        """Turn off the authenticator app. Without a passkey, recovery codes are removed too."""
        require_step_up(request)
        remove_totp(user=user_of(request))
        return Response(status=status.HTTP_204_NO_CONTENT)
