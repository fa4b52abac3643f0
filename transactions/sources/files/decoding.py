"""Decode a statement file. What the bytes prove outranks what the header declares."""

import codecs
import re

from transactions.sources.files.text_encoding import find_encoding

BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16: its mark begins with UTF-16's
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
SAMPLE_SIZE = 4096
# All control characters except tab and line ends. Databases refuse NUL.
CONTROL_CHARACTERS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def decode_statement(data: bytes, declared: str = "") -> str:
    """Decode ``data`` by its byte order mark, as UTF-8 if valid, or as declared or guessed.

    Banks write "CHARSET:1252" or "encoding='ISO-8859-1'" above UTF-8 bytes. Text in another
    encoding is almost never valid UTF-8 by accident, so valid UTF-8 wins.
    """
    for mark, encoding in BYTE_ORDER_MARKS:
        if data.startswith(mark):
            return _clean(data[len(mark) :].decode(encoding, errors="replace"))
    wide = _wide_encoding(data[:SAMPLE_SIZE])
    if wide:
        return _clean(data.decode(wide, errors="replace"))
    try:
        return _clean(data.decode("utf-8"))
    except UnicodeDecodeError:
        encoding = _single_byte_encoding(declared) if declared else find_encoding(data)[0]
        return _clean(data.decode(encoding, errors="replace"))


def _wide_encoding(sample: bytes) -> str:
    """Detect UTF-16 without a mark: every other byte of Latin text is NUL. "" if it isn't."""
    pairs = len(sample) // 2
    if pairs < 4:
        return ""
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    if odd > pairs * 0.4 and even < pairs * 0.05:
        return "utf-16-le"
    if even > pairs * 0.4 and odd < pairs * 0.05:
        return "utf-16-be"
    return ""


def _single_byte_encoding(declared: str) -> str:
    """The Python codec for a declared character set ("1252", "8859-1", "ISO-8859-15")."""
    name = declared.strip().strip("\"'").lower()
    if re.fullmatch(r"\d{3,4}", name):
        name = f"cp{name}"
    elif name.startswith("8859-"):
        name = f"iso-{name}"
    # Windows-1252 has every letter of ISO 8859-1, and banks confuse the two.
    if name in ("", "none", "iso-8859-1", "latin-1", "latin1", "us-ascii", "ascii", "usascii"):
        return "cp1252"
    try:
        # Raises LookupError for codecs that map bytes to bytes, such as "hex".
        b"".decode(name)
        known = codecs.lookup(name).name
    except (LookupError, ValueError):
        return "cp1252"
    return "cp1252" if known.startswith("utf") else known


def _clean(text: str) -> str:
    r"""Remove control characters and normalize line ends to "\n"."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    # Most files have none, and a large one is not copied for nothing.
    return CONTROL_CHARACTERS.sub("", text) if CONTROL_CHARACTERS.search(text) else text
