"""That something happened on somebody's ledger, for whoever above wants to look soon."""

from django.conf import settings
from django.db import models


class LedgerMark(models.Model):
    """One posting's trace: written in its transaction, removed by the sweep that has looked.

    A new row each time: a row updated in place would be one more lock for postings to wait on,
    and a posting that commits late can never be hidden behind one that committed early.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    touched_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.user_id} at {self.touched_at:%H:%M:%S}"
