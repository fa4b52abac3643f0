"""Category choices a person asked us to forget."""

from django.conf import settings
from django.db import models

from users.models import User


class ForgottenChoicesQuerySet(models.QuerySet["ForgottenChoices"]):
    def visible_to(self, user: User) -> "ForgottenChoicesQuerySet":
        """Visible only to the person whose choices they are."""
        return self.filter(user=user)


class ForgottenChoices(models.Model):
    """Choices at one merchant that no longer count: all those made before `forgotten_at`.

    `payee` is the key of `rules/learning.py::payee_of`. Money in and money out are two separate
    habits.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="forgotten_choices"
    )
    payee = models.CharField(max_length=200)
    is_inflow = models.BooleanField()
    # The merchant's name as shown at the time.
    title = models.CharField(max_length=200)
    forgotten_at = models.DateTimeField()

    objects = ForgottenChoicesQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "forgotten choices"
        ordering = ["-forgotten_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["user", "payee", "is_inflow"], name="forgotten_choices_unique"
            )
        ]

    def __str__(self) -> str:
        return f"{self.title} of {self.user_id}"
