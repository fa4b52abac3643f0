"""Database triggers that protect the audit trail from changes.

They refuse UPDATE and DELETE of an event (and TRUNCATE, on PostgreSQL). One UPDATE is allowed:
blanking the personal data (`changes`, `ip`, `device`, `salt`), which `audit.erase_details` does.

SQLite drops a table's triggers when a later migration rebuilds the table: such a migration must
call `install` at its end, and `verify_audit` fails if they are missing.
"""

from typing import Any

TABLE = "users_auditevent"
KEPT = (
    "id", "chain_id", "sequence", "actor_id", "action", "target_type", "target_id", "request_id",
    "details_hash", "created_at", "previous_hash", "hash",
)  # fmt: skip
SENTENCE = "Audit events are never changed."
_LEFT = "NEW.changes IS NOT NULL OR NEW.ip IS NOT NULL OR NEW.salt <> '' OR NEW.device <> ''"

_CHANGED = " OR ".join(f"NEW.{name} IS NOT OLD.{name}" for name in KEPT)
_SQLITE = (
    f"CREATE TRIGGER audit_no_update BEFORE UPDATE ON {TABLE} "
    f"WHEN {_CHANGED} OR {_LEFT} "
    f"BEGIN SELECT RAISE(ABORT, '{SENTENCE}'); END",
    f"CREATE TRIGGER audit_no_delete BEFORE DELETE ON {TABLE} "
    f"BEGIN SELECT RAISE(ABORT, '{SENTENCE}'); END",
)
_DISTINCT = " OR ".join(f"NEW.{name} IS DISTINCT FROM OLD.{name}" for name in KEPT)
_POSTGRESQL = (
    f"""CREATE OR REPLACE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION '{SENTENCE}' USING ERRCODE = 'restrict_violation'; END $$""",
    f"CREATE TRIGGER audit_no_update BEFORE UPDATE ON {TABLE} FOR EACH ROW "
    f"WHEN ({_DISTINCT} OR {_LEFT}) "
    "EXECUTE FUNCTION audit_refuse()",
    f"CREATE TRIGGER audit_no_delete BEFORE DELETE ON {TABLE} FOR EACH ROW "
    "EXECUTE FUNCTION audit_refuse()",
    f"CREATE TRIGGER audit_no_truncate BEFORE TRUNCATE ON {TABLE} EXECUTE FUNCTION audit_refuse()",
)
_NAMES = {
    "sqlite": ("audit_no_update", "audit_no_delete"),
    "postgresql": ("audit_no_update", "audit_no_delete", "audit_no_truncate"),
}


def install(connection: Any) -> None:
    """Create the triggers, replacing existing ones."""
    remove(connection)
    with connection.cursor() as cursor:
        for statement in _SQLITE if connection.vendor == "sqlite" else _POSTGRESQL:
            cursor.execute(statement)


def remove(connection: Any) -> None:
    """Drop the triggers; only for tests and for migrations that rebuild the table."""
    on_table = "" if connection.vendor == "sqlite" else f" ON {TABLE}"
    with connection.cursor() as cursor:
        for name in _NAMES[connection.vendor]:
            cursor.execute(f"DROP TRIGGER IF EXISTS {name}{on_table}")


def is_installed(connection: Any) -> bool:
    """Whether every trigger exists and, on PostgreSQL, is enabled."""
    query = (
        "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = %s"
        if connection.vendor == "sqlite"
        else "SELECT tgname FROM pg_trigger WHERE tgrelid = %s::regclass AND tgenabled <> 'D'"
    )
    with connection.cursor() as cursor:
        cursor.execute(query, [TABLE])
        found = {name for (name,) in cursor.fetchall()}
    return found.issuperset(_NAMES[connection.vendor])
