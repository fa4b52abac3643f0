"""Sign-up, sign-in, sign-out and the user's own profile in the API."""

from typing import Any
from uuid import UUID

from django.utils import timezone
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.utils import OpenApiResponse
from rest_framework import status
from rest_framework.exceptions import APIException, AuthenticationFailed, ValidationError
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from banking.kernel.api_input import ApiView, operation
from banking.kernel.django_private import django_request
from banking.kernel.refusals import REFUSED
from users import limits
from users.api.authentication import TokenAuthentication
from users.api.serializers import (
    EmailConfirmationOut,
    EraseIn,
    ErasureWaitingOut,
    ProfileIn,
    RefreshIn,
    SignedInOut,
    SignInIn,
    SignOutIn,
    SignUpIn,
    TokensOut,
    UserOut,
)
from users.api.step_up import STEP_UP, require_step_up
from users.erasure import erase_person, waiting_erasure, withdraw_erasure
from users.messages.confirmation_mail import (
    count_another_mail,
    send_confirmation_mail,
    unconfirmed_address,
)
from users.models import User
from users.network import client_address
from users.services import people, sessions
from users.signed_in import user_of


class TokenRace(APIException):
    """409: the refresh token was used moments ago, by a parallel request or a lost response."""

    status_code = 409
    default_code = "refresh_in_progress"
    default_detail = (
        "This refresh token was just used. Use the tokens from that response, and don't send this"
        " one again. If the response was lost, sign in again."
    )


class AuthApi(ApiView):
    """Base for users who aren't signed in yet; a stale token sent along is ignored."""

    authentication_classes: list = []
    permission_classes = [AllowAny]

    def get_authenticate_header(self, request: Request) -> str:
        # Without it DRF would respond to a wrong password with 403.
        return 'Bearer realm="api"'


def signed_in(request: Request, user: User, status_code: int = status.HTTP_200_OK) -> Response:
    tokens = sessions.start_tokens(user=user, at=timezone.now(), user_agent=_agent(request))
    data = {
        "user": user,
        "access": tokens.access,
        "refresh": tokens.refresh,
        "expires_in": tokens.expires_in,
    }
    return Response(SignedInOut(data).data, status=status_code)


def _agent(request: Request) -> str:
    return request.headers.get("User-Agent", "")


def valid(serializer_class: type, request: Request, **options: Any) -> dict[str, Any]:
    serializer = serializer_class(data=request.data, **options)
    serializer.is_valid(raise_exception=True)
    return serializer.validated_data


class SignUpApi(AuthApi):
    """Create an account and sign in. A confirmation link is sent to the address."""

    @operation(operation_id="auth_signup", request=SignUpIn, responses={201: SignedInOut})
    def post(self, request: Request) -> Response:
        limits.consume("sign-up", client_address(request))
        user = people.sign_up(**valid(SignUpIn, request))
        send_confirmation_mail(django_request(request), user)
        return signed_in(request, user, status.HTTP_201_CREATED)


class SignInApi(AuthApi):
    """Exchange email and password for tokens. Unknown addresses and wrong passwords look the
    same.
    """

    @operation(operation_id="auth_login", request=SignInIn, responses=SignedInOut)
    def post(self, request: Request) -> Response:
        data = valid(SignInIn, request)
        user = sessions.check_password(email=data["email"], password=data["password"])
        if user is None:
            raise AuthenticationFailed("Incorrect email or password.", code="wrong_credentials")
        if sessions.needs_otp(user):
            if not data.get("otp"):
                raise AuthenticationFailed("Send the code as “otp” too.", code="otp_required")
            if not sessions.check_otp(user=user, code=data["otp"]):
                raise AuthenticationFailed(
                    "This code is incorrect or was already used.", code="otp_wrong"
                )
        return signed_in(request, user)


class RefreshApi(AuthApi):
    """Exchange a refresh token for a new pair, once.

    Using it again within ten seconds returns 409 `refresh_in_progress` and ends nothing: use the
    tokens from the first response, or sign in again if it was lost. Using it later signs the client
    out.
    """

    @operation(operation_id="auth_refresh", request=RefreshIn, responses=TokensOut)
    def post(self, request: Request) -> Response:
        started_at = timezone.now()
        refresh = valid(RefreshIn, request)["refresh"]
        try:
            tokens = sessions.rotate_tokens(
                refresh=refresh, started_at=started_at, user_agent=_agent(request)
            )
        except sessions.TokenRaceError as error:
            raise TokenRace from error
        except sessions.WrongTokenError as error:
            raise AuthenticationFailed(
                "This refresh token has expired. Sign in again.", code="token_not_valid"
            ) from error
        return Response(TokensOut(tokens).data)


class SignOutApi(AuthApi):
    """End one client's tokens, identified by its refresh or access token."""

    @operation(
        operation_id="auth_logout",
        request=SignOutIn,
        responses={204: OpenApiResponse(description="Signed out.")},
    )
    def post(self, request: Request) -> Response:
        refresh = valid(SignOutIn, request).get("refresh")
        if refresh:
            token = sessions.family_of(refresh)
            if token:
                _end_family(token.user, token.family)
            return Response(status=status.HTTP_204_NO_CONTENT)
        bearer = TokenAuthentication().authenticate(request)
        if bearer is None:
            raise ValidationError({"refresh": ["Send the refresh token."]}, code=REFUSED)
        user, access = bearer
        _end_family(user, UUID(access["family"]))
        return Response(status=status.HTTP_204_NO_CONTENT)


def _end_family(user: User, family: UUID) -> None:
    sessions.end_family(actor=user, user=user, family=family, reason="signed out")


class MeApi(ApiView):
    """The signed-in user. Email, role and status can't be changed here."""

    @operation(operation_id="users_me", responses=UserOut)
    def get(self, request: Request) -> Response:
        return Response(UserOut(user_of(request)).data)

    @operation(operation_id="users_me_replace", request=ProfileIn, responses=UserOut)
    def put(self, request: Request) -> Response:
        return self._update(request)

    @operation(operation_id="users_me_update", request=ProfileIn, responses=UserOut)
    def patch(self, request: Request) -> Response:
        return self._update(request)

    @operation(
        operation_id="users_me_erase",
        request=EraseIn,
        parameters=[STEP_UP],
        responses={
            204: OpenApiResponse(
                description="Your account has been deleted. All tokens have ended."
            ),
            202: ErasureWaitingOut,
        },
    )
    def delete(self, request: Request) -> Response:
        return _erase(request)

    def _update(self, request: Request) -> Response:
        changes = valid(ProfileIn, request, partial=True)
        user = people.update_profile(actor=user_of(request), user=user_of(request), **changes)
        return Response(UserOut(user).data)


class EraseApi(ApiView):
    """Same as DELETE, for clients that can't send a body with it."""

    @operation(
        operation_id="users_me_erase_post",
        request=EraseIn,
        parameters=[STEP_UP],
        responses={
            204: OpenApiResponse(description="Your account has been deleted."),
            202: ErasureWaitingOut,
        },
    )
    def post(self, request: Request) -> Response:
        return _erase(request)

    @operation(operation_id="users_me_keep", request=None, responses={204: None})
    def delete(self, request: Request) -> Response:
        """Withdraw your request to delete your account, while it waits (202 above)."""
        withdraw_erasure(user=user_of(request), at=timezone.now())
        return Response(status=status.HTTP_204_NO_CONTENT)


def _erase(request: Request) -> Response:
    require_step_up(request)
    data = valid(EraseIn, request)
    user, now = user_of(request), timezone.now()
    if erase_person(actor=user, user=user, confirmation=data["confirm"], at=now):
        return Response(status=status.HTTP_204_NO_CONTENT)
    waiting = ErasureWaitingOut(waiting_erasure(user, now))
    return Response(waiting.data, status=status.HTTP_202_ACCEPTED)


class ConfirmEmailApi(ApiView):
    """Send a new confirmation link to your sign-in address, unless it is already confirmed."""

    @operation(operation_id="users_me_confirm_email", request=None, responses=EmailConfirmationOut)
    def post(self, request: Request) -> Response:
        address = unconfirmed_address(user_of(request))
        if address is not None:
            count_another_mail(django_request(request), address.email)
            address.send_confirmation(django_request(request))
        data = {"email": user_of(request).email, "is_confirmed": address is None}
        return Response(EmailConfirmationOut(data).data)


class TokenScheme(OpenApiAuthenticationExtension):
    """How the schema describes it."""

    target_class = "users.api.authentication.TokenAuthentication"
    name = "bearer"

    def get_security_definition(self, auto_schema: object) -> dict:
        return {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
