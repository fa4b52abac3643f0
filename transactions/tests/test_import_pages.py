"""The import wizard's pages: every step works without JavaScript."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from tests.builders import make_transaction, make_user
from transactions.models import ImportBatch, Transaction
from transactions.services.posting import edit_transaction
from transactions.tests.import_samples import AMBIGUOUS, MARCH, checked, csv_of, imported


def url(name, *args):
    return reverse(f"transactions:{name}", args=args)


@pytest.fixture
def upload(client_for, alice, checking):
    def send(content, *, user=alice, account=checking, name="march.csv"):
        data = {"account": account.pk, "file": SimpleUploadedFile(name, content)}
        return client_for(user).post(url("import_start"), data)

    return send


def test_clear_file_goes_straight_to_the_check_and_one_click_imports_it(upload, client_for, alice):
    answer = upload(csv_of([*MARCH, "2026-02-31,Never,-1.00,EUR"]))
    batch = ImportBatch.objects.get()
    assert (answer.status_code, answer.url) == (302, url("import_check", batch.pk))
    page = client_for(alice).get(answer.url).content.decode()
    assert "Add 5 transactions" in page
    assert "“2026-02-31” is not a day in the calendar." in page
    assert "2026-02-31,Never,-1.00,EUR" in page
    assert not Transaction.objects.exists()
    answer = client_for(alice).post(url("import_confirm", batch.pk))
    assert answer.url == url("import_receipt", batch.pk)
    page = client_for(alice).get(answer.url).content.decode()
    assert "5 transactions added." in page
    assert batch.sha256 in page


def test_unclear_file_is_mapped_with_a_preview(upload, client_for, alice):
    answer = upload(AMBIGUOUS)
    batch = ImportBatch.objects.get()
    assert answer.url == url("import_map", batch.pk)
    client = client_for(alice)
    page = client.get(answer.url)
    assert "The dates can be read in more than one order" in page.content.decode()
    entries = page.context["form"].initial | {"date_format": "%d-%m-%Y"}
    shown = client.post(answer.url, entries | {"preview": "1"})
    assert "Apr 3, 2026" in shown.content.decode()
    part = client.post(answer.url, entries | {"preview": "1"}, headers={"HX-Request": "true"})
    assert "<html" not in part.content.decode()
    assert "Apr 3, 2026" in part.content.decode()
    batch.refresh_from_db()
    assert batch.needs_mapping
    done = client.post(answer.url, entries)
    assert done.url == url("import_check", batch.pk)
    batch.refresh_from_db()
    assert (batch.status, batch.new_count) == ("checked", 2)


def test_mapping_without_an_amount_is_rejected_at_its_field(upload, client_for, alice):
    address = upload(AMBIGUOUS).url
    client = client_for(alice)
    entries = client.get(address).context["form"].initial | {"amount": ""}
    answer = client.post(address, entries)
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == ["amount"]
    assert ImportBatch.objects.get().needs_mapping


def test_same_file_again_links_to_its_receipt(upload, checking):
    batch = imported(checking, csv_of(MARCH))
    answer = upload(csv_of(MARCH))
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "This file was imported on" in page
    assert url("import_receipt", batch.pk) in page
    assert ImportBatch.objects.count() == 1


@pytest.mark.slow
def test_rows_can_be_corrected_excluded_and_included(client_for, alice, checking):
    imported(checking, csv_of(MARCH[:2]))
    batch = checked(checking, csv_of([*MARCH, "2026-02-31,Never,-1.00,EUR"]))
    client = client_for(alice)
    rows = {row.row_number: row for row in batch.rows.all()}
    edit = url("import_row_edit", batch.pk, rows[7].pk)
    assert client.get(edit).status_code == 200
    bad = client.post(edit, {"txn_date": "2026-02-28", "amount": "0", "description": "Never"})
    assert (bad.status_code, list(bad.context["form"].errors)) == (422, ["amount"])
    good = {"txn_date": "2026-02-28", "amount": "-1.00", "description": "Late fee"}
    assert client.post(edit, good).status_code == 302
    choose = url("import_rows_choose", batch.pk)
    client.post(choose, {"ids": rows[2].pk, "choice": "add"})
    client.post(choose, {"ids": rows[5].pk, "choice": "skip"})
    client.post(url("import_confirm", batch.pk))
    batch.refresh_from_db()
    assert (batch.added_count, batch.skipped_count, batch.duplicate_count) == (4, 1, 1)
    names = Transaction.objects.filter(import_batch=batch).order_by("pk")
    assert list(names.values_list("description", flat=True)) == [
        "Late fee",
        "Salary ACME",
        "Corner Café",
        "Groceries 0456",
    ]


def test_revert_page_lists_manual_changes(client_for, alice, checking):
    batch = imported(checking, csv_of(MARCH))
    row = Transaction.objects.get(description="Rent March")
    edit_transaction(actor=alice, transaction=row, merchant="Landlord", notes="paid late")
    client = client_for(alice)
    page = client.get(url("import_revert", batch.pk))
    assert page.context["edited_count"] == 1
    assert "Landlord" in page.content.decode()
    assert Transaction.objects.filter(deleted_at=None).count() == 5
    answer = client.post(url("import_revert", batch.pk))
    assert answer.url == url("import_receipt", batch.pk)
    assert not Transaction.objects.filter(deleted_at=None).exists()
    assert "Undone on" in client.get(answer.url).content.decode()


def test_large_file_shows_progress_until_the_worker_is_done(
    upload, client_for, alice, settings, django_capture_on_commit_callbacks
):
    settings.IMPORT_INLINE_BYTES = 10
    client = client_for(alice)
    with django_capture_on_commit_callbacks() as waiting:
        address = upload(csv_of(MARCH)).url
    batch = ImportBatch.objects.get()
    page = client.get(address).content.decode()
    assert "Waiting to start" in page
    assert 'http-equiv="refresh"' in page
    part = client.get(url("import_progress", batch.pk), headers={"HX-Request": "true"})
    assert 'hx-trigger="every 1s"' in part.content.decode()
    for callback in waiting:
        callback()
    part = client.get(url("import_progress", batch.pk), headers={"HX-Request": "true"})
    assert part.headers["HX-Redirect"] == address
    with django_capture_on_commit_callbacks(execute=True):
        client.post(url("import_confirm", batch.pk))
    assert client.get(address).url == url("import_receipt", batch.pk)
    assert Transaction.objects.count() == 5


def test_lost_message_can_be_sent_again_with_a_button(upload, client_for, alice, settings):
    settings.IMPORT_INLINE_BYTES = 10
    upload(csv_of(MARCH))
    batch = ImportBatch.objects.get()
    settings.IMPORT_INLINE_BYTES = 10_000
    answer = client_for(alice).post(url("import_retry", batch.pk))
    batch.refresh_from_db()
    assert (answer.url, batch.status) == (url("import_check", batch.pk), "checked")


def test_unrelated_file_shows_an_error_at_the_file_field(upload):
    for content, word in ((b"", "empty"), (b"%PDF-1.7", "PDF"), (b"\x89PNG\r\n\x1a\n\x00", "PNG")):
        answer = upload(content)
        assert answer.status_code == 422
        assert word in answer.context["form"].errors["file"][0]
    assert not ImportBatch.objects.exists()


def test_oversized_content_length_is_rejected_without_reading(client_for, alice):
    class Unreadable:
        def read(self, *_):
            raise AssertionError("the body was read")

        readline = read

    answer = client_for(alice).generic(
        "POST",
        url("import_start"),
        b"",
        content_type="multipart/form-data; boundary=x",
        CONTENT_LENGTH=str(200 * 1024 * 1024),
        **{"wsgi.input": Unreadable()},
    )
    assert answer.status_code == 413
    assert "larger than 25 MB" in answer.content.decode()


def test_upload_still_requires_its_csrf_token(alice, checking):
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice, backend="django.contrib.auth.backends.ModelBackend")
    data = {"account": checking.pk, "file": SimpleUploadedFile("a.csv", csv_of(MARCH))}
    assert client.post(url("import_start"), data).status_code == 403
    assert not ImportBatch.objects.exists()


PAGES = [
    ("get", "import_receipt"), ("get", "import_map"), ("post", "import_map"),
    ("get", "import_check"), ("get", "import_progress"), ("post", "import_retry"),
    ("post", "import_rows_choose"), ("post", "import_confirm"), ("get", "import_revert"),
    ("post", "import_revert"), ("post", "import_discard"),
]  # fmt: skip


@pytest.mark.once
@pytest.mark.parametrize(("method", "name"), PAGES)
def test_another_persons_import_returns_404(client_for, bob, checking, method, name):
    batch = checked(checking, csv_of(MARCH))
    assert getattr(client_for(bob), method)(url(name, batch.pk)).status_code == 404
    assert getattr(client_for(bob), method)(url(name, 999_999)).status_code == 404
    anonymous = getattr(client_for(None), method)(url(name, batch.pk))
    assert (anonymous.status_code, "login" in anonymous.url) == (302, True)
    batch.refresh_from_db()
    assert batch.status == "checked"
    assert not Transaction.objects.exists()


def test_another_persons_account_is_not_a_choice(upload, bobs_account):
    answer = upload(csv_of(MARCH), account=bobs_account)
    assert (answer.status_code, list(answer.context["form"].errors)) == (422, ["account"])
    assert not ImportBatch.objects.exists()


def test_viewer_cannot_upload(client_for, db):
    viewer = make_user("viewer@example.com", role="viewer")
    assert client_for(viewer).get(url("import_start")).status_code == 403
    assert client_for(viewer).get(url("import_history")).status_code == 200


@pytest.mark.once
def test_check_page_query_count_does_not_grow_with_rows(
    client_for, alice, checking, django_assert_max_num_queries
):
    lines = [f"2026-03-{day:02d},Shop {day},-{day}.10,EUR" for day in range(1, 29)]
    few, many = checked(checking, csv_of(lines[:2])), checked(checking, csv_of(lines))
    counts = []
    for batch in (few, many):
        client = client_for(alice)
        with django_assert_max_num_queries(30) as captured:
            assert client.get(url("import_check", batch.pk)).status_code == 200
        counts.append(len(captured))
    assert counts[0] == counts[1]


@pytest.mark.slow
def test_discarded_upload_leaves_nothing(client_for, alice, checking):
    make_transaction(account=checking)
    batch = checked(checking, csv_of(MARCH))
    answer = client_for(alice).post(url("import_discard", batch.pk))
    assert answer.url == url("import_history")
    assert not ImportBatch.objects.exists()
    assert Transaction.objects.count() == 1
    done = imported(checking, csv_of(MARCH))
    client_for(alice).post(url("import_discard", done.pk))
    assert ImportBatch.objects.filter(pk=done.pk, status="done").exists()
