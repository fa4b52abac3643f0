"""Pages that are kept (insights/kept_pages.py) equal the same pages rendered anew.

That each command of a person changes the state is part of tests/test_commands.py.
"""

import re

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from insights.figures.kept import PAGES, key_of
from tests.builders import make_transaction
from transactions.services.posting import edit_transaction

pytestmark = pytest.mark.django_db
TOKEN = re.compile(r"\b[0-9A-Za-z]{64}\b")


def page_of(client, address: str) -> str:
    """The page without its CSRF token."""
    answer = client.get(address)
    assert answer.status_code == 200
    return TOKEN.sub("TOKEN", answer.content.decode())


@pytest.mark.slow
@pytest.mark.parametrize("name", PAGES)
def test_a_kept_page_takes_two_queries_and_equals_the_page_made_anew(
    client_for, alice, household, name
):
    client, address = client_for(alice), reverse(name)
    page_of(client, address)
    anew = page_of(client, address)
    assert cache.get(key_of(name, alice.pk)) is not None
    with CaptureQueriesContext(connection) as captured:
        kept = page_of(client, address)
    # The session with its person, and the state.
    assert len(captured) == 2
    assert kept == anew
    # The kept page has no secret of this browser.
    del client.cookies["csrftoken"]
    with CaptureQueriesContext(connection) as captured:
        assert page_of(client, address) == anew
    assert len(captured) == 2

    make_transaction(account=household, amount="-77.31", merchant="Corner Bakery")
    changed = page_of(client, address)
    cache.clear()
    assert changed == page_of(client, address)


@pytest.mark.slow
def test_each_search_of_the_list_is_its_own_page(client_for, alice, household):
    row = make_transaction(account=household, amount="-77.31", merchant="Corner Bakery")
    make_transaction(account=household, amount="-12.00", merchant="Tailor")
    client, address = client_for(alice), reverse("transactions:transaction_list")
    for _ in range(2):
        assert "Tailor" not in page_of(client, f"{address}?search=bakery")
        assert "Corner Bakery" not in page_of(client, f"{address}?search=tailor")
    edit_transaction(actor=alice, transaction=row, merchant="Tailor next door")
    assert "Tailor next door" in page_of(client, f"{address}?search=tailor")
    asked = {"If-None-Match": client.get(address)["ETag"]}
    assert client.get(address, headers=asked).status_code == 304
    fragment = client.get(address, headers={**asked, "HX-Request": "true"})
    assert fragment.status_code == 200


@pytest.mark.slow
@pytest.mark.parametrize("name", PAGES)
def test_a_kept_page_has_a_token_that_its_own_session_accepts(alice, household, name):
    tokens = []
    for _ in range(2):
        client = Client(enforce_csrf_checks=True)
        client.force_login(alice, backend="django.contrib.auth.backends.ModelBackend")
        for _ in range(2):
            page = client.get(reverse(name)).content.decode()
        found = set(TOKEN.findall(page))
        assert len(found) == 1
        tokens.append(found.pop())
        sent = {"card": "worth", "act": "hide"}
        address = reverse("insights:home_cards")
        assert client.post(address, sent).status_code == 403
        assert client.post(address, sent, headers={"X-CSRFToken": tokens[-1]}).status_code == 302
    assert tokens[0] != tokens[1]
