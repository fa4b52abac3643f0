"""Lines of home's cards: what people wrote stays text, and each kind of payment has its words."""

from datetime import date
from decimal import Decimal
from types import SimpleNamespace

import pytest

from budgets.services import create_budget
from insights.forecast.expected_events import Event
from insights.home.context import Upcoming
from insights.home.lines import upcoming_lines
from tests.builders import make_account, make_transaction
from transactions.models import Category
from users.models import User


@pytest.mark.django_db
def test_names_that_look_like_markup_are_shown_as_text(client_for, alice, today):
    name = '<b>&"'
    account = make_account(
        user=alice, name=name, currency=alice.base_currency, opening_balance="90"
    )
    make_account(user=alice, currency="XAF" if alice.base_currency != "XAF" else "USD")
    category = Category.objects.create(
        user=alice, name=name, slug="odd", kind="expense", icon="tag", color="#112233"
    )
    make_transaction(account=account, category=category, merchant=name, txn_date=today)
    create_budget(
        actor=alice, user=alice, category=category,
        year=today.year, month=today.month, limit_amount=Decimal(50),
    )  # fmt: skip
    page = client_for(alice).get("/").content.decode()
    assert "<b>&" not in page
    # The account, the budget with its bar, the spending, and the transaction with its category.
    assert page.count("&lt;b&gt;&amp;&quot;") >= 6
    assert "not converted" in page


@pytest.mark.parametrize(
    ("over", "words"),
    [
        ({"is_pay_day": True}, ">Payday<"),
        ({"bill_id": 1}, "<span>Bill<"),
        ({"transaction_id": 1}, "<span>Planned<"),
        ({"due": date(2026, 11, 29)}, ">1 day late<"),
        ({"due": date(2026, 11, 25)}, ">5 days late<"),
    ],
)
def test_an_expected_payment_says_what_it_is(over, words):
    on, amount = date(2026, 12, 1), Decimal(-5)
    event = Event(on, "A & B", amount, own_amount=amount, own_currency="USD", **over)
    request = SimpleNamespace(user=User(locale="en-US"))
    line = upcoming_lines({"request": request}, [Upcoming(event, "/bills/1/")])
    assert words in line
    assert "<b>1</b> Dec" in line
    assert '<a href="/bills/1/">A &amp; B</a>' in line
    assert "\N{MINUS SIGN}$5.00" in line
