"""The checklist of a new person: shown until every step that their role allows is done."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.db.models import Exists, QuerySet
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from banking.kernel.written_once import Asked, WrittenOnce
from budgets.models import Budget
from insights.home.needs import Uncategorized
from transactions.models import Transaction
from users.models import User
from users.policy import Ability, may


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do; `others` are (label, address) of other ways to do it.

    A step that is not `is_ready` waits for one before it.
    """

    name: str
    title: str | Promise
    why: str | Promise
    icon: str
    url: str
    action: str | Promise
    is_done: bool
    is_ready: bool = True
    others: tuple[tuple[str | Promise, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Checklist:
    """The steps in order."""

    steps: tuple[Step, ...]

    @property
    def done_count(self) -> int:
        return sum(step.is_done for step in self.steps)

    @property
    def percent(self) -> int:
        return self.done_count * 100 // len(self.steps)

    @property
    def is_done(self) -> bool:
        return self.done_count == len(self.steps)

    @property
    def next_step(self) -> Step | None:
        return next((step for step in self.steps if not step.is_done), None)


def checklist_for(
    user: User, *, account_ids: Collection[int], uncategorized: Uncategorized
) -> Checklist:
    """The person's checklist; `account_ids` are their own accounts without the sample's."""
    (found,) = asking_done(user, account_ids).rows()
    done = {name: bool(is_there) for name, is_there in found.items()}
    steps = [
        Step(
            "email",
            _("Confirm your email address"),
            _("So we can reach you, and you can get back in."),
            "mail-check",
            reverse("account_email"),
            _("Confirm email"),
            done["has_email"],
        )
    ]
    if may(user, Ability.CHANGE_OWN_DATA):
        steps += _of_owner(done, bool(account_ids), uncategorized)
    steps.append(
        Step(
            "factor",
            _("Turn on two-step verification"),
            _("A stolen password alone won't be enough to sign in."),
            "shield-check",
            reverse("mfa_index"),
            _("Turn on"),
            done["has_factor"],
        )
    )
    return Checklist(tuple(steps))


def asking_done(user: User, account_ids: Collection[int]) -> Asked:
    """Which steps are done, for `checklist_for`."""
    return _DONE.asking(user.pk, user.email, set(account_ids))


def _done(user_id: int, email: str, account_ids: Collection[int]) -> QuerySet[Any, dict[str, Any]]:
    """Which facts there are, as one row."""
    user = User(pk=user_id)
    facts = {
        "has_email": EmailAddress.objects.filter(user=user, email=email, verified=True),
        "has_lines": Transaction.objects.filter(account_id__in=account_ids, deleted_at=None),
        "has_budget": Budget.objects.owned_by(user),
        "has_factor": Authenticator.objects.filter(user=user),
    }
    exists = {name: Exists(rows) for name, rows in facts.items()}
    return User.objects.filter(pk=user_id).annotate(**exists).values(*exists)


_DONE = WrittenOnce(_done)


def _of_owner(
    done: Mapping[str, bool], has_account: bool, uncategorized: Uncategorized
) -> list[Step]:
    has_lines = done["has_lines"]
    new_account = reverse("accounts:account_create")
    import_url = (
        reverse("transactions:import_start") if has_account else f"{new_account}?then=import"
    )
    return [
        Step(
            "account",
            _("Bring in your accounts"),
            _("Import a statement, connect your bank, or add an account by hand."),
            "landmark",
            import_url if has_account else new_account,
            _("Import a statement") if has_account else _("Add account"),
            has_lines,
            others=(
                (_("Connect a bank"), reverse("transactions:connection_create")),
                (_("Import a file"), import_url),
            ),
        ),
        Step(
            "categories",
            _("Check your categories"),
            _("We sort what we recognize. Tell us about the rest, once."),
            "tags",
            f"{reverse('transactions:transaction_list')}?category=uncategorized",
            _("Categorize"),
            has_lines and not uncategorized.count,
            is_ready=has_lines,
        ),
        Step(
            "budget",
            _("Set a budget"),
            _("We suggest limits from what you usually spend."),
            "piggy-bank",
            reverse("budgets:budget_list"),
            _("Set a budget"),
            done["has_budget"] and has_account,
            is_ready=has_account,
        ),
    ]
