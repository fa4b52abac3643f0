"""Requested files: made exactly once even if workers die, private to their owner, deleted after a
week.
"""

import json
import re
from datetime import date, timedelta
from decimal import Decimal
from io import BytesIO
from zipfile import ZipFile

import pytest
from django.utils import timezone
from pypdf import PdfReader

from accounts.sharing import end_share
from banking.kernel import pdf
from banking.kernel.periods import Period, add_months, first_of_month
from insights import dispatching, tasks
from insights.exports import exporting, personal_export
from insights.exports.ownership import tables_of_people
from insights.models import Export, ExportPiece
from tests.builders import make_account, make_transaction, make_user, step_up
from tests.world import SECRET, things_of
from transactions.models import Transaction
from transactions.services.attaching import attach
from users.models import AuditEvent

MARCH = Period.month(2026, 3)
SOON = timedelta(minutes=4)
# Words that suggest a secret, and fields that match but are not secrets.
SUSPICIOUS = ("password", "token", "secret", "key", "hash", "salt", "code", "session", "claim")
HARMLESS = {
    *("transactions.CategoryRule.keyword_pattern", "alerts.Alert.dedupe_key"),
    *("users.User.session_version", "users.Notification.target_key"),
    *("accounts.BankConnection.error_code", "accounts.SyncRun.error_code"),
    *("users.Notification.claimed_at", "insights.RecurringDismissal.merchant_key"),
    "insights.SameAnswer.merchant_key",
}


def text_of(content):
    return "\n".join(page.extract_text() for page in PdfReader(BytesIO(content)).pages)


def actions(**about):
    return list(
        AuditEvent.objects.filter(action__startswith="insights.export", **about)
        .order_by("pk")
        .values_list("action", flat=True)
    )


@pytest.fixture
def now():
    return timezone.now()


@pytest.fixture
def waiting(alice, checking, now):
    """A statement that no run has started on."""
    return exporting.request_statement(actor=alice, account=checking, period=MARCH, at=now)


# --- From the request to the file ---------------------------------------------------------------


@pytest.mark.slow
def test_the_page_describes_the_transactions_file(alice, client_for):
    page = client_for(alice).get("/exports/").content.decode()
    assert "split parts, notes, planned transactions and transfers" in page
    for name in ("hledger", "beancount"):
        assert f'href="/transactions/export/?format={name}"' in page


@pytest.mark.slow
def test_a_small_statement_is_ready_immediately(alice, bob, checking, api_for, client_for):
    make_transaction(account=checking, amount="-12.34", txn_date=date(2026, 3, 2))
    body = {"account": checking.pk, "period": "2026-03"}
    answer = api_for(alice).post("/api/export/pdf", body)
    made = answer.json()
    assert (answer.status_code, made["status"], made["progress"]) == (201, "done", 100)
    assert answer["Location"] == f"/api/exports/{made['id']}"
    address = made["download_url"].removeprefix("http://testserver")
    file = api_for(alice).get(address)
    content = file.getvalue()
    assert len(content) == made["size"] == int(file["Content-Length"])
    assert file["Content-Disposition"] == (
        'attachment; filename="statement-everyday-2026-03-01-2026-03-31.pdf"'
    )
    assert (file["Cache-Control"], file["X-Content-Type-Options"]) == (
        *("private, no-store", "nosniff"),
    )
    assert "-12.34 987.66" in text_of(content)
    assert actions(actor=alice) == ["insights.export.requested", "insights.export.downloaded"]
    for path in (f"/api/exports/{made['id']}", address):
        assert api_for(bob).get(path).status_code == 404
    assert client_for(alice).get(f"/exports/{made['id']}/file/").status_code == 200
    assert client_for(bob).get(f"/exports/{made['id']}/file/").status_code == 404
    assert api_for(bob).get("/api/exports").json()["results"] == []


@pytest.mark.slow
def test_a_large_statement_is_made_by_the_worker_while_the_page_waits(
    alice, checking, client_for, monkeypatch, django_capture_on_commit_callbacks
):
    monkeypatch.setattr(dispatching, "STATEMENT_LINES_INLINE", -1)
    client = client_for(alice)
    answer = client.post(
        "/exports/statement/",
        {"account": checking.pk, "period": "dates", "date_from": "2026-03-01"},
    )
    assert (answer.status_code, Export.objects.count()) == (422, 0)
    asked = {"account": checking.pk, "period": "2026"}
    with django_capture_on_commit_callbacks() as messages:
        assert client.post("/exports/statement/", asked).status_code == 302
        assert client.post("/exports/statement/", asked).status_code == 302
    export = Export.objects.get()
    assert (export.status, len(messages)) == ("queued", 2)
    page = client.get("/exports/").content.decode()
    assert f'hx-get="/exports/{export.pk}/"' in page
    assert client.get(f"/exports/{export.pk}/file/").status_code == 404
    for message in messages:
        message()
    export.refresh_from_db()
    assert (export.status, export.attempts) == ("done", 1)
    assert "hx-get" not in client.get(f"/exports/{export.pk}/").content.decode()
    assert client.get(f"/exports/{export.pk}/file/").getvalue().startswith(b"%PDF")
    assert client.post(f"/exports/{export.pk}/delete/").status_code == 302
    assert not ExportPiece.objects.exists()


def test_invalid_requests_show_an_error_at_the_field(alice, checking, bobs_account, api_for):
    for body, attr in [
        ({}, "account"),
        ({"account": bobs_account.pk}, "account"),
        ({"account": checking.pk, "period": "2026-Q5"}, "period"),
        ({"account": checking.pk, "date_from": "2026-02-01", "date_to": "2026-01-01"}, "date_to"),
        ({"account": checking.pk, "date_from": "1950-01-01"}, "date_from"),
        ({"kind": "monthly_report", "period": "2026"}, "month"),
    ]:
        answer = api_for(alice).post("/api/export/pdf", body)
        assert (answer.status_code, answer.json()["errors"][0]["attr"]) == (400, attr)
    assert not Export.objects.exists()


def test_without_pango_the_user_gets_an_explanation(alice, checking, api_for, monkeypatch):
    def missing(name):
        raise OSError("cannot load library 'libpango-1.0-0'")

    monkeypatch.setattr(pdf, "import_module", missing)
    api = api_for(alice)
    api.raise_request_exception = False
    answer = api.post("/api/export/pdf", {"account": checking.pk})
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (503, "pdf_unavailable")
    export = Export.objects.get()
    assert (export.status, export.attempts) == ("failed", 1)
    assert export.error.startswith("PDF files can't be created on this server")


# --- Workers that die, messages delivered twice -------------------------------------------------


def test_a_message_delivered_twice_makes_the_file_once(waiting):
    tasks.make_export(waiting.pk)
    first = Export.objects.get()
    tasks.make_export(waiting.pk)
    assert Export.objects.filter(attempts=1, finished_at=first.finished_at).exists()


def test_a_killed_worker_is_replaced_and_its_late_file_discarded(waiting, now):
    killed = exporting._claim(waiting.pk, now)
    assert exporting._claim(waiting.pk, now) is None
    assert exporting.waiting_exports(at=now + timedelta(minutes=1)) == []
    assert exporting.waiting_exports(at=now + SOON) == [waiting.pk]
    exporting.run_export(export_id=waiting.pk, at=now + SOON)
    made = Export.objects.get()
    assert (made.status, made.attempts) == ("done", 2)
    with pytest.raises(exporting._OvertakenError):
        exporting._report(killed, 50)
    with pytest.raises(exporting._OvertakenError):
        exporting._hand_over(killed, BytesIO(b"late"), "late.pdf")
    assert Export.objects.get().sha256 == made.sha256
    pieces = ExportPiece.objects.values_list("content", flat=True)
    assert bytes(pieces.get()).startswith(b"%PDF")


def test_the_owner_is_notified_after_three_killed_workers(waiting, now):
    for number in range(3):
        assert exporting._claim(waiting.pk, now + number * SOON)
    late = now + 3 * SOON
    assert exporting.waiting_exports(at=late) == []
    assert exporting.give_up_exports(at=late) == 1
    failed = Export.objects.get()
    assert (failed.status, failed.error) == ("failed", exporting.NOT_FINISHED)
    exporting.run_export(export_id=waiting.pk, at=late)
    assert Export.objects.get().status == "failed"


@pytest.mark.slow
def test_the_file_is_deleted_after_a_week(alice, waiting, now, api_for):
    tasks.make_export(waiting.pk)
    assert exporting.purge_exports(at=now + timedelta(days=6)) == 0
    Export.objects.update(expires_at=now)
    assert api_for(alice).get(f"/api/exports/{waiting.pk}").json()["download_url"] is None
    assert api_for(alice).get(f"/api/exports/{waiting.pk}/file").status_code == 404
    assert exporting.purge_exports(at=now) == 1
    assert not ExportPiece.objects.exists()
    assert not Export.objects.exists()
    assert actions()[-1] == "insights.export.expired"


# --- Shared accounts ----------------------------------------------------------------------------


@pytest.mark.slow
def test_a_viewer_can_print_a_shared_account_until_the_share_ends(
    alice, household, guest_of, api_for
):
    viewer = guest_of("viewer")
    answer = api_for(viewer).post("/api/export/pdf", {"account": household.pk})
    assert answer.status_code == 201
    address = f"/api/exports/{answer.json()['id']}"
    assert api_for(viewer).get(f"{address}/file").status_code == 200
    report = {"kind": "monthly_report"}
    assert api_for(viewer).post("/api/export/pdf", report).status_code == 403
    end_share(actor=alice, share=household.shares.get())
    again = type(viewer).objects.get(pk=viewer.pk)
    assert api_for(again).get(address).status_code == 404
    assert api_for(again).get(f"{address}/file").status_code == 404


# --- The monthly report -------------------------------------------------------------------------


@pytest.mark.slow
def test_the_monthly_report_shows_the_figures_of_the_month(alice, household, today, now):
    month = first_of_month(today)
    make_account(user=alice, name="Ryokan", currency="JPY", opening_balance="5000")
    for at_month, expected in [
        (
            month,
            ["$3,000.00", "$137.00", "$3,283.00", "included in the totals above", "Ryokan"],
        ),
        (add_months(month, -1), ["$80.00", "$920.00", "Groceries"]),
    ]:
        export = exporting.request_monthly_report(actor=alice, month=at_month, at=now)
        exporting.run_export(export_id=export.pk, at=now)
        export.refresh_from_db()
        assert export.status == "done", export.error
        text = text_of(b"".join(exporting.fetch_export(actor=alice, export=export)))
        assert [word for word in expected if word not in text] == [], text
        assert not re.search(r"\d{4}-\d\d-\d\d", text)
        assert re.search(rf"{at_month:%b} \d+, {at_month:%Y}", text)


@pytest.mark.slow
def test_a_report_reveals_nothing_about_other_people(alice, bob, bobs_account, now):
    printed = {}
    for user, account in ((alice, things_of(alice)["account"]), (bob, bobs_account)):
        period = Period(now.date() - timedelta(days=9), now.date() + timedelta(days=2))
        month = first_of_month(now.date())
        for export in (
            exporting.request_statement(actor=user, account=account, period=period, at=now),
            exporting.request_monthly_report(actor=user, month=month, at=now),
        ):
            exporting.run_export(export_id=export.pk, at=now)
            export.refresh_from_db()
            content = b"".join(exporting.fetch_export(actor=user, export=export))
            printed[user, export.kind] = SECRET in text_of(content)
    assert list(printed.values()) == [True, True, False, False]


# --- Everything ---------------------------------------------------------------------------------


def test_the_full_export_needs_a_fresh_proof_to_request_and_to_download(alice, api_for, client_for):
    api = api_for(alice)
    answer = api.post("/api/export/all")
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (403, "step_up_required")
    answer = client_for(alice).post("/exports/everything/")
    assert answer["Location"].startswith("/users/reauthenticate/")
    assert not Export.objects.exists()
    step_up(api, alice)
    asked = api.post("/api/export/all")
    assert asked.status_code == 202
    tasks.make_export(asked.json()["id"])
    assert api.get(f"{asked['Location']}/file").status_code == 200
    assert api_for(alice).get(f"{asked['Location']}/file").status_code == 403
    assert actions().count("insights.export.downloaded") == 1
    assert [api.post("/api/export/all").status_code for _again in range(5)] == [202] * 4 + [429]


def test_the_full_export_contains_all_own_data_and_no_secrets(
    alice, bob, checking, bobs_account, now
):
    mine = make_transaction(account=checking, amount="-12.34", notes="for the garden", tags=["fun"])
    make_transaction(account=bobs_account, description="Bob's secret")
    attach(actor=alice, transaction=mine, file_name="a b.pdf", content=b"%PDF-1.4 receipt")
    export = exporting.request_everything(actor=alice, at=now)
    exporting.run_export(export_id=export.pk, at=now)
    export.refresh_from_db()
    content = b"".join(exporting.fetch_export(actor=alice, export=export))
    with ZipFile(BytesIO(content)) as archive:
        assert archive.testzip() is None
        exported = json.loads(archive.read("export.json"))
        assert archive.read(f"receipts/{mine.attachments.get().pk}-a b.pdf") == b"%PDF-1.4 receipt"
        everything = b"".join(archive.read(name) for name in archive.namelist()).decode()
    assert exported["profile"]["email"] == "alice@example.com"
    assert [(account["name"], Decimal(account["balance"])) for account in exported["accounts"]] == [
        ("Everyday", Decimal("987.66"))
    ]
    (row,) = exported["transactions"]
    assert (Decimal(row["signed_amount"]), row["notes"]) == (Decimal("-12.34"), "for the garden")
    assert exported["tags"][0]["name"] == "fun"
    assert [tagging["transaction_id"] for tagging in exported["transaction_tags"]] == [mine.pk]
    assert "insights.export.requested" in [event["action"] for event in exported["audit_events"]]
    for foreign in ("bob@example.com", "Bob's", alice.password, "password"):
        assert foreign not in everything.replace("Passwords", "")


@pytest.mark.once
def test_every_personal_table_is_exported_or_excluded_with_a_reason():
    tables = {model._meta.label for model in tables_of_people()}
    exported = {model._meta.label for model in personal_export.exported_tables()}
    left_out = set(personal_export.LEFT_OUT)
    assert exported | left_out == tables
    assert exported & left_out == set()
    names = [personal_export.section_name(model) for model in personal_export.exported_tables()]
    assert len(set(names)) == len(names)
    assert {Transaction._meta.label, Export._meta.label} <= exported


@pytest.mark.once
def test_no_exported_field_sounds_like_a_secret():
    names = {
        f"{model._meta.label}.{field.name}"
        for model in personal_export.exported_tables()
        for field in personal_export.exported_fields(model)
    }
    sounding = {name for name in names if any(word in name.split(".")[2] for word in SUSPICIOUS)}
    assert sounding - HARMLESS == set()


def test_a_person_keeps_at_most_a_hundred_files(alice, checking, waiting, now, api_for):
    Export.objects.bulk_create(
        Export(user=alice, kind="statement", title="x", heard_at=now, expires_at=now, status="done")
        for _number in range(99)
    )
    answer = api_for(make_user("eve@example.com")).post("/api/export/pdf", {"account": checking.pk})
    assert answer.status_code == 400
    answer = api_for(alice).post("/api/export/pdf", {"account": checking.pk, "period": "2025"})
    assert (answer.status_code, Export.objects.count()) == (400, 100)
