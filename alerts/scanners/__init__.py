"""One module per kind of fact. Each has

`KINDS`: the alert types it finds;
`scan(people, on)`: what holds on that date, for any number of users in a fixed number of queries;
`replay(people, days)`: what a scan on each of those days would have found, day by day.

Both judge by the same function of the module, so that what is promised is what is raised. Nothing
dated after the day in question counts. A new kind is a new module and its entry here.
"""

from types import ModuleType

from alerts.scanners import (
    bills,
    budgets,
    import_finished,
    large_transaction,
    low_balance,
    new_login,
    points_expiring,
    sync_failed,
    unusual_spending,
)

SCANNERS: tuple[ModuleType, ...] = (
    budgets,
    low_balance,
    large_transaction,
    unusual_spending,
    new_login,
    import_finished,
    bills,
    points_expiring,
    sync_failed,
)
# Kinds that a posting or a failed sync can trigger; the others are found by the periodic scan.
AFTER_POSTING: tuple[ModuleType, ...] = (
    budgets,
    low_balance,
    large_transaction,
    unusual_spending,
    import_finished,
    sync_failed,
)


def scanner_of(kind: str) -> ModuleType | None:
    """The module that finds this type; None if there is none yet."""
    return next((scanner for scanner in SCANNERS if kind in scanner.KINDS), None)
