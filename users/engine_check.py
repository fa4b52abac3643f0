"""What the database, its replica and the sentinels support (`manage.py check_engine`)."""

from dataclasses import dataclass
from typing import Any

from django.db import transaction as db_transaction
from redis import Redis
from redis.exceptions import RedisError

from banking.kernel.sentinel import Watched
from users.audit import audit_guard

OLDEST_POSTGRESQL = (14, 0)
OLDEST_SQLITE = (3, 31, 0)
ROLE_LIMITS = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")
_ADD_INDEX = (
    "CREATE EXTENSION pg_trgm; CREATE INDEX CONCURRENTLY user_search_trigram"
    " ON users_user USING gin (search_text gin_trgm_ops);"
)
_WORDS = (
    "SELECT current_setting('server_version'), current_setting('transaction_isolation'),"
    " current_setting('transaction_read_only'), pg_backend_pid(), current_user,"
    " EXISTS (SELECT FROM pg_indexes WHERE indexname = 'user_search_trigram'),"
    " (SELECT count(*) FROM pg_constraint WHERE contype = 'f' AND NOT condeferrable)"
)

_PRIMARY = (
    "SELECT system_identifier::text, current_setting('synchronous_commit'), CASE WHEN"
    " pg_is_in_recovery() THEN '0/0' ELSE pg_current_wal_flush_lsn() END FROM pg_control_system()"
)
_REPLICA = (
    "SELECT system_identifier::text, pg_is_in_recovery(), GREATEST(0, pg_wal_lsn_diff('{end}',"
    " pg_last_wal_replay_lsn()))::bigint FROM pg_control_system()"
)


@dataclass(frozen=True)
class Finding:
    """One line of the report; `advice` is set where something is missing or could be better."""

    subject: str
    answer: str
    advice: str = ""
    is_missing: bool = False


def _required(subject: str, answer: str, advice: str, is_missing: bool) -> Finding:
    """A finding on what the product needs; `advice` says what to do if it is missing."""
    return Finding(subject, answer, advice if is_missing else "", is_missing)


def examine(connection: Any, *, has_audit_guard: bool) -> list[Finding]:
    """Findings on the connection's engine; raises DatabaseError if it cannot be asked."""
    if connection.vendor == "sqlite":
        findings = _sqlite(connection)
    else:
        with db_transaction.atomic(using=connection.alias):
            findings = _postgresql(connection)
        findings.append(_limits_outside(connection))
    if has_audit_guard:
        findings.append(_audit_guard(connection))
    return findings


def examine_replica(primary: Any, replica: Any) -> list[Finding]:
    """Findings on the replica of REPLICA_URL; raises DatabaseError if one of the two is away."""
    cluster, commits, end = _row(primary, _PRIMARY)
    same_cluster, follows, behind = _row(replica, _REPLICA.format(end=end))
    is_replica = follows and cluster == same_cluster
    loose = commits == "off"
    return [
        _required(
            "replica",
            f"{behind} bytes behind" if is_replica else "not a standby of this database",
            "REPLICA_URL must name a streaming standby; pages don't read this server.",
            not is_replica,
        ),
        _required(
            "commits of the primary",
            "acknowledged before they are written" if loose else "written, then acknowledged",
            "With synchronous_commit = off, a page from the replica may miss the last change.",
            loose,
        ),
    ]


def examine_sentinels(url: str) -> list[Finding]:
    """One finding for each sentinel of the URL, in its own words."""
    watched = Watched.at(url)
    return [_sentinel(host, port, watched.service) for host, port in watched.sentinels]


def _sentinel(host: str, port: int, service: str) -> Finding:
    subject = f"sentinel {host}:{port}"
    client = Redis(host=host, port=port, socket_timeout=2, socket_connect_timeout=2)
    try:
        seen: Any = client.sentinel_master(service)
        client.execute_command("SENTINEL CKQUORUM", service)
    except RedisError as error:
        return _required(subject, str(error), "Without a majority nobody takes over.", True)
    finally:
        client.close()
    answer = f"{service} is at {seen['ip']}:{seen['port']}, with {seen['num-slaves']} to take over"
    return _required(subject, answer, "Add a replica.", not seen["num-slaves"])


def _postgresql(connection: Any) -> list[Finding]:
    version, isolation, read_only, process, role, has_trigram, fixed = _row(connection, _WORDS)
    settings = connection.settings_dict
    is_old = connection.pg_version < OLDEST_POSTGRESQL[0] * 10_000
    return [
        _required("engine", f"PostgreSQL {version}, as {role}", "Use 14 or newer.", is_old),
        Finding("isolation of changes", isolation),
        _pooler(connection, process),
        _limits_inside(connection),
        _writable(read_only == "on"),
        Finding("deferrable constraints", "all" if not fixed else f"all but {fixed}"),
        Finding(
            "trigram index",
            "used" if has_trigram else "none; the staff's search reads every customer",
            "" if has_trigram else _ADD_INDEX,
        ),
        Finding(
            "server-side cursors",
            "off" if settings["DISABLE_SERVER_SIDE_CURSORS"] else "on",
        ),
    ]


def _pooler(connection: Any, process: int) -> Finding:
    """A pooler tells its clients an invented process id."""
    is_pooled = connection.connection.info.backend_pid != process
    if connection.settings_dict["POOLED"]:
        seen = "found" if is_pooled else "not noticed"
        return Finding("pooler", f"expected in transaction mode, {seen}")
    answer = "found" if is_pooled else "none"
    return _required("pooler", answer, "Set DATABASE_POOLER=transaction.", is_pooled)


def _limits(connection: Any) -> dict[str, str]:
    shown = ", ".join(f"current_setting('{name}')" for name in ROLE_LIMITS)
    return dict(zip(ROLE_LIMITS, _row(connection, f"SELECT {shown}"), strict=True))


def _limits_inside(connection: Any) -> Finding:
    limits = _limits(connection)
    words = ", ".join(f"{name} {value}" for name, value in limits.items())
    is_missing = "0" in limits.values()
    return _required("limits in transactions", words, "A limit is not in force.", is_missing)


def _limits_outside(connection: Any) -> Finding:
    """Behind a pooler these are the role's own; without them a single query may take forever."""
    missing = [name for name, value in _limits(connection).items() if value == "0"]
    if not missing:
        return Finding("limits outside transactions", "all in force")
    lines = [f"ALTER ROLE … SET {name} = '…';" for name in missing]
    return Finding("limits outside transactions", "missing", " ".join(lines))


def _sqlite(connection: Any) -> list[Finding]:
    version = connection.Database.sqlite_version
    is_old = connection.Database.sqlite_version_info < OLDEST_SQLITE
    (journal,), (foreign,) = (
        _row(connection, f"PRAGMA {name}") for name in ("journal_mode", "foreign_keys")
    )
    (query_only,) = _row(connection, "PRAGMA query_only")
    return [
        _required("engine", f"SQLite {version}", "Use 3.31 or newer.", is_old),
        Finding("isolation of changes", "one writer at a time"),
        _required(
            "journal", journal, "WAL lets readers and a writer work at once.", journal != "wal"
        ),
        _required("foreign keys", "on" if foreign else "off", "They must be on.", not foreign),
        _writable(bool(query_only)),
    ]


def _writable(is_read_only: bool) -> Finding:
    answer = "no, read-only" if is_read_only else "yes"
    return _required("changes", answer, "Changes are refused with 503.", is_read_only)


def _audit_guard(connection: Any) -> Finding:
    is_missing = not audit_guard.is_installed(connection)
    answer = "missing" if is_missing else "installed"
    return _required("triggers of the audit trail", answer, "Run manage.py migrate.", is_missing)


def _row(connection: Any, question: str) -> tuple[Any, ...]:
    with connection.cursor() as cursor:
        cursor.execute(question)
        row: tuple[Any, ...] = cursor.fetchone()
    return row
