"""Future-dated transactions. Each counts on its own date and replaces the bill or recurring payment
it settles.

A transaction settles the bill it is linked to, or an open bill with a similar name, amount and
date; and the nearest date of a recurring payment at its merchant, choosing the best fit among
several. So nothing is expected twice, and other expected payments stay.
"""

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import date
from itertools import takewhile

from accounts.models import Account
from banking.kernel.money import Units, from_units
from insights.forecast.forecast_ledger import BillFact, Ledger
from insights.recurring.entries import Entry, opposite_sides
from insights.recurring.patterns import is_same
from insights.recurring.recurring import Recurring
from insights.recurring.recurring_bills import NEAR, is_named

# Maximum days between a transaction and the due date of the bill it pays.
NEAR_DAYS = 7

PlannedBill = tuple[BillFact, date]


@dataclass(frozen=True, slots=True)
class PostedAhead:
    """The covered accounts' future-dated `lines`; those in `settling` settled a bill.

    `ids` covers all of them, including transfers whose two sides cancel out on one day. `paid`:
    entry id → (recurring payment it settles, the expected date it covers or None).
    """

    lines: Sequence[Entry]
    currencies: Mapping[int, str]
    ids: Set[int]
    settling: Set[int]
    paid: Mapping[int, tuple[Recurring, date | None]]

    def without_paid(
        self, planned: Iterable[PlannedBill]
    ) -> tuple[list[PlannedBill], list[PlannedBill]]:
        """Split the planned bills into those not paid by any of these transactions, and the paid
        ones.
        """
        unpaid, paid, ids = [], [], set(self.ids)
        free = [line for line in self.lines if line.pk not in self.settling]
        for bill, day in planned:
            if bill.payment_id in ids:
                # Later occurrences belong to the same bill and are still unpaid.
                ids.remove(bill.payment_id)
                paid.append((bill, day))
            elif payer := self._payer(bill, day, free):
                free.remove(payer)
                paid.append((bill, day))
            else:
                unpaid.append((bill, day))
        return unpaid, paid

    def _payer(self, bill: BillFact, day: date, free: Iterable[Entry]) -> Entry | None:
        """The transaction nearest to `day` that looks like the bill's payment."""
        near = [
            (abs(line.day - day.toordinal()), line.pk, line)
            for line in free
            if abs(line.day - day.toordinal()) <= NEAR_DAYS
            and line.amount < 0
            and self.currencies[line.account_id] == bill.currency
            and abs(from_units(Units(-line.amount)) - bill.amount) <= NEAR * bill.amount
            and is_named(bill.name, line.key)
        ]
        return min(near)[2] if near else None

    def payments_of(self, one: Recurring) -> list[Entry]:
        """The transactions that pay this recurring payment and no other."""
        return [line for line in self.lines if self._paid_by(line) is one]

    def dates_paid_of(self, one: Recurring) -> set[date | None]:
        """The expected dates of the recurring payment that these transactions cover."""
        return {day for other, day in self.paid.values() if other is one}

    def _paid_by(self, line: Entry) -> Recurring | None:
        return self.paid.get(line.pk, (None, None))[0]


def posted_ahead(
    ledger: Ledger, accounts: Sequence[Account], active: Sequence[Recurring], on: date
) -> PostedAhead:
    """Transactions entered by the end of `on` for later days, matched with recurring payments."""
    currencies, today = {account.pk: account.currency for account in accounts}, on.toordinal()
    known = [
        planned.entry
        for planned in ledger.ahead
        if planned.known_on <= today < planned.entry.day and planned.entry.account_id in currencies
    ]
    inside = opposite_sides(known, apart=0)
    lines = [entry for entry in known if entry.pk not in inside]
    return PostedAhead(
        lines=lines,
        currencies=currencies,
        ids={entry.pk for entry in known},
        settling={bill.payment_id for bill in ledger.bills if bill.payment_id is not None},
        paid=_paid(lines, active),
    )


def _paid(
    lines: Iterable[Entry], active: Sequence[Recurring]
) -> dict[int, tuple[Recurring, date | None]]:
    """Match each transaction to its best fit: first by date, then by price.

    No date is paid twice: pay may come twice a month, and one merchant may have two contracts.
    """
    found: dict[int, tuple[Recurring, date | None]] = {}
    for line in lines:
        fits = []
        for number, one in enumerate(active):
            if _is_payment(line, one):
                taken = {day for other, day in found.values() if other is one}
                day = _nearest(line, one, taken)
                off = abs(day.toordinal() - line.day) if day else one.series.rhythm.length
                is_other_price = not is_same(one.series.amounts[-1], abs(line.amount))
                is_off = off > one.series.rhythm.tolerance
                fits.append((is_off, is_other_price, off, number, day))
        if fits:
            *_, number, day = min(fits)
            found[line.pk] = active[number], day
    return found


def _nearest(line: Entry, one: Recurring, taken: Set[date | None]) -> date | None:
    """The unpaid date nearest to the transaction's, at most half a cadence away."""
    half = one.series.rhythm.half
    dates = takewhile(lambda day: day.toordinal() <= line.day + half, one.dates())
    near = [(abs(day.toordinal() - line.day), day) for day in dates if day not in taken]
    off, day = min(near, default=(half + 1, None))
    return day if off <= half else None


def _is_payment(line: Entry, one: Recurring) -> bool:
    return (
        line.account_id == one.account.pk
        and line.key == one.key
        and (line.amount > 0) == one.is_income
        and _is_usual(line, one)
    )


def _is_usual(line: Entry, one: Recurring) -> bool:
    amount = from_units(Units(abs(line.amount)))
    if not one.is_fixed and one.lowest <= amount <= one.highest:
        return True
    return any(
        abs(amount - usual) <= NEAR * usual for usual in (one.last_amount, one.typical_amount)
    )
