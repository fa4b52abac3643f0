"""Which account each line of a file belongs to, keeping at most the last four digits of a number.

A part is everything one account has in a file. Its name is what the file calls the account
("Checking 1111"), with longer numbers shortened to "…3000".
"""

import re

from transactions.sources.files.values import clean_text

NOT_NAMED = "not named"
LONGEST_NAME = 80
_IBAN = re.compile(
    r"(?<![A-Za-z0-9])[A-Z]{2}[0-9]{2}(?:[A-Z0-9]{11,30}|(?:[ -][A-Z0-9]{1,4}){3,8})(?![A-Za-z0-9])"
)
# Digits, and the characters that mask them on a card ("**** **** **** 1234"), with separators.
_NUMBER = re.compile(
    r"(?:[0-9]|(?<![^\W\d_])[*•xX#])(?:[ ./_\-]*[0-9*•xX#])*[ ./_\-]*[0-9]{1,4}(?![0-9])"
)


def part_name(text: str) -> str:
    """The name for an account that the file calls ``text``, with at most the last four of
    a number.
    """
    text = clean_text(text)[:200].lstrip("'")
    text = _IBAN.sub(lambda match: f"…{re.sub('[ -]', '', match[0])[-4:]}", text)
    text = _NUMBER.sub(_shortened, text)
    return clean_text(text)[:LONGEST_NAME] or NOT_NAMED


def _shortened(match: re.Match) -> str:
    digits = re.sub(r"[ ./_\-]", "", match[0])
    return match[0] if len(digits) <= 4 else f"…{digits[-4:]}"


def last_four_in(name: str) -> str:
    """The last four digits in a part's name, or ""."""
    runs = [run for run in re.findall(r"[0-9]+", name) if len(run) == 4]
    return runs[-1] if runs else ""


class PartNames:
    """The names of a file's parts in order. Two numbers with one ending get separate names."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        self._taken: set[str] = set()

    def of(self, account: str) -> str:
        """The name of the part that the file calls ``account``."""
        name = self._names.get(account)
        if name is None:
            name = self._names[account] = self._new(account)
        return name

    def _new(self, account: str) -> str:
        base = name = part_name(account)
        number = 1
        while name in self._taken:
            number += 1
            name = f"{base} ({number})"
        self._taken.add(name)
        return name
