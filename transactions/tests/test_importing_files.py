"""Files through the whole pipeline: real bank statements, and wrong files people upload."""

import io
import zipfile
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from tests.builders import make_account
from transactions.ledger_check import check_ledger
from transactions.models import ImportBatch, ImportRow, MonthlyTotal, Transaction
from transactions.services.import_confirming import confirm_import, revert_import
from transactions.services.import_parts import SKIP, parts_of, takes
from transactions.services.import_reading import examine
from transactions.services.importing import (
    check_import,
    choose_accounts,
    choose_mapping,
    start_import,
)
from transactions.tests.import_samples import csv_of
from transactions.tests.statement_files import REAL_FILES, SAMPLES, manifest_rows
from transactions.tests.statement_report import EMPTY, EXACT, PART, REFUSED, as_property

# Manifest sums that depend on a sign or date order only a person could know.
TOLD_BY_HAND = {"bank2ynab__statement_1.csv", "bank2ynab__test_row_format_CD_flag.csv"}


def bring_in(account, content):
    """The mapping the reader proposes, and the owner's answer where it has to ask."""
    owner = account.user
    batch = start_import(actor=owner, account=account, file_name="s", content=content)
    if batch.needs_mapping:
        given = examine(content).detection.mapping.as_json()
        batch = choose_mapping(actor=owner, batch=batch, given=given)
    if batch.needs_accounts:
        parts = parts_of(batch)
        answers = {part.part: account if takes(account, part) else SKIP for part in parts}
        batch = choose_accounts(actor=owner, batch=batch, accounts=answers)[0]
    batch = check_import(batch_id=batch.pk)
    if batch.status == "failed":
        return batch
    return confirm_import(actor=owner, batch_id=batch.pk, at=timezone.now())


def currency_of(row, content):
    """The manifest's currency, or the most common one in the file."""
    if len(row["currency"]) == 3 and row["currency"] != "DEM":
        return row["currency"]
    codes = ("GBP", "CZK", "HUF", "CHF", "USD", "CAD", "PLN")
    found = {code: content.count(code.encode()) for code in codes}
    best = max(found, key=found.get)
    return best if found[best] > content.count(b"EUR") else "EUR"


def refusal_of(row, sentence):
    """A refusal, which is correct for a file without transactions."""
    return row["file"], EMPTY if row["expected_transactions"] == "0" else REFUSED, sentence


def outcome_of(row, batch):
    """Whether the result matches the manifest; if not, what was read."""
    read = f"{batch.added_count + batch.skipped_count} of {row['expected_transactions']} lines"
    expected = (row["expected_transactions"], row["expected_sum"])
    net = batch.net
    is_count = str(batch.added_count + batch.skipped_count) == expected[0]
    is_sum = not expected[1] or net == Decimal(expected[1]).quantize(Decimal("0.01"))
    if is_count and is_sum and not batch.invalid_count:
        return row["file"], EXACT, ""
    invalid = ImportRow.objects.filter(batch=batch, verdict="invalid").first()
    why = f"row {invalid.row_number}: {invalid.note}" if invalid else f"sum {net}"
    if not is_sum and not invalid:
        why += f" instead of {expected[1]}; the reader is asked which sign or order is meant"
    return row["file"], PART, f"{read}; {why}"


@pytest.mark.slow
@pytest.mark.parametrize(
    "kind", [pytest.param("csv", marks=pytest.mark.once), "ofx", "qif", "mt940", "camt"]
)
def test_samples_are_imported_once_and_reverted_completely(kind, alice):
    seen, refused = 0, []
    for path in sorted((SAMPLES / kind).iterdir()):
        content = path.read_bytes()
        currency = currency_of({"currency": ""}, content)
        account = make_account(user=alice, name=path.name, currency=currency)
        try:
            batch = bring_in(account, content)
        except ValidationError as error:
            refused.append((path.name, " ".join(error.messages)[-1:]))
            continue
        seen += 1
        parts = (batch.added_count, batch.duplicate_count, batch.skipped_count, batch.invalid_count)
        assert (batch.read_count, batch.duplicate_count) == (sum(parts), 0), path.name
        assert bring_in(account, content + b"\n").added_count == 0, path.name
        revert_import(actor=alice, batch=batch, at=timezone.now())
        account.refresh_from_db()
        assert account.balance == 0, path.name
        assert not MonthlyTotal.objects.filter(account=account).exists(), path.name
    assert seen >= 2
    assert refused == ([("heading_only.csv", ".")] if kind == "csv" else [])
    assert check_ledger().is_clean


@pytest.mark.once
@pytest.mark.corpus
@pytest.mark.parametrize("kind", ["csv", "ofx", "qif", "mt940", "camt"])
def test_real_statements_are_imported_once_and_reverted_completely(kind, alice, record_property):
    seen, refused, outcomes = 0, [], []
    for number, row in enumerate(manifest_rows(kind)):
        content = (REAL_FILES / row["file"]).read_bytes()
        account = make_account(
            user=alice, name=f"{kind} {number}", currency=currency_of(row, content)
        )
        try:
            batch = bring_in(account, content)
        except ValidationError as error:
            refused.append(row["expected_transactions"])
            outcomes.append(refusal_of(row, " ".join(error.messages)))
            continue
        if batch.status == "failed":
            assert batch.error.endswith("."), row["file"]
            outcomes.append(refusal_of(row, batch.error))
            continue
        seen += 1
        outcomes.append(outcome_of(row, batch))
        counts = ("added", "duplicate", "review", "skipped", "invalid")
        parts = [getattr(batch, f"{name}_count") for name in counts]
        assert batch.read_count == sum(parts), row["file"]
        assert batch.duplicate_count == 0, row["file"]
        # If a file has several accounts, only one account's lines are imported here.
        is_whole = all(takes(account, part) for part in parts_of(batch))
        if row["expected_transactions"].isdigit() and is_whole and not batch.invalid_count:
            expected = int(row["expected_transactions"])
            read = batch.added_count + batch.skipped_count + batch.review_count
            assert read == expected, row["file"]
            name = row["file"].partition("/")[2]
            is_told = name in TOLD_BY_HAND or batch.review_count
            if row["expected_sum"] and not is_told:
                assert batch.net == Decimal(row["expected_sum"]).quantize(Decimal("0.01")), name
        again = bring_in(account, content + b"\n")
        assert again.added_count == 0, row["file"]
        revert_import(actor=alice, batch=batch, at=timezone.now())
        account.refresh_from_db()
        assert account.balance == 0, row["file"]
        assert not MonthlyTotal.objects.filter(account=account).exists(), row["file"]
    record_property(*as_property(outcomes))
    assert seen >= 8
    assert set(refused) <= {"0"}
    assert check_ledger().is_clean


@pytest.mark.corpus
def test_two_identical_coffees_of_a_real_statement_stay_two(alice):
    path = REAL_FILES / "camt" / "bsparser__camt053_duplicate_same_day.xml"
    content = path.read_bytes()
    account = make_account(
        user=alice, name="Coffee", currency=currency_of({"currency": ""}, content)
    )
    first = bring_in(account, content)
    rows = Transaction.objects.filter(account=account)
    assert (first.added_count, rows.values("fingerprint").distinct().count()) == (2, 1)
    again = bring_in(account, content + b"\n")
    assert (again.added_count, again.duplicate_count) == (0, 2)


def zip_of(name: str, content: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return packed.getvalue()


GOOD = ["2026-03-02,Salary ACME,2500.00,EUR", "2026-03-03,Corner Café,-3.20,EUR"]
# name: (content, lines read, lines added). 0 lines read: the whole file is refused with a message.
CORPUS = {
    "empty": (b"", 0, 0),
    "blank": (b" \n\n\t\n", 0, 0),
    "binary": (bytes(range(256)) * 40, 0, 0),
    "zeros": (b"\x00" * 5000, 0, 0),
    "pdf": (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj", 0, 0),
    "zip": (zip_of("statement.csv", csv_of(GOOD)), 0, 0),
    "broken zip": (zip_of("statement.csv", csv_of(GOOD))[:40], 0, 0),
    "png": (b"\x89PNG\r\n\x1a\n" + b"\x00" * 50, 0, 0),
    "web page": (b"<!DOCTYPE html><html><body>Sign in</body></html>", 0, 0),
    "json": (b'{"transactions": []}', 0, 0),
    "prose": ("Dear customer,\n\nthank you for your patience.\n" * 5, 0, 0),
    "wrong columns": ("Name,Town,Age\nAnn,Berlin,32\nBob,Paris,40\n", 0, 0),
    "only a header": ("Date,Description,Amount,Currency\n", 0, 0),
    "ten thousand columns": (",".join(["x"] * 10_000) + "\n" + ",".join(["1"] * 10_000), 0, 0),
    "xml bomb": (
        b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "lol"><!ENTITY c "&b;&b;&b;&b;">]>'
        b"<Document>&c;</Document>",
        0,
        0,
    ),
    "utf-16": (csv_of(GOOD).decode().encode("utf-16"), 2, 2),
    "nul bytes": (csv_of([*GOOD, "2026-03-04,Bad\x00Text,-1.00,EUR"]), 3, 2),
    "exponent": (csv_of([*GOOD, "2026-03-04,Huge,1e3000000,EUR"]), 3, 2),
    "not a number": (csv_of([*GOOD, "2026-03-04,Odd,NaN,EUR"]), None, 2),
    "infinity": (csv_of([*GOOD, "2026-03-04,Odd,Infinity,EUR"]), None, 2),
    "too large an amount": (csv_of([*GOOD, "2026-03-04,Much,99999999999999.00,EUR"]), 3, 2),
    "31 february": (csv_of([*GOOD, "2026-02-31,Never,-1.00,EUR"]), 3, 2),
    "the year 25": (csv_of([*GOOD, "0025-03-01,Long ago,-1.00,EUR"]), 3, 2),
    "formula cells": (csv_of([*GOOD, '2026-03-04,"=HYPERLINK(""x"")",-1.00,EUR']), 3, 3),
    "a cell of 5 MB": (csv_of([*GOOD, f"2026-03-04,{'x' * 5_000_000},-1.00,EUR"]), None, None),
    "lone surrogates": (csv_of(GOOD) + b"2026-03-04,\xed\xa0\x80,-1.00,EUR\n", None, None),
    "quote never closed": (csv_of([*GOOD, '2026-03-04,"Open,-1.00,EUR']), None, None),
    "nul everywhere": (csv_of(GOOD).replace(b",", b"\x00,"), None, None),
}


@pytest.mark.slow
@pytest.mark.once
@pytest.mark.parametrize("name", CORPUS)
@pytest.mark.parametrize("door", ["page", "api"])
def test_any_upload_is_read_or_answered_with_a_message(
    door, name, api_for, client_for, alice, checking
):
    content, read, added = CORPUS[name]
    content = content.encode() if isinstance(content, str) else content
    send = through_page if door == "page" else through_api
    sentences = send(client_for(alice) if door == "page" else api_for(alice), checking, content)
    batch = ImportBatch.objects.first()
    count = Transaction.objects.count()
    if read == 0:
        assert sentences
        assert all(sentence[-1] in ".?" for sentence in sentences), sentences
        assert count == 0
    elif read is not None:
        assert (batch.status, batch.read_count) == ("done", read)
    if added is not None:
        assert count == added
    for row in ImportRow.objects.filter(verdict="invalid"):
        assert row.note.endswith("."), row.note
    checking.refresh_from_db()
    total = sum(Transaction.objects.values_list("signed_amount", flat=True))
    assert checking.balance == 1000 + total


def through_api(api, account, content):
    data = {"file": SimpleUploadedFile("f.csv", content), "account": account.pk}
    answer = api.post("/api/transactions/import", data, format="multipart")
    assert answer.status_code in (201, 202, 400, 413, 415, 422), answer.content
    return [error["detail"] for error in answer.json().get("errors", []) if "row" not in error]


def through_page(client, account, content):
    data = {"file": SimpleUploadedFile("f.csv", content), "account": account.pk}
    answer = client.post(reverse("transactions:import_start"), data)
    if answer.status_code == 422:
        return answer.context["form"].errors["file"]
    page = client.get(answer.url)
    assert (answer.status_code, page.status_code) == (302, 200)
    batch = ImportBatch.objects.get()
    if batch.needs_mapping:
        return page.context["questions"]
    if batch.status == "failed":
        return [batch.error]
    client.post(reverse("transactions:import_confirm", args=[batch.pk]))
    return []
