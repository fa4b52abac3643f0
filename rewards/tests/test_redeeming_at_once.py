"""Concurrent redemptions of the same points never exceed the balance.

The negative control removes the program's lock and must break the sum; otherwise the test proves
nothing.
"""

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from threading import Barrier

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.db.models import Sum

from rewards import services
from rewards.models import Reward
from rewards.services import add_entry, create_program
from tests.builders import make_user

MARCH = date(2026, 3, 15)
THREADS = 6


@pytest.fixture
def miles(transactional_db):
    owner = make_user("owner@example.com")
    fields = {"program_name": "Miles", "on": MARCH, "points_balance": 1000}
    return create_program(actor=owner, user=owner, **fields)


def redeem_at_once(reward, points):
    """The outcome of each thread, and the program's points afterward: stored and summed."""
    barrier = Barrier(THREADS)

    def redeem(_):
        try:
            barrier.wait(timeout=300)
            add_entry(actor=reward.user, reward=reward, kind="redeem", points=points, on=MARCH)
        except ValidationError as refusal:
            return refusal.message_dict["points"][0]
        else:
            return "given"
        finally:
            connection.close()

    with ThreadPoolExecutor(THREADS) as pool:
        outcomes = sorted(pool.map(redeem, range(THREADS), timeout=300))
    stored = Reward.objects.get(pk=reward.pk).points_balance
    return outcomes, stored, reward.entries.aggregate(sum=Sum("points"))["sum"]


@pytest.mark.slow
def test_concurrent_redemptions_stop_at_the_balance(miles):
    outcomes = ["Miles has 100 points."] * 3 + ["given"] * 3
    assert redeem_at_once(miles, 300) == (outcomes, 100, 100)
    outcomes = ["Miles has 0 points."] * 5 + ["given"]
    assert redeem_at_once(miles, 100) == (outcomes, 0, 0)


@pytest.mark.postgresql
def test_negative_control_without_the_programs_lock_the_sum_breaks(miles, monkeypatch):
    have_read = Barrier(THREADS)

    def unlocked(one):
        found = Reward.objects.get(pk=one.pk)
        have_read.wait(timeout=300)
        return found

    monkeypatch.setattr(services, "lock_program", unlocked)
    assert redeem_at_once(miles, 300) == (["given"] * THREADS, 700, -800)
