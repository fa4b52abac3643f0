"""Compare the text of bank lines the way a person would.

Case, accents, punctuation, card and store numbers, dates and references do not identify the payee.
The rest is compared word by word, allowing for truncated words and single typing errors.
"""

import re
from functools import lru_cache

from banking.kernel.fields import folded

_WORDS = re.compile(r"\w+")
# Words that banks add to the payee: they say how it was paid, not who was paid.
_COMMON = """
    a an and at by co com de der des die du el et fuer fur for from gmbh im in inc la le les
    llc ltd no nr of on or par por sa sarl the to und von zu www card carte karte
    kartenzahlung tarjeta bancaire payment pay paid paiement zahlung pago purchase achat
    kauf compra pos debit credit visa mastercard maestro girocard contactless ref reference
    referenz transaction transfer virement transferencia bonifico online pending booked
    direct sepa lastschrift ueberweisung uberweisung dauerauftrag terminal eur usd gbp chf
    mandat mandate end id iban bic
"""
_SAYS_NOTHING = frozenset(_COMMON.split())
SHORTEST_PREFIX, SHORTEST_TYPO = 4, 5
NOT_AT_ALL, PERHAPS, SURELY = 0, 1, 2


# The same text is often requested several times in a row.
@lru_cache(maxsize=64)
def normalized(text: str) -> str:
    """The words only: case, accents, spaces and punctuation vary between two exports of a bank."""
    return " ".join(_WORDS.findall(folded(text)))


@lru_cache(maxsize=4096)
def telling_words(text: str) -> frozenset[str]:
    """The words that identify the payee, without numbers, references and payment jargon.

    If nothing else is left, all words are kept.
    """
    words = normalized(text).split()
    telling = frozenset(
        word
        for word in words
        if len(word) > 1 and not _is_number(word) and word not in _SAYS_NOTHING
    )
    return telling or frozenset(words)


def agreement(one: str, other: str) -> int:
    """How well two texts name the same payee: SURELY, PERHAPS or NOT_AT_ALL.

    SURELY: most words of the shorter text are in the longer one and no numbers conflict, since two
    store numbers of a chain are two stores. PERHAPS: half of the words.
    """
    ours, theirs = normalized(one), normalized(other)
    if ours == theirs:
        return SURELY if ours else NOT_AT_ALL
    shorter, longer = sorted((telling_words(one), telling_words(other)), key=len)
    if not shorter:
        return NOT_AT_ALL
    shared = sum(1 for word in shorter if any(_alike(word, have) for have in longer))
    if shared * 2 > len(shorter) or _run_together(ours, theirs):
        return PERHAPS if _numbers_differ(ours, theirs) else SURELY
    return PERHAPS if shared * 2 == len(shorter) else NOT_AT_ALL


def _numbers_differ(ours: str, theirs: str) -> bool:
    one, other = ({word for word in text.split() if _is_number(word)} for text in (ours, theirs))
    return bool(one and other) and not (one & other)


def _run_together(ours: str, theirs: str) -> bool:
    """`KERNBAKERY` and `Kern Bakery`: the same letters, spaced differently or truncated."""
    shorter, longer = sorted((ours.replace(" ", ""), theirs.replace(" ", "")), key=len)
    return shorter == longer or (len(shorter) >= 2 * SHORTEST_PREFIX and longer.startswith(shorter))


def _is_number(word: str) -> bool:
    """A number or reference: a word with at least as many digits as letters."""
    digits = sum(char.isdigit() for char in word)
    return digits * 2 >= len(word)


def _alike(one: str, other: str) -> bool:
    if one == other:
        return True
    shorter, longer = sorted((one, other), key=len)
    if len(shorter) >= SHORTEST_PREFIX and longer.startswith(shorter):
        return True
    return (
        len(shorter) >= SHORTEST_TYPO
        and len(longer) - len(shorter) <= 1
        and _one_apart(shorter, longer)
    )


def _one_apart(shorter: str, longer: str) -> bool:
    """Whether one letter is wrong or missing, or two neighboring letters are swapped."""
    start = 0
    while start < len(shorter) and shorter[start] == longer[start]:
        start += 1
    if len(shorter) < len(longer):
        return shorter[start:] == longer[start + 1 :]
    if shorter[start + 1 :] == longer[start + 1 :]:
        return True
    swapped = shorter[start : start + 2][::-1] == longer[start : start + 2]
    return swapped and shorter[start + 2 :] == longer[start + 2 :]
