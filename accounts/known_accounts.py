"""Whole sets of people's accounts that the open snapshot has read."""

from collections.abc import Collection, Iterable

from django.db.models import Q

from accounts.models import SHARED, Account, ConnectedAccount, accepted_shares
from banking.kernel.snapshot import read_before
from banking.kernel.written_once import Asked, WrittenOnce
from users.models import User

# As `Account.objects.visible_to`, for those who do not know yet what is shared with the person.
VISIBLE = WrittenOnce(
    lambda user_id: Account.objects.filter(
        Q(user_id=user_id) | Q(pk__in=accepted_shares(user_id).values("account_id")),
        deleted_at=None,
    )
)


def asking_visible(user: User) -> list[Asked]:
    """What `visible_accounts` and `shared_account_ids` read."""
    return [] if user.is_stand_in else [VISIBLE.asking(user.pk), SHARED.asking(user.pk)]


def visible_accounts(user: User) -> list[Account]:
    """Own accounts and those shared with the user, outside the trash: one query."""
    if user.is_stand_in:
        # It has no shares of its own, but was told which accounts it sees.
        return list(Account.objects.visible_to(user))
    return VISIBLE.rows(user.pk)


def remember_accounts(owner_id: int, accounts: Iterable[Account]) -> None:
    """Note that these are all of the owner's accounts outside the trash."""
    read_before("accounts").append((owner_id, sorted(accounts, key=lambda account: account.pk)))


_OF_OWNERS = WrittenOnce(
    lambda owner_ids: Account.objects.filter(user_id__in=owner_ids, deleted_at=None).order_by("pk")
)


def asking_accounts(owner_ids: Collection[int]) -> Asked | None:
    """What `accounts_of_owners` has to read of these; None if all are known."""
    missing = set(owner_ids) - dict(read_before("accounts")).keys()
    return _OF_OWNERS.asking(missing) if missing else None


def accounts_of_owners(owner_ids: Collection[int]) -> list[Account]:
    """Their accounts outside the trash, by owner; those not known yet are read, and then known."""
    known: dict[int, list[Account]] = dict(read_before("accounts"))
    if asked := asking_accounts(owner_ids):
        known |= {owner_id: [] for owner_id in owner_ids if owner_id not in known}
        read = asked.rows()
        for account in read:
            known[account.user_id].append(account)
        read_before("accounts").extend(known.items())
    return [account for pk in sorted(owner_ids) for account in known[pk]]


SHOWN_OF_CONNECTION = "id", "provider", "institution_name", "status", "last_synced_at", "error"
# The banks that send the accounts' transactions: what the API tells of them.
_FEEDS = WrittenOnce(
    lambda account_ids: (
        ConnectedAccount.objects.filter(account_id__in=account_ids, is_live=True)
        .order_by("pk")
        .select_related("connection")
        .only("account_id", *(f"connection__{name}" for name in SHOWN_OF_CONNECTION))
    )
)


def asking_feeds(accounts: Iterable[Account]) -> Asked:
    """What `read_feeds` reads."""
    return _FEEDS.asking({account.pk for account in accounts})


def read_feeds(accounts: Collection[Account]) -> None:
    """Read `Account.feed` of all of these, with one query."""
    feeds: dict[int, list[ConnectedAccount]] = {account.pk: [] for account in accounts}
    for feed in asking_feeds(accounts).rows():
        feeds[feed.account_id].append(feed)
    for account in accounts:
        account.live_feeds = feeds[account.pk]
