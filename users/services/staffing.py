"""Staff actions on users: create them, change them, unlock sign-ins."""

from datetime import datetime
from typing import Any

from allauth.account.models import EmailAddress
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError
from django.db import transaction as db_transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from banking.kernel.fields import folded
from banking.limits import LOCKED_FOR
from users import limits
from users.audit import trail
from users.messages.outbox import send_again
from users.models import DIGITS, EMAIL_TAKEN, AuditEvent, Notification, User
from users.policy import CUSTOMERS, Ability, is_staff_role, may, require
from users.services import second_admin
from users.services.people import (
    errors_of,
    set_active,
    set_role,
    update_profile,
)
from users.services.sessions import sign_out_everywhere

FIRST_A_CUSTOMER = "Create a customer first, then request the admin role."
LOCKED, UNLOCKED = "users.sign_in.locked", "users.sign_in.unlocked"


def create_person(
    *,
    actor: User,
    name: str,
    email: str,
    role: str = User.Role.USER,
    phone: str = "",
    base_currency: str = "",
    is_active: bool = True,
) -> User:
    """Create a user who sets their own password by mail (sent by the caller). Admins only."""
    require(actor, Ability.MANAGE_USERS)
    if role == User.Role.ADMIN and second_admin.is_needed():
        raise ValidationError({"role": FIRST_A_CUSTOMER})
    user = User(
        email=email.strip().lower(),
        name=name.strip(),
        phone=phone.strip(),
        role=role,
        is_active=is_active,
        is_staff=is_staff_role(role) if role in User.Role.values else False,
        is_superuser=role == User.Role.ADMIN,
    )
    if base_currency:
        user.base_currency = base_currency.upper()
    user.set_unusable_password()
    errors = errors_of(user)
    if not user.name:
        errors.setdefault("name", ["Enter a name."])
    if errors:
        raise ValidationError(errors)
    try:
        with db_transaction.atomic():
            user.save(force_insert=True)
            EmailAddress.objects.create(user=user, email=user.email, primary=True, verified=False)
            trail.record(
                actor=actor,
                action="users.user.created",
                target=user,
                email=user.email,
                name=user.name,
                role=user.role,
                is_active=user.is_active,
            )
    except IntegrityError as error:
        raise ValidationError({"email": EMAIL_TAKEN}) from error
    return user


@db_transaction.atomic
def unlock_sign_in(*, actor: User, user: User) -> None:
    """Reset an account's count of wrong passwords. Grants no access by itself."""
    require_may_help(actor, user)
    trail.record(actor=actor, action=UNLOCKED, target=user)
    for name in sorted(limits.FORGIVABLE):
        limits.forgive(name, user.email)


def record_list_exported(*, actor: User, table: str, query: str) -> None:
    """Record that a member of staff exported a list, and with which filters."""
    require(actor, Ability.READ_EVERYTHING)
    trail.record(actor=actor, action="users.list.exported", table=table, query=query[:500])


@db_transaction.atomic
def end_sessions(*, actor: User, user: User) -> None:
    """Sign a person out of every browser and app, for support: a lost phone, a stolen password."""
    require_may_help(actor, user)
    sign_out_everywhere(actor=actor, user=user)


def messages_for(reader: User) -> QuerySet[Notification]:
    """The messages this member of staff may see: support, only those to customers."""
    rows = Notification.objects.all()
    if may(reader, Ability.READ_EVERYTHING):
        return rows
    return rows.filter(recipient__role__in=CUSTOMERS)


@db_transaction.atomic
def resend_message(*, actor: User, notification: Notification, at: datetime) -> Notification:
    """Queue a person's message again. Raises ValidationError if it was sent or is waiting."""
    require_may_help(actor, notification.recipient)
    return send_again(actor=actor, notification=notification, at=at)


def require_may_help(actor: User, user: User) -> None:
    """Raise PermissionDenied unless this member of staff may help this person.

    Nobody helps themselves, and only admins help other staff.
    """
    require(actor, Ability.HELP_PEOPLE)
    if actor.pk == user.pk:
        raise PermissionDenied("You can't do this to your own account here.")
    if is_staff_role(user.role):
        require(actor, Ability.MANAGE_USERS)


def with_locks(users: QuerySet[User], at: datetime) -> QuerySet[User]:
    """Annotate `is_locked`: wrong passwords lock the account for at least some addresses."""
    about = AuditEvent.objects.filter(target_type="users.user", target_id=OuterRef("pk"))
    unlocked_since = AuditEvent.objects.filter(
        target_type="users.user",
        target_id=OuterRef("target_id"),
        action=UNLOCKED,
        id__gt=OuterRef("id"),
    )
    locks = about.filter(action=LOCKED, created_at__gt=at - LOCKED_FOR)
    return users.annotate(is_locked=Exists(locks.exclude(Exists(unlocked_since))))


def found_people(users: QuerySet[User], text: str, *, exactly: bool) -> QuerySet[User]:
    """Users whose name, email or phone number holds every word, whatever its case and accents.

    `exactly` compares whole emails, phone numbers and names, for staff who see masked values.
    """
    text = " ".join(text.split())
    digits = phone_digits(text)
    if not folded(text):
        return users.none()
    if exactly:
        # The lines of search_text: name, email, phone number.
        wanted = Q(email=text.lower()) | Q(search_text__startswith=f"{folded(text)}\n")
        if digits:
            wanted |= Q(search_text__endswith=f"\n{digits}")
        return users.filter(wanted)
    for word in [digits] if digits else folded(text).split():
        users = users.filter(search_text__contains=word)
    return users


def phone_digits(text: str) -> str:
    """The digits of a text that may be a number, with whatever punctuation; otherwise ""."""
    digits = "".join(char for char in text if char in DIGITS)
    return digits if digits and not text.strip("+-/().0123456789 ") else ""


def gives_or_takes_rights(user: User | None, changes: dict[str, Any]) -> bool:
    """Whether a change of a user, or creating one (None), requires a step-up."""
    role = changes.get("role")
    if user is None:
        return role is not None and role in User.Role.values and is_staff_role(role)
    return any(
        name in changes and changes[name] != getattr(user, name) for name in ("role", "is_active")
    )


def needs_second_admin(user: User | None, changes: dict[str, Any]) -> bool:
    """Whether these changes create or reactivate an admin, where that takes two admins."""
    if user is None or not second_admin.is_needed():
        return False
    role = changes.get("role", user.role)
    is_active = changes.get("is_active", user.is_active)
    becomes = role == User.Role.ADMIN and user.role != role
    returns = role == User.Role.ADMIN and is_active and not user.is_active
    return becomes or returns


@db_transaction.atomic
def change_person(*, actor: User, user: User, **changes: Any) -> User:
    """Apply an admin's changes to a user: all or none, each with its own event."""
    require(actor, Ability.MANAGE_USERS)
    changed = user
    # Change the role first, because it takes the most locks.
    for field, service in (("role", set_role), ("is_active", set_active)):
        if field in changes:
            changed = service(actor=actor, user=user, **{field: changes.pop(field)})
    return update_profile(actor=actor, user=user, **changes) if changes else changed
