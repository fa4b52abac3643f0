"""Names that tell a person's accounts apart, where two have the same name and last digits."""

from django.db.models import Q

from accounts.models import Account, shared_account_ids
from banking.kernel.fields import folded
from users.models import User


def names_apart(user: User) -> dict[int, str]:
    """{account ID: name} of the person's own accounts and those shared with them: the second of two
    alike is "Card (2)".

    Own accounts come first, oldest first and with those in the trash, so that a name stays the same
    when others come and go.
    """
    shared = Q(pk__in=shared_account_ids(user))
    rows = Account.objects.filter(Q(user=user) | shared).order_by("pk")
    found = list(rows.values_list("pk", "name", "last_four", "user_id"))
    names: dict[int, str] = {}
    taken: set[tuple[str, str]] = set()
    for pk, name, last_four, _ in sorted(found, key=lambda row: (row[3] != user.pk, row[0])):
        unique, number = name, 1
        while (folded(unique), last_four) in taken:
            number += 1
            unique = f"{name} ({number})"
        taken.add((folded(unique), last_four))
        names[pk] = unique
    return names
