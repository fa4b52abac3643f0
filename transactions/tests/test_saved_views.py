"""Saved views: a name for an address of the list."""

import pytest

from transactions.models import SavedView

pytestmark = pytest.mark.django_db


def test_the_page_saves_lists_and_removes_a_view(alice, client_for):
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
def test_a_view_needs_a_name_of_its_own(alice, client_for, name):
    client = client_for(alice)
    client.post("/transactions/views/new/", {"name": "twice", "query": ""})
    answer = client.post("/transactions/views/new/", {"name": name, "query": "search=a"})
    assert answer["Location"] == "/transactions/?search=a"
    assert SavedView.objects.count() == 1


def test_the_api_keeps_and_forgets_a_view(alice, bob, api_for):
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
