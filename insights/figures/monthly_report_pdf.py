"""A monthly report as a PDF file."""

from decimal import Decimal
from typing import Any

from banking.kernel.formats import date_format
from banking.kernel.pdf import picture, render_pdf
from banking.kernel.pdf_charts import Slice, columns, ring
from insights.figures.monthly_report import MonthlyReport

SHOWN_CATEGORIES = 8
_INCOME, _SPENDING, _OTHER = "#0b6b4a", "#4653cf", "#9aa2b4"


def monthly_report_pdf(report: MonthlyReport, *, locale: str) -> bytes:
    """The report in print, amounts as in `locale`. Raises PdfUnavailableError."""
    return render_pdf(
        "insights/pdf/monthly_report.html",
        monthly_report_context(report, locale=locale),
        stylesheet="css/statement.css",
    )


def monthly_report_context(report: MonthlyReport, *, locale: str) -> dict[str, Any]:
    """The template's context."""
    slices = _slices(report)
    return {
        "report": report,
        "locale": locale,
        "currency": report.currency,
        "holder": report.coverage.user.get_full_name(),
        "accounts": [item for item in report.worth.items if item.converted],
        "savings_percent": report.flow.savings_rate and round(report.flow.savings_rate * 100),
        "ring": picture(ring(slices)) if slices else "",
        "categories": report.spending[:SHOWN_CATEGORIES],
        "rest": _rest(report),
        "trend": _trend(report, locale),
    }


def _slices(report: MonthlyReport) -> list[Slice]:
    shown = report.spending[:SHOWN_CATEGORIES]
    slices = [Slice(row.name, row.total, row.color) for row in shown if row.total > 0]
    rest = _rest(report)
    return [*slices, Slice("Everything else", rest, _OTHER)] if rest else slices


def _rest(report: MonthlyReport) -> Decimal:
    """Spending in the categories that are not listed."""
    return sum((row.total for row in report.spending[SHOWN_CATEGORIES:]), Decimal(0))


def _trend(report: MonthlyReport, locale: str) -> str:
    """Income and expenses by month; empty if no month has either."""
    if not any(month.income or month.expenses for month in report.trend):
        return ""
    chart = columns(
        [date_format(month.month, "M Y", locale) for month in report.trend],
        [
            ("Income", _INCOME, [month.income for month in report.trend]),
            ("Spending", _SPENDING, [month.expenses for month in report.trend]),
        ],
    )
    return picture(chart)
