"""Conversion uses the rate of the date or of the last seven days, and fails without one."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from accounts.exchange import RateMissing, RateTable, convert
from accounts.models import ExchangeRate

pytestmark = pytest.mark.django_db
FRIDAY = date(2026, 3, 13)
HUNDRED = Decimal("100.00")


def store(base: str, quote: str, rate: str, on: date = FRIDAY, source: str = "ecb") -> None:
    ExchangeRate.objects.create(base=base, quote=quote, rate=rate, rate_on=on, source=source)


def test_same_currency_conversion_needs_no_rate_and_no_query(
    django_assert_num_queries,
):
    with django_assert_num_queries(0):
        converted = convert(HUNDRED, "EUR", "EUR", FRIDAY)
    assert (converted.amount, converted.rate.rate_on) == (HUNDRED, None)


def test_rate_of_the_day_is_used_and_named():
    store("EUR", "USD", "1.0825")
    store("EUR", "USD", "1.0700", FRIDAY - timedelta(days=1))
    converted = convert(HUNDRED, "EUR", "USD", FRIDAY)
    assert converted.amount == Decimal("108.25")
    assert (converted.rate.rate_on, converted.rate.source) == (FRIDAY, "ecb")


def test_weekends_use_fridays_rate():
    store("EUR", "USD", "1.08")
    assert convert(HUNDRED, "EUR", "USD", FRIDAY + timedelta(days=2)).rate.rate_on == FRIDAY


@pytest.mark.parametrize(("age", "is_known"), [(0, True), (7, True), (8, False), (-1, False)])
def test_a_rate_is_valid_for_seven_days_and_never_for_earlier_dates(age, is_known):
    store("EUR", "USD", "1.08")
    table = RateTable.for_dates({"EUR"}, "USD", [FRIDAY + timedelta(days=age)])
    assert (table.rate("EUR", FRIDAY + timedelta(days=age)) is not None) is is_known


def test_inverse_of_a_stored_pair_is_used():
    store("EUR", "USD", "1.25")
    assert convert(HUNDRED, "USD", "EUR", FRIDAY).amount == Decimal("80")


def test_cross_rate_through_a_common_base():
    store("EUR", "USD", "1.25")
    store("EUR", "JPY", "150")
    converted = convert(HUNDRED, "USD", "JPY", FRIDAY)
    assert converted.amount == Decimal("12000")
    assert converted.rate.rate_on == FRIDAY


def test_cross_rate_has_the_date_of_its_older_leg():
    store("EUR", "USD", "1.25", FRIDAY - timedelta(days=3), source="one")
    store("EUR", "JPY", "150", source="two")
    rate = convert(HUNDRED, "USD", "JPY", FRIDAY).rate
    assert (rate.rate_on, rate.source) == (FRIDAY - timedelta(days=3), "one × two")


def test_common_quote_currency_is_the_last_resort(
    django_assert_num_queries,
):
    store("AUD", "XAU", "0.0004", source="one")
    store("NZD", "XAU", "0.0002", FRIDAY - timedelta(days=7), source="two")
    store("AUD", "JPY", "90")
    store("NZD", "JPY", "0")
    converted = convert(HUNDRED, "AUD", "NZD", FRIDAY)
    assert converted.amount == Decimal("200")
    rate = converted.rate
    assert (rate.rate_on, rate.source) == (FRIDAY - timedelta(days=7), "two × one")
    assert convert(HUNDRED, "NZD", "AUD", FRIDAY).amount == Decimal("50")
    days = [FRIDAY + timedelta(days=ahead) for ahead in range(-9, 9)]
    with django_assert_num_queries(2):
        tables = RateTable.for_targets({"NZD": {"AUD", "CHF"}, "USD": {"AUD"}}, days)
        known = [day for day in days if tables["NZD"].rate("AUD", day)]
        lost = [tables["NZD"].rate("CHF", day) or tables["USD"].rate("AUD", day) for day in days]
    # One leg is from the week before, never from a later date.
    assert (known, any(lost)) == ([FRIDAY], False)
    store("USD", "AUD", "1.25", FRIDAY - timedelta(days=6))
    store("USD", "NZD", "1.50", FRIDAY - timedelta(days=6))
    assert convert(HUNDRED, "AUD", "NZD", FRIDAY).amount == Decimal("120")
    with pytest.raises(RateMissing):
        convert(HUNDRED, "AUD", "NZD", FRIDAY + timedelta(days=2))


def test_most_recent_rate_wins_and_direct_quotes_win_ties():
    store("EUR", "USD", "1.10", FRIDAY - timedelta(days=1))
    store("USD", "EUR", "0.50")
    assert convert(HUNDRED, "EUR", "USD", FRIDAY).amount == Decimal("200")
    store("EUR", "USD", "1.20")
    assert convert(HUNDRED, "EUR", "USD", FRIDAY).amount == Decimal("120")


def test_missing_rate_is_an_error_and_never_one_to_one():
    store("EUR", "USD", "1.08")
    with pytest.raises(
        RateMissing, match="No exchange rate from CHF to USD is available for 2026-03-13"
    ):
        convert(HUNDRED, "CHF", "USD", FRIDAY)
    table = RateTable.for_dates({"CHF"}, "USD", [FRIDAY])
    assert table.convert(HUNDRED, "CHF", FRIDAY) is None


@pytest.mark.parametrize("text", ["0", "-1.1", "NaN", "Infinity", "a lot", ""])
def test_a_rate_that_is_not_a_positive_number_counts_as_missing(text):
    store("EUR", "USD", text)
    with pytest.raises(RateMissing):
        convert(HUNDRED, "EUR", "USD", FRIDAY)


def test_table_for_many_currencies_and_dates_runs_one_query(django_assert_num_queries):
    days = [FRIDAY - timedelta(days=back) for back in range(60)]
    for day in days:
        store("EUR", "USD", "1.08", day)
        store("EUR", "GBP", "0.85", day)
    with django_assert_num_queries(1):
        table = RateTable.for_dates({"EUR", "GBP", "USD"}, "USD", days)
        found = [table.rate(currency, day) for currency in ("EUR", "GBP") for day in days]
    assert all(rate is not None for rate in found)
