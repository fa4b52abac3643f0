"""Recurring payments and income, detected in a person's own transactions.

A series belongs to one account, one merchant (by its words) and one direction. Transfers between
own accounts are excluded, and so are dismissed payments.
"""

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property
from statistics import median_low

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from accounts.models import Account
from banking.kernel.fields import SCALE
from banking.kernel.money import Units, from_units
from banking.kernel.periods import add_months
from banking.kernel.written_once import WrittenOnce
from insights.figures.coverage import Coverage
from insights.models import RecurringDismissal
from insights.recurring.cadence import Cadence
from insights.recurring.entries import LOOKBACK_MONTHS, Entry, by_merchant, load_entries
from insights.recurring.patterns import Line, Series, find_series, is_same
from transactions.models import Transaction
from users.models import User

# How far back price changes are reported; an older increase is just the current price.
CHANGE_MONTHS = 12


class Confidence(TextChoices):
    HIGH = "high", _("Certain")
    MEDIUM = "medium", _("Likely")
    LOW = "low", _("Possible")


@dataclass(frozen=True, slots=True)
class PriceChange:
    """A change from one amount to another, since the first payment at the new price."""

    before: Decimal
    after: Decimal
    since: date

    @property
    def percent(self) -> Decimal:
        return (self.after - self.before) * 100 / self.before

    @property
    def is_rise(self) -> bool:
        return self.after > self.before


# Not with slots: its amounts are compared with every bill's.
@dataclass(frozen=True)
class Recurring:
    """One series as of the date `on`; amounts are positive, in the account's currency."""

    account: Account
    key: str
    name: str
    direction: str
    category_id: int | None
    series: Series
    on: date
    # The open bill for this payment, if there is one.
    bill_id: int | None = None

    @property
    def cadence(self) -> Cadence:
        return self.series.rhythm.cadence

    @property
    def currency(self) -> str:
        return self.account.currency

    @property
    def is_income(self) -> bool:
        return self.direction == Transaction.Type.INCOME

    @property
    def is_fixed(self) -> bool:
        return self.series.is_fixed

    @property
    def is_active(self) -> bool:
        """Whether the next payment may still come."""
        series = self.series
        due = series.rhythm.slot_day(series.anchor, series.rhythm.next_slot(series.last_slot))
        return self.on.toordinal() <= due + series.rhythm.grace

    @property
    def last_on(self) -> date:
        return self.series.slots[-1][1].on

    @property
    def next_on(self) -> date | None:
        """The next expected date; a few days in the past if the payment is
        late; None if it ended.
        """
        return next(iter(self.dates()), None) if self.is_active else None

    @property
    def is_late(self) -> bool:
        """Whether it is overdue, but not yet given up as missed."""
        return self.late_days > 0

    @property
    def late_days(self) -> int:
        """How many days ago it was expected; 0 if it is not late or was given up as missed."""
        return max((self.on - self.next_on).days, 0) if self.next_on else 0

    @property
    def missed_on(self) -> date | None:
        """The latest expected date without a payment that was given up; None if there is none
        since the last payment, or if the series has ended.
        """
        series, rhythm = self.series, self.series.rhythm
        last = None
        slot = rhythm.next_slot(series.last_slot)
        while (
            self.is_active
            and rhythm.slot_day(series.anchor, slot) + rhythm.tolerance < self.on.toordinal()
        ):
            last = date.fromordinal(rhythm.slot_day(series.anchor, slot))
            slot = rhythm.next_slot(slot)
        return last

    def dates(self) -> Iterable[date]:
        """All expected dates, without end; a date that has just passed comes first."""
        series, rhythm = self.series, self.series.rhythm
        slot = rhythm.next_slot(series.last_slot)
        while True:
            day = rhythm.slot_day(series.anchor, slot)
            if day + rhythm.tolerance >= self.on.toordinal():
                yield date.fromordinal(day)
            slot = rhythm.next_slot(slot)

    @property
    def occurrences(self) -> int:
        return len(self.series.slots)

    @property
    def missed(self) -> int:
        return self.series.missed

    @cached_property
    def last_amount(self) -> Decimal:
        return from_units(self.series.amounts[-1])

    @cached_property
    def typical_amount(self) -> Decimal:
        """The current price; if amounts vary, the median of the last year."""
        return self.last_amount if self.is_fixed else from_units(median_low(self._last_year()))

    @property
    def expected_amount(self) -> Decimal:
        """The next amount: the price, or the median of the last three."""
        return from_units(expected_after(self.series.amounts, is_fixed=self.is_fixed))

    @property
    def lowest(self) -> Decimal:
        return from_units(min(self._last_year()))

    @property
    def highest(self) -> Decimal:
        return from_units(max(self._last_year()))

    @property
    def yearly(self) -> Decimal:
        """The cost per year, at the current price or the average of the last year."""
        amounts = self.series.amounts[-1:] if self.is_fixed else self._last_year()
        each = Decimal(sum(amounts)) / len(amounts)
        return each * self.series.rhythm.times_a_year / SCALE

    @property
    def monthly(self) -> Decimal:
        return self.yearly / 12

    @property
    def price_change(self) -> PriceChange | None:
        """The last change, within a year, of a fixed price that had held for two payments."""
        amounts = self.series.amounts
        first = len(amounts) - 1
        while first > 0 and is_same(amounts[first - 1], amounts[-1]):
            first -= 1
        since = self.series.slots[first][1].on
        is_price = first >= 2 and self.is_fixed and is_same(amounts[first - 1], amounts[first - 2])
        if not is_price or since < add_months(self.on, -CHANGE_MONTHS):
            return None
        return PriceChange(from_units(amounts[first - 1]), from_units(amounts[first]), since)

    @property
    def counts(self) -> bool:
        """Whether totals include it: it is at least likely to recur."""
        return self.confidence != Confidence.LOW

    @property
    def confidence(self) -> Confidence:
        series = self.series
        if self.occurrences <= series.rhythm.least:
            return Confidence.LOW if self.occurrences < 3 or self.missed else Confidence.MEDIUM
        late = series.late()
        punctual = sum(abs(days) <= 2 for days in late) / len(late)
        is_certain = self.occurrences >= 6 and self.missed <= 1 and punctual >= 0.8
        return Confidence.HIGH if is_certain else Confidence.MEDIUM

    def _last_year(self) -> Sequence[Units]:
        """The amounts of the year up to the last payment, at least the last three."""
        start = self.last_on - timedelta(days=360)
        kept = [line.amount for line in self.series.lines if line.on > start]
        return kept if len(kept) >= 3 else self.series.amounts[-3:]


def expected_after(amounts: Sequence[Units], *, is_fixed: bool) -> Units:
    """The expected amount after these."""
    return amounts[-1] if is_fixed else median_low(amounts[-3:])


def find_recurring(coverage: Coverage, on: date) -> list[Recurring]:
    """Recurring payments on the covered accounts as of the date `on`, most expensive first.

    Includes ended ones, excludes dismissed ones. Two queries, plus one for dismissals.
    """
    entries = load_entries(coverage.accounts, after=add_months(on, -LOOKBACK_MONTHS), until=on)
    found = recurring_among(entries, coverage.accounts, on, dismissed_keys(coverage))
    return sorted(
        found, key=lambda item: (not item.is_active, -item.yearly, item.name, item.last_on)
    )


def dismissed_keys(coverage: Coverage) -> set[tuple[int, str, bool]]:
    """{(account, merchant's key, money in)} that the person dismissed."""
    return {
        (account_id, key, direction == Transaction.Type.INCOME)
        for account_id, key, direction in DISMISSED.rows(coverage.user.pk)
    }


DISMISSED = WrittenOnce(
    lambda user_id: RecurringDismissal.objects.visible_to(User(pk=user_id)).values_list(
        "account_id", "merchant_key", "direction"
    )
)


def recurring_among(
    entries: Iterable[Entry],
    accounts: Sequence[Account],
    on: date,
    dismissed: AbstractSet[tuple[int, str, bool]] = frozenset(),
) -> list[Recurring]:
    """The recurring payments among these entries, all dated `on` or earlier."""
    by_id = {account.pk: account for account in accounts}
    found = []
    for group, entries_of_one in by_merchant(entries).items():
        if group in dismissed or len(entries_of_one) < 2:
            continue
        account_id, key, is_inflow = group
        of_line = {entry.pk: entry for entry in entries_of_one}
        lines = [Line(entry.day, Units(abs(entry.amount)), entry.pk) for entry in entries_of_one]
        for series in find_series(lines):
            last = of_line[series.lines[-1].pk]
            found.append(
                Recurring(
                    account=by_id[account_id],
                    key=key,
                    name=last.name,
                    direction=Transaction.Type.INCOME if is_inflow else Transaction.Type.EXPENSE,
                    category_id=last.category_id,
                    series=series,
                    on=on,
                )
            )
    return found
