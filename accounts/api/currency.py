"""Exchange rates in the API. Only stored rates are used; requests never fetch new ones."""

from datetime import date
from decimal import Decimal
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers, status
from rest_framework.exceptions import APIException, ErrorDetail
from rest_framework.response import Response

from accounts.currency import (
    FIRST_RATES,
    LAST_DAY,
    USUAL,
    CurrencySummary,
    counted_accounts,
    currency_summary,
    rate_state,
    rates_of,
)
from accounts.exchange import Rate, RateMissing, convert
from banking.kernel.api import AmountSerializerField
from banking.kernel.api_fields import CurrencyCodeField
from banking.kernel.api_input import ApiView, Input, operation
from banking.kernel.api_parameters import CURRENCY_LIST, DAY, currency_parameter
from banking.kernel.filters import read_day
from banking.kernel.forms import yes_or_no
from banking.kernel.money import (
    exact_amount,
    plain_amount,
    plain_rate,
    round_to_minor_unit,
)
from users.signed_in import UserApiRequest
from users.timezones import local_date


class NoRate(APIException):
    """422: the request is valid, but no rate from the last seven days connects the two
    currencies.
    """

    status_code = status.HTTP_422_UNPROCESSABLE_ENTITY
    default_code = "rate_missing"


class RateOut(serializers.Serializer):
    """How much one unit of the base currency is in `currency`; null if no rate from the last week
    exists.
    """

    currency = serializers.CharField()
    rate = serializers.CharField(allow_null=True)
    rate_on = serializers.DateField(allow_null=True)
    source = serializers.CharField(allow_null=True)  # type: ignore[assignment]  # a field of that name


class RatesOut(serializers.Serializer):
    base = serializers.CharField()
    on = serializers.DateField()
    last_fetched_at = serializers.DateTimeField(allow_null=True)
    is_late = serializers.BooleanField(help_text="No source has responded for a day.")
    rates = RateOut(many=True)
    missing = serializers.ListField(child=serializers.CharField())


class RatesQuery(serializers.Serializer):
    base = CurrencyCodeField(required=False)
    on = serializers.CharField(required=False)
    currencies = serializers.CharField(required=False, max_length=CURRENCY_LIST["maxLength"])

    def validate_on(self, text: str) -> date:
        try:
            return _known_day(read_day(text))
        except ValueError:
            raise serializers.ValidationError("Send a date such as 2026-03-31.") from None

    def validate_currencies(self, text: str) -> list[str]:
        field = CurrencyCodeField()
        return [field.run_validation(code.strip()) for code in text.split(",")]


class HoldingOut(serializers.Serializer):
    currency = serializers.CharField()
    account_count = serializers.IntegerField()
    total = AmountSerializerField()
    converted = serializers.CharField(allow_null=True)
    rate = RateOut(allow_null=True)


class CurrencySummaryOut(serializers.Serializer):
    base = serializers.CharField()
    on = serializers.DateField()
    total = serializers.CharField()
    not_converted = serializers.IntegerField(help_text="Accounts not included in the total.")
    holdings = HoldingOut(many=True)


class ConvertIn(Input):
    """`from` and `to` are currency codes. Without `on`, today's rate is used."""

    amount = AmountSerializerField()
    to = CurrencyCodeField()
    on = serializers.DateField(
        required=False, help_text=f"From {FIRST_RATES} on. Default: today in your time zone."
    )

    def get_fields(self) -> dict[str, Any]:
        return super().get_fields() | {"from": CurrencyCodeField()}

    def validate_on(self, on: date) -> date:
        return _known_day(on)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        exact_amount(attrs["amount"], attrs["from"])
        return attrs


class ConvertOut(serializers.Serializer):
    amount = serializers.CharField(help_text="Rounded to the currency's smallest unit.")
    currency = serializers.CharField()
    rate = serializers.CharField()
    rate_on = serializers.DateField(
        allow_null=True, help_text="Null when both currencies are the same."
    )
    source = serializers.CharField()  # type: ignore[assignment]  # a field of that name


def rate_data(currency: str, rate: Rate | None) -> dict[str, Any]:
    if rate is None:
        return {"currency": currency, "rate": None, "rate_on": None, "source": None}
    return {
        "currency": currency,
        "rate": plain_rate(rate.rate),
        "rate_on": rate.rate_on,
        "source": rate.source,
    }


def _known_day(on: date) -> date:
    if not FIRST_RATES <= on <= LAST_DAY:
        raise serializers.ValidationError(f"Choose a date on or after {FIRST_RATES}.")
    return on


def _today(request: UserApiRequest) -> date:
    return local_date(request.user.timezone, timezone.now())


class CurrencyRatesApi(ApiView):
    @operation(
        operation_id="currency_rates",
        responses=RatesOut,
        parameters=[
            currency_parameter("base", "Default: your base currency."),
            OpenApiParameter("on", DAY, description=f"On or after {FIRST_RATES}. Default: today."),
            OpenApiParameter(
                "currencies",
                CURRENCY_LIST,
                description="Such as EUR,GBP. Default: your own and common ones.",
            ),
        ],
    )
    def get(self, request: UserApiRequest) -> Response:
        """Exchange rates of your base currency, with each rate's date and source."""
        data = RatesQuery(data=request.query_params)
        data.is_valid(raise_exception=True)
        asked = data.validated_data
        base = asked.get("base", request.user.base_currency)
        on = asked.get("on", _today(request))
        mine = counted_accounts(request.user, include_shared=True)
        currencies = asked.get("currencies") or {
            *USUAL,
            request.user.base_currency,
            *(account.currency for account in mine),
        }
        found, state = rates_of(base, currencies, on), rate_state(timezone.now())
        answer = {
            "base": base,
            "on": on,
            "last_fetched_at": state.last.asked_at if state.last else None,
            "is_late": state.is_late,
            "rates": [rate_data(code, rate) for code, rate in found.items()],
            "missing": [code for code, rate in found.items() if rate is None],
        }
        return Response(RatesOut(answer).data)


class CurrencySummaryApi(ApiView):
    @operation(
        operation_id="currency_summary",
        responses=CurrencySummaryOut,
        parameters=[
            currency_parameter("base", "Default: your base currency."),
            OpenApiParameter(
                "include_shared", bool, description="Include accounts shared with you."
            ),
        ],
    )
    def get(self, request: UserApiRequest) -> Response:
        """Your balances by currency and their converted total, with a count of unconverted
        balances.
        """
        data = RatesQuery(data=request.query_params)
        data.is_valid(raise_exception=True)
        base = data.validated_data.get("base", request.user.base_currency)
        summary = currency_summary(
            request.user,
            base=base,
            on=_today(request),
            include_shared=bool(yes_or_no(request.query_params, "include_shared")),
        )
        return Response(CurrencySummaryOut(_summary_data(summary)).data)


def _summary_data(summary: CurrencySummary) -> dict[str, Any]:
    def shown(amount: Decimal | None) -> str | None:
        if amount is None:
            return None
        return plain_amount(round_to_minor_unit(amount, summary.base), summary.base)

    return {
        "base": summary.base,
        "on": summary.on,
        "total": shown(summary.total),
        "not_converted": summary.not_converted,
        "holdings": [
            {
                "currency": holding.currency,
                "account_count": holding.account_count,
                "total": holding.total,
                "converted": shown(holding.converted),
                "rate": holding.rate and rate_data(holding.currency, holding.rate),
            }
            for holding in summary.holdings
        ],
    }


class CurrencyConvertApi(ApiView):
    @operation(operation_id="currency_convert", request=ConvertIn, responses=ConvertOut)
    def post(self, request: UserApiRequest) -> Response:
        """Convert an amount at a given day's rate; 422 if no rate from the seven days before is
        known.
        """
        data = ConvertIn(data=request.data)
        data.is_valid(raise_exception=True)
        asked = data.validated_data
        on = asked.get("on", _today(request))
        try:
            converted = convert(asked["amount"], asked["from"], asked["to"], on)
        except RateMissing as error:
            raise NoRate({"to": [ErrorDetail(str(error), code="rate_missing")]}) from error
        rounded = round_to_minor_unit(converted.amount, converted.currency)
        answer = {
            "amount": plain_amount(rounded, converted.currency),
            "currency": converted.currency,
            "rate": plain_rate(converted.rate.rate),
            "rate_on": converted.rate.rate_on,
            "source": converted.rate.source,
        }
        return Response(ConvertOut(answer).data)
