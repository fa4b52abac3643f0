"""Where a person's figures are kept in the cache, each with the state it was made from."""

from collections.abc import Iterable

from banking.kernel.keeping import forget

KINDS = HOME, OUTLOOK, OVERVIEW = "home", "outlook", "overview"


def key_of(kind: str, user_id: int) -> str:
    """One place per person and kind, so that all of it can be found and removed."""
    return f"{kind}:{user_id}"


def forget_kept(user_ids: Iterable[int]) -> None:
    """Remove what is kept for these people."""
    forget(key_of(kind, pk) for pk in user_ids for kind in KINDS)
