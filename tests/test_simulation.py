"""Schedules of requests, tasks, clock steps and faults: faults never change what is in the books.

`make simulate SEED=7 COUNT=10000` carries out others, and more.
"""

import os

import pytest

from tests import simulation

SEED = os.environ.get("SIMULATION_SEED", "books")
COUNT = int(os.environ.get("SIMULATION_COUNT", "5"))

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize("number", range(COUNT))
def test_faults_change_nothing_in_the_books(number):
    simulation.simulate(f"{SEED}:{number}")


@pytest.mark.once
def test_a_request_that_takes_effect_twice_is_found(monkeypatch):
    """Without its key, an expense that is sent twice is recorded twice."""
    monkeypatch.setattr(simulation, "KEY", "X-No-Key")
    monkeypatch.setattr(simulation, "ACTS", ("post",))
    monkeypatch.setattr(simulation, "FAULTS", ("twice",))
    with pytest.raises(AssertionError, match="the accounts differ"):
        simulation.simulate("doubled")
