"""The Celery application: `celery -A banking worker`, `celery -A banking beat`."""

import ctypes
import os
from contextlib import suppress

from celery import Celery
from celery.signals import worker_process_init
from django_structlog.celery.steps import DjangoStructLogInitStep

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "banking.settings")

app = Celery("banking")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.steps["worker"].add(DjangoStructLogInitStep)
app.autodiscover_tasks()

# From malloc.h, and how many bytes count as many.
_M_MMAP_THRESHOLD, _MANY = -3, 1_000_000


@worker_process_init.connect
def give_memory_back(**_: object) -> None:
    """Let the C library return each large buffer, such as an uploaded file, when it is freed.

    By itself glibc takes the first one freed as a sign to keep as large ones for later, and smaller
    values then stay between them.
    """
    with suppress(AttributeError):  # of another C library
        ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, _MANY)
