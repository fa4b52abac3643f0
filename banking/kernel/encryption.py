"""Secrets at rest: what the database keeps is readable only with FIELD_ENCRYPTION_KEY."""

import base64
import hashlib

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings

_PREFIX = "enc1:"


class UnreadableSecretError(Exception):
    """It was encrypted with a key that is not known here."""


def encrypt(text: str) -> str:
    """With the current key; says of itself that it is encrypted."""
    return _PREFIX + _box().encrypt(text.encode()).decode()


def decrypt(text: str) -> str:
    """With the current key or an earlier one (FIELD_ENCRYPTION_KEY_FALLBACKS).

    What was stored before there was encryption is given back as it is.
    """
    if not text.startswith(_PREFIX):
        return text
    try:
        return _box().decrypt(text.removeprefix(_PREFIX).encode()).decode()
    except InvalidToken as error:
        raise UnreadableSecretError("FIELD_ENCRYPTION_KEY has changed.") from error


def renewed(text: str) -> str:
    """The same secret encrypted with the current key; what is not encrypted stays as it is."""
    return encrypt(decrypt(text)) if text.startswith(_PREFIX) else text


def _box() -> MultiFernet:
    keys = [settings.FIELD_ENCRYPTION_KEY, *settings.FIELD_ENCRYPTION_KEY_FALLBACKS]
    return MultiFernet([Fernet(_key_of(key)) for key in keys])


def _key_of(secret: str) -> bytes:
    return base64.urlsafe_b64encode(
        hashlib.sha256(b"banking.encryption:" + secret.encode()).digest()
    )
