"""WeasyPrint, kept to our own files and typefaces. Only pdf.py loads this module, when needed."""

import base64
import gc
import logging
import mimetypes
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from threading import Lock
from urllib.parse import unquote

from django.contrib.staticfiles import finders
from weasyprint import CSS, HTML
from weasyprint.text.fonts import FontConfiguration
from weasyprint.urls import URLFetcher, URLFetcherResponse

from banking.kernel import typefaces

# Stand for the roots of our static files and of our typefaces; there are no such hosts, and
# nothing is requested from one.
STATIC = "https://static.invalid/"
TYPEFACES = "https://typefaces.invalid/"
_PICTURE = "data:image/svg+xml;base64,"
_PICTURES = re.compile(f"(?<={re.escape(_PICTURE)})[A-Za-z0-9+/=]+")

# They tell every step, every property they do not know, and every table of every font.
for _name in ("weasyprint", "weasyprint.progress", "fontTools"):
    logging.getLogger(_name).setLevel(logging.ERROR)

# Pango's map of fonts is shared by the threads of a process and not made for that.
_drawing = Lock()


class OwnFiles(URLFetcher):
    """Answers for our static files, typefaces, and pictures inside the page; refuses all else."""

    def fetch(self, url: str, headers: dict[str, str] | None = None) -> URLFetcherResponse:
        if url.startswith(_PICTURE):
            return super().fetch(url, headers)
        file = _own_file(url)
        if not file:
            raise ValueError("Only our own files can be part of a document.")
        kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
        return URLFetcherResponse(url, file.read_bytes(), {"Content-Type": kind})


def _own_file(url: str) -> Path | None:
    if url.startswith(TYPEFACES):
        found = typefaces.find_slice(url.removeprefix(TYPEFACES))
        return found.file if found else None
    name = unquote(url.removeprefix(STATIC)) if url.startswith(STATIC) else ""
    file = finders.find(name) if name else None
    return Path(file) if file else None


def draw(page: str, stylesheet: str) -> bytes:
    """The HTML page as a PDF file, tagged: a screen reader finds headings, tables and cells.

    A character that none of our typefaces has is named in words, on the page and in its charts.
    """
    pictures = [base64.b64decode(found).decode() for found in _PICTURES.findall(page)]
    page = typefaces.name_unknown(_PICTURES.sub(_name_unknown_in_picture, page))
    with _drawing, _collector_at_rest():
        fonts = _fonts()
        for one in typefaces.slices_for("".join([page, *pictures])):
            _load(one)
        document = HTML(string=page, base_url=STATIC, url_fetcher=OwnFiles())
        written: bytes = document.write_pdf(
            stylesheets=[_styles(stylesheet)], font_config=fonts, pdf_tags=True
        )
        return written


def _name_unknown_in_picture(found: re.Match[str]) -> str:
    picture = base64.b64decode(found[0]).decode()
    return base64.b64encode(typefaces.name_unknown(picture).encode()).decode()


@cache
def _styles(stylesheet: str) -> CSS:
    """A stylesheet, read once in a process."""
    url = f"{STATIC}{stylesheet}"
    return CSS(url=url, base_url=url, url_fetcher=OwnFiles(), font_config=_fonts())


@cache
def _fonts() -> FontConfiguration:
    """The typefaces documents may use, empty at first: none of the machine's is among them.

    Fontconfig reads its list from a file that the environment names, and has no other way.
    """
    before = os.environ.get("FONTCONFIG_FILE")
    os.environ["FONTCONFIG_FILE"] = str(Path(__file__).with_name("fonts.conf"))
    try:
        return FontConfiguration()
    finally:
        os.environ.pop("FONTCONFIG_FILE")
        if before is not None:
            os.environ["FONTCONFIG_FILE"] = before


@cache
def _load(one: typefaces.Slice) -> None:
    """Unpack a slice, once in a process."""
    rule = (
        f'@font-face {{ font-family: "{one.name}"; font-weight: 100 900; '
        f'src: url("{TYPEFACES}{one.name}") }}'
    )
    CSS(string=rule, url_fetcher=OwnFiles(), font_config=_fonts())


@contextmanager
def _collector_at_rest() -> Iterator[None]:
    """A layout makes a million objects that all live to its end; looking through them again and
    again for garbage took a third of the time of a long statement."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
