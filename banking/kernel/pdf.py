"""Render templates as PDF files, using only our own styles and typefaces.

The engine (WeasyPrint) is loaded with the first file: other processes save a second and 45 MB, and
a machine without the Pango library can still serve everything else.
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
    """This machine cannot make PDF files; the text is for the person who requested one."""

    def __init__(self, missing: str) -> None:
        super().__init__(f"PDF files can't be created on this server: {missing}.")


def render_pdf(template: str, context: Mapping[str, Any], *, stylesheet: str) -> bytes:
    """Render the template as a PDF file with one of our static stylesheets.

    Raises PdfUnavailableError if the engine or the typefaces are missing.
    """
    # Without any typeface, Pango crashes the whole process.
    if not settings.TYPEFACES_DIR.is_dir():
        raise PdfUnavailableError("its typefaces aren't installed")
    engine = _engine()
    with region(context.get("locale")):
        page = render_to_string(template, {"site_name": settings.SITE_NAME, **context})
    return cast(bytes, engine.draw(page, stylesheet))


def picture(svg: bytes) -> str:
    """An SVG as a data URL for `src`; besides these, only our static files are allowed."""
    return f"data:image/svg+xml;base64,{base64.b64encode(svg).decode()}"


@cache
def _engine() -> ModuleType:
    try:
        with warnings.catch_warnings():
            # Fonts on the machine do not matter: documents use our own.
            warnings.filterwarnings("ignore", message="No fonts configured")
            return import_module("banking.kernel.pdf_engine")
    except OSError as error:  # Raised if a library cannot be opened.
        raise PdfUnavailableError("the Pango library isn't installed") from error
