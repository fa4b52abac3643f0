"""Find merchants and tags by a part of their name."""

import re

from accounts.models import Account
from banking.kernel.fields import folded
from transactions.models import MerchantTotal, Tag
from users.models import User


def plain(text: str) -> str:
    """The text as names are compared: without case, accents, apostrophes or final punctuation."""
    bare = re.sub(r"[?!.,;]+(?=\s|$)|'", " ", folded(text))
    return re.sub(r"\s+", " ", bare).strip()


def merchants_named(user: User, part: str) -> list[str]:
    """The merchants this person paid whose plain name contains `part`, one spelling of each.

    The database narrows the names down by the first word, which an accent can hide from it; only
    if that finds nothing are all names read. Names are few, transactions many.
    """
    if not part:
        return []
    totals = MerchantTotal.objects.filter(account__in=Account.objects.visible_to(user).values("pk"))
    narrowed = totals.filter(merchant__icontains=part.split()[0])
    for rows in (narrowed, totals):
        names = rows.order_by().values_list("merchant", flat=True).distinct()
        found = {folded(name): name for name in names if part in plain(name)}
        if found:
            return [name for key, name in sorted(found.items())]
    return []


def tags_named(user: User, part: str) -> list[str]:
    """This person's own tags whose plain name contains `part`."""
    names = Tag.objects.filter(user=user).order_by("name").values_list("name", flat=True)
    return [name for name in names if part in plain(name)]
