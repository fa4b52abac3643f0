"""What somebody may do with an account they see: their own, or one shared with them.

Doors find the account by `visible_to` first (404), then ask here (403).
"""

from django.core.exceptions import PermissionDenied

from accounts.models import Account, AccountShare, shared_account_ids
from users.models import User
from users.policy import Ability, may, require

OWNER = "owner"


def access_level(user: User, account: Account) -> str:
    """ "owner", "analyst", "viewer", or "" for somebody who does not see the account at all."""
    if account.user_id == user.pk:
        return OWNER
    return shared_account_ids(user).get(account.pk, "")


def may_change(user: User, account: Account) -> bool:
    """Whether the user may change the account and what is on it: its owner alone."""
    return account.user_id == user.pk and may(user, Ability.CHANGE_OWN_DATA)


def may_post_to(user: User, account: Account) -> bool:
    """Whether the user may add transactions: the owner, or an analyst the owner chose."""
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
