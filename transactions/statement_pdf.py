"""A statement as a PDF file."""

from datetime import date
from decimal import Decimal
from typing import Any

from banking.kernel.formats import date_format
from banking.kernel.money import format_money, format_number
from banking.kernel.pdf import LINES_AT_ONCE, picture, render_pdf, render_pdf_in_parts
from banking.kernel.pdf_charts import Slice, ring
from banking.limits import STATEMENT_PDF_LINES
from transactions.statements import CategorySum, Statement

SHOWN_CATEGORIES = 7
_OTHER_COLOR = "#9aa2b4"


def statement_pdf(statement: Statement, *, locale: str, on: date) -> bytes:
    """The statement as prepared on the date `on`, with amounts in the format of `locale`.

    Raises PdfUnavailableError, and ValueError above STATEMENT_PDF_LINES.
    """
    if len(statement.lines) > STATEMENT_PDF_LINES:
        raise ValueError(f"A statement can have at most {STATEMENT_PDF_LINES} transactions.")
    context = statement_context(statement, locale=locale, on=on)
    render = render_pdf_in_parts if len(statement.lines) > LINES_AT_ONCE else render_pdf
    return render("transactions/pdf/statement.html", context, stylesheet="css/statement.css")


def statement_context(statement: Statement, *, locale: str, on: date) -> dict[str, Any]:
    """The template context. Line amounts are already formatted, for speed."""
    currency, account = statement.currency, statement.account
    slices = category_slices(statement.spending)
    whole = sum(piece.amount for piece in slices)
    days = {on: date_format(on, locale=locale) for on in {line.on for line in statement.lines}}
    return {
        "statement": statement,
        "locale": locale,
        "account": account,
        "holder": account.user.get_full_name(),
        "currency": currency,
        "on": on,
        "is_running": statement.period.last_day >= on,
        "opening": format_money(statement.opening, currency, locale),
        "inflow": format_money(statement.inflow, currency, locale),
        "outflow": format_money(-statement.outflow, currency, locale),
        "closing": format_money(statement.closing, currency, locale),
        "pending_total": format_money(statement.pending.total, currency, locale),
        "chart": picture(ring(slices)) if slices else "",
        "categories": [
            (piece, format_money(piece.amount, currency, locale), round(100 * piece.amount / whole))
            for piece in slices
        ],
        "lines": [
            (
                days[line.on],
                _text(line.merchant, line.description),
                format_number(line.amount, currency, locale),
                line.amount > 0,
                format_number(line.balance, currency, locale),
            )
            for line in statement.lines
        ],
    }


def category_slices(spending: tuple[CategorySum, ...]) -> list[Slice]:
    """The largest categories, and all others combined."""
    slices = [
        Slice(category.name, category.outflow, category.color)
        for category in spending[:SHOWN_CATEGORIES]
    ]
    rest = spending[SHOWN_CATEGORIES:]
    if rest:
        others = sum((category.outflow for category in rest), Decimal(0))
        slices.append(Slice("Everything else", others, _OTHER_COLOR))
    return slices


def _text(merchant: str, description: str) -> str:
    """The merchant plus the bank's text if it adds anything, as one string for speed."""
    if not merchant or description.casefold() == merchant.casefold():
        return description
    return f"{merchant} · {description}"
