"""Keyset paging shows each row exactly once, in order, forward and backward, for any ordering."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from banking.kernel.keyset import full_ordering, keyset_page
from tests.builders import make_account, make_user
from tests.depth import up_to
from transactions.filters import ORDERINGS, sort_transactions
from transactions.fingerprints import fingerprint
from transactions.models import Category, Transaction

WORDS = ["", "a", "B", "b", "Éclair", "éclair", "z z", "ß", "日本", "a,b", '"', "0"]


@pytest.fixture
def population(db):
    """Rows with many ties in every column, including nullable and joined columns."""
    user = make_user()
    accounts = [make_account(user=user, name=name) for name in ("Zed", "alpha", "Zed")]
    categories = [None, *Category.objects.filter(user=None).order_by("id")[:3]]
    rows = []
    for number in range(60):
        amount = Decimal(number % 5 + 1) * (-1 if number % 2 else 1)
        on = date(2026, 1, 1) + timedelta(days=number % 7)
        rows.append(
            Transaction(
                user=user,
                account=accounts[number % 3],
                category=categories[number % 4],
                description=WORDS[number % len(WORDS)] or "-",
                merchant=WORDS[(number * 5) % len(WORDS)],
                signed_amount=amount,
                currency="EUR",
                txn_date=on,
                fingerprint=fingerprint(on, amount, "EUR", "x"),
            )
        )
    Transaction.objects.bulk_create(rows)


names = st.lists(
    st.tuples(st.sampled_from(sorted(ORDERINGS)), st.booleans()),
    min_size=0,
    max_size=3,
    unique_by=lambda pair: pair[0],
)


@pytest.mark.search
@pytest.mark.slow
@settings(
    max_examples=up_to(60, quick=20),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(order=names, size=st.integers(1, 70))
def test_keyset_pages_match_the_unpaged_order(population, order, size):
    keys = [("-" if down else "") + name for name, down in order]
    rows = sort_transactions(Transaction.objects.all(), keys)
    expected = list(rows.order_by(*full_ordering(rows)).values_list("pk", flat=True))
    assert walk(rows, size, forwards=True) == expected
    assert walk(rows, size, forwards=False) == expected


def walk(rows, size, *, forwards):
    """Collect every row by following "next" from the start, or "previous" from the end."""
    ordering = full_ordering(rows)
    page = keyset_page(rows, ordering, size, None)
    pages = [page]
    while page.next_cursor:
        page = keyset_page(rows, ordering, size, page.next_cursor)
        pages.append(page)
    if not forwards:
        pages = [page]
        while page.previous_cursor:
            page = keyset_page(rows, ordering, size, page.previous_cursor)
            pages.insert(0, page)
    return [row.pk for page in pages for row in page.rows]


def test_first_and_last_page_have_no_neighbor(population):
    rows = Transaction.objects.all()
    ordering = full_ordering(rows)
    first = keyset_page(rows, ordering, 40, None)
    last = keyset_page(rows, ordering, 40, first.next_cursor)
    assert (first.previous_cursor, last.next_cursor) == (None, None)
    assert (len(first.rows), len(last.rows)) == (40, 20)
    assert keyset_page(rows.none(), ordering, 40, None).next_cursor is None


def test_a_row_inserted_before_the_page_shifts_nothing(population):
    rows = Transaction.objects.all()
    ordering = full_ordering(rows)
    first = keyset_page(rows, ordering, 10, None)
    expected = list(rows.values_list("pk", flat=True)[10:20])
    copy = rows.first()
    copy.pk, copy.txn_date = None, date(2030, 1, 1)
    copy.save(force_insert=True)
    second = keyset_page(rows, ordering, 10, first.next_cursor)
    assert [row.pk for row in second.rows] == expected
