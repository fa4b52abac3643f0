"""The context of the forecast page."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.urls import reverse

from banking.limits import FORECAST_LEAST_DAYS
from insights.figures.links import Links
from insights.forecast.expected_events import Event
from insights.forecast.forecast_ledger import HORIZONS
from insights.forecast.forecast_summary import ForecastSummary
from insights.recurring.recurring_page import lines_of
from users.policy import Ability, may

# Payments expected sooner than this are shown at once; the rest can be expanded.
SOON_DAYS = 31


@dataclass(frozen=True, slots=True)
class Line:
    """One expected payment, with links to its bill, transaction or past transactions."""

    event: Event
    url: str


def forecast_context(summary: ForecastSummary) -> dict[str, Any]:
    """The context of `templates/insights/forecast.html`."""
    forecast, links = summary.forecast, Links(summary.coverage)
    soon_until = forecast.on + timedelta(days=SOON_DAYS)
    lines = [Line(event, event_url(event, links)) for event in forecast.events]
    return {
        "summary": summary,
        "forecast": forecast,
        "hit_rate": summary.hit_rate,
        "currency": forecast.currency,
        "currencies": summary.coverage.currencies(forecast.currency),
        "doubts": forecast.doubts,
        "may_change": may(summary.coverage.user, Ability.CHANGE_OWN_DATA),
        "horizons": HORIZONS,
        "end": forecast.points[-1] if forecast.points else None,
        "soon": [line for line in lines if line.event.on <= soon_until],
        "later": [line for line in lines if line.event.on > soon_until],
        "below_zero": next((point for point in forecast.points if point.low < 0), None),
        "missing_days": FORECAST_LEAST_DAYS - forecast.history_days,
        "spends": forecast.everyday <= 0,
        "per_day": abs(forecast.everyday),
    }


def event_url(event: Event, links: Links) -> str:
    """Where an expected payment leads: its past lines, its transaction, or its bill."""
    if event.recurring is not None:
        return lines_of(event.recurring, links)
    if event.transaction_id is not None:
        return reverse("transactions:transaction_detail", args=[event.transaction_id])
    return reverse("bills:bill_detail", args=[event.bill_id])
