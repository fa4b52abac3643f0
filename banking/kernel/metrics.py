"""`/metrics` for Prometheus: for this machine, or with METRICS_TOKEN."""

import ipaddress
import secrets
from collections.abc import Iterator
from typing import cast

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django_prometheus.exports import ExportToDjangoView
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric

from banking.kernel.upward import Callbacks

# Called with the time; each yields families that describe the product's state.
state_readers = Callbacks()


@login_not_required
def metrics(request: HttpRequest) -> HttpResponse:
    """Counts of these processes and the state of the product; a 404 for anyone without access."""
    if not (_shows_token(request) or _is_local(request)):
        raise Http404
    response = cast(HttpResponse, ExportToDjangoView(request))
    response.content += generate_latest(cast(CollectorRegistry, _State()))
    return response


class _State:
    """Reads the state as Prometheus's client expects it. Without a database only that is said."""

    def collect(self) -> Iterator[Metric]:
        found: list[Metric] = []
        try:
            for read in state_readers.functions():
                found.extend(read(timezone.now()))
        except DatabaseError:
            found.clear()
        readable = GaugeMetricFamily(
            "banking_state_readable", "Whether the database answers.", value=float(bool(found))
        )
        return iter([readable, *found])


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
