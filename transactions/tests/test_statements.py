"""Statements: opening balance plus lines equals closing balance, also on every printed page."""

import re
from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from io import BytesIO

import pytest
from django.utils import timezone
from pypdf import PdfReader

from accounts.models import Account
from banking.kernel import pdf
from banking.kernel.periods import Period
from banking.limits import STATEMENT_PDF_LINES
from tests.builders import make_transaction
from transactions import statement_pdf as statement_pdf_module
from transactions.models import Category
from transactions.services.posting import delete_transactions
from transactions.services.splitting import Part, split_transaction
from transactions.statement_pdf import statement_pdf
from transactions.statements import (
    Pending,
    Statement,
    StatementLine,
    build_statement,
    count_lines,
)
from users.models import User

MARCH = Period.month(2026, 3)
TODAY = date(2026, 4, 2)
# Greek, Cyrillic, Chinese, Japanese, Arabic, Thai, and rare Latin letters.
MERCHANTS = (
    *("Tesco", "Καφέ Αθήνα", "Пекарня", "北京烤鸭店", "大阪ラーメン", "مطعم بيروت"),
    *("โรงแรม", "Żabka Łódź", "José’s Café", "עוגה"),
)


def row(account, amount, day, **over):
    return make_transaction(account=account, amount=amount, txn_date=date(2026, *day), **over)


@pytest.fixture
def march(checking):
    """An opening balance of 1,000.00 and every kind of row in February, March and April."""
    row(checking, "-100.00", (2, 28))
    row(checking, "2500.00", (3, 1), merchant="Employer")
    row(checking, "-33.33", (3, 1), category=Category.objects.get(slug="groceries"))
    row(checking, "-0.01", (3, 31))
    row(checking, "-7.00", (3, 9), status="pending")
    row(checking, "-9.99", (4, 1))
    return checking


def test_opening_balance_plus_lines_equals_closing_balance(march):
    statement = build_statement(Account.objects.get(pk=march.pk), MARCH)
    assert statement.opening == Decimal("900.00")
    assert [(line.on.day, line.amount, line.balance) for line in statement.lines] == [
        (1, Decimal("2500.00"), Decimal("3400.00")),
        (1, Decimal("-33.33"), Decimal("3366.67")),
        (31, Decimal("-0.01"), Decimal("3366.66")),
    ]
    assert (statement.inflow, statement.outflow) == (Decimal("2500.00"), Decimal("33.34"))
    assert statement.closing == Decimal("3366.66")
    assert statement.pending == Pending(1, Decimal("-7.00"))
    assert count_lines(march, MARCH) == 3


@pytest.mark.parametrize(
    ("period", "opening", "closing"),
    [
        (Period(date(2026, 3, 2), date(2026, 3, 31)), "3366.67", "3366.67"),
        (Period(date(2026, 3, 31), date(2026, 4, 2)), "3366.67", "3356.67"),
        (Period.month(2025, 12), "1000.00", "1000.00"),
        (Period(date(2020, 1, 1), date(2030, 1, 1)), "1000.00", "3356.67"),
    ],
)
def test_each_period_begins_where_the_previous_one_ends(march, period, opening, closing):
    account = Account.objects.get(pk=march.pk)
    statement = build_statement(account, period)
    assert (statement.opening, statement.closing) == (Decimal(opening), Decimal(closing))
    before = build_statement(account, Period(date(2019, 1, 1), period.start))
    assert before.closing == statement.opening


def test_trash_is_excluded_and_a_split_counts_by_its_parts(alice, march):
    gone = row(march, "-50.00", (3, 5))
    delete_transactions(actor=alice, rows=type(gone).objects.filter(pk=gone.pk))
    whole = row(march, "-60.00", (3, 6))
    food, fun = (Category.objects.get(slug=slug) for slug in ("groceries", "entertainment"))
    split_transaction(
        actor=alice,
        transaction=whole,
        parts=[Part(Decimal(-20), food), Part(Decimal(-40), fun)],
    )
    statement = build_statement(Account.objects.get(pk=march.pk), MARCH)
    assert statement.closing == Decimal("3306.66")
    assert {(category.name, category.outflow) for category in statement.spending} == {
        (food.parent.name, Decimal("53.33")),
        (fun.name, Decimal("40.00")),
        ("Uncategorized", Decimal("0.01")),
    }
    assert sum(category.inflow - category.outflow for category in statement.categories) == Decimal(
        "2406.66"
    )


def long_statement(count):
    """Data for the PDF renderer that needs no database."""
    account = Account(
        name="Everyday",
        last_four="3456",
        currency="EUR",
        user=User(name="Ada Miller", locale="en-US"),
    )
    lines, balance = [], Decimal("1000.00")
    for number in range(count):
        amount = Decimal("1234.56") if number % 30 == 0 else -Decimal(number % 97 + 1) / 10
        balance += amount
        on = MARCH.start + timedelta(days=number * 30 // count)
        merchant = f"{MERCHANTS[number % len(MERCHANTS)]} {number}"
        lines.append(StatementLine(on, merchant, "CARD PAYMENT", amount, balance))
    inflow = sum(line.amount for line in lines if line.amount > 0)
    outflow = -sum(line.amount for line in lines if line.amount < 0)
    return Statement(
        *(account, MARCH, Decimal("1000.00"), inflow, outflow, balance),
        *(tuple(lines), (), Pending(0, Decimal(0))),
    )


@pytest.mark.slow
@pytest.mark.once
def test_transactions_begin_below_the_ring_of_a_single_category(march):
    statement = build_statement(Account.objects.get(pk=march.pk), MARCH)
    statement = replace(statement, categories=statement.spending[:1])
    heights = {}
    page = PdfReader(BytesIO(statement_pdf(statement, locale="en-US", on=TODAY))).pages[0]
    page.extract_text(
        visitor_text=lambda text, _cm, tm, *_font: heights.setdefault(text.strip(), tm[5])
    )
    ring = 38 * 72 / 25.4
    assert abs(heights["Spending by category"] - heights["Transactions"]) > ring


@pytest.mark.slow
@pytest.mark.once
def test_twenty_printed_pages_add_up_and_are_numbered():
    statement = long_statement(760)
    pages = [
        page.extract_text()
        for page in PdfReader(BytesIO(statement_pdf(statement, locale="en-US", on=TODAY))).pages
    ]
    assert len(pages) >= 20
    for number, text in enumerate(pages, start=1):
        assert re.findall(r"Page \d+ of \d+", text) == [f"Page {number} of {len(pages)}"]
        assert "Amount EUR" in text
    assert all("Everyday · ****3456" in text for text in pages[1:])
    found = re.findall(
        r"^Mar \d\d?, 2026 .*? (-?[\d,]+\.\d\d) (-?[\d,]+\.\d\d)$", "\n".join(pages), re.M
    )
    numbers = [tuple(Decimal(text.replace(",", "")) for text in pair) for pair in found]
    assert len(numbers) == 760
    assert [balance for _amount, balance in numbers] == [line.balance for line in statement.lines]
    assert Decimal("1000.00") + sum(amount for amount, _balance in numbers) == statement.closing
    whole = "\n".join(pages)
    for merchant in ("Καφέ Αθήνα", "Пекарня", "北京烤鸭店", "大阪ラーメン", "Żabka Łódź"):
        assert merchant in whole


def drawn(statement):
    """The pages as a reader and a screen reader find them: texts with places, and kinds of tags."""
    file = PdfReader(BytesIO(statement_pdf(statement, locale="en-US", on=TODAY)))
    places = []
    for number, page in enumerate(file.pages):
        page.extract_text(
            visitor_text=lambda text, cm, tm, *_font, at=number: places.append(
                (at, text.strip(), round(cm[0] * tm[4] + cm[4]), round(cm[3] * tm[5] + cm[5]))
            )
        )
    tree = file.trailer["/Root"]["/StructTreeRoot"]
    for page, owners in zip(file.pages, tree["/ParentTree"]["/Nums"][1::2], strict=True):
        assert {owner["/Pg"].indirect_reference for owner in owners} == {page.indirect_reference}
    return sorted(set(places)), Counter(element["/S"] for element in elements(tree["/K"]))


def elements(kids):
    for kid in kids:
        element = kid.get_object()
        if isinstance(element, dict):
            yield element
            yield from elements(element["/K"])


@pytest.mark.slow
@pytest.mark.once
def test_a_statement_drawn_in_parts_looks_and_reads_like_one_drawn_at_once(monkeypatch):
    statement = long_statement(290)
    places, kinds = drawn(statement)
    for module in (pdf, statement_pdf_module):
        monkeypatch.setattr(module, "LINES_AT_ONCE", 110)
    places_in_parts, kinds_in_parts = drawn(statement)
    assert places_in_parts == places
    # The hidden text for the margins is not read aloud on the first page.
    assert kinds_in_parts == kinds - Counter({"/P": 1})


@pytest.mark.once
def test_more_lines_than_can_be_printed_are_rejected():
    statement = long_statement(1)
    too_many = Statement(
        *(statement.account, MARCH, Decimal(0), Decimal(0), Decimal(0), Decimal(0)),
        *(statement.lines * (STATEMENT_PDF_LINES + 1), (), statement.pending),
    )
    with pytest.raises(ValueError, match="5000 transactions"):
        statement_pdf(too_many, locale="en-US", on=timezone.now().date())
