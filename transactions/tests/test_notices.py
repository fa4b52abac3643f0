"""What a receipt warns of is stored as codes with values and shown as the reader writes."""

from importlib import import_module

import pytest
from django.urls import reverse

from banking.kernel.region import region
from transactions.models.notices import SENTENCES, notice_text
from transactions.sources.files.notices import Notice, NoticeCode
from transactions.tests.import_samples import csv_of, imported

migration = import_module("transactions.migrations.0028_notices_as_codes")
H = "Date,Description,Amount"
EVERY_VALUE = {
    "format": "OFX",
    "message": "Try later",
    "currencies": ["EUR", "USD"],
    "currency": "EUR",
    "account": "Everyday",
    "sheet": "Lines",
    "others": ["“Summary”"],
    "encoding": "euc-jp",
    "parts": [["Savings 2222", 1], ["Old", 1200]],
    "description": "KERN BAKERY",
    "on": "2026-03-13",
    "count": 1,
    "text": "12..34",
    "other": "50",
    "heading": "Amount",
    "words": "On its way",
    "kind": "pdf_document",
    "field": "txn_date",
    "example": "31-12-2024",
    "year": "0025",
    "foreign": "USD",
    "plain": "-1.234",
    "decimals": 4,
    "megabytes": 256,
    **dict.fromkeys(("line", "row", "column", "rows", "cells"), 1200),
    **dict.fromkeys(("amount", "opening", "closing", "total", "gap"), "-1234.50"),
}


@pytest.mark.once
def test_every_code_has_words():
    assert {str(code) for code in NoticeCode} == set(SENTENCES)


@pytest.mark.once
@pytest.mark.parametrize("code", sorted(SENTENCES))
@pytest.mark.parametrize("tag", ["en-US", "ar-AE"])
def test_every_code_is_a_whole_sentence(code, tag):
    for count in (1, 1200):
        with region(tag):
            text = notice_text({"code": code, "values": {**EVERY_VALUE, "count": count}})
        assert text.endswith((".", "?"))
        assert "%" not in text
        assert "[" not in text


@pytest.mark.once
@pytest.mark.parametrize(
    ("tag", "shown"),
    [
        ("en-US", "The bank no longer lists KERN BAKERY, -€1,234.50 on March 13, 2026."),
        ("de-DE", "The bank no longer lists KERN BAKERY, -1.234,50\u00a0€ on 13. März 2026."),
    ],
)
def test_amounts_and_days_are_written_as_the_reader_writes_them(tag, shown):
    with region(tag):
        assert notice_text({"code": "not_listed", "values": EVERY_VALUE}) == shown


@pytest.mark.once
@pytest.mark.parametrize(
    ("count", "shown"),
    [
        (1, "1 investment line skipped; only cash is imported."),
        (1200, "1,200 investment lines skipped; only cash is imported."),
    ],
)
def test_count_chooses_the_form(count, shown):
    notice = Notice(NoticeCode.INVESTMENT_LINES, {"count": count})
    assert notice_text(notice.as_json()) == shown


@pytest.mark.once
def test_balances_without_a_currency_keep_their_digits():
    values = {"closing": "1.00", "opening": "9.125", "currency": ""}
    assert notice_text({"code": "not_connected", "values": values}) == (
        "The statements in this file don't connect: one closes with 1.00, the next opens with"
        " 9.125."
    )


@pytest.mark.once
@pytest.mark.parametrize("text", ["", "Some sentence of 100 % long ago.", "%(on)s"])
def test_stored_sentence_is_shown_as_it_is(text):
    assert notice_text(text) == text


@pytest.mark.once
@pytest.mark.parametrize(("code", "sentence"), migration.SENTENCES)
def test_migration_turns_old_sentences_into_codes_and_back(code, sentence):
    old = sentence.format(
        **{
            **EVERY_VALUE,
            "on": "3 March 2026",
            "currencies": "EUR, USD",
            "count": "1,200",
            "s": "s",
        }
    )
    stored = migration.notice_of(old)
    assert stored["code"] == code
    assert code in SENTENCES
    assert set(stored["values"]) <= set(EVERY_VALUE)
    assert migration.sentence_of(stored) == old
    assert notice_text(stored).endswith(".")


@pytest.mark.once
def test_migration_leaves_what_it_does_not_know():
    text = "The bank no longer lists something on some day."
    assert migration.notice_of(text) == text
    assert migration.notice_of({"code": "interim_report", "values": {}})["values"] == {}


@pytest.mark.once
def test_commas_and_old_words_in_a_description_stay_its_own():
    said = "The bank no longer lists A, -1.00 EUR on 1 May 2026, B, -2.00 EUR on 3 March 2026."
    assert migration.notice_of(said)["values"] == {
        "description": "A, -1.00 EUR on 1 May 2026, B",
        "amount": "-2.00",
        "currency": "EUR",
        "on": "2026-03-03",
    }


def test_receipt_says_it_in_the_readers_formats_on_the_page_and_by_api(
    client_for, api_for, checking
):
    lines = ["2026-03-10,Pay,100.00", "2026-03-13,KERN BAKERY,-10.00", "2026-03-20,Tea,-2.00"]
    imported(checking, csv_of(lines, H))
    batch = imported(checking, csv_of([lines[0], lines[2], "2026-03-22,Bus,-3.00"], H))
    assert batch.warnings == [
        {
            "code": "not_listed",
            "values": {
                "description": "KERN BAKERY",
                "amount": "-10.00",
                "currency": "EUR",
                "on": "2026-03-13",
            },
        }
    ]
    owner = checking.user
    answer = api_for(owner).get(f"/api/imports/{batch.pk}").json()
    assert answer["warnings"] == [
        "The bank no longer lists KERN BAKERY, -€10.00 on March 13, 2026."
    ]
    owner.locale = "de-DE"
    owner.save(update_fields=["locale"])
    page = client_for(owner).get(reverse("transactions:import_receipt", args=[batch.pk]))
    assert "KERN BAKERY, -10,00\u00a0€ on 13. März 2026." in page.content.decode()


def test_sentences_stored_before_are_still_on_the_receipt(client_for, api_for, checking):
    batch = imported(checking, csv_of(["2026-03-10,Pay,100.00", "2026-03-12,Tea,-2.00"], H))
    batch.warnings = ["The bank said something else."]
    batch.save(update_fields=["warnings"])
    answer = api_for(checking.user).get(f"/api/imports/{batch.pk}").json()
    assert answer["warnings"] == ["The bank said something else."]
