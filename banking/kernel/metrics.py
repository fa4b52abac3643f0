"""`/metrics` for Prometheus: for this machine, or with METRICS_TOKEN."""

import ipaddress
import secrets
from typing import cast

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django_prometheus.exports import ExportToDjangoView


@login_not_required
def metrics(request: HttpRequest) -> HttpResponse:
    """Counts and durations of requests; a 404 for anyone without access."""
    if not (_shows_token(request) or _is_local(request)):
        raise Http404
    return cast(HttpResponse, ExportToDjangoView(request))


def _shows_token(request: HttpRequest) -> bool:
    shown = request.headers.get("Authorization", "").removeprefix("Bearer ")
    token = settings.METRICS_TOKEN
    return bool(token) and secrets.compare_digest(shown.encode(), token.encode())


def _is_local(request: HttpRequest) -> bool:
    """From this machine and not through a proxy, which would make every request look local."""
    if settings.METRICS_TOKEN or request.headers.get("X-Forwarded-For"):
        return False
    try:
        return ipaddress.ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False
