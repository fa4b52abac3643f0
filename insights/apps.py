from importlib import import_module

from django.apps import AppConfig

from users.erasure import erasers


class InsightsConfig(AppConfig):
    name = "insights"

    def ready(self) -> None:
        erasers.add("insights.exports.erasing.erase_person")
        # Connects the handlers that record how each Celery task ended.
        import_module("insights.staff.job_signals")
