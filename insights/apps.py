from importlib import import_module

from django.apps import AppConfig

from banking.kernel.metrics import state_readers
from bills.doubts import askers
from users.erasure import erasers, erasure_withdrawers, waiting_erasures
from users.services.second_admin import askers as second_admin_askers


class InsightsConfig(AppConfig):
    name = "insights"

    def ready(self) -> None:
        erasers.add("insights.staff.erasures.erase_or_ask")
        waiting_erasures.add("insights.staff.erasures.waiting_erasure")
        erasure_withdrawers.add("insights.staff.erasures.withdraw_own_erasure")
        second_admin_askers.add("insights.staff.approving.ask")
        askers.add("insights.recurring.doubts.doubts_of_bill")
        state_readers.add("insights.staff.state_metrics.read_state")
        # Connects the handlers that record how each Celery task ended.
        import_module("insights.staff.job_signals")
