"""WeasyPrint, restricted to our own files and typefaces. Only pdf.py loads this
module, on demand.
"""

import base64
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
from weasyprint import CSS, HTML, Document
from weasyprint.text.fonts import FontConfiguration
from weasyprint.urls import URLFetcher, URLFetcherResponse

from banking.kernel import typefaces
from banking.kernel.garbage import collector_paused

# Placeholders for the roots of our static files and typefaces; these hosts do not exist and are
# never requested.
STATIC = "https://static.invalid/"
TYPEFACES = "https://typefaces.invalid/"
_PICTURE = "data:image/svg+xml;base64,"
_PICTURES = re.compile(f"(?<={re.escape(_PICTURE)})[A-Za-z0-9+/=]+")

# These libraries log every step, every unknown property, and every table of every font.
for _name in ("weasyprint", "weasyprint.progress", "fontTools"):
    logging.getLogger(_name).setLevel(logging.ERROR)

# Pango's font map is shared by all threads of a process and is not thread-safe.
_drawing = Lock()


class OwnFiles(URLFetcher):
    """Serves our static files, typefaces, and pictures inside the page; refuses all else."""

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
    """The HTML page as a tagged PDF file: screen readers find headings, tables and cells.

    A character that none of our typefaces has is spelled out by its name, also in charts.
    """
    with drawing():
        written: bytes = laid_out(page, styles(stylesheet)).write_pdf(pdf_tags=True)
        return written


@contextmanager
def drawing() -> Iterator[None]:
    """What every layout needs: nobody else drawing, and no scans for garbage.

    A layout is a million objects: scanning them took a third of a long statement's time.
    """
    with _drawing, collector_paused():
        yield


def laid_out(page: str, *stylesheets: CSS) -> Document:
    """The pages of an HTML page, with the typefaces it needs. Only within `drawing`."""
    pictures = [base64.b64decode(found).decode() for found in _PICTURES.findall(page)]
    page = typefaces.name_unknown(_PICTURES.sub(_name_unknown_in_picture, page))
    for font in typefaces.slices_for("".join([page, *pictures])):
        _load(font)
    document = HTML(string=page, base_url=STATIC, url_fetcher=OwnFiles())
    return document.render(stylesheets=stylesheets, font_config=_fonts())


def _name_unknown_in_picture(found: re.Match[str]) -> str:
    picture = base64.b64decode(found[0]).decode()
    return base64.b64encode(typefaces.name_unknown(picture).encode()).decode()


@cache
def styles(stylesheet: str) -> CSS:
    """A stylesheet, read once per process."""
    url = f"{STATIC}{stylesheet}"
    return CSS(url=url, base_url=url, url_fetcher=OwnFiles(), font_config=_fonts())


@cache
def _fonts() -> FontConfiguration:
    """The fonts documents may use, initially none: the machine's own fonts are excluded.

    Fontconfig reads its list only from a file named by the environment.
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
    """Unpack a typeface slice, once per process."""
    rule = (
        f'@font-face {{ font-family: "{one.name}"; font-weight: 100 900; '
        f'src: url("{TYPEFACES}{one.name}") }}'
    )
    CSS(string=rule, url_fetcher=OwnFiles(), font_config=_fonts())
