"""What is posted for days to come: it counts on its day, in the place of what it pays.

A line pays the bill that it settled, or an open one of its name, about its amount and about its
day; and the nearest date of what recurs at its merchant. So nothing is expected twice.
"""

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import date

from accounts.models import Account
from insights.entries import Entry, opposite_sides
from insights.forecast_ledger import BillFact, Ledger
from insights.recurring import Recurring, money
from insights.recurring_bills import NEAR, is_named

# A line may be so far from the day of the bill it pays.
NEAR_DAYS = 7

PlannedBill = tuple[BillFact, date]


@dataclass(frozen=True, slots=True)
class PostedAhead:
    """The covered accounts' `lines` of days to come; those in `settling` settled a bill.

    `ids` are of all of them, with the transfers whose two sides are nothing on one day.
    """

    lines: Sequence[Entry]
    currencies: Mapping[int, str]
    ids: Set[int]
    settling: Set[int]

    def without_paid(
        self, planned: Iterable[PlannedBill]
    ) -> tuple[list[PlannedBill], list[PlannedBill]]:
        """The planned bills that none of these lines pays, and those that one pays."""
        unpaid, paid, ids = [], [], set(self.ids)
        free = [line for line in self.lines if line.pk not in self.settling]
        for bill, day in planned:
            if bill.payment_id in ids:
                # The occurrences that follow it are the same bill's, and not paid.
                ids.remove(bill.payment_id)
                paid.append((bill, day))
            elif payer := self._payer(bill, day, free):
                free.remove(payer)
                paid.append((bill, day))
            else:
                unpaid.append((bill, day))
        return unpaid, paid

    def _payer(self, bill: BillFact, day: date, free: Iterable[Entry]) -> Entry | None:
        """The line nearest to `day` that looks like that bill's payment."""
        near = [
            (abs(line.day - day.toordinal()), line.pk, line)
            for line in free
            if abs(line.day - day.toordinal()) <= NEAR_DAYS
            and line.amount < 0
            and self.currencies[line.account_id] == bill.currency
            and abs(money(-line.amount) - bill.amount) <= NEAR * bill.amount
            and is_named(bill.name, line.key)
        ]
        return min(near)[2] if near else None

    def payments_of(self, one: Recurring) -> list[Entry]:
        """The lines that look like payments of what recurs."""
        return [
            line
            for line in self.lines
            if line.account_id == one.account.pk
            and line.key == one.key
            and (line.amount > 0) == one.is_income
            and _is_usual(line, one)
        ]


def posted_ahead(ledger: Ledger, accounts: Sequence[Account], on: date) -> PostedAhead:
    """What was posted by the end of `on` for the days after it."""
    currencies, today = {one.pk: one.currency for one in accounts}, on.toordinal()
    known = [
        one.entry
        for one in ledger.ahead
        if one.known_on <= today < one.entry.day and one.entry.account_id in currencies
    ]
    inside = opposite_sides(known, apart=0)
    return PostedAhead(
        lines=[entry for entry in known if entry.pk not in inside],
        currencies=currencies,
        ids={entry.pk for entry in known},
        settling={bill.payment_id for bill in ledger.bills} - {None},
    )


def _is_usual(line: Entry, one: Recurring) -> bool:
    amount = money(abs(line.amount))
    if not one.is_fixed and one.lowest <= amount <= one.highest:
        return True
    return any(
        abs(amount - usual) <= NEAR * usual for usual in (one.last_amount, one.typical_amount)
    )
