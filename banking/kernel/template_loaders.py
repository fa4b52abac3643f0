"""Loads our templates without what only their authors need.

A browser shows any run of white space as one space, so indentation and the lines of tags are a
third of a page's bytes and nothing a reader sees. One line break always stays where there was one.

Pages are served in the short form that HTML allows: no quotes around simple values, and no end tags
of rows, cells and list items. Tests read them as they are written; tests/test_template_loaders.py
compares both forms of every template.
"""

import re
from pathlib import Path

from django.template import Origin
from django.template.loaders import filesystem

_COMMENT = re.compile(r"\{#.*?#\}")
_INDENTATION = re.compile(r"[ \t]*\n\s*")
# Lines that hold only such a tag; the break before them stays.
_TAG_LINE = re.compile(
    r"^(\{% (?:if|elif|else|endif|for|empty|endfor|with|endwith|load|block|endblock)\b"
    r"(?:(?!%\}).)*%\})\n",
    re.MULTILINE,
)

# Messages are looked up by their text, so their markup stays as it is.
_MESSAGE = re.compile(r"(\{% blocktrans.*?\{% endblocktrans(?:late)? %\})", re.DOTALL)
_QUOTED = re.compile(r'(\s[a-z][a-z0-9:-]*=)"([\w.:#%,+/?-]+)"(?=[\s>])')
# White space beside these is at the beginning or the end of a line, where none is shown.
_BLOCK = r"(?:t(?:able|body|head|foot|[rdh])|[uod]l|li|d[td]|h[1-6r]|p|main|nav|section|fig\w+)"
_TOKEN = r"\{%.*?%\}|\{\{.*?\}\}"
_OPENED = re.compile(
    rf"(<(?:{_BLOCK}|div|header|aside|form|summary|button)\b(?:[^<>{{]|\{{(?![{{%])|{_TOKEN})*>)\n"
)
_TAGS = re.compile(f"({_TOKEN})")
_CLOSED = re.compile(rf"(</{_BLOCK}>)\n")
_BEFORE = re.compile(
    rf"\n((?:\{{% load [^%]*%\}})*(?:<{_BLOCK}\b|</(?:{_BLOCK}|div|header|aside|form|button)>))"
)
# At the end of a block another template goes on.
_GOES_ON = r"(?:\s|\{% endif %\})*(?:\{% end(?:block|breadcrumbs)\b|\{\{ block\.super)"
_NOT_NEEDED = re.compile(rf"</(?:t[rdh]|li|d[dt]|option)>(?!{_GOES_ON})")


def compact(source: str) -> str:
    """The template with one line break for each run of white space that has any."""
    lines = _INDENTATION.sub("\n", _COMMENT.sub("", source))
    # A template that is included begins with the white space that it began with.
    first = "\n" if _TAG_LINE.match(lines) else ""
    return first + _TAG_LINE.sub(r"\1", lines)


class CompactLoader(filesystem.Loader):
    """Django's loader of the templates folder, compacting HTML."""

    def get_contents(self, origin: Origin) -> str:
        source = super().get_contents(origin)
        return compact(source) if str(origin.name).endswith(".html") else source


def short(source: str) -> str:
    """The template without the quotes, end tags and line breaks that HTML does not need."""
    return "".join(
        text if place % 2 else _short(text) for place, text in enumerate(_MESSAGE.split(source))
    )


def _short(source: str) -> str:
    spaced = _BEFORE.sub(r"\1", _CLOSED.sub(r"\1", _OPENED.sub(r"\1", source)))
    opened = _NOT_NEEDED.sub("", spaced)
    return "".join(
        text if place % 2 else _QUOTED.sub(r"\1\2", text)
        for place, text in enumerate(_TAGS.split(opened))
    )


class ShortLoader(CompactLoader):
    """Loads pages in the short form; mails and documents are read by other programs."""

    def get_contents(self, origin: Origin) -> str:
        source = super().get_contents(origin)
        path = Path(str(origin.name))
        is_page = path.suffix == ".html" and not {"email", "pdf"} & {*path.parts}
        return short(source) if is_page else source
