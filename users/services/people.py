"""Sign-up, profile, password, role, active status: all writes of User."""

import re
from typing import Any

from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import make_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError
from django.db import transaction as db_transaction
from django.db.models import Q

from users.audit import trail
from users.base_currency import let_base_currency_followers_know
from users.demo import require_own_sign_in
from users.erasure import is_erased
from users.locales import is_locale
from users.models import EMAIL_TAKEN, User
from users.policy import Ability, is_staff_role, require
from users.services.factors import cancel_email_change
from users.services.second_admin import GRANT_ADMIN, require_second_admin
from users.services.sessions import end_everything, lock_user

EDITABLE = ("name", "phone", "base_currency", "timezone", "locale", "theme")
# Names appear in mails to others: no line breaks, no bidirectional marks, no links.
_NOT_IN_A_NAME = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]|://|\bwww\.", re.IGNORECASE
)
PHONE_PATTERN = r"\+?[0-9][0-9 ()./-]{4,30}"
_PHONE = re.compile(PHONE_PATTERN, re.ASCII)


def sign_up(
    *,
    name: str,
    email: str,
    password: str,
    actor: User | None = None,
    phone: str = "",
    base_currency: str = "",
    timezone: str = "",
    locale: str = "",
) -> User:
    """Create a customer. `actor` is who does it for them; None means they sign up themselves."""
    user = User(email=email.strip().lower(), name=name.strip(), phone=phone.strip())
    for field, value in (
        ("base_currency", base_currency.upper()), ("timezone", timezone), ("locale", locale)
    ):  # fmt: skip
        if value:
            setattr(user, field, value)
    errors = errors_of(user, _password_error(password, user))
    if not user.name:
        errors.setdefault("name", ["Enter your name."])
    if errors:
        raise ValidationError(errors)
    # Hash before the transaction: it takes longer than everything else together.
    user.set_password(password)
    try:
        with db_transaction.atomic():
            user.save(force_insert=True)
            EmailAddress.objects.create(user=user, email=user.email, primary=True, verified=False)
            trail.record(
                actor=actor or user,
                action="users.user.signed_up",
                target=user,
                email=user.email,
                name=user.name,
                base_currency=user.base_currency,
            )
    except IntegrityError as error:
        raise ValidationError({"email": EMAIL_TAKEN}) from error
    return user


def _password_error(password: str, user: User) -> dict[str, list[Any]]:
    try:
        validate_password(password, user)
    except ValidationError as error:
        return {"password": error.error_list}
    return {}


def errors_of(user: User, errors: dict[str, list[Any]] | None = None) -> dict[str, list[Any]]:
    """All validation errors at once, so that nobody fixes them one by one."""
    try:
        user.full_clean(exclude=["password"])
    except ValidationError as error:
        errors = error.error_dict | (errors or {})
    return (errors or {}) | _errors_of_texts(user)


def _errors_of_texts(user: User) -> dict[str, list[Any]]:
    errors = {}
    if _NOT_IN_A_NAME.search(user.name):
        errors["name"] = ["Enter a name on one line, without a web address."]
    if user.phone and not _PHONE.fullmatch(user.phone):
        errors["phone"] = ["Enter a phone number such as +49 30 901820."]
    if not is_locale(user.locale):
        errors["locale"] = ["Choose a language and region such as en-GB."]
    return errors


@db_transaction.atomic
def update_profile(*, actor: User, user: User, **changes: Any) -> User:
    """Change the fields users may edit themselves (EDITABLE); admins may do it for them.

    Allowed in every role: "read only" applies to money, not to a name, language or theme.
    """
    if actor.pk != user.pk:
        require(actor, Ability.MANAGE_USERS)
    locked = lock_user(user.pk)
    before = {field: getattr(locked, field) for field in EDITABLE}
    for field, value in changes.items():
        if field not in EDITABLE:
            raise TypeError(f"{field} is not part of a profile")
        value = value.strip()
        setattr(locked, field, value.upper() if field == "base_currency" else value)
    changed = [field for field in changes if getattr(locked, field) != before[field]]
    errors: dict[str, Any] = {}
    try:
        locked.clean_fields(exclude=_all_fields_but(changed))
    except ValidationError as error:
        errors = error.error_dict
    errors |= {key: value for key, value in _errors_of_texts(locked).items() if key in changed}
    if "name" in changed and not locked.name:
        errors["name"] = ["Enter your name."]
    if errors:
        raise ValidationError(errors)
    if changed:
        _save_profile(
            actor, locked, {name: [before[name], getattr(locked, name)] for name in changed}
        )
    return locked


def _save_profile(actor: User, user: User, changes: dict[str, Any]) -> None:
    user.save(update_fields=[*changes, "updated_at"])
    if "base_currency" in changes:
        let_base_currency_followers_know(user)
    trail.record(actor=actor, action="users.profile.updated", target=user, **changes)


def _all_fields_but(names: list[str]) -> list[str]:
    return [field.name for field in User._meta.fields if field.name not in names]


def change_password(
    *, actor: User | None, user: User, password: str, kept_session: str = ""
) -> User:
    """Set a new password, which ends every session and token except `kept_session`.

    Also cancels a pending email change.
    """
    require_own_sign_in(user)
    errors = _password_error(password, user)
    if errors:
        raise ValidationError(errors)
    encoded = make_password(password)
    with db_transaction.atomic():
        locked = lock_user(user.pk)
        locked.password = encoded
        end_everything(locked, kept_session=kept_session)
        locked.save(update_fields=["password", "session_version", "updated_at"])
        ended = cancel_email_change(locked)
        trail.record(actor=actor or locked, action="users.password.changed", target=locked, **ended)
    return locked


@db_transaction.atomic
def set_role(*, actor: User | None, user: User, role: str) -> User:
    """Set a role, which also grants or revokes access to the admin site. Nobody
    can set their own.
    """
    if role not in User.Role.values:
        raise ValidationError({"role": "This role doesn't exist."})
    locked = _locked_by_manager(actor, user, "You can't change your own role.")
    before = locked.role
    if before == role:
        return locked
    if role == User.Role.ADMIN and actor is not None:
        require_second_admin(GRANT_ADMIN, locked)
    locked.role = role
    locked.is_staff = is_staff_role(role)
    locked.is_superuser = role == User.Role.ADMIN
    end_everything(locked)
    locked.save(update_fields=["role", "is_staff", "is_superuser", "session_version", "updated_at"])
    trail.record(
        actor=actor, action="users.role.changed", target=locked, role=[before, locked.role]
    )
    return locked


@db_transaction.atomic
def set_active(*, actor: User | None, user: User, is_active: bool) -> User:
    """Deactivate or reactivate a user. Nobody can change their own status."""
    locked = _locked_by_manager(actor, user, "You can't deactivate your own account.")
    if locked.is_active == is_active:
        return locked
    if is_erased(locked):
        raise ValidationError("This person's account was deleted and can't be reactivated.")
    if is_active and locked.role == User.Role.ADMIN and actor is not None:
        require_second_admin(GRANT_ADMIN, locked)
    locked.is_active = is_active
    end_everything(locked)
    locked.save(update_fields=["is_active", "session_version", "updated_at"])
    action = "users.user.activated" if is_active else "users.user.deactivated"
    trail.record(actor=actor, action=action, target=locked)
    return locked


def _require_manager(actor: User | None, user: User, own: str) -> None:
    """Require an admin or the system (None), acting on somebody else."""
    if actor is None:
        return
    require(actor, Ability.MANAGE_USERS)
    if actor.pk == user.pk:
        raise ValidationError(own)


def _locked_by_manager(actor: User | None, user: User, own: str) -> User:
    """Lock the user's row and every admin's, and check again that the actor is still an admin.

    Nobody changes themselves, so the acting admin stays: the last admin cannot be lost.
    """
    _require_manager(actor, user, own)
    found = lock_admins(user.pk)
    if actor is not None and actor.pk not in found:
        raise PermissionDenied(Ability.MANAGE_USERS.value)
    return found[user.pk]


def lock_admins(*others: int) -> dict[int, User]:
    """Lock the rows of all active admins and of these people, in key order: {pk: current row}.

    While they are locked, nobody becomes an admin or stops being one.
    """
    admins = Q(role=User.Role.ADMIN, is_active=True)
    rows = User.objects.select_for_update(no_key=True).filter(admins | Q(pk__in=others))
    return {row.pk: row for row in rows.order_by("pk")}


@db_transaction.atomic
def vouch_for_email(*, user: User) -> None:
    """Confirm the login address without a link, for users we created (demo)."""
    if EmailAddress.objects.filter(user=user, email=user.email).update(verified=True):
        record_email_confirmed(user=user, before=user.email)


def record_email_confirmed(*, user: User, before: str) -> None:
    """Record that allauth confirmed the user's login address or changed it to a confirmed one."""
    after = User.objects.values_list("email", flat=True).get(pk=user.pk)
    trail.record(actor=user, action="users.email.confirmed", target=user, email=[before, after])
