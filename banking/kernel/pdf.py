"""Render templates as PDF files, using only our own styles and typefaces.

The engine (WeasyPrint) is loaded with the first file: other processes save a second and 45 MB, and
a machine without the Pango library can still serve everything else.
"""

import base64
import warnings
from collections.abc import Mapping
from importlib import import_module
from types import ModuleType
from typing import Any, cast

from django.conf import settings
from django.template.loader import render_to_string

from banking.kernel.region import region

# More lines are drawn in parts of this many: a dozen pages.
LINES_AT_ONCE = 500


class PdfUnavailableError(Exception):
    """This machine cannot make PDF files; the text is for the person who requested one."""

    def __init__(self, missing: str) -> None:
        super().__init__(f"PDF files can't be created on this server: {missing}.")


def render_pdf(template: str, context: Mapping[str, Any], *, stylesheet: str) -> bytes:
    """Render the template as a PDF file with one of our static stylesheets.

    Raises PdfUnavailableError if the engine or the typefaces are missing.
    """
    engine = _engine("pdf_engine")
    return cast(bytes, engine.draw(_page(template, context), stylesheet))


def render_pdf_in_parts(template: str, context: Mapping[str, Any], *, stylesheet: str) -> bytes:
    """Like `render_pdf`, for many `lines`: memory does not grow with their number.

    The template is rendered with some of the lines at a time (`in_parts`, the number of the
    `first_line`, whether `more_follows`), and in the end without them for the margins of all pages
    (`margins_of` has an item for each).
    """
    lines = context["lines"]

    def part_from(first: int) -> tuple[str, bool]:
        end = first + LINES_AT_ONCE
        more = end < len(lines)
        part = {"lines": lines[first:end], "first_line": first, "more_follows": more}
        return _page(template, {**context, **part, "in_parts": True}), not more

    def margins(count: int) -> str:
        return _page(template, {**context, "margins_of": range(count)})

    engine = _engine("pdf_parts")
    return cast(bytes, engine.draw_in_parts(part_from, margins, stylesheet))


def _page(template: str, context: Mapping[str, Any]) -> str:
    with region(context.get("locale")):
        return render_to_string(template, {"site_name": settings.SITE_NAME, **context})


def picture(svg: bytes) -> str:
    """An SVG as a data URL for `src`; besides these, only our static files are allowed."""
    return f"data:image/svg+xml;base64,{base64.b64encode(svg).decode()}"


def _engine(module: str) -> ModuleType:
    # Without any typeface, Pango crashes the whole process.
    if not settings.TYPEFACES_DIR.is_dir():
        raise PdfUnavailableError("its typefaces aren't installed")
    try:
        with warnings.catch_warnings():
            # Fonts on the machine do not matter: documents use our own.
            warnings.filterwarnings("ignore", message="No fonts configured")
            return import_module(f"banking.kernel.{module}")
    except OSError as error:  # Raised if a library cannot be opened.
        raise PdfUnavailableError("the Pango library isn't installed") from error
