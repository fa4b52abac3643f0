"""Fetch rates, check them, and store them or hold them for staff to review.

Sources are tried in order until one responds. If none does, the last stored rates stay in use for
seven days. Missed days are filled in from the ECB.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

import structlog
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction as db_transaction

from accounts.exchange import RateTable
from accounts.models import ExchangeRate, HeldRate, RateFetch
from accounts.rate_sources import ecb, exchangerate_api
from accounts.rate_sources.quotes import Quote, SourceError
from accounts.services import store_rates
from banking.kernel.narrowing import sure
from banking.limits import (
    RATE_FETCHES_KEPT,
    RATE_JUMP_DAYS,
    RATE_JUMP_SHARE,
    RATES_AFTER_FAILURE,
    RATES_EVERY,
)
from users.audit import trail
from users.models import User
from users.services.second_admin import RELEASE_RATE, require_second_admin

logger = structlog.get_logger(__name__)

LONGEST_GAP = timedelta(days=4)


@dataclass(frozen=True, slots=True)
class Source:
    """A provider: the name stored with its rates, and the function that fetches its latest
    rates.
    """

    name: str
    fetch: Callable[[date], list[Quote]]


KEYED = Source("exchangerate-api.com", exchangerate_api.fetch_with_key)
OPEN = Source("open.er-api.com", exchangerate_api.fetch_open)
ECB = Source("ECB", ecb.fetch_daily)
ECB_90_DAYS = Source("ECB", ecb.fetch_90_days)


def sources() -> list[Source]:
    """The rate sources, best first."""
    return [KEYED, OPEN, ECB] if settings.EXCHANGERATE_API_KEY else [OPEN, ECB]


def refresh_rates(*, at: datetime) -> bool:
    """Fetch rates if they are due: six hours after a success, one hour after a failure."""
    fetches = RateFetch.objects.order_by("-asked_at", "-id")
    is_early = (
        fetches.filter(has_succeeded=True, asked_at__gt=at - RATES_EVERY).exists()
        or fetches.filter(asked_at__gt=at - RATES_AFTER_FAILURE).exists()
    )
    return not is_early and fetch_rates(at=at)


def fetch_rates(*, at: datetime) -> bool:
    """Try the sources in order until one responds, then fill in missed days. Returns whether one
    did.

    Safe to run concurrently: the first stored rate for a pair and date stays.
    """
    gap_begins = _newest_stored()
    answered = any(_ask(source, at) for source in sources())
    if gap_begins is None or at.date() - gap_begins > LONGEST_GAP:
        answered = _ask(ECB_90_DAYS, at) or answered
    _forget_old_fetches()
    return answered


def _forget_old_fetches() -> None:
    newest_first = RateFetch.objects.order_by("-id").values_list("pk", flat=True)
    for oldest in newest_first[RATE_FETCHES_KEPT : RATE_FETCHES_KEPT + 1]:
        RateFetch.objects.filter(pk__lte=oldest).delete()


def _newest_stored() -> date | None:
    """The latest date with a stored rate from a provider."""
    names = {source.name for source in (KEYED, OPEN, ECB)}
    stored = ExchangeRate.objects.filter(source__in=names).order_by("-rate_on")
    return stored.values_list("rate_on", flat=True).first()


def _ask(source: Source, at: datetime) -> bool:
    """Query one source; returns whether it responded. Logs changes of state and keeps every result
    for staff.
    """
    last = RateFetch.objects.filter(source=source.name).order_by("-asked_at", "-id").first()
    had_failed = last is not None and not last.has_succeeded
    try:
        quotes = source.fetch(at.date())
    except SourceError as error:
        RateFetch.objects.create(
            source=source.name, asked_at=at, has_succeeded=False, message=str(error)
        )
        if not had_failed:
            logger.warning("rate_source_failed", source=source.name, reason=str(error))
        return False
    keep_quotes(quotes, source=source.name, at=at)
    if had_failed:
        logger.info("rate_source_recovered", source=source.name)
    return True


@db_transaction.atomic
def keep_quotes(quotes: Iterable[Quote], *, source: str, at: datetime) -> RateFetch:
    """Store plausible quotes and hold those more than 20% away from the last known rate."""
    believed, held = _sorted_out(list(quotes), source)
    HeldRate.objects.bulk_create(held, batch_size=1000, ignore_conflicts=True)
    stored = store_rates(actor=None, rates=believed)
    if held:
        logger.warning("exchange_rates_held", source=source, count=len(held))
    return RateFetch.objects.create(
        source=source,
        asked_at=at,
        has_succeeded=True,
        rate_on=max([*(row.rate_on for row in believed), *(row.rate_on for row in held)]),
        stored_count=stored,
        held_count=len(held),
    )


def _sorted_out(quotes: list[Quote], source: str) -> tuple[list[ExchangeRate], list[HeldRate]]:
    memory = _Memory(quotes)
    believed, held = [], []
    for quote in sorted(quotes, key=lambda quoted: (quoted.rate_on, quoted.quote)):
        row = {
            "base": quote.base,
            "quote": quote.quote,
            "rate": f"{quote.rate:f}",
            "rate_on": quote.rate_on,
            "source": source,
        }
        known = memory.before(quote)
        if known is None or not is_jump(quote.rate, known[1]):
            believed.append(ExchangeRate(**row))
            memory.add(quote)
        else:
            known_on, known_rate = known
            held.append(HeldRate(**row, known_rate=f"{known_rate:.12g}", known_on=known_on))
    return believed, held


def is_jump(rate: Decimal, known: Decimal) -> bool:
    """Whether a rate is more than 20% above or below the known rate."""
    return abs(rate - known) > known * RATE_JUMP_SHARE


class _Memory:
    """Known rates of each pair by date: 90 days of the pair itself, or a week of rates through
    others.
    """

    def __init__(self, quotes: list[Quote]) -> None:
        days = {quote.rate_on for quote in quotes}
        rows = ExchangeRate.objects.filter(
            base__in={quote.base for quote in quotes},
            rate_on__range=(min(days) - timedelta(days=RATE_JUMP_DAYS), max(days)),
        )
        self._by_pair: dict[tuple[str, str], list[tuple[date, Decimal]]] = {}
        for base, quote, rate_on, rate in (
            rows.order_by("rate_on").values_list("base", "quote", "rate_on", "rate").iterator()
        ):
            self._by_pair.setdefault((base, quote), []).append((rate_on, Decimal(rate)))
        wanted = {quote.quote: {quote.base} for quote in quotes}
        self._tables = RateTable.for_targets(wanted, days)

    def before(self, quote: Quote) -> tuple[date, Decimal] | None:
        known = self._by_pair.get((quote.base, quote.quote), [])
        position = bisect_right(known, quote.rate_on, key=lambda row: row[0])
        if position:
            return known[position - 1]
        crossed = self._tables[quote.quote].rate(quote.base, quote.rate_on)
        return (sure(crossed.rate_on), crossed.rate) if crossed else None

    def add(self, quote: Quote) -> None:
        known = self._by_pair.setdefault((quote.base, quote.quote), [])
        position = bisect_right(known, quote.rate_on, key=lambda row: row[0])
        known.insert(position, (quote.rate_on, quote.rate))


@db_transaction.atomic
def accept_held_rate(*, actor: User, held: HeldRate) -> int:
    """Accept a held rate, and other held rates of the same pair that agree with it.

    Returns how many were stored. Raises ValidationError if it has already been decided.
    """
    require_second_admin(RELEASE_RATE, held)
    locked = _lock_held(held)
    rest = HeldRate.objects.select_for_update().filter(
        base=locked.base,
        quote=locked.quote,
        status=HeldRate.Status.HELD,
        rate_on__gt=locked.rate_on,
    )
    accepted, last = [locked], Decimal(locked.rate)
    for row in rest.order_by("rate_on"):
        if not is_jump(Decimal(row.rate), last):
            accepted.append(row)
            last = Decimal(row.rate)
    for row in accepted:
        row.status = HeldRate.Status.ACCEPTED
        row.save(update_fields=["status", "updated_at"])
    fields = ("base", "quote", "rate", "rate_on", "source")
    rates = [ExchangeRate(**{name: getattr(row, name) for name in fields}) for row in accepted]
    store_rates(actor=actor, rates=rates)
    trail.record(
        actor=actor, action="accounts.held_rate.accepted", target=locked, count=len(accepted)
    )
    return len(accepted)


@db_transaction.atomic
def refuse_held_rate(*, actor: User, held: HeldRate) -> None:
    """Reject a held rate for good. Raises ValidationError if it has already been decided."""
    locked = _lock_held(held)
    locked.status = HeldRate.Status.REFUSED
    locked.save(update_fields=["status", "updated_at"])
    trail.record(actor=actor, action="accounts.held_rate.refused", target=locked)


def _lock_held(held: HeldRate) -> HeldRate:
    locked = HeldRate.objects.select_for_update().get(pk=held.pk)
    if locked.status != HeldRate.Status.HELD:
        raise ValidationError(f"{locked} is already {locked.get_status_display().lower()}.")
    return locked
