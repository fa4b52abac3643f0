"""Whose accounts a person's figures cover: their own, and shared ones when asked for."""

from dataclasses import dataclass

from accounts.models import Account, AccountShare, shared_account_ids
from users.models import User
from users.policy import Ability, may

_GUESTS = (User.Role.VIEWER, User.Role.ANALYST)


@dataclass(frozen=True, slots=True)
class Coverage:
    """The accounts behind one person's figures, archived ones included, and how deep they look."""

    user: User
    accounts: tuple[Account, ...]
    has_shared: bool
    includes_shared: bool
    sees_insights: bool

    @property
    def account_ids(self) -> list[int]:
        return [account.pk for account in self.accounts]

    @property
    def covers_all_visible(self) -> bool:
        """Whether the plain transaction list, without naming accounts, shows the same rows."""
        return self.includes_shared or not self.has_shared


def coverage_for(user: User, *, include_shared: bool | None = None) -> Coverage:
    """Own accounts; shared ones too when asked, and unasked for who looks in or owns nothing.

    Insights need the role for them and, on every shared account covered, a share as analyst.
    """
    visible = list(Account.objects.visible_to(user))
    own = [account for account in visible if account.user_id == user.pk]
    if include_shared is None:
        include_shared = user.role in _GUESTS or not own
    accounts = visible if include_shared else own
    levels = shared_account_ids(user)
    as_viewer = any(levels.get(one.pk) == AccountShare.Level.VIEWER for one in accounts)
    return Coverage(
        user=user,
        accounts=tuple(accounts),
        has_shared=len(visible) > len(own),
        includes_shared=include_shared,
        sees_insights=may(user, Ability.SEE_INSIGHTS) and not as_viewer,
    )
