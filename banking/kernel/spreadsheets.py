"""CSV cells that are safe to open in a spreadsheet."""

import re

# Excel needs this byte order mark to read the file as UTF-8.
BYTE_ORDER_MARK = "\ufeff"
_FORMULA = re.compile("'* *[=+\\-@\t\r\n\x00＝＋－＠]")
_NUMBER = re.compile(r"-\d+(\.\d+)?( [A-Z]{3})?", re.ASCII)


def safe_cell(text: str) -> str:
    """The text, with an apostrophe in front of anything a spreadsheet would run as a formula."""
    is_formula = _FORMULA.match(text) and not _NUMBER.fullmatch(text)
    return f"'{text}" if is_formula else text
