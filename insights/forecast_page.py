"""What the page of the forecast shows beside the figures."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from insights.expected_events import Event
from insights.forecast import LEAST_HISTORY_DAYS
from insights.forecast_summary import HORIZONS, ForecastSummary


@dataclass(frozen=True, slots=True)
class Day:
    """What is expected on one day."""

    on: date
    events: tuple[Event, ...]


def forecast_context(summary: ForecastSummary) -> dict[str, Any]:
    """Everything `templates/insights/forecast.html` needs."""
    forecast = summary.forecast
    by_day: dict[date, list[Event]] = {}
    for event in forecast.events:
        by_day.setdefault(event.on, []).append(event)
    return {
        "summary": summary,
        "forecast": forecast,
        "hit_rate": summary.hit_rate,
        "currency": forecast.currency,
        "horizons": HORIZONS,
        "end": forecast.points[-1] if forecast.points else None,
        "days": [Day(on, tuple(events)) for on, events in sorted(by_day.items())],
        "below_zero": next((point for point in forecast.points if point.low < 0), None),
        "missing_days": LEAST_HISTORY_DAYS - forecast.history_days,
        "spends": forecast.everyday <= 0,
        "per_day": abs(forecast.everyday),
    }
