"""Erase a person: delete all their data in one transaction. The audit trail still verifies.

Deleted: every row they own (ownership.py), including receipts, imports and exports; sessions and
tokens; mails kept in a folder. Kept: the user's row, stripped of personal data because the audit
trail refers to it, and the trail without its details.
"""

from datetime import datetime, timedelta
from email import message_from_bytes
from pathlib import Path

import structlog
from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import ValidationError
from django.core.files.storage import Storage
from django.db import connection
from django.db import transaction as db_transaction
from django.db.models import FileField, Q, QuerySet

from accounts.models import AccountShare
from accounts.services import lock_accounts
from banking.kernel.django_private import delete_at_once
from insights.exports.ownership import rows_of, tables_of_people
from insights.figures.kept import forget_kept
from insights.models import Approval
from transactions.models import ImportBatch
from transactions.services.connecting import accesses_of, give_up
from transactions.services.import_progress import forget_progress
from users.audit import trail
from users.audit.trail import RequestInfo, current_request_info, request_info
from users.demo import require_own_sign_in
from users.erasure import is_erased, nobodys_address
from users.messages.channels.mail import message_id
from users.models import AuditEvent, IdempotentCommand, Notification, User
from users.policy import Ability, is_staff_role, require
from users.services.second_admin import ERASE_PERSON, require_second_admin
from users.services.sessions import end_everything

logger = structlog.get_logger(__name__)

ERASED = "users.user.erased"
_KEPT_FIELDS = {"id", "password", "email", "is_active", "session_version", "created_at"}
# A request that began before the erasure may still write after it; the nightly job cleans that up.
_LOOKED_AT_AGAIN = timedelta(days=2)
_END_OF_MAIL = b"\n" + b"-" * 79 + b"\n"


def erase_person(*, actor: User, user: User, confirmation: str, reason: str = "own_wish") -> None:
    """Erase one's own account, or another person's as an admin; typing its email confirms it.

    `reason` goes into the trail, so it says nothing about the person. Raises ValidationError if the
    address differs, if no admin would be left, or if a second admin has to approve it
    (insights/staff).
    """
    if actor.pk != user.pk:
        require(actor, Ability.MANAGE_USERS)
    require_erasable(user, confirmation)
    require_second_admin(ERASE_PERSON, user)
    # The audit event must not reveal where the request came from.
    quiet = RequestInfo(request_id=current_request_info().request_id)
    with request_info(quiet), db_transaction.atomic():
        locked = _locked_unless_last_admin(user)
        require_erasable(locked, confirmation)
        lock_accounts(locked.accounts.values_list("pk", flat=True))
        addresses = _addresses_of(locked)
        _lock_shares(locked, addresses)
        elsewhere = _messages_to_others(locked, addresses)
        end_everything(locked)
        _invitations_to(locked, addresses).delete()
        mails, accesses = _messages_about(locked), accesses_of(locked)
        readers = {locked.pk, *_given_to(locked)}
        _delete_rows(locked)
        _forget_who(locked)
        by = locked if actor.pk == locked.pk else actor
        trail.erase_details(actor=by, owner_id=locked.pk, elsewhere=elsewhere)
        trail.record(actor=by, action=ERASED, target=locked, reason=reason)
        db_transaction.on_commit(lambda: _clean_up(addresses, mails), robust=True)
        db_transaction.on_commit(lambda: give_up(accesses), robust=True)
        db_transaction.on_commit(lambda: forget_kept(readers), robust=True)


def require_erasable(user: User, confirmation: str) -> None:
    """Raise ValidationError unless the typed address is this person's, who is not erased yet."""
    require_own_sign_in(user)
    if is_erased(user):
        raise ValidationError("This person's account was already deleted.")
    if confirmation.strip().lower() != user.email.lower():
        raise ValidationError({"confirm": "Type the email exactly as shown."})


def finish_erasures(*, at: datetime) -> int:
    """Delete rows that were written during an erasure in the last days; returns how many."""
    recent = AuditEvent.objects.filter(action=ERASED, created_at__gt=at - _LOOKED_AT_AGAIN)
    count = 0
    for user in User.objects.filter(pk__in=recent.values("target_id"), is_active=False):
        with db_transaction.atomic():
            count += _delete_rows(user)
            # A page that was being made meanwhile may have been kept.
            forget_kept([user.pk])
            late = AuditEvent.objects.filter(chain__name=trail.chain_name(user.pk))
            if late.exclude(salt="").exclude(action__in=(ERASED, trail.DETAILS_ERASED)).exists():
                trail.erase_details(actor=None, owner_id=user.pk, elsewhere=Q(actor=user))
    if recent.exists():
        _clean_up(set(), set())
    return count


def _locked_unless_last_admin(user: User) -> User:
    """Lock the user's row and every admin's in key order, so the last two admins cannot both
    leave.
    """
    whose = Q(role=User.Role.ADMIN) | Q(pk=user.pk)
    rows = User.objects.select_for_update(no_key=True).filter(whose)
    found = {row.pk: row for row in rows.order_by("pk")}
    admins = [pk for pk, row in found.items() if row.role == User.Role.ADMIN and row.is_active]
    if admins == [user.pk]:
        raise ValidationError("You're the last admin. Make someone else an admin first.")
    return found[user.pk]


def _addresses_of(user: User) -> set[str]:
    """Every email address the person ever had here, except addresses that now belong to others."""
    confirmed = AuditEvent.objects.filter(
        action="users.email.confirmed", target_type=User._meta.label_lower, target_id=user.pk
    )
    changed_emails = [(event.changes or {}).get("email") or [] for event in confirmed]
    known = EmailAddress.objects.filter(user=user).values_list("email", flat=True)
    addresses = {
        user.email.lower(),
        *(word.lower() for word in known),
        *(a.lower() for b in changed_emails for a in b),
    }
    others = User.objects.exclude(pk=user.pk).filter(email__in=addresses)
    proven = EmailAddress.objects.exclude(user=user).filter(email__in=addresses, verified=True)
    return (
        addresses
        - {*others.values_list("email", flat=True)}
        - {*proven.values_list("email", flat=True)}
    )


def _invitations_to(user: User, addresses: set[str]) -> QuerySet[AccountShare]:
    """Open invitations to the person. An address they asked for but never confirmed is not
    theirs.
    """
    asked_for = (
        EmailAddress.objects.filter(user=user).filter(verified=False).exclude(email=user.email)
    )
    theirs = addresses - {*asked_for.values_list("email", flat=True)}
    return AccountShare.objects.filter(member=None, invited_email__in=theirs)


def _lock_shares(user: User, addresses: set[str]) -> None:
    """Lock their shares in key order: the other side may accept, end or be erased at the same
    time.
    """
    theirs = Q(user=user) | Q(member=user) | Q(pk__in=_invitations_to(user, addresses).values("pk"))
    rows = AccountShare.objects.select_for_update(of=("self",)).filter(theirs)
    list(rows.order_by("pk").values_list("pk", flat=True))


def _given_to(user: User) -> set[int]:
    """The people who see accounts of this person: the pages kept for them show these."""
    members = AccountShare.objects.filter(user=user).exclude(member=None)
    return {pk for pk in members.values_list("member_id", flat=True) if pk}


def _messages_to_others(user: User, addresses: set[str]) -> Q:
    """Events about the person in other people's chains: their own actions and shares with them.

    Staff actions stay: they are the institution's record of what happened to somebody else.
    """
    taken_up = AccountShare.objects.filter(member=user).values_list("pk", flat=True)
    open_to_them = _invitations_to(user, addresses).values_list("pk", flat=True)
    about_person = Q(
        target_type=AccountShare._meta.label_lower,
        target_id__in=[*taken_up, *open_to_them],
    )
    return about_person if is_staff_role(user.role) else about_person | Q(actor=user)


def _messages_about(user: User) -> set[str]:
    """Delete messages to others about the person; returns the ids of those and of the person's
    own.
    """
    about = Notification.objects.filter(Q(recipient=user) | Q(target_key=f"owner:{user.pk}"))
    ids = {message_id(message) for message in about}
    about.delete()
    return ids


def _delete_rows(user: User) -> int:
    """Delete every row of the person; foreign keys are checked at commit, so cycles are fine."""
    for pk in ImportBatch.objects.filter(user=user).values_list("pk", flat=True):
        forget_progress(pk)
    # Responses sent to people they shared with contain data about their accounts.
    members = AccountShare.objects.filter(user=user).values("member")
    count = IdempotentCommand.objects.filter(user__in=members).delete()[0]
    about = ContentType.objects.get_for_model(User)
    LogEntry.objects.filter(content_type=about, object_id=str(user.pk)).delete()
    # What a second admin was asked to approve names the person in words; erasing only by number.
    about_person = Approval.objects.filter(
        target_type=User._meta.label_lower, target_id=user.pk
    ).exclude(action=ERASE_PERSON)
    count += about_person.delete()[0]
    for model in tables_of_people():
        rows = rows_of(model, user)
        for field in model._meta.concrete_fields:
            if isinstance(field, FileField):
                _delete_files(field.storage, set(rows.values_list(field.name, flat=True)))
        count += delete_at_once(rows)
    return count


def _delete_files(storage: Storage, names: set[str]) -> None:
    def delete() -> None:
        for name in names - {"", None}:
            storage.delete(name)

    db_transaction.on_commit(delete, robust=True)


def _forget_who(locked: User) -> None:
    """Reset every field of the user's row to a new user's values; only the id stays."""
    for field in User._meta.concrete_fields:
        if field.name not in _KEPT_FIELDS:
            setattr(locked, field.attname, field.get_default())
    locked.email = nobodys_address(locked.pk)
    locked.is_active = False
    locked.set_unusable_password()
    locked.save()


# --- Outside the transaction -------------------------------------------------------------------


def _clean_up(addresses: set[str], ids: set[str]) -> None:
    """Remove mails kept in the folder, and the deleted data that SQLite's log still holds."""
    folder = Path(settings.EMAIL_FILE_PATH)
    for path in folder.glob("*.log") if addresses and folder.is_dir() else ():
        _take_mails_out(path, addresses, ids)
    if connection.vendor == "sqlite" and not connection.in_atomic_block:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _take_mails_out(path: Path, addresses: set[str], ids: set[str]) -> None:
    """Remove their mails from the folder; a file may also hold mails to others, which stay."""
    mails = path.read_bytes().split(_END_OF_MAIL)
    left = [mail for mail in mails if not _is_about(mail, addresses, ids)]
    if len(left) == len(mails):
        return
    if any(mail.strip() for mail in left):
        path.write_bytes(_END_OF_MAIL.join(left))
    else:
        path.unlink()


def _is_about(mail: bytes, addresses: set[str], ids: set[str]) -> bool:
    head = message_from_bytes(mail.lstrip())
    recipients = str(head.get("To", "")).lower()
    named = {part.rpartition("<")[2].strip(" >") for part in recipients.split(",")}
    return bool(named & addresses) or head.get("Message-ID", "") in ids
