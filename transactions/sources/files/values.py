"""Clean up cells: signs, quotes, invisible characters and letters.

The parsers of amounts and dates take one cell and return its value, or raise ``RowError``.
"""

import re
import unicodedata

from transactions.sources.files.notices import NoticeCode, RowError

LONGEST_CELL = 64
# Stands before the decimals of a spreadsheet's number cell, whatever mark its text cells use.
NUMBER_CELL_MARK = "\u2396"

# Typographic minus signs, spaces of every width, and invisible direction marks.
_MARKS = str.maketrans(
    {
        **dict.fromkeys("\u2212\u2012\u2013\u2014\u2015\ufe63\uff0d\u2010\u2011", "-"),
        **dict.fromkeys("\u00a0\u202f\u2007\u2009\u2002\u2003\u3000\t\r\n", " "),
        **dict.fromkeys("\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e", None),
        **dict.fromkeys("\u2066\u2067\u2068\u2069\ufeff\u200b", None),
        "\uff0b": "+",
        "\u2019": "'",
        "\u00b4": "'",
        "`": "'",
        "\u066c": "'",
        "\u066b": ",",
        "\uff0c": ",",
        "\uff0e": ".",
        "\uff0f": "/",
        "\uff1a": ":",
        "\uffe5": "¥",
    }
)
_DIGITS = {
    code: str(unicodedata.decimal(chr(code)))
    for code in range(128, 0x10000)
    if unicodedata.decimal(chr(code), None) is not None
}

# A cell of nothing but these is blank: banks write "-" for no money.
BLANK_MARKS = " -\u2013\u2014\u00a0\u202f\t"


def shown(text: str) -> str:
    """A cell as an error message quotes it: short, printable, on one line."""
    line = text[:41]
    if not line.isprintable():
        line = "".join(char if char.isprintable() else " " for char in line)
    return line[:40] + "…" if len(text) > 40 else line


def bare(text: str) -> str:
    """A cell without invisible characters, spaces around it, or unbalanced quotes.

    Digits of any script become ASCII. Text too long to be a number or a date becomes "".
    """
    if len(text) > LONGEST_CELL:
        return ""
    if text.isascii():
        return unwrap_formula(text).strip(" \t\r\n\"'") if '"' in text else text.strip(" \t\r\n'`")
    cleaned = unwrap_formula(text).translate(_MARKS)
    if not cleaned.isascii():
        cleaned = cleaned.translate(_DIGITS)
    return cleaned.strip(" \"'")


# --- Text --------------------------------------------------------------------------------------

_FORMULA_QUOTES = re.compile(r'="(.*)"', re.DOTALL)
_UNWANTED = re.compile("[\x01-\x08\x0e-\x1b\x7f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_ACCENTS = re.compile("[\u0300-\u036f]")
_FOLDED_LETTERS = str.maketrans(
    {"ł": "l", "ß": "ss", "đ": "d", "ø": "o", "æ": "ae", "œ": "oe", "ı": "i"}
)


def unwrap_formula(text: str) -> str:
    """The content of Excel's ``="0234"``, which keeps a number as text; other text is unchanged."""
    if not text.startswith('="'):
        return text
    match = _FORMULA_QUOTES.fullmatch(text)
    return match[1] if match and '"' not in match[1] else text


def clean_text(text: str) -> str:
    """The bank's text on one line, without extra spaces or invisible characters."""
    joined = " ".join(text.split())
    if joined.isascii() and joined.isprintable() and not joined.startswith('="'):
        return joined
    return " ".join(_UNWANTED.sub(" ", unwrap_formula(joined)).split())


def refuse_unstorable(text: str) -> None:
    """Raise ``RowError`` for NUL or half a character, which can't be stored."""
    if "\x00" in text:
        raise RowError(NoticeCode.NUL_BYTE)
    if not text.isascii() and _SURROGATE.search(text):
        raise RowError(NoticeCode.BAD_BYTES)


def fold(text: str) -> str:
    """Lower case without accents, for comparing words in many languages."""
    lowered = text.casefold().translate(_FOLDED_LETTERS)
    if lowered.isascii():
        return lowered
    decomposed = unicodedata.normalize("NFKD", lowered)
    # Strip accents only in Latin, Greek and Cyrillic; elsewhere these marks are letters.
    return unicodedata.normalize("NFC", _ACCENTS.sub("", decomposed))
