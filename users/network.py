"""Where a request comes from."""

import ipaddress

from django.conf import settings
from django.http import HttpRequest


def client_address(request: HttpRequest) -> str | None:
    """The caller's address. X-Forwarded-For counts only from TRUSTED_PROXY_COUNT proxies of ours:
    its last entries are theirs, anything before is the caller's own invention."""
    forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "")
    proxies = settings.TRUSTED_PROXY_COUNT
    if proxies and forwarded:
        hops = [hop.strip() for hop in forwarded.split(",")]
        candidate = hops[-proxies] if len(hops) >= proxies else hops[0]
    else:
        candidate = request.META.get("REMOTE_ADDR", "")
    try:
        # Without the zone of a link-local address: PostgreSQL's inet does not know it.
        address = ipaddress.ip_address(candidate.partition("%")[0])
    except ValueError:
        return None
    mapped = getattr(address, "ipv4_mapped", None)
    return str(mapped or address)


def network_of(address: str | None) -> str:
    """The neighbourhood that one attacker can hold whole: an IPv4 /24, an IPv6 /64."""
    if not address:
        return "unknown"
    prefix = 24 if ipaddress.ip_address(address).version == 4 else 64
    return str(ipaddress.ip_network(f"{address}/{prefix}", strict=False))
