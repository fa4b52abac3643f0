"""Django and Celery options for each kind of database, cache and broker."""

from pathlib import Path
from typing import Any

from django.db.backends.postgresql.psycopg_any import IsolationLevel
from environ import Env

# Secure delete: erased data is also overwritten in the file.
SQLITE_PRAGMAS = (
    "PRAGMA journal_mode=WAL;PRAGMA synchronous=FULL;PRAGMA foreign_keys=ON;"
    "PRAGMA busy_timeout=20000;PRAGMA cache_size=-16000;PRAGMA temp_store=MEMORY;"
    "PRAGMA secure_delete=ON;"
)
SQLITE_READER_PRAGMAS = "PRAGMA query_only=ON;PRAGMA busy_timeout=20000;PRAGMA cache_size=-16000;"


def databases(url: str) -> dict[str, dict[str, Any]]:
    """The writing alias and its read-only twin, which shows every query one snapshot.

    PostgreSQL: REPEATABLE READ. SQLite: a DEFERRED transaction, so that a reader never waits for
    a writer; the writing alias is IMMEDIATE, or two writers would deadlock into "locked" errors.
    """
    default = Env.db_url_config(url)
    default["ATOMIC_REQUESTS"] = False
    if default["ENGINE"].endswith("sqlite3"):
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
    else:
        default |= {"CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True}
        limits = "-c lock_timeout=3s -c idle_in_transaction_session_timeout=30s"
        default["OPTIONS"] = {
            "connect_timeout": 3,
            "options": f"-c statement_timeout=60s {limits}",
        }
        read_options = {
            "connect_timeout": 3,
            "isolation_level": IsolationLevel.REPEATABLE_READ,
            "options": f"-c default_transaction_read_only=on -c statement_timeout=15s {limits}",
        }
    snapshot = {**default, "OPTIONS": read_options, "TEST": {"MIRROR": "default"}}
    return {"default": default, "snapshot": snapshot}


def cache(url: str) -> dict[str, Any]:
    """Redis or Valkey by URL; `file:///folder` where neither can run."""
    if url.startswith("file://"):
        return {
            "BACKEND": "django.core.cache.backends.filebased.FileBasedCache",
            "LOCATION": url.removeprefix("file://"),
        }
    return {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": url,
        "KEY_PREFIX": "cache",
        "OPTIONS": {"socket_connect_timeout": 1, "socket_timeout": 2},
    }


def broker_url(redis_url: str) -> str:
    """Celery's spelling of a Redis URL: a Unix socket is `redis+socket`."""
    return redis_url.replace("unix://", "redis+socket://", 1)


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
    return {
        "visibility_timeout": 3600,
        "unacked_restore_throttle": 1,
        "socket_connect_timeout": 1,
        "socket_timeout": 2,
        "max_retries": 1,
    }
