"""`Idempotency-Key` in the API: every command that creates something is `@idempotent`."""

import hashlib
from collections.abc import Callable
from functools import wraps
from typing import Any, cast

from django.core.exceptions import ValidationError as DjangoValidationError
from django.core.files.uploadedfile import UploadedFile
from drf_spectacular.utils import OpenApiParameter
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.status import HTTP_202_ACCEPTED

from banking.limits import IDEMPOTENCY_KEY_LENGTH
from users.idempotency import CommandRunningError, KeyReusedError, is_kept, run_once
from users.signed_in import user_of

# Printable ASCII with at least one character that isn't a space.
_KEY_PATTERN = "^[ -~]*[!-~][ -~]*$"
IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    {"type": "string", "pattern": _KEY_PATTERN, "maxLength": IDEMPOTENCY_KEY_LENGTH},
    OpenApiParameter.HEADER,
    required=False,
    description=(
        "Any text of up to 200 characters, such as a UUID; use a new one for every command. "
        "For seven days, the same key with the same body takes effect only once and returns the "
        "same response. With a different body the response is 422."
    ),
)
REPLAYED = OpenApiParameter(
    "Idempotency-Replayed",
    str,
    OpenApiParameter.HEADER,
    response=True,
    enum=["true"],
    description="Sent if this response was stored by an earlier request with the same key.",
)
HEADERS = (IDEMPOTENCY_KEY, REPLAYED)


class KeyReused(APIException):
    """The same key was used for a different command."""

    status_code = 422
    default_code = "idempotency_key_reused"
    default_detail = (
        "This Idempotency-Key was already used for a different request. Send a new one."
    )


class StillRunning(APIException):
    """Another request is still running the same command."""

    status_code = 409
    default_code = "still_running"
    default_detail = "The same request is still being processed. Try again in a moment."


def idempotent(method: Callable[..., Response]) -> Callable[..., Response]:
    """Run a view method at most once per Idempotency-Key, atomically.

    Put it under `@operation`, which documents the header. The response's status and data are
    stored; for a 202 the data's `url` is its Location. A service's refusal (a Django
    ValidationError) is an outcome and is stored; an invalid request (DRF's errors) is not, so a
    corrected request may use the key again.
    """

    @wraps(method)
    def once(view: Any, request: Request, *args: Any, **kwargs: Any) -> Response:
        def command() -> tuple[int, Any]:
            response = method(view, request, *args, **kwargs)
            return response.status_code, response.data

        return answer_once(request, command)

    cast(Any, once).headers = HEADERS
    return once


def answer_once(request: Request, command: Callable[[], tuple[int, Any]]) -> Response:
    """Respond with (status, data) of `command`, run at most once per Idempotency-Key."""
    key = _key_of(request)

    def attempt() -> tuple[int, Any]:
        _rewind_files(request)
        return command()

    def refusal(error: Exception) -> tuple[int, Any] | None:
        if not isinstance(error, DjangoValidationError):
            return None
        view = request.parser_context["view"]
        response = view.get_exception_handler()(error, view.get_exception_handler_context())
        return response.status_code, response.data

    try:
        outcome = run_once(
            user=user_of(request),
            key=key,
            body=[request.method, request.path, _body_of(request)] if key else None,
            command=attempt,
            refusal=refusal,
        )
    except KeyReusedError as error:
        raise KeyReused from error
    except CommandRunningError as error:
        raise StillRunning from error
    headers = {"Idempotency-Replayed": "true"} if outcome.is_replay else {}
    if outcome.status == HTTP_202_ACCEPTED and "url" in outcome.data:
        headers["Location"] = outcome.data["url"]
    return Response(outcome.data, status=outcome.status, headers=headers)


def _rewind_files(request: Request) -> None:
    """An attempt that the database undid may have read them."""
    if request.content_type.startswith("multipart/"):
        for file in request.FILES.values():
            file.seek(0)


def was_answered(request: Request) -> bool:
    """Whether `answer_once` will repeat a response; check it before calling other systems."""
    return is_kept(user_of(request), _key_of(request))


def _key_of(request: Request) -> str:
    if "Idempotency-Key" not in request.headers:
        return ""
    key = request.headers["Idempotency-Key"].strip()
    # granian passes a non-ASCII header as an empty one. If that meant no key, a retry could make
    # the same transfer twice.
    if not 0 < len(key) <= IDEMPOTENCY_KEY_LENGTH or not (key.isascii() and key.isprintable()):
        sentence = (
            f"Send 1 to {IDEMPOTENCY_KEY_LENGTH} printable ASCII characters, or leave it out."
        )
        raise ValidationError({"Idempotency-Key": [sentence]})
    return key


def _body_of(request: Request) -> Any:
    data = request.data
    if hasattr(data, "lists"):
        return {name: [_digest_of(value) for value in values] for name, values in data.lists()}
    return data


def _digest_of(value: Any) -> Any:
    if not isinstance(value, UploadedFile):
        return value
    digest = hashlib.sha256()
    for chunk in value.chunks():
        digest.update(chunk)
    return digest.hexdigest()
