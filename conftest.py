"""Shared fixtures: Alice owns the data; Bob is another customer who must not see any of it."""

import gc
import os
from collections.abc import Iterator
from copy import deepcopy
from xml.sax.saxutils import escape

import pytest
import time_machine
from django.conf import settings as django_settings
from django.core.cache import cache
from django.db import connection
from django.test import Client, override_settings
from fontTools.ttLib import TTFont
from hypothesis import HealthCheck, settings
from playwright.sync_api import BrowserContext, expect
from rest_framework.test import APIClient

from tests import builders, servers
from tests.depth import up_to
from tests.emptying import replace_flush
from tests.sandbox_bank import sandbox_bank
from tests.template_database import Template
from transactions.models import Category
from transactions.tests import statement_report
from transactions.tests.statement_files import CORPUS_DIR
from users.models import User

# Use the same examples in every run, and ignore how slow the machine is.
settings.register_profile(
    "suite",
    derandomize=True,
    deadline=None,
    max_examples=up_to(100, quick=40, postgresql=20),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.register_profile("fast", settings.get_profile("suite"), max_examples=10)
# Other examples on every run, or those of a --hypothesis-seed.
settings.register_profile("explore", settings.get_profile("suite"), derandomize=False)
settings.load_profile("suite")
INTER = (
    django_settings.BASE_DIR
    / "node_modules/@fontsource-variable/inter/files/inter-latin-wght-normal.woff2"
)
# Allow slow pages; no test may depend on speed.
LONGEST_MILLISECONDS = 120_000
# Marks of tests that need an engine's server or files without opening the test database.
ENGINE_MARKS = ("postgresql", "pgbouncer", "worker")
expect.set_options(timeout=LONGEST_MILLISECONDS)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """One engine is enough for what never opens the database."""
    for item in items:
        if not _uses_database(item) and not any(map(item.get_closest_marker, ENGINE_MARKS)):
            item.add_marker("once")


def _uses_database(item: pytest.Item) -> bool:
    fixtures = {"db", "transactional_db", "live_server"} & set(item.fixturenames)
    return bool(fixtures) or item.get_closest_marker("django_db") is not None


def pytest_collection_finish(session):
    """Keep the collector from walking all modules and tests again and again: 6% of the suite."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 100)


def pytest_terminal_summary(terminalreporter):
    """Report the results for the real bank files, if any were read."""
    statement_report.show(terminalreporter)


def pytest_runtest_setup(item):
    """Explain the skip if a test that needs PostgreSQL is run on SQLite by name."""
    if item.get_closest_marker("postgresql") and connection.vendor != "postgresql":
        pytest.skip("needs PostgreSQL: SQLite has one writer at a time, and no TRUNCATE")
    if item.get_closest_marker("corpus") and not CORPUS_DIR:
        pytest.skip("needs real banks' files: set STATEMENTS_DIR to a folder with a manifest.tsv")


@pytest.fixture(scope="session")
def _template(django_db_modify_db_settings) -> Template:
    return Template()


@pytest.fixture(scope="session")
def django_db_keepdb(_template) -> bool:
    """Whether the migrated database was copied from the template."""
    return _template.copy_to_test_database()


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup, django_db_blocker, _template) -> None:
    _template.keep()
    with django_db_blocker.unblock():
        replace_flush()


@pytest.fixture(scope="session", autouse=True)
def _clock() -> Iterator[time_machine.travel]:
    """Every run starts at one fixed moment, and its clock runs on from there."""
    clock = time_machine.travel(builders.NOON)
    clock.start()
    yield clock
    clock.stop()


@pytest.fixture(autouse=True)
def _machines_clock(request, _clock) -> Iterator[None]:
    """Browsers and workers are separate processes, so these tests use the machine's clock."""
    is_real = any(request.node.get_closest_marker(name) for name in ("browser", "worker"))
    if is_real:
        _clock.stop()
    yield
    if is_real:
        _clock.start()


@pytest.fixture(autouse=True)
def _served_form(request) -> Iterator[None]:
    """Browsers are given pages in the short form of production."""
    if request.node.get_closest_marker("browser") is None:
        yield
        return
    served = deepcopy(django_settings.TEMPLATES)
    served[0]["OPTIONS"]["loaders"][0][1][0] = "banking.kernel.template_loaders.ShortLoader"
    with override_settings(TEMPLATES=served):
        yield


@pytest.fixture(scope="session", autouse=True)
def _sandbox_bank(tmp_path_factory) -> Iterator[None]:
    """The sandbox bank exists in every test, as in every start of the product."""
    with sandbox_bank(tmp_path_factory.mktemp("sandbox-bank")) as address:
        django_settings.SANDBOX_BANK_URL = address
        yield


@pytest.fixture(autouse=True)
def _empty_cache():
    """Clear rate limits and progress between tests."""
    cache.clear()


@pytest.fixture
def groceries(db) -> Category:
    return Category.objects.get(user=None, slug="groceries")


@pytest.fixture
def alice(db) -> User:
    return builders.make_user("alice@example.com", name="Alice Archer")


@pytest.fixture
def bob(db) -> User:
    return builders.make_user("bob@example.com", name="Bob Baker")


@pytest.fixture
def checking(alice):
    return builders.make_account(user=alice, name="Everyday", opening_balance="1000.00")


@pytest.fixture
def savings(alice):
    return builders.make_account(
        user=alice, name="Rainy day", account_type="savings", opening_balance="5000.00"
    )


@pytest.fixture
def bobs_account(bob):
    return builders.make_account(user=bob, name="Bob's own", opening_balance="777.00")


@pytest.fixture
def client_for():
    """client_for(user): a browser signed in as that user."""

    def make(user: User | None) -> Client:
        client = Client()
        if user is not None:
            client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        return client

    return make


@pytest.fixture
def api_for():
    """api_for(user): an API client signed in as that user; api_for(None) is anonymous."""

    def make(user: User | None) -> APIClient:
        client = APIClient()
        if user is not None:
            client.force_authenticate(user)
        return client

    return make


@pytest.fixture(scope="session")
def typefaces_with_inter(tmp_path_factory) -> str:
    """A fontconfig file with the pages' own typeface beside those of the machine.

    Chromium crashes at the first form control where fontconfig knows no typeface.
    """
    folder, kept = tmp_path_factory.mktemp("typefaces"), tmp_path_factory.mktemp("fontconfig")
    inter = TTFont(INTER)
    inter.flavor = None
    inter.save(folder / "inter.ttf")
    machine = os.environ.get("FONTCONFIG_FILE", "/etc/fonts/fonts.conf")
    (kept / "fonts.conf").write_text(
        "<?xml version='1.0'?><fontconfig>"
        f"<include ignore_missing='yes'>{escape(machine)}</include>"
        f"<dir>{folder}</dir><cachedir>{kept}</cachedir></fontconfig>"
    )
    return str(kept / "fonts.conf")


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args, typefaces_with_inter) -> dict:
    """The machine's Chromium (CHROMIUM, as `make test` finds it), which makes no requests of its
    own.
    """
    quiet = ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
    return {
        **browser_type_launch_args,
        "executable_path": servers.chromium(),
        "env": {**os.environ, "FONTCONFIG_FILE": typefaces_with_inter},
        "args": ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", *quiet],
    }


@pytest.fixture
def context(context) -> BrowserContext:
    """A browser that waits long enough for pages on a busy machine."""
    context.set_default_timeout(LONGEST_MILLISECONDS)
    return context
