"""A document reaches nothing but our own static files."""

import pytest

from banking.kernel import pdf_engine

pytestmark = pytest.mark.once


def test_a_document_gets_our_static_files():
    answer = pdf_engine.OwnFiles().fetch(f"{pdf_engine.STATIC}css/statement.css")
    assert b"@page" in answer.read()


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:1/secret",
        "https://example.com/logo.png",
        "file:///etc/passwd",
        "data:text/html,hello",
        "https://static.invalid/../banking/settings.py",
        "https://static.invalid//etc/passwd",
        "https://static.invalid/%2e%2e/manage.py",
        "https://static.invalid.example.com/css/statement.css",
        "ftp://127.0.0.1/x",
    ],
)
def test_a_document_gets_nothing_else(url):
    with pytest.raises(Exception, match=r"own files|outside|base path"):
        pdf_engine.OwnFiles().fetch(url)
