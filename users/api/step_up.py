"""Step-up: prove a factor again and send the result as `X-Step-Up`."""

import hashlib
from typing import Any, cast

from django.conf import settings
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from banking.kernel.api_input import ApiView, operation
from banking.kernel.refusals import REFUSED
from users.api.errors import StepUpRequired
from users.api.serializers import StepUpIn, StepUpOut
from users.services import sessions
from users.signed_in import user_of
from users.step_up import has_fresh_proof, is_sign_in_fresh, is_valid_token, issue_token

STEP_UP = OpenApiParameter(
    "X-Step-Up",
    str,
    OpenApiParameter.HEADER,
    required=False,
    description=(
        "The value from POST /api/auth/step-up, at most five minutes old. Without it, the "
        "response is 403 `step_up_required`."
    ),
)


def require_step_up(request: Request) -> None:
    """Raise StepUpRequired unless the request has a fresh proof. Call this before any change.

    Token clients send the header; a browser session may have confirmed on a page.
    """
    token = request.headers.get("X-Step-Up", "")
    if token and is_valid_token(token, user_of(request), client_of(request)):
        return
    if request.auth is None and has_fresh_proof(request):
        return
    raise StepUpRequired


def require_staff_step_up(request: Request) -> None:
    """Like `require_step_up`, for staff who grant or revoke rights; a recent sign-in also
    counts.
    """
    if request.auth is not None:
        began = sessions.family_began_at(user_of(request), cast(Any, request.auth)["family"])
        if began is not None and is_sign_in_fresh(began.timestamp(), timezone.now().timestamp()):
            return
    require_step_up(request)


class StepUpApi(ApiView):
    """Exchange the password or a second-factor code for a proof valid for five minutes."""

    @operation(operation_id="auth_step_up", request=StepUpIn, responses=StepUpOut)
    def post(self, request: Request) -> Response:
        serializer = StepUpIn(data=request.data)
        serializer.is_valid(raise_exception=True)
        _prove(request, **serializer.validated_data)
        data = {
            "step_up": issue_token(user_of(request), client_of(request)),
            "expires_in": settings.STEP_UP_SECONDS,
        }
        return Response(StepUpOut(data).data)


def _prove(request: Request, password: str = "", otp: str = "") -> None:
    if otp:
        if not sessions.prove_code(user=user_of(request), code=otp, by="api"):
            raise ValidationError(
                {"otp": ("This code is incorrect or was already used.")}, code="otp_wrong"
            )
        return
    if not password:
        raise ValidationError({"password": "Send your password, or a code as “otp”."}, code=REFUSED)
    # Signed-in clients have a separate limit, so others cannot use it up.
    device = f"client {client_of(request)}"
    if not sessions.prove_password(
        user=user_of(request), password=password, by="api", device=device
    ):
        raise ValidationError({"password": "This password is incorrect."}, code="wrong_credentials")


def client_of(request: Request) -> str:
    """The token family, or the digest of the browser session."""
    if request.auth is not None:
        return str(cast(Any, request.auth)["family"])
    key = request.session.session_key or ""
    return hashlib.sha256(key.encode()).hexdigest()[:32] if key else ""
