"""Find a customer by part of a name, email or phone number, by id, or by an account's last digits.

Support finds only customers, and sees them masked. That follows from the reader's role, so no
caller can forget it.
"""

from django.db.models import Q, QuerySet

from accounts.models import Account
from banking.limits import CUSTOMER_SEARCH_LEAST
from users.masking import masked_email, masked_name
from users.models import User
from users.policy import CUSTOMERS, Ability, may

_LONGEST_ID = 18
_LAST_DIGITS = 4


def people_for(reader: User) -> QuerySet[User]:
    """Everyone this member of staff may look up."""
    people = User.objects.order_by("-id")
    return people if may(reader, Ability.READ_EVERYTHING) else people.filter(role__in=CUSTOMERS)


def find_customers(reader: User, text: str, *, limit: int) -> list[User]:
    """Find up to `limit` people, an exact id first. Finds none if the text is too short."""
    text = " ".join(text.split())
    digits = "".join(char for char in text if char in "0123456789")
    is_number = bool(digits) and not text.strip("+-/().0123456789 ")
    people = people_for(reader)
    if is_number:
        return _by_number(people, digits, limit)
    if len(text) < CUSTOMER_SEARCH_LEAST:
        return []
    for word in text.split():
        people = people.filter(Q(name__icontains=word) | Q(email__icontains=word))
    return list(people[:limit])


def _by_number(people: QuerySet[User], digits: str, limit: int) -> list[User]:
    found: list[User] = []
    if len(digits) <= _LONGEST_ID:
        found = list(people.filter(pk=int(digits)))
    if len(digits) < CUSTOMER_SEARCH_LEAST:
        return found
    # Phone numbers are stored as typed, with any punctuation between digits.
    wanted = Q(phone__regex="[^0-9]*".join(digits))
    if len(digits) == _LAST_DIGITS:
        owners = Account.objects.filter(last_four=digits, deleted_at=None).values("user")
        wanted |= Q(pk__in=owners)
    others = people.filter(wanted).exclude(pk__in=[user.pk for user in found])
    return [*found, *others[: limit - len(found)]]


def shown_name(reader: User, user: User) -> str:
    """The name as this reader may see it, or the email address if there is no name."""
    if may(reader, Ability.READ_EVERYTHING):
        return user.name or user.email
    return masked_name(user.name) or masked_email(user.email)


def shown_email(reader: User, user: User) -> str:
    """The email address as this reader may see it."""
    sees_all = may(reader, Ability.READ_EVERYTHING)
    return user.email if sees_all else masked_email(user.email)
