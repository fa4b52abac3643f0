"""Insight pages: each shows a chart, a table, and links to the transactions behind it."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from banking.limits import MERCHANTS_SHOWN
from insights.figures.burn_rate import burn_rate as burn_rate_figure
from insights.figures.cash_flow import cash_flow_months
from insights.figures.categories import categories as categories_figure
from insights.figures.figure_pages import (
    burn_rate_context,
    cash_flow_context,
    categories_context,
    merchants_context,
    net_worth_context,
    yearly_context,
)
from insights.figures.merchants import SHOWN
from insights.figures.merchants import merchants as merchants_figure
from insights.figures.net_worth_history import net_worth_history
from insights.figures.period_choice import PeriodChoice, choose_period, choose_year
from insights.figures.questions import Question, answer, wanted_in
from insights.figures.yearly import yearly as yearly_figure
from users.signed_in import UserRequest
from users.timezones import local_date

YEAR_BACK = "last_12_months"


@require_safe
def cash_flow(request: UserRequest) -> HttpResponse:
    """Income, expenses, net and savings rate, by month."""
    return _page(
        request, "cash_flow", lambda question: cash_flow_context(cash_flow_months(question))
    )


@require_safe
def categories(request: UserRequest) -> HttpResponse:
    """Spending by category and the biggest changes."""
    return _page(
        request,
        "categories",
        lambda question: categories_context(categories_figure(question)),
        default="this_month",
    )


@require_safe
def merchants(request: UserRequest) -> HttpResponse:
    """Spending by merchant."""
    limit = MERCHANTS_SHOWN if request.GET.get("limit") == str(MERCHANTS_SHOWN) else SHOWN
    return _page(
        request,
        "merchants",
        lambda question: merchants_context(merchants_figure(question, limit=limit), limit),
        default="this_month",
    )


@require_safe
def burn_rate(request: UserRequest) -> HttpResponse:
    """Average monthly spending, and how long the cash on hand lasts."""
    return _page(
        request, "burn_rate", lambda question: burn_rate_context(burn_rate_figure(question))
    )


@require_safe
def net_worth(request: UserRequest) -> HttpResponse:
    """Assets and debts at the end of each month."""
    return _page(
        request, "net_worth", lambda question: net_worth_context(net_worth_history(question))
    )


@require_safe
def yearly(request: UserRequest) -> HttpResponse:
    """One year compared with the year before."""
    return _page(
        request,
        "yearly",
        lambda question: yearly_context(yearly_figure(question)),
        choose=lambda params, on, default: choose_year(params, on=on),
    )


def _page(
    request: UserRequest,
    name: str,
    context_of: Callable[[Question], dict[str, Any]],
    *,
    default: str = YEAR_BACK,
    choose: Callable[..., PeriodChoice] = choose_period,
) -> HttpResponse:
    """Show the figure for the query string; if that is invalid, show its error and the default
    figure.
    """
    on, status = local_date(request.user.timezone, timezone.now()), 200
    try:
        wanted = wanted_in(request.GET, on=on, choose=choose, default=default)
    except ValidationError as error:
        for sentence in error.messages:
            messages.error(request, sentence)
        wanted, status = wanted_in({}, on=on, choose=choose, default=default), 422
    context = answer(wanted, user=request.user, figure=context_of)
    return render(request, f"insights/{name}.html", context, status=status)
