"""Queue work for the worker once the data it needs is committed.

A page never waits long for the broker: it publishes on a connection with a short time-out (a
worker's waits longer, because it listens), and after a failure the process publishes nothing for
some seconds.
"""

import logging
from functools import cache, partial
from time import monotonic
from typing import Any

from celery import Task, current_app
from django.conf import settings
from django.db import transaction as db_transaction
from kombu import pools
from kombu.exceptions import KombuError
from redis.exceptions import RedisError

from banking.kernel import stores
from banking.kernel.counters import tasks_not_announced

logger = logging.getLogger(__name__)

AWAY_SECONDS = 5


class BrokerAwayError(Exception):
    """The broker does not answer, or did not a moment ago. Nothing was queued."""


class _Breaker:
    """Until when the broker counts as away; shared by the threads of this process."""

    away_until = 0.0


breaker = _Breaker()


def wake(task: Task, pk: int) -> None:
    """Queue `task` for the row `pk` after the commit.

    If the broker is down nothing is queued: each kind of work has a sweep that finds it later.
    """
    db_transaction.on_commit(partial(_announce, task, pk), robust=True)


def _announce(task: Task, pk: int) -> None:
    try:
        publish(task, pk)
    except BrokerAwayError:
        tasks_not_announced.labels(task.name).inc()
        logger.warning("work_waits_for_broker", extra={"task": task.name, "id": pk})


def publish(task: Task, *arguments: int) -> None:
    """Queue `task` now, or raise BrokerAwayError within stores.PUBLISH_SECONDS."""
    if monotonic() < breaker.away_until:
        raise BrokerAwayError
    try:
        with pools.producers[publishing_connection()].acquire(block=True, timeout=1) as producer:
            task.apply_async(arguments, producer=producer)
    except (KombuError, RedisError, OSError) as error:
        breaker.away_until = monotonic() + AWAY_SECONDS
        raise BrokerAwayError from error


@cache
def publishing_connection() -> Any:
    """Where this process publishes; pools are kept by its address."""
    options = stores.publishing_options(settings.CELERY_BROKER_TRANSPORT_OPTIONS)
    return current_app.connection_for_write(transport_options=options)


def is_broker_there() -> bool:
    """Whether the broker answers on a new connection."""
    try:
        with publishing_connection().clone() as broker:
            return broker.default_channel is not None
    except (KombuError, RedisError, OSError):
        return False
