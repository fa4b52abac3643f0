"""Soft deletion: deleted rows wait in the trash, and no figure counts them."""

from datetime import datetime

from django.db import models


class Trashable(models.Model):
    """A row that can be moved to the trash and restored; `deleted_at` is when it was deleted.

    The model must have an `updated_at` too. Its app purges rows after limits.TRASH_FOR.
    """

    deleted_at = models.DateTimeField(null=True, blank=True, editable=False)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        abstract = True

    @property
    def is_in_trash(self) -> bool:
        return self.deleted_at is not None

    def throw_away(self, at: datetime) -> None:
        """Move the row to the trash. The caller holds its lock and records the event."""
        self.deleted_at = at
        self.save(update_fields=["deleted_at", "updated_at"])

    def take_back(self, *also: str) -> None:
        """Restore the row, also saving the fields in `also` that changed with it."""
        self.deleted_at = None
        self.save(update_fields=["deleted_at", *also, "updated_at"])
