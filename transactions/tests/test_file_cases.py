"""Every kind of file a demanding user tried, through the one-call API and the wizard: right, asked
with its readings, or refused with the true reason.
"""

from datetime import date
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from tests.builders import make_account
from transactions.models import ImportBatch, ImportRow
from transactions.tests.test_xlsx_file import workbook

BALANCES = (995, 1001, 1000, 1100, 1060)
QIF = b"!Option:DMY\n!Type:Bank\nD03/07/2026\nT-5.00\nPShop\n^\n"

# Name -> (account type, content, the amounts in order).
READ = {
    "5.1 comma in quotes": (
        "checking",
        'Date,Description,Amount,\n2024-03-15,"Cafe, 50",-10.00\n2024-03-16,Pay,20.00\n'
        "2024-03-17,Rent,-30.00\n",
        "-10 20 -30",
    ),
    "5.2 nothing before the mark": (
        "checking",
        "Date,Description,Amount\n2024-03-15,A,$.23\n2024-03-16,B,($.42)\n2024-03-17,C,$12.00\n",
        "0.23 -0.42 12",
    ),
    "5.3 net beside tax": (
        "checking",
        "Datum,Name,Währung,Brutto,Gebühr,Netto,Umsatzsteuer,Auswirkung auf Guthaben\n"
        '"14.03.2024","Bäcker","EUR","-11,90","0,00","-11,90","1,90","Soll"\n'
        '"15.03.2024","Kunde","EUR","119,00","-2,00","117,00","19,00","Haben"\n',
        "-11.90 117",
    ),
    "5.4 balance lines in another language": (
        "checking",
        '"Sąskaitos Nr.","","Data","Gavėjas","Paaiškinimai","Suma","Valiuta","D/K"\n'
        '"LT12","10","2024-03-01","","Likutis pradžiai","100.00","EUR","K"\n'
        '"LT12","20","2024-03-14","Maxima","Pirkinys","12.50","EUR","D"\n'
        '"LT12","20","2024-03-15","UAB","Alga","20.00","EUR","K"\n'
        '"LT12","82","2024-03-31","","Apyvarta","20.00","EUR","K"\n'
        '"LT12","86","2024-03-31","","Likutis pabaigai","107.50","EUR","K"\n',
        "-12.50 20",
    ),
    "5.5 unmarked beside plus": (
        "checking",
        "Date,Description,Amount\n12-Dec-2023,Grocer,€23.00\n11-Dec-2023,Fuel,€40.00\n"
        '02-Dec-2023,Payment received thank you,"+ €100.00"\n',
        "-23 -40 100",
    ),
    "5.8 card": (
        "credit_card",
        "Date,Description,Amount\n2024-03-14,AUTOMATIC PAYMENT - THANK YOU,-80.69\n"
        "2024-03-15,BOOKSHOP,40.00\n2024-03-16,GROCER,12.00\n",
        "80.69 -40 -12",
    ),
    "5.9 two close dates": (
        "checking",
        "14.03.2024;Laden;15.03.2024;-4,20;EUR\n18.03.2024;Bahn;20.03.2024;-9,00;EUR\n",
        "-4.20 -9",
    ),
    "5.15 number cells": (
        "checking",
        workbook(("A", [["Datum", "Text", "Betrag"], ["2026-01-03", "Tea", -12.5],
                        ["2026-01-04", "Bus", "-1,25"]])),
        "-12.50 -1.25",
    ),
    "5.16 order of the option": ("checking", QIF, "-5"),
    "5.17 balance proves signs": (
        "checking",
        "Date,Description,Amount,Balance\n"
        + "".join(f"2024-03-0{day},Line {day},{size}.00,{balance}.00\n"
                  for day, (size, balance) in enumerate(
                      zip((5, 6, 1, 100, 40), BALANCES, strict=True), 1)),
        "-5 6 -1 100 -40",
    ),
    "5.18 sign before the bracket": (
        "checking", "Date,Description,Amount\n2024-03-14,A,€(63.12)\n2024-03-15,B,€20.00\n",
        "-63.12 20",
    ),
    "5.19 prefix of one file": (
        "checking",
        "Date,Payee,Outflow,Inflow\n2024-03-14,A,د.ا.\u200f4.75,\n2024-03-15,B,,د.ا.\u200f20.25\n",
        None,  # dinars are not euros: each line says so
    ),
    "5.22 marks of direction": (
        "checking",
        "Date;Text;Amount;Balance\n2024-03-01;A;12,50 D;987,50\n2024-03-02;B;6,00DB;981,50\n"
        "2024-03-03;C;30 DR;951,50\n2024-03-04;D;40,00 CR;991,50\n",
        "-12.50 -6 -30 40",
    ),
    "5.23 fee off the balance": (
        "checking",
        "Date,Description,Amount,Fee,Balance\n2024-03-01,Top-up,100.00,1.00,1099.00\n"
        "2024-03-02,Shop,-20.00,0.00,1079.00\n2024-03-03,Abroad,-30.00,0.50,1048.50\n"
        "2024-03-04,Shop,-8.00,0.00,1040.50\n",
        "99 -20 -30.50 -8",
    ),
    "5.24 balance lines known by arithmetic": (
        "checking",
        "Date,Text,Amount,Balance\n2024-03-01,Zzz,,1000.00\n2024-03-02,A,-5.00,995.00\n"
        "2024-03-03,B,7.00,1002.00\n2024-03-04,C,-2.00,1000.00\n2024-03-31,Zzz,,1000.00\n",
        "-5 7 -2",
    ),
    "5.25 another calendar": (
        "checking",
        "วันที่,รายการ,ถอน,ฝาก,คงเหลือ\n14/03/2569,ร้าน,12.50,,987.50\n15/03/2569,เงิน,,20.00,1007.50\n",
        "-12.50 20",
    ),
    "5.26 headings tell the dates": (
        "checking",
        "Buchungstag;Valuta;Text;Betrag\n14.03.2024;30.06.2024;A;-4,20\n15.03.2024;15.03.2024;B;9,00\n",
        "-4.20 9",
    ),
}  # fmt: skip

# Name -> (account type, content, the field asked about).
ASKED = {
    "5.6 two amounts": (
        "checking", '"03/25/2024","Your payment","EUR","1525.00","-1000.00","Firm"\n', "amount"
    ),
    "5.7 signs inside a pair": (
        "checking",
        "date;text;increase;decrease\n14/03/2024;a;10;\n15/03/2024;b;;-10\n16/03/2024;c;;10\n",
        "sign_convention",
    ),
    "5.10 order of day and month": (
        "checking",
        "Date,Description,Amount\n01/02/2024,Cafe,-4.20\n01/05/2024,Shop,-1.00\n",
        "date_format",
    ),
    "5.11 only positive amounts": (
        "checking",
        "Date,Description,Amount\n2024-03-14,A,4.20\n2024-03-15,B,12.00\n",
        "sign_convention",
    ),
    "5.12 unnamed pair": (
        "checking",
        "18.09.2017;HOFER;;33,87\n18.09.2017;LIDL;;23,55\n19.09.2017;Lohn;924,00;\n",
        "debit",
    ),
    "three digits": ("checking", "Date;Text;Amount\n2024-03-14;A;-12.345\n", "decimal_mark"),
    "three digits in QIF": (
        "checking", "!Type:Bank\nD14/03/2024\nT-12.345\nPShop\n^\n", "decimal_mark"
    ),
    "order in QIF": ("checking", "!Type:Bank\nD03/07/2024\nT-12.34\nPShop\n^\n", "date_format"),
}  # fmt: skip

REFUSED = {
    "investments": ("<OFX><INVSTMTRS><INVTRANLIST><BUYMF><FITID>1</BUYMF></INVTRANLIST>"
                    "</INVSTMTRS></OFX>", "investment statement"),
    "sign-on": ("<OFX><STATUS><CODE>15500<SEVERITY>ERROR<MESSAGE>Signon invalid</STATUS></OFX>",
                "Signon invalid"),
    "no amount": ("Date,Description,Amount\n2024-03-14,A,abc 12 x 4\n", "abc 12 x 4"),
    "no table": ("Dear customer,\nyour statement is ready.\n",
                 "No line in the file has both a date and an amount."),
}  # fmt: skip


def account_for(user, kind):
    return make_account(user=user, name=kind, account_type=kind, opening_balance="1000.00")


def posted(client, account, content):
    data = content if isinstance(content, bytes) else content.encode()
    body = {"file": SimpleUploadedFile("a.csv", data), "account": account.pk}
    return client.post("/api/transactions/import", body, format="multipart")


def amounts_of(batch):
    rows = ImportRow.objects.filter(batch=batch).exclude(verdict="skipped").order_by("row_number")
    return [row.signed_amount for row in rows]


@pytest.mark.once
@pytest.mark.parametrize("name", READ)
def test_one_call_reads_what_the_file_tells(name, api_for, alice):
    kind, content, amounts = READ[name]
    answer = posted(api_for(alice), account_for(alice, kind), content)
    assert answer.status_code == 201, answer.json()
    if amounts is None:
        assert all("JOD" in row.note for row in ImportRow.objects.all())
        return
    assert amounts_of(answer.json()["id"]) == list(map(Decimal, amounts.split()))


@pytest.mark.once
@pytest.mark.parametrize("name", ASKED)
def test_one_call_asks_what_stays_open_and_takes_the_answer(name, api_for, alice):
    kind, content, asked = ASKED[name]
    client, account = api_for(alice), account_for(alice, kind)
    answer = posted(client, account, content)
    assert answer.status_code == 400
    body = answer.json()
    assert [error["attr"] for error in body["errors"]] == [f"mapping.{asked}"]
    assert {error["code"] for error in body["errors"]} == {"mapping_needed"}
    shown = [reading["examples"] for reading in body["readings"]]
    assert len(shown) > 1
    assert all(one != other for one in shown for other in shown if one is not other)
    assert body["most_likely"]
    assert not account.transactions.exists()
    chosen = {"mapping": body["readings"][0]["mapping"]}
    done = client.post(f"/api/imports/{body['import_id']}/confirm", chosen, format="json")
    assert done.status_code == 200, done.json()
    first = {one["amount"]: one["date"] for one in body["readings"][0]["examples"]}
    rows = ImportRow.objects.filter(batch=body["import_id"])
    read = {row.signed_amount: row.txn_date for row in rows}
    assert all(read[Decimal(size)] == date.fromisoformat(on) for size, on in first.items())


@pytest.mark.once
@pytest.mark.parametrize("name", ASKED)
def test_wizard_asks_the_same_with_the_likeliest_marked(name, client_for, alice):
    kind, content, _ = ASKED[name]
    client, account = client_for(alice), account_for(alice, kind)
    file = SimpleUploadedFile("a.csv", content.encode())
    client.post(reverse("transactions:import_start"), {"file": file, "account": account.pk})
    batch = ImportBatch.objects.get()
    words = client.get(reverse("transactions:import_map", args=[batch.pk])).content.decode()
    assert words.count("Most likely") == 1
    assert words.index("Most likely") < words.index('value="1"')


@pytest.mark.once
@pytest.mark.parametrize("name", REFUSED)
def test_refusal_names_its_reason_at_the_file(name, api_for, alice):
    content, words = REFUSED[name]
    answer = posted(api_for(alice), account_for(alice, "checking"), content)
    assert answer.status_code in (415, 422)
    assert [error["attr"] for error in answer.json()["errors"]] == ["file"]
    assert words in answer.json()["errors"][0]["detail"]


SECTIONS = (
    "Checking 1111\nDate,Description,Amount\n2026-03-14,Shop,-12.50\n2026-03-15,Pay,20.00\n\n"
    "Savings 2222\nDate,Description,Amount\n2026-03-16,Interest,1.00\n"
)


@pytest.mark.once
def test_accounts_that_follow_each_other_in_one_table_are_asked_about(api_for, alice, checking):
    answer = posted(api_for(alice), checking, SECTIONS)
    assert answer.status_code == 400
    parts = [(part["name"], part["last4"], part["count"]) for part in answer.json()["parts"]]
    assert parts == [("Checking 1111", "1111", 2), ("Savings 2222", "2222", 1)]
    pages = SECTIONS.replace("Checking 1111\n", "").replace("Savings 2222\n", "Page 2\n")
    assert posted(api_for(alice), checking, pages).status_code == 201
