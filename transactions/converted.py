"""Months of foreign accounts in another currency, as they are stored (`ConvertedMonth.sums`).

Exact: the amounts are the unrounded products of each day's total and its own rate, and the rates
are those that were used. Amounts of days without a rate stay in the account's currency, by day.
"""

import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache

from django.db.models import OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from accounts.exchange import Rate, RateTable
from accounts.models import RateMonth
from banking.kernel.snapshot import read_before
from banking.kernel.written_once import Asked, WrittenOnce
from transactions.models import ConvertedMonth, DailyTotal


@dataclass(slots=True)
class CategorySums:
    """One category's money in and out in a month, converted with `rates`. Once read, not changed.

    Without a rate, `rates` is empty and the amounts are those of the day `on`, not converted.
    """

    category_id: int | None
    on: date | None
    inflow: Decimal
    outflow: Decimal
    count: int
    rates: tuple[Rate, ...]


@dataclass(frozen=True, slots=True)
class Conversion:
    """One account's month in one currency."""

    sums: tuple[CategorySums, ...]


def load_converted(
    wanted: Collection[tuple[int, str]], months: Collection[date]
) -> dict[tuple[int, date, str], Conversion]:
    """{(account, month, currency): conversion} of what is added up and still holds, in one query.

    `wanted` are accounts, each with the currency to convert into.
    """
    if not wanted or not months:
        return {}
    kept = read_before("converted months")
    for pairs, span, found in kept:
        if pairs >= set(wanted) and span >= set(months):
            return {
                (pk, month, to): conversion
                for (pk, month, to), conversion in found.items()
                if month in months and (pk, to) in wanted
            }
    found = _load(wanted, months)
    kept.append((set(wanted), set(months), found))
    return found


def asking_converted(wanted: Collection[tuple[int, str]], months: Collection[date]) -> Asked:
    """The stored months that `load_converted` reads."""
    account_ids, currencies = {pk for pk, _ in wanted}, {currency for _, currency in wanted}
    return _STORED.asking(account_ids, currencies, min(months), max(months))


def _load(
    wanted: Collection[tuple[int, str]], months: Collection[date]
) -> dict[tuple[int, date, str], Conversion]:
    return {
        (pk, month, currency): _read(text, from_currency, currency)
        for pk, month, currency, from_currency, text in asking_converted(wanted, months).rows()
        if month in months and (pk, currency) in wanted
    }


def holding(rows: QuerySet[ConvertedMonth]) -> QuerySet[ConvertedMonth]:
    """Those that are added up, with the rates that stand now."""
    version = RateMonth.objects.filter(month=OuterRef("month")).values("version")
    return rows.filter(rates_version=Coalesce(Subquery(version), 0)).exclude(sums="")


_STORED = WrittenOnce(
    lambda account_ids, currencies, first, last: holding(
        ConvertedMonth.objects.filter(
            account_id__in=account_ids, currency__in=currencies, month__range=(first, last)
        )
    ).values_list("account_id", "month", "currency", "account__currency", "sums")
)


def is_same(one: str, other: str) -> bool:
    """Whether both texts give the same figures, whatever the order of adding up."""
    return _comparable(one) == _comparable(other)


def _comparable(text: str) -> dict[tuple[int | None, str | None], tuple]:
    """A quotient's 28th digit depends on the order."""
    stored = json.loads(text)
    return {
        (category_id, on): (
            round(Decimal(inflow), 12),
            round(Decimal(outflow), 12),
            count,
            sorted(stored["rates"][place] for place in places),
        )
        for category_id, on, inflow, outflow, count, places in stored["sums"]
    }


def add_up(totals: Iterable[DailyTotal], from_currency: str, rates: RateTable) -> str:
    """One account's daily totals of a month, converted, as text for `ConvertedMonth.sums`."""
    sums: dict[tuple[int | None, date | None], CategorySums] = {}
    used: dict[tuple[int | None, date | None], dict[date, Rate]] = {}
    for total in totals:
        rate = rates.rate(from_currency, total.day)
        key = (total.category_id, None if rate else total.day)
        one = sums.setdefault(key, CategorySums(*key, Decimal(0), Decimal(0), 0, ()))
        factor = rate.rate if rate else Decimal(1)
        one.inflow += total.inflow * factor
        one.outflow += total.outflow * factor
        one.count += total.transaction_count
        if rate is not None:
            used.setdefault(key, {})[total.day] = rate
    for key, by_day in used.items():
        sums[key].rates = _telling(by_day.values())
    return _written(sums.values())


def _telling(rates: Iterable[Rate]) -> tuple[Rate, ...]:
    """The rates that say what was used: the first, the latest, and one of each source."""
    in_order = sorted(set(rates), key=lambda rate: (rate.rate_on or date.min, rate.source))
    kept = {rate.source: rate for rate in in_order}
    return tuple(dict.fromkeys([in_order[0], *kept.values(), in_order[-1]]))


def _written(sums: Iterable[CategorySums]) -> str:
    places: dict[Rate, int] = {}
    lines = [
        [
            category_sum.category_id,
            category_sum.on.isoformat() if category_sum.on else None,
            str(category_sum.inflow),
            str(category_sum.outflow),
            category_sum.count,
            [places.setdefault(rate, len(places)) for rate in category_sum.rates],
        ]
        for category_sum in sums
    ]
    rates = [
        [str(rate.rate), rate.rate_on.isoformat() if rate.rate_on else None, rate.source]
        for rate in places
    ]
    return json.dumps({"rates": rates, "sums": lines}, separators=(",", ":"))


# Months that are over keep their text, and reading a year of them was a twelfth of a home page.
@lru_cache(maxsize=512)
def _read(text: str, from_currency: str, to: str) -> Conversion:
    stored = json.loads(text)
    rates = [
        Rate(from_currency, to, Decimal(rate), date.fromisoformat(on) if on else None, source)
        for rate, on, source in stored["rates"]
    ]
    return Conversion(
        tuple(
            CategorySums(
                category_id,
                date.fromisoformat(on) if on else None,
                Decimal(inflow),
                Decimal(outflow),
                count,
                tuple(rates[place] for place in places),
            )
            for category_id, on, inflow, outflow, count, places in stored["sums"]
        )
    )
