"""The benchmarks' PostgreSQL databases: kept for the next run, copied, or of ten million rows.

Loading ten million rows by the product takes an hour. So a larger database is the one of a million
with the rows of its shops repeated, and their balances and totals multiplied, which
`manage.py check_ledger` proves right.
"""

import secrets
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psycopg

# What the product loads itself; more is copied.
LOADED = 1_000_000
_SHOPS = "(SELECT id FROM accounts_account WHERE bank_name = 'Tillpay')"
_TABLE = "transactions_transaction"


def server(stack: ExitStack, keep: Path | None, *, forgetful: bool = True) -> str:
    """The URL of a private server. With `keep` its data stays in that folder."""
    from tests import servers

    folder = keep / "cluster" if keep else None
    started = servers.postgresql_server(forgetful=forgetful, folder=folder)
    return stack.enter_context(started).url


def url_of(base: str, name: str) -> str:
    return f"{base.rsplit('/', 1)[0]}/{name}"


def create(base: str, name: str, template: str = "template1") -> bool:
    """Create a database unless it is there. Returns whether it is new."""
    with psycopg.connect(base, autocommit=True) as connection:
        known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,))
        if known.fetchone():
            return False
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY file_copy')
    return True


@contextmanager
def copied(base: str, name: str) -> Iterator[str]:
    """The URL of a copy, which may be changed and is dropped with the block."""
    copy = f"{name}_{secrets.token_hex(3)}"
    create(base, copy, name)
    try:
        yield url_of(base, copy)
    finally:
        with psycopg.connect(base, autocommit=True) as connection:
            connection.execute(f'DROP DATABASE "{copy}" WITH (FORCE)')


def enlarge(base: str, name: str, loaded: str, times: int) -> None:
    """Make a copy of the loaded database whose shops have each row so many times."""
    if not create(base, name, loaded):
        return
    with psycopg.connect(url_of(base, name), autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")  # Keys are right already.
        connection.execute("SET work_mem = '1GB'")
        connection.execute("SET maintenance_work_mem = '1GB'")
        indexes = connection.execute(
            "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = %s"
            " AND indexname NOT IN (SELECT conname FROM pg_constraint)",
            (_TABLE,),
        ).fetchall()
        for index, _ in indexes:
            connection.execute(f'DROP INDEX "{index}"')
        _repeat_rows(connection, times)
        for _, definition in indexes:
            connection.execute(definition)
        _multiply_totals(connection, times)


def _repeat_rows(connection: psycopg.Connection, times: int) -> None:
    """In the order of their days, as if they had been loaded so."""
    found = connection.execute(
        "SELECT column_name FROM information_schema.columns WHERE table_name = %s"
        " AND is_generated = 'NEVER' AND is_identity = 'NO' ORDER BY ordinal_position",
        (_TABLE,),
    )
    columns = ", ".join(f'"{column}"' for (column,) in found)
    connection.execute(
        f"INSERT INTO {_TABLE} ({columns}) SELECT {columns} FROM {_TABLE},"
        f" generate_series(2, {times}) WHERE account_id IN {_SHOPS} ORDER BY account_id, txn_date"
    )


def _multiply_totals(connection: psycopg.Connection, times: int) -> None:
    counted = ("inflow", "outflow", "transaction_count")
    for table, columns in (
        ("transactions_dailytotal", counted),
        ("transactions_monthlytotal", counted),
        ("transactions_merchanttotal", (*counted, "outflow_count")),
    ):
        values = ", ".join(f"{column} = {column} * {times}" for column in columns)
        connection.execute(f"UPDATE {table} SET {values} WHERE account_id IN {_SHOPS}")
    connection.execute(
        f"UPDATE accounts_account SET balance = opening_balance + {times} *"
        f" (balance - opening_balance) WHERE id IN {_SHOPS}"
    )
    # The worker adds them up again.
    connection.execute(
        f"UPDATE transactions_convertedmonth SET sums = '' WHERE account_id IN {_SHOPS}"
    )
