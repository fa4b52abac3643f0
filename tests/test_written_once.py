"""Statements that are written once find what Django's own would: their text and parameters are
those that Django writes anew, for any values.
"""

import importlib
import inspect
from datetime import date
from uuid import UUID

import pytest
from django.db.models import Q

from accounts.models import Account
from banking.kernel.django_private import statement_of
from banking.kernel.written_once import WrittenOnce
from tests.builders import make_account, make_user

importlib.import_module("banking.urls")
PRODUCT = tuple(WrittenOnce.known)

# Two values for each name that a statement's function gives a value, in no order of their own.
NUMBERS = ([7], [41, 5, 9, 12])
DAYS = (date(2026, 3, 9), date(1999, 12, 31))
VALUES = {
    **dict.fromkeys(("user_id", "row_id"), (3, 88)),
    **dict.fromkeys(("ids", "account_ids", "category_ids", "owner_ids", "reward_ids"), NUMBERS),
    **dict.fromkeys(("first", "last", "end", "since", "after", "by"), DAYS),
    **dict.fromkeys(("starts", "ends"), ([DAYS[0]], [*DAYS, *reversed(DAYS)])),
    **dict.fromkeys(("currencies", "quotes"), (["EUR"], ["USD", "EUR", "JPY", "CHF"])),
    "chain_names": (["user:3"], ["user:3", "user:88", "user:4", "site"]),
    **dict.fromkeys(("year", "first_year"), (2026, 1999)),
    **dict.fromkeys(("month", "first_month"), (3, 12)),
    "shared_ids": ([], [14, 2]),
    "days": ([DAYS[0]], [*DAYS]),
    **dict.fromkeys(("slugs", "words"), (["food"], ["rent", "travel"])),
    "names": (["Corner Shop"], ["Tillpay", "Café"]),
    "own_chain": ("user:3", "user:88"),
    "family": (UUID(int=2**100 + 7), UUID(int=9)),
    "name": ("user:3", "system"),
    "slug": ("transfer", "food"),
    "units": (-12_500, 70_000),
    **dict.fromkeys(("account_id", "batch_id"), (7, 41)),
    "email": ("a@example.com", "b@example.com"),
}


def name_of(one):
    return f"{inspect.getmodule(one.write).__name__}:{one.write.__code__.co_firstlineno}"


@pytest.mark.django_db
@pytest.mark.parametrize("one", PRODUCT, ids=name_of)
def test_its_text_and_parameters_are_those_that_django_writes(one):
    names = list(inspect.signature(one.write).parameters)
    for choice in (0, 1):
        values = [VALUES[name][choice] for name in names]
        written, params = one.filled(*values)
        anew = statement_of(one.write(*values))
        assert written.statement.sql == anew.sql
        assert params == list(anew.params)


@pytest.mark.django_db
def test_its_rows_are_of_these_values_however_many_there_are():
    owner = make_user("owner@example.com")
    own = [make_account(user=owner, name=f"own {number}").pk for number in range(5)]
    other = make_account(user=make_user("other@example.com"))
    statement = WrittenOnce(
        lambda ids, user_id: Account.objects.filter(Q(pk__in=ids) & Q(user_id=user_id))
    )
    WrittenOnce.known.remove(statement)
    for wanted in (own, own[:3], own[2:3], []):
        assert {account.pk for account in statement.rows(wanted, owner.pk)} == set(wanted)
    assert statement.rows([*own, other.pk], other.user_id) == [other]
    assert statement.rows(own, other.user_id) == []
