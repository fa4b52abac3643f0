"""What is asked of a figure: whose accounts, which period, in which currency, on which day.

A door reads it out of an address (`wanted_in`) and has it answered (`answer`).
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
    """`on` is today in the calendar of who asks; the figure's amounts are in `currency`."""

    coverage: Coverage
    choice: PeriodChoice
    currency: str
    on: date

    def load(self, periods: Iterable[Period]) -> tuple[Flows, RateTable]:
        """The flows of these periods, and the rates of the day as well."""
        return load_flows(
            accounts=self.coverage.accounts, currency=self.currency, periods=periods, on=self.on
        )


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an address asks for, whoever asks."""

    choice: PeriodChoice
    on: date
    currency: str
    include_shared: bool | None


def wanted_in(
    params: Mapping[str, str], *, on: date, choose: Callable[..., PeriodChoice], **options: str
) -> Wanted:
    """The period as `choose` reads it, the currency, and whose accounts. Raises ValidationError."""
    return Wanted(
        choice=choose(params, on=on, **options),
        on=on,
        currency=currency_in(params),
        include_shared=include_shared_in(params),
    )


def answer(wanted: Wanted, *, user: User, figure: Callable[["Question"], Answer]) -> Answer:
    """The figure for this person, from one snapshot. Raises PermissionDenied as `ask` does."""
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
    """The question of this person; their base currency unless another is given.

    Raises PermissionDenied for who sees no insights, ValidationError at the currency.
    """
    coverage = insights_coverage(user, include_shared=include_shared)
    return Question(coverage, choice, currency or user.base_currency, on)


def currency_in(params: Mapping[str, str]) -> str:
    """`currency=EUR`; "" where none is given. Raises ValidationError at its name."""
    code = params.get("currency", "").strip().upper()
    if code:
        try:
            validate_currency(code)
        except ValidationError as error:
            raise ValidationError({"currency": error.messages}) from error
    return code


def include_shared_in(params: Mapping[str, str]) -> bool | None:
    """`include_shared=1` or `0`; None where the person leaves it to us. Raises ValidationError."""
    return yes_or_no(params, "include_shared")
