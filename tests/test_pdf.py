"""PDFs load only our own files and never show a box instead of a character."""

import os
import subprocess
import sys
from collections.abc import Iterable
from decimal import Decimal
from io import BytesIO

import pytest
from django.conf import settings
from pypdf import PdfReader
from pypdf.generic import DictionaryObject
from weasyprint import HTML

from banking.kernel import pdf_engine, typefaces
from banking.kernel.pdf import PdfUnavailableError, picture, render_pdf
from banking.kernel.pdf_charts import columns

pytestmark = pytest.mark.once


def test_documents_can_load_our_static_files():
    answer = pdf_engine.OwnFiles().fetch(f"{pdf_engine.STATIC}css/statement.css")
    assert b"@page" in answer.read()


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:1/secret",
        "https://example.com/logo.png",
        "file:///etc/passwd",
        "data:text/html,hello",
        "https://static.invalid/../banking/settings.py",
        "https://static.invalid//etc/passwd",
        "https://static.invalid/%2e%2e/manage.py",
        "https://static.invalid.example.com/css/statement.css",
        "ftp://127.0.0.1/x",
        "https://typefaces.invalid/no-such-typeface",
        "https://typefaces.invalid/../package.json",
    ],
)
def test_documents_can_load_nothing_else(url):
    with pytest.raises(Exception, match=r"own files|outside|base path"):
        pdf_engine.OwnFiles().fetch(url)


def test_without_typefaces_a_pdf_is_refused_and_the_process_survives(settings, tmp_path):
    settings.TYPEFACES_DIR = tmp_path / "none"
    with pytest.raises(PdfUnavailableError, match="its typefaces aren't installed"):
        render_pdf("insights/pdf/monthly_report.html", {}, stylesheet="statement.css")


# --- Characters -----------------------------------------------------------------------------------

DRAWN = (
    *("Tesco Żabka Łódź", "Καφέ Αθήνα", "Пекарня ҐґЇ", "北京烤鸭店", "臺灣飯館", "大阪ラーメン"),
    *("한식당 서울", "โรงแรม", "مطعم بيروت", "עוגה", "বাংলা", "தமிழ்", "తెలుగు", "ગુજરાતી", "ਪੰਜਾਬੀ"),
    *("ಕನ್ನಡ", "മലയാളം", "සිංහල", "ខ្មែរ", "ລາວ", "საქართველო", "Հայ", "አማርኛ", "🍕 Pizza", "₹ ₺ ₿"),
)
NAMED = {
    "བ": "[TIBETAN LETTER BA]",
    "𓀀": "[EGYPTIAN HIEROGLYPH A001]",
    "\ue000": "[U+E000]",
    "\x85": "[U+0085]",
    "𝔄": "[MATHEMATICAL FRAKTUR CAPITAL A]",
}
INVISIBLE = ("a\u200bb", "a\u00adb", "a\u2060b", "❤\ufe0f", "a\u00a0b", "👨\u200d👩\u200d👧")


def drawn(words: Iterable[str], chart: bytes = b"") -> bytes:
    image = f'<img alt="chart" src="{picture(chart)}">' if chart else ""
    paragraphs = "".join(f"<p>{word}</p><p><b>{word}</b></p>" for word in words)
    return pdf_engine.draw(f'<html lang="en">{paragraphs}{image}</html>', "css/statement.css")


def text_of(document: bytes) -> str:
    return "\n".join(page.extract_text() for page in PdfReader(BytesIO(document)).pages)


def fonts_of(document: bytes) -> list[DictionaryObject]:
    """Every font on the pages and in their images."""
    parts = [page["/Resources"] for page in PdfReader(BytesIO(document)).pages]
    fonts = []
    while parts:
        resources = parts.pop()
        fonts += [font.get_object() for font in resources.get("/Font", {}).values()]
        inner = [drawn.get_object() for drawn in resources.get("/XObject", {}).values()]
        parts += [drawn["/Resources"] for drawn in inner if drawn["/Subtype"] == "/Form"]
    return fonts


def names_of(document: bytes) -> set[str]:
    names = {font["/BaseFont"].partition("+")[2] for font in fonts_of(document)}
    return {name.removesuffix("-Bold") for name in names}


def has_boxes(document: bytes) -> bool:
    """WeasyPrint gives a font its own character map if glyphs are missing and drawn as boxes."""
    fonts = fonts_of(document)
    assert fonts
    return any(font["/Encoding"] != "/Identity-H" for font in fonts)


def test_has_boxes_distinguishes_a_box_from_a_character():
    def plain(word: str) -> bytes:
        return HTML(string=word).write_pdf(font_config=pdf_engine._fonts())

    drawn("a")
    assert has_boxes(plain("བ"))
    assert not has_boxes(plain("a"))


@pytest.mark.slow
def test_every_script_is_drawn_with_our_own_typefaces():
    document = drawn(DRAWN)
    text = text_of(document)
    assert [word for word in DRAWN if text.count(word) != 2] == []
    ours = {font.name for family in typefaces.FAMILIES for font in typefaces._slices(family)}
    assert names_of(document) <= ours
    assert not has_boxes(document)


def test_unsupported_characters_are_named_in_words():
    document = drawn([f"1{character}2" for character in NAMED])
    text = text_of(document)
    assert [name for name in NAMED.values() if f"1{name}2" not in text] == []
    assert not has_boxes(document)


@pytest.mark.slow
def test_invisible_characters_are_neither_named_nor_drawn_as_boxes():
    document = drawn(INVISIBLE)
    assert "[" not in text_of(document)
    assert not has_boxes(document)


@pytest.mark.slow
def test_charts_follow_the_same_rule():
    chart = columns(["北京", "བ"], [("飯館 🍕", "#334155", [Decimal(3), Decimal(4)])])
    document = drawn([], chart)
    text = text_of(document).replace(" ", "")
    assert [word for word in ("北京", "[TIBETANLETTERBA]", "飯館🍕") if word not in text] == []
    assert not has_boxes(document)


def test_every_typeface_is_installed_and_licensed():
    wanted = {*typefaces.FAMILIES}
    assert [name for name in wanted if not typefaces._slices(name)] == []
    assert {
        name for name in wanted if not (settings.TYPEFACES_DIR / name / "LICENSE").exists()
    } == (set())


@pytest.mark.slow
def test_output_does_not_depend_on_system_fonts(tmp_path):
    nothing = tmp_path / "fonts.conf"
    nothing.write_text("<?xml version='1.0'?><fontconfig></fontconfig>")
    script = (
        "import sys, django; django.setup()\n"
        "from tests import test_pdf\n"
        "document = test_pdf.drawn(test_pdf.DRAWN[:8])\n"
        "sys.stdout.buffer.write(document)\n"
    )
    there = subprocess.run(
        [sys.executable, "-c", script],
        cwd=settings.BASE_DIR,
        env={**os.environ, "FONTCONFIG_FILE": str(nothing), "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        check=True,
    ).stdout
    before = os.environ.get("FONTCONFIG_FILE")
    here = drawn(DRAWN[:8])
    assert text_of(there) == text_of(here)
    assert names_of(there) == names_of(here)
    assert not has_boxes(there)
    assert os.environ.get("FONTCONFIG_FILE") == before
