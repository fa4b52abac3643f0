"""Readings of a file on pages and in the API: the question, the messages, and remembered
answers.
"""

from datetime import date
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from transactions.models import ImportBatch, ImportRow, Transaction
from transactions.services.importing import check_import, choose_mapping, start_import
from transactions.tests.import_samples import AMBIGUOUS, checked, counts_of, csv_of, imported
from transactions.tests.test_xlsx_file import workbook

AMERICAN = {"locale": "en-US", "timezone": "America/New_York"}


def days(batch: ImportBatch) -> list[str]:
    return [str(row.txn_date) for row in batch.rows.order_by("id")]


def amounts(batch: ImportBatch) -> list[Decimal]:
    return [row.signed_amount for row in batch.rows.order_by("id")]


def ofx(body: str) -> bytes:
    return f"OFXHEADER:100\n\n<OFX><SIGNONMSGSRSV1><SONRS>{body}</OFX>".encode()


@pytest.mark.parametrize("place", [0, 1])
def test_question_shows_lines_of_the_file_and_one_click_answers_it(
    place, client_for, alice, checking
):
    batch = start_import(actor=alice, account=checking, file_name="a.csv", content=AMBIGUOUS)
    client, address = client_for(alice), reverse("transactions:import_map", args=[batch.pk])
    page = client.get(address)
    words = page.content.decode()
    assert "Which of these is right?" in words
    assert words.count("Coffee") >= 2
    likely = words[words.index('value="0"') : words.index('value="1"')]
    assert "Most likely" in likely
    assert "Banks that keep accounts in EUR usually write the day first." in likely
    assert words.count("Most likely") == 1
    readings = page.context["detection"].readings
    wanted = [{"%d-%m-%Y": "2026-04-03", "%m-%d-%Y": "2026-03-04"}[reading.changes["date_format"]]
              for reading in readings]  # fmt: skip
    answer = client.post(address, {"reading": str(place)})
    assert answer.url == reverse("transactions:import_check", args=[batch.pk])
    batch.refresh_from_db()
    assert days(batch)[0] == wanted[place]
    assert client.post(address, {"reading": "99"}).url == address


@pytest.mark.parametrize(
    ("content", "columns"),
    [
        (
            b"Ref;Datum A;Datum B;Text;Betrag\n1;03.01.2024;14.02.2024;Laden;-4,20\n"
            b"2;05.01.2024;25.02.2024;Miete;-900,00\n3;09.01.2024;02.03.2024;Lohn;2500,00\n",
            ["Column 2: Datum A", "Column 3: Datum B"],
        ),
        (
            b"Date,Description,Value 1,Value 2\n2024-01-03,Cafe,-4.20,-5.10\n"
            b"2024-01-05,Rent,-900.00,-870.00\n2024-01-19,Pay,2500.00,2300.00\n",
            ["Column 3: Value 1", "Column 4: Value 2"],
        ),
    ],
    ids=["dates", "amounts"],
)
def test_question_about_columns_names_the_column_of_each_answer(
    content, columns, client_for, alice, checking
):
    batch = start_import(actor=alice, account=checking, file_name="a.csv", content=content)
    address = reverse("transactions:import_map", args=[batch.pk])
    words = client_for(alice).get(address).content.decode()
    answers = words.split('name="reading"')[1:]
    named = [column for column, answer in zip(columns, answers, strict=True) if column in answer]
    assert named == columns
    # "Value 1" says no more clearly than "Value 2" that it is the amount.
    assert "most clearly" not in words


def test_api_lists_the_readings_with_the_fields_to_send(api_for, alice, checking):
    data = {"file": SimpleUploadedFile("a.csv", AMBIGUOUS), "account": checking.pk}
    answer = api_for(alice).post("/api/transactions/import", data, format="multipart").json()
    assert {reading["mapping"]["date_format"] for reading in answer["readings"]} == {
        "%d-%m-%Y",
        "%m-%d-%Y",
    }
    assert answer["most_likely"] == ["Banks that keep accounts in EUR usually write the day first."]
    shown = {reading["examples"][0]["date"] for reading in answer["readings"]}
    assert shown == {"2026-04-03", "2026-03-04"}
    confirm = f"/api/imports/{answer['import_id']}/confirm"
    mapping = answer["readings"][0]["mapping"]
    done = api_for(alice).post(confirm, {"mapping": mapping}, format="json")
    assert done.status_code == 200


def test_owner_and_account_settle_ambiguities(alice, checking):
    alice.locale, alice.timezone = "de-DE", "Europe/Berlin"
    alice.save()
    batch = checked(checking, AMBIGUOUS)
    assert days(batch) == ["2026-04-03", "2026-06-05"]


def test_every_line_with_an_amount_is_on_the_receipt_with_its_reason(checking):
    content = csv_of(
        [
            "2026-03-01,Notice,0.00,Completed",
            "2026-03-02,Hotel,-90.00,Declined",
            "2026-03-03,Shop,-5.00,Completed",
            "2026-03-04,Rent,-7.00,Pending",
            "2026-02-31,Never,-1.00,Completed",
        ],
        "Date,Description,Amount,Status",
    )
    batch = imported(checking, content)
    assert counts_of(batch) == {"read": 5, "added": 2, "skipped": 2, "invalid": 1}
    skipped = ImportRow.objects.filter(batch=batch, verdict="skipped").order_by("row_number")
    assert [(row.description, row.note) for row in skipped] == [
        ("Notice", "No money moved: the amount is zero."),
        ("Hotel", "Left out: its status says it was declined, canceled or reversed."),
    ]
    checking.refresh_from_db()
    assert checking.balance == Decimal("995.00")


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("<INVSTMTRS><INVTRANLIST><BUYMF><INVBUY><INVTRAN><FITID>1</INVTRAN></INVBUY></BUYMF>"
         "</INVTRANLIST></INVSTMTRS>", "investment line"),
        ("<STATUS><CODE>15500<SEVERITY>ERROR<MESSAGE>Signon invalid</STATUS>", "Signon invalid"),
    ],
)  # fmt: skip
def test_file_without_lines_gives_the_actual_reason(body, words, api_for, alice, checking):
    batch = checked(checking, ofx(body))
    assert batch.status == "failed"
    assert words in batch.error
    data = {"file": SimpleUploadedFile("a.ofx", ofx(body) + b"\n"), "account": checking.pk}
    answer = api_for(alice).post("/api/transactions/import", data, format="multipart").json()
    assert [error["attr"] for error in answer["errors"]] == ["file"]
    assert words in answer["errors"][0]["detail"]


def test_ofx_amount_may_start_with_a_currency_symbol(checking):
    line = "<STMTTRN><TRNTYPE>DEBIT<DTPOSTED>20260301<TRNAMT>$.50<FITID>1<NAME>Shop</STMTTRN>"
    batch = checked(
        checking, ofx(f"<STMTRS><CURDEF>EUR<BANKTRANLIST>{line}</BANKTRANLIST></STMTRS>")
    )
    assert amounts(batch) == [Decimal("0.50")]


# --- What an account's files proved ------------------------------------------------------------


def test_numeric_cell_stays_a_number_whatever_the_last_file_used(checking):
    head = ["Datum", "Text", "Betrag"]
    first = workbook(("A", [head, ["2026-01-03", "Tea", "-12,50"], ["2026-01-04", "Bus", "-1,00"]]))
    second = workbook(
        ("A", [head, ["2026-02-03", "Tea", -12.345], ["2026-02-04", "Bus", -1.234],
               ["2026-02-05", "Pay", "20,50"]])
    )  # fmt: skip
    assert amounts(imported(checking, first)) == [Decimal("-12.50"), Decimal("-1.00")]
    batch = checked(checking, second)
    assert amounts(batch) == [None, None, Decimal("20.50")]
    assert [row.note for row in batch.rows.filter(verdict="invalid").order_by("pk")] == [
        "EUR has 2 decimals, but this amount is -12.345.",
        "EUR has 2 decimals, but this amount is -1.234.",
    ]


def test_serial_numbers_in_a_sheet_are_dates(checking):
    head = ["Date", "Text", "Amount"]
    batch = checked(checking, workbook(("A", [head, [46084, "Tea", -2.5], [46085, "Bus", -1]])))
    assert days(batch) == ["2026-03-03", "2026-03-04"]


def test_remembered_choice_does_not_override_what_the_next_file_proves(checking, alice):
    batch = start_import(actor=alice, account=checking, file_name="a.csv", content=AMBIGUOUS)
    choose_mapping(actor=alice, batch=batch, given={"date_format": "%d-%m-%Y"})
    imported(checking, AMBIGUOUS.replace(b"Coffee", b"Cocoa"), mapping={"date_format": "%d-%m-%Y"})
    months_first = b"Date,Description,Amount\n04/05/2026,Coffee,-3.20\n04/25/2026,Tea,-2.10\n"
    assert days(checked(checking, months_first)) == ["2026-04-05", "2026-04-25"]


QIF = b"!Type:Bank\nD03/07/2026\nT-5.00\nPShop\n^\nD04/08/2026\nT-6.00\nPBus\n^\n"


def test_qif_file_may_state_its_date_order(checking):
    named = b"!Option:DMY\n" + QIF
    assert days(checked(checking, named)) == ["2026-07-03", "2026-08-04"]
    assert days(checked(checking, b"!Option:MDY\n" + QIF)) == ["2026-03-07", "2026-04-08"]


@pytest.mark.slow
def test_qif_date_order_can_be_chosen_and_is_remembered(client_for, alice, checking):
    batch = start_import(actor=alice, account=checking, file_name="a.qif", content=QIF)
    assert batch.needs_mapping
    address = reverse("transactions:import_map", args=[batch.pk])
    client = client_for(alice)
    assert list(client.get(address).context["form"].fields) == ["date_format"]
    assert "Which of these is right?" in client.get(address).content.decode()
    client.post(address, {"date_format": "%d-%m-%Y"})
    assert days(check_import(batch_id=batch.pk))[0] == "2026-07-03"
    given = imported(checking, QIF + b"\n", mapping={"date_format": "%d-%m-%Y"})
    assert days(given)[0] == "2026-07-03"
    later = QIF.replace(b"Shop", b"Cinema")
    assert days(checked(checking, later))[0] == "2026-07-03"


def test_encoding_with_little_evidence_is_imported(checking):
    rows = [
        "2026-03-01,コンビニ,-5.00,EUR",
        "2026-03-02,家賃,-9.00,EUR",
        "2026-03-03,給与,20.00,EUR",
    ]
    data = csv_of(rows).decode().encode("euc-jp")
    batch = imported(checking, data)
    assert batch.added_count == 3
    assert Transaction.objects.filter(txn_date=date(2026, 3, 1)).count() == 1


def test_receipt_names_the_other_encodings_until_one_is_chosen(checking):
    rows = ["2026-03-01,Кофе,-1.00", "2026-03-02,Аренда,-2.00", "2026-03-03,Зарплата,3.00"]
    data = csv_of(rows, "Date,Description,Amount").decode().encode("cp1251")
    assert imported(checking, data).warning_texts == [
        "The file was read as cp1251, but cp1253 would fit almost as well. If accented letters look"
        " wrong, choose another encoding under “Match columns”."
    ]
    chosen = checked(checking, data + b"\n", mapping={"encoding": "cp1253"})
    assert chosen.warning_texts == []
