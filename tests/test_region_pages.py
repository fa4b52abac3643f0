"""Every page writes dates, times and numbers in the user's region format."""

import re

import pytest
from django.urls import NoReverseMatch, reverse
from django.utils.html import strip_tags

from tests.routes import LISTS, OBJECTS
from tests.world import things_of

# Bank texts, URLs and codes are shown unchanged.
_NOT_OURS = re.compile(r"<(script|style|code|pre|option|input|textarea)\b.*?(</\1>|>)", re.DOTALL)
_ENGLISH = re.compile(
    r"\b(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Sept|Oct|Nov|Dec|January|February|March|June|July"
    r"|August|October|December)\.? \d"
    r"|\d \b(Jan|Feb|Mar|May|Oct|Dec|January|February|March|June|July|October|December)\b"
    r"|\b\d{1,2}:\d\d\s?[AP]M\b"
    r"|\b20\d\d-\d\d-\d\d\b"
    r"|\b\d+\.\d\d\s?(EUR|USD|€|\$)"
    r"|[€$]\d"
    r"|\d\.\d+\s?%"
)


def pages_of(things) -> list[str]:
    """The URL of every page, filled in with these objects."""
    addresses = []
    for name in sorted(LISTS | set(OBJECTS)):
        on = OBJECTS.get(name)
        kinds = {} if on is None else {"pk": on.thing, **on.args}
        try:
            addresses.append(
                reverse(name, kwargs={arg: things[kind].pk for arg, kind in kinds.items()})
            )
        except NoReverseMatch:
            continue
    return [address for address in addresses if not address.startswith(("/api/", "/admin/"))]


@pytest.mark.once
@pytest.mark.slow
def test_pages_for_a_polish_user(db, alice, client_for):
    alice.locale, alice.base_currency = "pl-PL", "EUR"
    alice.save()
    things = things_of(alice)
    client = client_for(alice)
    found, count = {}, 0
    for address in pages_of(things):
        answer = client.get(address)
        kind = answer.headers.get("Content-Type", "")
        if answer.status_code != 200 or "text/html" not in kind or answer.streaming:
            continue
        count += 1
        # Cells need no space between them, but words do.
        page = _NOT_OURS.sub(" ", answer.content.decode()).replace("<t", " <t")
        text = strip_tags(page)
        text = re.sub(r"\s+", " ", text)
        odd = [text[max(0, m.start() - 40) : m.end() + 20] for m in _ENGLISH.finditer(text)]
        if odd:
            found[address] = odd[:6]
    assert not found
    assert count > 60
