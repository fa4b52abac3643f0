"""`Idempotency-Key` at the API: POSTs that create money go through `answer_once`."""

import hashlib
from collections.abc import Callable
from typing import Any

from django.core.exceptions import ValidationError as DjangoValidationError
from django.core.files.uploadedfile import UploadedFile
from drf_spectacular.utils import OpenApiParameter
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from banking.limits import IDEMPOTENCY_KEY_LENGTH
from users.idempotency import CommandRunningError, KeyReusedError, run_once

IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    str,
    OpenApiParameter.HEADER,
    required=False,
    description=(
        "A text of your own (a UUID is fine), at most 200 characters, new for every command. The "
        "same key with the same body answers the same and takes effect once, for seven days; "
        "with another body it is refused with 422."
    ),
)


class KeyReused(APIException):
    """The same key, another command."""

    status_code = 422
    default_code = "idempotency_key_reused"
    default_detail = "This Idempotency-Key was used for another request. Send a new one."


class StillRunning(APIException):
    """The same command is being carried out by another request."""

    status_code = 409
    default_code = "still_running"
    default_detail = "The same request is still being carried out. Ask again in a moment."


def answer_once(request: Request, command: Callable[[], tuple[int, Any]]) -> Response:
    """Answer with what `command` returns, (status, data), run at most once per Idempotency-Key.

    Put everything that reads the database into `command`. What a service refuses (a Django
    ValidationError) is an outcome and is kept; what the request itself lacks (DRF's errors) is
    not, so that the mended request may use the key again.
    """
    key = _key_of(request)

    def refusal(error: Exception) -> tuple[int, Any] | None:
        if not isinstance(error, DjangoValidationError):
            return None
        view = request.parser_context["view"]
        response = view.get_exception_handler()(error, view.get_exception_handler_context())
        return response.status_code, response.data

    try:
        status, data = run_once(
            user=request.user,
            key=key,
            body=[request.method, request.path, _body_of(request)] if key else None,
            command=command,
            refusal=refusal,
        )
    except KeyReusedError as error:
        raise KeyReused from error
    except CommandRunningError as error:
        raise StillRunning from error
    return Response(data, status=status)


def _key_of(request: Request) -> str:
    key = request.headers.get("Idempotency-Key", "").strip()
    if len(key) > IDEMPOTENCY_KEY_LENGTH or not (key.isascii() and key.isprintable()):
        sentence = f"Send at most {IDEMPOTENCY_KEY_LENGTH} printable ASCII characters."
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
    value.seek(0)
    return digest.hexdigest()
