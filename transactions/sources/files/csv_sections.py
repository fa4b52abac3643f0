"""Several accounts in one table file: each has a title and repeats the headings below it."""

import re
from itertools import islice

from transactions.sources.files.csv_mapping import CsvMapping
from transactions.sources.files.text_encoding import open_text
from transactions.sources.files.values import fold

_MOST_CELLS = 3
_LONGEST_TITLE = 80
_ACCOUNT = re.compile(
    r"(?<!\w)(?:accounts?|acct|a/c|checking|chequing|savings?|current|credit card|card|iban|"
    r"\w*konto|kontonummer|tagesgeld|\w*karte|compte|livret|carte|cuenta|ahorros?|tarjeta|"
    r"conto|carta|conta|poupanca|cartao|\w*rekening|\w*kaart|rachunek|karta|ucet|szamla|"
    r"\w*tili|racun|cont|hesap|счет|рахунок)(?!\w)|[0-9*x]{4,}"
)


def title_of(cells: list[str]) -> str:
    """The account that a row of few words names, as above a section's headings; else ""."""
    filled = [cell.strip() for cell in cells if cell.strip()]
    text = " ".join(filled)
    is_short = 0 < len(filled) <= _MOST_CELLS and len(text) <= _LONGEST_TITLE
    return text if is_short and _ACCOUNT.search(fold(text)) else ""


def repeats_headings(data: bytes, mapping: CsvMapping) -> bool:
    """Whether the line with the headings stands in the file more than once."""
    if not mapping.header_line or mapping.account is not None:
        return False
    try:
        with open_text(data, mapping.encoding) as lines:
            heading = next(islice(lines, mapping.header_line - 1, None), "").strip()
        return bool(heading) and data.count(heading.encode(mapping.encoding)) > 1
    except UnicodeError:
        return False
