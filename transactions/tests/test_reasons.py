"""Reasons are stored as codes and shown in the reader's language and date format."""

from datetime import date
from importlib import import_module

import pytest

from banking.kernel.region import region
from transactions.models.reasons import ENTERED, SENTENCES, reason_on, reason_text

migration = import_module("transactions.migrations.0024_reasons_as_codes")
ON = date(2026, 3, 13)


@pytest.mark.parametrize(
    ("tag", "shown"),
    [
        ("en-US", "You entered this on March 13, 2026."),
        ("en-GB", "You entered this on 13 March 2026."),
        ("de-DE", "You entered this on 13. März 2026."),
    ],
)
def test_date_is_written_as_the_reader_writes_it(tag, shown):
    with region(tag):
        assert reason_text(reason_on(ENTERED, ON)) == shown


@pytest.mark.parametrize("code", sorted(SENTENCES))
def test_every_code_has_a_whole_sentence(code):
    has_date = "%(on)s" in str(SENTENCES[code])
    text = reason_text(reason_on(code, ON) if has_date else code)
    assert text.endswith((".", "?"))
    assert "%" not in text
    assert "@" not in text


@pytest.mark.parametrize("text", ["", "Rounded from 1.005 to 1.01.", "Call me @ 5 %(on)s"])
def test_stored_sentence_is_shown_as_it_is(text):
    assert reason_text(text) == text


@pytest.mark.parametrize(("sentence", "code"), sorted(migration.SENTENCES.items()))
def test_migration_turns_old_sentences_into_codes_and_back(sentence, code):
    old = sentence.replace("{on}", "3 March 2026")
    new = f"{code}@2026-03-03" if "{on}" in sentence else code
    assert migration.code_of(old) == new
    assert migration.code_of(migration.sentence_of(new)) == new
    assert code in SENTENCES


def test_migration_leaves_what_it_does_not_know():
    assert migration.code_of("Something else on 3 March 2026.") == (
        "Something else on 3 March 2026."
    )
