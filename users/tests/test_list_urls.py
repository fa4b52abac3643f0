"""list_urls prints every URL, its methods, and who may access it."""

import json

from django.core.management import call_command


def test_every_url_is_listed_with_its_permissions(capsys):
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


def test_the_list_can_be_printed_as_text(capsys):
    call_command("list_urls")
    assert "/users/security/" in capsys.readouterr().out
