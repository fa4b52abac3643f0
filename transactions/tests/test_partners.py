"""Lines that are far from everything in the ledger never reach the matcher: no verdict differs."""

from random import Random

import pytest

from banking.limits import DISPLACED_WITHIN_DAYS, PENDING_DAYS_AFTER, PENDING_DAYS_BEFORE
from tests.depth import up_to
from transactions.matching.lines import (
    BANK,
    BILL,
    HAND,
    PENDING,
    POSTED,
    TRANSFER,
    Alias,
    Held,
    Incoming,
    Knowledge,
    Text,
)
from transactions.matching.matcher import match
from transactions.matching.reading import Ledger, Partners

FARTHEST = max(PENDING_DAYS_BEFORE, PENDING_DAYS_AFTER, DISPLACED_WITHIN_DAYS)
DAY = 739_000
WORDS = ("Kern Bakery", "KERN BAKERY 0042", "City Gym", "Rent March")
UNITS = (-100_000, -100_000, -99_000, -25_000, 100_000)
IDS = ("", "", "a", "b", "c")


def some_day(chance: Random) -> int:
    """In a few clusters, so that many lines are just near or just beyond what is held."""
    return DAY + chance.choice((0, 60, 200)) + chance.randint(0, FARTHEST + 2)


def some_ledger(chance: Random) -> Ledger:
    held = [
        Held(
            pk=pk,
            units=chance.choice(UNITS),
            day=some_day(chance),
            fingerprint=chance.randint(1, 6),
            external_id=chance.choice(IDS),
            status=chance.choice((POSTED, POSTED, PENDING)),
            source=chance.choice((BANK, BANK, HAND, BILL, TRANSFER)),
            is_kin=chance.random() < 0.5,
        )
        for pk in range(chance.randint(0, 5))
    ]
    aliases = [
        Alias(
            one.pk,
            fingerprint=chance.randint(1, 8),
            external_id=chance.choice(IDS),
            is_kin=chance.random() < 0.5,
            is_pending=chance.random() < 0.3,
        )
        for one in held
        if chance.random() < 0.3
    ]
    return Ledger(held, aliases)


def some_lines(chance: Random) -> list[Incoming]:
    return [
        Incoming(
            key=key,
            units=chance.choice(UNITS),
            day=some_day(chance),
            fingerprint=chance.randint(1, 12),
            external_id=chance.choice(IDS),
            is_pending=chance.random() < 0.3,
        )
        for key in range(chance.randint(1, 12))
    ]


def some_knowledge(chance: Random, ledger: Ledger) -> Knowledge:
    first = some_day(chance)
    return Knowledge(
        different=frozenset(
            (chance.randint(1, 12), chance.random() < 0.3, one.pk)
            for one in ledger.held
            if chance.random() < 0.2
        ),
        covers=(first, first + chance.randint(0, 100)) if chance.random() < 0.5 else None,
        ids_are_reliable=chance.random() < 0.5,
        latest=DAY + 220,
        withdrawn=frozenset(
            one.pk for one in ledger.held if one.status == PENDING and chance.random() < 0.3
        ),
    )


@pytest.mark.search
def test_the_matcher_decides_the_same_without_lines_that_are_far_from_everything():
    far = 0
    for seed in range(up_to(20_000, quick=1_500)):
        chance = Random(seed)
        ledger, lines = some_ledger(chance), some_lines(chance)
        knowledge = some_knowledge(chance, ledger)
        words = [chance.choice(WORDS) for _ in range(12)]

        def texts(keys, words=words):
            return {key: Text(words[key]) for key in keys}

        def decide(some, ledger=ledger, knowledge=knowledge, texts=texts):
            return match(
                some,
                ledger.held,
                aliases=ledger.aliases,
                texts_of_incoming=texts,
                texts_of_held=texts,
                knowledge=knowledge,
            )

        partners = Partners.of(ledger)
        near = [
            one
            for one in lines
            if partners.may_include(one.day, one.fingerprint, one.external_id)
            or not knowledge.has_no_odd_day(one.day, one.day)
        ]
        far += len(lines) - len(near)
        of_all, of_near = decide(lines), decide(near)
        keys = {one.key for one in near}
        told = {key: one for key, one in of_all.verdicts.items() if key in keys}
        assert told == of_near.verdicts, seed
        others = {tuple(one) for key, one in of_all.verdicts.items() if key not in keys}
        assert others <= {("new", None, "")}, seed
        assert (of_all.missing, of_all.vanished) == (of_near.missing, of_near.vanished), seed
    assert far > 500
