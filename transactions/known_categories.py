"""Categories that the open snapshot has read: one read answers every later question in it."""

from collections.abc import Collection, Set

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


def asking_categories(owner_ids: Collection[int]) -> Asked | None:
    """What `read_categories` has to read; None if the categories are known."""
    return _OF_OWNERS.asking(owner_ids) if known_categories(owner_ids) is None else None


def read_categories(owner_ids: Collection[int]) -> None:
    """Read the predefined categories and these owners' own, also deleted ones, with one query."""
    asked = asking_categories(owner_ids)
    if asked is None:
        return
    found = {category.pk: category for category in asked.rows()}
    for category in found.values():
        if category.parent_id in found:
            category.parent = found[category.parent_id]
    read_before("categories").append((frozenset(owner_ids), found))


_FAMILIES: WrittenOnce[tuple[int, int | None, str]] = WrittenOnce(
    lambda owner_ids, category_ids: (
        Category.objects.filter(
            Q(user=None) | Q(user__in=owner_ids),
            Q(pk__in=category_ids) | Q(parent__in=category_ids),
        )
        .order_by("pk")
        .values_list("pk", "parent_id", "kind")
    )
)


def asking_families(category_ids: Collection[int], owner_ids: Collection[int]) -> Asked | None:
    """What `sub_categories` has to read; None if the categories are known."""
    if not category_ids or known_categories(owner_ids) is not None:
        return None
    return _FAMILIES.asking(owner_ids, category_ids)


def sub_categories(
    category_ids: Collection[int], owner_ids: Collection[int]
) -> dict[int, list[int]]:
    """{category: its subcategories}, both predefined and the owners' own."""
    families: dict[int, list[int]] = {category_id: [] for category_id in category_ids}
    if asked := asking_families(category_ids, owner_ids):
        found = asked.rows()
        read_before("kinds of categories").extend((pk, kind) for pk, _parent_id, kind in found)
        members = [(pk, parent_id) for pk, parent_id, _kind in found]
    else:
        known = known_categories(owner_ids) or {}
        members = [(pk, category.parent_id) for pk, category in known.items()]
    for pk, parent_id in members:
        if parent_id in families:
            families[parent_id].append(pk)
    return families


def kinds_of(ids: Set[int | None], owner_ids: Collection[int]) -> dict[int | None, str]:
    """{category: its kind} of these categories, which the owners' transactions have."""
    kept = read_before("kinds of categories")
    known: dict[int | None, str] = {pk: kind for pk, kind in kept if pk in ids}
    known |= {pk: one.kind for pk, one in (known_categories(owner_ids) or {}).items()}
    wanted = {pk for pk in ids if pk is not None and pk not in known}
    if wanted:
        used = list(Category.objects.filter(pk__in=wanted).values_list("pk", "kind"))
        kept += used
        known.update(used)
    return known


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
