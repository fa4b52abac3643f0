"""A list read again is a 304 until something that it shows may have changed."""

from datetime import UTC, datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from accounts.sharing import accept_share, end_share, share_account
from tests.builders import make_account, make_transaction
from transactions.models import Category, Transaction
from transactions.services.categories import create_category, edit_category
from transactions.services.posting import delete_transactions, edit_transaction
from users.models import User

pytestmark = pytest.mark.django_db
URL = "/api/transactions?page_size=5"


def tag_of(user, url=URL) -> str:
    return ask(user, url=url)["ETag"]


def ask(user, tag=None, url=URL):
    client = APIClient()
    client.force_authenticate(User.objects.get(pk=user.pk), token="access")
    return client.get(url, headers={"If-None-Match": tag} if tag else {})


def test_unchanged_list_is_a_304_of_one_query(alice, checking):
    make_transaction(account=checking)
    tag = tag_of(alice)
    with CaptureQueriesContext(connection) as captured:
        client = APIClient()
        client.force_authenticate(alice, token="access")
        answer = client.get(URL, headers={"If-None-Match": tag})
    assert (answer.status_code, answer.content, answer["ETag"]) == (304, b"", tag)
    assert answer["Cache-Control"] == "private, no-store"
    # The access token costs another one.
    assert len(captured) == 1
    assert ask(alice).json()["results"]


@pytest.mark.slow
def test_each_change_of_what_is_shown_gives_another_answer(alice, bob, checking, groceries):
    row = make_transaction(account=checking)
    own = create_category(actor=alice, user=alice, name="Own")
    theirs = make_account(user=bob, name="Theirs", opening_balance="50")
    share = share_account(actor=bob, account=theirs, member=alice, level="viewer")
    changes = [
        lambda: make_transaction(account=checking, amount="-1.00"),
        lambda: edit_transaction(actor=alice, transaction=row, notes="new"),
        lambda: edit_category(actor=alice, category=own, name="Renamed"),
        lambda: accept_share(actor=alice, share=share),
        lambda: make_transaction(account=theirs, amount="-2.00"),
        lambda: end_share(actor=bob, share=share),
        lambda: delete_transactions(actor=alice, rows=Transaction.objects.filter(pk=row.pk)),
        lambda: edit_category(
            actor=None, category=Category.objects.get(slug="groceries"), name="Food at home"
        ),
    ]
    for change in changes:
        tag = tag_of(alice)
        assert ask(alice, tag).status_code == 304
        change()
        answer = ask(alice, tag)
        assert answer.status_code == 200
        assert answer["ETag"] != tag


def test_tag_holds_for_its_person_address_and_day_only(alice, bob, checking, monkeypatch):
    make_transaction(account=checking)
    tag = tag_of(alice)
    assert ask(bob, tag).status_code == 200
    assert ask(alice, tag, "/api/transactions?page_size=6").status_code == 200
    assert ask(alice, '"other"').status_code == 200
    assert ask(alice, f'"other", {tag}').status_code == 304
    at = datetime(2031, 1, 1, 12, tzinfo=UTC)
    monkeypatch.setattr("django.utils.timezone.now", lambda: at)
    assert ask(alice, tag).status_code == 200
