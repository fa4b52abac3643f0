"""Whole sets of people's accounts that the open snapshot has read."""

from collections.abc import Collection, Iterable

from accounts.models import Account
from banking.kernel.snapshot import read_before


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
