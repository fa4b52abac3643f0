"""Whether an account matches its bank's statements, and what explains a difference."""

from datetime import date
from decimal import Decimal

import pytest
from django.urls import reverse

from tests import builders
from transactions.models import Transaction
from transactions.services.import_confirming import confirm_import, revert_import
from transactions.services.importing import check_import, start_import
from transactions.services.posting import delete_transactions
from transactions.statement_proof import prove_page, statements_of

NOW = builders.NOON

OFX = """OFXHEADER:100
DATA:OFXSGML
VERSION:102
ENCODING:UTF-8

<OFX><BANKMSGSRSV1><STMTTRNRS><STMTRS><CURDEF>EUR
<BANKACCTFROM><BANKID>1<ACCTID>1<ACCTTYPE>CHECKING</BANKACCTFROM>
<BANKTRANLIST>{lines}</BANKTRANLIST>
<LEDGERBAL><BALAMT>{closing}<DTASOF>{last}</LEDGERBAL>
</STMTRS></STMTTRNRS></BANKMSGSRSV1></OFX>
"""
LINE = "<STMTTRN><TRNTYPE>OTHER<DTPOSTED>{on}<TRNAMT>{amount}<FITID>{pk}<NAME>{name}</STMTTRN>"


def bring(account, closing: str, *lines: tuple[str, str, str]):
    """Import an OFX file with these (day, amount, name) lines and this closing balance."""
    lines_text = "".join(
        LINE.format(on=on, amount=amount, name=name, pk=f"{on}{amount}{name}")
        for on, amount, name in lines
    )
    content = OFX.format(lines=lines_text, closing=closing, last=lines[-1][0])
    batch = start_import(
        actor=account.user, account=account, file_name="march.ofx", content=content.encode()
    )
    check_import(batch_id=batch.pk)
    return confirm_import(actor=account.user, batch_id=batch.pk, at=NOW)


def proofs(account):
    account.refresh_from_db()
    return prove_page(account, list(statements_of(account)))


def test_matching_statements_follow_on(checking):
    bring(checking, "990.00", ("20260301", "-10.00", "Bakery"), ("20260331", "0.01", "Interest"),
          ("20260331", "-0.01", "Tax"))  # fmt: skip
    bring(checking, "965.00", ("20260401", "-25.00", "Market"))
    latest, first = proofs(checking)
    assert (first.first, first.last) == (date(2026, 3, 1), date(2026, 3, 31))
    assert (first.closing, first.ledger_closing, first.difference) == (
        Decimal("990.00"), Decimal("990.00"), Decimal(0),
    )  # fmt: skip
    assert latest.difference == 0
    assert latest.gap is None


def test_days_without_a_statement_are_named(checking):
    bring(checking, "990.00", ("20260301", "-10.00", "Bakery"))
    bring(checking, "965.00", ("20260401", "-25.00", "Market"))
    latest, first = proofs(checking)
    assert latest.gap == (date(2026, 3, 2), date(2026, 3, 31))
    assert first.gap is None


@pytest.mark.slow
def test_difference_names_the_transaction_that_explains_it(checking, client_for, api_for):
    extra = builders.make_transaction(
        account=checking, amount="-490.00", txn_date=date(2026, 3, 15), description="Sofa"
    )
    batch = bring(
        checking, "990.00", ("20260301", "-5.00", "Bakery"), ("20260331", "-5.00", "Kiosk")
    )
    (proof,) = proofs(checking)
    assert proof.difference == Decimal("490.00")
    assert [(line.transaction_id, line.reason) for line in proof.explanations] == [
        (extra.pk, "not in the file")
    ]
    client = client_for(checking.user)
    receipt = client.get(reverse("transactions:import_receipt", args=[batch.pk]))
    assert "Differs by" in receipt.content.decode()
    page = client.get(reverse("accounts:account_statements", args=[checking.pk]))
    assert "Sofa" in page.content.decode()
    found = api_for(checking.user).get(f"/api/accounts/{checking.pk}/statements").json()["results"]
    assert found[0]["difference"] == "490.00"
    assert found[0]["explanations"][0]["transaction"] == extra.pk
    assert (found[0]["first"], found[0]["last"], found[0]["gap"]) == (
        "2026-03-01",
        "2026-03-31",
        None,
    )


def test_transaction_deleted_since_causes_a_difference(checking):
    bring(checking, "990.00", ("20260301", "-4.00", "Bakery"), ("20260302", "-6.00", "Kiosk"))
    rows = Transaction.objects.filter(account=checking, signed_amount="-6.00")
    delete_transactions(actor=checking.user, rows=rows)
    (proof,) = proofs(checking)
    assert proof.difference == Decimal("-6.00")


def test_reverted_import_is_not_a_statement(checking):
    batch = bring(checking, "990.00", ("20260301", "-10.00", "Bakery"))
    revert_import(actor=checking.user, batch=batch, at=NOW)
    assert proofs(checking) == []


def test_file_without_a_balance_proves_nothing(checking):
    content = b"Date,Description,Amount\n2026-03-01,Bakery,-10.00\n2026-03-02,Kiosk,-2.00\n"
    batch = start_import(
        actor=checking.user, account=checking, file_name="march.csv", content=content
    )
    check_import(batch_id=batch.pk)
    confirm_import(actor=checking.user, batch_id=batch.pk, at=NOW)
    (proof,) = proofs(checking)
    assert (proof.closing, proof.difference, proof.follows_on) == (None, None, None)


@pytest.mark.slow
@pytest.mark.once
@pytest.mark.parametrize("count", [2, 12])
def test_page_query_count_does_not_grow_with_statements(
    checking, client_for, django_assert_max_num_queries, count
):
    for day in range(1, count + 1):
        bring(checking, f"{1000 - day}.00", (f"202603{day:02}", "-1.00", f"Kiosk {day}"))
    client = client_for(checking.user)
    address = reverse("accounts:account_statements", args=[checking.pk])
    client.get(address)
    with django_assert_max_num_queries(24):
        client.get(address)
