"""The budget pages: content, use without JavaScript, and permissions."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from budgets.models import Budget
from tests.builders import make_account

pytestmark = pytest.mark.django_db
ENTRIES = {
    "category": "groceries",
    "limit_amount": "350.50",
    "currency": "EUR",
    "month": "3",
    "year": "2026",
}


@pytest.fixture(autouse=True)
def _middle_of_march():
    with time_machine.travel(datetime(2026, 3, 15, 12, tzinfo=UTC), tick=False):
        yield


@pytest.fixture
def visitor(client_for, alice):
    return client_for(alice)


def text_of(answer, status=200):
    assert answer.status_code == status, answer.content[:500]
    return answer.content.decode()


def test_the_month_shows_each_budget_and_the_total(visitor, budget_for, spend):
    spend("90.00", "groceries")
    budget_for("groceries", 100)
    budget_for("pets", 50)
    page = text_of(visitor.get("/budgets/"))
    assert "March 2026" in page
    assert "17 days left" in page
    assert page.index("Groceries</a>") < page.index("Pets</a>")
    assert "Nearly used" in page
    assert '<data value="60.00">' in page
    assert (
        "/transactions/?category=groceries&amp;date_from=2026-03-01&amp;date_to=2026-03-31" in page
    )


def test_a_month_without_budgets_offers_copying_and_suggestions(visitor, budget_for, spend):
    budget_for("pets", month=2)
    spend("10.00", "groceries", datetime(2026, 2, 2).date())  # noqa: DTZ001 - a date
    page = text_of(visitor.get("/budgets/"))
    assert "No budgets for March 2026" in page
    assert "/budgets/new/?month=2026-03" in page
    assert "Copy 1 budget of February" in page
    assert "Suggestions" in page


def test_the_switcher_navigates_between_months(visitor, budget_for):
    budget_for("pets", month=2)
    page = text_of(visitor.get("/budgets/?month=2026-02"))
    assert 'href="/budgets/?month=2026-01"' in page
    assert 'href="/budgets/"' in page
    assert "Pets</a>" in page
    assert "Suggestions" not in page
    assert "Send a month such as" in text_of(visitor.get("/budgets/?month=soon"), 422)
    assert "Choose a month" in text_of(visitor.get("/budgets/?month=2026-13"), 422)
    assert "Choose a year" in text_of(visitor.get("/budgets/?month=0000-01"), 422)
    for edge in ("1950-01", "2100-12"):
        assert visitor.get(f"/budgets/?month={edge}").status_code == 200


def test_a_budget_can_be_created_edited_deleted_and_restored(visitor, budget_for):
    answer = visitor.post("/budgets/new/", ENTRIES)
    assert (answer.status_code, answer["Location"]) == (302, "/budgets/")
    budget = Budget.objects.get()
    assert (budget.limit_amount, budget.rollover) == (Decimal("350.50"), False)
    url = f"/budgets/{budget.pk}"
    assert 'value="350.50"' in text_of(visitor.get(f"{url}/edit/"))
    changed = ENTRIES | {"limit_amount": "10", "rollover": "on"}
    assert visitor.post(f"{url}/edit/", changed)["Location"] == f"{url}/"
    budget.refresh_from_db()
    assert (budget.limit_amount, budget.rollover) == (10, True)
    page = text_of(visitor.post(f"{url}/delete/", follow=True))
    assert f'action="{url}/restore/"' in page
    assert "In the trash" in page
    assert not Budget.objects.live().exists()
    assert "restored" in text_of(visitor.post(f"{url}/restore/", follow=True))
    assert Budget.objects.live().get() == budget


@pytest.mark.once
@pytest.mark.parametrize(
    ("over", "sentence"),
    [
        ({"category": ""}, "This field is required."),
        ({"category": "salary"}, "Select a valid choice"),
        ({"limit_amount": "-1"}, "Enter zero or more."),
        ({"limit_amount": "much"}, "be read as an amount"),
        ({"limit_amount": "1.234"}, "could be"),
        ({"year": "1"}, "greater than or equal to 1950"),
        ({"month": "13"}, "Select a valid choice"),
    ],
)
def test_an_invalid_entry_shows_an_error_at_its_field(visitor, over, sentence):
    page = text_of(visitor.post("/budgets/new/", ENTRIES | over), 422)
    assert sentence in page.replace("&#x27;", "'")
    assert not Budget.objects.exists()


def test_a_duplicate_budget_is_refused_on_the_form(visitor, budget_for):
    budget_for("groceries")
    assert "already" in text_of(visitor.post("/budgets/new/", ENTRIES), 422)
    assert Budget.objects.count() == 1


def test_restoring_next_to_a_newer_budget_explains_the_refusal(visitor, budget_for):
    old = budget_for("groceries")
    visitor.post(f"/budgets/{old.pk}/delete/")
    budget_for("groceries", 1)
    assert "already" in text_of(visitor.post(f"/budgets/{old.pk}/restore/", follow=True))
    assert Budget.objects.live().get().limit_amount == 1


def test_copying_and_adopting_take_one_click(visitor, budget_for, spend):
    budget_for("pets", month=2)
    for slug in ("groceries", "coffee"):
        spend("10.00", slug, datetime(2026, 2, 2).date())  # noqa: DTZ001 - a date
    page = text_of(visitor.post("/budgets/copy-last-month/", {"month": "2026-03"}, follow=True))
    assert "1 budget added." in page
    page = text_of(visitor.post("/budgets/copy-last-month/", {"month": "2026-03"}, follow=True))
    assert "nothing to add" in page
    visitor.post("/budgets/adopt/", {"month": "2026-03", "category": "coffee"})
    assert Budget.objects.in_month(2026, 3).count() == 2
    visitor.post("/budgets/adopt/", {"month": "2026-03"})
    assert Budget.objects.in_month(2026, 3).count() == 3
    answer = visitor.post("/budgets/adopt/", {"month": "x"}, follow=True)
    assert "Send a month" in text_of(answer)


def test_a_budgets_page_shows_twelve_months_and_left_out_amounts(visitor, alice, budget_for, spend):
    yen = make_account(user=alice, name="Yen purse", currency="JPY", opening_balance="9000")
    spend("100", "groceries", account=yen)
    spend("120.00", "groceries")
    page = text_of(visitor.get(f"/budgets/{budget_for('groceries').pk}/"))
    assert "Exceeded" in page
    assert 'data-chart="bar"' in page
    assert "April 2025" in page
    assert "1 amount isn't counted" in page
    assert "Yen purse" in page


def test_another_persons_budget_is_a_404_and_a_viewer_sees_none(client_for, alice, bob, budget_for):
    budget = budget_for("groceries")
    other = client_for(bob)
    for path in ("", "edit/"):
        assert other.get(f"/budgets/{budget.pk}/{path}").status_code == 404
    for path in ("edit/", "delete/", "restore/"):
        assert other.post(f"/budgets/{budget.pk}/{path}").status_code == 404
    alice.role = "viewer"
    alice.save()
    viewer = client_for(alice)
    for path in ("", "new/", f"{budget.pk}/"):
        assert viewer.get(f"/budgets/{path}").status_code == 403
    for path in ("copy-last-month/", "adopt/", f"{budget.pk}/delete/"):
        assert viewer.post(f"/budgets/{path}").status_code == 403
    assert Budget.objects.live().get() == budget


def test_a_name_is_always_escaped(visitor, alice, budget_for):
    alice.categories.create(slug="x", name="<b>Bees</b>", kind="expense")
    visitor.post("/budgets/new/", ENTRIES | {"category": "x"})
    page = text_of(visitor.get("/budgets/"))
    assert "&lt;b&gt;Bees" in page
    assert "<b>Bees" not in page


@pytest.mark.once
def test_page_queries_do_not_grow_with_rows(visitor, budget_for, spend):
    def queries():
        with CaptureQueriesContext(connection) as captured:
            visitor.get("/budgets/")
        return len(captured)

    spend("1.00", "coffee")
    budget_for("coffee", rollover=True)
    budget_for("coffee", month=2)
    visitor.get("/budgets/")  # A session's first request also updates when it was last used.
    before = queries()
    for slug in ("groceries", "travel", "health", "shopping", "streaming", "fuel"):
        spend("1.00", slug)
        budget_for(slug, rollover=True)
        budget_for(slug, month=2, rollover=True)
    assert queries() == before


@pytest.mark.slow
def test_the_home_page_lists_budgets_in_trouble_first(visitor, budget_for, spend):
    page = text_of(visitor.get("/"))
    assert "No budgets for this month." in page
    assert "budget-glance__list" not in page
    spend("90.00", "pets")
    for slug in ("groceries", "pets"):
        budget_for(slug, 100)
    page = text_of(visitor.get("/"))
    card = page[page.index("budget-glance__list") :]
    assert card.index("Pets") < card.index("Groceries")


def test_staff_can_view_budgets_but_not_change_them(client, budget_for, django_user_model):
    budget = budget_for("groceries")
    for role, status in (("admin", 200), ("auditor", 200), ("support", 403)):
        staff = django_user_model.objects.create_user(
            f"{role}@example.com", "x", role=role, is_staff=True, is_superuser=role == "admin"
        )
        client.force_login(staff, backend="django.contrib.auth.backends.ModelBackend")
        assert client.get("/admin/budgets/budget/").status_code == status
        assert client.post(f"/admin/budgets/budget/{budget.pk}/delete/").status_code == 403
    assert Budget.objects.live().get() == budget
