"""A statement of 1,000 and 5,000 lines: ours, the same page by bare WeasyPrint, and a naive page.

Each in a process of its own: CPU seconds, pages, size of the file, peak memory. No database.

    .venv/bin/python benchmarks/statement_pdf.py
"""

import os
import resource
import subprocess
import sys
import tempfile
import time
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("SECRET_KEY", "benchmark-secret-key-of-more-than-thirty-two-characters")
os.environ.setdefault("DATA_DIR", tempfile.mkdtemp(prefix="banking-bench-"))
os.environ.setdefault("READ_DOT_ENV", "false")
os.environ.setdefault("LOG_LEVEL", "ERROR")
os.environ["DJANGO_SETTINGS_MODULE"] = "banking.settings"

COUNTS = (40, 1_000, 5_000)
NAIVE = (
    "<style>@page{size:A4;margin:18mm;@bottom-right{content:counter(page) ' / ' counter(pages)}}"
    "body{font:9pt sans-serif}table{width:100%%;border-collapse:collapse}"
    "td,th{padding:2.5pt;border-bottom:.3pt solid #ccc;text-align:left}.n{text-align:right}"
    "</style><h1>Statement</h1><table><thead><tr><th>Date<th>Description<th>Amount<th>Balance"
    "</thead><tbody>%s</tbody></table>"
)


def statement(count):
    from accounts.models import Account
    from banking.kernel.periods import Period
    from transactions.statements import Pending, Statement, StatementLine
    from users.models import User

    account = Account(
        name="Everyday", last_four="3456", currency="EUR", user=User(name="Ada Miller")
    )
    lines, balance = [], Decimal("1000.00")
    for number in range(count):
        amount = Decimal("1234.56") if number % 30 == 0 else -Decimal(number % 9_973 + 1) / 100
        balance += amount
        on = date(2025, 1, 1) + timedelta(days=number * 365 // count)
        text = f"CARD PAYMENT TO TESEL STORES {number} LONDON GB"
        lines.append(StatementLine(on, "Tesel", text, amount, balance))
    year = Period(date(2025, 1, 1), date(2026, 1, 1))
    inflow = sum(line.amount for line in lines if line.amount > 0)
    outflow = -sum(line.amount for line in lines if line.amount < 0)
    pending = Pending(0, Decimal(0))
    return Statement(
        account, year, Decimal(1000), inflow, outflow, balance, tuple(lines), (), pending
    )


def ours(built):
    from transactions.statement_pdf import statement_pdf

    return statement_pdf(built, locale="en-US", on=date(2026, 1, 2))


def same_page(built):
    from django.template.loader import render_to_string
    from weasyprint import HTML

    from banking.kernel import pdf_engine, typefaces
    from transactions.statement_pdf import statement_context

    context = statement_context(built, locale="en-US", on=date(2026, 1, 2))
    page = render_to_string("transactions/pdf/statement.html", {"site_name": "Bench", **context})
    for font in typefaces.slices_for(page):
        pdf_engine._load(font)
    styles, fonts = pdf_engine.styles("css/statement.css"), pdf_engine._fonts()
    return HTML(string=page).write_pdf(stylesheets=[styles], font_config=fonts)


def naive(built):
    from weasyprint import HTML

    rows = "".join(
        f"<tr><td>{line.on}<td>{line.merchant} {line.description}"
        f"<td class=n>{line.amount}<td class=n>{line.balance}"
        for line in built.lines
    )
    return HTML(string=NAIVE % rows).write_pdf()


def measure(name, count):
    import django

    django.setup()
    draw, built = globals()[name], statement(count)
    draw(statement(1))  # the engine, the typefaces
    started, cpu = time.perf_counter(), time.process_time()
    content = draw(built)
    wall, cpu = time.perf_counter() - started, time.process_time() - cpu
    from io import BytesIO

    from pypdf import PdfReader

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    pages = len(PdfReader(BytesIO(content)).pages)
    print(
        f"{name:10} {count:6,} lines  {pages:4} pages  {cpu:6.2f} s CPU  {wall:6.2f} s wall"
        f"  {len(content) // 1024:5} KB  {peak:4} MB peak",
        flush=True,
    )


if __name__ == "__main__":
    if len(sys.argv) == 3:
        measure(sys.argv[1], int(sys.argv[2]))
    else:
        for lines in COUNTS:
            for way in ("naive", "same_page", "ours"):
                subprocess.run([sys.executable, __file__, way, str(lines)], check=True)
