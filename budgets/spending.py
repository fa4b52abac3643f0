"""Spending by owner, category and month: the single source of all budget figures.

Spent = outflows minus refunds, in the category and its subcategories, over all of the owner's
accounts outside the trash. It uses the monthly totals; only accounts in another currency are summed
by day, because each amount converts at its own date's rate.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from accounts.exchange import Rate, RateTable
from accounts.honesty import NotConverted, RatesUsed, merged, rates_used
from accounts.known_accounts import accounts_of_owners, asking_accounts
from accounts.models import Account
from banking.kernel.money import round_to_minor_unit
from banking.kernel.periods import Period, add_months, first_of_month
from banking.kernel.written_once import Asked
from transactions.category_moves import Move
from transactions.flows import Flow, Flows, load_flows_in
from transactions.known_categories import asking_families, sub_categories


class Subject(NamedTuple):
    """Whose spending in which category, and the currency to report it in."""

    owner_id: int
    category_id: int
    currency: str


@dataclass(frozen=True, slots=True)
class Spent:
    """One month's spending, at the currency's minor unit; negative if refunds are larger.

    `not_converted` lists amounts in other currencies without a rate.
    """

    amount: Decimal
    not_converted: tuple[NotConverted, ...] = ()
    rates: tuple[RatesUsed, ...] = ()


@dataclass(slots=True)
class _Sum:
    amount: Decimal
    left_out: list[NotConverted]
    rates: list[Rate]


class SpendingTable:
    """The spending of many subjects in many months, loaded in at most six queries."""

    def __init__(
        self, sums: dict[tuple[int, int | None, str, date], _Sum], families: dict[int, list[int]]
    ) -> None:
        self._sums = sums
        self._families = families

    def of(self, subject: Subject, month: date) -> Spent:
        """What the subject's owner spent in that month (given by its first day)."""
        owner_id, category_id, currency = subject
        family = [category_id, *self._families.get(category_id, ())]
        parts = [self._sums.get((owner_id, member, currency, month)) for member in family]
        known = [part for part in parts if part is not None]
        return Spent(
            round_to_minor_unit(sum((part.amount for part in known), Decimal(0)), currency),
            merged(line for part in known for line in part.left_out),
            rates_used(rate for part in known for rate in part.rates),
        )

    def move(self, pairs: Collection[tuple[int, str]], moves: Sequence[Move]) -> None:
        """Add the effect of moving these owners' rows, in each currency; skip amounts without a
        rate.
        """
        currencies = {move.currency for move in moves}
        targets = {currency: currencies for _, currency in pairs}
        rates = RateTable.for_targets(targets, {move.on for move in moves})
        for owner_id, currency in pairs:
            for move in moves:
                converted = rates[currency].convert(move.net, move.currency, move.on)
                if converted is not None:
                    key = (owner_id, move.category_id, currency, first_of_month(move.on))
                    found = self._sums.setdefault(key, _Sum(Decimal(0), [], []))
                    found.amount -= converted.amount

    def filed_under(self) -> set[int]:
        """The categories that transactions are directly assigned to."""
        return {category_id for _, category_id, _, _ in self._sums if category_id is not None}

    def first_month(self) -> date | None:
        """The earliest month with any transaction."""
        return min((month for *_, month in self._sums), default=None)


def asking_subjects(subjects: Collection[Subject]) -> list[Asked | None]:
    """What `load_spending` reads of these before their spending."""
    owner_ids = {subject.owner_id for subject in subjects}
    category_ids = {subject.category_id for subject in subjects}
    return [asking_families(category_ids, owner_ids), asking_accounts(owner_ids)]


def load_spending(
    subjects: Collection[Subject], months: Iterable[date], *, on: date
) -> SpendingTable:
    """The spending of `subjects` in `months`, their first days."""
    families = sub_categories(
        {subject.category_id for subject in subjects}, {subject.owner_id for subject in subjects}
    )
    members = set(families) | {child for children in families.values() for child in children}
    pairs = {(subject.owner_id, subject.currency) for subject in subjects}
    return SpendingTable(_load_sums(pairs, months, on, members), families)


def load_all_spending(
    owner_id: int, currency: str, months: Iterable[date], *, on: date
) -> SpendingTable:
    """One owner's spending in every category."""
    sums = _load_sums({(owner_id, currency)}, months, on, None)
    used = {category_id for _, category_id, _, _ in sums if category_id is not None}
    return SpendingTable(sums, sub_categories(used, {owner_id}))


def read_spending(pairs: Collection[tuple[int, str]], months: Iterable[date], *, on: date) -> None:
    """Read all that these owners spent in these months, in the currency beside each, so that
    parts of it are known.
    """
    load_flows_in(_accounts_by_currency(pairs), periods=month_runs(months), on=on)


def _load_sums(
    pairs: Collection[tuple[int, str]],
    months: Iterable[date],
    on: date,
    category_ids: Collection[int] | None,
) -> dict[tuple[int, int | None, str, date], _Sum]:
    runs = month_runs(months)
    if not runs or not pairs:
        return {}
    accounts = _accounts_by_currency(pairs)
    loaded = load_flows_in(accounts, periods=runs, on=on, category_ids=category_ids)
    sums: dict[tuple[int, int | None, str, date], _Sum] = {}
    for currency, (flows, _) in loaded.items():
        for flow in _of_runs(flows, runs):
            key = (flow.account.user_id, flow.category_id, currency, first_of_month(flow.on))
            _add(sums.setdefault(key, _Sum(Decimal(0), [], [])), flow)
    return sums


def _accounts_by_currency(pairs: Collection[tuple[int, str]]) -> dict[str, list[Account]]:
    """{currency: the accounts of the owners beside it}. Archived ones count: the money was still
    spent.
    """
    by_owner: dict[int, list[Account]] = {}
    for account in accounts_of_owners({owner_id for owner_id, _ in pairs}):
        by_owner.setdefault(account.user_id, []).append(account)
    accounts: dict[str, list[Account]] = {}
    for owner_id, currency in sorted(pairs):
        accounts.setdefault(currency, []).extend(by_owner.get(owner_id, ()))
    return accounts


def _of_runs(flows: Flows, runs: Iterable[Period]) -> Iterable[Flow]:
    return (flow for run in runs for flow in flows.within(run))


def _add(to: _Sum, flow: Flow) -> None:
    if not flow.is_converted:
        to.left_out.append(flow.not_converted)
        return
    to.amount += flow.outflow - flow.inflow
    to.rates += (rate for rate in flow.rates if rate.rate_on is not None)


def month_runs(months: Iterable[date]) -> list[Period]:
    """The fewest periods of whole months that contain exactly these months."""
    runs: list[Period] = []
    for month in sorted(set(months)):
        if runs and runs[-1].end == month:
            runs[-1] = Period(runs[-1].start, add_months(month, 1))
        else:
            runs.append(Period.month_of(month))
    return runs
