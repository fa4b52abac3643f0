"""Encryption at rest: stored secrets are readable only with FIELD_ENCRYPTION_KEY."""

import base64
import hashlib

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings

_PREFIX = "enc1:"


class UnreadableSecretError(Exception):
    """The text was encrypted with an unknown key."""


def encrypt(text: str) -> str:
    """Encrypt with the current key; the result is marked as encrypted."""
    return _PREFIX + _box().encrypt(text.encode()).decode()


def decrypt(text: str) -> str:
    """Decrypt with the current key or an earlier one (FIELD_ENCRYPTION_KEY_FALLBACKS).

    Values stored before encryption was introduced are returned unchanged.
    """
    if not text.startswith(_PREFIX):
        return text
    try:
        return _box().decrypt(text.removeprefix(_PREFIX).encode()).decode()
    except InvalidToken as error:
        raise UnreadableSecretError("FIELD_ENCRYPTION_KEY has changed.") from error


def renewed(text: str) -> str:
    """The same secret encrypted with the current key; unencrypted values stay unchanged."""
    return encrypt(decrypt(text)) if text.startswith(_PREFIX) else text


def _box() -> MultiFernet:
    keys = [settings.FIELD_ENCRYPTION_KEY, *settings.FIELD_ENCRYPTION_KEY_FALLBACKS]
    return MultiFernet([Fernet(_key_of(key)) for key in keys])


def _key_of(secret: str) -> bytes:
    return base64.urlsafe_b64encode(
        hashlib.sha256(b"banking.encryption:" + secret.encode()).digest()
    )
