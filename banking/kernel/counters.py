"""What this process did, for `/metrics`. With several processes, PROMETHEUS_MULTIPROC_DIR adds up
those of one machine or container.
"""

from prometheus_client import Counter

database_connections = Counter(
    "database_connections_opened", "New connections to the database.", ["alias"]
)
database_errors = Counter("database_errors", "Statements that failed, by kind.", ["kind"])
database_slow_statements = Counter(
    "database_slow_statements", "Statements that took more than half a second."
)
page_snapshots = Counter(
    "database_page_snapshots", "Snapshots of pages with a replica, by who was read.", ["server"]
)
cache_failures = Counter(
    "cache_failures", "Commands that the cache did not answer, or that were spared.", ["kind"]
)
tasks_not_announced = Counter(
    "tasks_not_announced", "Work that was stored while the broker was away.", ["task"]
)
rate_limit_refusals = Counter("rate_limit_refusals", "Uses above a limit.", ["limit"])
# Also of transactions that were undone afterward.
audit_events = Counter("audit_events", "Events written to the audit trail.", ["action"])
