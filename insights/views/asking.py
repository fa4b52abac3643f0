"""The search page, and the same results for the command palette."""

from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from insights.asking.answers import EXAMPLES
from insights.asking.finding import Found, as_json, find
from users.signed_in import UserRequest
from users.timezones import local_date


@require_safe
def ask(request: UserRequest) -> HttpResponse:
    """Search, ask and act in words, also without JavaScript."""
    words = request.GET.get("q", "")
    results = _results(request)
    context = {
        "words": words,
        "results": results,
        # A refusal says what is not known; the examples say what is.
        "is_found": any(result.url for result in results),
        "examples": EXAMPLES,
    }
    return render(request, "insights/ask.html", context)


@require_safe
def find_json(request: UserRequest) -> JsonResponse:
    """The results for the command palette."""
    return JsonResponse({"results": as_json(_results(request))})


def _results(request: UserRequest) -> list[Found]:
    today = local_date(request.user.timezone, timezone.now())
    return find(request, request.GET.get("q", ""), today=today)
