"""`GET /api/insights/…`: one figure each, for a period and a currency."""

from collections.abc import Callable
from typing import Any

from django.core.exceptions import ValidationError
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter
from rest_framework.response import Response
from rest_framework.serializers import Serializer

from banking.kernel.api_input import ApiView, operation
from banking.kernel.api_parameters import DAY, MONTH, currency_parameter, whole_number
from banking.limits import MERCHANTS_SHOWN
from insights.api.figure_serializers import (
    BurnRateOut,
    CashFlowOut,
    CategoriesOut,
    MerchantsOut,
    NetWorthOut,
    YearlyOut,
)
from insights.figures.burn_rate import burn_rate
from insights.figures.cash_flow import cash_flow_months
from insights.figures.categories import categories
from insights.figures.merchants import SHOWN, merchants
from insights.figures.net_worth_history import net_worth_history
from insights.figures.period_choice import (
    SPANS,
    YEARS,
    PeriodChoice,
    choose_period,
    choose_year,
)
from insights.figures.questions import Question, answer, wanted_in
from insights.figures.yearly import yearly
from users.signed_in import UserApiRequest
from users.timezones import local_date

SHARED = [
    currency_parameter("currency", "Currency of the figures. Default: your base currency."),
    OpenApiParameter(
        "include_shared",
        bool,
        description="Include accounts shared with you as analyst. Always on for guests.",
    ),
]
PERIOD = [
    OpenApiParameter("month", MONTH, description="A month, 2025-12."),
    OpenApiParameter("period", str, enum=list(SPANS)),
    OpenApiParameter("date_from", DAY, description="First day, 2025-12-01."),
    OpenApiParameter("date_to", DAY, description="Last day, 2025-12-31."),
    *SHARED,
]
YEAR = [OpenApiParameter("year", whole_number(*YEARS), description="Default: this year."), *SHARED]
LIMIT = OpenApiParameter(
    "limit",
    whole_number(1, MERCHANTS_SHOWN) | {"default": SHOWN},
    description=f"How many, at most {MERCHANTS_SHOWN}.",
)


class FigureApi(ApiView):
    """Base of the insight views: parses the query and answers it from one database snapshot."""

    default_span = "last_12_months"
    figure: Callable[[Question], Any]
    serializer: type[Serializer]

    def answer(self, request: UserApiRequest, **options: Any) -> Response:
        def data_of(question: Question) -> dict[str, Any]:
            found = type(self).figure(question, **options)
            return self.serializer(found, context={"currency": question.currency}).data

        on = local_date(request.user.timezone, timezone.now())
        wanted = wanted_in(request.query_params, on=on, choose=self.choose)
        return Response(answer(wanted, user=request.user, figure=data_of))

    def choose(self, params: Any, on: Any) -> PeriodChoice:
        return choose_period(params, on=on, default=self.default_span)


class CashFlowApi(FigureApi):
    """Income, expenses, net and savings rate by month."""

    figure = staticmethod(cash_flow_months)
    serializer = CashFlowOut

    @operation(operation_id="insights_cash_flow", responses=CashFlowOut, parameters=PERIOD)
    def get(self, request: UserApiRequest) -> Response:
        return self.answer(request)


class CategoriesApi(FigureApi):
    """Spending by category, compared with the previous period. Default: this month."""

    default_span = "this_month"
    figure = staticmethod(categories)
    serializer = CategoriesOut

    @operation(operation_id="insights_categories", responses=CategoriesOut, parameters=PERIOD)
    def get(self, request: UserApiRequest) -> Response:
        return self.answer(request)


class MerchantsApi(FigureApi):
    """Top merchants by spending, compared with the previous period. Default: this month."""

    default_span = "this_month"
    figure = staticmethod(merchants)
    serializer = MerchantsOut

    @operation(
        operation_id="insights_merchants", responses=MerchantsOut, parameters=[*PERIOD, LIMIT]
    )
    def get(self, request: UserApiRequest) -> Response:
        text = request.query_params.get("limit") or str(SHOWN)
        if text not in map(str, range(1, MERCHANTS_SHOWN + 1)):
            raise ValidationError({"limit": f"Send a number from 1 to {MERCHANTS_SHOWN}."})
        return self.answer(request, limit=int(text))


class BurnRateApi(FigureApi):
    """Average expenses over the last 3, 6 and 12 full months, and how long liquid funds would
    last.
    """

    figure = staticmethod(burn_rate)
    serializer = BurnRateOut

    @operation(operation_id="insights_burn_rate", responses=BurnRateOut, parameters=SHARED)
    def get(self, request: UserApiRequest) -> Response:
        return self.answer(request)

    def choose(self, params: Any, on: Any) -> PeriodChoice:
        """Always the last full months."""
        return choose_period({}, on=on, default=self.default_span)


class NetWorthApi(FigureApi):
    """Assets, debts and net worth at month ends."""

    figure = staticmethod(net_worth_history)
    serializer = NetWorthOut

    @operation(operation_id="insights_net_worth", responses=NetWorthOut, parameters=PERIOD)
    def get(self, request: UserApiRequest) -> Response:
        return self.answer(request)


class YearlyApi(FigureApi):
    """A year compared with the previous one: by month, in total, and by category."""

    figure = staticmethod(yearly)
    serializer = YearlyOut

    @operation(operation_id="insights_yearly", responses=YearlyOut, parameters=YEAR)
    def get(self, request: UserApiRequest) -> Response:
        return self.answer(request)

    def choose(self, params: Any, on: Any) -> PeriodChoice:
        return choose_year(params, on=on)
