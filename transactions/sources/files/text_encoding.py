"""Find a file's character encoding.

A byte order mark decides, then UTF-16's zero bytes, then valid UTF-8. Otherwise it is an older
national encoding: the one that turns the bytes into letters a single language uses.
"""

import codecs
import io
import re
from collections import Counter
from itertools import islice
from typing import TextIO

from charset_normalizer import from_bytes

from transactions.sources.files.column_words import is_exact_word
from transactions.sources.files.incoming import UnreadableFile
from transactions.sources.files.letter_pairs import BALTIC, CENTRAL, TURKISH, WESTERN, usual_share
from transactions.sources.files.notices import NoticeCode
from transactions.sources.files.reading_context import NOTHING_KNOWN, ReadingContext

_WESTERN = ["äöüß", "éèêëàâçùûüîïôœæÿ", "áéíóúñü", "áâãàçéêíóôõú", "àèéìíòóùú", "åäöæøéü"]
_WESTERN += ["éëïöüáèíóúê", "áðéíóúýþæö", "äõöü"]
_CENTRAL = ["ąćęłńóśźż", "áčďéěíňóřšťúůýž", "áäčďéíĺľňóôŕšťúýž", "áéíóöőúüű", "čćđšž", "ăâîşţ"]
_BALTIC = ["ąčęėįšųūž", "āčēģīķļņšūž", "äõöüšž"]
_CYRILLIC = "абвгдежзийклмнопрстуфхцчшщъыьэюяёіїєґђјљњћџ"
# The order is a preference: if two encodings give the same letters, the first one wins.
_LETTERS = {
    "cp1252": _WESTERN,
    "cp1250": _CENTRAL,
    "cp1251": [_CYRILLIC],
    "iso8859-15": [f"{letters}šž" for letters in _WESTERN],
    "cp1257": _BALTIC,
    "iso8859-2": _CENTRAL,
    "cp1254": ["çğıöşüâîû"],
    "cp1253": ["αβγδεζηθικλμνξοπρσςτυφχψωάέήίόύώϊϋΐΰ"],
    "iso8859-7": ["αβγδεζηθικλμνξοπρσςτυφχψωάέήίόύώϊϋΐΰ"],
    "cp1255": ["אבגדהוזחטיךכלםמןנסעףפץצקרשת"],
    "cp1256": ["ابتثجحخدذرزسشصضطظعغفقكلمنهويىةءآأإؤئـ،", "پچژگیکابتجحخدرزسشصطعفقلمنهو"],
    "cp874": ["".join(map(chr, (*range(0xE01, 0xE3B), *range(0xE40, 0xE5C))))],
    "koi8-r": [_CYRILLIC],
    "koi8-u": [_CYRILLIC],
    "iso8859-5": [_CYRILLIC],
    "iso8859-6": ["ابتثجحخدذرزسشصضطظعغفقكلمنهويىةءآأإؤئـ،"],
    "cp850": _WESTERN,
    "cp852": _CENTRAL,
    "cp866": [_CYRILLIC],
    "mac-roman": _WESTERN,
    "iso8859-16": ["ăâîșț", *_CENTRAL],
    "iso8859-4": _BALTIC,
}
# Their languages: the accented letters between plain ones tell which of these it is.
_LATIN = {
    **dict.fromkeys(("cp1252", "iso8859-15", "cp850", "mac-roman"), WESTERN),
    **dict.fromkeys(("cp1250", "iso8859-2", "iso8859-16", "cp852"), CENTRAL),
    **dict.fromkeys(("cp1257", "iso8859-4"), BALTIC),
    "cp1254": TURKISH,
}
_CLOSE, _PAIRS_WEIGH, _ENOUGH_PAIRS, _USUAL_PAIRS = 0.5, 0.6, 8, 0.7
_PAIRS_TEXT = 20_000
# How rare an encoding is among bank exports; decides if a few letters fit several.
_RARITY = {"cp1252": 0, "cp1257": 0.12, "iso8859-2": 0.12, "cp866": 0.12, "cp850": 0.15}
_RARITY |= {"mac-roman": 0.15, "cp852": 0.2, "iso8859-16": 0.2, "iso8859-4": 0.2}
_USUAL_RARITY = 0.04
# The letters that most words are made of, and what a text without them loses: in a wrong encoding
# it has the alphabet's letters, but not its usual ones.
_FREQUENT = (
    (re.compile("[Ѐ-ӿ]"), frozenset("оеаинтсрвлкмдпу"), 0.25),
    (re.compile("[α-ωά-ώ]"), frozenset("αοιετνσςηυρπκμλάέήίόύώ"), 0.05),
    (re.compile("[ก-๛]"), frozenset("านรอกเงมยลว่ด้ทสีตัคิ์"), 0.25),
    (re.compile("[ء-ي]"), frozenset("اليمونترةبعدفهسكحقأج"), 0.25),
)
# A vowel or tone mark that stands on no consonant.
_STRAY_MARK = re.compile("(?<![ก-๎])[ัิ-ฺ็-๎]")
# By language, the encodings that its banks write; by currency, the language where no other tells.
_OF_LANGUAGE = {
    "zh-TW": ("big5",), "zh-HK": ("big5",), "zh": ("gb18030",), "ja": ("cp932", "euc-jp"),
    "ko": ("euc-kr",), "th": ("cp874",), "he": ("cp1255",), "ar": ("cp1256", "iso8859-6"),
    "fa": ("cp1256",), "el": ("cp1253",), "tr": ("cp1254",), "bg": ("cp1251", "cp866"),
    "ru": ("cp1251", "koi8-r", "cp866", "iso8859-5"), "uk": ("cp1251", "koi8-u", "cp866"),
    "sr": ("cp1251", "cp1250"), "pl": ("cp1250", "iso8859-2", "cp852"),
    "cs": ("cp1250", "iso8859-2", "cp852"), "sk": ("cp1250", "iso8859-2", "cp852"),
    "hu": ("cp1250", "iso8859-2", "cp852"), "ro": ("cp1250", "iso8859-2"),
    "lt": ("cp1257",), "lv": ("cp1257",), "et": ("cp1257",),
}  # fmt: skip
_LANGUAGE_OF = {
    "TWD": "zh-TW", "HKD": "zh-HK", "CNY": "zh", "JPY": "ja", "KRW": "ko", "THB": "th",
    "ILS": "he", "EGP": "ar", "SAR": "ar", "AED": "ar", "JOD": "ar", "KWD": "ar", "QAR": "ar",
    "MAD": "ar", "IRR": "fa", "TRY": "tr", "RUB": "ru", "BYN": "ru", "KZT": "ru", "UAH": "uk",
    "BGN": "bg", "RSD": "sr", "PLN": "pl", "CZK": "cs", "HUF": "hu", "RON": "ro",
}  # fmt: skip
_EXPECTED = 0.12
_EAST_ASIAN = ("euc-jp", "cp932", "euc-kr", "gb18030", "big5")
UNICODE = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32")
ENCODINGS = (*UNICODE, *_LETTERS, *_EAST_ASIAN)

_INNER_CAPITAL = re.compile("[a-zà-žа-я][À-ÖØ-ÞА-ЯŠŽŚŤŹŻŁĄĘĆŃŐŰŘĎĚČ]")
# A sign before or inside a word, where no sign stands: "©»astná".
# Only between small letters an acute accent is an apostrophe: "Rock´n Roll".
_SIGN_IN_WORD = re.compile(
    r"[»©®¹¾½¼¦¬¶¸¨±²³][^\W\d_]|[^\W\d_][«©®¡¿¹¾½¼¦¬¶¸¨±²³„”‰†‡][^\W\d_]|"
    r"(?<![a-zà-ÿ])´[^\W\d_]|[^\W\d_]´(?![\Wa-zà-ÿ])"
)
_OTHER_SCRIPTS = "Ͱ-ϿЀ-ӿ\u0590-\u06ff\u0e01-\u0e5b"
_MIXED_SCRIPTS = re.compile(f"[a-zA-Z][{_OTHER_SCRIPTS}]|[{_OTHER_SCRIPTS}][a-zA-Z]")
_FOREIGN_LETTER = re.compile(f"[{_OTHER_SCRIPTS}]")
_FOREIGN_WORD = re.compile(f"[{_OTHER_SCRIPTS}]{{2}}")
_ONLY_LONE_LETTERS = 0.3
# A lone letter next to or inside a figure is a currency symbol or space, wrongly decoded.
_INSIDE_FIGURE = re.compile(
    r"(?<=[0-9])\s?[^\W\d_a-zA-Z½¼¾¹²³](?![^\W\d_])|"
    r"(?<![^\W\d_])[^\W\d_a-zA-Z½¼¾¹²³]\s?(?=[0-9])"
)
# No bank writes the sign for any currency: where most encodings have it, ISO 8859-15 has the euro.
_ODD_SIGN = 0.2
_NEUTRAL = frozenset("€£§°«»“”„‘’‚–—…·×´¨ªº²³½¼¿¡®©™•\u00a0№¤")
_SAMPLE_BYTES = 400_000
_BYTES_AT_ONCE = 1 << 20
# Anything but blanks and byte order marks.
_CONTENT = re.compile(rb"[^\x00\xef\xbb\xbf\xfe\xff \t\r\n]")
_MAGIC = {
    b"\x89PNG": "png_image",
    b"\xff\xd8\xff": "jpeg_image",
    b"GIF8": "gif_image",
    b"%PDF": "pdf_document",
    b"PK\x03\x04": "zip_or_office",
    b"PK\x05\x06": "empty_zip_archive",
    b"\x1f\x8b": "gzip_archive",
    b"\xd0\xcf\x11\xe0": "old_office_document",
    b"7z\xbc\xaf": "7_zip_archive",
    b"Rar!": "rar_archive",
    b"BZh": "bzip2_archive",
    b"SQLite format": "database",
    b"\x7fELF": "program",
}


def refuse_empty(data: bytes) -> None:
    """Refuse a file of nothing but blanks and byte order marks."""
    if not _CONTENT.search(data):
        raise UnreadableFile(NoticeCode.FILE_EMPTY)


def refuse_binary(data: bytes) -> None:
    """Refuse an empty or binary file, naming its type if its first bytes tell."""
    refuse_empty(data)
    for magic, name in _MAGIC.items():
        if data.startswith(magic):
            raise UnreadableFile(NoticeCode.NO_TEXT_FILE, kind=name)


def find_encoding(data: bytes, context: ReadingContext = NOTHING_KNOWN) -> tuple[str, list[str]]:
    """(encoding, others that fit almost as well); the list is empty if the encoding is certain.

    The account's currency and its owner's language count where the bytes leave it open.
    """
    refuse_binary(data)
    for mark, encoding in [
        (b"\xef\xbb\xbf", "utf-8-sig"),
        (b"\xff\xfe\x00\x00", "utf-32"),
        (b"\x00\x00\xfe\xff", "utf-32"),
        (b"\xff\xfe", "utf-16"),
        (b"\xfe\xff", "utf-16"),
    ]:
        if data.startswith(mark):
            return encoding, []
    sample = data[:_SAMPLE_BYTES]
    zeros = sample.count(0)
    if zeros > len(sample) // 5:
        return ("utf-16-be" if sample[::2].count(0) > zeros // 2 else "utf-16-le"), []
    control = sum(sample.count(byte) for byte in [*range(9), *range(14, 26), *range(28, 32), 127])
    if control > len(sample) // 20:
        raise UnreadableFile(NoticeCode.NOT_TEXT)
    return ("utf-8", []) if _is_utf8(data) else _national_encoding(data, context)


def _is_utf8(data: bytes) -> bool:
    """Whether it is UTF-8, even with a few damaged bytes; those lines are refused one by one."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for start in range(0, len(data), _BYTES_AT_ONCE):
            decoder.decode(data[start : start + _BYTES_AT_ONCE])
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        text = data[:_SAMPLE_BYTES].decode("utf-8", "surrogateescape")
        strange = re.findall("[^\x00-\x7f]", text)
        damaged = sum("\udc80" <= char <= "\udcff" for char in strange)
        return len(strange) - damaged >= 4 * damaged
    return True


def _expected(context: ReadingContext) -> frozenset[str]:
    """The national encodings that fit the account's currency and its owner's language."""
    locale = context.locale.replace("_", "-")
    named = (locale, locale.partition("-")[0], _LANGUAGE_OF.get(context.currency, ""))
    languages = [named[0] if named[0] in _OF_LANGUAGE else named[1], named[2]]
    return frozenset(name for language in languages for name in _OF_LANGUAGE.get(language, ()))


def _national_encoding(data: bytes, context: ReadingContext) -> tuple[str, list[str]]:
    lines = [line for line in data[:_SAMPLE_BYTES].splitlines() if not line.isascii()][:2000]
    sample = b"\n".join(lines) or data[-2000:]
    scores = {}
    expected = _expected(context)
    for encoding in (*_LETTERS, *_EAST_ASIAN):
        text = sample.decode(encoding, "replace")
        likeness = _asian_likeness if encoding in _EAST_ASIAN else _letter_likeness
        score = likeness(text, sample, encoding) + _heading_hits(text)
        scores[encoding] = score - _RARITY.get(encoding, _USUAL_RARITY)
        scores[encoding] += _EXPECTED * (encoding in expected and score > 0)
    _weigh_pairs(sample, scores)
    hint = from_bytes(sample[:20_000]).best()
    if hint and hint.encoding.replace("_", "-") in scores:
        scores[hint.encoding.replace("_", "-")] += 0.02
    best = max(scores, key=lambda name: scores[name])
    readings = {sample.decode(best, "replace")}
    rivals = []
    for encoding, score in scores.items():
        reading = sample.decode(encoding, "replace")
        if score > scores[best] - 0.06 and reading not in readings:
            readings.add(reading)  # of encodings that read it alike, the first is enough
            rivals.append(encoding)
    is_convincing = scores[best] >= 0.75
    usual = [encoding for encoding in ("cp1252", "cp1250", "cp1251") if encoding != best]
    return best, (rivals if is_convincing else rivals or usual)


def _weigh_pairs(sample: bytes, scores: dict[str, float]) -> None:
    """Where encodings of the Latin alphabet score alike, prefer usual pairs of letters."""
    best = max(scores.values())
    close = [encoding for encoding in _LATIN if scores[encoding] > best - _CLOSE]
    texts = {encoding: sample[:_PAIRS_TEXT].decode(encoding, "replace") for encoding in close}
    if len(set(texts.values())) < 2:
        return
    for encoding, text in texts.items():
        share, count = usual_share(text, _LATIN[encoding])
        weight = _PAIRS_WEIGH * min(1, count / _ENOUGH_PAIRS)
        scores[encoding] += weight * (share - _USUAL_PAIRS)


def _letter_likeness(text: str, sample: bytes, encoding: str) -> float:
    """A score: how many accented letters belong to one language, and how many to any."""
    found = Counter(char.lower() for char in text if char > "\x7f" and char not in _NEUTRAL)
    total = sum(found.values())
    if not total:
        return 0.8 - _ODD_SIGN * ("¤" in text or bool(_SIGN_IN_WORD.search(text)))
    shares = [
        sum(count for char, count in found.items() if char in letters) / total
        for letters in _LETTERS[encoding]
    ]
    every_letter = "".join(_LETTERS[encoding])
    union = sum(count for char, count in found.items() if char in every_letter) / total
    # A capital inside a word, or two alphabets in one word, means a wrong decoding.
    odd = (
        3 * len(_SIGN_IN_WORD.findall(text))
        + len(_INNER_CAPITAL.findall(text))
        + 3 * len(_MIXED_SCRIPTS.findall(text))
    )
    odd += text.count("¤")
    odd += 3 * len(_INSIDE_FIGURE.findall(text)) + 3 * len(_STRAY_MARK.findall(text))
    return 0.7 * max(shares) + 0.3 * union - min(odd / total, 0.5) - _unusual(text.lower())


def _unusual(text: str) -> float:
    """What a text loses that has an alphabet's rare letters more than its usual ones, or none of
    its words: "½" is no Greek.
    """
    is_word = not _FOREIGN_LETTER.search(text) or _FOREIGN_WORD.search(text)
    lost = 0.0 if is_word else _ONLY_LONE_LETTERS
    for letters, usual, most in _FREQUENT:
        found = letters.findall(text)
        if found:
            share = sum(letter in usual for letter in found) / len(found)
            lost += min(most, max(0.0, 0.6 - share))
    return lost


_ASIAN_WEIGHTS: list[tuple[str, str, dict[str, float]]] = [
    ("\u3041", "\u30ff", {"euc-jp": 1, "cp932": 1, "gb18030": 0.2, "big5": 0.2, "euc-kr": 0.2}),
    ("\uac00", "\ud7a3", {"euc-kr": 1}),
    ("\uff61", "\uff9f", {"cp932": 0.9}),
    ("\u3000", "\u3020", dict.fromkeys(_EAST_ASIAN, 0.8)),
    ("\uff01", "\uff5e", dict.fromkeys(_EAST_ASIAN, 0.8)),
    (
        "\u4e00",
        "\u9fff",
        {"euc-jp": 0.8, "cp932": 0.8, "gb18030": 0.8, "big5": 0.75, "euc-kr": 0.3},
    ),
]


def _asian_likeness(text: str, sample: bytes, encoding: str) -> float:
    """The share of characters the language uses; 0 if high bytes don't come in pairs."""
    strange = [char for char in text if char > "\x7f"]
    high_bytes = sum(1 for byte in sample if byte > 0x7F)
    paired = sum(len(run) for run in re.findall(rb"[\x80-\xff]{2,}", sample))
    if encoding == "gb18030":  # its rarer characters are four bytes, every other one a digit
        paired += 2 * len(re.findall(rb"[\x81-\xfe][0-9][\x81-\xfe][0-9]", sample))
    if (
        not strange
        or "\ufffd" in text
        or (paired < 0.8 * high_bytes and encoding not in ("cp932", "big5"))
    ):
        return 0
    weight = 0.0
    for first, last, weights in _ASIAN_WEIGHTS:
        share = sum(first <= char <= last for char in strange) / len(strange)
        weight += share * weights.get(encoding, 0)
    common = _common_share(text, encoding)
    if encoding == "cp932" and _is_false_kana(text):
        return 0
    is_loose = encoding in ("cp932", "big5") and paired < 0.8 * high_bytes
    if is_loose and (common < _MOSTLY_COMMON or _AMONG_LETTERS.search(text)):
        return 0
    return weight * common + (_LOOSE_PROOF if is_loose else _evenness(sample, encoding))


def _is_false_kana(text: str) -> bool:
    """Whether half-width kana stand alone or beside Latin letters, as where another encoding's
    signs, or Chinese, are read as Japanese.
    """
    kana = len(_HALF_KANA.findall(text))
    if kana and not _KANA_WORD.search(text) and not _IDEOGRAPH.search(text):
        return True
    return kana > 0 and 12 * len(_KANA_BESIDE_LATIN.findall(text)) > kana


def _evenness(sample: bytes, encoding: str) -> float:
    """A small bonus if every run of high bytes is even, as two-byte characters make it."""
    runs = [len(run) for run in re.findall(rb"[\x80-\xff]+", sample)]
    is_even = len(runs) > 2 and not any(length % 2 for length in runs)
    return 0.2 if is_even and encoding in ("euc-jp", "euc-kr", "gb18030") else 0


# (first lead byte, last lead byte, lowest second byte) of the common characters.
_COMMON_ROWS = {
    "gb18030": (0xB0, 0xD7, 0xA1),
    "euc-jp": (0xB0, 0xCF, 0xA1),
    "euc-kr": (0xB0, 0xC8, 0xA1),
    "cp932": (0x88, 0x97, 0x40),
    "big5": (0xA4, 0xC6, 0x40),
}
_MOSTLY_COMMON = 0.9
# Latin letters in lower case beside an ideograph are a wrong decoding of accented words, and signs
# beside half-width kana one of ideographs.
_AMONG_LETTERS = re.compile(
    r"[a-z][\u4e00-\u9fff]|[\u4e00-\u9fff][a-z]|"
    r"[a-z@\[\\\]^_`{|}~][\uff61-\uff9f]|[\uff61-\uff9f][a-z@\[\\\]^_`{|}~]"
)
_HALF_KANA = re.compile("[\uff61-\uff9f]")
_KANA_WORD = re.compile("[\uff66-\uff9f]{2}")
_IDEOGRAPH = re.compile("[\u3041-\u30ff\u4e00-\u9fff]")
_KANA_BESIDE_LATIN = re.compile(
    r"[A-Za-z@\[\\\]^_`{|}~][\uff61-\uff9f]|[\uff61-\uff9f][A-Za-z@\[\\\]^_`{|}~]"
)
# Bytes that are common ideographs, every one, though their second bytes may be Latin letters.
_LOOSE_PROOF = 0.2


def _common_share(text: str, encoding: str) -> float:
    """The share of ideographs in the common half of the character set."""
    low, high, trail = _COMMON_ROWS[encoding]
    pairs = [char.encode(encoding, "replace") for char in text if "\u4e00" <= char <= "\ud7a3"]
    common = sum(low <= pair[0] <= high and pair[-1] >= trail for pair in pairs)
    return common / len(pairs) if pairs else 1.0


# Headings and statuses in their real spelling, to be recognized by their accents.
_HEADING_WORDS = """
dátum|čiastka|částka|měna|zůstatek|popis transakce|zaúčtováno|zaúčtované|zúčtované|
datum zaúčtování|příjem|výdaj|příchozí|odchozí|čekající|zamítnuto|směr|stav účtu|
název protiúčtu|zpráva|čakajúce|zamietnuté|počiatočný zostatok|konečný zostatok|
počáteční zůstatek|konečný zůstatek|číslo účtu|protiúčet|účet|příjemce|kwota operacji|
obciążenie|obciążenia|właściciel|prowizja|zaksięgowana|oczekująca|saldo początkowe|
saldo końcowe|data księgowania|rodzaj|tytuł|könyvelés dátuma|értéknap|közlemény|összeg|
terhelés|jóváírás|állapot|könyvelt|függő|záró egyenleg|nyitó egyenleg|összesen|díj|számlaszám|
irány|sumă|valută|în așteptare|početno stanje|završno stanje|odbijeno|isplata|uplata|
datum knjiženja|začetno stanje|končno stanje|knjiženo|v čakanju|prejemnik|na čekanju|gavėjas|
įvykdyta|valiuta|būsena|iš viso|sąskaita|sąskaitos nr.|mokėtojas|paaiškinimai|paaiškinimas|
saņēmējs|valūta|valutēšanas datums|maksājuma mērķis|kredīts|izpildīts|noraidīts|
sākuma atlikums|kopā|īpašnieks|debets|kuupäev|väärtuspäev|tüüp|teenustasu|lõppsaldo|açıklama|
alıcı|valör|borç|tür|tamamlandı|açılış bakiyesi|kapanış bakiyesi|işlem tarihi|döviz|währung|
empfänger|gebühr|begünstigter|verfügbar|libellé|débit|crédit|bénéficiaire|comptabilisé|refusé|
opération|référence|catégorie|descripción|comisión|categoría|número|descrição|débito|crédito|
concluído|histórico|lançamento|saída|insättning|bokförd|avgift|belopp|beløb|beløp|bogført|
bokført|inngående saldo|utgående saldo|määrä|kirjauspäivä|arvopäivä|hylätty
"""
_HEADINGS = frozenset(_HEADING_WORDS.replace("\n", "").split("|"))


def _heading_hits(text: str) -> float:
    cells = re.split(r'[;,\t|"\n]', text[:5000])
    strange = {cell.strip() for cell in cells if not cell.isascii()}
    exact = sum(cell.lower() in _HEADINGS for cell in strange)
    alike = sum(is_exact_word(cell) for cell in strange)
    return 0.3 * min(5, exact) + 0.15 * min(3, alike)


def open_text(data: bytes, encoding: str) -> TextIO:
    """The file's lines, decoded as they are read; CR, CRLF, LF and CR CR LF all end a line.

    An undecodable byte becomes a lone surrogate, which the row reader refuses.
    """
    if b"\r\r\n" in data:
        data = data.replace(b"\r\r\n", b"\n")
    errors = "replace" if encoding.startswith(("utf-16", "utf-32")) else "surrogateescape"
    return io.TextIOWrapper(io.BytesIO(data), encoding=encoding, errors=errors, newline=None)


def first_lines(data: bytes, encoding: str, count: int) -> list[str]:
    """The first lines without line ends."""
    try:
        with open_text(data, encoding) as stream:
            return [line.rstrip("\n") for line in islice(stream, count)]
    except UnicodeError:
        raise UnreadableFile(NoticeCode.WRONG_ENCODING, encoding=encoding) from None
