"""Template builtins: money in the reader's locale, icons, navigation, small drawings as SVG.

The content security policy forbids inline styles, so data-dependent looks (a width, a color) are
SVG attributes.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import date
from datetime import time as dt_time
from decimal import Decimal
from functools import lru_cache
from itertools import pairwise
from typing import Any

from django import template
from django.conf import settings
from django.contrib.messages.storage.base import Message
from django.template.defaultfilters import floatformat as django_floatformat
from django.templatetags.static import static
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from banking.kernel import formats, stylesheets
from banking.kernel.icons import NoSuchIconError, draw, shapes
from banking.kernel.money import (
    FIRST_STRONG_ISOLATE,
    POP_ISOLATE,
    format_compact,
    format_money,
    minor_unit_digits,
    plain_amount,
    plain_rate,
)

register = template.Library()

_COLOR = re.compile(r"#[0-9a-fA-F]{6}")
_FALLBACK_COLOR = "#64748b"
# A bar further above its limit than this looks the same.
MOST_PERCENT_DRAWN = 400.0
NO_CATEGORY_ICON = "circle-question-mark"


# --- Money --------------------------------------------------------------------------------------


def _reader_locale(context: dict[str, Any]) -> str:
    """Contexts without a request, such as PDFs, provide the reader's `locale`."""
    reader = getattr(context.get("request"), "user", None)
    locale: Any = context.get("locale") or getattr(reader, "locale", "en-US")
    return str(locale)


def _amount_text(amount: Decimal, currency: str, locale: str) -> str:
    """The amount in this locale; what it stands in isolates it, so it needs no isolates itself."""
    written = format_money(amount, currency, locale)
    return written.strip(FIRST_STRONG_ISOLATE + POP_ISOLATE)


@register.simple_tag(takes_context=True)
def money(context: dict[str, Any], amount: Decimal | None, currency: str) -> SafeString:
    """{% money account.balance account.currency %}: the amount in the signed-in user's locale."""
    if amount is None:
        return mark_safe("–")
    return format_html("<bdi>{}</bdi>", _amount_text(amount, currency, _reader_locale(context)))


@register.simple_tag(takes_context=True)
def money_figure(
    context: dict[str, Any],
    amount: Decimal | None,
    currency: str,
    signed: bool = False,
    small_cents: bool = False,
) -> SafeString:
    """As `money_html`, in the signed-in user's locale."""
    return money_html(
        amount, currency, _reader_locale(context), signed=signed, small_cents=small_cents
    )


@register.simple_tag(takes_context=True)
def figure_as_read(context: dict[str, Any], amount: Decimal, currency: str) -> SafeString:
    """As `money_figure`, signed, but an amount with more decimals than its currency has keeps them:
    rounded, it would look like an amount that could be added.
    """
    decimals = -int(amount.normalize().as_tuple().exponent)
    if decimals <= minor_unit_digits(currency):
        return money_html(amount, currency, _reader_locale(context), signed=True)
    written = f"{amount:f}".replace("-", "\N{MINUS SIGN}")
    return format_html('<data value="{}">{} {}</data>', amount, written, currency)


def money_html(
    amount: Decimal | None,
    currency: str,
    locale: str,
    *,
    signed: bool = False,
    small_cents: bool = False,
) -> SafeString:
    """An amount that the privacy toggle blurs; `signed`: inflows are green with a plus sign.

    `small_cents` makes the minor units smaller, for the large figure of a tile.
    """
    if amount is None:
        return mark_safe('<span class="money money--none">–</span>')
    return _figure(str(amount), currency, locale, signed, small_cents)


# The same amounts are asked for again and again, and babel takes longer for one than a row's rest.
@lru_cache(maxsize=20_000)
def _figure(digits: str, currency: str, locale: str, signed: bool, small_cents: bool) -> SafeString:
    amount = Decimal(digits)
    text = _amount_text(amount, currency, locale).replace("-", "\N{MINUS SIGN}")
    is_inflow = signed and amount > 0
    body: str = f"+{text}" if is_inflow else text
    minor_digits = minor_unit_digits(currency)
    if small_cents and minor_digits:
        found = re.search(rf"[.,٫]\d{{{minor_digits}}}(?=\D*$)", body)
        if found:
            body = format_html(
                "{}<span class=money__minor>{}</span>{}",
                body[: found.start()],
                found.group(),
                body[found.end() :],
            )
    # Every <data> is an amount: the stylesheet isolates it from the direction of the text around.
    return format_html(
        '<data{} value="{}">{}</data>',
        " class=money--in" if is_inflow else "",
        plain_amount(amount, currency),
        body,
    )


@register.simple_tag(takes_context=True)
def money_compact(context: dict[str, Any], amount: Decimal, currency: str) -> str:
    """{% money_compact tick.amount currency %}: "$2.5K", for the lines of a chart."""
    reader = getattr(context.get("request"), "user", None)
    return format_compact(amount, currency, getattr(reader, "locale", "en-US"))


@register.filter
def rate(value: Decimal, digits: int = 10) -> str:
    """An exchange rate with that many significant digits, in the reader's region format."""
    text = plain_rate(value, digits)
    return formats.number(Decimal(text), len(text.partition(".")[2]))


@register.filter
def plain(amount: Decimal, currency: str) -> str:
    """{{ amount|plain:currency }}: "1234.50", for data attributes and form values."""
    return plain_amount(amount, currency)


# --- Dates and numbers --------------------------------------------------------------------------
# These replace Django's own, which know languages but no regions.


@register.filter("date", expects_localtime=True, is_safe=False)
def date_filter(value: Any, form: str = "DATE_FORMAT") -> str:
    """{{ day|date }}, {{ day|date:"j M" }}: a date with those parts in the
    reader's region format.
    """
    return formats.date_format(value, form) if isinstance(value, date) else ""


@register.filter("time", expects_localtime=True, is_safe=False)
def time_filter(value: Any, form: str = "TIME_FORMAT") -> str:
    """{{ at|time }}: a time of day in the reader's region format."""
    return formats.date_format(value, form) if isinstance(value, date | dt_time) else ""


@register.filter
def percent(value: Any, decimals: int = 0) -> str:
    """{{ share|percent }}, {{ share|percent:1 }}: "12.5%", or "12,5 %", with at most that many
    decimals.
    """
    return "" if value in (None, "") else formats.percent(value, decimals)


@register.filter
def intcomma(value: Any, _use_l10n: bool = True) -> str:
    """{{ count|intcomma }}: a number with the reader's group separators."""
    return "" if value in (None, "") else formats.number(value, 4)


@register.filter
def floatformat(value: Any, form: int | str = -1) -> str:
    """{{ points|floatformat:"0g" }}: as Django's, in the reader's region
    format; "u": for machines.
    """
    text = str(form)
    if value in (None, "") or text.endswith("u"):
        return str(django_floatformat(value, form))
    places = int(text.rstrip("g") or -1)
    return formats.number(value, abs(places), is_fixed=places > 0)


@register.simple_tag
def delta(percent: Decimal | None, good: str = "up", note: str = "") -> SafeString:
    """{% delta 4.2 good="down" note="vs. June" %}: a change in percent, colored by which way is
    good.
    """
    words = format_html("<span>{}</span>", note) if note else ""
    if percent is None:
        return mark_safe(words)
    tone, sign = "", mark_safe("<span class=visually-hidden>unchanged</span>")
    if percent:
        direction = "up" if percent > 0 else "down"
        tone = f" delta--{'good' if direction == good else 'bad'}"
        named = ("role", "img"), ("aria-label", direction)
        sign = mark_safe(draw(f"arrow-{direction}-right", 15, named))
    written = formats.percent(abs(percent), 1)
    return format_html('<span class="delta{}">{}{}</span>{}', tone, sign, written, words)


# --- Icons and small drawings -------------------------------------------------------------------


@register.simple_tag
def site_styles() -> SafeString:
    """{% site_styles %}: the site's stylesheet, or with DEBUG each of those it is made of."""
    names = stylesheets.sheets() if settings.DEBUG else [stylesheets.BUNDLE]
    return format_html_join(
        "\n",
        '<link rel="stylesheet" href="{}"{}>',
        ((static(f"css/{name}.css"), stylesheets.media_of(name)) for name in names),
    )


@register.simple_tag
def icon(name: str, size: int = 20, **attributes: object) -> SafeString:
    """{% icon "receipt-text" size=18 %}: a lucide icon, hidden from screen readers.

    An unknown name (people can enter a category's icon) draws a tag.
    """
    given = {key.replace("_", "-"): str(value) for key, value in attributes.items()}
    key = (("aria-hidden", "true"), *given.items())
    try:
        return mark_safe(draw(str(name), size, key))
    except NoSuchIconError:
        return mark_safe(draw("tag", size, key))


def _safe_color(color: str | None) -> str:
    return color if color and _COLOR.fullmatch(color) else _FALLBACK_COLOR


# A list's cells say how large theirs are.
_DISCS = {
    "": " class=disc",
    "small": mark_safe(' class="disc disc--small"'),
    "of a line": "",
}


@register.simple_tag
@lru_cache(maxsize=4096)
def category_icon(name: str = "", color: str = "", size: str = "") -> SafeString:
    """{% category_icon category.icon category.color %}: the icon in a circle of its color.

    An unknown name draws a tag, as in `icon`.
    """
    try:
        inside = shapes(str(name or NO_CATEGORY_ICON))
    except NoSuchIconError:
        inside = shapes("tag")
    return format_html(
        "<svg{} aria-hidden=true color={}>{}</svg>",
        _DISCS[size],
        _safe_color(color),
        mark_safe(inside),
    )


@register.simple_tag
def color_dot(color: str = "") -> SafeString:
    """{% color_dot category.color %}: a small dot of that color, next to a name."""
    return _dot(color)


@lru_cache(maxsize=4096)
def _dot(color: str) -> SafeString:
    return format_html(
        "<svg class=category__dot aria-hidden=true color={}></svg>", _safe_color(color)
    )


@register.simple_tag
def progress_bar(
    percent: Decimal | float | None,
    label: str,
    status: str = "",
    pace: Decimal | float | None = None,
    text: str = "",
) -> SafeString:
    """{% progress_bar 62 "Groceries" status=progress.status pace=48 %}.

    `status`: on_track, warning, exceeded, positive; `pace`: how much of the period has passed.
    Above 100, the bar is drawn to scale with the limit marked on it.
    """
    value = max(0.0, float(percent or 0))
    # A limit that is passed stays in sight: 167 percent looks different from 109.
    whole = min(max(value, 100.0), MOST_PERCENT_DRAWN)
    limit = 100 * 100 / whole
    drawn = [f"<rect width=100% /><rect width={min(value, whole) * 100 / whole:.1f}% />"]
    if whole > 100:
        drawn.append(f"<rect class=meter__over x={limit:.1f}% width={100 - limit:.1f}% />")
    # How far the month is says nothing more about a limit that is passed.
    if pace is not None and status != "exceeded":
        place = max(0.0, min(100.0, float(pace))) * 100 / whole
        drawn.append(f"<rect class=meter__pace x={place:.1f}% />")
    if whole > 100:
        drawn.append(f"<rect class=meter__limit x={limit:.1f}% />")
    return format_html(
        '<svg class="meter meter--{}" role=progressbar aria-label="{}" aria-valuenow={}{}>{}</svg>',
        status or "on_track",
        label,
        f"{min(value, 100.0):.0f}",
        format_html(' aria-valuetext="{}"', text) if text else "",
        mark_safe("".join(drawn)),
    )


@register.simple_tag
def sparkline(values: Sequence[Decimal | float | None], stepped: bool = False) -> SafeString:
    """{% sparkline last_months %}: a line without axes; decorates a figure given in words.

    `stepped`: each value holds until the next one, as a balance does.
    """
    known = [float(value) for value in values or [] if value is not None]
    if len(known) < 2:
        return mark_safe("")
    low, high = min(known), max(known)
    spread = (high - low) or 1.0
    heights = [round(57 - (value - low) / spread * 54) for value in known]
    # One path is line and area: it begins and ends outside of what is seen.
    return format_html(
        '<svg class=sparkline viewBox="0 0 {} 60" preserveAspectRatio=none aria-hidden=true>'
        '<path d="M-9 69V{}H{}V69"/></svg>',
        len(known) - 1,
        "".join(_stretches(heights, stepped=stepped)),
        len(known) + 8,
    )


def _stretches(heights: Sequence[int], *, stepped: bool) -> Iterator[str]:
    """A path's way along these heights from left to right, one wide each, after its V."""
    yield f"{heights[0]}" if stepped else f"{heights[0]}H0"
    for position, (before, height) in enumerate(pairwise(heights), 1):
        if not stepped:
            yield f"L{position} {height}"
        elif height != before:
            yield f"H{position}V{height}"


# --- Words --------------------------------------------------------------------------------------


@register.filter
def initials(who: Any) -> str:
    """{{ user|initials }}: "AM" for Ada Miller, "A" for ada@example.com; also of a bank's name."""
    name = who if isinstance(who, str) else getattr(who, "name", "") or getattr(who, "email", "")
    words = name.split() or ["?"]
    letters = words[0][0] + (words[-1][0] if len(words) > 1 else "")
    return letters.upper()


@register.filter
def tone(name: str) -> int:
    """{{ name|tone }}: 1 to 7, always the same for one name, to give it a chart color."""
    return sum(name.encode()) % 7 + 1


@register.filter
def undo_url(message: Message) -> str:
    """The URL in a message's "undo:<address>" tag; only paths of this site are accepted."""
    for tag in (message.extra_tags or "").split():
        if tag.startswith("undo:/") and not tag.startswith("undo://"):
            return tag.removeprefix("undo:")
    return ""
