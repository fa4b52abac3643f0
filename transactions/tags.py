"""Find a person's tags by name, creating those that are missing."""

from collections import defaultdict
from collections.abc import Collection, Iterable

from banking.kernel.fields import folded
from banking.kernel.written_once import WrittenOnce
from transactions.models import Tag, Transaction

_TAGGED = WrittenOnce(
    lambda ids: (
        Transaction.tags.through.objects.filter(transaction_id__in=ids)
        .order_by("tag__name")
        .values_list("transaction_id", "tag__name")
    )
)


def tag_names(ids: Collection[int]) -> dict[int, list[str]]:
    """{transaction: the names of its tags, in order}, of those that have any; one query."""
    found: dict[int, list[str]] = defaultdict(list)
    for pk, name in _TAGGED.rows(ids):
        found[pk].append(name)
    return found


OWN_NAMES = WrittenOnce(
    lambda user_id: Tag.objects.filter(user_id=user_id).values_list("name", flat=True)
)


def tags_by_name(user_id: int, names: Iterable[str], *, make: bool) -> dict[str, Tag]:
    """{folded name: the tag}. `Holiday` finds a tag named `holiday`, in at most two queries.

    A new tag is named as in `names`; of two spellings, the first in order.
    """
    wanted = {folded(name): name for name in sorted(names, reverse=True)}
    if not wanted:
        return {}
    if make:
        missing = [Tag(user_id=user_id, name=name) for name in wanted.values()]
        Tag.objects.bulk_create(missing, ignore_conflicts=True)
    found = Tag.objects.filter(user_id=user_id, name_key__in=wanted)
    return {tag.name_key: tag for tag in found}
