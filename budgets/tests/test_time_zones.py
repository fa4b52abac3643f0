"""A month follows the user's time zone: at its edges, in far zones, and across clock changes.

Each moment is one second before a month begins somewhere, and the moment it begins.
"""

from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine

from budgets.models import Budget

pytestmark = pytest.mark.django_db

# (zone, the moment 1 March 2026 or 1 November 2026 begins there, that month)
EDGES = [
    ("Pacific/Kiritimati", datetime(2026, 2, 28, 10, 0, tzinfo=UTC), 3),
    ("Asia/Kathmandu", datetime(2026, 2, 28, 18, 15, tzinfo=UTC), 3),
    ("America/St_Johns", datetime(2026, 3, 1, 3, 30, tzinfo=UTC), 3),
    ("America/Los_Angeles", datetime(2026, 3, 1, 8, 0, tzinfo=UTC), 3),
    # Daylight saving time ends later on 1 November: the month begins in daylight saving time.
    ("America/Los_Angeles", datetime(2026, 11, 1, 7, 0, tzinfo=UTC), 11),
    ("America/St_Johns", datetime(2026, 11, 1, 2, 30, tzinfo=UTC), 11),
]


def in_zone(user, zone):
    user.timezone = zone
    user.save()


@pytest.mark.parametrize(("zone", "begins", "month"), EDGES)
def test_a_new_budget_is_for_the_current_month_in_the_users_time_zone(
    api_for, alice, zone, begins, month
):
    in_zone(alice, zone)
    body = {"limit_amount": "10.00"}
    with time_machine.travel(begins - timedelta(seconds=1), tick=False):
        before = api_for(alice).post("/api/budgets", {**body, "category": "pets"}).json()
    with time_machine.travel(begins, tick=False):
        after = api_for(alice).post("/api/budgets", {**body, "category": "pets"}).json()
    assert (before["year"], before["month"]) == (2026, month - 1)
    assert (after["year"], after["month"]) == (2026, month)


@pytest.mark.parametrize(("zone", "begins", "month"), EDGES)
def test_the_page_and_days_left_change_at_the_users_own_midnight(
    client_for, api_for, alice, budget_for, zone, begins, month
):
    in_zone(alice, zone)
    last, first = (budget_for("pets", 31, month=number) for number in (month - 1, month))
    days = 31 if month == 3 else 30

    def seen(moment, budget):
        with time_machine.travel(moment, tick=False):
            page = client_for(alice).get("/budgets/").content.decode()
            progress = api_for(alice).get(f"/api/budgets/{budget.pk}/progress").json()
        return f"/budgets/{budget.pk}/" in page, progress["days_left"]

    assert seen(begins - timedelta(seconds=1), last) == (True, 1)
    assert seen(begins - timedelta(seconds=1), first) == (False, days)
    assert seen(begins, last) == (False, 0)
    assert seen(begins, first) == (True, days)


@pytest.mark.parametrize(
    ("at", "days_left"),
    [
        # Los Angeles switches to daylight saving time on 8 March 2026 at 10:00 UTC and back on 1
        # November.
        (datetime(2026, 3, 8, 7, 59, tzinfo=UTC), 25),
        (datetime(2026, 3, 8, 8, 0, tzinfo=UTC), 24),
        (datetime(2026, 3, 9, 6, 59, tzinfo=UTC), 24),
        (datetime(2026, 3, 9, 7, 0, tzinfo=UTC), 23),
        (datetime(2026, 11, 2, 7, 59, tzinfo=UTC), 30),
        (datetime(2026, 11, 2, 8, 0, tzinfo=UTC), 29),
    ],
)
def test_a_day_of_23_or_25_hours_is_one_day(api_for, alice, budget_for, at, days_left):
    in_zone(alice, "America/Los_Angeles")
    budget = budget_for("pets", month=at.month)
    with time_machine.travel(at, tick=False):
        progress = api_for(alice).get(f"/api/budgets/{budget.pk}/progress").json()
    assert progress["days_left"] == days_left


def test_copying_without_a_month_uses_the_current_month_of_the_user(api_for, alice, budget_for):
    in_zone(alice, "Pacific/Kiritimati")
    budget_for("pets", month=2)
    with time_machine.travel(datetime(2026, 2, 28, 10, 0, tzinfo=UTC), tick=False):
        answer = api_for(alice).post("/api/budgets/copy-last-month").json()
    assert answer == {"year": 2026, "month": 3, "added": 1}
    assert Budget.objects.in_month(2026, 3).get().starts_on == date(2026, 3, 1)
