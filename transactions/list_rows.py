"""The rows on a page of the transactions list.

Most lists have no filter and the usual order: their statements are written once in a process.
"""

from collections.abc import Iterable
from datetime import date

from accounts.models import Account, reader, shared_account_ids
from banking.kernel.keyset import KeysetPage, beyond, full_ordering, keyset_page
from banking.kernel.written_once import WrittenOnce
from banking.limits import LINES_A_PAGE
from transactions.models import Transaction, TransactionQuerySet
from users.models import User
from users.policy import Ability, may

_NEWEST_FIRST, _OLDEST_FIRST = ["-txn_date", "-id"], ["txn_date", "id"]
# What a line shows. Its account is among those that the page knows anyway.
_SHOWN = (
    *("user", "account", "description", "merchant", "signed_amount", "currency", "txn_date"),
    *("status", "notes", "category_source", "is_split", "unposted__reason"),
    *("category__name", "category__icon", "category__color", "category__kind"),
)


def _lines(rows: TransactionQuerySet, ordering: list[str]) -> TransactionQuerySet:
    sorted_by = {name.lstrip("-") for name in ordering} - {*rows.query.annotations}
    return rows.select_related("category", "unposted").only(*_SHOWN, *sorted_by)


def _all_lines(user_id: int, shared_ids: list[int], ordering: list[str]) -> TransactionQuerySet:
    rows = Transaction.objects.visible_to(reader(user_id, shared_ids))
    return _lines(rows, ordering).order_by(*ordering)


_FIRST = WrittenOnce(
    lambda user_id, shared_ids: _all_lines(user_id, shared_ids, _NEWEST_FIRST)[: LINES_A_PAGE + 1]
)
_OLDER = WrittenOnce(
    lambda user_id, shared_ids, last, row_id: _all_lines(user_id, shared_ids, _NEWEST_FIRST).filter(
        beyond(_NEWEST_FIRST, (last, row_id))
    )[: LINES_A_PAGE + 1]
)
_NEWER = WrittenOnce(
    lambda user_id, shared_ids, first, row_id: _all_lines(
        user_id, shared_ids, _OLDEST_FIRST
    ).filter(beyond(_OLDEST_FIRST, (first, row_id)))[: LINES_A_PAGE + 1]
)


def page_of_all(
    user: User, accounts: Iterable[Account], cursor: str | None
) -> KeysetPage[Transaction]:
    """A page of everything this user sees, the latest first. These are the accounts they see."""

    def read(position: tuple[date, int] | None, *, backwards: bool) -> list[Transaction]:
        whose = user.pk, list(shared_account_ids(user))
        if position is None:
            return _FIRST.rows(*whose)
        return (_NEWER if backwards else _OLDER).rows(*whose, *position)

    rows = Transaction.objects.all()
    page = keyset_page(rows, _NEWEST_FIRST, LINES_A_PAGE, cursor, read)
    return _completed(user, accounts, page)


def page_of(
    user: User, accounts: Iterable[Account], rows: TransactionQuerySet, cursor: str | None
) -> KeysetPage[Transaction]:
    """A page of these rows, in their order."""
    ordering = full_ordering(rows)
    page = keyset_page(_lines(rows, ordering), ordering, LINES_A_PAGE, cursor)
    return _completed(user, accounts, page)


def _completed(
    user: User, accounts: Iterable[Account], page: KeysetPage[Transaction]
) -> KeysetPage[Transaction]:
    """With each row's account, and whether the user may change it."""
    known = {account.pk: account for account in accounts}
    user_id, changes_own = user.pk, may(user, Ability.CHANGE_OWN_DATA)
    for row in page.rows:
        # One whose share has just ended is read with its row.
        row.account = known.get(row.account_id) or row.account
        row.may_change = changes_own and row.account.user_id == user_id
    return page
