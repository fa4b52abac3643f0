"""The judge of `make fuzz-api` sees each way in which somebody else's object could show."""

import json

import pytest

from tests.fuzz_others import NOBODYS, ask_for_the_owners

SCHEMA = {
    "paths": {
        "/api/words": {"get": {}},
        "/api/words/{id}": {"get": {}, "parameters": []},
        "/api/words/{id}/files/{file_id}": {"delete": {}},
        "/api/none/{id}": {"get": {}},
    }
}
LISTS = {"/api/words": [{"id": 7}, {"id": 8, "user": None}], "/api/words/7/files": [{"id": 9}]}


def asked_of(answers: dict[str, int]):
    """Ask a bank that hides everything but these addresses."""

    def ask(method: str, address: str, token: str) -> tuple[int, str]:
        if token == "owner" and address in LISTS:
            return 200, json.dumps({"results": LISTS[address]})
        return answers.get(address, 404), "text"

    return ask_for_the_owners(SCHEMA, ask, owner="owner", token="other")


def test_own_objects_are_found_and_what_is_hidden_is_right():
    asked = asked_of({})
    assert asked.is_right
    assert (asked.operations, asked.requests, asked.unmet) == (2, 2, ["GET /api/none/{id}"])


@pytest.mark.parametrize(
    ("status", "kind"), [(200, "answered"), (503, "errors"), (403, "told_apart")]
)
@pytest.mark.parametrize("address", ["/api/words/7", "/api/words/7/files/9"])
def test_an_object_that_shows_is_seen(status, kind, address):
    asked = asked_of({address: status})
    assert not asked.is_right
    assert [line.split()[2] for line in getattr(asked, kind)] == [address]


def test_what_is_refused_alike_is_right():
    assert asked_of({"/api/words/7": 403, f"/api/words/{NOBODYS}": 403}).is_right
