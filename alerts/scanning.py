"""Scans for facts: of all users every quarter of an hour, and shortly after a posting.

A scan may run twice, late, or concurrently: the alert's key ensures that each fact is reported
once. Users are scanned in batches with a fixed number of queries each, so memory and queries do not
grow with the number of rows.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from types import ModuleType
from typing import Any

import structlog
from django.db import DatabaseError

from alerts.facts import Fact, People
from alerts.models import Alert
from alerts.scanners import AFTER_POSTING, SCANNERS, scanner_of
from alerts.services import raise_alert
from alerts.subscriptions import Choice, choices_of
from banking.kernel.bulk import batched
from banking.kernel.periods import Period, add_months
from transactions.models import LedgerMark
from users.models import User
from users.timezones import local_date

logger = structlog.get_logger(__name__)

USERS_AT_ONCE = 500
MARKS_AT_ONCE = 5000
BACKTEST_MONTHS = 12


def scan_everybody(*, at: datetime) -> int:
    """Raise all new alerts for active users; returns how many."""
    ids = User.objects.filter(is_active=True).order_by("pk").values_list("pk", flat=True)
    return scan_users(ids.iterator(chunk_size=2000), at=at)


def scan_users(
    user_ids: Iterable[int], *, at: datetime, scanners: Sequence[ModuleType] = SCANNERS
) -> int:
    """Raise all new alerts for these users, each on their own date."""
    raised = 0
    for batch in batched(user_ids, USERS_AT_ONCE):
        by_date: dict[date, list[User]] = {}
        for user in User.objects.filter(pk__in=batch, is_active=True).order_by("pk"):
            by_date.setdefault(local_date(user.timezone, at), []).append(user)
        for on, users in sorted(by_date.items()):
            for scanner in scanners:
                raised += _scan(scanner, users, on, at)
    return raised


def _scan(scanner: ModuleType, users: list[User], on: date, at: datetime) -> int:
    """Run one kind for one batch. A failure is logged as an error; the other kinds still run."""
    choices = choices_of([user.pk for user in users], scanner.KINDS)
    try:
        facts = list(_wanted(scanner.scan(People(users, choices), on), choices))
    except DatabaseError:
        raise
    except Exception:
        logger.exception("alert_scanner_failed", scanner=scanner.__name__)
        return 0
    known = _known([fact.key for fact in facts])
    raised = 0
    for fact in facts:
        if fact.key not in known:
            known.add(fact.key)
            choice = choices[fact.user.pk, fact.type]
            raised += raise_alert(fact=fact, choice=choice, at=at) is not None
    return raised


def _wanted(facts: Iterable[Fact], choices: Mapping[Any, Any]) -> Iterator[Fact]:
    return (fact for fact in facts if choices[fact.user.pk, fact.type].is_wanted)


def _known(keys: Sequence[str]) -> set[str]:
    known: set[str] = set()
    for batch in batched(keys, 1000):
        found = Alert.objects.filter(dedupe_key__in=batch)
        known.update(found.values_list("dedupe_key", flat=True))
    return known


def sweep(*, at: datetime) -> int:
    """Scan users whose ledger changed since the last sweep; returns the number of alerts raised.

    Marks are deleted after the scan: a sweep that dies leaves them to the next one. Only the marks
    that were read are deleted, so a concurrent one is never lost.
    """
    marks = list(LedgerMark.objects.order_by("id").values_list("pk", "user_id")[:MARKS_AT_ONCE])
    if not marks:
        return 0
    user_ids = sorted({user_id for _, user_id in marks})
    raised = scan_users(user_ids, at=at, scanners=AFTER_POSTING)
    for batch in batched([pk for pk, _ in marks], 1000):
        LedgerMark.objects.filter(pk__in=batch).delete()
    return raised


# --- Back-test -----------------------------------------------------------------------------------


def backtest_period(on: date) -> Period:
    """The twelve months that end with `on`."""
    following = on + timedelta(days=1)
    return Period(add_months(following, -BACKTEST_MONTHS), following)


def backtest(*, user: User, kind: str, threshold: Decimal | None, on: date) -> list[Fact]:
    """The alerts of one type that daily scans of the last twelve months would have raised, in
    order.

    Uses the given threshold, or the type's default.
    """
    return replay(user=user, kind=kind, threshold=threshold, days=backtest_period(on))


def replay(*, user: User, kind: str, threshold: Decimal | None, days: Period) -> list[Fact]:
    """As `backtest`, for any days."""
    scanner = scanner_of(kind)
    if scanner is None:
        return []
    choice = Choice(kind, in_app=True, email=False, sms=False, threshold=threshold)
    people = People([user], {(user.pk, kind): choice})
    first: dict[str, Fact] = {}
    for fact in scanner.replay(people, days):
        if fact.type == kind and (fact.key not in first or fact.on < first[fact.key].on):
            first[fact.key] = fact
    return sorted(first.values(), key=lambda fact: (fact.on, fact.key))
