"""The parameters of a figure: accounts, period, currency and today's date.

A view reads them from the query string (`wanted_in`) and computes the figure (`answer`).
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TypeVar

from django.core.exceptions import ValidationError

from accounts.exchange import RateTable
from banking.kernel.forms import yes_or_no
from banking.kernel.money import validate_currency
from banking.kernel.periods import Period
from banking.kernel.snapshot import read_snapshot
from insights.figures.coverage import Coverage, insights_coverage
from insights.figures.period_choice import PeriodChoice
from transactions.flows import Flows, load_flows
from users.models import User

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Question:
    """`on` is today in the user's time zone; amounts are in `currency`."""

    coverage: Coverage
    choice: PeriodChoice
    currency: str
    on: date

    def load(self, periods: Iterable[Period]) -> tuple[Flows, RateTable]:
        """The flows of these periods, with today's rates included."""
        return load_flows(
            accounts=self.coverage.accounts, currency=self.currency, periods=periods, on=self.on
        )


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a query string asks for, before the user is known."""

    choice: PeriodChoice
    on: date
    currency: str
    include_shared: bool | None


def wanted_in(
    params: Mapping[str, str], *, on: date, choose: Callable[..., PeriodChoice], **options: str
) -> Wanted:
    """Read the period (with `choose`), the currency, and the accounts. Raises ValidationError."""
    return Wanted(
        choice=choose(params, on=on, **options),
        on=on,
        currency=currency_in(params),
        include_shared=include_shared_in(params),
    )


def answer(wanted: Wanted, *, user: User, figure: Callable[["Question"], Answer]) -> Answer:
    """Compute the figure for this user from one snapshot. Raises PermissionDenied as `ask` does."""
    with read_snapshot():
        question = ask(
            user=user,
            choice=wanted.choice,
            on=wanted.on,
            currency=wanted.currency,
            include_shared=wanted.include_shared,
        )
        return figure(question)


def ask(
    *,
    user: User,
    choice: PeriodChoice,
    on: date,
    currency: str = "",
    include_shared: bool | None = None,
) -> Question:
    """Build the user's question, in their base currency unless another is given.

    Raises PermissionDenied for users without insights, ValidationError at the currency.
    """
    coverage = insights_coverage(user, include_shared=include_shared)
    return Question(coverage, choice, currency or user.base_currency, on)


def currency_in(params: Mapping[str, str]) -> str:
    """Read `currency=EUR`; "" if absent. Raises ValidationError at its name."""
    code = params.get("currency", "").strip().upper()
    if code:
        try:
            validate_currency(code)
        except ValidationError as error:
            raise ValidationError({"currency": error.messages}) from error
    return code


def include_shared_in(params: Mapping[str, str]) -> bool | None:
    """Read `include_shared=1` or `0`; None if absent. Raises ValidationError."""
    return yes_or_no(params, "include_shared")
