from importlib import import_module

from django.apps import AppConfig

from bills.doubts import askers
from users.erasure import erasers
from users.services.second_admin import askers as second_admin_askers


class InsightsConfig(AppConfig):
    name = "insights"

    def ready(self) -> None:
        erasers.add("insights.exports.erasing.erase_person")
        second_admin_askers.add("insights.staff.approving.ask")
        askers.add("insights.recurring.doubts.doubts_of_bill")
        # Connects the handlers that record how each Celery task ended.
        import_module("insights.staff.job_signals")
