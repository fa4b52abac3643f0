"""Templates as PDF files, drawn from our own styles and typefaces alone.

The engine (WeasyPrint) is loaded with the first file: a process that draws none saves a second and
45 MB, and a machine without the Pango library serves everything else.
"""

import base64
import warnings
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Any, cast

from django.conf import settings
from django.template.loader import render_to_string

from banking.kernel.region import region


class PdfUnavailableError(Exception):
    """This machine cannot draw PDF files; the text is for whoever asked for one."""

    def __init__(self) -> None:
        super().__init__(
            "PDF files can't be created on this server because the Pango library isn't installed."
        )


def render_pdf(template: str, context: Mapping[str, Any], *, stylesheet: str) -> bytes:
    """The template as a PDF file, with one of our static stylesheets.

    Raises PdfUnavailableError where the engine is missing.
    """
    engine = _engine()
    with region(context.get("locale")):
        page = render_to_string(template, {"site_name": settings.SITE_NAME, **context})
    return cast(bytes, engine.draw(page, stylesheet))


def picture(svg: bytes) -> str:
    """An SVG as an address for `src`: the one kind of address besides our static files."""
    return f"data:image/svg+xml;base64,{base64.b64encode(svg).decode()}"


@cache
def _engine() -> ModuleType:
    try:
        with warnings.catch_warnings():
            # Whether the machine has typefaces does not matter: documents bring theirs.
            warnings.filterwarnings("ignore", message="No fonts configured")
            return import_module("banking.kernel.pdf_engine")
    except OSError as error:  # what a library that cannot be opened raises
        raise PdfUnavailableError from error
