"""Django and Celery options for each kind of database, cache and broker."""

from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.db.backends.postgresql.psycopg_any import IsolationLevel
from environ import Env
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as LostError
from redis.retry import Retry

from banking.kernel.sentinel import SENTINEL, Pool, Watched

# Secure delete: erased data is also overwritten in the file.
SQLITE_PRAGMAS = (
    "PRAGMA journal_mode=WAL;PRAGMA synchronous=FULL;PRAGMA foreign_keys=ON;"
    "PRAGMA busy_timeout=20000;PRAGMA cache_size=-16000;PRAGMA temp_store=MEMORY;"
    "PRAGMA secure_delete=ON;"
)
SQLITE_READER_PRAGMAS = "PRAGMA query_only=ON;PRAGMA busy_timeout=20000;PRAGMA cache_size=-16000;"


# PostgreSQL's own limits for each statement and transaction: of the writing alias, of the readers.
WRITER_LIMITS = {
    "statement_timeout": "60s",
    "lock_timeout": "3s",
    "idle_in_transaction_session_timeout": "30s",
}
READER_LIMITS = WRITER_LIMITS | {"statement_timeout": "15s"}
# A network that is gone is noticed in seconds, on open connections too.
KEEPALIVES = {
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 2,
    "tcp_user_timeout": 5000,
}
# After this silence of a statement we ask whether the server is there, and wait so long for the
# answer. Then it counts as away for a moment, so that the next page does not wait again.
SILENCE_SECONDS, ANSWER_SECONDS, AWAY_SECONDS = 2, 2, 2
# A page waits so long for the cache, and then does without.
CACHE_ANSWER_SECONDS = 0.5
CACHE_CONNECTION = {
    "socket_connect_timeout": CACHE_ANSWER_SECONDS,
    "socket_timeout": CACHE_ANSWER_SECONDS,
    # A connection from before the server's restart is replaced; silence is not tried twice.
    "retry": Retry(NoBackoff(), 1, supported_errors=(LostError,)),
}
# A page waits so long for the broker; the work it could not announce is found later.
PUBLISH_SECONDS = 0.4
POOLERS = ("", "transaction")
ISOLATION_LEVELS = {
    "": IsolationLevel.READ_COMMITTED,
    "read committed": IsolationLevel.READ_COMMITTED,
    "serializable": IsolationLevel.SERIALIZABLE,
}


def databases(
    url: str, *, pooler: str = "", isolation: str = "", replica: str = ""
) -> dict[str, dict[str, Any]]:
    """The writing alias and its read-only twin, which shows every query one snapshot; with the URL
    of a replica, the replica's twin too.

    `pooler`: "transaction" if PgBouncer or the like shares connections in that mode. `isolation`:
    PostgreSQL's name of the writing alias's level.
    """
    default = Env.db_url_config(url)
    default["ATOMIC_REQUESTS"] = False
    if default["ENGINE"].endswith("sqlite3"):
        if replica:
            raise ImproperlyConfigured("REPLICA_URL: only PostgreSQL has replicas.")
        return _sqlite(default)
    if pooler not in POOLERS:
        raise ImproperlyConfigured("DATABASE_POOLER must be “transaction” or empty.")
    if isolation.lower() not in ISOLATION_LEVELS:
        raise ImproperlyConfigured(f"DATABASE_ISOLATION: “{isolation}” is not a level.")
    chosen: dict[str, Any] = {
        "is_pooled": bool(pooler),
        "isolation": ISOLATION_LEVELS[isolation.lower()],
    }
    found = _postgresql(default, **chosen)
    if replica:
        other = Env.db_url_config(replica) | {"ATOMIC_REQUESTS": False}
        found["replica"] = _postgresql(other, **chosen)["snapshot"]
    return found


def _sqlite(default: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """A reader's DEFERRED transaction never waits for a writer; the writing alias is IMMEDIATE, or
    two writers would deadlock into "locked" errors.
    """
    default["OPTIONS"] = {
        "timeout": 20,
        "transaction_mode": "IMMEDIATE",
        "init_command": SQLITE_PRAGMAS,
    }
    read_options = {
        "timeout": 20,
        "transaction_mode": "DEFERRED",
        "init_command": SQLITE_READER_PRAGMAS,
    }
    return {"default": default, "snapshot": _reader(default, OPTIONS=read_options)}


def _postgresql(
    default: dict[str, Any], *, is_pooled: bool, isolation: IsolationLevel
) -> dict[str, dict[str, Any]]:
    # Those of the URL, such as sslmode, go first.
    options = {"connect_timeout": 3, **KEEPALIVES, **default.get("OPTIONS", {})}
    default |= {
        "ENGINE": "banking.kernel.postgresql",
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        # The rows of a cursor would come from another server connection.
        "DISABLE_SERVER_SIDE_CURSORS": is_pooled,
        "OPTIONS": {**options, "isolation_level": isolation},
        "POOLED": is_pooled,
        "READ_ONLY": False,
        "TIME_LIMITS": WRITER_LIMITS,
        "SILENCE_SECONDS": SILENCE_SECONDS,
        "ANSWER_SECONDS": ANSWER_SECONDS,
        "AWAY_SECONDS": AWAY_SECONDS,
    }
    snapshot = _reader(
        default,
        OPTIONS={**options, "isolation_level": IsolationLevel.REPEATABLE_READ},
        READ_ONLY=True,
        TIME_LIMITS=READER_LIMITS,
    )
    return {"default": default, "snapshot": snapshot}


def _reader(default: dict[str, Any], **differences: Any) -> dict[str, Any]:
    return {**default, **differences, "TEST": {"MIRROR": "default"}}


def cache(url: str) -> dict[str, Any]:
    """Redis or Valkey by URL, or by the URL of sentinels (banking/kernel/sentinel.py);
    `file:///folder` where neither can run.
    """
    if url.startswith("file://"):
        return {
            "BACKEND": "django.core.cache.backends.filebased.FileBasedCache",
            "LOCATION": url.removeprefix("file://"),
        }
    pool = {"pool_class": Pool} if url.startswith(SENTINEL) else {}
    return {
        "BACKEND": "banking.kernel.cache_breaker.BreakingCache",
        # Django would take a text with commas for several caches.
        "LOCATION": [url],
        "KEY_PREFIX": "cache",
        "OPTIONS": CACHE_CONNECTION | pool,
    }


def broker_url(url: str) -> str:
    """Celery's spelling of a URL: a Unix socket is `redis+socket`, each sentinel has its own."""
    if url.startswith(SENTINEL):
        return Watched.at(url).broker_url(url)
    return url.replace("unix://", "redis+socket://", 1)


def broker_options(url: str, folder: Path) -> dict[str, Any]:
    """Celery's transport options for the broker at that URL."""
    if url.startswith("filesystem:"):
        messages, control = folder / "messages", folder / "control"
        for needed in (messages, control):
            needed.mkdir(parents=True, exist_ok=True)
        return {
            "data_folder_in": str(messages),
            "data_folder_out": str(messages),
            "control_folder": str(control),
        }
    # The visibility timeout must exceed the longest task, or its message is delivered twice; kombu
    # looks for lost messages only every tenth second unless set to every second.
    waits = {"socket_connect_timeout": 1, "socket_timeout": 2}
    options: dict[str, Any] = {
        "visibility_timeout": 3600,
        "unacked_restore_throttle": 1,
        "max_retries": 1,
        **waits,
    }
    if url.startswith(SENTINEL):
        options |= {"master_name": Watched.at(url).service, "sentinel_kwargs": waits}
    return options


def publishing_options(options: dict[str, Any]) -> dict[str, Any]:
    """`broker_options` for a process that only publishes: it does not wait."""
    if "socket_timeout" not in options:
        return options
    waits = dict.fromkeys(("socket_connect_timeout", "socket_timeout"), PUBLISH_SECONDS)
    sentinels = {"sentinel_kwargs": waits} if "sentinel_kwargs" in options else {}
    return options | waits | sentinels | {"max_retries": 0}
