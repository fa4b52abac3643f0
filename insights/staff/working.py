"""Taking an item of a queue, returning it, and closing it with a note."""

from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import IntegrityError
from django.db import transaction as db_transaction

from insights.models import WorkItem
from insights.staff.queues import Item, Queue
from users.audit import trail
from users.models import User
from users.policy import require

LONGEST_NOTE = 200


@db_transaction.atomic
def take(*, actor: User, queue: Queue, item: Item, at: datetime) -> WorkItem:
    """Take an open item. Raises ValidationError if a colleague has it."""
    row = _locked(actor, queue, item)
    if row.assignee_id not in (None, actor.pk):
        raise ValidationError("A colleague has already taken this.")
    row.assignee, row.taken_at = actor, at
    row.save(update_fields=["assignee", "taken_at"])
    _record(actor, "insights.work.taken", queue, item)
    return row


@db_transaction.atomic
def release(*, actor: User, queue: Queue, item: Item) -> WorkItem:
    """Return an item to the queue, one's own or an absent colleague's."""
    row = _locked(actor, queue, item)
    row.assignee, row.taken_at = None, None
    row.save(update_fields=["assignee", "taken_at"])
    _record(actor, "insights.work.released", queue, item)
    return row


@db_transaction.atomic
def finish(*, actor: User, queue: Queue, item: Item, note: str, at: datetime) -> WorkItem:
    """Close an item with a note; it returns only if the same thing happens again."""
    note = " ".join(note.split())
    if not note or len(note) > LONGEST_NOTE:
        raise ValidationError("Enter a note of at most 200 characters.")
    row = _locked(actor, queue, item)
    if row.assignee_id not in (None, actor.pk):
        raise ValidationError("A colleague has already taken this.")
    row.done_by, row.done_at, row.note = actor, at, note
    row.save(update_fields=["done_by", "done_at", "note"])
    # The note stays out of the trail: it may name the customer, whose erasure must reach it.
    _record(actor, "insights.work.done", queue, item)
    return row


def _locked(actor: User, queue: Queue, item: Item) -> WorkItem:
    """The item's row, locked and still open; created if no one has touched it."""
    require(actor, queue.works)
    try:
        with db_transaction.atomic():
            WorkItem.objects.create(queue=queue.key, key=item.key, about=item.customer)
    except IntegrityError:
        pass  # It has a row from an earlier occurrence.
    row = WorkItem.objects.select_for_update().get(queue=queue.key, key=item.key)
    if row.done_at is not None:
        raise ValidationError("This was already finished.")
    return row


def _record(actor: User, action: str, queue: Queue, item: Item) -> None:
    # Recorded in the staff member's chain: notes about a customer don't belong in their activity.
    trail.record(actor=actor, action=action, owner_id=actor.pk, queue=queue.title, item=item.key)
