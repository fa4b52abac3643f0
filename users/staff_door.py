"""Optional requirements for staff besides their role: a trusted network and a second factor.

Both are off by default. The admin site and /api/admin/ check them here.
"""

import ipaddress

from django.conf import settings
from django.http import HttpRequest

from users.models import User
from users.network import client_address
from users.services.sessions import needs_otp


def problem_at_staff_door(request: HttpRequest, user: User) -> str:
    """Why this staff member is refused from here; "" if nothing is in the way."""
    if settings.ADMIN_IP and not _is_allowed(client_address(request)):
        return "The admin site isn't available from your network."
    if settings.STAFF_MFA_REQUIRED and not needs_otp(user):
        return (
            "Staff need two-step verification. Set it up under Settings, Two-step "
            "verification, then come back."
        )
    return ""


def _is_allowed(address: str | None) -> bool:
    networks = [ipaddress.ip_network(network, strict=False) for network in settings.ADMIN_IP]
    return address is not None and any(
        ipaddress.ip_address(address) in network for network in networks
    )
