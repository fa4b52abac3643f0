"""Rewards on pages and in the API, and their scheduled jobs."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone

from rewards.models import PointsEntry, Reward
from rewards.services import (
    add_entry,
    create_program,
    earn_for_payment,
    lock_bill_program,
    lock_programs_of,
    take_back_points,
)
from rewards.tasks import expire_points_at
from rewards.totals import best_alternative, rewards_total
from tests.builders import make_transaction
from transactions.models import Transaction
from users.models import User

MARCH = date(2026, 3, 15)


@pytest.fixture
def alice(alice):
    alice.base_currency = "EUR"
    alice.save()
    return alice


def make_program(alice, **over):
    fields = {"program_name": "Miles", "on": MARCH, "point_value": Decimal("0.01")}
    return create_program(actor=alice, user=alice, **(fields | over))


def test_points_entries_are_listed_by_date_not_by_entry_time(alice, api_for, client_for):
    program = make_program(alice)
    for points, day in ((30, 5), (10, 1), (20, 3)):
        add_entry(
            actor=alice, reward=program, kind="earn", points=points, on=MARCH.replace(day=day)
        )
    newest_first = [30, 20, 10]
    entries = api_for(alice).get(f"/api/rewards/{program.pk}/entries").json()["results"]
    assert [entry["points"] for entry in entries] == newest_first
    page = client_for(alice).get(reverse("rewards:reward_detail", args=[program.pk]))
    assert [entry.points for entry in page.context["page"].rows] == newest_first


def test_a_program_is_opened_changed_and_deleted_by_api(alice, api_for):
    api = api_for(alice)
    made = api.post(
        "/api/rewards", {"program_name": "Miles", "points_balance": 1240, "point_value": "0.0085"}
    )
    assert made.status_code == 201, made.json()
    assert made.json()["points_balance"] == 1240
    assert (made.json()["point_value"], made.json()["value"]) == ("0.0085", "10.54")
    url = f"/api/rewards/{made.json()['id']}"
    changed = api.patch(url, {"points_balance": 1000})
    assert changed.json()["points_balance"] == 1000
    entries = api.get(f"{url}/entries").json()["results"]
    assert [(entry["kind"], entry["points"]) for entry in entries] == [
        ("adjust", -240),
        ("adjust", 1240),
    ]
    assert api.get("/api/rewards").json()["results"][0]["program_name"] == "Miles"
    assert api.delete(url).status_code == 204
    assert api.get(url).status_code == 404
    assert api.post(f"{url}/restore").status_code == 200
    assert api.get(url).status_code == 200


def test_redeeming_by_api_happens_once_per_key_and_never_below_zero(alice, api_for):
    reward = make_program(alice, points_balance=100)
    api, url = api_for(alice), f"/api/rewards/{reward.pk}/entries"
    for _ in range(2):
        answer = api.post(url, {"kind": "redeem", "points": 60}, HTTP_IDEMPOTENCY_KEY="once")
        assert (answer.status_code, answer.json()["points"]) == (201, -60)
    refused = api.post(url, {"kind": "redeem", "points": 60})
    error = refused.json()["errors"][0]
    assert (refused.status_code, error["attr"]) == (400, "points")
    assert error["code"] == "not_enough_points"
    tomorrow = (timezone.now().date() + timedelta(days=1)).isoformat()
    for on in ("1900-01-01", tomorrow, "2100-01-01"):
        refused = api.post(url, {"kind": "earn", "points": 1, "occurred_on": on})
        error = refused.json()["errors"][0]
        assert (refused.status_code, error["attr"]) == (400, "occurred_on")
        assert error["code"] == "date_out_of_range"
    reward.refresh_from_db()
    assert reward.points_balance == 40


def test_the_total_names_points_it_could_not_convert(alice, api_for):
    make_program(alice, points_balance=1000)
    make_program(alice, program_name="Stars", points_balance=200, currency="USD")
    total = api_for(alice).get("/api/rewards/total").json()
    assert (total["total_points"], total["value"], total["not_converted"]) == (1200, "10.00", 1)


def test_points_that_expire_within_sixty_days_are_shown(alice):
    reward = make_program(alice, expires_after_months=12)
    add_entry(actor=alice, reward=reward, kind="earn", points=70, on=date(2025, 5, 1))
    add_entry(actor=alice, reward=reward, kind="earn", points=30, on=date(2025, 8, 1))
    total = rewards_total(user=alice, on=MARCH)
    assert total.expiring_points == 70
    assert total.expiring[0].expires_next == date(2026, 5, 1)


def test_the_comparison_shows_what_another_program_would_have_earned(alice, checking):
    earning = lock_bill_program(alice)
    make_program(alice, program_name="Stars", earn_rate=Decimal(2))
    payment = make_transaction(account=checking, amount="-100.00")
    earn_for_payment(actor=alice, reward=earning, payment=payment, on=MARCH, is_early=False)
    best = best_alternative(rewards_total(user=alice, on=MARCH), on=MARCH)
    assert (best.reward.program_name, best.points, best.more) == ("Stars", 200, Decimal("1.00"))


def test_the_comparison_counts_early_payments_and_ignores_undone_ones(alice, checking):
    earning = make_program(alice, earns_on_bills=True, early_bonus_percent=0)
    make_program(alice, program_name="Stars", early_bonus_percent=50)
    early, undone = (make_transaction(account=checking, amount="-100.00") for _ in range(2))
    for payment, is_early in ((early, True), (undone, False)):
        reward = lock_bill_program(alice)
        earn_for_payment(actor=alice, reward=reward, payment=payment, on=MARCH, is_early=is_early)
    take_back_points(actor=alice, programs=lock_programs_of(undone), payment=undone)
    best = best_alternative(rewards_total(user=alice, on=MARCH), on=MARCH)
    assert (earning.entries.count(), best.points, best.more) == (3, 150, Decimal("0.50"))
    again = {"payment": undone, "on": MARCH, "is_early": True}
    earn_for_payment(actor=alice, reward=lock_bill_program(alice), **again)
    assert best_alternative(rewards_total(user=alice, on=MARCH), on=MARCH).more == Decimal("1.00")
    Transaction.objects.filter(pk=early.pk).update(deleted_at=timezone.now())
    assert best_alternative(rewards_total(user=alice, on=MARCH), on=MARCH).more == Decimal("0.50")


def test_points_expire_on_the_following_day_in_the_owners_time_zone(alice, bob):
    User.objects.filter(pk=alice.pk).update(timezone="Pacific/Kiritimati")
    User.objects.filter(pk=bob.pk).update(timezone="America/Los_Angeles")
    for user in (alice, bob):
        reward = make_program(user, expires_after_months=12)
        add_entry(actor=user, reward=reward, kind="earn", points=10, on=date(2025, 3, 14))
    assert expire_points_at(datetime(2026, 3, 14, 9, 59, tzinfo=UTC)) == 0
    assert expire_points_at(datetime(2026, 3, 14, 10, 1, tzinfo=UTC)) == 10
    assert expire_points_at(datetime(2026, 3, 14, 10, 1, tzinfo=UTC)) == 0
    assert expire_points_at(datetime(2026, 3, 15, 7, 1, tzinfo=UTC)) == 10
    assert PointsEntry.objects.filter(kind="expire").count() == 2


def test_check_ledger_finds_points_that_do_not_add_up(alice):
    reward = make_program(alice, points_balance=100)
    call_command("check_ledger", stdout=StringIO())
    Reward.objects.filter(pk=reward.pk).update(points_balance=99)
    out = StringIO()
    with pytest.raises(SystemExit) as stop:
        call_command("check_ledger", stdout=out)
    assert stop.value.code == 1
    assert "stored 99, expected 100" in out.getvalue()


def test_the_program_pages_work_without_javascript(alice, client_for):
    client = client_for(alice)
    fields = {
        "program_name": "Miles",
        "points_balance": "100",
        "point_value": "0.01",
        "currency": "EUR",
        "earn_rate": "1",
        "early_bonus_percent": "10",
    }
    answer = client.post(reverse("rewards:reward_create"), fields)
    reward = Reward.objects.get()
    assert answer["Location"] == reverse("rewards:reward_detail", args=[reward.pk])
    assert b"Miles" in client.get(answer["Location"]).content
    assert b"Miles" in client.get(reverse("rewards:reward_list")).content
    entry = {"kind": "redeem", "points": "101", "on": "2026-03-15"}
    refused = client.post(reverse("rewards:entry_create", args=[reward.pk]), entry)
    assert (refused.status_code, b"Miles has 100 points." in refused.content) == (422, True)
    client.post(reverse("rewards:entry_create", args=[reward.pk]), entry | {"points": "40"})
    edited = fields | {"points_balance": "60", "program_name": "Air miles"}
    client.post(reverse("rewards:reward_edit", args=[reward.pk]), edited)
    reward.refresh_from_db()
    assert (reward.program_name, reward.points_balance) == ("Air miles", 60)
    client.post(reverse("rewards:reward_delete", args=[reward.pk]))
    assert b"In the trash" in client.get(reverse("rewards:reward_list")).content
    client.post(reverse("rewards:reward_restore", args=[reward.pk]))
    assert list(Reward.objects.visible_to(alice)) == [reward]


@pytest.mark.once
def test_the_list_needs_constant_queries_for_many_programs(
    alice, client_for, django_assert_max_num_queries
):
    today = timezone.now().date()
    for number in range(8):
        reward = make_program(alice, program_name=f"P{number}", expires_after_months=1)
        add_entry(
            actor=alice, reward=reward, kind="earn", points=5, on=today - timedelta(days=number)
        )
    client = client_for(alice)
    client.get(reverse("rewards:reward_list"))
    with django_assert_max_num_queries(16):
        client.get(reverse("rewards:reward_list"))
