"""The hit rate is worked out once for a day and a state of the books, and kept in the cache.

What it is made of is all in its key: who looks, the accounts, the day, how far ahead and in which
currency; the rates of the days its forecasts were made on; and the last event in the audit trail
of everybody whose books it reads. Each change records there in its own transaction, so a figure
from before a change is never found after it. Without the cache it is worked out each time.
"""

from dataclasses import asdict
from datetime import date
from hashlib import sha256

from django.core.cache import cache
from django.db.models import OuterRef, Q, Subquery
from redis.exceptions import RedisError

from accounts.exchange import RateTable
from banking.limits import HIT_RATE_SECONDS
from bills.models import Bill
from insights.figures.coverage import Coverage
from insights.forecast.hit_rate import HitRate, origins_for
from users.audit import trail
from users.models import AuditChain, AuditEvent

# Counted up when the way it is worked out changes: what another release kept is not found.
_RULES = 4
# What a person does elsewhere: none of it touches a line, a bill or an account.
_ELSEWHERE = ("users.", "alerts.", "budgets.", "rewards.", "insights.export.")


def kept(key: str) -> list[HitRate | None]:
    """What was kept by this key, in a list; an empty one where nothing was."""
    try:
        facts = cache.get(key)
    except (RedisError, OSError):
        facts = None
    if facts is None:
        return []
    return [HitRate(**facts) if facts else None]


def keep(key: str, found: HitRate | None) -> None:
    """Keep it for a day."""
    try:
        cache.set(key, asdict(found) if found else {}, HIT_RATE_SECONDS)
    except (RedisError, OSError):
        return


def key_of(coverage: Coverage, *, on: date, days: int, currency: str) -> str:
    """Equal as long as nothing has changed that the hit rate of that day is made of."""
    told = [
        _RULES,
        *(coverage.user.pk, coverage.user.timezone, coverage.account_ids),
        *(on, days, currency, _rates(coverage, currency, on), _last_events(coverage)),
    ]
    return f"hit-rate:{sha256(repr(told).encode()).hexdigest()}"


def _rates(coverage: Coverage, currency: str, on: date) -> list[str]:
    bills = Bill.objects.filter(user=coverage.user).order_by().values_list("currency", flat=True)
    currencies = {one.currency for one in coverage.accounts} | set(bills.distinct())
    origins = origins_for(on)
    table = RateTable.for_dates(currencies, currency, origins)
    rates = [table.rate(code, origin) for code in sorted(currencies) for origin in origins]
    return [str(rate and rate.rate) for rate in rates]


def _last_events(coverage: Coverage) -> list[tuple[str, str | None]]:
    owners = {coverage.user.pk, *(one.user_id for one in coverage.accounts)}
    elsewhere = Q()
    for prefix in _ELSEWHERE:
        elsewhere |= Q(action__startswith=prefix)
    events = AuditEvent.objects.filter(chain=OuterRef("pk")).exclude(elsewhere)
    last = events.order_by("-sequence").values("hash")[:1]
    chains = AuditChain.objects.filter(name__in=[trail.chain_name(pk) for pk in owners])
    return list(chains.order_by("name").values_list("name", Subquery(last)))
