"""Refusals outside of DRF, in the API's one error shape."""

from django.core.exceptions import ValidationError
from django.http import HttpRequest, JsonResponse

# Each value is what the schema says, but a rule refuses them: together, here or now.
REFUSED = "refused"


def refused(field: str, sentence: str) -> ValidationError:
    """What to raise where the values of a request are right one by one, but not together."""
    return ValidationError({field: ValidationError(sentence, code=REFUSED)})


def is_api(request: HttpRequest) -> bool:
    return request.path.startswith("/api/")


def api_refusal(
    *, status: int, code: str, detail: str, headers: dict[str, str] | None = None
) -> JsonResponse:
    """One error in the shape of `banking.kernel.api`."""
    kind = "server_error" if status >= 500 else "client_error"
    errors = [{"code": code, "detail": detail, "attr": None}]
    return JsonResponse({"type": kind, "errors": errors}, status=status, headers=headers)
