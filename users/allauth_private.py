"""The private parts of django-allauth that we use. Import them nowhere else.

tests/test_private_parts.py pins the version this was written for. After an upgrade, review each of
them, then change the version there.
"""

from allauth.account.internal.flows.email_verification import send_verification_email_to_address
from allauth.account.internal.flows.login import (
    clear_authentication_records,
    get_authentication_records,
)
from allauth.account.internal.flows.password_reset import request_password_reset
from allauth.account.internal.flows.reauthentication import suspend_request
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import (
    TOTP,
    generate_totp_secret,
    hotp_value,
    validate_totp_code,
)

__all__ = [
    "TOTP",
    "RecoveryCodes",
    "clear_authentication_records",
    "generate_totp_secret",
    "get_authentication_records",
    "hotp_value",
    "request_password_reset",
    "send_verification_email_to_address",
    "suspend_request",
    "validate_totp_code",
]
