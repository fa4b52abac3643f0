"""Design rules: readable colors, no inline code, and icons that exist."""

import gzip
import math
import re
from decimal import Decimal
from pathlib import Path

import pytest
from django.contrib.messages import constants
from django.contrib.messages.storage.base import Message
from django.template import Context, Template
from django.template.loader import render_to_string
from django.test import RequestFactory

from banking.kernel import stylesheets
from banking.kernel.icons import collected, collection, draw
from banking.kernel.money import format_compact, format_figure, format_money
from tests.builders import make_user

pytestmark = pytest.mark.once

ROOT = Path(__file__).resolve().parent.parent
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
# The content policy applies in browsers, not in emails or on paper.
PAGES = [path for path in TEMPLATES if not {"email", "pdf"} & set(path.parts)]
TOKENS_SHEET = (ROOT / "static/css/tokens.css").read_text()
HUES = dict(re.findall(r"--(\w+): (\d+);", TOKENS_SHEET))
TOKENS = dict(re.findall(r"--([\w-]+): ((?:light-dark\()?oklch.*\));", TOKENS_SHEET))
SURFACES = ["canvas", "surface", "raised", "hover", "sunken"]
STATES = ["positive", "warning", "danger", "info"]
TEXT_PAIRS = [
    *[(text, surface) for text in ("ink", "ink-2", "ink-3") for surface in SURFACES],
    *[(text, surface) for text in ("accent", *STATES) for surface in ("canvas", "surface")],
    *[(state, f"{state}-soft") for state in STATES],
    *[("ink", f"{state}-soft") for state in STATES],
    ("accent", "accent-soft"),
    ("accent-strong", "accent-soft"),
    ("ink-3", "accent-soft"),
    ("on-primary", "primary"),
    ("on-primary", "primary-hover"),
    ("on-primary", "danger-fill"),
    ("on-primary", "danger-fill-hover"),
]
SHAPE_PAIRS = [
    ("field-line", "surface"),
    ("field-line", "canvas"),
    *[(f"chart-{number}", "surface") for number in range(1, 9)],
]


LAYERS = ("base", "components", "pages", "utilities")
# Beside Django's own sheets, on paper, or with nothing but definitions.
UNLAYERED = {"admin", "docs", "site", "staff", "staff-lists", "statement", "tokens"}
SHEETS = [
    path for path in sorted((ROOT / "static/css").glob("*.css")) if path.stem not in UNLAYERED
]


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda path: path.stem)
def test_every_stylesheet_is_in_a_cascade_layer(sheet):
    text = re.sub(r"/\*.*?\*/", "", sheet.read_text(), flags=re.DOTALL).strip()
    layer = re.match(r"@layer (\w+) \{", text)
    assert layer, "A sheet starts with its layer."
    assert layer[1] in LAYERS
    assert not re.search(r"^\}\s*\S", text, re.MULTILINE), "Everything is inside the layer."
    assert f"@layer {', '.join(LAYERS)};" in TOKENS_SHEET


def test_pages_load_the_sheets_as_they_are():
    written = (ROOT / "static/css/site.css").read_text(encoding="utf-8")
    assert written == stylesheets.bundle(), "Run: python -m banking.kernel.stylesheets"
    assert len(gzip.compress(written.encode())) < 25_000


def test_one_sheet_keeps_what_is_quoted_and_every_rule():
    """By counting what a sheet is made of: blocks, declarations, quoted texts."""
    for name in stylesheets.sheets():
        sheet = (ROOT / f"static/css/{name}.css").read_text(encoding="utf-8")
        sheet = re.sub(r"/\*.*?\*/", "", sheet, flags=re.DOTALL)
        quoted = re.findall(r"\"[^\"]*\"|'[^']*'", sheet)
        small = stylesheets.small(sheet)
        assert re.findall(r"\"[^\"]*\"|'[^']*'", small) == quoted
        assert small.count("{") == sheet.count("{")
        assert len(small) < len(sheet)


def test_with_debug_each_sheet_is_loaded_by_itself(settings):
    settings.DEBUG = True
    assert render("{% site_styles %}").count("<link") == len(stylesheets.sheets())


def color_of(token, theme):
    """Linear red, green and blue of an oklch color (W3C, CSS Color 4)."""
    found = re.findall(r"oklch\(([\d.]+)% ([\d.]+) (?:var\(--(\w+)\)|(\d+))\)", TOKENS[token])
    lightness, chroma, ramp, degrees = found[0] if len(found) == 1 else found[theme == "dark"]
    hue = math.radians(float(HUES[ramp] if ramp else degrees))
    a, b = float(chroma) * math.cos(hue), float(chroma) * math.sin(hue)
    cones = [
        (float(lightness) / 100 + by_a * a + by_b * b) ** 3
        for by_a, by_b in (
            (0.3963377774, 0.2158037573),
            (-0.1055613458, -0.0638541728),
            (-0.0894841775, -1.2914855480),
        )
    ]
    return [
        sum(share * cone for share, cone in zip(shares, cones, strict=True))
        for shares in (
            (4.0767416621, -3.3077115913, 0.2309699292),
            (-1.2684380046, 2.6097574011, -0.3413193965),
            (-0.0041960863, -0.7034186147, 1.7076147010),
        )
    ]


def contrast(first, second):
    low, high = sorted(
        0.2126 * red + 0.7152 * green + 0.0722 * blue for red, green, blue in (first, second)
    )
    return (high + 0.05) / (low + 0.05)


def render(source, **context):
    return Template(source).render(Context(context))


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(
    ("pairs", "needed"), [(TEXT_PAIRS, 4.5), (SHAPE_PAIRS, 3.0)], ids=["text", "shapes"]
)
def test_every_color_has_enough_contrast(theme, pairs, needed):
    too_faint = {
        pair: round(contrast(color_of(pair[0], theme), color_of(pair[1], theme)), 2)
        for pair in pairs
        if contrast(color_of(pair[0], theme), color_of(pair[1], theme)) < needed
    }
    assert too_faint == {}


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_color_can_be_shown_by_a_plain_screen(theme):
    """A color outside of sRGB would be shown as another, with another contrast."""
    assert len(TOKENS) > 40
    outside = {
        token: color_of(token, theme)
        for token in TOKENS
        if not all(-0.003 <= part <= 1.003 for part in color_of(token, theme))
    }
    assert outside == {}


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_pages_have_no_inline_style_script_or_handler(path):
    source = re.sub(r"\{#.*?#\}|\{% comment.*?endcomment %\}", "", path.read_text(), flags=re.S)
    assert not re.search(r"\sstyle=", source)
    assert not re.search(r"<style[\s>]", source)
    assert not re.search(r"\son[a-z]+=", source)
    # A link loads nothing until it is followed.
    loading = re.sub(r'<a href="https://[^"]*" rel="noreferrer">', "", source)
    assert not re.search(r"""(?:src|href)=["'](?:https?:)?//""", loading)
    for attributes in re.findall(r"<script([^>]*)>", source):
        assert "src=" in attributes or "application/json" in attributes


def test_the_file_of_icons_has_the_packages_drawings():
    """Written by `python -m banking.kernel.icons`; other icons are drawn where they are shown."""
    file = Path("static/i.svg").read_text()
    assert file == collection(sorted(collected()))
    assert draw("bell", 18) == '<svg width=18><use href="/static/i.svg#bell"/></svg>'
    assert "<path" in draw("rabbit", 18)


def test_every_icon_named_in_a_template_exists():
    named = {
        name
        for path in TEMPLATES
        for name in re.findall(r'\{% icon "([\w-]+)"', path.read_text())
        + re.findall(
            r'\{% (?:nav|menu|bottom)_item "[^"]+" _\("[^"]+"\) "([\w-]+)"', path.read_text()
        )
        + re.findall(r'icon_name="([\w-]+)"', path.read_text())
    }
    assert len(named) > 30
    for name in sorted(named):
        draw(name, 20)


@pytest.mark.parametrize("name", ["500.html", "503.html"])
def test_outage_pages_need_neither_context_nor_database(name):
    assert name[:3] in render_to_string(name)


def test_money_in_has_a_plus_and_money_out_a_minus_sign():
    source = '{% money_figure amount "USD" signed=True %}'
    assert render(source, amount=Decimal("4250")) == (
        '<data class=money--in value="4250.00">+$4,250.00</data>'
    )
    assert render(source, amount=Decimal("-54.2")) == (
        '<data value="-54.20">\N{MINUS SIGN}$54.20</data>'
    )
    assert "money--none" in render(source, amount=None)


@pytest.mark.parametrize(
    ("locale", "amount", "currency", "shown"),
    [
        ("ar-AE", "-33.10", "USD", "\N{MINUS SIGN}33.10\N{NO-BREAK SPACE}US$"),
        ("ar-EG", "1234.5", "EUR", "1,234.50\N{NO-BREAK SPACE}€"),
        ("he-IL", "-5", "ILS", "\N{MINUS SIGN}5.00\N{NO-BREAK SPACE}₪"),
        ("fa-IR", "-5", "USD", "\N{MINUS SIGN}$\N{NO-BREAK SPACE}5.00"),
        ("de-DE", "-5", "EUR", "\N{MINUS SIGN}5,00\N{NO-BREAK SPACE}€"),
    ],
)
def test_amounts_are_isolated_from_surrounding_text_direction(locale, amount, currency, shown):
    source = "{% money_figure amount currency %} {% money amount currency %}"
    # The class isolates a figure.
    figure, text = f">{shown}</data>", f"<bdi>{shown}</bdi>".replace("\N{MINUS SIGN}", "-")
    written = render(source, amount=Decimal(amount), currency=currency, locale=locale)
    assert figure in written
    assert written.endswith(f"</data> {text}")
    assert "\u200f" not in written


def test_plain_text_amounts_are_isolated_where_the_locale_marks_direction():
    assert format_money(Decimal("-33.10"), "USD", "ar-AE") == "\u2068-33.10\u00a0US$\u2069"
    assert format_money(Decimal("-33.10"), "USD", "en-US") == "-$33.10"


def test_amounts_of_charts_have_the_minus_sign_of_figures():
    for locale, shown in (("en-US", "−€2.5K"), ("de-DE", "−2500 €"), ("sv-SE", "−2,5 tn €")):
        written = format_compact(Decimal(-2500), "EUR", locale)
        assert written.replace("\u00a0", " ") == shown
        assert format_figure(Decimal(-3), "EUR", locale) in render(
            "{% money_figure amount currency %}",
            amount=Decimal(-3), currency="EUR", locale=locale,
        )  # fmt: skip


@pytest.mark.django_db
def test_page_language_matches_its_text(alice, client_for):
    alice.locale = "ja-JP"
    alice.save()
    page = client_for(alice).get("/").content.decode()
    opening = page[page.index("<html") : page.index("<head")]
    assert 'lang="en"' in opening
    assert 'data-region="ja-JP"' in opening


def test_only_currencies_with_minor_units_have_small_cents():
    source = "{% money_figure amount currency small_cents=True %}"
    dollars = render(source, amount=Decimal("1234.5"), currency="USD")
    assert "$1,234<span class=money__minor>.50</span>" in dollars
    assert "money__minor" not in render(source, amount=Decimal("1234"), currency="JPY")


def test_progress_bar_stays_within_its_track():
    drawn = render('{% progress_bar 140 label status="warning" pace=50 %}', label="Food <b>")
    assert "<rect width=100.0% />" in drawn
    assert "aria-valuenow=100" in drawn
    assert "Food &lt;b&gt;" in drawn
    # To scale: half the month and the limit, on a bar 140 percent long.
    assert "class=meter__pace x=35.7% " in drawn
    assert "class=meter__limit x=71.4% " in drawn


def test_what_is_over_the_limit_is_a_part_of_its_own():
    drawn = render('{% progress_bar 125 "x" status="exceeded" pace=50 %}')
    assert "class=meter__over x=80.0% width=20.0% " in drawn
    assert "meter__pace" not in drawn
    assert "meter__over" not in render('{% progress_bar 100 "x" %}')


def test_progress_bars_far_above_the_limit_differ():
    """CASES 6.13: 109 and 167 percent looked alike."""
    limits = [
        re.search(r"meter__limit x=([^ ]+)", render("{% progress_bar value 'x' %}", value=value))
        for value in (99, 100, 109, 167)
    ]
    assert [found and found[1] for found in limits] == [None, None, "91.7%", "59.9%"]


def test_a_stepped_sparkline_keeps_each_balance_until_the_next():
    """CASES 6.12: drawn smooth, pay-day was a bell."""
    drawn = render("{% sparkline values stepped=True %}", values=[1, 1, 9])
    assert 'viewBox="0 0 2 60"' in drawn
    assert re.search(r'd="([^"]+)"', drawn)[1] == "M-9 69V57H2V3H11V69"


@pytest.mark.parametrize(
    ("page", "kind"), [("accounts/account_detail", "area"), ("insights/forecast", "steps")]
)
def test_balances_by_day_are_drawn_as_steps(page, kind):
    drawn = re.search(
        r'data-chart="(?:.*else %})?(\w+)', (ROOT / f"templates/{page}.html").read_text()
    )
    assert drawn[1] == kind
    options = (ROOT / "static/js/chart_options.js").read_text()
    assert 'if (kind === "area" || kind === "steps") look.stepped = "before";' in options
    assert "tension: 0," in options


def test_user_entered_colors_and_icons_cannot_break_out_of_attributes():
    drawn = render("{% category_icon name color %}", name='"><script>', color='"><script>')
    assert "<script>" not in drawn
    assert "color=#64748b>" in drawn


def test_sparkline_needs_two_values_and_handles_equal_ones():
    assert render("{% sparkline values %}", values=[1]) == ""
    assert 'd="M-9 69V57H0L1 57L2 57H11V69"' in render(
        "{% sparkline values %}", values=[5, 5, None, 5]
    )


@pytest.mark.slow
@pytest.mark.django_db
def test_menus_rendered_for_one_person_suit_another(alice, client_for):
    """Menus are rendered once for each page and role."""
    viewer = make_user("viewer@example.org", role="viewer")
    for _ in range(2):
        for person, may_import in ((alice, True), (viewer, False)):
            for address in ("/accounts/", "/bills/"):
                page = client_for(person).get(address).content.decode()
                assert ("Import a statement</span>" in page) == may_import
                menu = page[page.index("sidebar__nav") : page.index("sidebar__foot")]
                current = re.findall(r'href="([^"]+)"\s+aria-current="page"', menu)
                assert current == [address]


def test_navigation_omits_missing_pages_and_empty_groups():
    source = (
        '{% nav_group "Plan" %}{% nav_item "nowhere:nothing" "Nothing" "tag" %}{% endnav_group %}'
    )
    assert render(source) == ""


def test_navigation_highlights_the_page_and_its_subpages():
    request = RequestFactory().get("/users/2fa/")
    source = (
        '{% tab_item "mfa_index" "Two-step verification" %}{% tab_item "account_email" "Email" %}'
    )
    marked = {"mfa_index": ["page"], "mfa_activate_totp": ["true"], "account_logout": []}
    for view_name, expected in marked.items():
        request.resolver_match = type("Match", (), {"view_name": view_name})
        drawn = render(source, request=request)
        assert re.findall(r'aria-current="(\w+)"', drawn) == expected


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ("undo:/transactions/7/restore", "/transactions/7/restore"),
        ("undo://evil.example/", ""),
        ("undo:https://evil.example/", ""),
        ("", ""),
        (None, ""),
    ],
)
def test_undo_button_links_only_to_this_site(tags, expected):
    message = Message(constants.SUCCESS, "Done.", extra_tags=tags)
    assert render("{{ message|undo_url }}", message=message) == expected
