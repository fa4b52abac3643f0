"""Handle webhooks from banks. A webhook only triggers a sync; its content is not trusted.

Repeated, late or reordered webhooks therefore lead to the same state.
"""

from datetime import datetime
from typing import Any, cast

from django.core.cache import cache

from accounts.models import BankConnection
from transactions.sources.banks.connecting import BankError, Problem
from transactions.sources.banks.plaid import Plaid
from transactions.sources.banks.plaid_webhook import ForgedWebhookError, verified
from transactions.sources.banks.providers import PLAID

KEY_KEPT_SECONDS = 3600
UNKNOWN_KEPT_SECONDS = 300


def take_plaid_webhook(*, body: bytes, signature: str, at: datetime) -> BankConnection | None:
    """The connection to sync because of this webhook, or None if it is not one of ours.

    Raises ForgedWebhookError unless Plaid signed it within the last five minutes.
    """
    event = verified(body, signature, key_of=_key_of, at=at)
    item_id = event.get("item_id")
    if not isinstance(item_id, str) or not item_id:
        return None
    open_ones = BankConnection.objects.filter(provider=PLAID, disconnected_at=None)
    return open_ones.filter(external_id=item_id).first()


def _key_of(key_id: str) -> dict[str, Any]:
    """Plaid's key, fetched at most once an hour. Invented IDs are not looked up repeatedly."""
    name = f"plaid-webhook-key:{key_id}"
    known: Any = cache.get(name)
    if known == "unknown":
        raise ForgedWebhookError
    if known is not None:
        return cast(dict[str, Any], known)
    try:
        key = Plaid().verification_key(key_id)
    except BankError as error:
        if error.problem is not Problem.DOWN:
            cache.set(name, "unknown", UNKNOWN_KEPT_SECONDS)
        raise ForgedWebhookError from error
    cache.set(name, key, KEY_KEPT_SECONDS)
    return key
