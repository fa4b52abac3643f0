"""The bulk action bar: checked rows or all filter results, with undo."""

import re
from decimal import Decimal

import pytest

from banking.kernel.formats import date_format
from tests.builders import make_account, make_transaction
from transactions.models import Change, Transaction
from transactions.services.splitting import Part, split_transaction

pytestmark = pytest.mark.django_db
URL = "/transactions/bulk/"


@pytest.fixture
def rows(checking):
    return [make_transaction(account=checking, description=f"row {number}") for number in range(3)]


def said(client):
    return [str(message) for message in client.get("/transactions/").context["messages"]]


@pytest.mark.slow
def test_checked_rows_get_a_category_and_undo_removes_it(alice, rows, groceries, client_for):
    client = client_for(alice)
    body = {"do": "category", "category": "groceries", "ids": [rows[0].pk, rows[1].pk]}
    answer = client.post(URL, body | {"query": "search=row"})
    assert (answer.status_code, answer["Location"]) == (302, "/transactions/?search=row")
    assert Transaction.objects.filter(category=groceries, category_source="manual").count() == 2
    change = Change.objects.get()
    page = client.get("/transactions/")
    assert "2 transactions changed." in page.content.decode()
    assert f"/transactions/undo/{change.pk}/undo/" in page.content.decode()
    client.post(f"/transactions/undo/{change.pk}/undo/")
    assert not Transaction.objects.exclude(category=None).exists()


def test_all_filter_results_are_changed_and_nothing_else(alice, checking, rows, client_for):
    make_transaction(account=checking, description="other")
    body = {"do": "tag", "tags": "trip, all", "all": "1", "query": "search=row&cursor=x"}
    client_for(alice).post(URL, body)
    assert set(Transaction.objects.filter(tags__name="trip")) == set(rows)


@pytest.mark.slow
def test_tags_are_removed_notes_set_and_rows_deleted(alice, checking, rows, client_for):
    client, ids = client_for(alice), [row.pk for row in rows]
    client.post(URL, {"do": "tag", "tags": "trip", "ids": ids})
    client.post(URL, {"do": "untag", "tags": "trip", "ids": ids[:1]})
    client.post(URL, {"do": "notes", "notes": "paid", "ids": ids[:2]})
    assert Transaction.objects.filter(tags__name="trip").count() == 2
    assert Transaction.objects.filter(notes="paid").count() == 2
    client.post(URL, {"do": "delete", "ids": ids})
    checking.refresh_from_db()
    assert checking.balance == Decimal(1000)
    assert said(client)[-1] == "3 transactions moved to the trash."


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ({"do": "category"}, "Choose a category first."),
        ({"do": "tag", "tags": " ,"}, "Enter a tag first."),
        ({"do": "notes", "notes": "x"}, "Choose some transactions first."),
        ({"do": "notes", "notes": "x", "all": "1", "query": "date_from=x"}, "Choose some"),
    ],
)
def test_missing_values_are_requested_and_nothing_changes(alice, rows, client_for, body, sentence):
    client = client_for(alice)
    client.post(URL, body)
    assert said(client)[0].startswith(sentence)
    assert not Change.objects.exists()


def test_other_peoples_rows_stay_unchanged(alice, bob, rows, client_for):
    theirs = make_account(user=bob, opening_balance="100")
    row = make_transaction(account=theirs)
    client_for(bob).post(URL, {"do": "delete", "ids": [other.pk for other in rows] + [row.pk]})
    assert set(Transaction.objects.filter(deleted_at=None)) == set(rows)


def test_each_own_row_has_a_checkbox(alice, rows, client_for):
    page = client_for(alice).get("/transactions/").content.decode()
    assert page.count(" name=ids ") == 3
    assert page.count("data-currency=EUR ") == 3
    assert "all 3 in this list" in page


def test_without_javascript_a_page_offers_every_change_to_the_chosen_rows(alice, rows, client_for):
    client = client_for(alice)
    ids = [row.pk for row in rows[:2]]
    sent = {"do": "choose", "ids": ids, "query": "search=row"}
    page = client.post(URL, sent).content.decode()
    assert "<html" in page
    assert [int(pk) for pk in re.findall(r'name="ids" value="(\d+)"', page)] == ids
    assert 'name="query" value="search=row"' in page
    assert re.findall(r'name="do" value="(\w+)"', page) == ["category", "tag", "untag", "notes"]
    assert '<option value="groceries"' in page
    # The menus of the list load one field each.
    sent |= {"part": "notes"}
    part = client.post(URL, sent, headers={"HX-Request": "true"}).content.decode()
    assert ("<html" in part, "<option" in part, 'value="notes"' in part) == (False, False, True)
    assert not Transaction.objects.exclude(notes="").exists()


def test_choosing_a_category_in_a_row_offers_a_rule(alice, rows, client_for):
    answer = client_for(alice).post(
        f"/transactions/{rows[0].pk}/category/",
        {"category": "groceries"},
        headers={"HX-Request": "true"},
    )
    page = answer.content.decode()
    assert "category-cell" in page
    assert f"from_transaction={rows[0].pk}" in page
    assert "set by you" in page


@pytest.mark.slow
def test_rows_whose_category_is_fixed_are_named(alice, rows, groceries, client_for):
    parts = [Part(Decimal("-4.00"), groceries), Part(Decimal("-6.00"))]
    split_transaction(actor=alice, transaction=rows[0], parts=parts)
    client, body = client_for(alice), {"do": "category", "category": "groceries"}
    client.post(URL, body | {"ids": [row.pk for row in rows]})
    day = date_format(rows[0].txn_date, "SHORT_DATE_FORMAT")
    left = f"Category not changed: “row 0” ({day}) is split. Change its parts instead."
    assert said(client) == [left, "2 transactions changed."]
    client.post(URL, body | {"ids": [rows[0].pk]})
    assert said(client) == [left]
