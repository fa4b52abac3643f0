"""Pages for transactions and categories: what they show and accept."""

import re
from datetime import date, timedelta
from decimal import Decimal
from types import SimpleNamespace

import pytest
from django.db import connection
from django.http import QueryDict
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import AccountShare
from banking.kernel.formats import date_format
from tests.builders import make_account, make_transaction, make_user
from transactions.filters import TransactionFilter
from transactions.models import Category, Transaction
from transactions.services.categories import create_category
from transactions.services.splitting import Part, split_transaction
from transactions.summaries import day_nets, summarize
from users.timezones import local_date


def asked_by(user):
    """A request of that person, as far as the filters look at it."""
    return SimpleNamespace(user=user)


def page(client, url, status=200):
    answer = client.get(url)
    assert answer.status_code == status, answer.content[:500]
    return answer.content.decode()


@pytest.fixture
def client(client_for, alice):
    return client_for(alice)


# --- the list ------------------------------------------------------------------------------------


def test_filter_totals_exclude_transfers_and_pending(alice, checking, groceries):
    transfer = Category.objects.get(slug="transfer")
    make_transaction(account=checking, amount="-10.00", category=groceries)
    make_transaction(account=checking, amount="25.00")
    make_transaction(account=checking, amount="-100.00", category=transfer)
    make_transaction(account=checking, amount="-7.00", status="pending")
    dollars = make_account(user=alice, currency="USD", opening_balance="9")
    make_transaction(account=dollars, amount="-1.00")
    found = [
        (
            summary.currency,
            summary.count,
            summary.inflow,
            summary.outflow,
            summary.net,
            summary.transfer_count,
        )
        for summary in summarize(Transaction.objects.visible_to(alice))
    ]
    assert found == [
        ("EUR", 4, Decimal(25), Decimal(10), Decimal(15), 1),
        ("USD", 1, Decimal(0), Decimal(1), Decimal(-1), 0),
    ]
    nets = day_nets(Transaction.objects.visible_to(alice), {date(2026, 3, 15)})
    assert nets == {date(2026, 3, 15): [("EUR", Decimal(15)), ("USD", Decimal(-1))]}


@pytest.mark.slow
@pytest.mark.parametrize("query", ["", "?category=groceries", "?counts_as=spending"])
def test_a_days_net_is_the_same_from_the_page_and_from_the_database(
    alice, client, checking, groceries, query
):
    transfer = Category.objects.get(slug="transfer")
    dollars = make_account(user=alice, currency="USD", opening_balance="900")
    for number in range(12):
        account, day = (checking, dollars)[number % 3 == 2], date(2026, 3, 10 + number % 4)
        facts = {"account": account, "txn_date": day}
        make_transaction(amount=f"-{number + 1}.10", category=groceries, **facts)
        make_transaction(amount=f"{number + 1}.70", category=None, **facts)
        if number % 2:
            make_transaction(amount=f"-{number}.00", category=transfer, **facts)
            make_transaction(amount="-9.00", status="pending", category=groceries, **facts)
    make_transaction(account=checking, txn_date=date(2026, 3, 1), category=transfer)
    parts = [Part(Decimal("-2.25"), groceries), Part(Decimal("-3.75"), None)]
    row = make_transaction(account=checking, amount="-6.00", txn_date=date(2026, 3, 11))
    split_transaction(actor=alice, transaction=row, parts=parts)
    groups = client.get(f"/transactions/{query}").context["groups"]
    days = {group.day for group in groups}
    filters = TransactionFilter(
        QueryDict(query[1:]),
        queryset=Transaction.objects.visible_to(alice),
        request=asked_by(alice),
    )
    assert {group.day: group.nets for group in groups if group.nets} == day_nets(filters.qs, days)
    assert len(days) > 3


@pytest.mark.slow
def test_day_groups_show_the_whole_days_net(alice, client, checking):
    today = timezone.now().date()
    for number in range(60):
        make_transaction(account=checking, amount="-1.00", txn_date=today, merchant=f"m{number}")
    make_transaction(account=checking, amount="-5.00", txn_date=today - timedelta(days=1))
    make_transaction(account=checking, txn_date=today - timedelta(days=1), status="pending")
    make_transaction(account=checking, txn_date=today - timedelta(days=2), status="pending")
    first = client.get("/transactions/")
    groups = first.context["groups"]
    assert [(group.label, group.nets, len(group.rows)) for group in groups] == [
        ("Today", [("EUR", Decimal(-60))], 50)
    ]
    older = client.get(f"/transactions/{first.context['older_url']}")
    assert [(group.label, group.nets, len(group.rows)) for group in older.context["groups"]] == [
        ("Today", [("EUR", Decimal(-60))], 10),
        ("Yesterday", [("EUR", Decimal(-5))], 2),
        (date_format(today - timedelta(days=2), "l, j F"), [], 1),
    ]
    # Only where the sum leaves out a row it says what it counts.
    assert older.content.decode().count("<span class=small>Posted</span>") == 1
    assert "<span class=small>Posted</span>" not in first.content.decode()
    # A day whose rows are in no total still has a heading.
    assert older.content.count(b"scope=rowgroup") == 3
    newer = client.get(f"/transactions/{older.context['newer_url']}")
    assert len(newer.context["groups"][0].rows) == 50


@pytest.mark.slow
@pytest.mark.parametrize("query", ["", "?search=shop"])
def test_only_a_day_that_goes_on_beyond_the_page_is_asked_for(client, checking, query):
    today = timezone.now().date()
    for days_ago, count in ((0, 20), (1, 30), (2, 40), (3, 40)):
        for _ in range(count):
            on = today - timedelta(days=days_ago)
            make_transaction(account=checking, amount="-1.00", txn_date=on, merchant="Shop")
    asked, address = [], f"/transactions/{query}"
    for _ in range(3):
        with CaptureQueriesContext(connection) as captured:
            page = client.get(address)
        asked.append(sum("own_count" in one["sql"] for one in captured))
        nets = {group.day: group.nets for group in page.context["groups"]}
        sums = {today - timedelta(days=ago): -n for ago, n in ((0, 20), (1, 30), (2, 40), (3, 40))}
        assert nets == {day: [("EUR", Decimal(sums[day]))] for day in nets}
        address = f"/transactions/{page.context['older_url']}"
    # The second page begins after a whole day, but only the first page has read its last row.
    assert asked == [0, 1, 1]


def test_filters_are_chips_that_can_be_removed(client, checking, groceries):
    make_transaction(account=checking, category=groceries, merchant="Rewe")
    address = "/transactions/?search=rewe&category=groceries&date_from=2026-03-01&ordering=-amount"
    answer = client.get(address)
    chips = {chip["name"]: (chip["value"], chip["url"]) for chip in answer.context["chips"]}
    assert chips == {
        "search": ("rewe", "?category=groceries&date_from=2026-03-01&ordering=-amount"),
        "date_from": ("Mar 1, 2026", "?search=rewe&category=groceries&ordering=-amount"),
        "category": ("Groceries", "?search=rewe&date_from=2026-03-01&ordering=-amount"),
    }
    assert b"scope=rowgroup" not in answer.content
    columns = answer.context["columns"]
    assert [column["sort"] for column in columns] == ["", "", "", "", "", "descending"]
    assert columns[5]["url"].endswith("ordering=amount")


@pytest.mark.parametrize("name", sorted(TransactionFilter.base_filters.keys() - {"ordering"}))
def test_every_filter_of_the_address_is_a_chip(client, checking, name):
    values = {
        **dict.fromkeys(("date_from", "date_to"), "2026-03-01"),
        **dict.fromkeys(("amount_min", "amount_max", "account", "import_batch"), "1"),
        **{"txn_type": "expense", "currency": "EUR", "status": "posted", "transfers": "only"},
        **{"counts_as": "income", "shared": "only"},
    }
    answer = client.get("/transactions/", {name: values.get(name, "food")})
    assert answer.status_code == 200
    assert [chip["name"] for chip in answer.context["chips"]] == [name]


def test_filters_open_as_a_fragment_or_a_page_and_keep_each_other(client, checking, groceries):
    query = "search=rewe&category=groceries&ordering=-amount&status=posted"
    text = page(client, f"/transactions/?{query}")
    # Until the panel is open, its filters are kept out of sight.
    assert '<select name="category"' not in text
    assert '<input type="hidden" name="category" value="groceries">' in text
    assert "/transactions/filters/?search=rewe&amp;category=groceries" in text
    panel = client.get(f"/transactions/filters/?{query}", headers={"HX-Request": "true"})
    panel = panel.content.decode()
    assert ("<html" in panel, 'type="hidden"' in panel) == (False, False)
    assert re.search(r'<option value="groceries"[^>]* selected', panel)
    assert panel.count("In and out") == panel.count("Any status") == 1
    text = page(client, f"/transactions/filters/?{query}")
    assert "<html" in text
    assert '<input type="hidden" name="search" value="rewe">' in text
    assert '<input type="hidden" name="ordering" value="-amount">' in text
    assert re.search(r'<option value="posted"[^>]* selected', text)


def test_empty_filter_fields_are_removed_from_the_url(client):
    answer = client.get("/transactions/?search=&date_from=&category=food")
    assert (answer.status_code, answer["Location"]) == (302, "/transactions/?category=food")
    assert client.get("/transactions/?search=")["Location"] == "/transactions/?"


def test_malformed_filter_shows_an_error_at_its_field(client, checking):
    make_transaction(account=checking, merchant="Hidden")
    answer = client.get("/transactions/?date_from=yesterday")
    assert answer.status_code == 422
    assert "Send a date such as 2026-03-31." in answer.content.decode()
    assert "Hidden" not in answer.content.decode()
    assert client.get("/transactions/?cursor=nonsense").status_code == 404


def test_empty_list_explains_itself(client, checking):
    assert "No transactions yet" in page(client, "/transactions/")
    assert "No matching transactions" in page(client, "/transactions/?search=zzz")


def test_user_input_is_escaped(alice, client):
    evil = '<script>alert("1")</script>'
    category = create_category(actor=alice, user=alice, name=evil)
    account = make_account(user=alice, name=evil, opening_balance="99")
    make_transaction(account=account, description=evil, tags=["<b>"], notes=evil)
    make_transaction(account=account, merchant=evil, category=category)
    columns = "merchant,description,category,account,tags,notes,amount"
    for address in ("/transactions/", f"/transactions/?columns={columns}"):
        text = page(client, address)
        assert "<script>alert" not in text
        assert "<b>" not in text
        assert "&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;" in text


# --- one transaction -----------------------------------------------------------------------------


def entries(account, **over):
    return {
        "account": account.pk,
        "txn_type": "expense",
        "amount": "12.50",
        "txn_date": "2026-03-01",
        "merchant": "Rewe",
        "description": "",
        "category": "groceries",
        "status": "posted",
        "tags": "food, party",
        "notes": "",
        "key": "k" * 32,
    } | over


def test_form_creates_a_transaction(client, checking):
    answer = client.post("/transactions/new/", entries(checking))
    row = Transaction.objects.get()
    assert answer["Location"] == f"/transactions/{row.pk}/"
    assert (row.signed_amount, row.description, row.category.slug) == (
        Decimal("-12.50"),
        "Rewe",
        "groceries",
    )
    assert sorted(tag.name for tag in row.tags.all()) == ["food", "party"]
    assert f'action="/transactions/{row.pk}/delete/"' in page(client, answer["Location"])


def test_submitting_twice_posts_once_and_different_values_post_again(client, checking):
    answers = [client.post("/transactions/new/", entries(checking)) for _ in range(2)]
    assert answers[0]["Location"] == answers[1]["Location"]
    client.post("/transactions/new/", entries(checking, amount="3"))
    assert sorted(Transaction.objects.values_list("amount", flat=True)) == [
        Decimal(3),
        Decimal("12.50"),
    ]


def test_invalid_entries_show_errors_at_their_fields_and_post_nothing(client, checking):
    bad = entries(checking, amount="lots", txn_date="31.02.", merchant="", category="zzz")
    answer = client.post("/transactions/new/", bad)
    assert answer.status_code == 422
    assert set(answer.context["form"].errors) == {"amount", "txn_date", "description", "category"}
    over = client.post("/transactions/new/", entries(checking, amount="5000"))
    assert over.status_code == 422
    assert "available" in over.context["form"].errors["amount"][0]
    assert not Transaction.objects.exists()


def test_another_persons_account_is_not_a_choice(client, checking, bobs_account):
    answer = client.post("/transactions/new/", entries(bobs_account))
    assert (answer.status_code, list(answer.context["form"].errors)) == (422, ["account"])
    assert not Transaction.objects.exists()


def test_edit_keeps_the_banks_data(client, checking):
    row = make_transaction(account=checking, amount="-20.00", origin="import")
    url = f"/transactions/{row.pk}/edit/"
    assert "This came from your bank" in page(client, url)
    client.post(url, entries(checking, amount="1", notes="mine"))
    row.refresh_from_db()
    assert (row.signed_amount, row.merchant, row.notes) == (Decimal(-20), "Rewe", "mine")
    assert row.description == "Coffee"


def test_manual_entry_can_be_fully_edited(client, checking):
    row = make_transaction(account=checking, amount="-20.00")
    client.post(f"/transactions/{row.pk}/edit/", entries(checking, txn_type="income"))
    row.refresh_from_db()
    assert (row.signed_amount, row.txn_date) == (Decimal("12.50"), date(2026, 3, 1))


def test_delete_offers_undo_and_undo_restores(client, checking):
    row = make_transaction(account=checking)
    answer = client.post(f"/transactions/{row.pk}/delete/", {"next": "/accounts/"})
    assert answer["Location"] == "/accounts/"
    text = page(client, "/transactions/")
    assert "Coffee moved to the trash." in text
    assert f'action="/transactions/{row.pk}/restore/"' in text
    client.post(f"/transactions/{row.pk}/restore/")
    assert "Coffee restored." in page(client, f"/transactions/{row.pk}/")


@pytest.mark.parametrize(
    "elsewhere",
    [
        *("https://evil.example/", "//evil.example", "///evil.example", "/\\evil.example"),
        *("javascript:1", "users:profile", "transaction_list", "http://testserver/bills/"),
    ],
)
def test_redirects_never_leave_the_site(client, checking, elsewhere):
    row = make_transaction(account=checking)
    answer = client.post(f"/transactions/{row.pk}/delete/", {"next": elsewhere})
    assert answer["Location"] == "/transactions/"


@pytest.mark.slow
def test_category_changes_in_the_row_with_htmx_and_on_a_page_without(client, checking):
    row = make_transaction(account=checking)
    url = f"/transactions/{row.pk}/category/"
    inline = client.get(url, headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in inline
    assert "<select" in inline
    cell = client.post(url, {"category": "groceries"}, headers={"HX-Request": "true"})
    assert "Groceries" in cell.content.decode()
    assert "<html" not in cell.content.decode()
    assert "<html" in page(client, url)
    answer = client.post(url, {"category": "food", "next": "/transactions/?search=x"})
    assert answer["Location"] == "/transactions/?search=x"
    row.refresh_from_db()
    assert (row.category.slug, row.category_source) == ("food", "manual")
    text = page(client, f"/transactions/{row.pk}/")
    assert "before: Groceries" in text
    assert "by Alice" in text


def test_notes_and_tags_can_be_changed_alone(client, checking):
    row = make_transaction(account=checking)
    client.post(f"/transactions/{row.pk}/notes/", {"tags": "a, b", "notes": "hm"})
    row.refresh_from_db()
    assert (row.notes, sorted(tag.name for tag in row.tags.all())) == ("hm", ["a", "b"])
    long = client.post(f"/transactions/{row.pk}/notes/", {"tags": "x" * 50})
    assert long.status_code == 422


def test_analyst_member_can_add_but_sees_no_edit_actions(alice, client_for, checking):
    member = make_user("member@example.com")
    AccountShare.objects.create(
        user=alice, member=member, account=checking, level="analyst", status="accepted"
    )
    client = client_for(member)
    assert client.post("/transactions/new/", entries(checking)).status_code == 302
    row = Transaction.objects.get()
    assert row.user == alice
    text = page(client, f"/transactions/{row.pk}/")
    assert "/edit/" not in text
    assert client.get(f"/transactions/{row.pk}/category/").status_code == 403


# --- categories ----------------------------------------------------------------------------------


def test_category_tree_shows_own_categories_with_their_actions(client, alice, bob):
    food = Category.objects.get(slug="food")
    mine = create_category(actor=alice, user=alice, name="Sushi", parent=food)
    create_category(actor=bob, user=bob, name="Bees")
    text = page(client, "/transactions/categories/")
    assert f"/transactions/categories/{mine.pk}/edit/" in text
    assert f"/transactions/categories/{food.pk}/edit/" not in text
    assert "Bees" not in text


@pytest.mark.slow
def test_category_pages_create_edit_and_delete(client, alice, checking):
    food = Category.objects.get(slug="food")
    new = {"name": "Sushi", "parent": food.pk, "kind": "", "color": "#112233", "icon": "fish"}
    assert client.post("/transactions/categories/new/", new).status_code == 302
    sushi = Category.objects.get(slug="sushi")
    assert (sushi.kind, sushi.color, sushi.icon) == ("expense", "#112233", "fish")
    url = f"/transactions/categories/{sushi.pk}"
    assert client.post(f"{url}/edit/", new | {"name": "Fish"}).status_code == 302
    make_transaction(account=checking, category=sushi)
    assert "1 transaction has this category." in page(client, f"{url}/delete/")
    assert client.post(f"{url}/delete/", {"target": "food"}).status_code == 302
    assert Transaction.objects.get().category == food
    assert client.post("/transactions/categories/new/", {"name": ""}).status_code == 422


def test_predefined_category_has_no_form(client, groceries):
    assert client.get(f"/transactions/categories/{groceries.pk}/edit/").status_code == 403
    assert client.post(f"/transactions/categories/{groceries.pk}/delete/").status_code == 403


@pytest.mark.slow
def test_undo_in_a_message_stays_on_the_page(alice, client, checking, groceries):
    row = make_transaction(account=checking, amount="-5.00")
    here = "/transactions/?search=shop"
    response = client.post(f"/transactions/{row.pk}/delete/", {"next": here})
    assert response.url == here
    response = client.post(f"/transactions/{row.pk}/restore/", {"next": here})
    assert response.url == here
    # A page that no longer exists, or is not ours, is not gone back to.
    own = f"/transactions/{row.pk}/"
    for elsewhere in (own, "https://example.org/"):
        response = client.post(f"/transactions/{row.pk}/delete/", {"next": elsewhere})
        assert response.url == "/transactions/"
        client.post(f"/transactions/{row.pk}/restore/")


def test_new_transaction_can_begin_as_a_copy(alice, client, checking, groceries):
    row = make_transaction(
        account=checking, amount="-5.00", merchant="Harbor Market", category=groceries
    )
    page = client.get("/transactions/new/", {"like": row.pk})
    initial = page.context["form"].initial
    assert (initial["amount"], initial["merchant"], initial["category"]) == (
        Decimal("5.00"),
        "Harbor Market",
        "groceries",
    )
    assert initial["txn_date"] == local_date(alice.timezone, timezone.now())
    bill = client.get(f"/transactions/{row.pk}/").context["as_bill"]
    assert "amount_due=5.00" in bill
    assert "biller_name=Harbor+Market" in bill
    foreign = make_transaction(
        account=make_account(user=make_user("bob@example.com")), amount="5.00"
    )
    answer = client.get("/transactions/new/", {"like": foreign.pk})
    assert answer.status_code == 404


def test_names_are_offered_while_typing(alice, client, checking):
    row = make_transaction(account=checking, amount="9.00", merchant="Zoë & Söhne")
    row.tags.add(alice.tags.create(name="Holiday"), alice.tags.create(name="Rent"))
    bob = make_user("bob@example.com")
    make_transaction(account=make_account(user=bob), amount="9.00", merchant="Zoe's Secret")
    bob.tags.create(name="Holy")
    for url, part, names in (
        ("/transactions/names/merchants/", "zoe", ["Zoë & Söhne"]),
        ("/transactions/names/merchants/", "SÖHNE", ["Zoë & Söhne"]),
        ("/transactions/names/merchants/", "", []),
        ("/transactions/names/tags/", "hol", ["Holiday"]),
    ):
        assert client.get(url, {"q": part}).json() == {"names": names}, (url, part)
