"""Rule pages: edit with live matches, preview, apply, and the offered rule."""

from datetime import date

import pytest

from tests.builders import make_transaction
from transactions.models import Category, CategoryRule, Change, Transaction
from transactions.rules.rule_preview import preview_rules
from transactions.rules.rule_proposals import is_worth_a_rule, propose_rule
from transactions.services import rule_editing
from transactions.services.categorizing import set_category

RULES = "/transactions/rules/"
WRITTEN = {
    "keyword_pattern": "coffee",
    "category": "coffee",
    "priority": "100",
    "is_active": "on",
}


def category(slug):
    return Category.objects.get(user=None, slug=slug)


def make_rule(user, word="coffee", slug="coffee", **fields):
    return rule_editing.create_rule(
        actor=user, user=user, category=category(slug), keyword_pattern=word, **fields
    )


@pytest.fixture
def coffees(checking):
    return [
        make_transaction(account=checking, amount=f"-{n}.00", txn_date=date(2026, 3, n))
        for n in (1, 2, 3)
    ]


def test_empty_page_explains_rules(alice, client_for):
    page = client_for(alice).get(RULES).content.decode()
    assert "No rules yet" in page
    assert "Apply all" not in page


def test_created_rule_leads_to_its_preview(alice, client_for, coffees):
    client = client_for(alice)
    answer = client.post(f"{RULES}new/", WRITTEN | {"preview": "1"})
    rule = CategoryRule.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, f"{RULES}{rule.pk}/preview/")
    page = client.get(answer["Location"])
    assert page.context["preview"].change_count == 3
    assert "Change 3 transactions" in page.content.decode()
    assert client.post(f"{RULES}{rule.pk}/edit/", WRITTEN | {"priority": "3"})["Location"] == RULES
    rule.refresh_from_db()
    assert rule.priority == 3


def test_without_javascript_a_button_shows_matches_and_saves_nothing(alice, client_for, coffees):
    answer = client_for(alice).post(f"{RULES}new/", WRITTEN | {"show": "1"})
    assert answer.status_code == 200
    assert answer.context["matches"].match_count == 3
    assert not CategoryRule.objects.exists()


def test_invalid_pattern_shows_an_error_at_its_field_and_stays_in_the_form(alice, client_for):
    answer = client_for(alice).post(f"{RULES}new/", WRITTEN | {"merchant_pattern": "(["})
    assert answer.status_code == 422
    assert answer.context["form"].errors == {
        "merchant_pattern": ["This pattern isn't valid: missing ]: [."]
    }
    assert 'value="(["' in answer.content.decode()
    assert not CategoryRule.objects.exists()


@pytest.mark.parametrize(
    ("given", "count"),
    [
        ({"keyword_pattern": "coff"}, 3),
        ({"merchant_pattern": "^coffee$", "amount_min": "2"}, 2),
        ({"keyword_pattern": "tea"}, 0),
        ({"keyword_pattern": "coffee", "category": "no-such"}, 3),
        ({"keyword_pattern": ""}, None),
        ({"merchant_pattern": "(["}, None),
        ({"keyword_pattern": "coffee", "amount_min": "x"}, None),
        ({"keyword_pattern": "coffee", "rule": "²"}, 3),
    ],
)
def test_match_list_follows_the_form(alice, client_for, coffees, given, count):
    answer = client_for(alice).get(f"{RULES}matches/", {"priority": "100"} | given)
    assert answer.status_code == 200
    matches = answer.context["matches"]
    assert (None if matches is None else matches.match_count) == count


@pytest.mark.slow
def test_rules_are_applied_and_undone_from_the_pages(alice, client_for, coffees):
    rule = make_rule(alice)
    client = client_for(alice)
    answer = client.post(f"{RULES}{rule.pk}/apply/", follow=True)
    change = Change.objects.get()
    text = answer.content.decode()
    assert "3 transactions have a new category." in text
    assert f"/transactions/undo/{change.pk}/undo/" in text
    again = client.post(f"{RULES}apply/", follow=True)
    assert "There was nothing to change." in again.content.decode()
    client.post(f"/transactions/undo/{change.pk}/undo/")
    assert not Transaction.objects.exclude(category=None).exists()


def test_inactive_rule_can_be_previewed_but_not_applied(alice, client_for, coffees):
    rule = make_rule(alice, is_active=False)
    client = client_for(alice)
    page = client.get(f"{RULES}{rule.pk}/preview/").content.decode()
    assert ("is off" in page, "Change 3" in page) == (True, False)
    answer = client.post(f"{RULES}{rule.pk}/apply/", follow=True)
    assert "Turn it on first." in answer.content.decode()
    assert not Change.objects.exists()


@pytest.mark.slow
def test_preview_lists_unchanged_rows(alice, client_for, coffees):
    rule = make_rule(alice)
    make_rule(alice, "coff", "gifts", priority=1)
    set_category(actor=alice, transaction=coffees[0], category=category("travel"))
    client = client_for(alice)
    for listed, ids in (
        ("manual", [coffees[0].pk]),
        ("kept", [coffees[2].pk, coffees[1].pk]),
        ("changes", []),
        ("nonsense", []),
    ):
        page = client.get(f"{RULES}{rule.pk}/preview/?list={listed}")
        assert [row.transaction.pk for row in page.context["preview"].rows] == ids
    assert client.get(f"{RULES}preview/").context["preview"].change_count == 2
    assert client.get(f"{RULES}preview/?cursor=nonsense").status_code == 404


def test_rule_can_be_moved_deleted_and_restored(alice, client_for):
    first, second = make_rule(alice, "a"), make_rule(alice, "b")
    client = client_for(alice)
    client.post(f"{RULES}{second.pk}/move/", {"to": "earlier"})
    shown = client.get(RULES).context["rules"]
    assert [rule.pk for rule in shown] == [second.pk, first.pk]
    client.post(f"{RULES}{second.pk}/move/", {"to": "later"})
    answer = client.post(f"{RULES}{second.pk}/delete/", follow=True)
    assert f"{RULES}{second.pk}/restore/" in answer.content.decode()
    assert client.get(f"{RULES}{second.pk}/edit/").status_code == 404
    client.post(f"{RULES}{second.pk}/restore/")
    assert [rule.pk for rule in client.get(RULES).context["rules"]] == [first.pk, second.pk]


@pytest.mark.once
def test_list_query_count_does_not_grow_with_rules(
    alice, client_for, checking, django_assert_max_num_queries
):
    client = client_for(alice)
    make_rule(alice, "a", account=checking)
    client.get(RULES)  # a session's first request also records its time
    with django_assert_max_num_queries(10) as few:
        client.get(RULES)
    for number in range(9):
        make_rule(alice, f"word {number}", account=checking)
    with django_assert_max_num_queries(10) as many:
        client.get(RULES)
    assert len(many) == len(few)


# --- The offer -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("description", "merchant", "keyword", "pattern"),
    [
        ("NETFLIX.COM 866-579-7172 CA", "Netflix", "Netflix", ""),
        ("POS 1234 CORNER CAFE 0042", "", "Corner Cafe", ""),
        ("DB VERTRIEB GMBH 12", "Deutsche Bahn", "Db Vertrieb", ""),
        ("4711 0815", "Tom's + Co", "", r"^Tom's \+ Co$"),
        ("4711 0815", "", "4711 0815", ""),
    ],
)
def test_proposed_rule_matches_the_transaction_it_came_from(
    alice, checking, description, merchant, keyword, pattern
):
    row = make_transaction(account=checking, description=description, merchant=merchant)
    proposal = propose_rule(row)
    assert proposal.keyword_pattern == keyword
    assert proposal.merchant_pattern.replace("\\'", "'").replace("\\ ", " ") == pattern
    rule = rule_editing.create_rule(
        actor=alice,
        user=alice,
        category=category("gifts"),
        keyword_pattern=proposal.keyword_pattern,
        merchant_pattern=proposal.merchant_pattern,
    )
    assert preview_rules(alice, rule).change_count == 1


def test_page_of_a_rule_shows_its_matches_and_those_of_its_changes(alice, client_for, coffees):
    rule, client = make_rule(alice), client_for(alice)
    assert 'hx-trigger="load, ' in client.get(f"{RULES}{rule.pk}/edit/").content.decode()
    given = {"priority": "100", "rule": rule.pk, "keyword_pattern": rule.keyword_pattern}
    assert client.get(f"{RULES}matches/", given).context["matches"].match_count == 3
    given["keyword_pattern"] = "no such words"
    assert client.get(f"{RULES}matches/", given).context["matches"].match_count == 0
    assert CategoryRule.objects.get(pk=rule.pk).keyword_pattern == rule.keyword_pattern


def test_form_is_prefilled_from_an_own_transaction(alice, bob, client_for, coffees, bobs_account):
    row = set_category(actor=alice, transaction=coffees[0], category=category("gifts"))
    client = client_for(alice)
    form = client.get(f"{RULES}new/?from_transaction={row.pk}").context["form"]
    assert (form["keyword_pattern"].value(), form["category"].value()) == ("Coffee", "gifts")
    theirs = make_transaction(account=bobs_account)
    for pk in (theirs.pk, 10**12, "x", "²"):
        assert client.get(f"{RULES}new/?from_transaction={pk}").status_code == 404


def test_rule_is_offered_after_a_manual_choice_no_rule_would_make(alice, coffees):
    assert not is_worth_a_rule(coffees[0])
    row = set_category(actor=alice, transaction=coffees[0], category=category("coffee"))
    assert is_worth_a_rule(row)
    make_rule(alice)
    assert not is_worth_a_rule(row)
    row = set_category(actor=alice, transaction=row, category=category("gifts"))
    assert is_worth_a_rule(row)


def test_history_names_the_rule(alice, client_for, coffees):
    rule = make_rule(alice)
    client = client_for(alice)
    client.post(f"{RULES}{rule.pk}/apply/")
    client.post(f"{RULES}{rule.pk}/delete/")
    page = client.get(f"/transactions/{coffees[0].pk}/").content.decode()
    assert "by the rule “coffee”" in page
