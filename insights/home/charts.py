"""What the home page's charts draw: paths in whole units, one a day wide and a thousandth high.

The templates draw them as SVG without scripts; a table next to each chart has the same numbers.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from itertools import pairwise

from insights.figures.net_worth_history import WorthPoint
from insights.home.pace import MonthPace

_LINES = 3
_STEPS = (Decimal(1), Decimal(2), Decimal("2.5"), Decimal(5), Decimal(10))
# A label closer to the edge than this is aligned to its point's start or end.
_EDGE = Decimal(12)


@dataclass(frozen=True, slots=True)
class Tick:
    """A horizontal line at `y` percent from the top, and the amount it stands for."""

    y: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Mark:
    """A point at `x` and `y` percent; `anchor` keeps its label inside the drawing."""

    x: str
    y: str
    anchor: str


@dataclass(frozen=True, slots=True)
class PaceChart:
    """The path of each line, "" if there is no such line; `width` days, of which some passed."""

    width: int
    passed: int
    spent: str
    area: str
    before: str
    budget: str
    projected: str
    grid: str
    ticks: tuple[Tick, ...]
    today: Mark | None
    end: Mark | None


@dataclass(frozen=True, slots=True)
class WorthChart:
    """Net worth over `width` days."""

    width: int
    line: str
    area: str
    grid: str
    ticks: tuple[Tick, ...]
    last: Mark


@dataclass(frozen=True, slots=True)
class _Scale:
    low: Decimal
    high: Decimal

    def y(self, amount: Decimal) -> Decimal:
        return 100 - (amount - self.low) * 100 / (self.high - self.low)

    def place(self, amount: Decimal) -> int:
        """Thousandths of the height from the top."""
        return round(self.y(amount) * 10)

    def path(self, points: Sequence[tuple[int, Decimal]]) -> str:
        """Through the points, by steps: they have fewer digits than places."""
        placed = [(x, self.place(amount)) for x, amount in points]
        (x, y), steps = placed[0], pairwise(placed)
        return f"M{x} {y}l" + " ".join(
            f"{after[0] - at[0]}{after[1] - at[1]:+}" for at, after in steps
        )

    def grid(self, ticks: Iterable[Tick], width: int) -> str:
        return "".join(f"M0 {self.place(tick.amount)}h{width}" for tick in ticks)

    def ticks(self, step: Decimal) -> tuple[Tick, ...]:
        count = int((self.high - self.low) / step)
        amounts = [self.low + step * number for number in range(count + 1)]
        return tuple(Tick(_text(self.y(amount)), amount) for amount in amounts)


def pace_chart(pace: MonthPace) -> PaceChart:
    """The month's lines. The first day's spending is one day's width from the left edge."""
    days = pace.days
    known = [day.spent for day in days if day.spent is not None]
    amounts = [
        *known,
        *(day.before for day in days),
        *(day.budget for day in days if day.budget is not None),
        *(day.projected for day in days if day.projected is not None),
    ]
    step, scale = _scale([*amounts, Decimal(0)])
    width = len(days)

    def line(values: Sequence[Decimal | None]) -> str:
        points = [(number, value) for number, value in enumerate(values) if value is not None]
        return scale.path(points) if len(points) > 1 else ""

    zero, ticks = Decimal(0), scale.ticks(step)
    spent = line([zero, *known])
    passed = Decimal(len(known) * 100) / width
    return PaceChart(
        width=width,
        passed=len(known),
        spent=spent,
        area=f"{spent}V{scale.place(zero)}",
        before=line([zero, *(day.before for day in days)]) if pace.has_before else "",
        # A straight line.
        budget=scale.path([(0, zero), (width, pace.budget)]) if pace.budget is not None else "",
        projected=line([None, *(day.projected for day in days)]),
        grid=scale.grid(ticks, width),
        ticks=ticks,
        today=_mark(passed, known[-1], scale) if known and pace.is_running else None,
        end=_mark(Decimal(100), days[-1].projected, scale) if days[-1].projected else None,
    )


def worth_chart(points: Sequence[WorthPoint]) -> WorthChart | None:
    """The line through the points, by date; None for fewer than two."""
    if len(points) < 2:
        return None
    first, days = points[0].on, (points[-1].on - points[0].on).days
    step, scale = _scale([point.total for point in points])
    line = scale.path([((point.on - first).days, point.total) for point in points])
    ticks = scale.ticks(step)
    return WorthChart(
        width=days,
        line=line,
        area=f"{line}V1000H0",
        grid=scale.grid(ticks, days),
        ticks=ticks,
        last=_mark(Decimal(100), points[-1].total, scale),
    )


def _scale(amounts: Iterable[Decimal]) -> tuple[Decimal, _Scale]:
    """A round step for the axis, and a range in whole steps around the amounts.

    The range includes zero only if zero is among the amounts or close to them.
    """
    amounts = list(amounts)
    low, high = min(amounts), max(amounts)
    rough = (high - low) / _LINES or abs(high) / _LINES or Decimal(1)
    size = Decimal(10) ** (rough.adjusted())
    step = next(size * factor for factor in _STEPS if size * factor >= rough)
    bottom = (low / step).to_integral_value(ROUND_FLOOR) * step
    top = (high / step).to_integral_value(ROUND_CEILING) * step
    return step, _Scale(bottom, top if top > bottom else bottom + step)


def _mark(x: Decimal, amount: Decimal, scale: _Scale) -> Mark:
    anchor = "start" if x < _EDGE else "end" if x > 100 - _EDGE else "middle"
    return Mark(_text(x), _text(scale.y(amount)), anchor)


def _text(value: Decimal) -> str:
    return f"{value:.1f}".removesuffix(".0")
