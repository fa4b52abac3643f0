"""Templates lose only what a browser does not show."""

import re
from pathlib import Path

import pytest
from tinyhtml5 import parse

from banking.kernel.template_loaders import compact, short

ROOT = Path(__file__).resolve().parent.parent / "templates"
_LOGIC, _VALUE = re.compile(r"\{%.*?%\}", re.DOTALL), re.compile(r"\{\{.*?\}\}")
_CELLS = re.compile(r"\s*<(tr|t[dh]|tbody)\b")


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("<p>\n    One\n\n    two  three\n</p>", "<p>\nOne\ntwo  three\n</p>"),
        ("a\n  {% if x %}\n    b\n  {% endif %}\n  c", "a\n{% if x %}b\n{% endif %}c"),
        ("a\n{% if x %}b{% endif %}\nc", "a\n{% if x %}b{% endif %}\nc"),
        # What a tag on its own line writes keeps the space on both of its sides.
        ('a\n{% icon "x" %}\nb', 'a\n{% icon "x" %}\nb'),
        ("{% load i18n %}\n<b>x</b>", "\n{% load i18n %}<b>x</b>"),
        ("{# A note. #}\n<b>x</b> {# and one #}y", "\n<b>x</b> y"),
        ("<textarea>{{ text }}</textarea>", "<textarea>{{ text }}</textarea>"),
    ],
)
def test_compact_template_shows_the_same(source, expected):
    assert compact(source) == expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ('<td class="num">{{ x }}</td>\n</tr>', "<td class=num>{{ x }}"),
        ('<i class="a b" title="{{ x }}" id="c">', '<i class="a b" title="{{ x }}" id=c>'),
        # A slash would become a part of the value.
        ('<line y1="0" y2="9"/>', '<line y1=0 y2="9"/>'),
        ('{% blocktranslate %}<a id="b">x</a>{% endblocktranslate %}',) * 2,
        ('{% include "a.html" with x="y" %}',) * 2,
    ],
)
def test_short_markup_keeps_the_quotes_it_needs(source, expected):
    assert short(source) == expected


@pytest.mark.once
@pytest.mark.slow
def test_short_form_of_every_template_is_the_same_document():
    differing = []
    for path in ROOT.rglob("*.html"):
        written = compact(path.read_text())
        if _tree(written) != _tree(short(written)):
            differing.append(path.relative_to(ROOT))
    assert not differing


def _tree(source: str) -> list:
    markup = _VALUE.sub("x", _LOGIC.sub("", source))
    inside = _CELLS.match(markup)
    around = {"tr": "<table>", "tbody": "<table>", "td": "<table><tr>", "th": "<table><tr>"}
    return _elements(parse((around[inside[1]] if inside else "") + markup))


def _elements(tree) -> list:
    return [
        (
            node.tag,
            sorted(node.attrib.items()),
            *((text or "").split() for text in (node.text, node.tail)),
        )
        for node in tree.iter()
    ]
