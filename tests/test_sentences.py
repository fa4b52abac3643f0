"""Stored sentences follow the reader's region format, and old ones stay as they are."""

from datetime import date
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError

from banking.kernel.region import region
from banking.kernel.sentences import (
    Said,
    count,
    days,
    money,
    parts_of,
    refusal_parts,
    shown,
    stored,
)
from bills.services.paying import settle_with
from bills.services.planning import create_bill
from tests.builders import make_account, make_transaction
from transactions.holds import refuse_held
from transactions.models import Change, Transaction

pytestmark = pytest.mark.once


def test_a_stored_sentence_is_written_in_the_region_of_who_reads_it():
    text = stored(
        [
            "You need ",
            money(Decimal("1500.5"), "EUR"),
            " for ",
            count(1200),
            " lines, ",
            days(date(2026, 3, 2), date(2026, 3, 9)),
        ],
        300,
    )
    assert shown(text) == "You need €1,500.50 for 1,200 lines, Mar 2\u2009–\u20099, 2026"
    with region("de-DE"):
        assert shown(text) == "You need 1.500,50\xa0€ for 1.200 lines, 2.–9. März 2026"


def test_a_sentence_of_an_earlier_version_stays_as_it_is():
    for text in ("", "Empty has €5.00 available.", '["money", "1", "EUR"]'):
        assert shown(text) == text
        assert stored(parts_of(text), 300) == text


def test_a_sentence_that_is_too_long_loses_text_but_no_value():
    text = stored(["“" * 500, money(Decimal(5), "EUR"), '"' * 100], 200)
    assert len(text) <= 200
    assert "…€5.00" in shown(text)
    assert stored(["x" * 500], 200) == "x" * 199 + "…"


def test_a_refusal_keeps_the_parts_of_all_its_sentences():
    said = Said(["Only ", money(Decimal(5), "EUR"), " are left."], "de-DE")
    error = ValidationError({"amount": [said, "No %(name)s."], "on": "Never."})
    assert error.messages[0] == "Only 5,00\xa0€ are left."
    text = stored(refusal_parts(error), 300)
    assert shown(text) == "Only €5.00 are left. No %(name)s. Never."


@pytest.mark.django_db
def test_why_a_payment_is_held_names_its_day_as_the_reader_writes_it(alice):
    account = make_account(user=alice, currency="EUR", opening_balance="100")
    for number in (2, 9):
        on = date(2026, 3, number)
        row = make_transaction(account=account, merchant=f"Rent {number}", txn_date=on)
        bill = create_bill(
            actor=alice, user=alice, biller_name="Rent", amount_due=Decimal(10), currency="EUR",
            due_date=on,
        )  # fmt: skip
        settle_with(actor=alice, bill=bill, payment=row)
    with pytest.raises(ValidationError) as caught:
        refuse_held(Transaction.objects.all())
    text = stored(refusal_parts(caught.value), 300)
    assert shown(text).startswith("“Rent 9” (Mar 9, 2026), “Rent 2” (Mar 2, 2026) paid a bill.")
    with region("de-DE"):
        assert shown(text).startswith("“Rent 9” (09.03.2026), “Rent 2” (02.03.2026) paid")


@pytest.mark.parametrize(
    ("summary", "title"),
    [("12,345 transactions", "12.345 transactions"), ("Bread", "Bread"), ("1,2", "1,2")],
)
def test_a_changes_number_is_written_as_the_reader_writes_it(summary, title):
    with region("de-DE"):
        assert Change(summary=summary).title == title
