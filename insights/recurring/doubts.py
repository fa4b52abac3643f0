"""Find bills and recurring payments that may be the same, to ask the person about them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import takewhile

from banking.kernel.read_together import read_together
from bills.models import Bill
from insights.figures.coverage import insights_coverage
from insights.recurring.entries import asking_busy
from insights.recurring.recurring import DISMISSED, Recurring, find_recurring
from insights.recurring.recurring_bills import (
    ANSWERS,
    CLOSE,
    KNOWN_BILLS,
    NEAR,
    RECURRENCES,
    BillTerms,
    KnownBills,
    amount_gap,
    is_named,
    known_bills,
    may_be_paid_by,
    with_bills,
)
from users.models import User
from users.policy import Ability, may

# A bill due further from the payment's expected date is not asked about.
DOUBT_DAYS = 7


@dataclass(frozen=True, slots=True)
class Doubt:
    """A bill and a payment that may be the same. Both count until the person answers."""

    bill: BillTerms
    recurring: Recurring


def doubts_among(found: Sequence[Recurring], known: KnownBills) -> tuple[Doubt, ...]:
    """The open questions by due date, at most one per bill and one per payment.

    Pairs that certainly match, or were answered, are not asked about.
    """
    linked = with_bills(found, known)
    taken = {item.bill_id for item in linked}
    free = [
        item for item in linked if item.is_active and not item.is_income and item.bill_id is None
    ]
    fits = []
    for bill in known.openly.values():
        for place, one in enumerate(free):
            is_answered = (bill.series, one.account.pk, one.key) in known.answers
            if bill.pk not in taken and not is_answered and _is_doubtful(bill, one):
                fits.append((amount_gap(bill.amount, one), bill.pk, place, bill))
    doubts: dict[int, Doubt] = {}
    asked: set[int] = set()
    for _gap, pk, place, bill in sorted(fits, key=lambda fit: fit[:3]):
        if pk not in doubts and place not in asked:
            doubts[pk] = Doubt(bill, free[place])
            asked.add(place)
    return tuple(sorted(doubts.values(), key=lambda doubt: (doubt.bill.due_date, doubt.bill.pk)))


def doubts_of_bill(*, user: User, bill: Bill, on: date) -> list[Doubt]:
    """The open question about one bill of the user's, if there is one.

    Reads only the accounts that could pay the bill. Empty without the role for insights.
    """
    if not may(user, Ability.SEE_INSIGHTS):
        return []
    coverage = insights_coverage(user)
    payers = tuple(
        account
        for account in coverage.accounts
        if account.currency == bill.currency and bill.account_id in (None, account.pk)
    )
    of_person = [one.asking(user.pk) for one in (DISMISSED, ANSWERS, KNOWN_BILLS)]
    read_together(*of_person, asking_busy(payers, on))
    found = find_recurring(replace(coverage, accounts=payers), on)
    return [
        doubt
        for doubt in doubts_among(found, known_bills(user))
        if doubt.bill.series == bill.series
    ]


def _is_doubtful(bill: BillTerms, one: Recurring) -> bool:
    """Whether some of name, amount, day and category agree and others do not.

    The name agrees and the amount is up to double; or the amount agrees, but the day or the
    category does not; or the day agrees and the amount is up to 25 % off.
    """
    off = _days_off(bill.due_date, one)
    if not may_be_paid_by(bill, one) or off is None:
        return False
    gap = amount_gap(bill.amount, one)
    if is_named(bill.name, one.key):
        return gap <= 1
    rhythms = (Bill.Recurrence.NONE, RECURRENCES.get(one.cadence, Bill.Recurrence.NONE))
    if bill.recurrence not in rhythms:
        return False
    is_on_day = off <= one.series.rhythm.tolerance
    is_other_kind = (
        None not in (bill.category_id, one.category_id) and bill.category_id != one.category_id
    )
    if gap <= CLOSE:
        return is_on_day or not is_other_kind
    return gap <= NEAR and is_on_day and not is_other_kind


def _days_off(due: date, one: Recurring) -> int | None:
    """Days to the nearest expected date of the payment; None if more than are asked about."""
    most = min(DOUBT_DAYS, one.series.rhythm.half)
    last = due + timedelta(days=most)
    dates = takewhile(lambda day: day <= last, one.dates())
    off = min((abs((day - due).days) for day in dates), default=most + 1)
    return off if off <= most else None
