"""Matching a bank's transaction to a bill that was paid here."""

from datetime import date
from decimal import Decimal

import pytest
from django.utils import timezone

from bills.services.paying import pay_bill
from bills.services.planning import create_bill
from transactions.ledger_check import check_ledger
from transactions.services.import_confirming import revert_import
from transactions.tests.import_samples import counts_of, csv_of, imported, verdicts_of


def balance_of(account) -> Decimal:
    account.refresh_from_db()
    return account.balance


def paid(alice, account, name="Stadtwerke München"):
    bill = create_bill(
        actor=alice,
        user=alice,
        biller_name=name,
        amount_due=Decimal(80),
        currency="EUR",
        due_date=date(2026, 3, 12),
        account=account,
    )
    return pay_bill(actor=alice, bill=bill, on=date(2026, 3, 12))


def test_a_matching_payee_makes_it_the_bills_payment(checking, alice):
    bill = paid(alice, checking)
    line = "2026-03-14,SEPA STADTWERKE MUNCHEN 99812,-80.00,EUR"
    batch = imported(checking, csv_of([line]))
    assert counts_of(batch) == {"read": 1, "duplicate": 1}
    bill.payment.refresh_from_db()
    assert bill.payment.txn_date == date(2026, 3, 14)
    assert balance_of(checking) == Decimal("920.00")
    revert_import(actor=alice, batch=batch, at=timezone.now())
    bill.payment.refresh_from_db()
    assert bill.payment.txn_date == date(2026, 3, 12)
    assert check_ledger().is_clean


@pytest.mark.parametrize("words", ["Bakery Kern", "SEPA 99812"])
def test_a_different_payee_becomes_a_question(checking, alice, words):
    paid(alice, checking)
    batch = imported(checking, csv_of([f"2026-03-14,{words},-80.00,EUR"]))
    assert verdicts_of(batch) == ["review"]
    assert balance_of(checking) == Decimal("920.00")
