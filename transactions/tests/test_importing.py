"""Importing: what is added, recognized or asked about, and reverting."""

import random
from datetime import date
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.utils import timezone

from accounts.services import delete_account, edit_account
from tests.builders import make_transaction
from transactions.ledger_check import check_ledger
from transactions.models import ImportBatch, ImportMapping, ImportRow, MonthlyTotal, Transaction
from transactions.services.import_confirming import (
    confirm_import,
    request_confirmation,
    revert_import,
)
from transactions.services.import_reviewing import fix_row, include_rows, leave_out_rows
from transactions.services.import_verdicts import is_compared, mark_known_rows
from transactions.services.importing import (
    LARGE_FILE,
    AlreadyImportedError,
    check_import,
    choose_mapping,
    let_take_time,
    start_import,
)
from transactions.services.posting import delete_transactions
from transactions.tests.import_samples import (
    AMBIGUOUS,
    MARCH,
    checked,
    counts_of,
    csv_of,
    imported,
    totals_of,
    verdicts_of,
)
from users.models import AuditEvent


def balance_of(account):
    account.refresh_from_db()
    return account.balance


def ofx_of(*lines: tuple[str, str, str, str]) -> bytes:
    """(id, day, amount, name) tuples as an OFX statement in EUR."""
    rows = "".join(
        f"<STMTTRN><TRNTYPE>OTHER<DTPOSTED>{on}<TRNAMT>{amount}<FITID>{fitid}<NAME>{name}</STMTTRN>"
        for fitid, on, amount, name in lines
    )
    return (
        "OFXHEADER:100\nDATA:OFXSGML\nVERSION:102\nENCODING:USASCII\nCHARSET:1252\n\n"
        "<OFX><BANKMSGSRSV1><STMTTRNRS><STMTRS><CURDEF>EUR<BANKACCTFROM><BANKID>1<ACCTID>2"
        f"<ACCTTYPE>CHECKING</BANKACCTFROM><BANKTRANLIST>{rows}</BANKTRANLIST></STMTRS>"
        "</STMTTRNRS></BANKMSGSRSV1></OFX>"
    ).encode()


def test_checked_import_has_posted_nothing(checking):
    batch = checked(checking, csv_of(MARCH))
    assert (batch.status, batch.new_count) == ("checked", 5)
    assert (batch.inflow, batch.outflow) == (Decimal("2500.00"), Decimal("851.57"))
    assert balance_of(checking) == Decimal("1000.00")
    assert not Transaction.objects.exists()
    assert not MonthlyTotal.objects.exists()


def test_confirmed_import_moves_balance_and_totals_by_its_rows(checking, alice):
    batch = imported(checking, csv_of([*MARCH, "2026-04-01,Bus,-2.90,EUR"]))
    assert counts_of(batch) == {"read": 6, "added": 6}
    assert balance_of(checking) == batch.balance_after == Decimal("2645.53")
    assert check_ledger().is_clean
    event = AuditEvent.objects.get(action="transactions.import.confirmed")
    assert (event.actor, event.target_id) == (alice, batch.pk)
    assert {name: event.changes[name] for name in ("read", "added", "duplicate")} == {
        "read": 6,
        "added": 6,
        "duplicate": 0,
    }
    row = Transaction.objects.get(description="Rent March")
    assert (row.origin, row.import_batch, row.status) == ("import", batch, "posted")
    assert Transaction.objects.filter(search_text__contains="corner cafe").count() == 2


def test_ids_increase_with_dates_in_either_file_order(checking, savings):
    imported(checking, csv_of(MARCH))
    imported(savings, csv_of(MARCH[::-1]))
    for account in (checking, savings):
        rows = Transaction.objects.filter(account=account).order_by("pk")
        assert list(rows.values_list("description", flat=True)) == [
            line.split(",")[1] for line in MARCH
        ]


@pytest.mark.slow
def test_same_bytes_are_imported_once(checking, alice):
    batch = imported(checking, csv_of(MARCH))
    with pytest.raises(AlreadyImportedError) as refusal:
        checked(checking, csv_of(MARCH))
    assert refusal.value.batch == batch
    assert ImportBatch.objects.count() == 1
    delete_transactions(actor=alice, rows=Transaction.objects.filter(description="Rent March"))
    assert counts_of(imported(checking, csv_of(MARCH))) == {"read": 5, "added": 1, "duplicate": 4}


@pytest.mark.slow
def test_shuffled_or_overlapping_lines_are_added_once(checking):
    rng = random.Random(5)
    lines = [
        f"2026-03-{day:02d},Shop {day % 4},-{day % 5}.50,EUR"
        for day in range(1, 29)
        for _ in range(day % 3)
    ]
    first = imported(checking, csv_of(lines))
    assert first.added_count == len(lines)
    shuffled = rng.sample(lines, len(lines))
    again = imported(checking, csv_of(shuffled))
    assert counts_of(again) == {"read": len(lines), "duplicate": len(lines)}
    later = [f"2026-04-{day:02d},Shop {day % 4},-1.50,EUR" for day in range(1, 9)]
    week = [line for line in lines if line >= "2026-03-22"]
    overlap = imported(checking, csv_of(week + later))
    assert counts_of(overlap) == {
        "read": len(week) + 8,
        "added": 8,
        "duplicate": len(week),
    }
    assert check_ledger().is_clean


def test_two_identical_coffees_stay_two_and_a_third_is_added(checking):
    imported(checking, csv_of(MARCH))
    assert Transaction.objects.filter(description="Corner Café").count() == 2
    batch = checked(checking, csv_of([*MARCH, MARCH[1]]))
    assert verdicts_of(batch) == ["duplicate"] * 5 + ["new"]


def test_case_and_spaces_do_not_make_a_new_line(checking):
    imported(checking, csv_of(MARCH))
    batch = checked(checking, csv_of([MARCH[3].replace("Rent March", "RENT  march."), *MARCH[:2]]))
    assert verdicts_of(batch) == ["duplicate"] * 3


def test_bank_id_identifies_a_line_whatever_its_text(checking):
    imported(checking, ofx_of(("A1", "20260303", "-3.20", "Coffee")))
    batch = checked(
        checking,
        ofx_of(
            ("A1", "20260303", "-3.20", "Coffee Corner"),
            ("A2", "20260303", "-3.20", "Coffee"),
            ("A3", "20260304", "-9.00", "Lunch"),
        ),
    )
    assert verdicts_of(batch) == ["duplicate", "new", "new"]


def test_same_text_with_another_bank_id_raises_a_question(checking):
    imported(checking, ofx_of(("A1", "20260303", "-3.20", "Coffee")))
    batch = checked(checking, ofx_of(("B7", "20260303", "-3.20", "Coffee")))
    assert verdicts_of(batch) == ["review"]


def test_same_line_in_two_formats_is_a_duplicate(checking):
    imported(checking, ofx_of(("A1", "20260303", "-3.20", "Corner Café".replace("é", "e"))))
    lines = [MARCH[0], MARCH[1].replace("é", "e")]
    assert verdicts_of(checked(checking, csv_of(lines))) == ["new", "duplicate"]


def test_id_shared_by_different_lines_is_ignored_and_repeated_line_counts_once(checking):
    header = "Date,Description,Amount,Transaction ID"
    batch = checked(
        checking,
        csv_of(
            [
                "2026-03-03,Coffee,-3.20,T100",
                "2026-03-03,Coffee,-3.20,T100",
                "2026-03-03,Tip for the coffee,-0.50,T100",
                "2026-03-04,Pay,100.00,T101",
            ],
            header,
        ),
        mapping={"external_id": 3},
    )
    assert verdicts_of(batch) == ["new", "duplicate", "new", "new"]
    confirm_import(actor=batch.user, batch_id=batch.pk, at=timezone.now())
    found = Transaction.objects.order_by("pk").values_list("external_id", flat=True)
    assert list(found) == ["T100", "", "T101"]


def test_manual_entry_with_same_date_and_amount_raises_a_question_and_is_not_added(checking):
    make_transaction(
        account=checking, amount="-3.20", txn_date=date(2026, 3, 3), description="with Sam"
    )
    batch = checked(checking, csv_of(MARCH))
    assert verdicts_of(batch) == ["new", "review", "new", "new", "new"]
    batch = confirm_import(actor=checking.user, batch_id=batch.pk, at=timezone.now())
    assert counts_of(batch) == {"read": 5, "added": 4, "review": 1}
    assert check_ledger().is_clean


def test_lines_in_one_banks_files_are_distinguished_by_text(checking):
    imported(checking, csv_of(["2026-03-03,Bakery,-3.20,EUR", *MARCH[3:]]))
    assert verdicts_of(checked(checking, csv_of(MARCH[:3]))) == ["new", "new", "new"]


def test_included_duplicate_is_added_and_excluded_row_is_not(checking, alice):
    imported(checking, ofx_of(("A1", "20260303", "-3.20", "Coffee")))
    batch = checked(
        checking,
        ofx_of(("A1", "20260303", "-3.20", "Coffee"), ("A2", "20260304", "-4.00", "Tea")),
    )
    rows = ImportRow.objects.filter(batch=batch)
    assert include_rows(actor=alice, batch=batch, rows=rows.filter(verdict="duplicate")) == 1
    assert leave_out_rows(actor=alice, batch=batch, rows=rows.filter(description="Tea")) == 1
    batch = confirm_import(actor=alice, batch_id=batch.pk, at=timezone.now())
    assert counts_of(batch) == {"read": 2, "added": 1, "skipped": 1}
    assert list(Transaction.objects.values_list("description", flat=True)) == ["Coffee"] * 2


def test_correcting_a_row_rechecks_it_and_its_twins(checking, alice):
    imported(checking, csv_of(MARCH[:2]))
    batch = checked(checking, csv_of(MARCH))
    assert verdicts_of(batch) == ["duplicate", "duplicate", "new", "new", "new"]
    row = batch.rows.get(row_number=3)
    values = {"txn_date": row.txn_date, "description": row.description}
    fix_row(actor=alice, batch=batch, row_id=row.pk, signed_amount=Decimal("-4"), **values)
    assert verdicts_of(batch) == ["duplicate", "new", "duplicate", "new", "new"]
    fix_row(actor=alice, batch=batch, row_id=row.pk, signed_amount=Decimal("-3.2"), **values)
    assert verdicts_of(batch) == ["duplicate", "duplicate", "new", "new", "new"]
    row.refresh_from_db()
    assert (row.is_edited, row.raw) == (True, MARCH[1])


def test_lines_in_another_currency_are_rejected_individually(checking):
    batch = checked(checking, csv_of([*MARCH, "2026-03-29,Diner,-20.00,USD"]))
    assert counts_of(batch) == {"read": 6, "invalid": 1}
    row = batch.rows.get(verdict="invalid")
    assert (row.note, row.attr) == ("This line is in USD; Everyday is in EUR.", "currency")
    assert batch.warning_texts == ["The file has lines in USD; Everyday is in EUR."]


@pytest.mark.slow
def test_pending_lines_count_once_booked(checking):
    header = "Date,Description,Amount,Status"
    imported(
        checking, csv_of(["2026-03-03,Café,-3.20,pending", "2026-03-02,Pay,10,booked"], header)
    )
    assert balance_of(checking) == Decimal("1010.00")
    batch = imported(
        checking, csv_of(["2026-03-03,Café,-3.20,booked", "2026-03-02,Pay,10,booked"], header)
    )
    assert counts_of(batch) == {"read": 2, "duplicate": 2}
    assert balance_of(checking) == Decimal("1006.80")
    assert check_ledger().is_clean


@pytest.mark.slow
def test_revert_restores_balance_and_totals_exactly(checking, alice):
    make_transaction(account=checking, amount="-7.00", txn_date=date(2026, 3, 9))
    before = balance_of(checking), totals_of(checking)
    batch = imported(checking, csv_of(MARCH))
    assert totals_of(checking) != before[1]
    for _ in range(2):
        revert_import(actor=alice, batch=batch, at=timezone.now())
    assert (balance_of(checking), totals_of(checking)) == before
    assert AuditEvent.objects.filter(action="transactions.import.reverted").count() == 1
    assert counts_of(imported(checking, csv_of(MARCH))) == {"read": 5, "added": 5}
    assert check_ledger().is_clean


def test_confirming_again_changes_nothing(checking, alice):
    batch = imported(checking, csv_of(MARCH))
    for _ in range(2):
        again = confirm_import(actor=alice, batch_id=batch.pk, at=timezone.now())
        assert again.confirmed_at == batch.confirmed_at
        request_confirmation(actor=alice, batch=batch)
    assert Transaction.objects.count() == 5
    assert balance_of(checking) == Decimal("2648.43")


def test_lines_are_compared_again_only_if_something_happened_since(checking, savings, alice):
    batch = checked(checking, csv_of(MARCH))
    assert is_compared(batch)
    request_confirmation(actor=alice, batch=batch)
    assert is_compared(batch)
    make_transaction(account=savings, amount="-1.00")
    assert not is_compared(batch)
    mark_known_rows(batch)
    assert is_compared(batch)
    ImportBatch.objects.filter(pk=batch.pk).update(compared_after=None)
    batch.refresh_from_db()
    assert not is_compared(batch)


def test_only_a_large_import_may_take_longer_than_a_page(db):
    limits = "SELECT current_setting('statement_timeout'), "
    limits += "current_setting('idle_in_transaction_session_timeout')"

    def limits_with(lines):
        with transaction.atomic(), connection.cursor() as cursor:
            let_take_time(lines)
            # SQLite has no such limits, and nothing to lift.
            is_limited = connection.vendor == "postgresql"
            return cursor.execute(limits).fetchone() if is_limited else ("0", "0")

    assert (limits_with(LARGE_FILE) == ("0", "0")) == (connection.vendor != "postgresql")
    assert limits_with(LARGE_FILE + 1) == ("0", "0")


def test_rows_added_since_the_check_are_duplicates(checking, alice):
    first, second = checked(checking, csv_of(MARCH)), checked(checking, csv_of(MARCH[::-1]))
    confirm_import(actor=alice, batch_id=first.pk, at=timezone.now())
    second = confirm_import(actor=alice, batch_id=second.pk, at=timezone.now())
    assert counts_of(second) == {"read": 5, "duplicate": 5}
    assert Transaction.objects.count() == 5


def test_deleted_account_rejects_the_confirmation_and_posts_nothing(checking, alice):
    batch = checked(checking, csv_of(MARCH))
    edit_account(actor=alice, account=checking, is_active=False)
    with pytest.raises(ValidationError, match="archived"):
        confirm_import(actor=alice, batch_id=batch.pk, at=timezone.now())
    edit_account(actor=alice, account=checking, is_active=True)
    delete_account(actor=alice, account=checking)
    with pytest.raises(ValidationError, match="trash"):
        confirm_import(actor=alice, batch_id=batch.pk, at=timezone.now())
    batch.refresh_from_db()
    assert (batch.status, Transaction.objects.count()) == ("checked", 0)


def test_lines_that_miss_the_closing_balance_give_a_warning(checking):
    header = "Date,Description,Amount,Balance"
    good = ["2026-03-01,Pay,10.00,110.00", "2026-03-02,Tea,-4.00,106.00"]
    batch = checked(checking, csv_of(good, header))
    assert (batch.file_opening_balance, batch.file_closing_balance) == (Decimal(100), Decimal(106))
    assert batch.warning_texts == []
    batch = checked(checking, csv_of([*good, "2026-03-03,Bus,-1.00,99.00"], header))
    assert batch.warning_texts == [
        "The file's opening balance €100.00 plus its lines (€5.00) doesn't equal its closing"
        " balance €99.00; the difference is -€6.00."
    ]
    assert batch.new_count == 3


def test_chosen_mapping_is_remembered_for_the_same_columns(checking, alice):
    batch = start_import(actor=alice, account=checking, file_name="a.csv", content=AMBIGUOUS)
    assert batch.needs_mapping
    choose_mapping(actor=alice, batch=batch, given={"date_format": "%d-%m-%Y"})
    confirm_import(actor=alice, batch_id=batch.pk, at=timezone.now())
    assert ImportMapping.objects.get().account == checking
    later = AMBIGUOUS.replace(b"2026", b"2027")
    batch = imported(checking, later)
    assert batch.added_count == 2
    assert Transaction.objects.filter(txn_date=date(2027, 4, 3)).exists()


def test_new_mapping_requires_a_new_check(checking, alice):
    batch = start_import(actor=alice, account=checking, file_name="a.csv", content=AMBIGUOUS)
    for style, day in (("%d-%m-%Y", date(2026, 4, 3)), ("%m-%d-%Y", date(2026, 3, 4))):
        choose_mapping(actor=alice, batch=batch, given={"date_format": style})
        batch = check_import(batch_id=batch.pk)
        assert batch.rows.order_by("id").first().txn_date == day
    assert batch.read_count == 2


def test_file_with_too_many_lines_fails_with_a_message(checking, settings):
    settings.IMPORT_MAX_ROWS = 3
    batch = checked(checking, csv_of(MARCH))
    assert batch.status == "failed"
    assert batch.error.startswith("The file has more than 3 lines.")
    assert not ImportRow.objects.exists()


def test_bank_category_and_built_in_map_categorize_rows(checking, groceries):
    header = "Date,Description,Amount,Category"
    lines = ["2026-03-01,Corner shop,-10.00,Groceries", "2026-03-02,LIDL 0456,-5.00,"]
    imported(checking, csv_of([*lines, "2026-03-04,Pay,900.00,"], header))
    found = Transaction.objects.filter(category=groceries).order_by("pk")
    assert list(found.values_list("category_source", flat=True)) == ["provider", "import"]
    assert MonthlyTotal.objects.get(category=groceries).outflow == Decimal(15)
