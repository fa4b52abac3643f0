"""Maps the users app's refusals to API errors."""

from typing import Any, cast

from django.core.exceptions import PermissionDenied as DjangoPermissionDenied
from rest_framework.exceptions import APIException, PermissionDenied
from rest_framework.response import Response

from banking.kernel.api import exception_handler as base_handler
from users.limits import LimitReachedError, LimitsUnavailableError


class TooManyRequests(APIException):
    """429 with Retry-After (the handler reads `wait`)."""

    status_code = 429
    default_code = "throttled"

    def __init__(self, error: LimitReachedError) -> None:
        super().__init__(str(error))
        self.wait = error.retry_after


class ServiceUnavailable(APIException):
    """503: try again later."""

    status_code = 503
    default_code = "service_unavailable"
    default_detail = "This isn't possible right now. Try again in a minute."
    wait = 60


class StepUpRequired(PermissionDenied):
    """403: send the password or a code again."""

    default_code = "step_up_required"
    default_detail = (
        "Confirm it's you at /api/auth/step-up, and send the token you receive as X-Step-Up."
    )


def exception_handler(exc: Exception, context: dict[str, Any]) -> Response | None:
    """As in banking.kernel.api, plus 429, 503 and the message of a 403."""
    if isinstance(exc, LimitReachedError):
        exc = TooManyRequests(exc)
    elif isinstance(exc, LimitsUnavailableError):
        exc = ServiceUnavailable(str(exc))
    elif isinstance(exc, DjangoPermissionDenied):
        exc = PermissionDenied(str(exc) or None)
    response = base_handler(exc, context)
    if response is not None and isinstance(exc, StepUpRequired):
        # A step-up request is not a refusal; the audit trail records its outcome.
        cast(Any, response).is_question = True
    return response
