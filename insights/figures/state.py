"""The state of everything that a person's home page and overview are made from.

Every change records an audit event in the database transaction of the change, in its owner's chain.
So the heads of the chains of everyone whose accounts a person sees, with the little that is in no
such chain, say whether anything changed: what is kept under a state is never shown after a change.
"""

from datetime import date
from hashlib import sha256
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.db.models import (
    Aggregate,
    CharField,
    Count,
    Max,
    Q,
    QuerySet,
    Subquery,
    Sum,
    TextField,
    Value,
)
from django.db.models.functions import Cast, Concat
from django.utils.translation import get_language

from accounts.models import Account, AccountShare, BankConnection, ExchangeRate, RateMonth
from alerts.models import Alert
from banking.kernel.build import build
from banking.kernel.written_once import WrittenOnce
from bills.models import Bill
from budgets.models import Budget
from insights.models import HomeState
from rewards.models import Reward
from transactions.models import Category, Transfer
from users.audit import trail
from users.demo import is_for_everybody
from users.models import AuditChain, User

_READ_OF_A_PERSON = (
    *("pk", "email", "name", "role", "is_active", "is_staff", "base_currency"),
    *("timezone", "locale", "theme", "kyc_status"),
)


def state_of(user: User, on: date) -> str:
    """A text that differs whenever a figure or a word that `user` sees on the day `on` may differ.

    Runs one query. Read it before what is kept under it.
    """
    person = [getattr(user, name) for name in _READ_OF_A_PERSON]
    site = [build(), settings.SITE_NAME, settings.DEMO, is_for_everybody(user), get_language()]
    return digest_of([person, site, on, _FACTS.rows(user.pk, trail.chain_name(user.pk))])


def digest_of(state: list[Any]) -> str:
    """A short text that differs whenever this state does."""
    return sha256(repr(state).encode()).hexdigest()


def _heads(user: User, own_chain: str) -> QuerySet[Any, Any]:
    """The heads of the person's own chain, and of those who share or offer an account."""
    chain = Concat(Value("user:"), Cast("user_id", CharField()), output_field=CharField())
    shares = AccountShare.objects.received_by(user).order_by().annotate(chain=chain)
    own = Q(name=own_chain)
    return AuditChain.objects.filter(own | Q(name__in=shares.values("chain")))


class _Together(Aggregate):
    """All values as one text."""

    function = "GROUP_CONCAT"
    output_field = TextField()

    def as_postgresql(self, *args: Any, **kwargs: Any) -> Any:
        template = "STRING_AGG(%(expressions)s, ',')"
        return self.as_sql(*args, **kwargs, template=template)


def _facts(user_id: int, own_chain: str) -> QuerySet[Any, tuple[Any, ...]]:
    """The heads of chains, and what changes outside of those: rates, predefined categories, which
    alerts are read, which transfers are suggested, and how the home page is arranged.

    The rest is in the chains. It is here for whoever writes to the tables by hand.
    """
    user = User(pk=user_id)
    shared = AccountShare.objects.filter(member=user).accepted().values("account_id")
    accounts = Account.objects.filter(Q(user=user) | Q(pk__in=shared), deleted_at=None)
    theirs = Q(user=user)
    suggested = Transfer.objects.filter(theirs, status=Transfer.Status.SUGGESTED)
    # A chain only grows, so its length says which head it has.
    head = Concat("name", Value("="), Cast("length", CharField()), output_field=CharField())
    return User.objects.filter(pk=user.pk).values_list(
        one_of(_heads(user, own_chain), _Together(head)),
        one_of(RateMonth.objects.all(), Sum("version")),
        one_of(ExchangeRate.objects.all(), Max("pk")),
        one_of(Category.objects.filter(user=None), Max("updated_at")),
        one_of(accounts, Sum("balance")),
        one_of(accounts, Max("updated_at")),
        one_of(Alert.objects.visible_to(user), Count("pk")),
        one_of(Alert.objects.visible_to(user).counted(), Count("pk")),
        one_of(suggested, Count("pk")),
        one_of(suggested, Max("pk")),
        *(
            one_of(rows.objects.filter(theirs), Max("updated_at"))
            for rows in (Bill, Budget, Reward, BankConnection, HomeState)
        ),
        one_of(EmailAddress.objects.filter(theirs, verified=True), Count("pk")),
        one_of(Authenticator.objects.filter(theirs), Count("pk")),
    )


def one_of(rows: QuerySet[Any], fact: Aggregate) -> Subquery:
    """An aggregate of all these rows as a column."""
    found = rows.order_by().annotate(all=Value(1)).values("all").annotate(fact=fact)
    return Subquery(found.values("fact"))


_FACTS = WrittenOnce(_facts)
