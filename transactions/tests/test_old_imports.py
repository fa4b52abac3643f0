"""What earlier versions stored of imports is read after the migrations, and by them again."""

import hashlib
from importlib import import_module

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.urls import reverse

from transactions.models import ImportBatch, ImportRow, Transaction
from transactions.models.notices import notice_text
from transactions.models.reasons import reason_text
from transactions.tests.import_samples import counts_of, csv_of, imported

problems = import_module("transactions.migrations.0030_problems_as_codes")
H = "Date,Description,Amount"
LINES = ["2026-03-10,CAFÉ MÜLLER,-10.00", "2026-03-11,Pay,100.00", "2026-03-12,Tea,-2.00"]
WARNINGS = [
    "The bank no longer lists KERN BAKERY, -10.00 EUR on 13 March 2026.",
    "This file contains several currencies: EUR, USD.",
    "A sentence of long ago.",
]
QUESTION = "Several columns are labeled as an amount, and they differ."
# As the version between the two migrations stored it.
ASKED = {"code": "open_question", "values": {"question": QUESTION}}
FILE_ERROR = "This is a gzip archive. Unpack it and choose the statement inside."
LINE_ERRORS = [
    "“31.02.2024” is not a day in the calendar.",
    "This line is in USD; Everyday is in EUR.",
    "Rounded from 1.005 to 1.01.",
]


def migrated(*targets):
    """The models of that state of the database; of the newest without a target."""
    executor = MigrationExecutor(connection)
    return executor.migrate(list(targets) or executor.loader.graph.leaf_nodes()).apps


def old_fingerprint(row):
    text = f"1|{row.txn_date}|{row.signed_amount}|{row.currency}|{row.description.lower()}"
    digest = hashlib.blake2b(text.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


def write_as_before(apps, batch_id):
    """Store the batch as the versions before fingerprints without accents did."""
    for name in ("Transaction", "ImportRow"):
        for row in apps.get_model("transactions", name).objects.exclude(fingerprint=None):
            row.fingerprint = old_fingerprint(row)
            row.save(update_fields=["fingerprint"])
    batches = apps.get_model("transactions", "ImportBatch").objects
    batches.filter(pk=batch_id).update(warnings=[*WARNINGS, ASKED], error=FILE_ERROR)
    rows = apps.get_model("transactions", "ImportRow").objects
    for number, error in enumerate(LINE_ERRORS, start=10):
        rows.create(batch_id=batch_id, row_number=number, raw="x", verdict="invalid", error=error)


def code_of(warning):
    return warning if isinstance(warning, str) else warning["code"]


def told(apps, batch_id):
    """Warnings, error and line errors as a state of the database stores them."""
    batch = apps.get_model("transactions", "ImportBatch").objects.get(pk=batch_id)
    rows = apps.get_model("transactions", "ImportRow").objects.filter(verdict="invalid")
    return batch.warnings, batch.error, list(rows.order_by("pk").values_list("error", flat=True))


@pytest.mark.slow
@pytest.mark.once
def test_rows_of_before_keep_their_sentences_and_recognize_their_lines(
    transactional_db, client_for, checking
):
    batch = imported(checking, csv_of(LINES, H))
    try:
        write_as_before(migrated(("transactions", "0016_reviews_and_bank_lines")), batch.pk)
        migrated()
        batch = ImportBatch.objects.get(pk=batch.pk)
        assert batch.problems == [{"code": "other_archive", "values": {"kind": "gzip_archive"}}]
        assert [code_of(warning) for warning in batch.warnings] == [
            *("not_listed", "several_currencies", WARNINGS[2], "ask_amounts_differ")
        ]
        assert (batch.error, batch.warning_texts[-1]) == (FILE_ERROR, QUESTION)
        rows = ImportRow.objects.filter(verdict="invalid").order_by("pk")
        assert [row.note for row in rows] == LINE_ERRORS
        assert rows[0].error == 'not_a_day@{"text": "31.02.2024"}'
        # CAFÉ MÜLLER by its new fingerprint, without the accents.
        again = csv_of(["2026-03-10,CAFE MULLER,-10.00", *LINES[1:]], H)
        assert counts_of(imported(checking, again)) == {"read": 3, "duplicate": 3}
        receipt = client_for(checking.user).get(
            reverse("transactions:import_receipt", args=[batch.pk])
        )
        assert "The bank no longer lists KERN BAKERY" in receipt.content.decode()
        before = told(
            migrated(("transactions", "0027_deleted_categories_that_come_back")), batch.pk
        )
        assert before == (WARNINGS, FILE_ERROR, LINE_ERRORS)
    finally:
        migrated()
    assert Transaction.objects.count() == len(LINES)


EVERY_VALUE = {
    **dict.fromkeys(("count", "line", "row", "column", "rows", "cells"), "12"),
    **{"megabytes": "256", "decimals": "4", "kind": "a database", "year": "0025"},
    **{"currency": "EUR", "foreign": "USD", "places": "2 decimals", "format": "OFX"},
}


@pytest.mark.once
@pytest.mark.parametrize("about", ["file", "line", "question"])
def test_migration_turns_every_old_sentence_into_its_code_and_back(about):
    sentences = {"file": problems.FILES, "line": problems.LINES, "question": problems.QUESTIONS}
    for code, sentence in sentences[about]:
        names = problems.pattern_of(sentence).groupindex
        old = sentence.format(**{name: EVERY_VALUE.get(name, "12..34") for name in names})
        notice = problems.notice_of(old, about)
        assert notice["code"] == code, old
        assert problems.notice_of(problems.sentence_of(notice), about) == notice
        assert notice_text(notice).endswith((".", "?"))


@pytest.mark.once
@pytest.mark.parametrize("text", ["", "Something else.", "“a” is"])
def test_migration_leaves_what_it_does_not_know(text):
    assert problems.reason_of(text) == problems.line_sentence_of(text) == reason_text(text) == text
