"""What is asked of a figure: whose accounts, which period, in which currency, on which day."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from django.core.exceptions import ValidationError

from accounts.exchange import RateTable
from banking.money import validate_currency
from banking.periods import Period
from insights.coverage import Coverage, insights_coverage
from insights.period_choice import PeriodChoice
from transactions.flows import Flows, load_flows
from users.models import User


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
