"""CSV export: exactly the filtered list, safe in spreadsheets, recognized by our importer."""

import csv
import io
from datetime import date

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.builders import make_account, make_transaction
from transactions.export_lines import ROWS_AT_ONCE
from transactions.exports import csv_lines
from transactions.models import Transaction
from transactions.sources.files.own_csv import neutralized, restored
from transactions.tests.import_samples import checked, counts_of, csv_of, imported
from users.models import AuditEvent

pytestmark = pytest.mark.django_db


def rows_of(answer):
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_page_exports_exactly_the_filtered_list_in_order(alice, checking, client_for):
    for amount, text in (("-3.20", "Coffee"), ("-9.00", "Coffee beans"), ("-1.00", "Tea")):
        make_transaction(account=checking, amount=amount, description=text)
    answer = client_for(alice).get("/transactions/export/?search=coffee&ordering=amount")
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert answer["Content-Disposition"].startswith('attachment; filename="transactions-')
    assert [(row["Description"], row["Amount"]) for row in rows_of(answer)] == [
        ("Coffee", "-3.20"),
        ("Coffee beans", "-9.00"),
    ]
    event = AuditEvent.objects.get(action="transactions.export.csv")
    assert (event.actor, event.changes) == (
        alice,
        {"filters": {"search": "coffee", "ordering": "amount"}},
    )


def test_row_contains_everything_the_user_entered(alice, checking, groceries, client_for):
    row = make_transaction(
        account=checking,
        amount="-12.00",
        description="CARD 123",
        merchant="Market",
        category=groceries,
        tags=["home", "all"],
        notes="two\nlines, and a comma",
        status="pending",
        posted_date=date(2026, 3, 17),
    )
    assert rows_of(client_for(alice).get("/transactions/export/")) == [
        {
            "Date": "2026-03-15",
            "Amount": "-12.00",
            "Currency": "EUR",
            "Description": "CARD 123",
            "Merchant": "Market",
            "Category": "Groceries",
            "Tags": "all, home",
            "Notes": "two\nlines, and a comma",
            "Account": "Everyday",
            "Status": "Pending",
            "Booked on": "2026-03-17",
            "Bank's id": "",
            "Counted": "-12.00",
            "Split": "",
            "Transaction id": str(row.pk),
            "Transfer with": "",
            "Account ends in": checking.last_four,
        }
    ]


@pytest.mark.parametrize(
    "text", ["=1+1", "+49 30", "-x", "@cmd", "\tx", "\rx", " =1", "\x00=1", "＝1"]
)
def test_text_that_a_spreadsheet_would_execute_gets_an_apostrophe(text):
    assert neutralized(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "Coffee", "1-2", "a=b", "'x", "'", " '=1"])
def test_other_text_stays_unchanged(text):
    assert neutralized(text) == text


@pytest.mark.parametrize("text", ["=1", "'=1", "''=1", "' =1", " =1", "'x", "", "'", "'\t'", "-"])
def test_every_text_round_trips(text):
    assert restored(neutralized(text)) == text


@pytest.mark.slow
@pytest.mark.parametrize("count", [1, 30])
@pytest.mark.parametrize("currency", ["EUR", "JPY", "KWD"])
def test_our_importer_recognizes_every_row(alice, client_for, count, currency):
    account = make_account(user=alice, currency=currency)
    for number in range(count):
        make_transaction(
            account=account,
            amount="1000" if currency == "JPY" else "1.25",
            txn_date=date(2026, 3, 1 + number // 2),
            description=("=cmd|' /C calc'!A0", "+49 Telekom", 'Coffee; "hot"')[number % 3],
            merchant="@home",
            notes="-1\n-2",
            status="pending" if number % 5 == 4 else "posted",
        )
    content = b"".join(client_for(alice).get("/transactions/export/").streaming_content)
    batch = checked(account, content)
    assert counts_of(batch) == {"read": count, "duplicate": count}


@pytest.mark.slow
def test_export_of_an_import_is_recognized_by_its_ids(checking, alice, client_for):
    lines = ["2026-03-02,Tea,-2.00,-77", "2026-03-03,Tea,-2.00,B8"]
    imported(checking, csv_of(lines, "Date,Description,Amount,Transaction ID"))
    content = b"".join(client_for(alice).get("/transactions/export/").streaming_content)
    assert counts_of(checked(checking, content)) == {"read": 2, "duplicate": 2}


def test_api_exports_the_same_file_for_the_same_filters(alice, checking, api_for):
    make_transaction(account=checking, amount="-3.20", description="Coffee")
    make_transaction(account=checking, amount="-300.00", description="Rent")
    client = api_for(alice)
    answer = client.post(
        "/api/export/csv", {"amount_min": 100, "account": checking.pk}, format="json"
    )
    assert [row["Description"] for row in rows_of(answer)] == ["Rent"]
    asked = client.post("/api/export/csv", {}, format="json", HTTP_ACCEPT="text/csv")
    assert len(rows_of(asked)) == 2


@pytest.mark.parametrize(
    ("body", "attr"),
    [
        ({"colour": "red"}, "colour"),
        ({"date_from": "x"}, "date_from"),
        ({"account": [1]}, "account"),
    ],
)
def test_api_rejects_unknown_filters(alice, api_for, body, attr):
    answer = api_for(alice).post("/api/export/csv", body, format="json", HTTP_ACCEPT="text/csv")
    assert (answer.status_code, answer["Content-Type"]) == (400, "application/json")
    asked = api_for(alice).options("/api/export/csv", HTTP_ACCEPT="text/csv")
    assert (asked.status_code, asked["Content-Type"]) == (200, "application/json")
    assert answer.json()["errors"][0]["attr"].startswith(attr)


def test_malformed_filter_redirects_to_the_list(alice, client_for):
    answer = client_for(alice).get("/transactions/export/?date_from=x")
    assert (answer.status_code, answer["Location"]) == (302, "/transactions/?date_from=x")


@pytest.mark.slow
def test_export_runs_four_queries_per_batch(checking):
    row = make_transaction(account=checking, tags=["a"])
    Transaction.objects.bulk_create(
        Transaction(
            user=checking.user,
            account=checking,
            description="x",
            signed_amount=-1,
            currency="EUR",
            txn_date=row.txn_date,
            fingerprint=1,
        )
        for _ in range(ROWS_AT_ONCE)
    )
    with CaptureQueriesContext(connection) as captured:
        lines = "".join(csv_lines(Transaction.objects.all(), checking.user))
    assert lines.count("\r\n") == ROWS_AT_ONCE + 2
    # Rows, categories, names and shares, then tags, parts and transfers for each of two batches.
    assert len(captured) <= 4 + 2 * 3
