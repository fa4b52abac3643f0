"""Soft deletion: what people delete waits in the trash, and no figure counts it."""

from datetime import datetime

from django.db import models


class Trashable(models.Model):
    """A row that people can throw away and take back; `deleted_at` is when it was thrown away.

    The model has an `updated_at` too. What is purged after limits.TRASH_FOR is up to its app.
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
        """Take the row out of the trash, and save the fields `also` that had to change with it."""
        self.deleted_at = None
        self.save(update_fields=["deleted_at", *also, "updated_at"])
