"""A secret in the history is seen, in whichever commit it was."""

import pytest

from tests.history_secrets import secrets_in

pytestmark = pytest.mark.once
PIECES = (
    ("+key = -----BEGIN RSA ", "PRIVATE KEY-----"),
    ("+AK", "IA" + "Q" * 16),
    ("+token: gh", "p_" + "a1" * 18),
    ("+STRIPE=sk_", "live_" + "b2" * 10),
    ("+postgres://bank:", "n0t-a-real-secret@db/bank"),
    ("+++ b/deploy/", ".env"),
    ("+++ b/certs/server", ".pem"),
)


@pytest.mark.parametrize("pieces", PIECES)
def test_an_added_secret_is_found(pieces):
    # In pieces here, or this file would be found.
    line = "".join(pieces)
    assert secrets_in([line]) == [line]
    assert secrets_in(["-" + line[1:]]) == []


def test_places_of_secrets_and_examples_are_none():
    lines = ["+SECRET_KEY=", "+postgres://user:password@host", "+++ b/.env.example"]
    assert secrets_in([*lines, "+redis://:${PASSWORD_OF_THE_CACHE}@cache"]) == []
