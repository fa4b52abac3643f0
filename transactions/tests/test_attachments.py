"""Receipts: what is accepted, who can see them, and that they can't do harm."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from banking.limits import RECEIPT_BYTES, RECEIPTS_PER_TRANSACTION
from tests.builders import make_transaction
from transactions.models import Attachment

pytestmark = pytest.mark.django_db
PNG, PDF = b"\x89PNG\r\n\x1a\n" + b"x" * 20, b"%PDF-1.7 x"


@pytest.fixture
def row(checking):
    return make_transaction(account=checking)


def upload(content, name="receipt.png"):
    return {"file": SimpleUploadedFile(name, content, content_type="text/html")}


@pytest.mark.parametrize(
    ("content", "kind", "how"),
    [
        (PNG, "image/png", "inline"),
        (b"\xff\xd8\xff\xe0abc", "image/jpeg", "inline"),
        (b"GIF89a123", "image/gif", "inline"),
        (b"RIFF1234WEBPVP8 ", "image/webp", "inline"),
        (PDF, "application/pdf", "attachment"),
    ],
)
def test_receipt_type_is_detected_from_its_content_and_served_safely(
    alice, row, api_for, content, kind, how
):
    client, url = api_for(alice), f"/api/transactions/{row.pk}/attachments"
    answer = client.post(url, upload(content, "../x<y>.html"), format="multipart")
    assert (answer.status_code, answer.json()["content_type"]) == (201, kind)
    file = client.get(f"{url}/{answer.json()['id']}")
    assert (file.content, file["Content-Type"]) == (content, kind)
    assert file["Content-Disposition"].startswith(how)
    assert file["X-Content-Type-Options"] == "nosniff"
    assert file["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert "<" not in file["Content-Disposition"]


@pytest.mark.parametrize(
    "content",
    [b"<svg onload=x>", b"<html>", b"PK\x03\x04", b"RIFF1234WAVE", PNG + b"x" * RECEIPT_BYTES],
    ids=["svg", "html", "zip", "wave", "large"],
)
def test_other_file_types_are_rejected(alice, row, api_for, content):
    url = f"/api/transactions/{row.pk}/attachments"
    answer = api_for(alice).post(url, upload(content), format="multipart")
    assert (answer.status_code, answer.json()["errors"][0]["attr"]) == (400, "file")
    assert not Attachment.objects.exists()


def test_the_same_file_is_stored_once_and_ten_is_the_limit(alice, row, api_for):
    client, url = api_for(alice), f"/api/transactions/{row.pk}/attachments"
    for number in [0, 0, *range(1, RECEIPTS_PER_TRANSACTION)]:
        body = upload(PDF + str(number).encode())
        assert client.post(url, body, format="multipart").status_code == 201
    assert client.post(url, upload(PNG), format="multipart").status_code == 400
    assert len(client.get(url).json()) == RECEIPTS_PER_TRANSACTION


def test_page_adds_shows_and_removes_a_receipt(alice, row, client_for):
    client = client_for(alice)
    client.post(f"/transactions/{row.pk}/receipts/", upload(PNG, "till.png"))
    kept = Attachment.objects.get()
    page = client.get(f"/transactions/{row.pk}/").content.decode()
    assert "till.png" in page
    assert client.get(f"/transactions/{row.pk}/receipts/{kept.pk}/").content == PNG
    client.post(f"/transactions/{row.pk}/receipts/{kept.pk}/delete/")
    assert not Attachment.objects.exists()


def test_receipt_is_served_only_under_its_own_transaction(alice, checking, row, client_for):
    other = make_transaction(account=checking)
    client = client_for(alice)
    client.post(f"/transactions/{row.pk}/receipts/", upload(PNG))
    kept = Attachment.objects.get()
    assert client.get(f"/transactions/{other.pk}/receipts/{kept.pk}/").status_code == 404
