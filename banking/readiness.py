"""Whether this process can serve: asked by load balancers, answered within a second."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from importlib.util import find_spec
from pkgutil import ModuleInfo, iter_modules

from django.apps import apps
from django.core.cache import cache
from django.db import connections
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from banking.kernel.waking import is_broker_there

ANSWER_SECONDS = 0.8


def readiness() -> dict[str, bool]:
    """By name, whether database, migrations, cache and broker answered in time.

    Each is asked in a thread of its own, because a frozen server would hold this one. While a
    thread still waits for an earlier answer, no other is sent after it.
    """
    asked = {name: _ask(name, probe) for name, probe in PROBES.items()}
    wait(asked.values(), timeout=ANSWER_SECONDS)
    return {name: answer.done() and answer.result() for name, answer in asked.items()}


_threads = ThreadPoolExecutor(max_workers=4, thread_name_prefix="readiness")
_waiting: dict[str, Future[bool]] = {}


def _ask(name: str, probe: Callable[[], bool]) -> Future[bool]:
    earlier = _waiting.get(name)
    if earlier is None or earlier.done():
        _waiting[name] = _threads.submit(_answers, probe)
    return _waiting[name]


def _answers(probe: Callable[[], bool]) -> bool:
    try:
        return probe()
    except Exception:  # noqa: BLE001 - whatever a driver raises, the answer is "not ready"
        return False
    finally:
        connections.close_all()


def _database_answers() -> bool:
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT 1")
    return True


class _Migrations:
    """Reading all migrations takes a moment; a database once migrated stays so."""

    are_done = False


def _is_migrated() -> bool:
    if not _Migrations.are_done:
        applied = MigrationRecorder(connections["default"]).applied_migrations()
        _Migrations.are_done = known_migrations() <= applied.keys()
    return _Migrations.are_done


def known_migrations() -> set[tuple[str, str]]:
    """App and name of every migration of this code. Only files are listed: loading a hundred
    migrations would leave them in the memory of each web process.
    """
    return {
        (app.label, file.name)
        for app in apps.get_app_configs()
        for file in _files(MigrationLoader.migrations_module(app.label)[0])
    }


def _files(package: str | None) -> list[ModuleInfo]:
    """The modules of this package. An app may have none, or only a module of that name."""
    spec = find_spec(package) if package else None
    folders = (spec and spec.submodule_search_locations) or []
    return [file for file in iter_modules(folders) if file.name[0] not in "_~"]


def _cache_answers() -> bool:
    cache.set("readyz", "1", 10)
    return bool(cache.get("readyz") == "1")


PROBES = {
    "database": _database_answers,
    "migrations": _is_migrated,
    "cache": _cache_answers,
    "broker": is_broker_there,
}
