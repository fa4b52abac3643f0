from django.apps import AppConfig

from users.erasure import erase_by


class InsightsConfig(AppConfig):
    name = "insights"

    def ready(self) -> None:
        erase_by("insights.exports.erasing.erase_person")
