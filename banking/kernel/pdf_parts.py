"""Long documents, drawn a few hundred lines at a time.

Before it writes a line, WeasyPrint needs a hundred times the memory that the line has in the file.
Only pdf.py loads this module, on demand.
"""

import gc
from collections.abc import Callable, Iterator

import pydyf
from weasyprint import CSS, DEFAULT_OPTIONS, Document, Page
from weasyprint.pdf import generate_pdf

from banking.kernel.pdf_engine import drawing, laid_out, styles
from banking.kernel.pdf_joining import Joined

# A part does not know how many pages there will be: margins are drawn at the end.
_NO_MARGINS = (
    "@page { @top-left { content: none } @bottom-left { content: none }"
    " @bottom-right { content: none } }"
)
_LINE = "line-"


def draw_in_parts(
    part_from: Callable[[int], tuple[str, bool]], margins: Callable[[int], str], stylesheet: str
) -> bytes:
    """The tagged PDF file of a long table, as one layout of all its lines would draw it.

    `part_from(number)` is an HTML page with some of the lines from this one on, and whether they
    are the last. If not, the last two pages' lines are rows with the ID `line-…`: all lines with
    one would take twice the time.
    `margins(count)` is an HTML page with that many empty pages.
    """
    with drawing():
        parts = _parts(part_from, stylesheet)
        joined = Joined(next(parts))
        for part in parts:
            joined.append(part)
        empty = laid_out(margins(joined.page_count), styles(stylesheet))
        joined.add_margins(_made(empty, is_tagged=False))
        return joined.written()


def _parts(part_from: Callable[[int], tuple[str, bool]], stylesheet: str) -> Iterator[pydyf.PDF]:
    looks = styles(stylesheet), CSS(string=_NO_MARGINS)
    line, is_last = 0, False
    while not is_last:
        page, is_last = part_from(line)
        document = laid_out(page, *looks)
        if not is_last:
            # The last page is not full: the next part begins with its lines.
            line = _first_line(document.pages.pop())
            if not document.pages[-1].anchors:
                raise ValueError("The last page may have lines without an ID.")
        for one in document.pages:
            one.anchors.clear()
        yield _made(document, is_tagged=True)
        del document
        # Boxes refer to each other, and the collector is paused.
        gc.collect()


def _first_line(page: Page) -> int:
    return min(int(name.removeprefix(_LINE)) for name in page.anchors)


def _made(document: Document, *, is_tagged: bool) -> pydyf.PDF:
    return generate_pdf(document, None, 1, **DEFAULT_OPTIONS | {"pdf_tags": is_tagged})
