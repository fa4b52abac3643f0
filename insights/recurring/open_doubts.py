"""How many "Is this the same?" questions wait for a person's answer."""

from datetime import date
from hashlib import sha256

from django.core.cache import cache
from redis.exceptions import RedisError

from banking.limits import OPEN_DOUBTS_SECONDS
from insights.figures.books import last_events
from insights.figures.coverage import insights_coverage
from insights.recurring.doubts import doubts_among
from insights.recurring.recurring import find_recurring
from insights.recurring.recurring_bills import known_bills
from users.models import User
from users.policy import Ability, may

# Increase this when the questions change, so that counts cached by older releases are ignored.
_RULES = 1


def open_doubts_count(*, user: User, on: date) -> int:
    """As many as the page of recurring payments asks on the date `on`; 0 without insights.

    Cached for the state of the books, because it searches two years of transactions.
    """
    if not may(user, Ability.SEE_INSIGHTS):
        return 0
    coverage = insights_coverage(user)
    told = [_RULES, user.pk, coverage.account_ids, on, last_events(coverage)]
    key = f"open-doubts:{sha256(repr(told).encode()).hexdigest()}"
    try:
        count = cache.get(key)
    except (RedisError, OSError):
        count = None
    if count is None:
        known = known_bills(user)
        count = len(doubts_among(find_recurring(coverage, on), known)) if known.openly else 0
        try:
            cache.set(key, count, OPEN_DOUBTS_SECONDS)
        except (RedisError, OSError):
            return count
    return int(count)
