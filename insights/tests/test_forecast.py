"""The forecast: constructed cases, and its hit rate recomputed over the demo's raw rows."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.core.cache import cache
from django.core.exceptions import PermissionDenied
from django.db.transaction import atomic, set_rollback
from django.utils import timezone

from accounts.models import Account, ExchangeRate
from accounts.services import store_rates
from accounts.sharing import accept_share, share_account
from banking.kernel.periods import add_months
from bills.models import Bill
from bills.services.paying import pay_bill
from bills.services.planning import create_bill, skip_bill
from insights.demo.loading import load_demo
from insights.forecast.forecast_page import forecast_context
from insights.forecast.forecast_summary import forecast_summary
from insights.forecast.kept_hit_rate import kept, key_of
from insights.recurring.recurring_summary import recurring_summary
from insights.tests.recomputation import rate_on
from tests.builders import make_account, make_user
from transactions.models import Category, DailyTotal, Transaction
from transactions.services.bulk_posting import HistoryRow, post_many
from users.audit.trail import record
from users.models import User

pytestmark = pytest.mark.django_db
PAGE, API = "/insights/forecast/", "/api/insights/forecast"
ON = date(2026, 3, 20)


def post(account, *lines):
    """Post transactions given as (date, signed amount, merchant)."""
    rows = [HistoryRow(Decimal(amount), day, name.upper(), name) for day, amount, name in lines]
    post_many(actor=account.user, account=account, rows=rows)


@pytest.fixture
def steady(alice):
    """A year of salary on the 25th, rent on the 1st, and ten euros of spending a day."""
    alice.base_currency = "EUR"
    alice.save()
    account = make_account(user=alice, name="Everyday", opening_balance="5000")
    days = [ON - timedelta(days=back) for back in range(400)]
    post(
        account,
        *[(day, "-10.00", f"Shop {day.day % 7}{day.month}") for day in days],
        *[(day, "2000.00", "Brightwater") for day in days if day.day == 25],
        *[(day, "-900.00", "Landlord") for day in days if day.day == 1],
    )
    return account


def forecast_of(user, on=ON, days=30, **options):
    return forecast_summary(user=user, on=on, days=days, **options).forecast


def test_a_regular_life_is_forecast_to_the_cent(alice, steady):
    steady.refresh_from_db()
    summary = forecast_summary(user=alice, on=ON, days=30)
    forecast = summary.forecast
    assert forecast.balance == steady.balance
    assert forecast.everyday == Decimal(-10)
    assert [
        (event.on, event.name, event.amount, event.is_pay_day) for event in forecast.events
    ] == [
        (date(2026, 3, 25), "Brightwater", Decimal(2000), True),
        (date(2026, 4, 1), "Landlord", Decimal(-900), False),
    ]
    for ahead, point in enumerate(forecast.points, start=1):
        expected = steady.balance - 10 * ahead
        expected += 2000 * (point.on >= date(2026, 3, 25)) - 900 * (point.on >= date(2026, 4, 1))
        assert point.on == ON + timedelta(days=ahead)
        assert (point.low, point.expected, point.high) == (expected,) * 3
    lowest = forecast.lowest
    assert (lowest.point.on, lowest.pay_day.on) == (date(2026, 3, 24), date(2026, 3, 25))
    on_the_eve = forecast_of(alice, on=date(2026, 3, 24))
    assert on_the_eve.lowest.pay_day.on == date(2026, 3, 25)
    assert on_the_eve.lowest.point.on == date(2026, 3, 24)
    assert on_the_eve.lowest.point.expected == on_the_eve.balance
    # Month starts of October to March, thirty days each, the last up to yesterday.
    assert (summary.hit_rate.days, summary.hit_rate.inside) == (5 * 30 + 19, 5 * 30 + 19)
    assert summary.hit_rate.mean_error == 0


@pytest.mark.slow
def test_a_bill_and_its_recurring_payment_are_one_event(alice, steady):
    create_bill(
        actor=alice, user=alice, biller_name="Landlord", amount_due=Decimal(910),
        currency="EUR", due_date=date(2026, 4, 3), recurrence="monthly", account=steady,
    )  # fmt: skip
    overdue = create_bill(
        actor=alice, user=alice, biller_name="Dentist", amount_due=Decimal(80),
        currency="EUR", due_date=date(2026, 3, 2), account=None,
    )  # fmt: skip
    assert not [event for event in forecast_of(alice).events if event.is_bill]
    # A bill is known from the day it was planned.
    Bill.objects.update(created_at=datetime(2026, 3, 1, 12, tzinfo=UTC))
    events = [(event.on, event.name, event.amount) for event in forecast_of(alice, days=60).events]
    assert events == [
        (date(2026, 3, 21), "Dentist", Decimal(-80)),
        (date(2026, 3, 25), "Brightwater", Decimal(2000)),
        (date(2026, 4, 3), "Landlord", Decimal(-910)),
        (date(2026, 4, 25), "Brightwater", Decimal(2000)),
        (date(2026, 5, 3), "Landlord", Decimal(-910)),
    ]
    pay_bill(actor=alice, bill=overdue, account=None, amount=Decimal(80), on=ON, post=False)
    assert "Dentist" not in {event.name for event in forecast_of(alice).events}
    assert "Dentist" in {event.name for event in forecast_of(alice, on=date(2026, 3, 19)).events}


@pytest.mark.slow
def test_an_occurrence_paid_early_or_skipped_is_not_expected_again(alice, steady):
    rent = create_bill(
        actor=alice, user=alice, biller_name="Landlord", amount_due=Decimal(900),
        currency="EUR", due_date=date(2026, 4, 1), recurrence="monthly", account=steady,
    )  # fmt: skip
    Bill.objects.update(created_at=datetime(2026, 3, 1, 12, tzinfo=UTC))
    pay_bill(
        actor=alice, bill=rent, account=steady, amount=Decimal(900),
        on=date(2026, 3, 18), post=True,
    )  # fmt: skip
    following = Bill.objects.get(sequence=1)
    Bill.objects.update(created_at=datetime(2026, 3, 1, 12, tzinfo=UTC))

    def rents():
        return [
            event.on for event in forecast_of(alice, days=60).events if event.name == "Landlord"
        ]

    assert rents() == [date(2026, 5, 1)]
    skip_bill(actor=alice, bill=following)
    Bill.objects.update(created_at=datetime(2026, 3, 1, 12, tzinfo=UTC))
    Bill.objects.filter(pk=following.pk).update(skipped_at=datetime(2026, 3, 19, 12, tzinfo=UTC))
    assert rents() == []


@pytest.mark.slow
def test_bill_payments_are_not_everyday_spending_and_internal_bills_are_ignored(alice, steady):
    savings = make_account(user=alice, name="Pot", account_type="savings")
    moved = Category.objects.get(user=None, slug="savings-transfer")
    for name, amount, category in (("Water Works", 146, None), ("Pot", 300, moved)):
        bill = create_bill(
            actor=alice, user=alice, biller_name=name, amount_due=Decimal(amount), currency="EUR",
            due_date=date(2026, 2, 3), recurrence="monthly", account=steady, category=category,
        )  # fmt: skip
        for on in (date(2026, 2, 3), date(2026, 3, 3)):
            pay_bill(actor=alice, bill=bill, on=on)
            bill = Bill.objects.get(series=bill.series, sequence=bill.sequence + 1)
    days = (date(2026, 2, 4), date(2026, 3, 4))
    rows = [HistoryRow(Decimal(300), on, "FROM EVERYDAY", "", moved) for on in days]
    post_many(actor=alice, account=savings, rows=rows)
    Bill.objects.update(created_at=datetime(2026, 1, 1, 12, tzinfo=UTC))
    forecast = forecast_of(alice)
    assert [(event.on, event.name, event.amount) for event in forecast.events if event.is_bill] == [
        (date(2026, 4, 3), "Water Works", Decimal(-146))
    ]
    assert forecast.everyday == Decimal(-10)


def test_transfers_between_covered_accounts_do_not_count_but_to_a_loan_do(alice, steady):
    savings = make_account(user=alice, name="Pot", account_type="savings")
    loan = make_account(user=alice, name="Car", account_type="loan", opening_balance="-9000")
    moved = Category.objects.get(user=None, slug="savings-transfer")
    repaid = Category.objects.get(user=None, slug="loan-repayment")
    firsts = [add_months(date(2026, 3, 2), -back) for back in range(12)]
    for source, target, amount, category, text in (
        (steady, savings, 300, moved, "TO THE POT"),
        (steady, loan, 200, repaid, "CAR LOAN"),
    ):
        for account, sign in ((source, -1), (target, 1)):
            lines = [HistoryRow(Decimal(sign * amount), on, text, "", category) for on in firsts]
            post_many(actor=alice, account=account, rows=lines)
    forecast = forecast_of(alice)
    assert [account.name for account in forecast.accounts] == ["Everyday", "Pot"]
    assert [(event.on, event.name, event.amount) for event in forecast.events] == [
        (date(2026, 3, 25), "Brightwater", Decimal(2000)),
        (date(2026, 4, 1), "Landlord", Decimal(-900)),
        (date(2026, 4, 2), "Car Loan", Decimal(-200)),
    ]
    assert forecast.everyday == Decimal(-10)


def test_amounts_without_a_rate_are_left_out_and_counted(alice, steady):
    make_account(user=alice, name="Zürich", currency="CHF", opening_balance="700")
    before = forecast_of(alice)
    assert [line.account_name for line in before.not_converted] == ["Zürich"]
    rate = ExchangeRate(base="CHF", quote="EUR", rate="1.05", rate_on=ON, source="test")
    store_rates(actor=None, rates=[rate])
    after = forecast_of(alice)
    assert (after.not_converted, after.balance - before.balance) == ((), Decimal("735.00"))
    francs = forecast_of(alice, currency="CHF")
    assert francs.currency == "CHF"
    assert francs.balance == (after.balance / Decimal("1.05")).quantize(Decimal("0.0001"))
    assert after.points[9].expected - before.points[9].expected == Decimal("735.00")


def test_a_forecast_without_an_account_offers_to_add_one(alice, client_for):
    page = client_for(alice).get(PAGE).content.decode().partition("<main")[2].partition("</main")[0]
    assert 'href="/accounts/new/"' in page
    assert "/transactions/import/" not in page


def test_a_forecast_needs_three_months_and_ignores_later_transactions(alice, client_for):
    account = make_account(user=alice, currency=alice.base_currency, opening_balance="100")
    today = timezone.now().date()
    post(account, *[(today - timedelta(days=back), "-1.00", "Shop") for back in range(90)])
    early = forecast_of(alice, on=today)
    assert (early.is_known, early.history_days, early.lowest) == (False, 89, None)
    page = client_for(alice).get(PAGE).content.decode()
    assert "Not enough data yet" in page
    assert "one day short" in page
    post(account, (today - timedelta(days=90), "-1.00", "Shop"))
    first = forecast_of(alice, on=today)
    assert first.is_known
    post(account, (today + timedelta(days=3), "-5000.00", "Later"))
    written = Transaction.objects.filter(merchant="Later")
    written.update(created_at=timezone.now() + timedelta(days=2))
    assert forecast_of(alice, on=today) == first


@pytest.mark.parametrize(
    ("back", "history"), [(None, 39), (364, 364), (365, 365), (366, 365), (500, 365), (1500, 365)]
)
def test_history_begins_with_the_first_entry_however_long_a_pause_followed(alice, back, history):
    """At most a year of it counts, and what the accuracy of earlier forecasts read is no matter."""
    account = make_account(user=alice, currency=alice.base_currency)
    days = [ON - timedelta(days=number) for number in range(40)]
    days += [ON - timedelta(days=back)] if back else []
    post(account, *[(day, "-1.00", "Shop") for day in days])
    cache.clear()
    first, again = forecast_of(alice), forecast_of(alice)
    assert first == again
    assert (first.history_days, first.is_known) == (history, back is not None)
    if back:
        spent = 40 + (back < history)
        assert first.everyday == Decimal(-spent * 10_000 // history) / 10_000


@pytest.mark.slow
def test_a_future_dated_transaction_replaces_the_payment_it_settles(alice, steady):
    for name, due, repeats in (("Dentist", 28, "none"), ("Water Works", 24, "monthly")):
        bill = create_bill(
            actor=alice, user=alice, biller_name=name, amount_due=Decimal(80), currency="EUR",
            due_date=date(2026, 3, due), recurrence=repeats, account=steady,
        )  # fmt: skip
    pay_bill(actor=alice, bill=bill, on=date(2026, 3, 27))
    Bill.objects.update(created_at=datetime(2026, 3, 1, 12, tzinfo=UTC))
    pot = make_account(user=alice, name="Pot", account_type="savings")
    moved = Category.objects.get(user=None, slug="savings-transfer")
    for account, amount in ((steady, -300), (pot, 300)):
        row = HistoryRow(Decimal(amount), date(2026, 3, 23), "TO THE POT", "", moved)
        post_many(actor=alice, account=account, rows=[row])
    posted = [
        (date(2026, 3, 26), "2000.00", "Brightwater"), (date(2026, 3, 30), "-82.50", "Dentist"),
        (date(2026, 3, 31), "-900.00", "Landlord"), (date(2026, 4, 2), "-1500.00", "Surfboard"),
        (date(2026, 6, 2), "-70.00", "Holiday"),
    ]  # fmt: skip
    Transaction.objects.filter(txn_date__lte=ON).update(created_at=datetime(2026, 3, 1, tzinfo=UTC))
    post(steady, *posted)
    ahead = Transaction.objects.filter(txn_date__gt=ON)
    ahead.update(created_at=datetime(2026, 3, 20, 23, tzinfo=UTC))
    forecast = forecast_of(alice, days=60)
    events = [(event.on, event.name, event.amount, event.is_pay_day) for event in forecast.events]
    assert events == [
        (date(2026, 3, 26), "Brightwater", Decimal(2000), True),
        (date(2026, 3, 27), "Water Works", Decimal(-80), False),
        (date(2026, 3, 30), "Dentist", Decimal("-82.50"), False),
        (date(2026, 3, 31), "Landlord", Decimal(-900), False),
        (date(2026, 4, 2), "Surfboard", Decimal(-1500), False),
        (date(2026, 4, 24), "Water Works", Decimal(-80), False),
        (date(2026, 4, 25), "Brightwater", Decimal(2000), True),
        (date(2026, 5, 1), "Landlord", Decimal(-900), False),
    ]
    # Conversely, the balance of a day is today's plus everything dated up to that day.
    surf = next(point for point in forecast.points if point.on == date(2026, 4, 3))
    rows = Transaction.objects.filter(txn_date__lte=date(2026, 4, 3))
    held = 5000 + sum(row.signed_amount for row in rows)
    assert surf.expected == held - 10 * 14
    # A forecast from the day before did not include them yet.
    assert "Surfboard" not in {
        event.name for event in forecast_of(alice, on=date(2026, 3, 19)).events
    }
    assert forecast_of(alice, days=90).events[-1].name == "Holiday"
    surfboard = next(event for event in forecast.events if event.name == "Surfboard")
    shown = forecast_context(forecast_summary(user=alice, on=ON, days=30))
    addresses = {line.event.name: line.url for line in shown["soon"]}
    assert addresses["Surfboard"] == f"/transactions/{surfboard.transaction_id}/"


@pytest.mark.slow
def test_forecast_permissions_and_invalid_parameters(alice, steady, api_for, client_for):
    viewer, customer = make_user("v@example.org", role="viewer"), make_user("c@example.org")
    customer.base_currency = "EUR"
    customer.save()
    for member, level in ((viewer, "viewer"), (customer, "analyst")):
        share = share_account(actor=alice, account=steady, member=member, level=level)
        accept_share(actor=member, share=share)
        make_account(user=member, name="Own")
    assert api_for(viewer).get(API).status_code == 403
    assert client_for(viewer).get(PAGE).status_code == 403
    with pytest.raises(PermissionDenied):
        forecast_of(viewer, include_shared=True)
    assert len(api_for(customer).get(API).json()["accounts"]) == 1
    assert len(api_for(customer).get(f"{API}?include_shared=1").json()["accounts"]) == 2
    assert api_for(alice).get(f"{API}?days=45").status_code == 400
    assert client_for(alice).get(f"{PAGE}?days=x").status_code == 422
    assert api_for(alice).get(f"{API}?currency=euros").status_code == 400
    assert client_for(alice).get(f"{PAGE}?currency=euros").status_code == 422


# --- The demo, recomputed ----------------------------------------------------------------------

COVERED = ("checking", "savings", "cash", "credit_card")
DEMO_ON = date(2026, 11, 21)


def balances(account, rows, last):
    """{day: the account's balance at its end}, from its rows alone."""
    held, by_day = account.opening_balance, {}
    rows = sorted((row for row in rows if row.account_id == account.pk), key=lambda r: r.txn_date)
    day = rows[0].txn_date
    while day <= last:
        while rows and rows[0].txn_date <= day:
            held += rows.pop(0).signed_amount
        by_day[day] = held
        day += timedelta(days=1)
    return by_day


@pytest.mark.once
@pytest.mark.slow
def test_the_hit_rate_equals_its_recomputation_from_raw_rows(db):
    load_demo(on=DEMO_ON)
    # On any date: transactions dated after a day were not known on that day.
    Transaction.objects.update(created_at=datetime(2026, 11, 21, 12, tzinfo=UTC))
    demo = User.objects.get(email="demo@example.com")
    summary = forecast_summary(user=demo, on=DEMO_ON, days=30)
    printed = summary.hit_rate
    rows = list(Transaction.objects.filter(user=demo, status="posted", deleted_at=None))
    accounts = list(Account.objects.filter(user=demo, account_type__in=COVERED))
    held = {account.pk: balances(account, rows, DEMO_ON) for account in accounts}
    origins = [date(2026, month, 1) - timedelta(days=1) for month in range(6, 12)]
    compared = inside = 0
    error = Decimal(0)
    for origin in origins:
        rates = {account.pk: rate_on(account.currency, "USD", origin) for account in accounts}
        for point in forecast_of(demo, on=origin).points:
            if point.on >= DEMO_ON:
                continue
            actual = sum(
                (held[account.pk][point.on] * rates[account.pk]).quantize(Decimal("0.0001"))
                for account in accounts
            )
            compared += 1
            inside += point.low <= actual <= point.high
            error += abs(point.expected - actual)
    assert printed.origins == tuple(origins)
    assert (printed.days, printed.inside) == (compared, inside) == (170, inside)
    assert printed.mean_error == error / compared
    # The band aims at 80 of 100 days.
    assert 0.7 <= inside / compared <= 0.95
    assert_it_is_worked_out_once_until_the_books_change(demo, summary)
    assert_what_recurs_is_what_the_rows_say(demo, rows)
    assert_nothing_later_is_known(demo, accounts, held, origins[2])
    assert_the_standing_payments_are_expected(summary.forecast.events)


def assert_it_is_worked_out_once_until_the_books_change(demo, first):
    """Cached for the day; recomputed after a new transaction, but not after a sign-in."""
    key = key_of(first.coverage, on=DEMO_ON, days=30, currency="USD")
    record(actor=demo, action="users.sign_in.succeeded")
    assert key_of(first.coverage, on=DEMO_ON, days=30, currency="USD") == key
    assert kept(key) == [first.hit_rate]
    again = forecast_summary(user=demo, on=DEMO_ON, days=30)
    assert (again.forecast, again.hit_rate) == (first.forecast, first.hit_rate)
    checking = demo.accounts.filter(account_type="checking").first()
    with atomic():
        post(checking, (date(2026, 11, 5), "-90000.00", "Roof"))
        changed = forecast_summary(user=demo, on=DEMO_ON, days=30).hit_rate
        assert changed.inside < first.hit_rate.inside
        cache.clear()
        assert forecast_summary(user=demo, on=DEMO_ON, days=30).hit_rate == changed
        set_rollback(True)


MONTHLY = {
    *("Elm Street Properties", "Metro Transit", "City Light", "Puget Gas", "Puget Fiber"),
    *("Streamline", "Tunewave", "Cloudnest", "The Sound Tribune", "Ironworks Gym", "Fernmobile"),
    *("Hostwerk", "Northwind Bank"),
}


def assert_what_recurs_is_what_the_rows_say(demo, rows):
    """Every monthly contract of the household and no shop; prices and sums from its rows."""
    summary = recurring_summary(user=demo, on=DEMO_ON)
    monthly = [payment for payment in summary.payments if payment.cadence == "monthly"]
    assert {item.name for item in monthly} == MONTHLY
    assert len(monthly) == len(MONTHLY)
    for item in monthly:
        own = [row for row in rows if row.merchant == item.name
               and row.account_id == item.account.pk and row.signed_amount < 0]  # fmt: skip
        last = max(own, key=lambda row: row.txn_date)
        assert (item.last_on, item.last_amount) == (last.txn_date, last.amount)
        assert item.next_on == add_months(last.txn_date, 1)
        year = [row.amount for row in own if row.txn_date > last.txn_date - timedelta(days=360)]
        is_price = item.name not in ("City Light", "Puget Gas", "Northwind Bank")
        assert item.is_fixed == is_price
        usual = last.amount if is_price else sum(year) / len(year)
        assert abs(item.monthly - usual) < Decimal("0.0001")
    whole = sum(
        payment.monthly * rate_on(payment.currency, "USD", DEMO_ON)
        for payment in summary.payments
        if payment.confidence != "low"
    )
    assert abs(summary.cost.monthly - whole) < Decimal("0.0001")


def assert_nothing_later_is_known(demo, accounts, held, origin):
    """The forecast of a past day equals that of a ledger that ends on that day."""
    before = forecast_of(demo, on=origin)
    later = Transaction.objects.filter(user=demo, txn_date__gt=origin)
    later.update(deleted_at=timezone.now())
    DailyTotal.objects.filter(account__in=accounts, day__gt=origin).delete()
    for account in accounts:
        Account.objects.filter(pk=account.pk).update(balance=held[account.pk][origin])
    after = forecast_of(demo, on=origin)
    assert (after.points, after.balance) == (before.points, before.balance)


def assert_the_standing_payments_are_expected(events):
    assert [event.on for event in events if event.is_pay_day] == [
        date(2026, 11, 30),
        date(2026, 12, 15),
    ]
    assert ("Elm Street Properties", date(2026, 12, 1)) in {
        (event.name, event.on) for event in events
    }
    names = [event.name for event in events]
    for name in ("Streamline", "Tunewave", "Cloudnest", "Ironworks Gym", "Fernmobile"):
        assert names.count(name) == 1, name
