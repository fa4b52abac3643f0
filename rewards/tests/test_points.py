"""Points: append-only, never below zero, used in order of expiry."""

from datetime import date
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError

from rewards.models import PointsEntry, Reward
from rewards.points import expiring_by, lots_left, points_for
from rewards.services import (
    add_entry,
    create_program,
    delete_program,
    earn_for_payment,
    edit_program,
    expire_points,
    lock_bill_program,
    lock_programs_of,
    restore_program,
    take_back_points,
)
from tests.builders import make_transaction
from users.models import AuditEvent

MARCH = date(2026, 3, 15)


@pytest.fixture
def miles(alice):
    return create_program(actor=alice, user=alice, program_name="Miles", on=MARCH)


def entries_of(reward):
    return list(reward.entries.order_by("id").values_list("kind", "points"))


def balance_of(reward):
    return Reward.objects.get(pk=reward.pk).points_balance


def test_earning_and_redeeming_add_up(alice, miles):
    add_entry(actor=alice, reward=miles, kind="earn", points=500, on=MARCH)
    add_entry(actor=alice, reward=miles, kind="redeem", points=200, on=MARCH)
    assert entries_of(miles) == [("earn", 500), ("redeem", -200)]
    assert balance_of(miles) == 300


def test_redeeming_more_than_the_balance_is_refused_and_changes_nothing(alice, miles):
    add_entry(actor=alice, reward=miles, kind="earn", points=100, on=MARCH)
    events = AuditEvent.objects.count()
    with pytest.raises(ValidationError) as refusal:
        add_entry(actor=alice, reward=miles, kind="redeem", points=101, on=MARCH)
    assert refusal.value.message_dict == {"points": ["Miles has 100 points."]}
    assert entries_of(miles) == [("earn", 100)]
    assert AuditEvent.objects.count() == events


def test_setting_the_balance_writes_an_adjustment(alice, miles):
    add_entry(actor=alice, reward=miles, kind="earn", points=100, on=MARCH)
    edit_program(actor=alice, reward=miles, on=MARCH, points_balance=40)
    assert entries_of(miles) == [("earn", 100), ("adjust", -60)]
    assert balance_of(miles) == 40


def test_points_are_used_in_order_of_expiry(alice, miles):
    edit_program(actor=alice, reward=miles, on=MARCH, expires_after_months=12)
    add_entry(actor=alice, reward=miles, kind="earn", points=100, on=date(2025, 1, 31))
    add_entry(actor=alice, reward=miles, kind="earn", points=50, on=date(2025, 6, 1))
    add_entry(actor=alice, reward=miles, kind="redeem", points=70, on=date(2025, 7, 1))
    assert [lot.points for lot in lots_left(miles.entries.order_by("id"))] == [30, 50]
    due = expiring_by(miles.entries.order_by("id"), date(2026, 1, 31))
    assert [(lot.points, lot.expires_on) for lot in due] == [(30, date(2026, 1, 31))]


def test_expiry_removes_remaining_points_the_day_after_and_only_once(alice, miles):
    edit_program(actor=alice, reward=miles, on=MARCH, expires_after_months=12)
    add_entry(actor=alice, reward=miles, kind="earn", points=100, on=date(2025, 1, 31))
    assert expire_points(reward=miles, on=date(2026, 1, 31)) == 0
    assert expire_points(reward=miles, on=date(2026, 2, 1)) == 100
    assert expire_points(reward=miles, on=date(2026, 2, 1)) == 0
    assert entries_of(miles) == [("earn", 100), ("expire", -100)]


def test_expiry_keeps_older_points_that_expire_later_or_never(alice, miles):
    add_entry(actor=alice, reward=miles, kind="earn", points=1000, on=date(2024, 1, 1))
    edit_program(actor=alice, reward=miles, on=MARCH, expires_after_months=12)
    add_entry(actor=alice, reward=miles, kind="earn", points=40, on=date(2025, 6, 1))
    add_entry(actor=alice, reward=miles, kind="earn", points=70, on=date(2025, 1, 31))
    add_entry(actor=alice, reward=miles, kind="redeem", points=20, on=date(2025, 7, 1))
    taken = [expire_points(reward=miles, on=date(2026, 2, day)) for day in range(1, 5)]
    assert (taken, balance_of(miles)) == ([50, 0, 0, 0], 1040)
    assert [expire_points(reward=miles, on=date(2026, 7, day)) for day in (1, 2)] == [40, 0]
    assert balance_of(miles) == 1000


def test_undoing_a_payment_removes_its_own_points(alice, miles, checking):
    alice.base_currency = "EUR"
    alice.save()
    edit_program(actor=alice, reward=miles, on=MARCH, expires_after_months=12, earns_on_bills=True)
    add_entry(actor=alice, reward=miles, kind="earn", points=100, on=date(2025, 9, 1))
    payment = make_transaction(account=checking, amount="-60.00")
    reward = lock_bill_program(alice)
    earn_for_payment(actor=alice, reward=reward, payment=payment, on=MARCH, is_early=False)
    take_back_points(actor=alice, programs=lock_programs_of(payment), payment=payment)
    left = lots_left(miles.entries.order_by("id"))
    assert [(lot.points, lot.expires_on) for lot in left] == [(100, date(2026, 9, 1))]


def test_whole_units_earn_and_an_early_payment_earns_more(miles):
    assert points_for(miles, Decimal("99.99"), is_early=False) == 99
    assert points_for(miles, Decimal("99.99"), is_early=True) == 108
    miles.earn_rate = Decimal("1.5")
    assert points_for(miles, Decimal("99.99"), is_early=False) == 148


def test_a_payment_earns_in_the_banks_own_program_by_default(alice, checking):
    alice.base_currency = "EUR"
    alice.save()
    payment = make_transaction(account=checking, amount="-45.90")
    reward = lock_bill_program(alice)
    entry = earn_for_payment(actor=alice, reward=reward, payment=payment, on=MARCH, is_early=False)
    assert (reward.program_name, entry.points, balance_of(reward)) == ("House points", 45, 45)
    assert lock_bill_program(alice) == reward


def test_without_a_rate_nothing_is_earned(alice, checking):
    payment = make_transaction(account=checking, amount="-45.90")
    reward = lock_bill_program(alice)
    assert alice.base_currency == "USD"
    assert (
        earn_for_payment(actor=alice, reward=reward, payment=payment, on=MARCH, is_early=False)
        is None
    )
    assert not PointsEntry.objects.exists()


def test_only_one_program_earns_on_bills(alice, miles):
    edit_program(actor=alice, reward=miles, on=MARCH, earns_on_bills=True)
    other = create_program(
        actor=alice, user=alice, program_name="Stars", on=MARCH, earns_on_bills=True
    )
    earning = Reward.objects.filter(user=alice, earns_on_bills=True)
    assert list(earning) == [other]


def test_the_banks_own_program_earns_again_if_no_other_does(alice, miles):
    house = lock_bill_program(alice)
    edit_program(actor=alice, reward=miles, on=MARCH, earns_on_bills=True)
    assert lock_bill_program(alice) == miles
    delete_program(actor=alice, reward=miles)
    assert lock_bill_program(alice) == house
    assert Reward.objects.filter(user=alice, deleted_at=None).get().earns_on_bills


def test_a_program_can_be_restored_from_the_trash(alice, miles):
    delete_program(actor=alice, reward=miles)
    assert not Reward.objects.visible_to(alice).exists()
    with pytest.raises(ValidationError):
        add_entry(actor=alice, reward=miles, kind="earn", points=1, on=MARCH)
    restore_program(actor=alice, reward=miles)
    assert list(Reward.objects.visible_to(alice)) == [miles]


def test_points_entries_cannot_be_changed(alice, miles):
    entry = add_entry(actor=alice, reward=miles, kind="earn", points=1, on=MARCH)
    with pytest.raises(TypeError):
        entry.save()
    with pytest.raises(TypeError):
        entry.delete()
