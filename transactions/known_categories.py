"""Categories that the open snapshot has read: one read answers every later question in it."""

from collections.abc import Collection

from django.db.models import Q

from banking.kernel.snapshot import read_before
from banking.kernel.written_once import Asked, WrittenOnce
from transactions.models import Category

_OF_OWNERS = WrittenOnce(
    lambda owner_ids: Category.objects.filter(Q(user=None) | Q(user__in=owner_ids)).order_by("pk")
)


_OF_OWNER = WrittenOnce(lambda user_id: Category.objects.of_owner(user_id))


def asking_categories_of(owner_id: int) -> Asked:
    """What `categories_of` reads."""
    return _OF_OWNER.asking(owner_id)


def categories_of(owner_id: int) -> list[Category]:
    """The categories that this owner's transactions may have, in their usual order."""
    return _OF_OWNER.rows(owner_id)


def asking_categories(owner_ids: Collection[int]) -> Asked:
    """What `read_categories` reads."""
    return _OF_OWNERS.asking(owner_ids)


def read_categories(owner_ids: Collection[int]) -> None:
    """Read the predefined categories and these owners' own, also deleted ones, with one query."""
    found = {category.pk: category for category in asking_categories(owner_ids).rows()}
    for category in found.values():
        if category.parent_id in found:
            category.parent = found[category.parent_id]
    read_before("categories").append((frozenset(owner_ids), found))


def known_categories(owner_ids: Collection[int]) -> dict[int, Category] | None:
    """{primary key: category} in order, with parents, of those an owner's transactions may have.

    None if the open snapshot has not read them.
    """
    for owners, found in read_before("categories"):
        if owners.issuperset(owner_ids):
            return {
                pk: category
                for pk, category in found.items()
                if category.user_id is None or category.user_id in owner_ids
            }
    return None
