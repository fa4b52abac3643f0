"""Home page cards can be hidden and moved; each user has their own layout."""

from datetime import timedelta

import pytest

from insights.home.arranging import arrange_cards, move_card
from insights.home.cards import CARDS, layout_from, layout_of, recent_shown
from insights.models import HomeState
from tests.builders import make_account, make_transaction
from users.models import AuditEvent
from users.timezones import today_in

USUAL = layout_of()


def test_every_card_has_one_place():
    for layout in (USUAL, layout_of(["worth", "worth", "nothing"], ["accounts"], ["worth"])):
        names = [*layout.names("narrow"), *layout.names("wide"), *layout.names("hidden")]
        assert sorted(names) == sorted(card.name for card in CARDS)


def test_a_card_moves_up_down_and_across():
    assert USUAL.names("narrow")[:2] == ["accounts", "worth"]
    assert USUAL.moved("worth", "up").names("narrow")[:2] == ["worth", "accounts"]
    assert USUAL.moved("accounts", "down").names("narrow")[:2] == ["worth", "accounts"]
    assert USUAL.moved("accounts", "across").names("wide")[-1] == "accounts"


def test_the_first_card_stays_when_moved_up_and_the_last_when_moved_down():
    assert USUAL.moved("accounts", "up") == USUAL
    assert USUAL.moved(USUAL.names("wide")[-1], "down") == USUAL


def test_a_hidden_card_returns_to_its_column():
    hidden = USUAL.moved("budgets", "hide")
    assert hidden.names("hidden") == ["budgets"]
    assert "budgets" not in hidden.names("wide")
    assert hidden.moved("budgets", "show").names("wide")[-1] == "budgets"


def test_a_viewers_transactions_stand_alone_beside_their_accounts():
    assert [recent_shown(rows, is_alone=True) for rows in (1, 4, 5)] == [6, 6, 10]
    assert recent_shown(5) == 6


@pytest.mark.django_db
@pytest.mark.parametrize(("accounts", "shown"), [(1, 6), (10, 10)])
def test_a_short_column_has_fewer_transactions_beside_it_and_the_months_below_both(
    alice, client, accounts, shown
):
    first, *_ = [
        make_account(user=alice, name=f"Account {n}", currency=alice.base_currency)
        for n in range(accounts)
    ]
    today = today_in(alice.timezone)
    for number in range(12):
        on = today - timedelta(days=40 if number == 0 else 0)
        make_transaction(account=first, amount="5.00", description=f"Line {number}", txn_date=on)
    client.force_login(alice)
    page = client.get("/").content.decode()
    assert sum(f">Line {number}<" in page for number in range(12)) == shown
    assert page.count('id="trend-title"') == 1
    below = page.partition("home__column--foot")[2]
    assert ("trend-title" in below) == (accounts == 1)


@pytest.mark.django_db
def test_the_arrangement_is_kept_and_audited_once(alice, bob):
    for _ in range(2):
        arrange_cards(actor=alice, narrow=["upcoming"], wide=["accounts"], hidden=["trend"])
    layout = layout_from(HomeState.objects.get(user=alice))
    assert layout.names("narrow")[0] == "upcoming"
    assert layout.names("wide")[0] == "accounts"
    assert layout.names("hidden") == ["trend"]
    assert not HomeState.objects.visible_to(bob).exists()
    assert AuditEvent.objects.filter(action="insights.home.arranged").count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize(
    "body",
    [
        {"card": "nothing", "act": "hide"},
        {"card": "worth", "act": "explode"},
        {"narrow": "worth worth"},
        {"wide": "worth nothing"},
    ],
)
def test_an_unknown_card_or_act_changes_nothing(client_for, alice, body):
    page = client_for(alice).post("/dashboard/cards/", body, follow=True)
    assert "Choose" in page.content.decode()
    assert layout_from(HomeState.objects.filter(user=alice).first()) == USUAL


@pytest.mark.django_db
def test_buttons_and_a_drag_do_the_same(client_for, alice):
    client = client_for(alice)
    client.post("/dashboard/cards/", {"card": "upcoming", "act": "up"})
    by_button = layout_from(HomeState.objects.get(user=alice))
    client.post("/dashboard/cards/", {"act": "reset"})
    assert layout_from(HomeState.objects.get(user=alice)) == USUAL
    order = {place: " ".join(by_button.names(place)) for place in ("narrow", "wide", "hidden")}
    answer = client.post("/dashboard/cards/", order, headers={"HX-Request": "true"})
    assert "<html" not in answer.content.decode()
    assert answer.content.decode().count("data-card=") == len(CARDS)
    assert layout_from(HomeState.objects.get(user=alice)) == by_button


@pytest.mark.django_db
def test_the_home_page_follows_the_arrangement(client_for, alice):
    make_account(user=alice, currency="USD", opening_balance="12.00")
    client = client_for(alice)
    page = client.get("/").content.decode()
    assert page.index("accounts-title") < page.index("upcoming-title")
    for _ in range(2):
        move_card(actor=alice, card="upcoming", act="up")
    move_card(actor=alice, card="trend", act="hide")
    page = client.get("/").content.decode()
    assert page.index("upcoming-title") < page.index("accounts-title")
    assert "trend-title" not in page
    assert "Last 12 months" in client.get("/dashboard/cards/").content.decode()


@pytest.mark.slow
@pytest.mark.django_db
def test_a_viewer_arranges_their_own_home_page(client_for, guest_of):
    guest = guest_of("viewer")
    client = client_for(guest)
    client.post("/dashboard/cards/", {"card": "recent", "act": "hide"})
    assert "recent-title" not in client.get("/").content.decode()
