"""The forecast with its hit rate for one person, used by the page and the API."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from django.core.exceptions import ValidationError

from banking.kernel.read_together import read_together
from banking.kernel.snapshot import read_snapshot
from insights.figures.coverage import Coverage, asking_coverage, insights_coverage
from insights.forecast.forecast import Forecast, forecast_at
from insights.forecast.forecast_ledger import BILLED_IN, HORIZONS, load_ledger
from insights.forecast.hit_rate import HitRate, hit_rate, origins_for
from insights.forecast.kept_hit_rate import keep, kept, key_of
from users.models import User


@dataclass(frozen=True, slots=True)
class ForecastSummary:
    """`hit_rate` is None without enough history to measure it."""

    coverage: Coverage
    forecast: Forecast
    hit_rate: HitRate | None


def forecast_summary(
    *, user: User, on: date, days: int, currency: str = "", include_shared: bool | None = None
) -> ForecastSummary:
    """The forecast for `user` made on the date `on`, in their base currency or another.

    Raises PermissionDenied without the role for it.
    """
    currency = currency or user.base_currency
    with read_snapshot():
        read_together(*asking_coverage(user), BILLED_IN.asking(user.pk))
        coverage = insights_coverage(user, include_shared=include_shared)
        key = key_of(coverage, on=on, days=days, currency=currency)
        known = kept(key)
        ledger = load_ledger(
            coverage=coverage,
            currency=currency,
            on=on,
            origins=() if known else origins_for(on),
        )
    forecast = forecast_at(ledger, on, days)
    if not known:
        known = [hit_rate(ledger, days) if forecast.is_known else None]
        keep(key, known[0])
    return ForecastSummary(coverage=coverage, forecast=forecast, hit_rate=known[0])


def horizon_in(params: Mapping[str, str]) -> int:
    """Read `days=30`, 60 or 90; 30 by default. Raises ValidationError."""
    text = params.get("days") or str(HORIZONS[0])
    if text not in [str(days) for days in HORIZONS]:
        raise ValidationError({"days": "Choose 30, 60 or 90 days."})
    return int(text)
