"""The state of everything that a person's home page and overview are made from.

Every change records an audit event in the database transaction of the change, in its owner's chain.
So the heads of the chains of everyone whose accounts a person sees, with the little that is in no
such chain, say whether anything changed: what is kept under a state is never shown after a change.
"""

from collections.abc import Callable
from datetime import date
from functools import cache
from hashlib import sha256
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.db import connection
from django.db.models import (
    Aggregate,
    CharField,
    Count,
    Max,
    Q,
    QuerySet,
    Subquery,
    Sum,
    Value,
)
from django.db.models.functions import Cast, Concat
from django.utils.translation import get_language

from accounts.models import Account, AccountShare, BankConnection, ExchangeRate, RateMonth
from alerts.models import Alert
from banking.kernel.build import build
from bills.models import Bill
from budgets.models import Budget
from rewards.models import Reward
from transactions.models import Category, Transfer
from users.audit import trail
from users.demo import is_for_everybody
from users.models import AuditChain, User

_READ_OF_A_PERSON = (
    *("pk", "email", "name", "role", "is_active", "is_staff", "base_currency"),
    *("timezone", "locale", "theme", "kyc_status"),
)

_ANYBODY = User(pk=-987654321)


def state_of(user: User, on: date) -> str:
    """A text that differs whenever a figure or a word that `user` sees on the day `on` may differ.

    Runs two queries. Read it before what is kept under it.
    """
    person = [getattr(user, name) for name in _READ_OF_A_PERSON]
    site = [build(), settings.SITE_NAME, settings.DEMO, is_for_everybody(user), get_language()]
    state = [person, site, on, *(_found(rows, user) for rows in (_heads, _elsewhere))]
    return sha256(repr(state).encode()).hexdigest()


def _heads(user: User) -> QuerySet[Any, Any]:
    """The heads of the person's own chain, and of those who share or offer an account."""
    chain = Concat(Value("user:"), Cast("user_id", CharField()), output_field=CharField())
    shares = AccountShare.objects.received_by(user).order_by().annotate(chain=chain)
    own = Q(name=trail.chain_name(user.pk))
    chains = AuditChain.objects.filter(own | Q(name__in=shares.values("chain")))
    return chains.order_by("name").values_list("name", "length", "head_hash")


def _elsewhere(user: User) -> QuerySet[Any, Any]:
    """What changes outside of those chains: rates, predefined categories, which alerts are read and
    which transfers are suggested.

    The rest is in the chains. It is here for whoever writes to the tables by hand.
    """
    shared = AccountShare.objects.filter(member=user).accepted().values("account_id")
    accounts = Account.objects.filter(Q(user=user) | Q(pk__in=shared), deleted_at=None)
    theirs = Q(user=user)
    suggested = Transfer.objects.filter(theirs, status=Transfer.Status.SUGGESTED)
    return User.objects.filter(pk=user.pk).values_list(
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
            for rows in (Bill, Budget, Reward)
        ),
        one_of(BankConnection.objects.filter(theirs), Max("updated_at")),
        one_of(EmailAddress.objects.filter(theirs, verified=True), Count("pk")),
        one_of(Authenticator.objects.filter(theirs), Count("pk")),
    )


def one_of(rows: QuerySet[Any], fact: Aggregate) -> Subquery:
    """An aggregate of all these rows as a column."""
    found = rows.order_by().annotate(all=Value(1)).values("all").annotate(fact=fact)
    return Subquery(found.values("fact"))


def _found(rows: Callable[[User], QuerySet[Any, Any]], user: User) -> list[tuple[Any, ...]]:
    """The person's rows. Writing such a query costs more than its answer, so it is written once."""
    sql, params = _statement(rows)
    own: dict[Any, Any] = {
        _ANYBODY.pk: user.pk,
        trail.chain_name(_ANYBODY.pk): trail.chain_name(user.pk),
    }
    with connection.cursor() as cursor:
        cursor.execute(sql, [own.get(param, param) for param in params])
        return cursor.fetchall()


@cache
def _statement(rows: Callable[[User], QuerySet[Any, Any]]) -> tuple[str, tuple[Any, ...]]:
    return rows(_ANYBODY).query.sql_with_params()
