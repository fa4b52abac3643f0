"""Verify that a webhook comes from Plaid (PROTOCOLS.md §1, webhook verification)."""

import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import datetime
from typing import Any, cast

import jwt
from jwt.algorithms import ECAlgorithm

OLDEST_SECONDS = 300
# How far Plaid's clock may be ahead of ours.
CLOCK_SKEW_SECONDS = 60
LONGEST_TOKEN = 4_000


class ForgedWebhookError(Exception):
    """The webhook is not from Plaid, is too old, or was modified."""


def verified(
    body: bytes, token: str, *, key_of: Callable[[str], dict[str, Any]], at: datetime
) -> dict[str, Any]:
    """The webhook's JSON, if signature, age and hash of the raw body are valid.

    `key_of(key id)` returns Plaid's public key as a JWK. Raises ForgedWebhookError.
    """
    claims = _claims(token, key_of)
    age = at.timestamp() - _seconds(claims.get("iat"))
    if not -CLOCK_SKEW_SECONDS <= age <= OLDEST_SECONDS:
        raise ForgedWebhookError
    digest = str(claims.get("request_body_sha256", ""))
    if not hmac.compare_digest(hashlib.sha256(body).hexdigest().encode(), digest.encode()):
        raise ForgedWebhookError
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict):
        raise ForgedWebhookError
    return content


def _claims(token: str, key_of: Callable[[str], dict[str, Any]]) -> dict[str, Any]:
    if not 0 < len(token) <= LONGEST_TOKEN:
        raise ForgedWebhookError
    try:
        header = jwt.get_unverified_header(token)
        key_id = header.get("kid")
        # Checked before the key is fetched: the token must not choose the algorithm.
        if header.get("alg") != "ES256" or not isinstance(key_id, str) or len(key_id) > 100:
            raise ForgedWebhookError
        key = key_of(key_id)
        if key.get("expired_at") is not None or key.get("kty") != "EC" or key.get("crv") != "P-256":
            raise ForgedWebhookError
        return jwt.decode(
            token,
            cast(Any, ECAlgorithm.from_jwk(key)),
            algorithms=["ES256"],
            # We check the age ourselves, in both directions, against the time of arrival.
            options={"verify_aud": False, "verify_iat": False, "require": ["iat"]},
        )
    except (jwt.PyJWTError, ValueError, TypeError) as error:
        raise ForgedWebhookError from error


def _seconds(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ForgedWebhookError
    return float(value)
