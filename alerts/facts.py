"""The facts that scanners find, and the users they scan."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

from alerts.subscriptions import Choices, default_threshold
from banking.kernel.sentences import Part, written
from users.models import User


@dataclass(frozen=True, slots=True)
class Fact:
    """A fact that holds on the date `on`. Equal facts have equal keys, regardless of who finds
    them.

    `link` leads to the subject, `transactions_link` to the transactions behind it.
    """

    user: User
    type: str
    key: str
    on: date
    sentence: Sequence[Part]
    severity: str
    link: str = ""
    transactions_link: str = ""

    @property
    def message(self) -> str:
        """The sentence in the user's region format."""
        return written(self.sentence, self.user.locale)


@dataclass(frozen=True, slots=True)
class People:
    """The users scanned together, and their settings."""

    users: Sequence[User]
    choices: Choices

    @property
    def ids(self) -> list[int]:
        return [user.pk for user in self.users]

    @property
    def by_id(self) -> Mapping[int, User]:
        return {user.pk: user for user in self.users}

    def has_own_threshold(self, user_id: int, kind: str) -> bool:
        """Whether the user has set a threshold for the type."""
        choice = self.choices.get((user_id, kind))
        return choice is not None and choice.threshold is not None

    def threshold(self, user: User, kind: str) -> Decimal | None:
        """The user's threshold, or the type's default; None if the type has its own rule."""
        if self.has_own_threshold(user.pk, kind):
            return self.choices[user.pk, kind].threshold
        return default_threshold(kind, user.base_currency)


def transactions_link(**filters: Any) -> str:
    """Link to the transaction list, filtered to these."""
    return f"{reverse('transactions:transaction_list')}?{urlencode(filters)}"
