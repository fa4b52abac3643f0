"""Whole sets of people's accounts that the open snapshot has read."""

from collections.abc import Collection, Iterable

from django.db.models import Q

from accounts.models import Account, accepted_shares
from banking.kernel.snapshot import read_before
from banking.kernel.written_once import WrittenOnce
from users.models import User

# As `Account.objects.visible_to`, for those who do not know yet what is shared with the person.
VISIBLE = WrittenOnce(
    lambda user_id: Account.objects.filter(
        Q(user_id=user_id) | Q(pk__in=accepted_shares(user_id).values("account_id")),
        deleted_at=None,
    )
)


def visible_accounts(user: User) -> list[Account]:
    """Own accounts and those shared with the user, outside the trash: one query."""
    if user.is_stand_in:
        # It has no shares of its own, but was told which accounts it sees.
        return list(Account.objects.visible_to(user))
    return VISIBLE.rows(user.pk)


def remember_accounts(owner_id: int, accounts: Iterable[Account]) -> None:
    """Note that these are all of the owner's accounts outside the trash."""
    read_before("accounts").append((owner_id, sorted(accounts, key=lambda account: account.pk)))


def accounts_of_owners(owner_ids: Collection[int]) -> list[Account]:
    """Their accounts outside the trash, by primary key; read unless all of them are known."""
    known: dict[int, list[Account]] = dict(read_before("accounts"))
    if known.keys() >= set(owner_ids):
        return [account for pk in sorted(owner_ids) for account in known[pk]]
    rows = Account.objects.filter(user_id__in=owner_ids, deleted_at=None)
    return list(rows.order_by("pk"))
