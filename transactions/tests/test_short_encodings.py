"""Three lines in a national encoding: read by the letters and the account, and never wrong without
a word.
"""

import pytest

from transactions.sources.files import csv_file
from transactions.sources.files.incoming import IncomingTransaction
from transactions.sources.files.reading_context import NOTHING_KNOWN, ReadingContext

pytestmark = pytest.mark.once
TEXTS = {
    ("zh-TW", "TWD", "big5"): ["便利商店", "房租", "薪資"],
    ("zh-HK", "HKD", "big5"): ["早餐店", "電費", "利息收入"],
    ("ja-JP", "JPY", "cp932 euc-jp"): ["電気料金", "家賃", "振込手数料"],
    ("ja", "JPY", "cp932 euc-jp"): ["コンビニ", "スーパー", "給与"],
    ("ko-KR", "KRW", "euc-kr"): ["편의점", "월세", "급여"],
    ("zh-CN", "CNY", "gbk gb18030"): ["便利店", "房租", "工资"],
    ("ru-RU", "RUB", "cp1251 koi8-r cp866 iso8859-5"): ["Кофе", "Аренда", "Зарплата"],
    ("ru-KZ", "KZT", "cp1251 koi8-r cp866"): ["ПРОДУКТЫ", "КВАРТИРА", "АПТЕКА"],
    ("uk-UA", "UAH", "cp1251 koi8-u"): ["Їжа", "Оренда квартири", "Зарплатня"],
    ("th-TH", "THB", "tis-620 cp874"): ["ร้านกาแฟ", "ค่าเช่า", "เงินเดือน"],
    ("el-GR", "EUR", "cp1253 iso8859-7"): ["Καφές", "Ενοίκιο", "Μισθός"],
    ("el-CY", "EUR", "cp1253 iso8859-7"): ["Άρτος", "Καφές 4 €", "Ενοίκιο"],
    ("he-IL", "ILS", "cp1255 iso8859-8"): ["קפה", "שכר דירה", "משכורת"],
    ("ar-EG", "EGP", "cp1256 iso8859-6"): ["قهوة", "إيجار", "راتب"],
    ("tr-TR", "TRY", "cp1254 iso8859-9"): ["Kahve dükkanı", "Kira ödemesi", "Maaş"],
    ("pl-PL", "PLN", "cp1250 iso8859-2 iso8859-16"): ["Łódź", "Czynsz świętokrzyska", "Płaca"],
    ("cs-CZ", "CZK", "cp1250 iso8859-2"): ["Kavárna Příbor", "Nájem za říjen", "Výplata"],
    ("lt-LT", "EUR", "cp1257 iso8859-4"): ["Kavinė", "Būsto nuoma", "Darbo užmokestis"],
    ("lv-LV", "EUR", "cp1257 iso8859-4"): ["Maiznīca Ēna", "Aptieka Ģerbonis", "Grāmatnīca"],
    ("et-EE", "EUR", "cp1257 iso8859-4"): ["Pagariäri Õun", "Raamatupood Žanna", "Töötasu"],
    ("sv-SE", "SEK", "cp1252 cp850"): ["Färskt bröd", "Läkemedel", "Hyresvärd Sjöberg"],
    ("es-ES", "EUR", "cp1252 cp850"): ["Panadería", "Alquiler Peña", "Nómina Compañía"],
    ("cs-CZ", "CZK", "cp1250 iso8859-2 cp852"): ["Lékárna Šťastná", "Kavárna Ďábel", "Nájem"],
    ("hr-HR", "EUR", "cp1250 iso8859-2 iso8859-16"): ["Pekara Šuma", "Račun za struju", "Plaća"],
    ("fr-FR", "EUR", "cp1252 iso8859-15 mac-roman"): ["Café", "Loyer février", "Versé"],
    ("fr-BE", "EUR", "cp1252 iso8859-15"): ["Cœur de Lille", "Bœuf bourguignon", "Loyer"],
    ("de-AT", "EUR", "cp1252 iso8859-15"): ["Miete 900 €", "Laden", "Rest"],
    ("de-LU", "EUR", "cp1252"): ["Rock´n Roll Bar", "1½ Zimmer", "Müller"],
    ("en-GB", "GBP", "cp1252"): ["½ price shop", "Shop ¼ lb", "Rent"],
    ("fi-FI", "EUR", "cp1252 iso8859-15"): ["Šeikki", "Žanna Oy", "Kävelykatu"],
    ("et-EE", "EUR", "iso8859-15 iso8859-13"): ["Šokolaad", "Žanna", "Töötasu"],
    ("hu-HU", "HUF", "cp1250 iso8859-2"): ["Fűszer", "Őrség", "Hús"],
    ("ro-RO", "RON", "cp1250 iso8859-2"): ["Plată chirie", "Mâncare", "Farmacie"],
    ("de-DE", "EUR", "cp1252 cp850"): ["Bäckerei Müller", "Büro", "Rückzahlung"],
}
FILES = [
    pytest.param(locale, currency, encoding, texts, id=f"{encoding} {texts[0]}")
    for (locale, currency, encodings), texts in TEXTS.items()
    for encoding in encodings.split()
]


def file_of(texts, encoding):
    amounts = ("-50.00", "-900.00", "2000.00")
    lines = zip(("01", "02", "03"), texts, amounts, strict=True)
    rows = [f"2026-03-{day},{text},{amount}" for day, text, amount in lines]
    return "\n".join(["Date,Description,Amount", *rows, ""]).encode(encoding)


@pytest.mark.parametrize(("locale", "currency", "encoding", "texts"), FILES)
def test_account_and_letters_tell_the_encoding_of_three_lines(locale, currency, encoding, texts):
    data = file_of(texts, encoding)
    known = ReadingContext(currency=currency, locale=locale)
    rows = csv_file.read(data, csv_file.detect(data, known).mapping).rows
    found = [row.description for row in rows if isinstance(row, IncomingTransaction)]
    assert found == texts
    # Of an account abroad the letters alone may not tell; then the right one is offered.
    for context in (NOTHING_KNOWN, ReadingContext(currency="USD", locale="en-US")):
        detection = csv_file.detect(data, context)
        readings = detection.encodings or [detection.mapping.encoding]
        offered = [data.decode(name, "replace").splitlines() for name in readings]
        assert any(all(text in "".join(lines) for text in texts) for lines in offered), readings


# Eight lines tell by themselves, whoever holds the account.
TOLD = {
    "big5": [
        "陽光麵包店",
        "購買麵包",
        "台灣電力公司",
        "電費繳納",
        "薪資轉入",
        "健康藥局",
        "藥品",
        "房租",
    ],
    "gb18030": [
        "阳光面包店",
        "购买面包",
        "国家电网",
        "电费缴纳",
        "工资收入",
        "药房",
        "书籍",
        "房租",
    ],
    "cp1253": ["Φούρνος", "Ηλεκτρικό ρεύμα", "Μισθοδοσία", "Φάρμακα", "Βιβλία", "Ενοίκιο"],
    "cp1256": ["خبز طازج", "فاتورة كهرباء", "راتب شهري", "أدوية", "مكتبة النور", "إيجار"],
    "cp1257": ["Šviežia duona", "Sąskaita už elektrą", "Vaistinė Gėlė", "Nuoma Įmonė", "Ūsas"],
    "koi8-r": ["Свежий хлеб", "Оплата электричества", "Зарплата", "Лекарства", "Аренда"],
    "cp850": ["Bäckerei Schön", "Brötchen", "Ärztekammer", "Büro Müller", "Straße"],
}


@pytest.mark.parametrize("encoding", TOLD)
def test_letters_alone_tell_the_encoding_of_eight_lines(encoding):
    texts = (TOLD[encoding] * 2)[:8]
    rows = [f"2026-03-{day:02},{text},-{day}.50" for day, text in enumerate(texts, start=1)]
    data = "\n".join(["Date,Description,Amount", *rows, ""]).encode(encoding)
    for context in (NOTHING_KNOWN, ReadingContext(currency="EUR", locale="en-GB")):
        detection = csv_file.detect(data, context)
        found = [row.description for row in csv_file.read(data, detection.mapping).rows]
        assert found == texts, detection.mapping.encoding
