"""How a query string is read as a period, and which period it is compared with."""

from datetime import date

import pytest
from django.core.exceptions import ValidationError

from banking.kernel.periods import Period
from insights.figures.period_choice import choose_period

ON = date(2026, 2, 10)


@pytest.mark.parametrize(
    ("params", "start", "last"),
    [
        ({}, date(2026, 2, 1), date(2026, 2, 28)),
        ({"month": "2024-02"}, date(2024, 2, 1), date(2024, 2, 29)),
        ({"period": "this_month"}, date(2026, 2, 1), date(2026, 2, 28)),
        ({"period": "last_month"}, date(2026, 1, 1), date(2026, 1, 31)),
        ({"period": "quarter"}, date(2026, 1, 1), date(2026, 3, 31)),
        ({"period": "year"}, date(2026, 1, 1), date(2026, 12, 31)),
        ({"period": "last_12_months"}, date(2025, 3, 1), date(2026, 2, 28)),
        (
            {"date_from": "2025-12-17", "date_to": "2026-01-09"},
            date(2025, 12, 17),
            date(2026, 1, 9),
        ),
        ({"date_from": "2026-01-17"}, date(2026, 1, 17), ON),
        ({"date_to": "2025-11-09"}, date(2025, 11, 1), date(2025, 11, 9)),
    ],
)
def test_a_query_string_selects_a_period(params, start, last):
    period = choose_period(params, on=ON).period
    assert (period.start, period.last_day) == (start, last)


@pytest.mark.parametrize(
    ("params", "attr"),
    [
        ({"month": "2026-13"}, "month"),
        ({"month": "2026-1"}, "month"),
        ({"month": "0001-01"}, "month"),
        ({"month": "٢٠٢٦-٠١"}, "month"),
        ({"period": "century"}, "period"),
        ({"period": "custom"}, "date_from"),
        ({"date_from": "31.02.2026"}, "date_from"),
        ({"date_to": "9999-12-31"}, "date_to"),
        ({"date_from": "2026-02-02", "date_to": "2026-02-01"}, "date_to"),
    ],
)
def test_an_invalid_query_string_is_refused_at_its_name(params, attr):
    with pytest.raises(ValidationError) as refusal:
        choose_period(params, on=ON)
    assert list(refusal.value.message_dict) == [attr]


def test_a_running_period_compares_with_as_many_days_as_have_passed():
    assert choose_period({}, on=ON).comparison == Period(date(2026, 1, 1), date(2026, 1, 11))
    # The 30th day has no counterpart in February, which then counts in full.
    march = choose_period({}, on=date(2026, 3, 30))
    assert march.comparison == Period(date(2026, 2, 1), date(2026, 3, 1))


def test_a_past_period_compares_with_the_whole_previous_one():
    choice = choose_period({"month": "2026-01"}, on=ON)
    assert choice.comparison == Period.month(2025, 12)
    assert choice.month == date(2026, 1, 1)
    assert choose_period({"period": "year"}, on=ON).month == date(2026, 2, 1)
