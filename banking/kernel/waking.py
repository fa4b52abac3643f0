"""Queue work for the worker once the data it needs is committed."""

import logging
from functools import partial

from celery import Task
from django.db import transaction as db_transaction
from kombu.exceptions import OperationalError as BrokerError
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)


def wake(task: Task, pk: int) -> None:
    """Queue `task` for the row `pk` after the commit.

    If the broker is down nothing is queued: each kind of work has a sweep that finds it later.
    """
    db_transaction.on_commit(partial(_publish, task, pk), robust=True)


def _publish(task: Task, pk: int) -> None:
    try:
        task.delay(pk)
    except (BrokerError, RedisError, OSError):
        logger.warning("work_waits_for_broker", extra={"task": task.name, "id": pk})
