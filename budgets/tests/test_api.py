"""The budgets API: shapes, refusals and permissions."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.sharing import accept_share, share_account
from budgets.models import Budget
from tests.builders import make_account, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _middle_of_march():
    with time_machine.travel(datetime(2026, 3, 15, 12, tzinfo=UTC), tick=False):
        yield


@pytest.fixture
def api(api_for, alice):
    return api_for(alice)


def guest_of(owner, accounts, level="analyst", **fields):
    guest = make_user(f"{level}-{len(accounts)}@example.com", **fields)
    for account in accounts:
        share = share_account(actor=owner, account=account, member=guest, level=level)
        accept_share(actor=guest, share=share)
    return guest


def test_creating_a_budget_defaults_to_this_month_and_the_base_currency(api, alice, spend):
    spend("300.00", "groceries")
    answer = api.post("/api/budgets", {"category": "food", "limit_amount": "500"}, format="json")
    assert answer.status_code == 201
    data = answer.json()
    assert {key: data[key] for key in data if not key.endswith("_at")} == {
        "id": Budget.objects.get().pk,
        "user": alice.pk,
        "category": "food",
        "category_name": "Food & drink",
        "year": 2026,
        "month": 3,
        "limit_amount": "500.00",
        "currency": "EUR",
        "rollover": False,
        "carried": "0.00",
        "limit": "500.00",
        "spent_amount": "300.00",
        "remaining": "200.00",
        "percent": 60,
        "status": "on_track",
        "exceeded": False,
        "not_converted": 0,
    }
    assert api.get(f"/api/budgets/{data['id']}").json() == data
    assert api.get("/api/budgets").json()["results"] == [data]


@pytest.mark.once
@pytest.mark.parametrize(
    ("body", "attr", "code"),
    [
        ({"limit_amount": "5"}, "category", "required"),
        ({"category": "", "limit_amount": "5"}, "category", "blank"),
        ({"category": "nowhere", "limit_amount": "5"}, "category", "does_not_exist"),
        ({"category": "salary", "limit_amount": "5"}, "category", "refused"),
        ({"category": "food"}, "limit_amount", "required"),
        ({"category": "food", "limit_amount": "-1"}, "limit_amount", "negative"),
        ({"category": "food", "limit_amount": "x"}, "limit_amount", "invalid"),
        ({"category": "food", "limit_amount": "1.234"}, "limit_amount", "too_many_decimals"),
        ({"category": "food", "limit_amount": "5", "month": 13}, "month", "max_value"),
        ({"category": "food", "limit_amount": "5", "year": 1}, "year", "min_value"),
        ({"category": "food", "limit_amount": "5", "currency": "XXY"}, "currency", None),
    ],
)
def test_an_invalid_budget_is_a_400_at_its_field(api, body, attr, code):
    answer = api.post("/api/budgets", body, format="json")
    assert answer.status_code == 400
    (error,) = answer.json()["errors"]
    assert error["attr"] == attr
    assert code in (None, error["code"])
    assert not Budget.objects.exists()


def test_a_second_budget_for_a_category_and_month_is_a_400(api, budget_for):
    budget_for("groceries")
    answer = api.post("/api/budgets", {"category": "groceries", "limit_amount": "5"})
    assert answer.status_code == 400
    assert answer.json()["errors"][0] == {
        "code": "unique",
        "detail": "You already have a budget for Groceries in 03/2026.",
        "attr": "category",
    }


def test_put_and_patch_change_a_budget_and_delete_moves_it_to_the_trash(api, budget_for):
    url = f"/api/budgets/{budget_for('groceries', rollover=True).pk}"
    put = api.put(url, {"category": "pets", "limit_amount": "7"}, format="json").json()
    assert (put["category"], put["limit_amount"], put["rollover"]) == ("pets", "7.00", True)
    assert api.put(url, {"limit_amount": "7"}, format="json").status_code == 400
    patched = api.patch(url, {"month": 4}, format="json").json()
    assert (patched["month"], patched["category"]) == (4, "pets")
    assert api.delete(url).status_code == 204
    assert api.get(url).status_code == 404
    assert api.get("/api/budgets").json()["results"] == []
    assert api.post(f"{url}/restore").json()["id"] == Budget.objects.get().pk
    assert api.get(url).status_code == 200


def test_the_list_filters_by_month_and_category(api, budget_for):
    march, april = budget_for("groceries"), budget_for("groceries", month=4)
    pets = budget_for("pets")

    def ids(**params):
        return [row["id"] for row in api.get("/api/budgets", params).json()["results"]]

    assert ids() == [april.pk, pets.pk, march.pk]
    assert ids(year=2026, month=3) == [pets.pk, march.pk]
    assert ids(category="groceries") == [april.pk, march.pk]
    assert ids(year=2025) == []
    assert api.get("/api/budgets", {"month": "x"}).status_code == 400


def test_progress_returns_pace_and_twelve_months(api, budget_for, spend):
    spend("300.00", "food")
    spend("50.00", "food", date(2026, 2, 1))
    budget = budget_for("food", "500.00")
    data = api.get(f"/api/budgets/{budget.pk}/progress").json()
    trend = data.pop("trend")
    assert data == {
        "budget_id": budget.pk,
        "category": "food",
        "category_name": "Food & drink",
        "year": 2026,
        "month": 3,
        "currency": "EUR",
        "limit_amount": "500.00",
        "limit": "500.00",
        "carried": "0.00",
        "spent_amount": "300.00",
        "spent": "300.00",
        "remaining": "200.00",
        "percent": 60,
        "status": "on_track",
        "exceeded": False,
        "days_left": 17,
        "daily_allowance": "11.76",
        "pace_percent": 48.4,
        "is_ahead_of_pace": True,
        "not_converted": 0,
        "not_converted_amounts": [],
        "rates": [],
    }
    assert [row["month"] for row in trend][::11] == ["2025-04", "2026-03"]
    assert trend[-2:] == [
        {
            "month": "2026-02",
            "spent": "50.00",
            "budget_id": None,
            "limit": None,
            "exceeded": False,
            "not_converted": 0,
        },
        {
            "month": "2026-03",
            "spent": "300.00",
            "budget_id": budget.pk,
            "limit": "500.00",
            "exceeded": False,
            "not_converted": 0,
        },
    ]


def test_unconverted_amounts_are_listed(api, alice, budget_for, spend):
    yen = make_account(user=alice, name="Yen", currency="JPY", opening_balance="9000")
    spend("100", "food", account=yen)
    data = api.get(f"/api/budgets/{budget_for('food').pk}/progress").json()
    assert (data["spent"], data["not_converted"]) == ("0.00", 1)
    assert data["not_converted_amounts"] == [
        {
            "account": yen.pk,
            "account_name": "Yen",
            "currency": "JPY",
            "count": 1,
            "date_from": "2026-03-10",
            "date_to": "2026-03-10",
        }
    ]


def test_yen_amounts_have_no_decimals(api, budget_for):
    budget = budget_for("food", 5000, currency="JPY")
    data = api.get(f"/api/budgets/{budget.pk}/progress").json()
    assert (data["limit"], data["spent"], data["daily_allowance"]) == ("5000", "0", "294")


def test_a_month_returns_all_progress_with_totals(api, budget_for, spend):
    groceries, pets = budget_for("groceries", 100), budget_for("pets", 50)
    budget_for("pets", 10, month=2)
    spend("120.00", "groceries")
    data = api.get("/api/budgets/month/2026/3").json()
    assert (data["year"], data["month"]) == (2026, 3)
    assert [row["budget_id"] for row in data["budgets"]] == [groceries.pk, pets.pk]
    assert data["totals"] == [
        {
            "currency": "EUR",
            "limit": "150.00",
            "spent": "120.00",
            "remaining": "30.00",
            "percent": 80,
            "status": "warning",
            "exceeded": False,
            "budget_count": 2,
            "not_converted": 0,
        }
    ]
    assert api.get("/api/budgets/month/2020/1").json()["budgets"] == []
    for path in ("2026/13", "2026/0", "1/1"):
        assert api.get(f"/api/budgets/month/{path}").status_code == 400


def test_copying_and_suggestions(api, budget_for, spend):
    budget_for("pets", 10, month=2)
    assert api.post("/api/budgets/copy-last-month").json() == {
        "year": 2026,
        "month": 3,
        "added": 1,
    }
    for month, amount in ((9, "10.00"), (10, "30.00"), (12, "20.00"), (1, "60.00"), (2, "40.00")):
        spend(amount, "groceries", date(2025 + (month < 9), month, 5))
    spend("99.00", "groceries")
    (found,) = api.get("/api/budgets/suggestions").json()
    assert (found["category"], found["limit_amount"], found["currency"]) == (
        "groceries",
        "25.00",
        "EUR",
    )
    assert [row["spent"] for row in found["history"]] == [
        "10.00",
        "30.00",
        "0.00",
        "20.00",
        "60.00",
        "40.00",
    ]
    body = {"categories": ["pets", "nothing"]}
    assert api.post("/api/budgets/suggestions", body, format="json").json()["added"] == 0
    assert api.post("/api/budgets/suggestions").json()["added"] == 1
    assert Budget.objects.get(category__slug="groceries").limit_amount == 25
    assert api.get("/api/budgets/suggestions").json() == []
    assert api.get("/api/budgets/suggestions", {"month": 13}).status_code == 400


# --- Permissions ---------------------------------------------------------------------------------


def test_a_viewer_gets_no_budgets(api_for, alice, budget_for):
    budget = budget_for("food")
    alice.role = "viewer"
    alice.save()
    api = api_for(alice)
    for path in ("", "/suggestions", "/month/2026/3", f"/{budget.pk}", f"/{budget.pk}/progress"):
        assert api.get(f"/api/budgets{path}").status_code == 403, path
    assert api.post("/api/budgets", {"category": "pets", "limit_amount": "1"}).status_code == 403
    assert api.delete(f"/api/budgets/{budget.pk}").status_code == 403
    assert Budget.objects.live().count() == 1


def test_an_analyst_on_every_account_reads_the_budgets_and_cannot_change_them(
    api_for, alice, budget_for, checking, savings, spend
):
    spend("40.00", "food")
    budget = budget_for("food")
    guest = guest_of(alice, [checking, savings], role="analyst", base_currency="EUR")
    api = api_for(guest)
    assert api.get(f"/api/budgets/{budget.pk}").json()["spent_amount"] == "40.00"
    (row,) = api.get("/api/budgets/month/2026/3").json()["budgets"]
    assert row["budget_id"] == budget.pk
    assert [row["user"] for row in api.get("/api/budgets").json()["results"]] == [alice.pk]
    for answer in (
        api.patch(f"/api/budgets/{budget.pk}", {"limit_amount": "1"}, format="json"),
        api.delete(f"/api/budgets/{budget.pk}"),
        api.post(f"/api/budgets/{budget.pk}/restore"),
        api.post("/api/budgets", {"category": "pets", "limit_amount": "1"}, format="json"),
        api.post("/api/budgets/copy-last-month"),
        api.post("/api/budgets/suggestions"),
    ):
        assert answer.status_code == 403
    assert Budget.objects.get() == budget
    assert Budget.objects.get().limit_amount == 100


@pytest.mark.parametrize("level", ["viewer", "analyst"])
def test_one_private_account_keeps_the_budgets_private(
    api_for, alice, budget_for, checking, savings, level
):
    budget = budget_for("food")
    shared = [checking] if level == "analyst" else [checking, savings]
    api = api_for(guest_of(alice, shared, level))
    for path in ("", "/progress"):
        assert api.get(f"/api/budgets/{budget.pk}{path}").status_code == 404
    assert api.get("/api/budgets").json()["results"] == []
    assert api.get("/api/budgets/month/2026/3").json()["budgets"] == []


def test_a_customer_with_own_budgets_must_ask_for_shared_ones(api_for, alice, budget_for, checking):
    theirs = budget_for("food")
    guest = guest_of(alice, [checking])
    own = budget_for("pets", user=guest)

    def ids(**params):
        rows = api_for(guest).get("/api/budgets/month/2026/3", params).json()["budgets"]
        return [row["budget_id"] for row in rows]

    assert ids() == [own.pk]
    assert ids(include_shared="1") == [theirs.pk, own.pk]


def test_another_persons_month_is_empty(api_for, bob, budget_for):
    budget = budget_for("food")
    assert api_for(bob).get("/api/budgets/month/2026/3").json()["budgets"] == []
    assert api_for(bob).get(f"/api/budgets/{budget.pk}").status_code == 404
    assert api_for(None).get("/api/budgets/month/2026/3").status_code == 401


@pytest.mark.once
@pytest.mark.slow
def test_list_queries_do_not_grow_with_rows(api, budget_for, spend, category_of):
    def queries(url):
        with CaptureQueriesContext(connection) as captured:
            assert api.get(url).status_code == 200
        return len(captured)

    urls = ["/api/budgets", "/api/budgets/month/2026/3", "/api/budgets/suggestions"]
    spend("1.00", "coffee", date(2026, 2, 1))
    budget_for("pets", rollover=True)
    budget_for("pets", month=2)
    queries(urls[0])  # Shares are cached per user object, and the client keeps its user.
    before = [queries(url) for url in urls]
    for slug in ("groceries", "travel", "health", "shopping", "streaming", "fuel"):
        spend("1.00", slug, date(2026, 2, 1))
        budget_for(slug, rollover=True)
        budget_for(slug, month=2, rollover=True)
    for slug in ("books", "games", "events", "rent"):
        spend("1.00", slug, date(2026, 2, 1))
    assert [queries(url) for url in urls] == before
    assert max(before) <= 8


def test_the_overview_includes_the_months_budgets(api, budget_for, spend):
    spend("300.00", "food")
    budget = budget_for("food", Decimal(500))
    (row,) = api.get("/api/dashboard/overview").json()["budgets"]
    assert {key: row[key] for key in (
        "budget_id", "category", "limit", "spent", "remaining", "percent", "exceeded"
    )} == {
        "budget_id": budget.pk,
        "category": "food",
        "limit": "500.00",
        "spent": "300.00",
        "remaining": "200.00",
        "percent": 60,
        "exceeded": False,
    }  # fmt: skip
