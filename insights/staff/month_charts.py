"""Charts of twelve months for the staff site: bars drawn as SVG, with their figures for a table."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from insights.models import MonthCount
from insights.staff.month_counts import last_months

# In SVG units; the page scales them.
WIDTH, HEIGHT, GAP = 360, 96, 6
# So that one failure among thousands can be seen.
_LEAST = 3
# A month, how often something happened in it (None: not counted), and how often it failed.
Point = tuple[date, int | None, int]


@dataclass(frozen=True, slots=True)
class Bar:
    """One month: a bar that stands on the chart's bottom, its lower part for what failed."""

    month: date
    count: int | None
    failed: int
    x: float
    width: float
    height: float
    failed_height: float

    @property
    def y(self) -> float:
        return round(HEIGHT - self.height, 1)

    @property
    def failed_y(self) -> float:
        return round(HEIGHT - self.failed_height, 1)


@dataclass(frozen=True, slots=True)
class Chart:
    """Bars side by side; `can_fail` says whether the table has a column for failures."""

    title: str
    bars: list[Bar]
    can_fail: bool

    @property
    def most(self) -> int:
        """What the highest bar stands for."""
        return max((bar.count or 0 for bar in self.bars), default=0)

    @property
    def since(self) -> date | None:
        """The first month that was counted; None if none was."""
        return next((bar.month for bar in self.bars if bar.count is not None), None)

    @property
    def count(self) -> int:
        """All months together."""
        return sum(bar.count or 0 for bar in self.bars)

    @property
    def failed(self) -> int:
        """All months' failures."""
        return sum(bar.failed for bar in self.bars)


def chart_of(title: str, points: Sequence[Point], *, can_fail: bool = False) -> Chart:
    """The chart, scaled so that the highest bar fills it."""
    most = max((count or 0 for _, count, _ in points), default=0) or 1
    step = WIDTH / max(1, len(points))
    bars = [
        Bar(
            month=month,
            count=count,
            failed=failed,
            x=round(index * step + GAP / 2, 1),
            width=round(step - GAP, 1),
            height=_height(count or 0, most),
            failed_height=_height(failed, most),
        )
        for index, (month, count, failed) in enumerate(points)
    ]
    return Chart(title, bars, can_fail)


def _height(count: int, most: int) -> float:
    return max(_LEAST, round(HEIGHT * count / most, 1)) if count else 0


def month_charts(at: datetime) -> list[Chart]:
    """What happened and failed in each of the last twelve months, in one query."""
    months = last_months(at)
    rows = {
        (row.subject, row.month): (row.count, row.failed_count)
        for row in MonthCount.objects.filter(month__in=months)
    }
    charts = []
    for subject in MonthCount.Subject:
        counts = [rows.get((subject, month), (None, 0)) for month in months]
        points = [(month, *counted) for month, counted in zip(months, counts, strict=True)]
        can_fail = subject != MonthCount.Subject.EXPORTS
        charts.append(chart_of(str(subject.label), points, can_fail=can_fail))
    return charts
