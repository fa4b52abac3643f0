"""The value of a person's points, what expires soon, and what another program would give."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from django.db.models import QuerySet, Sum

from accounts.exchange import RateTable
from banking.kernel.narrowing import sure
from banking.kernel.periods import Period
from banking.kernel.written_once import Asked, WrittenOnce
from banking.limits import POINTS_WARNING_DAYS
from rewards.models import PointsEntry, Reward
from rewards.points import Lot, expiring_by, points_for
from users.models import User


@dataclass(frozen=True, slots=True)
class Holding:
    """One program: the value of its points in its own and in the base currency,
    and what expires.
    """

    reward: Reward
    value: Decimal
    base_value: Decimal | None
    expiring: tuple[Lot, ...]

    @property
    def expiring_points(self) -> int:
        return sum(lot.points for lot in self.expiring)

    @property
    def expires_next(self) -> date | None:
        return min((lot.expires_on for lot in self.expiring if lot.expires_on), default=None)


@dataclass(frozen=True, slots=True)
class RewardsTotal:
    """All programs together; `value` leaves out points without a rate, and the
    count says how many.
    """

    currency: str
    holdings: tuple[Holding, ...]

    @property
    def total_points(self) -> int:
        return sum(holding.reward.points_balance for holding in self.holdings)

    @property
    def value(self) -> Decimal:
        return sum((holding.base_value or Decimal(0) for holding in self.holdings), Decimal(0))

    @property
    def not_converted_count(self) -> int:
        return sum(holding.base_value is None for holding in self.holdings)

    @property
    def expiring_points(self) -> int:
        return sum(holding.expiring_points for holding in self.holdings)

    @property
    def expiring(self) -> list[Holding]:
        """Programs with points that expire soon, soonest first."""
        soon = [holding for holding in self.holdings if holding.expiring]
        return sorted(
            soon, key=lambda holding: (holding.expires_next or date.max, holding.reward.pk)
        )


def rewards_total(*, user: User, on: date) -> RewardsTotal:
    """The user's programs on the date `on`."""
    rewards = PROGRAMS.rows(user.pk)
    rates = RateTable.for_dates({reward.currency for reward in rewards}, user.base_currency, [on])
    lots = _expiring(rewards, on)
    holdings = []
    for reward in rewards:
        value = reward.points_balance * reward.point_value
        worth = rates.convert(value, reward.currency, on) if value else None
        base = worth.amount if worth else (None if value else Decimal(0))
        holdings.append(Holding(reward, value, base, tuple(lots.get(reward.pk, ()))))
    return RewardsTotal(user.base_currency, tuple(holdings))


def points_of_payment(payment_id: int) -> int:
    """Points earned by a payment, minus those removed when it was undone."""
    entries = PointsEntry.objects.filter(payment=payment_id)
    return entries.aggregate(points=Sum("points"))["points"] or 0


def _entries(reward_ids: Collection[int], by: date) -> QuerySet[PointsEntry]:
    """All entries of the programs whose points expire by that day."""
    expiring = PointsEntry.objects.filter(reward__in=reward_ids, expires_on__lte=by)
    return PointsEntry.objects.filter(reward__in=expiring.values("reward")).order_by("id")


PROGRAMS = WrittenOnce(lambda user_id: Reward.objects.visible_to(User(pk=user_id)))
_ENTRIES = WrittenOnce(_entries)


def asking_entries(rewards: Iterable[Reward], on: date) -> Asked:
    """The entries of those of the programs whose points expire soon."""
    ids = {reward.pk for reward in rewards if reward.points_balance}
    return _ENTRIES.asking(ids, on + timedelta(days=POINTS_WARNING_DAYS))


def _expiring(rewards: Iterable[Reward], on: date) -> dict[int, list[Lot]]:
    by = on + timedelta(days=POINTS_WARNING_DAYS)
    entries: dict[int, list[PointsEntry]] = defaultdict(list)
    for entry in asking_entries(rewards, on).rows():
        entries[entry.reward_id].append(entry)
    return {pk: lots for pk, rows in entries.items() if (lots := expiring_by(rows, by))}


@dataclass(frozen=True, slots=True)
class Comparison:
    """Points one program would have given for the month's bill payments, beyond those earned."""

    reward: Reward
    points: int
    more: Decimal
    currency: str


@dataclass(frozen=True, slots=True)
class _Paid:
    """A bill payment and the points it still has, {program: points}.

    `base_amount` is unknown for payments that earned before it was stored.
    """

    amount: Decimal
    currency: str
    base_amount: Decimal | None
    on: date
    is_early: bool
    points: dict[int, int]


def best_alternative(total: RewardsTotal, *, on: date) -> Comparison | None:
    """The program of these that would have earned the most extra this month, by value in the base
    currency.
    """
    rewards = {holding.reward.pk: holding.reward for holding in total.holdings}
    if len(rewards) < 2:
        return None
    paid = _paid_in(Period.month_of(on), rewards)
    if not paid:
        return None
    base = total.currency
    currencies = {payment.currency for payment in paid} | {
        reward.currency for reward in rewards.values()
    }
    rates = RateTable.for_dates(currencies, base, {on, *(payment.on for payment in paid)})
    actual = _worth(rewards, paid, rates, on)
    if actual is None:
        return None
    found = [
        Comparison(reward, points, worth.amount - actual, base)
        for reward in rewards.values()
        if (points := _would_earn(reward, paid, rates))
        and (worth := rates.convert(points * reward.point_value, reward.currency, on))
    ]
    best = max(found, key=lambda hint: (hint.more, -hint.reward.pk), default=None)
    return best if best is not None and best.more >= Decimal("0.01") else None


def _paid_in(month: Period, rewards: Iterable[int]) -> list[_Paid]:
    """The month's payments that earned in these programs and were not undone."""
    earned = PointsEntry.objects.filter(
        reward__in=rewards,
        kind=PointsEntry.Kind.EARN,
        payment__isnull=False,
        payment__deleted_at=None,
        occurred_on__gte=month.start,
        occurred_on__lt=month.end,
    )
    # Include later removals and restorations: a payment may be undone and repeated.
    rows = PointsEntry.objects.filter(payment__in=earned.values("payment"), reward__in=rewards)
    by_payment: dict[int, list[PointsEntry]] = defaultdict(list)
    for entry in rows.select_related("payment").order_by("id"):
        by_payment[sure(entry.payment_id)].append(entry)
    found = []
    for entries in by_payment.values():
        points: dict[int, int] = defaultdict(int)
        for entry in entries:
            points[entry.reward_id] += entry.points
        if sum(points.values()) > 0:
            last = [entry for entry in entries if entry.points > 0][-1]
            payment = sure(last.payment)
            found.append(
                _Paid(
                    amount=payment.amount,
                    currency=payment.currency,
                    base_amount=last.base_amount,
                    on=last.occurred_on,
                    is_early=last.is_early,
                    points=points,
                )
            )
    return found


def _worth(
    rewards: dict[int, Reward], paid: list[_Paid], rates: RateTable, on: date
) -> Decimal | None:
    total = Decimal(0)
    for payment in paid:
        for pk, points in payment.points.items():
            reward = rewards[pk]
            worth = rates.convert(points * reward.point_value, reward.currency, on)
            if worth is None:
                return None
            total += worth.amount
    return total


def _would_earn(reward: Reward, paid: list[_Paid], rates: RateTable) -> int:
    points = 0
    for payment in paid:
        amount = payment.base_amount
        if amount is None and (
            known := rates.convert(payment.amount, payment.currency, payment.on)
        ):
            amount = known.amount
        if amount is not None:
            points += points_for(reward, amount, is_early=payment.is_early)
    return points
