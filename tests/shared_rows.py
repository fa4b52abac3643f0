"""Rows that the tests of a module or class share, because creating them takes longer than a test.

    @pytest.fixture(scope="module")
    def household(django_db_setup, django_db_blocker):
        with shared_rows(django_db_blocker):
            yield make_household().pk

Each test's own changes are rolled back to here by `db`; an object in memory is not, so share keys.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction as db_transaction
from pytest_django import DjangoDbBlocker

from transactions import predefined
from transactions.models import Category


@contextmanager
def shared_rows(blocker: DjangoDbBlocker) -> Iterator[None]:
    """What the block creates exists until it ends. Not around transactional tests."""
    with blocker.unblock(), db_transaction.atomic():
        if not Category.objects.filter(user=None).exists():
            predefined.install(Category)
        yield
        db_transaction.set_rollback(True)
