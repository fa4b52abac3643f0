"""list_urls tells every address, what it answers to, and who gets past."""

import json

from django.core.management import call_command


def test_every_address_is_listed_with_who_may(capsys):
    call_command("list_urls", "--json")
    rows = {row["pattern"]: row for row in json.loads(capsys.readouterr().out)}
    assert rows["/api/users/me"] == {
        "pattern": "/api/users/me",
        "name": "users-me",
        "methods": ["GET", "PUT", "PATCH", "DELETE"],
        "who": "signed in",
    }
    assert (rows["/api/auth/login"]["methods"], rows["/api/auth/login"]["who"]) == (
        ["POST"],
        "anyone",
    )
    assert rows["/users/theme/"]["methods"] == ["POST"]
    assert rows["/users/profile/"]["who"] == "signed in"
    assert rows["/admin/users/user/"]["who"] == "staff"
    assert rows["/healthz"]["who"] == "anyone"


def test_it_reads_as_text_too(capsys):
    call_command("list_urls")
    assert "/users/security/" in capsys.readouterr().out
