"""Future-dated transactions at a merchant with several recurring payments."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from insights.forecast.forecast_summary import forecast_summary
from tests.builders import make_account
from transactions.models import Transaction
from transactions.services.bulk_posting import HistoryRow, post_many

pytestmark = [pytest.mark.django_db, pytest.mark.once]
ON = date(2026, 3, 20)


def post(account, *lines):
    rows = [HistoryRow(Decimal(amount), day, name.upper(), name) for day, amount, name in lines]
    post_many(actor=account.user, account=account, rows=rows)


def test_a_future_dated_transaction_replaces_only_the_payment_it_fits_best(alice):
    """For semimonthly pay, and for two contracts on one day: the other payment stays expected."""
    account = make_account(user=alice, opening_balance="5000")
    days = [ON - timedelta(days=back) for back in range(400)]
    post(
        account,
        *[(day, "700.00", "Brightwater") for day in days if day.day in (14, 28)],
        *[(day, price, "Insurer") for day in days if day.day == 24 for price in ("-40", "-48")],
    )

    def events():
        return forecast_summary(user=alice, on=ON, days=30, currency="EUR").forecast.events

    expected = [(event.on, event.name, event.amount) for event in events()]
    assert expected == [
        (date(2026, 3, 24), "Insurer", Decimal(-48)),
        (date(2026, 3, 24), "Insurer", Decimal(-40)),
        (date(2026, 3, 28), "Brightwater", Decimal(700)),
        (date(2026, 4, 14), "Brightwater", Decimal(700)),
    ]
    post(
        account,
        (date(2026, 3, 24), "-48", "Insurer"),
        (date(2026, 3, 29), "700.00", "Brightwater"),
        (date(2026, 4, 13), "700.00", "Brightwater"),
    )
    Transaction.objects.update(created_at=datetime(2026, 3, 20, tzinfo=UTC))
    shown = [
        (event.on, event.name, event.amount, event.transaction_id is not None) for event in events()
    ]
    assert shown == [
        (date(2026, 3, 24), "Insurer", Decimal(-48), True),
        (date(2026, 3, 24), "Insurer", Decimal(-40), False),
        (date(2026, 3, 29), "Brightwater", Decimal(700), True),
        (date(2026, 4, 13), "Brightwater", Decimal(700), True),
    ]
