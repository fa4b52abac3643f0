"""Loads our templates without the white space that only their authors need.

A browser shows any run of white space as one space, so indentation and the lines of tags are a
third of a page's bytes and nothing a reader sees. One line break always stays where there was one.
"""

import re

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
