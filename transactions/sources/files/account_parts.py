"""Name the account each line of a file belongs to, keeping at most the last four digits.

A part holds everything one account has in a file. It is named as the file names the account
("Checking 1111"), with longer numbers shortened to "…3000".
"""

import re

from transactions.sources.files.values import clean_text

NOT_NAMED = "not named"
LONGEST_NAME = 80
_IBAN = re.compile(
    r"(?<![A-Za-z0-9])[A-Z]{2}[0-9]{2}(?:[A-Z0-9]{11,30}|(?:[ -][A-Z0-9]{1,4}){3,8})(?![A-Za-z0-9])"
)
# Digits and the characters that mask them on a card ("**** **** **** 1234"), with separators.
_NUMBER = re.compile(
    r"(?:[0-9]|(?<![^\W\d_])[*•xX#])(?:[ ./_\-]*[0-9*•xX#])*[ ./_\-]*[0-9]{1,4}(?![0-9])"
)


def part_name(text: str) -> str:
    """A display name for the account the file calls ``text``, with long numbers shortened."""
    text = clean_text(text)[:200].lstrip("'")
    text = _IBAN.sub(lambda match: f"…{re.sub('[ -]', '', match[0])[-4:]}", text)
    text = _NUMBER.sub(_shortened, text)
    return clean_text(text)[:LONGEST_NAME] or NOT_NAMED


def _shortened(match: re.Match) -> str:
    digits = re.sub(r"[ ./_\-]", "", match[0])
    return match[0] if len(digits) <= 4 else f"…{digits[-4:]}"


def last_four_in(name: str) -> str:
    """The last group of exactly four digits in a part's name, or ""."""
    runs = [run for run in re.findall(r"[0-9]+", name) if len(run) == 4]
    return runs[-1] if runs else ""


class PartNames:
    """Unique part names: two accounts whose numbers end alike get "(2)", "(3)" and so on."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        self._taken: set[str] = set()

    def of(self, account: str) -> str:
        """The display name of the part the file calls ``account``."""
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
