"""The judge of `make chaos` sees each kind of wrong; without that its zeros would prove nothing."""

from dataclasses import replace
from decimal import Decimal

import pytest

from accounts.models import Account
from tests.chaos_books import judge, open_households
from tests.chaos_client import BOOKED, REFUSED, Decision
from transactions.models import Transfer
from transactions.services.transfers import transfer_funds
from users.timezones import today_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def decision() -> Decision:
    """A transfer of 12.34 that was booked."""
    open_households()
    source, target = Account.objects.order_by("pk")[:2]
    return book(Decision("k", source.pk, target.pk, 1234, BOOKED))


def book(decision: Decision) -> Decision:
    source, target = (Account.objects.get(pk=pk) for pk in (decision.source, decision.target))
    transfer_funds(
        actor=source.user,
        source=source,
        target=target,
        amount=Decimal(decision.cents).scaleb(-2),
        on=today_in(source.user.timezone),
        description=decision.key,
    )
    return decision


def wrong(*decisions: Decision) -> dict[str, object]:
    return {name: value for name, value in judge(list(decisions)).items() if value}


def test_right_books_are_clean(decision):
    assert wrong(decision, replace(decision, key="no", outcome=REFUSED)) == {}


@pytest.mark.slow
def test_lost_refused_unknown_altered_and_undecided_transfers_are_seen(decision):
    assert wrong(decision, replace(decision, key="other")) == {"lost": 1, "drift": 2468}
    assert wrong(replace(decision, outcome=REFUSED)) == {"refused but booked": 1, "drift": 2468}
    assert wrong() == {"never acknowledged": 1, "drift": 2468}
    assert wrong(replace(decision, cents=1200)) == {"altered": 1, "drift": 68}
    assert wrong(decision, replace(decision, key="?", outcome="0 undecided")) == {"undecided": 1}


@pytest.mark.slow
def test_a_doubled_transfer_is_seen(decision):
    book(decision)
    assert wrong(decision) == {"doubled": 1, "drift": 2468}


def test_half_a_transfer_and_a_wrong_balance_are_seen(decision):
    Transfer.objects.all().delete()
    Account.objects.filter(pk=decision.source).update(balance=Decimal("-1.00"))
    found = wrong(decision)
    assert found.pop("ledger")
    assert found == {"lost": 1, "half done": 1, "drift": 8866, "below the limit": 1}
