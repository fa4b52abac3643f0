"""Messages to people: an outbox written with what they are about, carried out by a job.

`notify` writes rows in the caller's transaction: a fact that is not committed is not told, and one
that is committed is not forgotten. `deliver_due` claims each row by compare-and-set, sends outside
any transaction and stores what the provider said. A message goes out at most once: when it is not
known whether one left, it is `unknown`, shown as that, and never sent again by itself.
"""

from collections.abc import Iterable
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

from banking.limits import MESSAGE_CLAIM_FOR, MESSAGES_AT_ONCE
from users.audit import trail
from users.messages.channels import Outcome, Result, mail, sms
from users.models import Notification, NotificationOptOut, User

logger = structlog.get_logger(__name__)

EMAIL, SMS = Notification.Channel.EMAIL.value, Notification.Channel.SMS.value
CHANNELS: dict[str, ModuleType] = {EMAIL: mail, SMS: sms}
Status = Notification.Status
BACK_OFF = tuple(timedelta(minutes=m) for m in (1, 5, 15, 60, 180, 360))
_SALT = "users.notifications.unsubscribe"
_SETTLED = {
    Result.SENT: Status.SENT,
    Result.SKIPPED: Status.SKIPPED,
    Result.FAILED: Status.FAILED,
    Result.UNKNOWN: Status.UNKNOWN,
}
SENT_AGAIN = [Status.FAILED, Status.UNKNOWN, Status.SKIPPED]
# What Twilio tells later, and from which states it is news: never backwards.
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
    """Write what is to be sent, in the caller's transaction; nothing twice on one local day.

    `target_key` names the object it is about, `on` is the recipient's own date, `link` a path of
    this site. Channels the recipient opted out of are left out; quiet hours delay the rest.
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
            continue  # Told already, by an earlier run or by one beside us.
        written.append(row)
    return written


def after_quiet_hours(user: User, at: datetime) -> datetime:
    """`at`, or the end of the quiet hours it falls into by the user's own clock."""
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
    # Where the clock is put back, the first of the two moments may lie behind us.
    ends = (datetime.combine(day, end, zone).replace(fold=fold) for fold in (0, 1))
    return next((one.astimezone(at.tzinfo) for one in ends if one > at), at)


@db_transaction.atomic
def set_quiet_hours(
    *, actor: User, user: User, quiet_from: time | None, quiet_until: time | None
) -> User:
    """Between these, by the user's own clock, emails and SMS wait. Both or neither."""
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
    """Why nothing reaches this user by that channel now; "" where it does."""
    return CHANNELS[channel].problem(user)


# --- Sending -------------------------------------------------------------------------------------


def deliver_due(*, at: datetime, limit: int = MESSAGES_AT_ONCE) -> dict[str, int]:
    """Send what is due, the oldest first; how many came to which state.

    Any number of these may run at once. A channel that is down is left alone for this run.
    """
    give_up_claimed(at=at)
    down: set[str] = set()
    counts: dict[str, int] = {}
    due = Notification.objects.filter(status=Status.PENDING, due_at__lte=at)
    for pk, channel in list(due.order_by("due_at", "id").values_list("pk", "channel")[:limit]):
        if channel in down:
            continue
        claimed = _claim(pk, at)
        if claimed is None:
            continue
        outcome = _send(claimed)
        if outcome.is_down:
            down.add(channel)
        state = _settle(claimed, outcome, at)
        counts[state] = counts.get(state, 0) + 1
    return counts


def give_up_claimed(*, at: datetime) -> int:
    """Claimed long ago and never settled: its worker died, and nobody knows whether it left."""
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
    """Take one row, unless somebody else did; moved on when the quiet hours have begun since."""
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


def _send(row: Notification) -> Outcome:
    if not row.recipient.is_active:
        return Outcome(Result.SKIPPED, "Not sent because the recipient's account is deactivated.")
    return CHANNELS[row.channel].send(row, unsubscribe_url=unsubscribe_url(row))


def _settle(row: Notification, outcome: Outcome, at: datetime) -> str:
    """Store what came of a claimed row; what its callback told meanwhile stays."""
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
    """What Twilio tells of a message after its answer, or before; False where it is no news."""
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
    """Put a message that is not known to have left back in line. ValidationError for any other.

    A person decides: one whose outcome is unknown may arrive twice then.
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
    """(kind, channel) of everything the user wants no more messages of."""
    return set(NotificationOptOut.objects.filter(user=user).values_list("kind", "channel"))


@db_transaction.atomic
def opt_out(*, actor: User, user: User, kind: str, channel: str) -> None:
    """No more messages of this kind by this channel."""
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
    """Messages of this kind by these channels again."""
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


def unsubscribe_url(row: Notification) -> str:
    """The link in a mail that ends mails of its kind; it needs no sign-in and does nothing else."""
    token = signing.dumps([row.recipient_id, row.kind, row.channel], salt=_SALT, compress=True)
    return settings.SITE_URL.rstrip("/") + reverse("users:unsubscribe", args=[token])


def read_unsubscribe(token: str) -> tuple[User, str, str] | None:
    """(user, kind, channel) of an unsubscribe link; None for one that is not ours."""
    try:
        user_id, kind, channel = signing.loads(token, salt=_SALT)
    except (signing.BadSignature, ValueError, TypeError):
        return None
    user = User.objects.filter(pk=user_id).first()
    return (user, kind, channel) if user is not None else None
