"""`manage.py migrate`, which also installs the schedule's defaults (banking/beat.py)."""

from typing import Any

from django.core.management.commands import migrate
from django.db import DEFAULT_DB_ALIAS, connections
from django_celery_beat.models import PeriodicTask

from banking.beat import install_schedule


class Command(migrate.Command):
    def handle(self, *args: Any, **options: Any) -> None:
        super().handle(*args, **options)
        only_looks = options["plan"] or options["check_unapplied"]
        if only_looks or options["database"] != DEFAULT_DB_ALIAS:
            return
        # After a backward migration (`migrate app zero`) its table may not exist.
        tables = connections[DEFAULT_DB_ALIAS].introspection.table_names()
        if PeriodicTask._meta.db_table in tables:
            install_schedule()
