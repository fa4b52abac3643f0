"""What a converted figure must disclose: the amounts it leaves out and the rates it used."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from accounts.exchange import Rate
from banking.kernel.narrowing import sure


@dataclass(frozen=True, slots=True)
class NotConverted:
    """Amounts of one account that could not be converted into the figure's currency."""

    account_id: int
    account_name: str
    currency: str
    count: int
    first: date
    last: date


@dataclass(frozen=True, slots=True)
class RatesUsed:
    """The rates used to convert one currency: how many, from which dates and sources."""

    from_currency: str
    to: str
    first: date
    last: date
    sources: tuple[str, ...]
    latest: Rate


def merged(parts: Iterable[NotConverted]) -> tuple[NotConverted, ...]:
    """Merge the entries into one per account."""
    lines: dict[int, NotConverted] = {}
    for part in parts:
        line = lines.get(part.account_id)
        if line is None:
            lines[part.account_id] = part
            continue
        lines[part.account_id] = NotConverted(
            part.account_id,
            part.account_name,
            part.currency,
            line.count + part.count,
            min(line.first, part.first),
            max(line.last, part.last),
        )
    return tuple(lines[key] for key in sorted(lines))


def rates_used(rates: Iterable[Rate]) -> tuple[RatesUsed, ...]:
    """One entry for each currency that was converted."""
    by_currency: dict[str, list[Rate]] = {}
    for rate in rates:
        if rate.rate_on is not None:
            by_currency.setdefault(rate.from_currency, []).append(rate)
    return tuple(
        RatesUsed(
            from_currency=currency,
            to=used[0].to,
            first=min(sure(rate.rate_on) for rate in used),
            last=max(sure(rate.rate_on) for rate in used),
            sources=tuple(sorted({rate.source for rate in used})),
            latest=max(used, key=lambda rate: sure(rate.rate_on)),
        )
        for currency, used in sorted(by_currency.items())
    )
