"""Staff find what went wrong by the words that its owner sees, though codes are stored."""

from datetime import date

import pytest
from django.urls import reverse

from accounts.models import BankConnection, SyncRun
from tests.builders import make_transaction, make_user
from transactions.models import ImportBatch, ImportRow, ReviewItem
from transactions.services.importing import check_import, start_import
from transactions.tests.import_samples import csv_of, imported
from users.models import User
from users.services import people

pytestmark = pytest.mark.django_db
H = "Date,Description,Amount"


@pytest.fixture
def found(client_for):
    """found(model, text): the ids that an auditor's search finds."""
    auditor = make_user("auditor@example.com")
    people.set_role(actor=None, user=auditor, role="auditor")
    client = client_for(User.objects.get(pk=auditor.pk))

    def search(model, text: str) -> set[int]:
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist"
        page = client.get(reverse(name), {"q": text})
        assert page.status_code == 200
        return {row.pk for row in page.context["cl"].result_list}

    search.client = client
    return search


@pytest.mark.slow
def test_imports_are_found_by_problem_and_warning(checking, found):
    bad = b"<OFX><BANKMSGSRSV1><STMTTRNRS><STMTRS></STMTRS></STMTTRNRS></BANKMSGSRSV1></OFX>"
    failed = start_import(actor=checking.user, account=checking, file_name="a.ofx", content=bad)
    failed = check_import(batch_id=failed.pk)
    good = imported(checking, csv_of(["2026-03-02,Café Zürich,-1.00", "2026-03-09,Tea,-2.00",
                                      "2026-03-12,Bus,-3.00"], H))  # fmt: skip
    warned = imported(checking, csv_of(["2026-03-02,Café Zürich,-1.00", "2026-03-12,Bus,-3.00"], H))
    assert (failed.status, len(warned.warnings)) == ("failed", 1)
    assert found(ImportBatch, failed.error) == {failed.pk}
    for words in (
        "bank no longer lists", "NO LONGER lists tea", "€2.00", "March 9, 2026",
        warned.warning_texts[0],
    ):  # fmt: skip
        assert found(ImportBatch, words) == {warned.pk}, words
    assert found(ImportBatch, "march.csv") == {good.pk, warned.pk}
    assert found(ImportBatch, "not_listed") == set()
    address = reverse("admin:transactions_importbatch_change", args=[warned.pk])
    assert "The bank no longer lists Tea" in found.client.get(address).content.decode()


@pytest.mark.slow
def test_lines_and_questions_are_found_by_their_reason(checking, found):
    make_transaction(
        account=checking, amount="-10.00", description="Kern Bakery", txn_date=date(2026, 3, 13)
    )
    lines = ["2026-03-14,KERN BAKERY,-10.00", "2026-03-15,Tea,12..34", "2026-03-16,Ümläut,ab€c"]
    batch = imported(checking, csv_of([*lines, "2026-03-17,Pay,5.00", "2026-03-18,Rent,-9.00"], H))
    asked, dots, letters, *_ = batch.rows.order_by("pk").values_list("pk", flat=True)
    assert found(ImportRow, "You entered this on March 13, 2026.") == {asked}
    assert found(ImportRow, "12..34") == {dots}
    assert found(ImportRow, "ab€c") == {letters}
    assert found(ImportRow, batch.rows.get(pk=dots).note) == {dots}
    assert found(ReviewItem, "entered this") == {ReviewItem.objects.get().pk}
    assert found(ReviewItem, "paid this bill") == set()
    address = reverse("admin:transactions_importrow_change", args=[asked])
    assert "You entered this on" in found.client.get(address).content.decode()


def test_syncs_and_connections_are_found_by_their_error(alice, found):
    made = BankConnection.objects.create(
        user=alice, provider="sandbox", institution_name="Bank", error_code="LOGIN",
        error="Sign in to your bank again.",
    )  # fmt: skip
    failed = SyncRun.objects.create(
        connection=made, trigger="manual", status="failed", error="Sign in to your bank again."
    )
    told = SyncRun.objects.create(
        connection=made, trigger="manual", status="done", messages=["The bank withdrew “Café”."]
    )
    assert found(BankConnection, "sign in again") == {made.pk}
    assert found(SyncRun, "sign in again") == {failed.pk}
    assert found(SyncRun, "withdrew cafe") == {told.pk}
