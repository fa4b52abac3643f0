"""Which payments recur: constructed histories with exact expectations, without a database."""

import random
from datetime import date, timedelta

import pytest

from banking.kernel.periods import add_months
from insights.recurring.cadence import RHYTHMS, Cadence
from insights.recurring.entries import merchant_key, shown_name
from insights.recurring.patterns import Line, find_series

pytestmark = pytest.mark.once


def history(*payments):
    """Build lines from (date, amount)."""
    return [
        Line(on.toordinal(), round(amount * 10_000), number)
        for number, (on, amount) in enumerate(payments)
    ]


def monthly(day, amounts, start=date(2025, 1, 1), months=1):
    """One payment on that day, every `step` months."""
    return [
        (add_months(start.replace(day=day), number * months), amount)
        for number, amount in enumerate(amounts)
    ]


def detected(*payments):
    """[(cadence, anchor, count, missed, is fixed price)] of the series found."""
    return [
        (
            find_sery.rhythm.cadence,
            find_sery.anchor,
            len(find_sery.slots),
            find_sery.missed,
            find_sery.is_fixed,
        )
        for find_sery in find_series(history(*payments))
    ]


def after_weekend(on):
    """Banks book on the next business day."""
    return on + timedelta(days={5: 2, 6: 1}.get(on.weekday(), 0))


@pytest.mark.parametrize(
    ("cadence", "months", "count"),
    [("monthly", 1, 8), ("two_monthly", 2, 6), ("quarterly", 3, 6), ("half_yearly", 6, 4),
     ("yearly", 12, 3)],
)  # fmt: skip
def test_each_monthly_cadence_is_found(cadence, months, count):
    assert detected(*monthly(5, [20.0] * count, months=months)) == [(cadence, 5, count, 0, True)]


@pytest.mark.parametrize(("cadence", "days"), [("weekly", 7), ("fortnightly", 14)])
def test_each_daily_cadence_is_found(cadence, days):
    start = date(2025, 3, 7)
    found = find_series(history(*[(start + timedelta(days * n), 35.0) for n in range(10)]))
    assert [(series.rhythm.cadence, len(series.slots)) for series in found] == [(cadence, 10)]
    rhythm, series = RHYTHMS[Cadence(cadence)], found[0]
    following = rhythm.slot_day(series.anchor, rhythm.next_slot(series.last_slot))
    assert date.fromordinal(following) == start + timedelta(days * 10)


def test_the_31st_becomes_the_last_day_of_a_shorter_month():
    payments = monthly(31, [9.99] * 7)
    assert [on.day for on, _ in payments[:4]] == [31, 28, 31, 30]
    assert detected(*payments) == [("monthly", 31, 7, 0, True)]


def test_a_payment_booked_after_the_weekend_or_month_end_keeps_its_day():
    payments = [(after_weekend(on), amount) for on, amount in monthly(31, [1200.0] * 12)]
    assert {on.day for on, _ in payments} >= {1, 2, 31}
    assert [(kind, count, missed) for kind, _, count, missed, _ in detected(*payments)] == [
        ("monthly", 12, 0)
    ]


def test_one_missed_payment_is_tolerated_and_two_in_a_row_are_not():
    payments = monthly(10, [50.0] * 9)
    assert detected(*(payments[:4] + payments[5:])) == [("monthly", 10, 8, 1, True)]
    assert detected(*(payments[:2] + payments[4:6])) == []


def test_amounts_may_drift_or_follow_the_season():
    drifting = [100.0, 100.4, 101.1, 101.9, 102.2, 103.7]
    assert detected(*monthly(3, drifting)) == [("monthly", 3, 6, 0, False)]
    gas = [96.1, 88.4, 61.0, 40.2, 22.9, 12.3, 10.5, 11.8, 25.4, 47.7, 71.9, 93.0]
    assert detected(*monthly(13, gas)) == [("monthly", 13, 12, 0, False)]


def test_a_price_change_continues_the_same_subscription():
    assert detected(*monthly(9, [10.99] * 8 + [12.99])) == [("monthly", 9, 9, 0, True)]


def test_two_subscriptions_of_one_merchant_each_keep_their_new_price():
    music = monthly(9, [10.99] * 6 + [12.99] * 2)
    storage = monthly(20, [2.99] * 8)
    assert sorted(detected(*music, *storage)) == [
        ("monthly", 9, 8, 0, True),
        ("monthly", 20, 8, 0, True),
    ]


def test_two_equal_payments_on_the_same_day_are_two_series():
    lines = monthly(19, [25.0] * 6)
    assert detected(*lines, *lines) == [("monthly", 19, 6, 0, True)] * 2


def test_semimonthly_pay_with_a_raise_and_a_bonus_is_two_incomes():
    pay = [2500.0] * 8 + [2600.0] * 8
    middle, end = monthly(15, pay), monthly(31, pay)
    bonus = [(date(2025, 12, 20), 2600.0)]
    assert sorted(detected(*middle, *end, *bonus)) == [
        ("monthly", 15, 16, 0, True),
        ("monthly", 31, 16, 0, True),
    ]


def test_a_subscription_among_other_purchases_is_found_by_its_price():
    chance = random.Random(7)
    bought = [
        (date(2025, 1, 1) + timedelta(days=chance.randrange(365)), round(chance.uniform(8, 90), 2))
        for _ in range(40)
    ]
    assert detected(*bought, *monthly(4, [8.99] * 12)) == [("monthly", 4, 12, 0, True)]


PRICES = [number + 0.99 for number in range(3, 60)] + [5.0 * number for number in range(1, 20)]


@pytest.mark.parametrize("seed", range(4))
def test_only_the_subscription_is_found_among_three_hundred_purchases(seed):
    chance = random.Random(seed)
    days = [date(2024, 11, 1) + timedelta(days=chance.randrange(750)) for _ in range(300)]
    subscription = monthly(8, [9.99] * 24, start=date(2024, 11, 1))
    for bought in (
        [(on, round(chance.uniform(5, 150), 2)) for on in days],
        [(on, chance.choice(PRICES)) for on in days],
    ):
        assert detected(*bought) == []
        assert detected(*bought, *subscription) == [("monthly", 8, 24, 0, True)]
        dearer = monthly(8, [9.99] * 18 + [11.49] * 6, start=date(2024, 11, 1))
        assert detected(*bought, *dearer) == [("monthly", 8, 24, 0, True)]


def test_weekly_groceries_are_not_a_bill():
    chance = random.Random(1)
    saturdays = [date(2025, 1, 4) + timedelta(weeks=n) for n in range(60)]
    every_week = [(on, round(chance.uniform(60, 95), 2)) for on in saturdays]
    assert detected(*every_week) == []
    now_and_then = [
        (on + timedelta(days=chance.randrange(3)), round(chance.uniform(20, 80), 2))
        for on in saturdays
        if chance.random() < 0.7
    ]
    assert detected(*now_and_then) == []


@pytest.mark.parametrize("seed", range(12))
def test_an_occasional_coffee_at_one_price_is_not_a_subscription(seed):
    chance = random.Random(seed)
    days = [date(2025, 1, 1) + timedelta(days=n) for n in range(600)]
    for often in (0.03, 0.07, 0.14, 0.4):
        assert detected(*[(on, 3.5) for on in days if chance.random() < often]) == []


def test_ended_series_are_found_and_two_monthly_payments_are_not_enough():
    assert detected(*monthly(2, [15.0] * 5, start=date(2024, 6, 1))) == [("monthly", 2, 5, 0, True)]
    assert detected(*monthly(2, [15.0] * 2)) == []
    assert detected(*monthly(2, [15.0, 40.0], months=12)) == []


def test_a_merchant_is_identified_by_its_words():
    def key(merchant, description=""):
        return merchant_key(shown_name(merchant, description))

    assert key("Netflix.com", "x") == key("NETFLIX") == "netflix"
    assert key("", "RENT MARCH 2026") == key("", "Rent April 2026") == "rent"
    assert key("", "POS 4411 CITY GYM 0093") == "city gym"
    assert key("365") == "365"
