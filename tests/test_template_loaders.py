"""Templates lose only the white space that a browser does not show."""

import pytest

from banking.kernel.template_loaders import compact


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
