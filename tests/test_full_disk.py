"""With a full disk, changes are a 503 and leave nothing half stored; pages can still be read."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.urls import reverse

from accounts.models import Account
from tests.builders import make_transaction
from tests.invariants import assert_ledger_holds
from tests.world import everything
from transactions.models import ImportBatch, ImportRow
from transactions.tasks import check_import

KILOBYTE, MEGABYTE = 1024, 1024 * 1024
LINES = "".join(f"2026-03-{day % 28 + 1:02},-{day}.00,Line {day}\n" for day in range(1, 9000))
# Large enough to be received into a temporary file, and its lines to be kept in another.
STATEMENT = f"Date,Amount,Description\n{LINES}".encode()


@contextmanager
def no_file_beyond(size: int) -> Iterator[None]:
    """As with no space left: whoever writes further gets an error from the system."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def upload_to(address: str, client: Client, account: Account):
    file = SimpleUploadedFile("march.csv", STATEMENT, "text/csv")
    return client.post(address, {"account": account.pk, "file": file})


@pytest.mark.slow
@pytest.mark.once
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("name", ["transactions:import_start", "api_transaction_import"])
def test_an_upload_with_no_space_left_on_sqlite_is_a_503(alice, checking, client_for, name):
    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL writes its files in processes of its own")
    client, before = client_for(alice), everything()
    client.raise_request_exception = False
    with no_file_beyond(64 * KILOBYTE):
        answer = upload_to(reverse(name), client, checking)
    assert (answer.status_code, answer.get("Retry-After")) == (503, "5"), answer.content[:300]
    assert everything() == before
    assert upload_to(reverse(name), client, checking).status_code in (201, 202, 302)
    assert_ledger_holds()


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_an_import_waits_until_there_is_space_for_its_lines(alice, checking, client_for):
    with no_file_beyond(64 * KILOBYTE):
        answer = upload_to(reverse("transactions:import_start"), client_for(alice), checking)
    assert answer.status_code == 302
    batch = ImportBatch.objects.get(user=alice)
    assert (batch.status, ImportRow.objects.count()) == ("uploaded", 0)
    check_import(batch.pk)
    batch.refresh_from_db()
    assert (batch.status, ImportRow.objects.count()) == ("checked", 8999)


@contextmanager
def no_further_page() -> Iterator[None]:
    """SQLite's database has no room for one more page."""
    with connection.cursor() as cursor:
        cursor.execute("VACUUM")
        cursor.execute("PRAGMA page_count")
        (count,) = cursor.fetchone()
        cursor.execute(f"PRAGMA max_page_count = {count}")
        try:
            yield
        finally:
            cursor.execute("PRAGMA max_page_count = 1073741823")


@pytest.mark.slow
@pytest.mark.once
@pytest.mark.django_db(transaction=True)
def test_a_full_database_refuses_changes_and_still_shows_pages(
    alice, checking, client_for, api_for
):
    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL cannot be filled without filling the machine")
    client = client_for(alice)
    client.raise_request_exception = False
    row = make_transaction(account=checking)
    client.get("/")
    receipt = SimpleUploadedFile("a.pdf", b"%PDF-1.7 " + b"x" * MEGABYTE, "application/pdf")
    address = reverse("api_attachment_list", args=[row.pk])
    before = everything()
    with no_further_page():
        answer = client.post(address, {"file": receipt})
        assert (answer.status_code, answer.get("Retry-After")) == (503, "5"), answer.content[:300]
        assert client.get("/transactions/").status_code == 200
        assert client.get("/").status_code == 200
    assert everything() == before
    assert_ledger_holds()
    receipt.seek(0)
    assert client.post(address, {"file": receipt}).status_code == 201
