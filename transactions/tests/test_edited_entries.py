"""An edited entry is looked at like a new one: the other half of a transfer, and duplicates."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import timezone

from tests.builders import make_account, make_transaction
from transactions.models import ReviewItem, Transfer
from transactions.services.entering import edit_entry, enter_transaction
from transactions.services.posting_planned import post_planned
from transactions.services.reviewing import decide
from transactions.services.transfers import open_suggestions
from transactions.tests.import_samples import imported

pytestmark = [pytest.mark.django_db, pytest.mark.once]
MARCH = date(2026, 3, 15)


@pytest.mark.parametrize(
    ("typed", "edit"),
    [
        ({"signed_amount": "-71.00"}, {"signed_amount": "-70.00"}),
        ({"signed_amount": "70.00"}, {"signed_amount": "-70.00"}),
        ({"txn_date": date(2026, 2, 1)}, {"txn_date": date(2026, 3, 14)}),
        ({"account": "savings"}, {"account": "checking"}),
        ({"txn_date": date(2026, 11, 30)}, {"txn_date": date(2026, 3, 15)}),
    ],
    ids=["amount", "sign", "date", "account", "planned"],
)
def test_edited_side_is_suggested_and_withdrawn_as_an_entered_one(
    alice, checking, savings, typed, edit
):
    """Only entering looked for the other half; an edit left it to the next import."""
    own = {"checking": checking, "savings": savings}

    def fields(given):
        values = {name: own.get(value, value) for name, value in given.items()}
        if "signed_amount" in values:
            values["signed_amount"] = Decimal(values["signed_amount"])
        return values

    into = make_transaction(account=savings, amount="70.00", txn_date=MARCH, origin="import")
    first = {"account": checking, "signed_amount": Decimal(-70), "txn_date": MARCH} | fields(typed)
    row = enter_transaction(actor=alice, description="To savings", **first).transaction
    assert not open_suggestions(alice).exists()
    edit_entry(actor=alice, transaction=row, **fields(edit))
    pair = open_suggestions(alice).get()
    assert (pair.outflow_transaction_id, pair.inflow_transaction_id) == (row.pk, into.pk)
    row.refresh_from_db()
    edit_entry(actor=alice, transaction=row, notes="as before")
    assert open_suggestions(alice).get() == pair
    edit_entry(actor=alice, transaction=row, **fields(typed))
    assert not Transfer.objects.exists()


def test_side_that_an_edit_frees_finds_its_next_partner(alice, checking, savings):
    third = make_account(user=alice, name="Third", currency="EUR", opening_balance="100")
    into = make_transaction(account=savings, amount="70.00", txn_date=MARCH)
    typed = {"actor": alice, "signed_amount": Decimal(-70), "description": "Move"}
    near = enter_transaction(account=checking, txn_date=MARCH, **typed).transaction
    far = enter_transaction(account=third, txn_date=date(2026, 3, 15), **typed).transaction
    assert open_suggestions(alice).get().outflow_transaction == near
    edit_entry(actor=alice, transaction=near, signed_amount=Decimal(-30))
    pair = open_suggestions(alice).get()
    assert (pair.outflow_transaction, pair.inflow_transaction) == (far, into)


def test_edit_by_page_and_api_suggests(alice, checking, savings, client_for, api_for):
    make_transaction(account=savings, amount="70.00", txn_date=MARCH)
    row = make_transaction(account=checking, amount="-7.00", txn_date=MARCH, description="Move")
    url = f"/api/transactions/{row.pk}"
    assert api_for(alice).patch(url, {"amount": "70.00"}, format="json").status_code == 200
    assert "Move" in client_for(alice).get(reverse("transactions:transfer_list")).content.decode()
    assert api_for(alice).patch(url, {"amount": "7.00"}, format="json").status_code == 200
    assert not Transfer.objects.exists()
    sent = {
        "account": checking.pk, "txn_type": "expense", "amount": "70.00", "description": "Move",
        "txn_date": "2026-03-13", "status": "posted", "merchant": "", "category": "", "tags": "",
        "notes": "",
    }  # fmt: skip
    page = reverse("transactions:transaction_edit", args=[row.pk])
    assert client_for(alice).post(page, sent).status_code == 302
    assert open_suggestions(alice).count() == 1


def test_edited_entry_is_asked_about_like_an_entered_one(alice, checking, client_for):
    imported(checking, b"Date,Description,Amount\n2026-03-13,KERN BAKERY,-10.00\n")
    typed = {"account": checking, "description": "Kern Bakery", "txn_date": MARCH}
    row = enter_transaction(actor=alice, signed_amount=Decimal(-1), **typed).transaction
    assert not ReviewItem.objects.exists()
    asked = edit_entry(actor=alice, transaction=row, signed_amount=Decimal(-10)).review
    assert asked == ReviewItem.objects.open().get()
    page = client_for(alice).get(reverse("transactions:review_list")).content.decode()
    assert "Your account has a payment of this amount on March 13, 2026." in page
    row.refresh_from_db()
    assert edit_entry(actor=alice, transaction=row, signed_amount=Decimal(-1)).review is None
    assert not ReviewItem.objects.exists()


@pytest.mark.slow
def test_line_added_on_review_and_planned_one_on_its_day_are_suggested(alice, checking, savings):
    make_transaction(account=checking, amount="-70.00", txn_date=MARCH, description="Sparen")
    make_transaction(account=savings, amount="70.00", txn_date=date(2026, 3, 9), origin="bill")
    imported(savings, b"Date,Description,Amount\n2026-03-13,EINGANG,70.00\n")
    item = ReviewItem.objects.open().get()
    decide(actor=alice, item=item, decision="different", at=timezone.now())
    pair = Transfer.objects.get()
    item.refresh_from_db()
    assert pair.inflow_transaction == item.posted
    planned = {"txn_date": date(2026, 11, 20), "description": "Later"}
    for account, amount in ((checking, -33), (savings, 33)):
        enter_transaction(actor=alice, account=account, signed_amount=Decimal(amount), **planned)
    assert Transfer.objects.count() == 1
    post_planned(at=timezone.now() + timedelta(days=9))
    assert open_suggestions(alice).count() == 2
