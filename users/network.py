"""The network origin of a request."""

import ipaddress

from django.conf import settings
from django.http import HttpRequest


def client_address(request: HttpRequest) -> str | None:
    """The client's IP address. Only the last TRUSTED_PROXY_COUNT entries of X-Forwarded-For come
    from our proxies; clients can forge the others.
    """
    forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "")
    proxies = settings.TRUSTED_PROXY_COUNT
    if proxies and forwarded:
        hops = [hop.strip() for hop in forwarded.split(",")]
        candidate = hops[-proxies] if len(hops) >= proxies else hops[0]
    else:
        candidate = request.META.get("REMOTE_ADDR", "")
    try:
        # Strip a link-local address's zone: PostgreSQL's inet type does not support it.
        address = ipaddress.ip_address(candidate.partition("%")[0])
    except ValueError:
        return None
    mapped = getattr(address, "ipv4_mapped", None)
    return str(mapped or address)


def network_of(address: str | None) -> str:
    """The network one attacker may fully control: an IPv4 /24, an IPv6 /64."""
    if not address:
        return "unknown"
    prefix = 24 if ipaddress.ip_address(address).version == 4 else 64
    return str(ipaddress.ip_network(f"{address}/{prefix}", strict=False))
