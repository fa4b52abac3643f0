"""The forecast with its own hit rate, for one person: page and API alike."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from django.core.exceptions import ValidationError

from banking.snapshot import read_snapshot
from insights.coverage import Coverage, insights_coverage
from insights.forecast import Forecast, forecast_at
from insights.forecast_ledger import HORIZONS, load_ledger
from insights.hit_rate import HitRate, hit_rate, origins_for
from users.models import User


@dataclass(frozen=True, slots=True)
class ForecastSummary:
    """`hit_rate` is None while there is no past to measure it on."""

    coverage: Coverage
    forecast: Forecast
    hit_rate: HitRate | None


def forecast_summary(
    *, user: User, on: date, days: int, currency: str = "", include_shared: bool | None = None
) -> ForecastSummary:
    """The forecast for `user` made on the date `on`, in their base currency or another.

    Raises PermissionDenied without the role for it.
    """
    with read_snapshot():
        coverage = insights_coverage(user, include_shared=include_shared)
        ledger = load_ledger(
            coverage=coverage,
            currency=currency or user.base_currency,
            on=on,
            origins=origins_for(on),
        )
    forecast = forecast_at(ledger, on, days)
    return ForecastSummary(
        coverage=coverage,
        forecast=forecast,
        hit_rate=hit_rate(ledger, days) if forecast.is_known else None,
    )


def horizon_in(params: Mapping[str, str]) -> int:
    """`days=30`, 60 or 90; 30 unless asked. Raises ValidationError."""
    text = params.get("days") or str(HORIZONS[0])
    if text not in [str(days) for days in HORIZONS]:
        raise ValidationError({"days": "Choose 30, 60 or 90 days."})
    return int(text)
