"""Charts for printed pages: SVG by pygal, in our pages' colors. Draws given figures only."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, cast

import pygal
from pygal.style import Style

INK, MUTED, LINE = "#161823", "#62656f", "#e5e5df"
# The engine takes characters that Inter lacks from the other loaded typefaces.
_FONT = "inter-latin"


@dataclass(frozen=True, slots=True)
class Slice:
    """One part of a whole: its name, size and color."""

    label: str
    amount: Decimal
    color: str


def ring(slices: Sequence[Slice], *, size: int = 300) -> bytes:
    """A ring chart of the parts; the table next to it names them."""
    chart = pygal.Pie(
        **_plain(width=size, height=size, colors=[part.color for part in slices]),
        inner_radius=0.62,
        margin=0,
        show_legend=False,
    )
    for part in slices:
        chart.add(part.label, float(part.amount))
    return cast(bytes, chart.render())


def columns(
    labels: Sequence[str], series: Sequence[tuple[str, str, Sequence[Decimal]]], *, width: int = 900
) -> bytes:
    """Grouped columns for each label; `series` holds (name, color, one amount per label)."""
    chart = pygal.Bar(
        **_plain(width=width, height=260, colors=[color for _name, color, _amounts in series]),
        margin=4,
        # pygal takes digits to be narrower than Inter's: without it, the first is cut.
        margin_left=14,
        spacing=12,
        legend_at_bottom=True,
        legend_at_bottom_columns=len(series),
        legend_box_size=10,
        show_y_guides=True,
        y_labels_major_count=4,
        show_minor_y_labels=False,
        value_formatter=lambda value: f"{value:,.0f}",
    )
    chart.x_labels = list(labels)
    for name, _color, amounts in series:
        chart.add(name, [float(amount) for amount in amounts])
    return cast(bytes, chart.render())


def _plain(*, width: int, height: int, colors: Sequence[str]) -> dict[str, Any]:
    """Common chart options: our font, no frame, no script, nothing from another host."""
    style = Style(
        background="transparent",
        plot_background="transparent",
        foreground=MUTED,
        foreground_strong=INK,
        foreground_subtle=LINE,
        guide_stroke_color=LINE,
        major_guide_stroke_color=LINE,
        guide_stroke_dasharray="0",
        major_guide_stroke_dasharray="0",
        opacity="1",
        font_family=_FONT,
        label_font_size=13,
        major_label_font_size=13,
        legend_font_size=14,
        no_data_font_size=14,
        colors=tuple(colors) or (MUTED,),
    )
    return {
        "style": style,
        "width": width,
        "height": height,
        "js": (),
        "explicit_size": True,
        "print_values": False,
        "stroke": False,
    }
