"""Dates, times, numbers and percentages follow the user's region format."""

import re
from datetime import UTC, date, datetime, time
from decimal import Decimal

import pytest
from django.template import Context, Template
from django.utils import timezone

from banking.kernel.formats import date_format, day_span, first_weekday, number, percent
from banking.kernel.region import region
from bills.page import calendar_context
from tests.builders import make_account, make_transaction, make_user
from users.locales import OFFERED
from users.timezones import timezone_choices

DAY = date(2026, 9, 2)
AT = datetime(2026, 9, 2, 18, 5, tzinfo=UTC)


def written(text: str, locale: str) -> str:
    """Render the template in that locale, with plain spaces."""
    with region(locale):
        drawn = Template(text).render(Context({"day": DAY, "at": AT, "share": Decimal("12.5")}))
    return re.sub("[\u00a0\u202f]", " ", drawn)


@pytest.mark.once
@pytest.mark.parametrize(
    ("text", "american", "british", "german", "japanese"),
    [
        ("{{ day|date }}", "Sep 2, 2026", "2 Sept 2026", "02.09.2026", "2026/09/02"),
        ('{{ day|date:"DATE_FORMAT" }}', "Sep 2, 2026", "2 Sept 2026", "02.09.2026", "2026/09/02"),
        ('{{ day|date:"j M" }}', "Sep 2", "2 Sept", "2. Sept.", "9月2日"),
        ('{{ day|date:"j F" }}', "September 2", "2 September", "2. September", "9月2日"),
        ('{{ day|date:"F Y" }}', "September 2026", "September 2026", "September 2026", "2026年9月"),
        (
            '{{ day|date:"l, j F" }}',
            "Wednesday, September 2",
            "Wednesday 2 September",
            "Mittwoch, 2. September",
            "9月2日(水曜日)",
        ),
        ("{{ at|time }}", "6:05 PM", "18:05", "18:05", "18:05"),
        (
            '{{ at|date:"j M, H:i" }}',
            "Sep 2, 6:05 PM",
            "2 Sept, 18:05",
            "2. Sept., 18:05",
            "9月2日 18:05",
        ),
        ('{{ day|date:"Y-m-d" }}', *["2026-09-02"] * 4),
        ("{{ share|percent:1 }}", "12.5%", "12.5%", "12,5 %", "12.5%"),
        ("{{ share|floatformat }}", "12.5", "12.5", "12,5", "12.5"),
        ("{{ 1234567|intcomma }}", "1,234,567", "1,234,567", "1.234.567", "1,234,567"),
        ('{{ None|date }}{{ ""|date }}{{ ""|percent }}', "", "", "", ""),
    ],
)
def test_each_region_has_its_own_format(text, american, british, german, japanese):
    assert written(text, "en-US") == american
    assert written(text, "en-GB") == british
    assert written(text, "de-DE") == german
    assert written(text, "ja-JP") == japanese


@pytest.mark.once
@pytest.mark.parametrize("locale", OFFERED)
def test_every_offered_region_has_every_format(locale):
    forms = ("j M Y", "j M", "F Y", "j F Y", "j F", "l, j F Y", "F", "M Y", "l, j F", "M", "D", "l")
    japanese = "月" if not locale.startswith(("ja", "zh")) else "\0"
    for form in forms:
        text = date_format(DAY, form, locale)
        assert text.strip(), form
        # No locale falls back to another locale's names.
        assert japanese not in text, form
    assert date_format(AT, "DATETIME_FORMAT", locale)
    assert date_format(time(18, 5), "H:i", locale) in date_format(AT, "DATETIME_FORMAT", locale)
    assert "12" in percent(Decimal("12.5"), 1, locale)
    assert number(Decimal("1234.50"), 2, locale, is_fixed=True)


@pytest.mark.once
def test_date_range_states_shared_parts_once():
    with region("en-US"):
        assert day_span(date(2026, 10, 1), date(2026, 10, 21)).replace("\u2009", " ") == (
            "Oct 1 – 21, 2026"
        )
    with region("de-DE"):
        assert "2026" in day_span(date(2026, 1, 1), date(2026, 11, 21))


@pytest.mark.once
def test_times_are_shown_in_the_users_time_zone():
    with timezone.override("America/New_York"), region("en-US"):
        assert written("{{ at|time }}", "en-US") == "2:05 PM"


@pytest.mark.parametrize(("locale", "weekday"), [("en-US", 6), ("de-DE", 0), ("ja-JP", 6)])
def test_weeks_begin_on_the_regions_first_day(alice, locale, weekday):
    with region(locale):
        assert first_weekday() == weekday
        weeks = calendar_context(user=alice, month=date(2026, 9, 1), on=DAY)["weeks"]
    assert {week[0].date.weekday() for week in weeks} == {weekday}
    assert {len(week) for week in weeks} == {7}


@pytest.mark.parametrize(
    ("locale", "day"), [("en-US", "Mar 2, 2026"), ("de-DE", "02.03.2026"), ("fr-FR", "2 mars 2026")]
)
def test_pages_use_the_users_date_format(db, client_for, locale, day):
    user = make_user("reader@example.com", locale=locale)
    account = make_account(user=user, opening_balance="100.00")
    row = make_transaction(account=account, amount="-5.00", txn_date=date(2026, 3, 2))
    page = client_for(user).get(f"/transactions/{row.pk}/").content.decode()
    assert day in page
    assert f'data-region="{locale}"' in page


@pytest.mark.parametrize("zone", ["GMT", "EST5EDT", "CET", "Etc/GMT-14"])
def test_api_accepts_a_time_zone_without_a_city(alice, api_for, zone):
    assert api_for(alice).patch("/api/users/me", {"timezone": zone}).status_code == 200
    alice.refresh_from_db()
    assert alice.timezone == zone
    refused = api_for(alice).patch("/api/users/me", {"timezone": "Mars/Base"})
    assert refused.status_code == 400


@pytest.mark.once
def test_every_time_zone_can_be_chosen():
    names = {name for name, _label in timezone_choices()}
    assert {"GMT", "EST5EDT", "UTC", "CET", "Europe/Berlin", "Etc/GMT+5"} <= names
    assert not {"localtime", "Factory", "posixrules"} & names
