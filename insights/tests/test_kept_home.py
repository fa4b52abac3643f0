"""The home page is kept until something on it changes: what is kept equals what is computed.

That each command of a person changes the state is part of tests/test_commands.py.
"""

import re
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import ExchangeRate
from accounts.services import edit_account, store_rates
from accounts.sharing import end_share, share_account
from alerts.facts import Fact
from alerts.services import mark_read, raise_alert
from alerts.subscriptions import choices_of
from banking.kernel.build import build
from insights.exports.erasing import erase_person
from insights.figures.kept import KINDS, key_of
from tests.builders import make_account, make_transaction
from transactions.models import Category, Transfer
from transactions.services.transfers import suggest_transfers
from users.models import User
from users.services.people import update_profile

# The session with its person, and the state.
KEPT_QUERIES = 2
# With a token, one more for the person.
KEPT_OVERVIEW_QUERIES = 1


def shown(client) -> str:
    """The page without its CSRF token, which each response has a new one of."""
    return re.sub(r"\b[0-9A-Za-z]{64}\b", "TOKEN", client.get("/").content.decode())


def shown_rightly(client) -> str:
    """The page, after making sure that it is shown again, kept, as it is computed."""
    page, kept = shown(client), shown(client)
    cache.clear()
    assert page == kept == shown(client)
    return page


@pytest.mark.slow
@pytest.mark.once
def test_a_kept_page_takes_two_queries(client_for, alice, household):
    client = client_for(alice)
    # Notes the visit; the next is kept.
    shown(client)
    first = client.get("/").content
    with CaptureQueriesContext(connection) as captured:
        again = client.get("/").content
    assert len(captured) == KEPT_QUERIES
    # Each has a token of its own.
    assert first != again
    assert len(first) == len(again)


@pytest.mark.slow
def test_a_kept_overview_takes_one_query(api_for, alice, household):
    api = api_for(alice)
    computed = api.get("/api/dashboard/overview").json()
    with CaptureQueriesContext(connection) as captured:
        assert api.get("/api/dashboard/overview").json() == computed
    assert len(captured) == KEPT_OVERVIEW_QUERIES
    make_transaction(account=household, amount="-77.31")
    changed = api.get("/api/dashboard/overview").json()
    cache.clear()
    assert computed != changed == api.get("/api/dashboard/overview").json()


@pytest.mark.slow
def test_an_unchanged_home_page_is_a_304_until_something_on_it_changes(
    client_for, alice, household, time_machine
):
    client = client_for(alice)
    shown(client)
    page = client.get("/")
    asked = {"If-None-Match": f"W/{page['ETag']}"}
    with CaptureQueriesContext(connection) as captured:
        again = client.get("/", headers=asked)
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", page["ETag"])
    assert len(captured) == KEPT_QUERIES
    assert again["Cache-Control"] == "private, no-store"

    make_transaction(account=household, amount="-77.31")
    changed = client.get("/", headers=asked)
    assert (changed.status_code, changed["ETag"] == page["ETag"]) == (200, False)

    asked = {"If-None-Match": client.get("/")["ETag"]}
    assert client.get("/", headers=asked).status_code == 304
    time_machine.move_to(timezone.now() + timedelta(hours=1))
    assert client.get("/", headers=asked).status_code == 200


@pytest.mark.slow
def test_a_page_of_another_sign_in_or_address_or_with_messages_is_no_304(
    client_for, alice, bob, household
):
    client = client_for(alice)
    shown(client)
    asked = {"If-None-Match": client.get("/")["ETag"]}
    assert client.get("/", headers=asked).status_code == 304
    # The forms on that page have the token of a session that is gone.
    del client.cookies["csrftoken"]
    assert client.get("/", headers=asked).status_code == 200
    other = client_for(bob)
    shown(other)
    assert other.get("/", headers=asked).status_code == 200
    assert client.get("/?period=last_month", headers=asked).status_code == 200
    client.post(reverse("insights:home_cards"), {"act": "reset"})
    told = client.get("/")
    assert "Your dashboard has its usual layout again." in told.content.decode()
    assert not told.has_header("ETag")


def test_an_unchanged_overview_is_a_304_with_one_query(api_for, alice, household):
    api = api_for(alice)
    asked = {"If-None-Match": api.get("/api/dashboard/overview")["ETag"]}
    with CaptureQueriesContext(connection) as captured:
        again = api.get("/api/dashboard/overview", headers=asked)
    assert (again.status_code, again.content) == (304, b"")
    assert len(captured) == KEPT_OVERVIEW_QUERIES
    make_transaction(account=household, amount="-77.31")
    assert api.get("/api/dashboard/overview", headers=asked).status_code == 200


@pytest.mark.slow
def test_whatever_changes_for_a_guest_is_on_their_page(client_for, alice, household, guest_of):
    """Also what they have no part in: the owner's changes, rates, predefined categories, time."""
    guest = guest_of("analyst")
    client, today = client_for(guest), timezone.now().date()
    seen = [shown_rightly(client)]

    def changed() -> str:
        seen.append(shown_rightly(client))
        assert seen[-1] != seen[-2]
        return seen[-1]

    make_transaction(account=household, amount="-77.31", txn_date=today)
    assert "77.31" in changed()
    edit_account(actor=alice, account=household, name="Renamed by Alice")
    assert "Renamed by Alice" in changed()
    other = make_account(user=alice, name="Pounds", currency="GBP", opening_balance="10.00")
    share = share_account(actor=alice, account=other, member=guest, level="analyst")
    assert "invitation" in changed()
    end_share(actor=alice, share=share)
    changed()
    make_account(user=guest, name="Own pounds", currency="GBP", opening_balance="10.00")
    assert "not converted" in changed()
    rate = ExchangeRate(base="GBP", quote="USD", rate="1.5", rate_on=today, source="test")
    store_rates(actor=None, rates=[rate])
    assert "not converted" not in changed()
    # Whenever the database was migrated, this is the latest change.
    Category.objects.filter(user=None).update(updated_at=timezone.now() - timedelta(days=1))
    groceries = Category.objects.get(user=None, slug="groceries")
    groceries.name = "Food and more"
    groceries.save()
    assert "Food and more" in changed()
    update_profile(actor=guest, user=guest, name="Somebody New")
    assert "Hello, Somebody" in changed()


@pytest.mark.slow
def test_what_has_no_event_of_its_own_changes_what_is_kept(client_for, api_for, alice, household):
    """Suggested transfers, and alerts that are read."""
    savings = make_account(user=alice, name="Rainy day", currency=household.currency)
    day = timezone.now().date()
    make_transaction(account=household, amount="-77.31", txn_date=day, description="To savings")
    make_transaction(account=savings, amount="77.31", txn_date=day, description="From checking")
    Transfer.objects.filter(user=alice).delete()
    fact = Fact(alice, "budget_exceeded", "budget:1", day, ["Over budget."], "warning", "/x/")
    choice = choices_of([alice.pk], ["budget_exceeded"])[alice.pk, "budget_exceeded"]
    alert = raise_alert(fact=fact, choice=choice, at=timezone.now())
    client, api = client_for(alice), api_for(alice)
    assert "Is this a transfer?" not in shown_rightly(client)
    assert api.get("/api/dashboard/overview").json()["alerts_count"] == 1

    assert suggest_transfers(user=alice, since=day) == 1
    mark_read(actor=alice, alerts=[alert])

    assert "Is this a transfer?" in shown_rightly(client)
    assert api.get("/api/dashboard/overview").json()["alerts_count"] == 0


@pytest.mark.slow
def test_both_addresses_of_the_overview_write_times_in_utc(client_for, api_for, alice, household):
    alice.timezone = "Asia/Tokyo"
    alice.save()
    make_transaction(account=household, amount="-1.00")
    among_pages = client_for(alice).get("/dashboard/overview").json()
    cache.clear()
    assert api_for(alice).get("/api/dashboard/overview").json() == among_pages


@pytest.mark.slow
def test_pages_with_messages_are_not_kept(client_for, alice, household):
    client = client_for(alice)
    plain = shown_rightly(client)
    client.post(reverse("insights:home_cards"), {"act": "reset"})
    assert "usual layout" in shown(client)
    assert shown(client) == plain
    assert "January 2020" in client.get("/?month=2020-01").content.decode()
    assert shown(client) == plain


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_an_erased_persons_accounts_are_on_no_kept_page(
    client_for, api_for, alice, household, guest_of
):
    edit_account(actor=alice, account=household, name="Xylophone savings")
    for person in (alice, guest_of("analyst")):
        shown_rightly(client_for(person))
        assert "Xylophone" in api_for(person).get("/api/dashboard/overview").content.decode()
    kept = {key_of(kind, person.pk) for kind in KINDS for person in User.objects.all()}
    assert len(cache.get_many(kept)) >= 3
    erase_person(actor=alice, user=alice, confirmation=alice.email)
    assert cache.get_many(kept) == {}


@pytest.mark.slow
def test_another_build_shows_no_page_of_this_one(client_for, alice, household, monkeypatch):
    client = client_for(alice)
    shown_rightly(client)
    before = cache.get(key_of("insights:home", alice.pk))
    monkeypatch.setattr("insights.figures.state.build", lambda: f"{build()}, changed")
    shown(client)
    assert cache.get(key_of("insights:home", alice.pk))[0] != before[0]
