"""Where a person's figures and pages are kept in the cache, with the states they were made from."""

from collections.abc import Iterable

from banking.kernel.keeping import forget

# Pages that are read often and take long to make, by the names of their views.
PAGES = "insights:home", "transactions:transaction_list", "insights:forecast"
OUTLOOK, OVERVIEW = "outlook", "overview"
KINDS = (*PAGES, OUTLOOK, OVERVIEW)


def key_of(kind: str, user_id: int) -> str:
    """One place per person and kind, so that all of it can be found and removed."""
    return f"{kind}:{user_id}"


def forget_kept(user_ids: Iterable[int]) -> None:
    """Remove what is kept for these people."""
    forget(key_of(kind, pk) for pk in user_ids for kind in KINDS)
