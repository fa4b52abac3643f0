"""Which of our own typefaces covers a character. Documents use only these files.

Fontsource splits every typeface into slices by Unicode range, so a document loads only a few: a
statement in Latin letters reads one file, a Chinese merchant adds one or two of 30 KB.
"""

import json
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

from django.conf import settings
from fontTools.ttLib import TTFont

# The first typeface that has a character draws it. All of them are in package.json.
FAMILIES = (
    *("inter", "noto-sans-sc", "noto-sans-tc", "noto-sans-jp", "noto-sans-kr"),
    *("noto-sans-thai", "noto-sans-arabic", "noto-sans-hebrew", "noto-sans-devanagari"),
    *("noto-sans-bengali", "noto-sans-tamil", "noto-sans-telugu", "noto-sans-gujarati"),
    *("noto-sans-gurmukhi", "noto-sans-kannada", "noto-sans-malayalam", "noto-sans-sinhala"),
    *("noto-sans-khmer", "noto-sans-lao", "noto-sans-myanmar", "noto-sans-georgian"),
    *("noto-sans-armenian", "noto-sans-ethiopic", "noto-sans-symbols", "noto-emoji"),
)
# Never drawn, so no typeface needs them (Unicode's Default_Ignorable_Code_Point, except format
# characters, which are detected by category).
_INVISIBLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0000-\U000e0fff]"
)
# Format characters that are drawn: Arabic number signs and similar, interlinear marks.
_VISIBLE_FORMAT = re.compile(
    "[\u0600-\u0605\u06dd\u070f\u0890\u0891\u08e2\ufff9-\ufffb\U000110bd\U000110cd"
    "\U00013430-\U0001345f]"
)


@dataclass(frozen=True, slots=True)
class Slice:
    """One file of a typeface: its font name in documents, and its code points."""

    name: str
    file: Path
    ranges: tuple[range, ...]


def slices_for(characters: Iterable[str]) -> list[Slice]:
    """The slices needed for these characters, without duplicates, in a stable order."""
    found = {_slice_of(character) for character in set(characters)}
    return sorted((font for font in found if font), key=lambda font: font.name)


def name_unknown(text: str) -> str:
    """Replace each character that none of our typefaces has with its name.

    The name is the Unicode name, or the code point if it has none: `[TIBETAN LETTER KA]`,
    `[U+E000]`.
    """
    unknown = [
        character for character in set(text) if _is_drawn(character) and not _slice_of(character)
    ]
    return text.translate({ord(char): _in_words(char) for char in unknown}) if unknown else text


def find_slice(name: str) -> Slice | None:
    """The slice with this font name in documents."""
    return next(
        (font for family in FAMILIES for font in _slices(family) if font.name == name), None
    )


def _is_drawn(character: str) -> bool:
    if character in "\t\n\f\r" or _INVISIBLE.match(character):
        return False
    if _VISIBLE_FORMAT.match(character):
        return True
    return unicodedata.category(character) not in {"Cf", "Zs", "Zl", "Zp"}


def _in_words(character: str) -> str:
    return f"[{unicodedata.name(character, '') or f'U+{ord(character):04X}'}]"


@lru_cache(maxsize=16_384)
def _slice_of(character: str) -> Slice | None:
    code = ord(character)
    for family in FAMILIES:
        for font in _slices(family):
            # Declared ranges include characters the file lacks; only its own table is exact.
            if any(code in part for part in font.ranges) and code in _code_points(font.file):
                return font
    return None


@cache
def _slices(family: str) -> tuple[Slice, ...]:
    """A typeface's slices; none if `make` has not installed it yet."""
    folder = settings.TYPEFACES_DIR / family
    try:
        ranges = json.loads((folder / "unicode.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return ()
    return tuple(
        Slice(
            name=f"{family}-{subset.strip('[]')}",
            file=folder / "files" / f"{family}-{subset.strip('[]')}-wght-normal.woff2",
            ranges=tuple(_parse_ranges(text)),
        )
        for subset, text in ranges.items()
    )


def _parse_ranges(text: str) -> Iterator[range]:
    """CSS `unicode-range` as fontsource writes it: `U+0-FF,U+131`."""
    for part in text.upper().replace("U+", "").split(","):
        first, _, last = part.strip().partition("-")
        yield range(int(first, 16), int(last or first, 16) + 1)


@cache
def _code_points(file: Path) -> frozenset[int]:
    if not file.exists():
        return frozenset()
    with TTFont(file, lazy=True) as font:
        return frozenset(font.getBestCmap())
