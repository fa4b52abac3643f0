"""How templates are written: one element a line, lines that fit on a screen."""

import re
from pathlib import Path

import pytest
from django.conf import settings

FOLDER = settings.BASE_DIR / "templates"
LONGEST_LINE = 160
DJANGO_TAG = re.compile(r"\{%.*?%\}|\{\{.*?\}\}|\{#.*?#\}")
ELEMENT = re.compile(r"<[a-zA-Z][\w-]*")


def lines_of(path: Path) -> list[tuple[str, str]]:
    """Each line of the file with its place, as "accounts/account_list.html:12"."""
    name = path.relative_to(FOLDER)
    return [(f"{name}:{n}", line) for n, line in enumerate(path.read_text().splitlines(), 1)]


def every_line() -> list[tuple[str, str]]:
    files = sorted(f for f in FOLDER.rglob("*") if f.suffix in {".html", ".txt"})
    return [line for file in files for line in lines_of(file)]


def elements_begun(line: str) -> int:
    return len(ELEMENT.findall(DJANGO_TAG.sub("", line)))


def test_no_line_is_longer_than_the_limit():
    assert [place for place, line in every_line() if len(line) > LONGEST_LINE] == []


def test_a_line_begins_at_most_one_element():
    assert [place for place, line in every_line() if elements_begun(line) > 1] == []


@pytest.mark.parametrize(
    ("line", "count"),
    [
        ('<td class="num">{% money_figure row.amount row.currency %}</td>', 1),
        ("<td><b>{{ name }}</b></td>", 2),
        ('{% blocktranslate with note="<b>" %}{{ note }}{% endblocktranslate %}', 0),
        ("</p><p>", 1),
    ],
)
def test_it_counts_the_elements_that_begin_on_a_line(line, count):
    assert elements_begun(line) == count
