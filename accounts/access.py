"""What a user may do with an account they can see: their own, or one shared with them.

Views and API endpoints first look the account up through `visible_to` (404), then check here (403).
"""

from django.core.exceptions import PermissionDenied

from accounts.models import Account, AccountShare, shared_account_ids
from users.models import User
from users.policy import Ability, may, require

OWNER = "owner"


def access_level(user: User, account: Account) -> str:
    """The user's access level: "owner", "analyst", "viewer", or "" if they cannot see the
    account.
    """
    if account.user_id == user.pk:
        return OWNER
    return shared_account_ids(user).get(account.pk, "")


def may_change(user: User, account: Account) -> bool:
    """Whether the user may change the account and its contents. Only the owner may."""
    return account.user_id == user.pk and may(user, Ability.CHANGE_OWN_DATA)


def may_post_to(user: User, account: Account) -> bool:
    """Whether the user may add transactions: the owner, and analysts the account is shared with."""
    levels = (OWNER, AccountShare.Level.ANALYST)
    return may(user, Ability.CREATE_TRANSACTIONS) and access_level(user, account) in levels


def require_change(user: User, account: Account) -> None:
    """Raise PermissionDenied (403) unless `may_change`."""
    require(user, Ability.CHANGE_OWN_DATA)
    if not may_change(user, account):
        raise PermissionDenied("You can view this account but not change it.")


def require_posting(user: User, account: Account) -> None:
    """Raise PermissionDenied (403) unless `may_post_to`."""
    require(user, Ability.CREATE_TRANSACTIONS)
    if not may_post_to(user, account):
        raise PermissionDenied("You can view this account but not add to it.")
