"""Categorize by merchant: groups, one choice for all, undo, and the offers afterward."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from tests.builders import TODAY, make_account, make_transaction
from transactions.ledger_check import check_ledger
from transactions.likely_categories import likely_categories
from transactions.merchant_groups import group_page, merchant_groups
from transactions.models import Category, Change, Transaction
from users.timezones import today_in

PAGE, SETTLE, API = (
    "/transactions/by-merchant/",
    "/transactions/by-merchant/settle/",
    ("/api/transactions/by-merchant"),
)


def category(slug):
    return Category.objects.get(user=None, slug=slug)


@pytest.fixture
def lines(checking):
    """Three purchases at a kiosk in three spellings, one refund, and two elsewhere."""
    for number, text in enumerate(["KIOSK QUILL 0042", "Kiosk Quill", "POS KIOSK QUILL 77"]):
        make_transaction(
            account=checking,
            amount=f"-{number + 1}.00",
            description=text,
            txn_date=TODAY - timedelta(days=number),
        )
    make_transaction(account=checking, amount="2.00", description="KIOSK QUILL 0042")
    make_transaction(account=checking, amount="-9.00", description="Velvet Arden")
    make_transaction(account=checking, amount="-8.00", description="Velvet Arden")
    make_transaction(account=checking, amount="-7.00", category=category("gifts"))
    return checking


def told(groups):
    return [(group.title, group.txn_type, group.count, group.totals) for group in groups]


def test_groups_hold_every_uncategorized_line_once_largest_first(lines, alice, bob):
    make_transaction(account=make_account(user=bob), amount="5.00", description="Elsewhere")
    groups = merchant_groups(alice)
    assert [(group.txn_type, group.count, group.totals) for group in groups] == [
        ("expense", 3, {"EUR": Decimal("-6.00")}),
        ("expense", 2, {"EUR": Decimal("-17.00")}),
        ("income", 1, {"EUR": Decimal("2.00")}),
    ]
    assert [group.payee.key for group in groups] == ["kiosk quill", "arden velvet", "kiosk quill"]
    assert groups[0].last_date == TODAY


def test_page_shows_examples_and_goes_on_after_the_last_group(lines, alice):
    first = group_page(alice, after="", page_size=1)
    assert [row.signed_amount for row in first.groups[0].examples] == [-1, -2, -3]
    assert (first.group_count, first.row_count) == (3, 6)
    second = group_page(alice, after=first.after, page_size=2)
    assert [group.count for group in second.groups] == [2, 1]
    assert second.after == ""


def test_suggestions_begin_with_what_is_known_of_the_merchant(lines, alice):
    make_transaction(account=lines, amount="3.00", description="Velvet Arden",
                     category=category("refunds"))  # fmt: skip
    make_transaction(account=lines, amount="-3.00", description="Kiosk Quill",
                     category=category("coffee"))  # fmt: skip
    slugs = [
        [category.slug for category in group.suggestions]
        for group in group_page(alice, after="", page_size=5).groups
    ]
    assert [found[0] for found in slugs] == ["coffee", "refunds", "coffee"]


def test_a_row_is_offered_the_same_categories_wherever_it_is_shown(lines, alice):
    today = today_in(alice.timezone)
    make_transaction(account=lines, amount="3.00", description="Velvet Arden",
                     category=category("refunds"))  # fmt: skip
    make_transaction(account=lines, amount="-7.00", category=category("pets"), txn_date=today)
    for group in group_page(alice, after="", page_size=5).groups:
        picker = likely_categories(alice.pk, today, group.examples[0])
        assert [one.pk for one in group.suggestions] == picker[:3]
    # Chosen there for money in, used lately, usual.
    velvet = Transaction.objects.get(description="Velvet Arden", signed_amount=-9)
    found = likely_categories(alice.pk, today, velvet)
    slugs = [Category.objects.get(pk=pk).slug for pk in found]
    assert slugs == ["refunds", "pets", "groceries", "restaurants", "shopping"]


@pytest.mark.slow
@pytest.mark.parametrize("typed", ["coffee", "Coffee & snacks", "COFF", "snacks"])
def test_one_choice_settles_the_group_as_one_change(lines, alice, client_for, typed):
    client = client_for(alice)
    answer = client.post(
        SETTLE, {"payee": "kiosk quill", "txn_type": "expense", "category": typed}, follow=True
    )
    change = Change.objects.get()
    assert change.row_count == 3
    settled = Transaction.objects.filter(category__slug="coffee", category_source="manual")
    assert sorted(settled.values_list("signed_amount", flat=True)) == [-3, -2, -1]
    assert check_ledger().is_clean
    page = answer.content.decode()
    assert f"/transactions/undo/{change.pk}/undo/" in page
    assert "/transactions/rules/new/?from_transaction=" in page
    client.post(f"/transactions/undo/{change.pk}/undo/")
    assert Transaction.objects.filter(category=None).count() == 6


def test_suggestion_button_settles_without_typing(lines, alice, client_for):
    body = {"payee": "kiosk quill", "txn_type": "expense", "category": "", "suggested": "pets"}
    client_for(alice).post(SETTLE, body)
    assert Transaction.objects.filter(category__slug="pets").count() == 3


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [("", "Choose a category."), ("re", "could be"), ("zzz", "You have no category “zzz”.")],
)
def test_unclear_category_is_refused_with_the_names_and_changes_nothing(
    lines, alice, client_for, typed, sentence
):
    answer = client_for(alice).post(
        SETTLE,
        {"payee": "kiosk quill", "txn_type": "expense", "category": typed},
        headers={"HX-Request": "true"},
    )
    assert (answer.status_code, sentence in answer.content.decode()) == (422, True)
    assert not Change.objects.exists()


def test_answer_to_htmx_takes_the_group_away_and_tells_what_is_left(lines, alice, client_for):
    answer = client_for(alice).post(
        SETTLE,
        {"payee": "kiosk quill", "txn_type": "expense", "category": "coffee"},
        headers={"HX-Request": "true"},
    )
    page = answer.content.decode()
    assert "data-group" not in page
    assert "3 transactions without a category." in page
    assert "3 transactions at KIOSK QUILL 0042" not in page or "Create rule" in page


def test_other_peoples_groups_are_nobodys_to_settle(lines, bob, client_for):
    body = {"payee": "kiosk quill", "txn_type": "expense", "category": "coffee"}
    client_for(bob).post(SETTLE, body)
    assert not Transaction.objects.filter(category__slug="coffee").exists()


def test_api_lists_and_settles_once_per_key(lines, alice, api_for):
    client = api_for(alice)
    listed = client.get(API, {"page_size": "2"}).json()
    assert [group["count"] for group in listed["results"]] == [3, 2]
    assert listed["results"][0]["totals"] == [{"currency": "EUR", "amount": "-6.00"}]
    following = client.get(listed["next"]).json()
    assert ([group["txn_type"] for group in following["results"]], following["next"]) == (
        ["income"],
        None,
    )
    body = {"merchant": "Kiosk Quill", "txn_type": "expense", "category": "coffee"}
    first = client.post(API, body, format="json", headers={"Idempotency-Key": "k1"})
    again = client.post(API, body, format="json", headers={"Idempotency-Key": "k1"})
    assert (first.json()["count"], again.json()) == (3, first.json())
    assert again.headers["Idempotency-Replayed"] == "true"
    assert client.post(API, body, format="json").json() == {
        "count": 0, "batch": None, "status": "done", "url": None,
    }  # fmt: skip
    refused = client.post(API, body | {"category": "nothing-like-it"}, format="json")
    assert (refused.status_code, Change.objects.count()) == (400, 1)


def test_split_transactions_and_those_in_the_trash_are_in_no_group(checking, alice):
    make_transaction(account=checking, description="Velvet Arden", txn_date=date(2026, 3, 1))
    Transaction.objects.update(is_split=True)
    assert merchant_groups(alice) == []
