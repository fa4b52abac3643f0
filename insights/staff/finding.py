"""Find a customer by part of a name, email or phone number, by id, or by an account's last digits.

Support finds only customers, and sees them masked. That follows from the reader's role, so no
caller can forget it.
"""

from django.db.models import QuerySet

from accounts.models import Account
from banking.limits import CUSTOMER_SEARCH_LEAST
from users.masking import masked_email, masked_name
from users.models import User
from users.policy import CUSTOMERS, Ability, may
from users.services.staffing import found_people, phone_digits

_LONGEST_ID = 18
_LAST_DIGITS = 4


def people_for(reader: User) -> QuerySet[User]:
    """Everyone this member of staff may look up."""
    people = User.objects.order_by("-id")
    return people if may(reader, Ability.READ_EVERYTHING) else people.filter(role__in=CUSTOMERS)


def find_customers(reader: User, text: str, *, limit: int) -> list[User]:
    """Find up to `limit` people, an exact id first. Finds none if the text is too short."""
    text = " ".join(text.split())
    people = people_for(reader)
    if digits := phone_digits(text):
        return _by_number(people, digits, limit)
    if len(text) < CUSTOMER_SEARCH_LEAST:
        return []
    return list(found_people(people, text, exactly=False)[:limit])


def _by_number(people: QuerySet[User], digits: str, limit: int) -> list[User]:
    found: list[User] = []
    if len(digits) <= _LONGEST_ID:
        found = list(people.filter(pk=int(digits)))
    if len(digits) < CUSTOMER_SEARCH_LEAST:
        return found
    # One query for each index: together they would read every row.
    wanted = [found_people(people, digits, exactly=False)]
    if len(digits) == _LAST_DIGITS:
        owners = Account.objects.filter(last_four=digits, deleted_at=None).values("user")
        wanted.append(people.filter(pk__in=owners))
    keys = {pk for rows in wanted for pk in rows.values_list("pk", flat=True)[:limit]}
    others = people.filter(pk__in=keys - {user.pk for user in found})
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
