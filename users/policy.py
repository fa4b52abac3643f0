"""Permissions: the only code that reads `User.role`.

Pages and API both ask here. What a user may not see is a 404 (the querysets' `visible_to` decide);
what they see and may not change is a 403 from `require`.
"""

from enum import Enum

from django.core.exceptions import PermissionDenied

from users.models import User


class Ability(Enum):
    """A permission, with the message for its refusal."""

    ACT = "You're viewing as another person. Stop viewing first."
    CHANGE_OWN_DATA = "You can view this but not change it."
    CREATE_TRANSACTIONS = "You can't add transactions."
    SEE_INSIGHTS = "Your access doesn't include insights."
    SEE_BUDGETS = "Your access doesn't include budgets."
    USE_STAFF_API = "This is for staff only."
    READ_EVERYTHING = "This is for auditors and admins only."
    MANAGE_USERS = "This is for admins only."
    HELP_PEOPLE = "This is for support and admins only."
    DECIDE_RATES = "Only admins can approve exchange rates."


# The roles whose people support looks after.
CUSTOMERS = (User.Role.USER, User.Role.VIEWER, User.Role.ANALYST)
# Not allowed while viewing as another person (accounts/viewing_as.py).
_DOING = {Ability.ACT, Ability.CHANGE_OWN_DATA, Ability.CREATE_TRANSACTIONS}
_CUSTOMER = {
    Ability.ACT,
    Ability.CHANGE_OWN_DATA,
    Ability.CREATE_TRANSACTIONS,
    Ability.SEE_INSIGHTS,
    Ability.SEE_BUDGETS,
}
ABILITIES: dict[str, set[Ability]] = {
    User.Role.USER: _CUSTOMER,
    User.Role.VIEWER: {Ability.ACT},
    User.Role.ANALYST: _CUSTOMER - {Ability.CHANGE_OWN_DATA},
    User.Role.SUPPORT: _CUSTOMER | {Ability.USE_STAFF_API, Ability.HELP_PEOPLE},
    User.Role.AUDITOR: _CUSTOMER | {Ability.USE_STAFF_API, Ability.READ_EVERYTHING},
    User.Role.ADMIN: _CUSTOMER
    | {
        Ability.USE_STAFF_API,
        Ability.HELP_PEOPLE,
        Ability.READ_EVERYTHING,
        Ability.MANAGE_USERS,
        Ability.DECIDE_RATES,
    },
}


def may(user: User, ability: Ability) -> bool:
    """Whether this user's role, as stored in the database, grants the ability."""
    if user.is_stand_in and ability in _DOING:
        return False
    return user.is_active and ability in ABILITIES[user.role]


def require(user: User, ability: Ability) -> None:
    """Raise PermissionDenied (403) with the ability's message unless the user has it."""
    if not may(user, ability):
        raise PermissionDenied(ability.value)


def is_staff_role(role: str) -> bool:
    """Whether the role may use the admin site at all."""
    return Ability.USE_STAFF_API in ABILITIES[role]
