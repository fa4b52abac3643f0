"""Which accounts a person's figures cover: their own, and shared ones on request."""

from dataclasses import dataclass

from accounts.known_accounts import VISIBLE, remember_accounts, visible_accounts
from accounts.models import SHARED, Account, AccountShare, shared_account_ids
from banking.kernel.read_together import read_together
from banking.kernel.written_once import Asked
from users.models import User
from users.policy import Ability, may, require

_GUESTS = (User.Role.VIEWER, User.Role.ANALYST)


@dataclass(frozen=True, slots=True)
class Coverage:
    """The accounts behind one person's figures (including archived ones), and the access level."""

    user: User
    accounts: tuple[Account, ...]
    has_shared: bool
    includes_shared: bool
    sees_insights: bool
    # Value of the transaction list's `shared` filter that shows the same rows; "" is all.
    list_filter: str = ""

    @property
    def account_ids(self) -> list[int]:
        return [account.pk for account in self.accounts]

    def currencies(self, shown: str) -> list[str]:
        """Currencies a figure can be shown in: the user's, those of the accounts, and the current
        one.
        """
        used = {account.currency for account in self.accounts}
        return sorted(used | {self.user.base_currency, shown})

    @property
    def asked_for_shared(self) -> bool:
        """Whether shared accounts are included because the user asked, not because they are a
        guest.
        """
        owns = any(account.user_id == self.user.pk for account in self.accounts)
        return self.includes_shared and self.has_shared and owns


def coverage_for(user: User, *, include_shared: bool | None = None) -> Coverage:
    """Own accounts, plus shared ones on request. Guests and people without accounts always get
    both.

    Insights require the role for them and, on every shared account covered, analyst access.
    """
    levels = shared_account_ids(user)
    visible = visible_accounts(user)
    own = [account for account in visible if account.user_id == user.pk]
    remember_accounts(user.pk, own)
    if include_shared is None:
        include_shared = user.role in _GUESTS or not own
    accounts = visible if include_shared else own
    as_viewer = any(levels.get(account.pk) == AccountShare.Level.VIEWER for account in accounts)
    return Coverage(
        user=user,
        accounts=tuple(accounts),
        has_shared=len(visible) > len(own),
        includes_shared=include_shared,
        sees_insights=may(user, Ability.SEE_INSIGHTS) and not as_viewer,
        list_filter="exclude" if len(visible) > len(accounts) else "",
    )


def asking_coverage(user: User) -> tuple[Asked, Asked]:
    """What a coverage reads."""
    return SHARED.asking(user.pk), VISIBLE.asking(user.pk)


def insights_coverage(user: User, *, include_shared: bool | None = None) -> Coverage:
    """As `coverage_for`, without view-only shared accounts: insights never include those."""
    require(user, Ability.SEE_INSIGHTS)
    read_together(*asking_coverage(user))
    levels = shared_account_ids(user)
    visible = visible_accounts(user)
    own = [account for account in visible if account.user_id == user.pk]
    full = [account for account in visible if levels.get(account.pk) != AccountShare.Level.VIEWER]
    if include_shared is None:
        include_shared = user.role in _GUESTS or not own
    accounts = full if include_shared else own
    missing = len(visible) - len(accounts)
    return Coverage(
        user=user,
        accounts=tuple(accounts),
        has_shared=len(full) > len(own),
        includes_shared=include_shared,
        sees_insights=True,
        list_filter=("analyst" if include_shared else "exclude") if missing else "",
    )
