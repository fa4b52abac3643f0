"""The private parts of django-allauth that we use: here and nowhere else.

tests/test_private_parts.py names the version this was written for. On another version look at each
of them again, then change the number there.
"""

from allauth.account.internal.flows.email_verification import send_verification_email_to_address
from allauth.account.internal.flows.login import (
    clear_authentication_records,
    get_authentication_records,
)
from allauth.account.internal.flows.password_reset import request_password_reset
from allauth.account.internal.flows.reauthentication import suspend_request

__all__ = [
    "clear_authentication_records",
    "get_authentication_records",
    "request_password_reset",
    "send_verification_email_to_address",
    "suspend_request",
]
