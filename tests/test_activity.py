"""The activity page: complete, in plain words, and only about the user's own account."""

import re

import pytest
from django.conf import settings
from django.urls import reverse

from accounts.services import edit_account
from accounts.sharing import accept_share, share_account
from tests.builders import make_transaction, make_user
from tests.contracts import APPS
from users.audit.activity import activity_of, describe
from users.audit.activity_words import KINDS, WORDS, words_for
from users.audit.trail import RequestInfo, record, request_info
from users.services.people import set_role

pytestmark = [pytest.mark.django_db, pytest.mark.once]
NAMES = "|".join(APPS)
# Dotted names that are not actions.
MODULES = re.compile(
    r"\.(tasks|api|services|views|middleware|audit|admin|models|what_if)\.|\.unsubscribe$"
)


def actions_in_the_code() -> set[str]:
    """Every `action=` value or action-like string in our modules."""
    found = set()
    for app in APPS:
        for path in (settings.BASE_DIR / app).rglob("*.py"):
            # Names an app registers at start are functions, not actions.
            if not {"tests", "migrations", "apps.py"} & set(path.parts):
                found |= set(re.findall(rf'"((?:{NAMES})\.[a-z_]+\.[a-z_]+)"', path.read_text()))
    return {name for name in found if not MODULES.search(name)}


@pytest.mark.slow
def test_every_action_has_a_label():
    named = [action for words in WORDS.values() for action in words]
    assert len(named) == len(set(named))
    assert list(WORDS) == list(KINDS)
    assert len(actions_in_the_code()) > 90
    missing = actions_in_the_code() - set(named)
    assert missing == set(), "Describe these in users/audit/activity_words.py."


def test_an_unlabeled_action_shows_its_name():
    assert words_for("bills.bill.paid") == "Bill paid"
    assert words_for("cards.card.blocked_for_good") == "Card blocked for good"


def test_a_change_shows_the_previous_value(alice, checking):
    with request_info(RequestInfo(ip="203.0.113.9", device="Firefox on Linux")):
        edit_account(actor=alice, account=checking, name="Shared pot")
    entry = describe(activity_of(alice).first(), alice)
    assert (entry["what"], entry["kind"], entry["by"]) == ("Account changed", "accounts", "You")
    assert (entry["ip"], entry["device"]) == ("203.0.113.9", "Firefox on Linux")
    assert entry["details"] == [("name", "Everyday → Shared pot")]


def test_shared_account_events_show_to_both_without_the_others_address(alice, bob, checking):
    share = share_account(actor=alice, account=checking, member=bob, level="analyst")
    accept_share(actor=bob, share=share)
    with request_info(RequestInfo(ip="203.0.113.9", device="Firefox on Linux")):
        record(actor=bob, action="transactions.transaction.created", target=checking)
    for reader, by, ip in ((alice, "Bob Baker", ""), (bob, "You", "203.0.113.9")):
        entry = describe(activity_of(reader).first(), reader)
        assert (entry["what"], entry["by"], entry["ip"]) == ("Transaction added", by, ip)


def test_staff_appear_as_staff_and_failed_sign_ins_show_the_ip_address(alice, bob):
    admin = make_user("admin@example.com", role="admin", name="Ada Admin")
    set_role(actor=admin, user=alice, role="analyst")
    assert describe(activity_of(alice).first(), alice)["by"] == "Staff"
    with request_info(RequestInfo(ip="198.51.100.7")):
        record(actor=None, action="users.sign_in.failed", target=alice, reason="password")
    entry = describe(activity_of(alice).first(), alice)
    assert (entry["what"], entry["by"], entry["ip"]) == ("Sign-in failed", "", "198.51.100.7")
    assert not activity_of(bob).exists()


def test_page_groups_by_the_users_local_day_and_filters_by_kind(alice, bob, client_for):
    alice.timezone = "Pacific/Kiritimati"
    alice.save(update_fields=["timezone"])
    record(actor=alice, action="users.password.changed", target=alice)
    record(actor=alice, action="bills.bill.paid", owner_id=alice.pk, amount="12.50")
    record(actor=bob, action="users.profile.updated", target=bob, name=["Xylograph", "x"])
    client = client_for(alice)
    page = client.get(reverse("users:activity")).content.decode()
    assert "Bill paid" in page
    assert "amount: 12.50" in page
    assert "Password changed" in page
    assert "Xylograph" not in page
    narrowed = client.get(reverse("users:activity") + "?kind=access").content.decode()
    assert "Password changed" in narrowed
    assert "Bill paid" not in narrowed
    assert "No matching activity" in client.get("/users/activity/?kind=sharing").content.decode()
    assert client.get("/users/activity/?kind=zzz").status_code == 200
    assert client.get("/users/activity/?cursor=zzz").status_code == 404


def test_api_pages_through_all_events(alice, bob, api_for):
    for number in range(5):
        record(actor=alice, action="bills.bill.paid", owner_id=alice.pk, number=number)
    record(actor=bob, action="bills.bill.paid", owner_id=bob.pk, number=99)
    client, url, found = api_for(alice), "/api/users/me/activity?page_size=2", []
    while url:
        body = client.get(url).json()
        found += [entry["details"]["number"] for entry in body["results"]]
        url = body["next"]
    assert found == ["4", "3", "2", "1", "0"]
    assert client.get("/api/users/me/activity?kind=plans").json()["results"][0]["what"] == (
        "Bill paid"
    )
    assert client.get("/api/users/me/activity?kind=zzz").status_code == 400


def test_unexpected_details_do_not_break_the_page(alice, client_for):
    record(actor=alice, action="cards.card.blocked", target=alice, odd=[1, {"a": 2}, []], none=None)
    page = client_for(alice).get(reverse("users:activity"))
    assert "Card blocked" in page.content.decode()


@pytest.mark.slow
def test_query_count_does_not_grow_with_rows(
    alice, checking, client_for, django_assert_max_num_queries
):
    for _ in range(30):
        make_transaction(account=checking, amount="1")
    client = client_for(alice)
    # The first request of a session lists it.
    client.get(reverse("users:activity"))
    with django_assert_max_num_queries(8):
        client.get(reverse("users:activity"))


def test_codes_are_shown_as_labels_and_user_text_as_entered(alice):
    record(
        actor=None,
        action="alerts.alert.raised",
        target=alice,
        type="unusual_spending",
        name="a_b",
        skipped=0,
    )
    entry = describe(activity_of(alice).first(), alice)
    assert dict(entry["details"]) == {"type": "unusual spending", "name": "a_b", "skipped": "0"}
    assert set(entry["said"]) == {"unusual spending", "name: a_b"}
