"""Caches what comes until payday, per day and state of the books.

Searching two years of transactions for recurring payments is most of the home page's work, and its
result changes only when an input does: the accounts, the day, the currency and its rates, and the
state of the books (insights/figures/books.py). Without a cache it is computed each time. That no
command of a person leaves a stale one is part of tests/test_commands.py.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import sha256

from accounts.exchange import RateTable
from banking.kernel.build import build
from banking.kernel.keeping import keep, recall
from banking.limits import OUTLOOK_SECONDS
from insights.figures.books import last_events
from insights.figures.coverage import Coverage
from insights.figures.kept import OUTLOOK, key_of
from insights.figures.links import Links
from insights.forecast.forecast_ledger import BILLED_IN, load_ledger
from insights.home.news import NewsItem, asking_refund_days, news_of_payments
from insights.home.safe_to_spend import SPENDABLE, Outlook, asking_pending, outlook_of
from insights.recurring.doubts import Doubt, doubts_among


@dataclass(frozen=True, slots=True)
class Ahead:
    """The outlook, what changed among recurring payments and refunds, and the open questions."""

    outlook: Outlook | None
    news: Sequence[NewsItem]
    doubts: Sequence[Doubt]


def ahead_of(coverage: Coverage, *, currency: str, on: date) -> Ahead:
    """What comes on the covered accounts as of the date `on`, in `currency`."""
    if coverage.user.is_stand_in:
        return _computed(coverage, currency, on)
    key, state = key_of(OUTLOOK, coverage.user.pk), _state(coverage, currency, on)
    kept: Ahead | None = recall(key, state)
    if kept is None:
        kept = _computed(coverage, currency, on)
        keep(key, state, kept, OUTLOOK_SECONDS)
    return kept


def _computed(coverage: Coverage, currency: str, on: date) -> Ahead:
    spendable = [one for one in coverage.accounts if one.account_type in SPENDABLE]
    ledger = load_ledger(
        coverage=coverage,
        currency=currency,
        on=on,
        origins=(),
        with_past=False,
        more=[
            asking_pending([one for one in spendable if one.is_active], on),
            asking_refund_days(coverage, on),
        ],
    )
    outlook = outlook_of(ledger)
    found = outlook.found if outlook else ()
    changed = news_of_payments(links=Links(coverage), found=found, on=on)
    return Ahead(outlook, tuple(changed), doubts_among(found, ledger.known_bills(on)))


def _state(coverage: Coverage, currency: str, on: date) -> str:
    inputs = [
        build(),
        *(coverage.user.timezone, coverage.account_ids),
        *(on, currency, _rates(coverage, currency, on), last_events(coverage)),
    ]
    return sha256(repr(inputs).encode()).hexdigest()


def _rates(coverage: Coverage, currency: str, on: date) -> list[str]:
    """Today's rates of every currency that an account or bill is in."""
    billed = BILLED_IN.rows(coverage.user.pk)
    currencies = {account.currency for account in coverage.accounts} | set(billed)
    table = RateTable.for_dates(currencies, currency, [on])
    rates = [table.rate(code, on) for code in sorted(currencies)]
    return [str(rate and rate.rate) for rate in rates]
