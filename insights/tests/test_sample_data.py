"""Sample data is marked, complete, and removed completely in one action that can be undone."""

from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone

from accounts.models import Account
from bills.models import Bill
from budgets.models import Budget
from insights.home.sampling import add_sample_data, remove_sample_data, restore_sample_data
from insights.models import SampleData
from tests.builders import make_account, make_transaction, make_user
from tests.invariants import assert_ledger_holds
from transactions.models import Transaction

pytestmark = pytest.mark.django_db


@pytest.fixture
def on():
    return timezone.now().date()


def live(user):
    return {
        "accounts": set(Account.objects.owned_by(user).values_list("pk", flat=True)),
        "budgets": set(Budget.objects.owned_by(user).values_list("pk", flat=True)),
        "bills": set(Bill.objects.visible_to(user).values_list("pk", flat=True)),
        "lines": set(Transaction.objects.visible_to(user).values_list("pk", flat=True)),
    }


@pytest.mark.slow
@pytest.mark.parametrize("currency", ["USD", "JPY", "KWD"])
def test_the_sample_household_uses_the_persons_currency(on, currency):
    user = make_user(base_currency=currency)
    add_sample_data(actor=user, on=on)
    found = live(user)
    assert {name: bool(rows) for name, rows in found.items()} == dict.fromkeys(found, True)
    assert len(found["lines"]) > 300
    assert set(Account.objects.owned_by(user).values_list("currency", "bank_name")) == {
        (currency, "Sample data")
    }
    assert_ledger_holds()


@pytest.mark.slow
def test_removing_deletes_only_the_sample_and_undo_restores_it(alice, on):
    add_sample_data(actor=alice, on=on)
    with_sample = live(alice)
    own = make_account(user=alice, name="Real", opening_balance="50.00")
    line = make_transaction(account=own, amount="-3.00", txn_date=on)
    remove_sample_data(actor=alice, at=timezone.now())
    assert live(alice) == {
        "accounts": {own.pk}, "budgets": set(), "bills": set(), "lines": {line.pk}
    }  # fmt: skip
    restore_sample_data(actor=alice)
    assert live(alice) == {
        **with_sample,
        "accounts": with_sample["accounts"] | {own.pk},
        "lines": with_sample["lines"] | {line.pk},
    }
    assert_ledger_holds()


@pytest.mark.slow
def test_restoring_the_sample_leaves_what_the_person_deleted_in_the_trash(alice, on):
    sample = add_sample_data(actor=alice, on=on)
    gone = Account.objects.get(pk=sample.account_ids[0])
    gone.throw_away(timezone.now())
    remove_sample_data(actor=alice, at=timezone.now())
    restore_sample_data(actor=alice)
    gone.refresh_from_db()
    assert gone.deleted_at is not None


def test_sample_data_is_refused_to_people_with_accounts(alice, on):
    make_account(user=alice)
    with pytest.raises(ValidationError):
        add_sample_data(actor=alice, on=on)
    assert not SampleData.objects.exists()


def test_a_viewer_gets_no_sample_data(on):
    viewer = make_user("v@example.org", role="viewer")
    with pytest.raises(PermissionDenied):
        add_sample_data(actor=viewer, on=on)
    assert not Account.objects.exists()


@pytest.mark.slow
def test_sample_data_is_added_removed_and_restored_with_one_click_each(client_for, alice):
    client = client_for(alice)
    assert "Try with sample data" in client.get("/").content.decode()
    page = client.post("/dashboard/sample/", follow=True).content.decode()
    assert "You're looking at sample data" in page
    assert "Safe to spend" in page
    page = client.post("/dashboard/sample/remove/", follow=True).content.decode()
    assert "Try with sample data" in page
    assert "/dashboard/sample/restore/" in page
    page = client.post("/dashboard/sample/restore/", follow=True).content.decode()
    assert "You're looking at sample data" in page
    # Sample accounts don't count: the checklist still asks for an account.
    assert "Bring in your accounts" in page


@pytest.mark.slow
def test_sample_data_of_another_person_is_out_of_reach(client_for, alice, bob, on):
    add_sample_data(actor=alice, on=on)
    assert client_for(bob).post("/dashboard/sample/remove/").status_code == 404
    assert SampleData.objects.get().removed_at is None


@pytest.mark.slow
def test_sample_data_can_be_added_again_after_it_was_removed(alice, on):
    first = add_sample_data(actor=alice, on=on).account_ids
    remove_sample_data(actor=alice, at=timezone.now())
    again = add_sample_data(actor=alice, on=on)
    assert set(again.account_ids).isdisjoint(first)
    assert again.removed_at is None
    assert Account.objects.get(pk=again.account_ids[0]).balance != Decimal(0)
