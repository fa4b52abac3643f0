"""The home page."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.models import AccountShare
from insights.figures.home_page import home_context
from insights.figures.overview import overview
from insights.figures.period_choice import choose_period
from insights.figures.questions import include_shared_in
from insights.recurring.open_doubts import open_doubts_count
from transactions.models import ReviewItem
from users.signed_in import UserRequest
from users.timezones import local_date


@require_safe
def home(request: UserRequest) -> HttpResponse:
    """Net worth, the period's cash flow and categories, the year's trend, recent activity."""
    on = local_date(request.user.timezone, timezone.now())
    status = 200
    try:
        choice, shared = choose_period(request.GET, on=on), include_shared_in(request.GET)
    except ValidationError as error:
        for sentence in error.messages:
            messages.error(request, sentence)
        choice, shared, status = choose_period({}, on=on), None, 422
    figures = overview(user=request.user, choice=choice, on=on, include_shared=shared)
    context: dict[str, Any] = {
        "invitation_count": AccountShare.objects.offered_to(request.user).count(),
        "review_count": ReviewItem.objects.visible_to(request.user).open().count(),
        "doubt_count": open_doubts_count(user=request.user, on=on),
    }
    if figures.is_empty:
        context["overview"] = figures
        return render(request, "insights/home_empty.html", context, status=status)
    return render(request, "insights/home.html", context | home_context(figures), status=status)
