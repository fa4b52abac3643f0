from django.apps import AppConfig

from users.erasure import erase_by


class InsightsConfig(AppConfig):
    name = "insights"

    def ready(self) -> None:
        erase_by("insights.services.erasing.erase_person")
