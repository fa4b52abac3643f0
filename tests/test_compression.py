"""Responses are compressed only where their size reveals nothing."""

import gzip

import pytest
from django.test import Client

from tests.builders import make_transaction

pytestmark = [pytest.mark.django_db, pytest.mark.once]
GZIP = {"HTTP_ACCEPT_ENCODING": "br;q=0.5, gzip"}


@pytest.fixture
def web(alice, checking, client_for) -> Client:
    for number in range(20):
        make_transaction(account=checking, amount="-1.00", description=f"Coffee {number}")
    return client_for(alice)


@pytest.mark.slow
@pytest.mark.parametrize(
    "path",
    ["/api/transactions?page_size=200", "/api/accounts", "/api/schema", "/", "/transactions/"],
)
def test_lists_and_pages_are_compressed(web, path):
    plain, packed = web.get(path), web.get(path, **GZIP)
    assert plain.status_code == packed.status_code == 200
    assert "Content-Encoding" not in plain
    assert packed["Content-Encoding"] == "gzip"
    assert int(packed["Content-Length"]) == len(packed.content)
    assert "Accept-Encoding" in packed["Vary"]
    unpacked = gzip.decompress(packed.content)
    if path.startswith("/api/"):
        assert unpacked == plain.content
    if "page_size" in path:
        assert len(packed.content) * 6 < len(unpacked)
    # Sizes differ between two responses: Django adds up to 100 random bytes.
    lengths = (len(web.get(path, **GZIP).content) for _ in range(20))
    assert any(length != len(packed.content) for length in lengths)


@pytest.mark.slow
def test_streamed_downloads_are_compressed_while_streaming(web):
    ask = {"path": "/api/export/csv", "data": {}, "content_type": "application/json"}
    plain, packed = web.post(**ask), web.post(**ask, **GZIP)
    assert packed.streaming
    assert packed["Content-Encoding"] == "gzip"
    assert gzip.decompress(b"".join(packed)) == b"".join(plain)


@pytest.mark.slow
@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_cross_site_requests_are_not_compressed(web, site):
    answer = web.get("/transactions/?search=guess", HTTP_SEC_FETCH_SITE=site, **GZIP)
    assert answer.status_code == 200
    assert "Content-Encoding" not in answer
    assert "Sec-Fetch-Site" in answer["Vary"]


@pytest.mark.slow
@pytest.mark.parametrize("path", ["/users/profile/", "/users/login/", "/api/users/me/mfa"])
def test_responses_with_secrets_are_not_compressed(web, path):
    assert "Content-Encoding" not in web.get(path, **GZIP)


@pytest.mark.slow
def test_already_compressed_files_are_not_compressed_again(web, checking):
    body = {"account": checking.pk, "period": "2026-11"}
    made = web.post("/api/export/pdf", body, content_type="application/json").json()
    answer = web.get(f"/api/exports/{made['id']}/file", **GZIP)
    assert answer["Content-Type"] == "application/pdf"
    assert "Content-Encoding" not in answer
