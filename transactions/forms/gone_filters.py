"""Filters of the transactions list whose value no longer exists, such as a deleted category.

Such a filter matches nothing, in a saved view too: the list is never wider than what was asked for.
The page and the API say which filter it is, since an empty list alone looks like an answer.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Q
from django.utils.translation import gettext as _

from accounts.models import Account, shared_account_ids
from banking.kernel.fields import folded
from banking.kernel.written_once import WrittenOnce
from transactions.filters import NO_MERCHANT
from transactions.models import Category, ImportBatch, Tag, Transaction
from transactions.predefined import UNCATEGORIZED
from users.models import User


@dataclass(frozen=True, slots=True)
class GoneFilter:
    """The filter's name in the URL, and a sentence about the value that is gone."""

    name: str
    text: str


def gone_filters(user: User, queries: Sequence[Mapping[str, str]]) -> list[list[GoneFilter]]:
    """Of each query of the list, the filters whose value this user cannot have (any more).

    At most two database queries for each filter that occurs, whatever the number of queries.
    """
    texts: dict[tuple[str, str], str] = {}
    for name, find in FINDERS.items():
        values = {query[name] for query in queries if query.get(name)}
        if values:
            texts |= {(name, value): text for value, text in find(user, values).items()}
    return [
        [
            GoneFilter(name, texts[name, query[name]])
            for name in FINDERS
            if (name, query.get(name, "")) in texts
        ]
        for query in queries
    ]


_NAMED = WrittenOnce(
    lambda owner_ids, slugs: Category.objects.filter(
        Q(user=None) | Q(user__in=owner_ids), slug__in=slugs
    ).values_list("slug", "name", "user_id", "deleted_at")
)


def _gone_categories(user: User, slugs: Collection[str]) -> dict[str, str]:
    live, deleted = {UNCATEGORIZED}, {}
    for slug, name, owner_id, deleted_at in _NAMED.rows(_owners(user), slugs):
        if deleted_at is None:
            live.add(slug)
        elif owner_id == user.pk:
            deleted[slug] = name
    return {
        slug: _("The category “%(name)s” was deleted.") % {"name": deleted[slug]}
        if slug in deleted
        else _("There is no category “%(name)s”.") % {"name": slug}
        for slug in slugs
        if slug not in live
    }


def _gone_accounts(user: User, ids: Collection[str]) -> dict[str, str]:
    numbers = {int(value): value for value in ids if value.isdecimal() and len(value) < 19}
    known = Account.objects.visible_to(user).filter(pk__in=numbers).values_list("pk", flat=True)
    deleted = Account.objects.filter(user=user, pk__in=numbers).exclude(deleted_at=None)
    names = {account.pk: str(account) for account in deleted}
    return {
        numbers[pk]: _("The account “%(name)s” was deleted.") % {"name": names[pk]}
        if pk in names
        else _("You no longer have this account.")
        for pk in set(numbers) - set(known)
    }


def _gone_tags(user: User, names: Collection[str]) -> dict[str, str]:
    keys = {name: folded(" ".join(name.split())) for name in names}
    known = Tag.objects.filter(user__in=_owners(user), name_key__in=keys.values())
    found = set(known.values_list("name_key", flat=True))
    return {
        name: _("There is no tag “%(name)s”.") % {"name": name}
        for name, key in keys.items()
        if key not in found
    }


def _gone_merchants(user: User, names: Collection[str]) -> dict[str, str]:
    keys = {name: folded(name.strip()) for name in names if name != NO_MERCHANT}
    seen = Transaction.objects.visible_to(user).filter(merchant_key__in=keys.values())
    found = set(seen.order_by().values_list("merchant_key", flat=True).distinct())
    return {
        name: _("No transaction has the merchant “%(name)s” now.") % {"name": name}
        for name, key in keys.items()
        if key not in found
    }


def _gone_imports(user: User, ids: Collection[str]) -> dict[str, str]:
    numbers = {int(value): value for value in ids if value.isdecimal() and len(value) < 19}
    known = ImportBatch.objects.visible_to(user).filter(pk__in=numbers)
    gone = set(numbers) - set(known.values_list("pk", flat=True))
    return {numbers[pk]: _("This import was deleted.") for pk in gone}


def _owners(user: User) -> list[int]:
    """The people whose transactions this user sees some of."""
    shared = list(shared_account_ids(user))
    if not shared:
        return [user.pk]
    owners = Account.objects.filter(pk__in=shared).values_list("user_id", flat=True)
    return [user.pk, *owners]


FINDERS: dict[str, Callable[[User, Collection[str]], dict[str, str]]] = {
    "category": _gone_categories,
    "account": _gone_accounts,
    "tag": _gone_tags,
    "merchant_is": _gone_merchants,
    "import_batch": _gone_imports,
}
