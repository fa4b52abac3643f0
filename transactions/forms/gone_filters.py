"""Filters of the transactions list whose value no longer exists, such as a deleted category.

Such a filter matches nothing, in a saved view too: the list is never wider than what was asked for.
The page and the API say which filter it is, since an empty list alone looks like an answer.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from django.db.models import Q
from django.utils.translation import gettext as _

from accounts.models import Account, reader
from banking.kernel.fields import folded
from banking.kernel.read_together import read_together
from banking.kernel.written_once import Asked, WrittenOnce
from transactions.filters import NO_MERCHANT, of_owners, reach_of
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

    One database query for each filter that occurs, whatever the number of queries; in a snapshot,
    one for all.
    """
    named = {name: {query[name] for query in queries if query.get(name)} for name in FINDERS}
    named = {name: values for name, values in named.items() if values}
    read_together(*(FINDERS[name].asking(user, values) for name, values in named.items()))
    texts: dict[tuple[str, str], str] = {}
    for name, values in named.items():
        found = FINDERS[name].find(user, values)
        texts |= {(name, value): text for value, text in found.items()}
    return [
        [
            GoneFilter(name, texts[name, query[name]])
            for name in FINDERS
            if (name, query.get(name, "")) in texts
        ]
        for query in queries
    ]


_CATEGORIES = WrittenOnce(
    lambda user_id, shared_ids, slugs: Category.objects.filter(
        Q(user=None) | of_owners("user", user_id, shared_ids), slug__in=slugs
    ).values_list("slug", "name", "user_id", "deleted_at")
)


def _asking_categories(user: User, slugs: Collection[str]) -> Asked:
    return _CATEGORIES.asking(*reach_of(user), slugs)


def _gone_categories(user: User, slugs: Collection[str]) -> dict[str, str]:
    live, deleted = {UNCATEGORIZED}, {}
    for slug, name, owner_id, deleted_at in _asking_categories(user, slugs).rows():
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


# Those outside the trash, and the user's own in it.
_ACCOUNTS = WrittenOnce(
    lambda user_id, shared_ids, ids: Account.objects.filter(
        Q(user=user_id) | Q(pk__in=shared_ids, deleted_at=None), pk__in=ids
    )
)


def _asking_accounts(user: User, ids: Collection[str]) -> Asked:
    return _ACCOUNTS.asking(*reach_of(user), _numbers(ids))


def _gone_accounts(user: User, ids: Collection[str]) -> dict[str, str]:
    known = {account.pk: account for account in _asking_accounts(user, ids).rows()}
    gone = {}
    for pk, value in _numbers(ids).items():
        account = known.get(pk)
        if account is None:
            gone[value] = _("You no longer have this account.")
        elif account.deleted_at is not None:
            gone[value] = _("The account “%(name)s” was deleted.") % {"name": account}
    return gone


def _numbers(values: Collection[str]) -> dict[int, str]:
    """{number: the value}, of those that a row can have."""
    return {int(value): value for value in values if value.isdecimal() and len(value) < 19}


_TAGS = WrittenOnce(
    lambda user_id, shared_ids, names: Tag.objects.filter(
        of_owners("user", user_id, shared_ids), name_key__in=names
    ).values_list("name_key", flat=True)
)


def _tag_keys(names: Collection[str]) -> dict[str, str]:
    return {name: folded(" ".join(name.split())) for name in names}


def _asking_tags(user: User, names: Collection[str]) -> Asked:
    return _TAGS.asking(*reach_of(user), set(_tag_keys(names).values()))


def _gone_tags(user: User, names: Collection[str]) -> dict[str, str]:
    found = set(_asking_tags(user, names).rows())
    return {
        name: _("There is no tag “%(name)s”.") % {"name": name}
        for name, key in _tag_keys(names).items()
        if key not in found
    }


_MERCHANTS = WrittenOnce(
    lambda user_id, shared_ids, names: (
        Transaction.objects.visible_to(reader(user_id, shared_ids))
        .filter(merchant_key__in=names)
        .order_by()
        .values_list("merchant_key", flat=True)
        .distinct()
    )
)


def _merchant_keys(names: Collection[str]) -> dict[str, str]:
    return {name: folded(name.strip()) for name in names if name != NO_MERCHANT}


def _asking_merchants(user: User, names: Collection[str]) -> Asked:
    return _MERCHANTS.asking(*reach_of(user), set(_merchant_keys(names).values()))


def _gone_merchants(user: User, names: Collection[str]) -> dict[str, str]:
    found = set(_asking_merchants(user, names).rows())
    return {
        name: _("No transaction has the merchant “%(name)s” now.") % {"name": name}
        for name, key in _merchant_keys(names).items()
        if key not in found
    }


_IMPORTS = WrittenOnce(
    lambda user_id, ids: (
        ImportBatch.objects.visible_to(User(pk=user_id))
        .filter(pk__in=ids)
        .values_list("pk", flat=True)
    )
)


def _asking_imports(user: User, ids: Collection[str]) -> Asked:
    return _IMPORTS.asking(user.pk, _numbers(ids))


def _gone_imports(user: User, ids: Collection[str]) -> dict[str, str]:
    known = set(_asking_imports(user, ids).rows())
    return {
        value: _("This import was deleted.")
        for pk, value in _numbers(ids).items()
        if pk not in known
    }


class Finder(NamedTuple):
    """What tells which values of a filter are gone, and the sentence about each."""

    asking: Callable[[User, Collection[str]], Asked]
    find: Callable[[User, Collection[str]], dict[str, str]]


FINDERS = {
    "category": Finder(_asking_categories, _gone_categories),
    "account": Finder(_asking_accounts, _gone_accounts),
    "tag": Finder(_asking_tags, _gone_tags),
    "merchant_is": Finder(_asking_merchants, _gone_merchants),
    "import_batch": Finder(_asking_imports, _gone_imports),
}
