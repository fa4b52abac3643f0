"""Rules, bulk categorization and undo in the API."""

from datetime import date

import pytest

from accounts.models import AccountShare
from accounts.sharing import accept_share, share_account
from tests.builders import make_transaction
from transactions.models import Category, CategoryRule, Change, Transaction
from transactions.services import rule_editing

RULES = "/api/categories/rules"


def category(slug):
    return Category.objects.get(user=None, slug=slug)


@pytest.fixture
def rule(alice):
    return rule_editing.create_rule(
        actor=alice, user=alice, category=category("coffee"), keyword_pattern="coffee"
    )


@pytest.fixture
def coffees(checking):
    return [
        make_transaction(account=checking, amount=f"-{n}.00", txn_date=date(2026, 3, n))
        for n in (1, 2, 3)
    ]


def test_rule_can_be_created_read_edited_and_deleted(alice, api_for, checking):
    client = api_for(alice)
    answer = client.post(
        RULES,
        {
            "category": "coffee",
            "merchant_pattern": "^star(bucks)?",
            "account": checking.pk,
            "amount_min": "2.5",
            "priority": 7,
        },
        format="json",
    )
    assert answer.status_code == 201
    body = answer.json()
    pk = body.pop("id")
    assert {name: body[name] for name in body if not name.endswith("_at")} == {
        "user": alice.pk,
        "category": "coffee",
        "category_name": "Coffee & snacks",
        "keyword_pattern": "",
        "merchant_pattern": "^star(bucks)?",
        "priority": 7,
        "is_active": True,
        "account": checking.pk,
        "amount_min": "2.50",
        "amount_max": None,
    }
    assert client.patch(f"{RULES}/{pk}", {"is_active": False}).json()["priority"] == 7
    put = client.put(f"{RULES}/{pk}", {"category": "gifts", "keyword_pattern": "x"}, format="json")
    changed = put.json()
    assert [changed[n] for n in ("category", "merchant_pattern", "priority", "amount_min")] == [
        "gifts",
        "",
        100,
        None,
    ]
    assert [result["id"] for result in client.get(RULES).json()["results"]] == [pk]
    assert client.delete(f"{RULES}/{pk}").status_code == 204
    assert client.get(f"{RULES}/{pk}").status_code == 404
    assert client.get(RULES).json()["results"] == []


@pytest.mark.once
@pytest.mark.parametrize(
    ("given", "attr"),
    [
        ({"category": "coffee"}, "non_field_errors"),
        ({"category": "coffee", "merchant_pattern": "(["}, "merchant_pattern"),
        ({"category": "nothing", "keyword_pattern": "x"}, "category"),
        ({"category": None, "keyword_pattern": "x"}, "category"),
        ({"keyword_pattern": "x"}, "category"),
        ({"category": "coffee", "keyword_pattern": "x", "account": 10**9}, "account"),
        ({"category": "coffee", "keyword_pattern": "x", "amount_min": "-1"}, "amount_min"),
        ({"category": "coffee", "keyword_pattern": "x" * 201}, "keyword_pattern"),
    ],
)
def test_error_names_the_field(alice, api_for, given, attr):
    answer = api_for(alice).post(RULES, given, format="json")
    assert (answer.status_code, [e["attr"] for e in answer.json()["errors"]]) == (400, [attr])
    assert not CategoryRule.objects.exists()


@pytest.mark.slow
def test_preview_apply_and_undo(alice, api_for, rule, coffees):
    client = api_for(alice)
    preview = client.post(f"{RULES}/{rule.pk}/preview?page_size=2").json()
    counts = ("match_count", "change_count", "same_count", "manual_count", "kept_count")
    assert [preview[name] for name in counts] == [3, 3, 0, 0, 0]
    assert preview["months"] == [
        {
            "month": "2026-03",
            "currency": "EUR",
            "category": "coffee",
            "category_name": "Coffee & snacks",
            "measure": "spent",
            "before": "0.00",
            "after": "6.00",
            "change": "6.00",
        },
        {
            "month": "2026-03",
            "currency": "EUR",
            "category": None,
            "category_name": None,
            "measure": "net",
            "before": "-6.00",
            "after": "0.00",
            "change": "6.00",
        },
    ]
    assert [
        (result["transaction"], result["before"], result["after"]) for result in preview["results"]
    ] == [
        (coffees[2].pk, None, "coffee"),
        (coffees[1].pk, None, "coffee"),
    ]
    more = client.post(preview["next"]).json()
    assert ([result["transaction"] for result in more["results"]], more["next"]) == (
        [coffees[0].pk],
        None,
    )
    assert not Transaction.objects.exclude(category=None).exists()
    applied = client.post(f"{RULES}/{rule.pk}/apply").json()
    assert applied["count"] == 3
    nothing = {"count": 0, "batch": None, "status": "done", "url": None}
    assert client.post(f"{RULES}/apply").json() == nothing
    history = client.get(f"/api/transactions/{coffees[0].pk}/category-history").json()["results"]
    assert [
        (entry["by"], entry["rule_title"], entry["from"], entry["to"]) for entry in history
    ] == [("rule", "“coffee”", None, "coffee")]
    listed = client.get("/api/undo").json()["results"]
    assert [(change["id"], change["kind"], change["can_undo"]) for change in listed] == [
        (applied["batch"], "rule_run", True)
    ]
    assert client.post(f"/api/undo/{applied['batch']}").json() == {
        "batch": applied["batch"],
        "restored_count": 3,
        "left_count": 0,
        "left": [],
        "references": [],
    }
    again = client.post(f"/api/undo/{applied['batch']}")
    assert (again.status_code, again.json()["errors"][0]["detail"]) == (
        400,
        "This has already been undone.",
    )


def test_preview_requires_a_known_list_and_cursor(alice, api_for, rule):
    client = api_for(alice)
    assert client.post(f"{RULES}/{rule.pk}/preview?listed=x").status_code == 400
    assert client.post(f"{RULES}/{rule.pk}/preview?page_size=x").status_code == 400
    for cursor in ("x", "2026-03-01", "2026-03-01.x", ".", "2026-03-01.²"):
        assert client.post(f"{RULES}/preview?cursor={cursor}").status_code == 404


def test_rules_and_changes_are_private_to_their_owner(alice, bob, api_for, rule, coffees):
    change = api_for(alice).post(f"{RULES}/apply").json()["batch"]
    client = api_for(bob)
    assert client.get(RULES).json()["results"] == []
    assert client.get("/api/undo").json()["results"] == []
    for method, path in (
        ("get", f"{RULES}/{rule.pk}"),
        ("put", f"{RULES}/{rule.pk}"),
        ("patch", f"{RULES}/{rule.pk}"),
        ("delete", f"{RULES}/{rule.pk}"),
        ("post", f"{RULES}/{rule.pk}/preview"),
        ("post", f"{RULES}/{rule.pk}/apply"),
        ("post", f"/api/undo/{change}"),
    ):
        assert getattr(client, method)(path).status_code == 404
    assert Transaction.objects.filter(category__slug="coffee").count() == 3


def test_read_only_users_can_see_rules_but_not_change_them(alice, api_for, rule, coffees):
    alice.role = "viewer"
    alice.save(update_fields=["role"])
    client = api_for(alice)
    assert client.get(f"{RULES}/{rule.pk}").status_code == 200
    assert client.post(f"{RULES}/{rule.pk}/preview").status_code == 200
    for method, path in (
        ("post", RULES),
        ("patch", f"{RULES}/{rule.pk}"),
        ("delete", f"{RULES}/{rule.pk}"),
        ("post", f"{RULES}/{rule.pk}/apply"),
        ("post", f"{RULES}/apply"),
        ("post", "/api/transactions/bulk-categorize"),
    ):
        assert getattr(client, method)(path).status_code == 403
    assert not Change.objects.exists()


# --- Bulk ----------------------------------------------------------------------------------------

BULK = "/api/transactions/bulk-categorize"


def test_selected_rows_get_a_category(alice, api_for, coffees):
    ids = [coffees[0].pk, coffees[2].pk]
    answer = api_for(alice).post(BULK, {"ids": ids, "category": "gifts"}, format="json")
    change = Change.objects.get()
    address = f"/api/undo/{change.pk}"
    assert answer.json() == {"count": 2, "batch": change.pk, "status": "done", "url": address}
    changed = Transaction.objects.filter(category__slug="gifts", category_source="manual")
    assert sorted(changed.values_list("pk", flat=True)) == ids


def test_all_filter_results_get_or_lose_a_category(alice, api_for, coffees):
    client = api_for(alice)
    wanted = {"filter": {"amount_min": "2", "ordering": "-amount"}, "category": "gifts"}
    assert client.post(BULK, wanted, format="json").json()["count"] == 2
    wanted = {"filter": {}, "category": None}
    assert client.post(BULK, wanted, format="json").json()["count"] == 2
    assert not Transaction.objects.exclude(category=None).exists()


@pytest.mark.once
@pytest.mark.parametrize(
    "given",
    [
        {"category": "gifts"},
        {"ids": [1], "filter": {}, "category": "gifts"},
        {"ids": ["x"], "category": "gifts"},
        {"filter": {"nonsense": "1"}, "category": "gifts"},
        {"filter": {"amount_min": "x"}, "category": "gifts"},
        {"filter": {}, "category": "no-such"},
        {"filter": {}},
    ],
)
def test_ambiguous_bulk_command_changes_nothing(alice, api_for, coffees, given):
    assert api_for(alice).post(BULK, given, format="json").status_code == 400
    assert not Transaction.objects.exclude(category=None).exists()


def test_another_persons_id_is_404_and_a_shared_one_403(alice, bob, api_for, bobs_account, coffees):
    theirs = make_transaction(account=bobs_account)
    client = api_for(alice)
    wanted = {"ids": [coffees[0].pk, theirs.pk], "category": "gifts"}
    assert client.post(BULK, wanted, format="json").status_code == 404
    level = AccountShare.Level.ANALYST
    share = share_account(actor=bob, account=bobs_account, member=alice, level=level)
    accept_share(actor=alice, share=share)
    alice = type(alice).objects.get(pk=alice.pk)
    client = api_for(alice)
    assert client.post(BULK, wanted, format="json").status_code == 403
    everything = {"filter": {}, "category": "gifts"}
    assert client.post(BULK, everything, format="json").json()["count"] == 3
    theirs.refresh_from_db()
    assert theirs.category is None


def test_rules_categorize_a_transaction_posted_through_the_api(alice, api_for, checking, rule):
    answer = api_for(alice).post(
        "/api/transactions",
        {"account": checking.pk, "amount": "3.00", "description": "Corner coffee"},
        format="json",
    )
    assert (answer.json()["category"], answer.json()["category_source"]) == ("coffee", "rule")
