"""The backend named by `ENGINE` (banking/kernel/stores.py)."""

from types import ModuleType
from typing import Any

import psycopg
from django.db.backends.postgresql import base

from banking.kernel.postgresql.watching import Watch, WatchedConnection, away


class _Driver(ModuleType):
    """Psycopg, with our kind of connection."""

    connect = staticmethod(WatchedConnection.connect)

    def __getattr__(self, name: str) -> Any:
        return getattr(psycopg, name)


class DatabaseWrapper(base.DatabaseWrapper):
    """Adds to Django's: limits that also hold behind a pooler, and an end to waiting in vain.

    Its settings, besides Django's: TIME_LIMITS (PostgreSQL's names and values), READ_ONLY, POOLED
    (a pooler in transaction mode is in front), and SILENCE_SECONDS, ANSWER_SECONDS, AWAY_SECONDS.
    """

    Database = _Driver("psycopg")

    def get_connection_params(self) -> dict[str, Any]:
        params: dict[str, Any] = super().get_connection_params()
        if not self.settings_dict["POOLED"]:
            limits = dict(self.settings_dict["TIME_LIMITS"])
            if self.settings_dict["READ_ONLY"]:
                limits["default_transaction_read_only"] = "on"
                if params.get("target_session_attrs") == "read-write":
                    # Of several servers libpq would refuse each, as this session is read-only.
                    params["target_session_attrs"] = "primary"
            params["options"] = " ".join(f"-c {name}={value}" for name, value in limits.items())
        return params

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        watch = Watch(
            conn_params,
            silence=self.settings_dict["SILENCE_SECONDS"],
            answer=self.settings_dict["ANSWER_SECONDS"],
            away=self.settings_dict["AWAY_SECONDS"],
        )
        away.refuse(watch)
        try:
            connection = super().get_new_connection(conn_params)
        except psycopg.errors.ConnectionTimeout:
            away.remember(watch)
            raise
        connection.watch = watch.at(connection)
        if self.settings_dict["READ_ONLY"]:
            # Part of BEGIN, so it also holds behind a pooler.
            connection.read_only = True
        return connection

    def _set_autocommit(self, autocommit: bool) -> None:
        """Behind a pooler the next transaction may be on another server connection: each one sets
        its own limits.
        """
        super()._set_autocommit(autocommit)  # type: ignore[misc]  # the stubs leave it out
        if autocommit or not self.settings_dict["POOLED"]:
            return
        limits = self.settings_dict["TIME_LIMITS"].items()
        try:
            with self.wrap_database_errors:
                self.connection.execute(
                    "; ".join(f"SET LOCAL {name} = '{value}'" for name, value in limits)
                )
        except Exception:
            # Django believes that no transaction has begun: this connection is of no more use.
            self.connection.close()
            raise
