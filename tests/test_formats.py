"""Dates read the same on every page."""

from datetime import UTC, date, datetime

import pytest
from django.template import Context, Template

pytestmark = pytest.mark.once


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ('{{ day|date:"DATE_FORMAT" }}', "2 Sep 2026"),
        ('{{ day|date:"SHORT_DATE_FORMAT" }}', "2 Sep 2026"),
        ('{{ at|date:"DATETIME_FORMAT" }}', "2 Sep 2026, 18:05"),
        ("{{ day }} {{ at|time }}", "2 Sep 2026 18:05"),
    ],
)
def test_a_date_is_day_month_by_name_and_year_wherever_it_stands(written, expected):
    shown = {"day": date(2026, 9, 2), "at": datetime(2026, 9, 2, 18, 5, tzinfo=UTC)}
    assert Template(written).render(Context(shown)) == expected
