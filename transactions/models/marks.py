"""Marks that a ledger has changed, for apps above that react to changes."""

from django.conf import settings
from django.db import models


class LedgerMark(models.Model):
    """The mark of one posting, written in its database transaction and deleted by the next sweep.

    Each mark is a new row: updating a shared row would make postings wait for its lock, and a late
    commit can never be hidden by an earlier one.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    touched_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.user_id} at {self.touched_at:%H:%M:%S}"
