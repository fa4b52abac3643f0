"""The state of the books that a person's figures are read from, as part of a cache key.

Every change records an audit event in its own transaction. So a key with the last event of everyone
whose books are read never finds a stale figure after a change.
"""

from collections.abc import Collection

from django.db.models import OuterRef, Q, QuerySet, Subquery

from banking.kernel.written_once import Asked, WrittenOnce
from insights.figures.coverage import Coverage
from users.audit import trail
from users.models import AuditChain, AuditEvent

# Audit events that never affect a figure of a transaction, a bill or an account.
_ELSEWHERE = (
    *("users.", "alerts.", "budgets.", "rewards.", "insights.export.", "insights.home."),
    *("transactions.rule.", "transactions.view.", "transactions.attachment."),
    "transactions.export.",
)
_EDITED = "transactions.transaction.edited"
# What figures read of a transaction; an edit of its notes or tags alone changes none.
READ_OF_TRANSACTION = (
    *("account", "amount", "currency", "txn_date", "status"),
    *("description", "merchant", "category"),
)


def last_events(coverage: Coverage) -> list[tuple[str, str | None]]:
    """For each owner covered, the last event that may have changed a figure."""
    return asking_events(coverage).rows()


def asking_events(coverage: Coverage) -> Asked:
    """What `last_events` reads."""
    owners = {coverage.user.pk, *(account.user_id for account in coverage.accounts)}
    return _LAST.asking(sorted(trail.chain_name(pk) for pk in owners))


def _last(chain_names: Collection[str]) -> QuerySet[AuditChain, tuple[str, str | None]]:
    elsewhere = Q()
    for prefix in _ELSEWHERE:
        elsewhere |= Q(action__startswith=prefix)
    # Erased details no longer say what an edit changed.
    elsewhere |= Q(action=_EDITED, changes__has_key="after") & ~Q(
        changes__after__has_any_keys=READ_OF_TRANSACTION
    )
    events = AuditEvent.objects.filter(chain=OuterRef("pk")).exclude(elsewhere)
    last = events.order_by("-sequence").values("hash")[:1]
    chains = AuditChain.objects.filter(name__in=chain_names)
    return chains.order_by("name").values_list("name", Subquery(last))


_LAST = WrittenOnce(_last)
