"""App-independent views: health checks, error pages."""

import sys

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template import loader
from django.views.defaults import page_not_found

from banking.kernel.outages import is_outage
from banking.kernel.refusals import api_refusal, is_api
from banking.readiness import readiness
from banking.styleguide import samples


@login_not_required
def healthz(request: HttpRequest) -> JsonResponse:
    """The process responds."""
    return JsonResponse({"status": "ok"})


@login_not_required
def readyz(request: HttpRequest) -> JsonResponse:
    """Checks database, migrations, cache and broker with real queries; 503 if one is down or does
    not answer within a second.
    """
    checks = readiness()
    is_ready = all(checks.values())
    return JsonResponse(
        {"status": "ok" if is_ready else "unavailable", "checks": checks},
        status=200 if is_ready else 503,
    )


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form without a valid token: its page was open too long, or it is not ours."""
    return render(request, "403_csrf.html", status=403)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """An unreadable request; a 413 for a body that is too large."""
    status = 413 if isinstance(exception, RequestDataTooBig) else 400
    if is_api(request):
        code = "too_large" if status == 413 else "bad_request"
        detail = "We can't process this request."
        return api_refusal(status=status, code=code, detail=detail)
    return render(request, f"{status}.html", status=status)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """An unknown URL: an error page, or in the API one error in the API's shape."""
    if is_api(request):
        return api_refusal(status=404, code="not_found", detail="Page not found.")
    return page_not_found(request, exception)


def server_error(request: HttpRequest) -> HttpResponse:
    """A 503 while the database is down, busy or read-only, otherwise a 500, without details.

    Rendered without context processors, because one of them may have failed.
    """
    is_away = is_outage(sys.exc_info()[1])
    status = 503 if is_away else 500
    headers = {"Retry-After": "5"} if is_away else {}
    if is_api(request):
        detail = "The service is briefly unavailable. Please try again."
        if not is_away:
            detail = "Something went wrong on our side. We've been notified."
        code = "unavailable" if is_away else "error"
        return api_refusal(status=status, code=code, detail=detail, headers=headers)
    page = loader.get_template(f"{status}.html").render()
    return HttpResponse(page, status=status, headers=headers)


def styleguide(request: HttpRequest) -> HttpResponse:
    """Every component on one page; only with DEBUG."""
    return render(request, "styleguide.html", samples())
