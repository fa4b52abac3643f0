from importlib import import_module

from django.apps import AppConfig

from users.erasure import erasers


class InsightsConfig(AppConfig):
    name = "insights"

    def ready(self) -> None:
        erasers.add("insights.exports.erasing.erase_person")
        # Celery tells it how each task ended; it connects itself.
        import_module("insights.staff.job_signals")
