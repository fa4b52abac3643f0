"""Our select renders the same HTML as Django's, with fewer templates."""

import re

import pytest
from django import forms
from django.forms.renderers import DjangoTemplates, get_default_renderer

pytestmark = pytest.mark.once

CHOICES = [
    ("", "Nothing"),
    ("Group <one>", [("1", "One & <two>"), (2, "Two"), ("a'b\"c", "Quotes")]),
    (None, "None"),
    ("5", "Five"),
]


class Marked(forms.Select):
    """A select whose options have attributes of their own."""

    def create_option(self, *args, **kwargs):
        option = super().create_option(*args, **kwargs)
        option["attrs"] |= {"data-x": "1&2", "hidden": True, "disabled": False}
        return option


def drawn(widget, value, renderer) -> str:
    return re.sub(r">\s+<", "><", widget.render("field", value, renderer=renderer).strip())


@pytest.mark.parametrize("kind", [forms.Select, forms.SelectMultiple, Marked])
@pytest.mark.parametrize("value", ["", "2", "1", None, "not there", "a'b\"c"])
def test_select_renders_like_djangos(kind, value):
    widget = kind(attrs={"class": "wide", "required": True, "disabled": False}, choices=CHOICES)
    chosen = [value] if kind is forms.SelectMultiple else value
    ours, djangos = (
        drawn(widget, chosen, renderer) for renderer in (get_default_renderer(), DjangoTemplates())
    )
    assert ours == djangos
    assert ours.count("<option") == 6
