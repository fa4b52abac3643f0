"""The queues staff work through, read from the records themselves, oldest first.

Support works on sign-ins and messages and sees people masked; the others are for those who read
everything, and only admins decide there.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import OuterRef, Subquery
from django.urls import reverse

from accounts.models import BankConnection, HeldRate
from banking.kernel.formats import date_format
from banking.kernel.template_tags import rate
from banking.limits import LOCKED_FOR, QUEUE_LOOKS_BACK, QUEUE_ROWS
from insights.models import JobState, WorkItem
from insights.staff.approving import waiting_approvals
from insights.staff.finding import people_for, shown_email
from insights.staff.job_words import job_name
from transactions.models import ImportBatch
from users.masking import masked_text
from users.messages.kind_words import kind_words
from users.models import AuditEvent, Notification, User
from users.policy import Ability, may
from users.services.second_admin import ERASE_PERSON
from users.services.staffing import LOCKED, with_locks

_CHANNELS = {"email": "email", "sms": "SMS"}


@dataclass(frozen=True, slots=True)
class Item:
    """One task. `key` identifies it and its occurrence; `link` is the page to do it on.

    `words` name it, and `note` says what went wrong, or what to compare with.
    """

    key: str
    since: datetime | None
    words: str
    link: str
    note: str = ""
    customer: User | None = None
    shown_customer: str = ""
    work: WorkItem | None = None


@dataclass(frozen=True, slots=True)
class Queue:
    """One kind of task: who sees it, who may take it, and how to find its items."""

    key: str
    title: str
    sees: Ability
    works: Ability
    find: Callable[[User, datetime], list[Item]]


def _customer_item(
    reader: User, key: str, since: Any, words: str, person: User, note: str = ""
) -> Item:
    link = reverse("admin:customer", args=[person.pk])
    return Item(key, since, words, link, note, person, shown_email(reader, person))


def _verifications(reader: User, at: datetime) -> list[Item]:
    asked = AuditEvent.objects.filter(
        target_type=User._meta.label_lower,
        target_id=OuterRef("pk"),
        action="users.kyc_status.changed",
    )
    people: Any = User.objects.filter(kyc_status=User.KycStatus.PENDING, is_active=True)
    people = people.annotate(asked_at=Subquery(asked.order_by("-id").values("created_at")[:1]))
    return [
        _customer_item(
            reader,
            f"user:{person.pk}:{_second(person.asked_at)}",
            person.asked_at or person.created_at,
            "Identity check requested",
            person,
        )
        for person in people.order_by("asked_at", "pk")[:QUEUE_ROWS]
    ]


def _locked(reader: User, at: datetime) -> list[Item]:
    last = AuditEvent.objects.filter(
        target_type=User._meta.label_lower, target_id=OuterRef("pk"), action=LOCKED
    )
    # Begin with the few that were locked lately instead of asking of each person.
    recent = AuditEvent.objects.filter(action=LOCKED, created_at__gt=at - LOCKED_FOR)
    lately = recent.filter(target_type=User._meta.label_lower).order_by().values("target_id")
    people: Any = with_locks(people_for(reader).filter(is_active=True, pk__in=lately), at)
    people = people.annotate(locked_at=Subquery(last.order_by("-id").values("created_at")[:1]))
    found = people.filter(is_locked=True).order_by("locked_at", "pk")[:QUEUE_ROWS]
    return [
        _customer_item(
            reader,
            f"user:{person.pk}:{_second(person.locked_at)}",
            person.locked_at,
            "Too many wrong passwords",
            person,
        )
        for person in found
    ]


def _messages(reader: User, at: datetime) -> list[Item]:
    status = Notification.Status
    rows = Notification.objects.filter(
        status__in=[status.FAILED, status.UNKNOWN],
        created_at__gte=at - QUEUE_LOOKS_BACK,
        recipient__in=people_for(reader).order_by(),
    )
    return [
        _customer_item(
            reader,
            f"message:{message.pk}:{_second(message.finished_at)}",
            message.finished_at or message.created_at,
            f"{kind_words(message.kind)} by {_CHANNELS[message.channel]}",
            message.recipient,
            masked_text(message.provider_answer),
        )
        for message in rows.select_related("recipient").order_by("pk")[:QUEUE_ROWS]
    ]


def _held_rates(reader: User, at: datetime) -> list[Item]:
    rows = HeldRate.objects.filter(status=HeldRate.Status.HELD).order_by("created_at", "pk")
    url = f"{reverse('admin:accounts_heldrate_changelist')}?status__exact=held"
    return [
        Item(f"rate:{held.pk}", held.created_at, _rate_words(held), url, _known_words(held))
        for held in rows[:QUEUE_ROWS]
    ]


def _rate_words(held: HeldRate) -> str:
    return f"1 {held.base} = {rate(Decimal(held.rate))} {held.quote}"


def _known_words(held: HeldRate) -> str:
    return f"Was {rate(Decimal(held.known_rate))} on {date_format(held.known_on)}"


def _erasures(reader: User, at: datetime) -> list[Item]:
    rows = list(waiting_approvals(at).filter(action=ERASE_PERSON)[:QUEUE_ROWS])
    people = User.objects.in_bulk([row.target_id for row in rows])
    return [
        Item(
            f"approval:{row.pk}",
            row.created_at,
            row.words,
            reverse("admin:approvals"),
            customer=people[row.target_id],
            shown_customer=shown_email(reader, people[row.target_id]),
        )
        for row in rows
    ]


def _jobs(reader: User, at: datetime) -> list[Item]:
    rows = JobState.objects.filter(outcome=JobState.Outcome.FAILED).order_by("failed_at", "pk")
    return [
        Item(
            f"job:{job.pk}:{job.failure_count}",
            job.failed_at,
            job_name(job.name),
            reverse("admin:insights_jobstate_change", args=[job.pk]),
            job.error,
        )
        for job in rows[:QUEUE_ROWS]
    ]


def _imports(reader: User, at: datetime) -> list[Item]:
    rows = ImportBatch.objects.filter(
        status=ImportBatch.Status.FAILED, updated_at__gte=at - QUEUE_LOOKS_BACK
    )
    return [
        _customer_item(
            reader,
            f"import:{batch.pk}",
            batch.updated_at,
            batch.file_name,
            batch.user,
            batch.error,
        )
        for batch in rows.select_related("user").order_by("updated_at", "pk")[:QUEUE_ROWS]
    ]


def _connections(reader: User, at: datetime) -> list[Item]:
    """Broken connections, since their last successful sync, so failed attempts change nothing."""
    broken = [BankConnection.Status.ERROR, BankConnection.Status.NEEDS_LOGIN]
    rows = BankConnection.objects.filter(status__in=broken, disconnected_at=None)
    return [
        _customer_item(
            reader,
            f"connection:{bank.pk}:{_second(bank.last_synced_at)}",
            bank.last_synced_at or bank.created_at,
            bank.institution_name,
            bank.user,
            f"{bank.get_status_display()} {bank.error_code}".strip(),
        )
        for bank in rows.select_related("user").order_by("last_synced_at", "pk")[:QUEUE_ROWS]
    ]


def _second(at: datetime | None) -> int:
    return int(at.timestamp()) if at else 0


_READS, _HELPS, _MANAGES = (
    Ability.READ_EVERYTHING,
    Ability.HELP_PEOPLE,
    Ability.MANAGE_USERS,
)
_STAFF = Ability.USE_STAFF_API
QUEUES: dict[str, Queue] = {
    queue.key: queue
    for queue in (
        Queue("verification", "Identity checks", _READS, _MANAGES, _verifications),
        Queue("sign-ins", "Locked sign-ins", _STAFF, _HELPS, _locked),
        Queue("messages", "Failed messages", _STAFF, _HELPS, _messages),
        Queue("erasures", "Erasure requests", _READS, _MANAGES, _erasures),
        Queue("rates", "Exchange rates to review", _READS, Ability.DECIDE_RATES, _held_rates),
        Queue("jobs", "Failed jobs", _READS, _MANAGES, _jobs),
        Queue("imports", "Failed imports", _READS, _MANAGES, _imports),
        Queue("connections", "Broken bank connections", _READS, _MANAGES, _connections),
    )
}


def queues_for(reader: User) -> list[Queue]:
    """The queues this member of staff may see."""
    return [queue for queue in QUEUES.values() if may(reader, queue.sees)]


def open_items(queue: Queue, reader: User, at: datetime) -> list[Item]:
    """The open items, oldest first, with the person who has taken each."""
    items = queue.find(reader, at)
    rows = WorkItem.objects.filter(queue=queue.key, key__in=[item.key for item in items])
    works = {row.key: row for row in rows.select_related("assignee")}
    return [
        replace(item, work=works.get(item.key))
        for item in items
        if item.key not in works or works[item.key].done_at is None
    ]


def queue_counts(reader: User, at: datetime) -> list[tuple[Queue, int, datetime | None]]:
    """Each queue with its number of open items (at most QUEUE_ROWS) and the oldest one's time."""
    found = [(queue, open_items(queue, reader, at)) for queue in queues_for(reader)]
    return [(queue, len(items), items[0].since if items else None) for queue, items in found]
