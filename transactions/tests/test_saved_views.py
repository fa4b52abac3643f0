"""List settings: saved views, columns, and tags and notes edited in the row."""

from datetime import date
from decimal import Decimal

import pytest
from django.core.cache import cache
from django.http import QueryDict
from django.utils import timezone

from accounts.models import AccountShare
from accounts.services import delete_account
from tests.builders import make_account, make_transaction, make_user
from transactions.forms.gone_filters import gone_filters
from transactions.models import SavedView
from transactions.services.categories import create_category
from transactions.services.category_removal import delete_category
from transactions.services.saved_views import save_view
from transactions.services.undoing import undo_change
from users.models import AuditEvent

pytestmark = pytest.mark.django_db
API = "/api/transactions/views"


def test_page_saves_lists_and_removes_a_view(alice, client_for):
    client = client_for(alice)
    body = {"name": " Big  food ", "query": "category=food&amount_min=100&cursor=x"}
    client.post("/transactions/views/new/", body)
    view = SavedView.objects.get()
    assert (view.name, view.query) == ("Big food", "category=food&amount_min=100")
    page = client.get("/transactions/").content.decode()
    assert 'href="/transactions/?category=food&amp;amount_min=100"' in page
    client.post(f"/transactions/views/{view.pk}/delete/")
    assert not SavedView.objects.exists()


@pytest.mark.parametrize("name", ["", "twice"])
def test_view_requires_a_unique_name(alice, client_for, name):
    client = client_for(alice)
    client.post("/transactions/views/new/", {"name": "twice", "query": ""})
    answer = client.post("/transactions/views/new/", {"name": name, "query": "search=a"})
    assert answer["Location"] == "/transactions/?search=a"
    assert SavedView.objects.count() == 1


def test_api_creates_and_deletes_a_view(alice, bob, api_for):
    client = api_for(alice)
    body = {"name": "Food", "query": "category=food"}
    made = client.post("/api/transactions/views", body, format="json")
    assert made.status_code == 201
    assert client.get("/api/transactions/views").json() == [made.json()]
    twice = client.post("/api/transactions/views", body, format="json")
    assert twice.status_code == 400
    url = f"/api/transactions/views/{made.json()['id']}"
    assert api_for(bob).delete(url).status_code == 404
    assert client.delete(url).status_code == 204
    assert client.get("/api/transactions/views").json() == []


def test_view_can_be_renamed_and_a_duplicate_name_shows_an_error(alice, bob, client_for):
    food = save_view(actor=alice, name="Food", query="category=food")
    save_view(actor=alice, name="Rent", query="category=rent")
    client, url = client_for(alice), f"/transactions/views/{food.pk}/edit/"
    assert client_for(bob).post(url, {"name": "Mine"}).status_code == 404
    clash = client.post(url, {"name": " Rent "})
    assert clash.status_code == 422
    assert clash.context["form"].errors == {"name": ["You already have a view with this name."]}
    assert SavedView.objects.get(pk=food.pk).name == "Food"
    assert client.post(url, {"name": "Eating"})["Location"] == "/transactions/?category=food"
    event = AuditEvent.objects.get(action="transactions.view.edited")
    assert event.changes == {"before": {"name": "Food"}, "after": {"name": "Eating"}}
    page = client.get("/transactions/?category=food")
    assert page.context["current_view"] == SavedView.objects.get(name="Eating")


def test_api_changes_name_and_query_separately(alice, bob, api_for):
    food = save_view(actor=alice, name="Food", query="category=food")
    save_view(actor=alice, name="Rent", query="category=rent")
    client, url = api_for(alice), f"{API}/{food.pk}"
    assert api_for(bob).patch(url, {"name": "x"}, format="json").status_code == 404
    clash = client.patch(url, {"name": "Rent"}, format="json")
    assert (clash.status_code, clash.json()["errors"][0]["attr"]) == (400, "name")
    assert client.patch(url, {"name": "Eating"}, format="json").json()["query"] == "category=food"
    found = client.patch(url, {"query": "category=food&cursor=x&tag=fun"}, format="json").json()
    assert (found["name"], found["query"]) == ("Eating", "category=food&tag=fun")
    assert client.patch(url, {}, format="json").json() == found
    assert AuditEvent.objects.filter(action="transactions.view.edited").count() == 2


# --- Columns -------------------------------------------------------------------------------------


def headings(answer):
    return [column["name"] for column in answer.context["columns"]]


def test_columns_are_kept_in_the_session_and_overridden_by_the_url(alice, checking, client_for):
    make_transaction(account=checking, merchant="Kiosk", notes="for the team", tags=["work"])
    client = client_for(alice)
    usual = ["merchant", "category", "account", "tags", "amount"]
    assert headings(client.get("/transactions/")) == usual
    # The heading of its day says a row's date, unless the list isn't sorted by it.
    assert headings(client.get("/transactions/?ordering=amount")) == ["txn_date", *usual]
    body = {"columns": ["notes", "description", "nonsense"], "query": "search=kiosk&columns=tags"}
    answer = client.post("/transactions/columns/", body)
    assert answer["Location"] == "/transactions/?search=kiosk"
    chosen = client.get("/transactions/")
    assert headings(chosen) == ["merchant", "description", "notes", "amount"]
    text = chosen.content.decode()
    assert (
        "for the team" in text,
        "class=badge>work<" in text,
        'truncate">Everyday</span>' in text,
    ) == (
        True,
        False,
        False,
    )
    assert "colspan=4 scope=rowgroup" in text
    assert headings(client.get("/transactions/?columns=tags,zzz")) == ["merchant", "tags", "amount"]
    assert headings(client_for(alice).get("/transactions/")) == usual
    client.post("/transactions/columns/", {"reset": "1"})
    # The page as the other browser got it is kept, and a kept page has no context to look into.
    cache.clear()
    assert headings(client.get("/transactions/")) == usual


def test_balance_is_shown_only_for_complete_rows_of_one_account(
    alice, checking, savings, client_for
):
    for day in (1, 2, 3):
        make_transaction(account=checking, amount=f"-{day}.00", txn_date=date(2026, 3, day))
    client = client_for(alice)
    client.post("/transactions/columns/", {"columns": ["balance"]})
    address = f"/transactions/?account={checking.pk}&date_to=2026-03-02"
    answer = client.get(address)
    assert headings(answer) == ["merchant", "amount", "balance"]
    rows = [row for group in answer.context["groups"] for row in group.rows]
    assert [row.balance_after for row in rows] == [Decimal(997), Decimal(999)]
    for other in (f"{address}&search=coffee", f"{address}&ordering=amount", "/transactions/"):
        assert headings(client.get(other)) == ["merchant", "amount"]


def test_saved_view_keeps_the_chosen_columns(alice, checking, client_for):
    client = client_for(alice)
    client.post("/transactions/columns/", {"columns": ["tags"]})
    query = client.get("/transactions/?search=a").context["view_query"]
    client.post("/transactions/views/new/", {"name": "Tags", "query": query})
    address = f"/transactions/?{SavedView.objects.get().query}"
    other = client_for(alice).get(address)
    assert headings(other) == ["merchant", "tags", "amount"]
    assert other.context["current_view"].name == "Tags"


# --- Tags and notes in their row -----------------------------------------------------------------

HTMX = {"HX-Request": "true"}


def test_tags_and_notes_are_edited_separately_in_the_row(alice, checking, client_for):
    row = make_transaction(account=checking, tags=["work"], notes="keep")
    client, url = client_for(alice), f"/transactions/{row.pk}/notes/"
    inline = client.get(f"{url}?field=tags", headers=HTMX).content.decode()
    assert ("<html" in inline, 'name="notes"' in inline) == (False, False)
    assert 'value="work"' in inline
    cell = client.post(url, {"field": "tags", "tags": "home, work"}, headers=HTMX)
    assert "home" in cell.content.decode()
    cell = client.post(url, {"field": "notes", "notes": "<i>new"}, headers=HTMX).content.decode()
    assert ("<html" in cell, "&lt;i&gt;new" in cell) == (False, True)
    row.refresh_from_db()
    assert (row.notes, sorted(tag.name for tag in row.tags.all())) == ("<i>new", ["home", "work"])
    refused = client.post(url, {"field": "tags", "tags": "x" * 41}, headers=HTMX)
    assert refused.status_code == 422
    assert "Use at most 20 tags with up to 40 characters each." in refused.content.decode()
    assert row.tags.count() == 2


def test_without_javascript_the_notes_page_returns_to_the_list(alice, checking, client_for):
    row = make_transaction(account=checking, tags=["work"], notes="keep")
    client, back = client_for(alice), "/transactions/?search=coffee"
    link = f"/transactions/{row.pk}/notes/"
    assert f"href={row.pk}/notes/>" in client.get("/transactions/").content.decode()
    sent = {"Referer": f"http://testserver{back}"}
    page = client.get(link, headers=sent).content.decode()
    assert f'name="next" value="{back}"' in page
    # What names no page of ours leads to the transaction.
    for sent in ("https://elsewhere.example/x", "http://testserver//elsewhere.example/x"):
        page = client.get(link, headers={"Referer": sent}).content.decode()
        assert f'name="next" value="/transactions/{row.pk}/"' in page
    body = {"next": back, "tags": "", "notes": "new"}
    assert client.post(f"/transactions/{row.pk}/notes/", body)["Location"] == back
    row.refresh_from_db()
    assert (row.notes, row.tags.count()) == ("new", 0)


def test_read_only_users_see_no_edit_actions_in_the_row(alice, checking, client_for):
    row = make_transaction(account=checking, tags=["work"])
    member = make_user("member@example.com")
    AccountShare.objects.create(
        user=alice, member=member, account=checking, level="analyst", status="accepted"
    )
    client = client_for(member)
    text = client.get("/transactions/").content.decode()
    assert ("work" in text, "/notes/" in text) == (True, False)
    assert client.get(f"/transactions/{row.pk}/notes/?field=tags").status_code == 403


def gone_of(api, **body):
    """What the API says of a view with this query, and what the list then finds."""
    made = api.post(API, body, format="json")
    assert made.status_code == 201
    (listed,) = [view for view in api.get(API).json() if view["id"] == made.json()["id"]]
    assert listed == made.json()
    found = api.get(f"/api/transactions?{body['query']}").json()["results"]
    return [filter["name"] for filter in listed["gone"]], len(found)


@pytest.mark.slow
def test_view_of_a_deleted_category_finds_nothing_and_says_why(alice, api_for, client_for):
    """Its transactions are in the parent now. A list of them would be wider than what was asked."""
    parent = create_category(actor=alice, user=alice, name="Leisure", kind="expense")
    own = create_category(actor=alice, user=alice, name="Climbing", parent=parent)
    account = make_account(user=alice, opening_balance="100")
    for category in (own, parent):
        make_transaction(account=account, category=category)
    api, page = api_for(alice), client_for(alice)
    query = f"category={own.slug}"
    assert gone_of(api, name="Wall", query=query) == ([], 1)
    change = delete_category(actor=alice, category=own)
    (view,) = api.get(API).json()
    assert view["gone"] == [{"name": "category", "text": "The category “Climbing” was deleted."}]
    assert api.get(f"/api/transactions?{query}").json()["results"] == []
    answer = page.get(f"/transactions/?{query}")
    assert (answer.status_code, answer.context["rows_count"]) == (200, 0)
    text = answer.content.decode()
    assert "The category “Climbing” was deleted." in text
    assert "Finds nothing" in text
    assert "No matching transactions" not in text
    undo_change(actor=alice, change=change, at=timezone.now())
    (view,) = api.get(API).json()
    assert view["gone"] == []
    assert len(api.get(f"/api/transactions?{query}").json()["results"]) == 1


def test_view_of_a_deleted_account_finds_nothing_and_says_why(alice, bob, api_for, client_for):
    gone, theirs = (
        make_account(user=alice, name="Old", opening_balance="100"),
        make_account(user=bob, name="Secret"),
    )
    for account in (gone, make_account(user=alice, opening_balance="100")):
        make_transaction(account=account)
    delete_account(actor=alice, account=gone)
    api, page = api_for(alice), client_for(alice)
    assert gone_of(api, name="Old", query=f"account={gone.pk}") == (["account"], 0)
    assert gone_of(api, name="Theirs", query=f"account={theirs.pk}") == (["account"], 0)
    assert (
        "The account “Old” was deleted."
        in page.get(f"/transactions/?account={gone.pk}").content.decode()
    )
    text = page.get(f"/transactions/?account={theirs.pk}").content.decode()
    assert "You no longer have this account." in text
    assert "Secret" not in text


@pytest.mark.parametrize(
    ("query", "gone"),
    [
        ("category=never", ["category"]),
        ("category=uncategorized", []),
        ("category=groceries", []),
        ("tag=Trip", []),
        ("tag=%20TRIP", []),
        ("tag=gone", ["tag"]),
        ("merchant_is=Kern+Bakery", []),
        ("merchant_is=(none)", []),
        ("merchant_is=closed", ["merchant_is"]),
        ("import_batch=99999", ["import_batch"]),
        ("account=99999&tag=gone&search=x", ["account", "tag"]),
        ("search=nothing", []),
    ],
)
def test_view_names_every_filter_that_is_gone(alice, checking, api_for, client_for, query, gone):
    make_transaction(account=checking, merchant="KERN Bakery", tags=["trip"])
    names, found = gone_of(api_for(alice), name="V", query=query)
    assert names == gone
    if gone:
        assert found == 0
    answer = client_for(alice).get(f"/transactions/?{query}")
    assert answer.status_code == 200
    assert [filter.name for filter in answer.context["gone"]] == gone


def test_view_of_a_share_that_ended_finds_nothing(alice, bob, api_for):
    row = make_transaction(account=make_account(user=bob, opening_balance="100"), merchant="Kern")
    share = AccountShare.objects.create(
        account=row.account, user=bob, member=alice, level="viewer", status="accepted"
    )
    query = f"account={row.account_id}&merchant_is=kern"
    assert gone_of(api_for(alice), name="Bob", query=query) == ([], 1)
    share.status = "revoked"
    share.save()
    again = type(alice).objects.get(pk=alice.pk)
    (view,) = api_for(again).get(API).json()
    assert [filter["name"] for filter in view["gone"]] == ["account", "merchant_is"]


def test_views_with_gone_filters_cost_no_query_each(alice, django_assert_max_num_queries):
    queries = [QueryDict(f"category=c{number}&tag=t{number}") for number in range(40)]
    with django_assert_max_num_queries(4):
        assert len(gone_filters(alice, queries)) == 40
