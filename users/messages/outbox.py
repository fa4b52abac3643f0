"""Outgoing messages: stored in an outbox with the change they report, sent by a job.

`notify` writes rows in the caller's transaction, so a message exists exactly if its change is
committed. `deliver_due` claims each row by compare-and-set, sends outside any transaction and
stores the provider's response. A message is sent at most once: if it is unclear whether one was
sent, it becomes `unknown` and is never resent automatically.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta
from types import ModuleType
from zoneinfo import ZoneInfo

import structlog
from django.conf import settings
from django.core import signing
from django.core.exceptions import ValidationError
from django.db import IntegrityError
from django.db import transaction as db_transaction
from django.db.models import F
from django.urls import reverse

from banking.limits import MESSAGE_CLAIM_FOR, MESSAGES_AT_ONCE, MESSAGES_IN_ONE
from users.audit import trail
from users.messages.channels import Outcome, Result, mail, sms
from users.models import Notification, NotificationOptOut, User

logger = structlog.get_logger(__name__)

EMAIL, SMS = Notification.Channel.EMAIL.value, Notification.Channel.SMS.value
CHANNELS: dict[str, ModuleType] = {EMAIL: mail, SMS: sms}
Status = Notification.Status
BACK_OFF = tuple(timedelta(minutes=m) for m in (1, 5, 15, 60, 180, 360))
_SALT = "users.notifications.unsubscribe"
# How the target key of a message about another person starts.
ABOUT_OWNER = "owner:"
_SETTLED = {
    Result.SENT: Status.SENT,
    Result.SKIPPED: Status.SKIPPED,
    Result.FAILED: Status.FAILED,
    Result.UNKNOWN: Status.UNKNOWN,
}
SENT_AGAIN = [Status.FAILED, Status.UNKNOWN, Status.SKIPPED]
# Statuses in Twilio's callbacks, and the states each may follow: never backward.
_OPEN: list[str] = [Status.CLAIMED, Status.UNKNOWN]
_CALLBACKS: dict[str, tuple[str, list[str]]] = {
    **dict.fromkeys(
        ("accepted", "scheduled", "queued", "sending", "sent"), (Status.SENT.value, _OPEN)
    ),
    **dict.fromkeys(
        ("delivered", "read"), (Status.DELIVERED.value, [*_OPEN, Status.SENT, Status.FAILED])
    ),
    **dict.fromkeys(
        ("undelivered", "failed", "canceled"), (Status.FAILED.value, [*_OPEN, Status.SENT])
    ),
}


# --- Writing -------------------------------------------------------------------------------------


def notify(
    *,
    recipient: User,
    kind: str,
    target_key: str,
    channels: Iterable[str],
    subject: str,
    text: str,
    on: date,
    at: datetime,
    link: str = "",
    is_urgent: bool = False,
) -> list[Notification]:
    """Store a message in the caller's transaction; at most one per recipient's local day.

    `target_key` names the object it is about, `on` is the recipient's own date, `link` a path of
    this site. Channels the recipient opted out of are skipped; quiet hours delay the others.
    """
    silenced = opted_out_kinds(recipient)
    due_at = at if is_urgent else after_quiet_hours(recipient, at)
    written = []
    for channel in channels:
        if (kind, channel) in silenced:
            continue
        row = Notification(
            recipient=recipient,
            kind=kind,
            target_key=target_key,
            channel=channel,
            local_day=on,
            subject=subject[:200],
            text=text[:1000],
            link=link[:300],
            is_urgent=is_urgent,
            due_at=due_at,
        )
        try:
            with db_transaction.atomic():
                row.save(force_insert=True)
        except IntegrityError:
            continue  # Already stored by an earlier or concurrent run.
        written.append(row)
    return written


def after_quiet_hours(user: User, at: datetime) -> datetime:
    """`at`, or the end of the quiet hours around it, in the user's time zone."""
    start, end = user.quiet_from, user.quiet_until
    if start is None or end is None or start == end:
        return at
    zone = ZoneInfo(user.timezone)
    local = at.astimezone(zone)
    clock = local.time()
    is_quiet = start <= clock < end if start < end else clock >= start or clock < end
    if not is_quiet:
        return at
    day = local.date() + timedelta(days=1 if clock >= end else 0)
    # When clocks go back, the first of the two moments may be in the past.
    ends = (datetime.combine(day, end, zone).replace(fold=fold) for fold in (0, 1))
    return next((end.astimezone(at.tzinfo) for end in ends if end > at), at)


@db_transaction.atomic
def set_quiet_hours(
    *, actor: User, user: User, quiet_from: time | None, quiet_until: time | None
) -> User:
    """Set the hours, in the user's time zone, in which emails and SMS wait.
    Give both or neither.
    """
    if (quiet_from is None) != (quiet_until is None):
        raise ValidationError({"quiet_until": "Enter both times or neither."})
    if quiet_from is not None and quiet_from == quiet_until:
        raise ValidationError({"quiet_until": "Quiet hours can't start and end at the same time."})
    locked = User.objects.select_for_update().get(pk=user.pk)
    before = locked.quiet_from, locked.quiet_until
    locked.quiet_from, locked.quiet_until = quiet_from, quiet_until
    locked.save(update_fields=["quiet_from", "quiet_until", "updated_at"])
    trail.record(
        actor=actor,
        action="users.quiet_hours.changed",
        target=locked,
        quiet_from=[before[0], quiet_from],
        quiet_until=[before[1], quiet_until],
    )
    return locked


def channel_problem(user: User, channel: str) -> str:
    """Why this channel cannot reach the user now; "" if it can."""
    return CHANNELS[channel].problem(user)


# --- Sending -------------------------------------------------------------------------------------


def deliver_due(*, at: datetime, limit: int = MESSAGES_AT_ONCE) -> dict[str, int]:
    """Send due messages, oldest first; returns the count per state.

    Emails to one person that are due together are sent as one, urgent ones apart. Several runs may
    work at once. A run skips a channel once it is down.
    """
    give_up_claimed(at=at)
    down: set[str] = set()
    counts: dict[str, int] = {}
    due = Notification.objects.filter(status=Status.PENDING, due_at__lte=at)
    for pk, channel in list(due.order_by("due_at", "id").values_list("pk", "channel")[:limit]):
        if channel in down:
            continue
        claimed = _claim_together(pk, at)
        if not claimed:
            continue
        outcome = _send(claimed)
        if outcome.is_down:
            down.add(channel)
        for row in claimed:
            state = _settle(row, outcome, at)
            counts[state] = counts.get(state, 0) + 1
    return counts


def _claim_together(pk: int, at: datetime) -> list[Notification]:
    """Claim one row, and if it is an email that isn't urgent, those due to the same person too.

    Messages about somebody else stay apart, so that erasing that person erases the whole mail.
    """
    first = _claim(pk, at)
    if first is None:
        return []
    claimed = [first]
    is_apart = first.is_urgent or first.target_key.startswith(ABOUT_OWNER)
    if first.channel == EMAIL and not is_apart:
        others = Notification.objects.filter(
            recipient=first.recipient_id,
            channel=EMAIL,
            is_urgent=False,
            status=Status.PENDING,
            due_at__lte=at,
        )
        others = others.exclude(target_key__startswith=ABOUT_OWNER)
        pks = others.order_by("due_at", "id").values_list("pk", flat=True)
        found = (_claim(other, at) for other in list(pks[: MESSAGES_IN_ONE - 1]))
        claimed += [row for row in found if row is not None]
    return claimed


def give_up_claimed(*, at: datetime) -> int:
    """Mark old claims as unknown: their worker died, so nobody knows whether they were sent."""
    lost = Notification.objects.filter(status=Status.CLAIMED, claimed_at__lt=at - MESSAGE_CLAIM_FOR)
    return lost.update(
        status=Status.UNKNOWN,
        finished_at=at,
        updated_at=at,
        provider_answer=(
            "Delivery was interrupted before we got an answer. It isn't resent automatically."
        ),
    )


def _claim(pk: int, at: datetime) -> Notification | None:
    """Claim one row unless another run has; postpone it if quiet hours have begun."""
    mine = Notification.objects.filter(pk=pk, status=Status.PENDING, due_at__lte=at)
    row = mine.select_related("recipient").first()
    if row is None:
        return None
    later = at if row.is_urgent else after_quiet_hours(row.recipient, at)
    if later > at:
        mine.update(due_at=later, updated_at=at)
        return None
    taken = mine.update(
        status=Status.CLAIMED, claimed_at=at, attempts=F("attempts") + 1, updated_at=at
    )
    row.attempts += 1
    return row if taken == 1 else None


def _send(rows: list[Notification]) -> Outcome:
    if not rows[0].recipient.is_active:
        return Outcome(Result.SKIPPED, "Not sent because the recipient's account is deactivated.")
    return CHANNELS[rows[0].channel].send(rows, unsubscribe_url=unsubscribe_url(rows))


def _settle(row: Notification, outcome: Outcome, at: datetime) -> str:
    """Store the result of a claimed row; keep a status that its callback already set."""
    answer = outcome.answer.replace("\x00", "")[:500]
    changes = {"provider_answer": answer, "updated_at": at, "finished_at": at}
    if outcome.provider_id:
        changes["provider_id"] = outcome.provider_id
    if outcome.result is not Result.RETRY:
        changes["status"] = _SETTLED[outcome.result]
    elif row.attempts > len(BACK_OFF):
        changes["status"] = Status.FAILED
    else:
        changes |= {
            "status": Status.PENDING,
            "due_at": at + BACK_OFF[row.attempts - 1],
            "finished_at": None,
        }
    mine = Notification.objects.filter(pk=row.pk, attempts=row.attempts)
    if not mine.filter(status__in=_OPEN).update(**changes) and outcome.provider_id:
        mine.update(provider_id=outcome.provider_id, updated_at=at)
    if changes["status"] in (Status.FAILED, Status.UNKNOWN):
        logger.warning("notification_not_sent", notification_id=row.pk, status=changes["status"])
    return str(changes["status"])


def take_callback(
    *, notification_id: int, provider_id: str, status: str, error_code: str, at: datetime
) -> bool:
    """Apply Twilio's status callback, which may precede the response; False if
    it changes nothing.
    """
    if status not in _CALLBACKS:
        return False
    becomes, news_from = _CALLBACKS[status]
    row = Notification.objects.filter(pk=notification_id, channel=SMS, attempts__gt=0)
    if not row.filter(provider_id__in=["", provider_id]).exists():
        return False
    words = f"{status} {error_code}".strip()
    changed = row.filter(status__in=news_from, provider_id__in=["", provider_id]).update(
        status=becomes,
        provider_id=provider_id,
        provider_answer=words,
        finished_at=at,
        updated_at=at,
    )
    return changed == 1


@db_transaction.atomic
def send_again(*, actor: User, notification: Notification, at: datetime) -> Notification:
    """Queue a message again if it may not have been sent. Raises ValidationError otherwise.

    A person decides: if the outcome is unknown, it may arrive twice.
    """
    again = Notification.objects.filter(pk=notification.pk, status__in=SENT_AGAIN)
    changed = again.update(
        status=Status.PENDING, due_at=at, attempts=0, provider_id="", finished_at=None
    )
    if not changed:
        raise ValidationError(
            "You can only resend a message that failed or may not have been sent."
        )
    notification.refresh_from_db()
    trail.record(
        actor=actor,
        action="users.notification.sent_again",
        target=notification,
        owner_id=notification.recipient_id,
    )
    return notification


# --- Opting out ----------------------------------------------------------------------------------


def opted_out_kinds(user: User) -> set[tuple[str, str]]:
    """(kind, channel) of everything the user opted out of."""
    return set(NotificationOptOut.objects.filter(user=user).values_list("kind", "channel"))


@db_transaction.atomic
def opt_out(*, actor: User, user: User, kind: str, channel: str) -> None:
    """Stop messages of this kind by this channel."""
    _, is_new = NotificationOptOut.objects.get_or_create(user=user, kind=kind, channel=channel)
    if is_new:
        trail.record(
            actor=actor,
            action="users.notifications.opted_out",
            target=user,
            kind=kind,
            channel=channel,
        )


@db_transaction.atomic
def opt_in(*, actor: User, user: User, kind: str, channels: Iterable[str]) -> None:
    """Resume messages of this kind by these channels."""
    channels = list(channels)
    gone = NotificationOptOut.objects.filter(user=user, kind=kind, channel__in=channels).delete()
    if gone[0]:
        trail.record(
            actor=actor,
            action="users.notifications.opted_in",
            target=user,
            kind=kind,
            channels=channels,
        )


def unsubscribe_url(rows: Sequence[Notification]) -> str:
    """The unsubscribe link of a mail with these messages, for all of their kinds. It needs no
    sign-in and does nothing else.
    """
    kinds = ",".join(dict.fromkeys(row.kind for row in rows))
    token = signing.dumps([rows[0].recipient_id, kinds, rows[0].channel], salt=_SALT, compress=True)
    return settings.SITE_URL.rstrip("/") + reverse("users:unsubscribe", args=[token])


def read_unsubscribe(token: str) -> tuple[User, list[str], str] | None:
    """(user, kinds, channel) of an unsubscribe link; None if it is invalid."""
    try:
        user_id, kinds, channel = signing.loads(token, salt=_SALT)
    except (signing.BadSignature, ValueError, TypeError):
        return None
    user = User.objects.filter(pk=user_id).first()
    return (user, kinds.split(","), channel) if user is not None else None
