"""The site's stylesheets in one file: a page waits for one request instead of twenty.

The sheets in `static/css` are what people edit; with DEBUG, pages load each of them. Otherwise they
load `static/css/site.css`, which has all of them without comments and spaces. After changing a
sheet, write that file again:

    .venv/bin/python -m banking.kernel.stylesheets
"""

import re
from pathlib import Path

from django.utils.safestring import SafeString, mark_safe

_FOLDER = Path(__file__).resolve().parent.parent.parent / "static/css"
BUNDLE = "site"
# Those that others build on come first, then every page's own, whose classes no other page has.
_SHARED = (
    *("tokens", "base", "helpers", "layout", "navigation", "controls", "forms", "switches"),
    *("pickers", "files", "comboboxes", "components", "dialogs", "menus", "feedback", "data"),
    *("discs", "tables", "lists", "charts"),
)
_PRINTED = "print"
# Loaded by Django's admin, the API's description, and paper.
_APART = ("admin", "docs", "staff", "staff-lists", "statement")
_QUOTED = r"""("[^"]*"|'[^']*')"""
_SPACE = re.compile(rf"{_QUOTED}|(?:/\*.*?\*/|\s)+", re.DOTALL)
_MARK = re.compile(rf"{_QUOTED}| ?([{{}};,]) ?")


def sheets() -> list[str]:
    """The names of the sheets that pages load, in order."""
    apart = {*_SHARED, *_APART, _PRINTED, BUNDLE}
    own = sorted(path.stem for path in _FOLDER.glob("*.css") if path.stem not in apart)
    return [*_SHARED, *own, _PRINTED]


def media_of(name: str) -> SafeString:
    """The attribute of the sheet's link, if it is for one medium only."""
    return mark_safe(' media="print"' if name == _PRINTED else "")


def bundle() -> str:
    """All of them as one sheet."""
    return "".join(_in_bundle(name) for name in sheets())


def _in_bundle(name: str) -> str:
    text = small((_FOLDER / f"{name}.css").read_text(encoding="utf-8"))
    return f"@media print{{{text}}}\n" if name == _PRINTED else f"{text}\n"


def small(text: str) -> str:
    """Without comments and spaces, except in what is between quotes."""
    text = _SPACE.sub(lambda found: found[1] or " ", text)
    return _MARK.sub(lambda found: found[1] or found[2], text).replace(";}", "}").strip()


def write() -> None:
    (_FOLDER / f"{BUNDLE}.css").write_text(bundle(), encoding="utf-8")


if __name__ == "__main__":
    write()
