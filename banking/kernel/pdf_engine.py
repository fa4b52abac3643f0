"""WeasyPrint, kept to our own files. Only pdf.py loads this module, when it is needed."""

import gc
import logging
import mimetypes
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

# Stands for the root of our static files; no such host exists, and nothing is asked of one.
STATIC = "https://static.invalid/"
_PICTURE = "data:image/svg+xml;base64,"

# They tell every step, every property they do not know, and every table of every font.
for _name in ("weasyprint", "weasyprint.progress", "fontTools"):
    logging.getLogger(_name).setLevel(logging.ERROR)

# Pango's map of fonts is shared by the threads of a process and not made for that.
_drawing = Lock()


class OwnFiles(URLFetcher):
    """Answers for our static files and for pictures inside the page; refuses everything else."""

    def fetch(self, url: str, headers: dict[str, str] | None = None) -> URLFetcherResponse:
        if url.startswith(_PICTURE):
            return super().fetch(url, headers)
        name = unquote(url.removeprefix(STATIC)) if url.startswith(STATIC) else ""
        file = finders.find(name) if name else None
        if not file:
            raise ValueError("Only our own files can be part of a document.")
        kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
        return URLFetcherResponse(url, Path(file).read_bytes(), {"Content-Type": kind})


def draw(page: str, stylesheet: str) -> bytes:
    """The HTML page as a PDF file, tagged: a screen reader finds headings, tables and cells."""
    with _drawing, _collector_at_rest():
        styles, fonts = _styles(stylesheet)
        document = HTML(string=page, base_url=STATIC, url_fetcher=OwnFiles())
        return document.write_pdf(stylesheets=[styles], font_config=fonts, pdf_tags=True)


@cache
def _styles(stylesheet: str) -> tuple[CSS, FontConfiguration]:
    """A stylesheet with its typefaces, read and unpacked once in a process."""
    fonts = FontConfiguration()
    url = f"{STATIC}{stylesheet}"
    return CSS(url=url, base_url=url, url_fetcher=OwnFiles(), font_config=fonts), fonts


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
