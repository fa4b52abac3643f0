"""Tables in languages of which banks write less: days in words, states, directions and headings."""

from datetime import date
from decimal import Decimal

import pytest
from babel.dates import format_date

from transactions.models.notices import notice_text
from transactions.sources.files import csv_file
from transactions.sources.files.csv_columns import date_styles
from transactions.sources.files.dates import parse_date
from transactions.sources.files.incoming import IncomingTransaction, SkippedRow, UnreadableFile
from transactions.sources.files.notices import NoticeCode
from transactions.sources.files.reading_context import NOTHING_KNOWN, ReadingContext

pytestmark = pytest.mark.once

# As the CLDR writes a day: with and without the weekday. Croatian shares names with Polish.
LANGUAGES = (
    "af ar ar_DZ ar_LB az be bg bn bs ca cs da de el en es et eu fi fil fr fy ga gl gu he hi hu hy "
    "id is it ja ka kk km kn ko ky lo lt lv mk mr ms mt nb ne nl pl pt ro ru rm si sk sl "
    "so sr sr_Latn sv sw ta te tk tr uk ur uz vi zh"
)
SPELLED = {
    "2024 m. gegužės 3 d.": (5, 3), "2024 m. 05 mėn. 31 d.": (5, 31), "31 tháng 5, 2024": (5, 31),
    "ngày 15 tháng 12 năm 2024": (12, 15), "31 Th5 2024": (5, 31), "2024 оны 5-р сарын 31": (5, 31),
    "2024. gada 30. augusts": (8, 30), "3 ta' Marzu 2024": (3, 3), "15-mart 2024-yil": (3, 15),
    "15 mart 2024-cü il": (3, 15), "15 d’abril de 2024": (4, 15), "15 มีนาคม พ.ศ. 2567": (3, 15),
    "วันที่ 15 มีนาคม 2567": (3, 15), "3 ม.ค. 67": (1, 3), "15 آذار/مارس 2024": (3, 15),
    "18 تشرين الأول 2024": (10, 18), "15 كانون الثاني/يناير 2024": (1, 15), "11 במרץ 2024": (3, 11),
    "5 մարտի, 2024 թ.": (3, 5), "15 березня 2024 року": (3, 15), "15 marca 2024 r.": (3, 15),
    "15. mart 2024. godine": (3, 15), "15 Meán Fómhair 2024": (9, 15), "5 de març de 2024": (3, 5),
    "2024(e)ko urtarrilaren 27(a)": (1, 27), "27.01.2024 г.": (1, 27), "25 سپتامبر 2024": (9, 25),
    "17 ফেব্রুয়ারি 2024": (2, 17), "17 दिसम्बर 2024": (12, 17), "17 फ़रवरी 2024": (2, 17),
    "R6.01.14": (1, 14), "Mar 15 2024": (3, 15), "mar. 15/03/2024": (3, 15),
}  # fmt: skip


def days_of(text):
    return {parse_date(text, style) for style in date_styles(text)}


@pytest.mark.parametrize("language", LANGUAGES.split())
def test_days_are_read_as_a_language_writes_them(language):
    days = [date(2024, month, 27) for month in range(1, 13)]
    written = [format_date(day, "long", language) for day in days]
    written += [format_date(days[2], form, language) for form in ("medium", "full")]
    if language == "sq":  # its weekdays have an article
        written.pop()
    expected = [{day} for day in [*days, days[2], days[2]]]
    assert [days_of(text) for text in written] == expected[: len(written)]


@pytest.mark.parametrize(("text", "day"), SPELLED.items())
def test_days_are_read_as_people_spell_them(text, day):
    assert days_of(text) == {date(2024, *day)}


def read(text, context=NOTHING_KNOWN):
    detection = csv_file.detect(text.encode(), context)
    assert detection.doubts == []
    file = csv_file.read(text.encode(), detection.mapping)
    return list(file.rows), file


# Heading of the states -> booked, pending, and words for payments that never happened.
STATES = [
    ("Status", "İcra olunub", "Gözləmədə", "Ləğv edilib"),
    ("Status", "Bokförd", "Väntande", "Avvisad"),
    ("Status", "Bokförd", "Reserverad", "Avbruten"),
    ("Estado", "Executado", "Cativo", "Recusado"),
    ("Stato", "Contabilizzato", "In elaborazione", "Annullato"),
    ("Stav", "Zaúčtováno", "Čeká na zaúčtování", "Zamítnuto"),
    ("交易状态", "交易成功", "待入账", "支付失败"),
    ("상태", "완료", "승인대기", "승인거절"),
    ("Стан", "Проведено", "В обробці", "Скасовано"),
    ("وضعیت", "موفق", "در انتظار", "لغو شده"),
    ("Statusi", "Kryer", "Në pritje", "Refuzuar"),
    ("Staða", "Bókað", "Í bið", "Hafnað"),
    ("სტატუსი", "დასრულებული", "მოლოდინში", "უარყოფილი"),
    ("სტატუსი", "შესრულებული", "მუშავდება", "უარყოფილია"),
    ("Կարգավիճակ", "Կատարված", "Ընթացքի մեջ", "Մերժված"),
    ("Trạng thái", "Thành công", "Chờ duyệt", "Đã hủy"),
    ("สถานะ", "สำเร็จ", "รอดำเนินการ", "ยกเลิกแล้ว"),
    ("Статус", "Изпълнена", "Изчакваща", "Анулирана"),
    ("Статус", "Исполнено", "Холд", "Отклонено"),
    ("Status", "Gennemført", "Reserveret", "Afvist"),
    ("当前状态", "支付成功", "处理中", "交易关闭"),
    ("สถานะ", "สำเร็จ", "กำลังดำเนินการ", "ยกเลิก"),
]


@pytest.mark.parametrize(("heading", "booked", "pending", "void"), STATES)
def test_states_of_payments_are_known(heading, booked, pending, void):
    states = [booked, pending, booked, void, booked, booked]
    amounts = ["-4.20", "-8.00", "90.00", "-7.00", "-12.50", "-3.10"]
    lines = [
        f"2024-03-{20 + at},Shop {'abcdef'[at]},{amount},{state}\n"
        for at, (amount, state) in enumerate(zip(amounts, states, strict=True))
    ]
    rows, file = read(f"Date,Description,Amount,{heading}\n{''.join(lines)}")
    good = [row for row in rows if isinstance(row, IncomingTransaction)]
    assert [row.amount for row in rows if isinstance(row, SkippedRow)] == [Decimal("-7.00")]
    assert [row.is_pending for row in good] == [False, True, False, False, False]
    assert file.warnings == []


def test_unknown_state_is_booked_with_a_word():
    head = "Date,Description,Amount,Status\n"
    lines = [f"2024-03-2{at},Shop,-{at}.50,Completed\n" for at in range(1, 6)]
    rows, file = read(head + "".join(lines) + "2024-03-27,Bar,-8.00,Zorblat\n")
    assert len(rows) == 6
    assert [notice.code for notice in file.warnings] == [NoticeCode.UNKNOWN_STATES]
    assert "“Zorblat”" in notice_text(file.warnings[0])
    # The only state beside "Pending" must be that of the booked lines.
    others = [line.replace("Completed", "Zorblat") for line in lines]
    assert read(head + "".join(others) + "2024-03-27,Bar,-8.00,Pending\n")[1].warnings == []


# Twelve lines, by day, amount and balance; a column nobody knows says "Zorb" or another word.
LOOSE = {
    # The newest lines, few lines, and lines without a balance may not be booked.
    "newest": ({10: "Qwert", 11: "Qwert"}, "Qwert"),
    "no heading": ({11: "Qwert"}, "Qwert"),
    "very few": ({4: "Qwert"}, "Qwert"),
    "newest beside blanks": ({11: "Qwert"}, "Qwert"),
    # Kinds of payment that vary, directions, and codes are nothing to tell about.
    "kinds": (dict.fromkeys((1, 4, 7, 10), "Qwert"), ""),
    "direction": ({0: "Qwert", 6: "Qwert"}, ""),
    "codes": ({11: "Q-1"}, ""),
    "states": ({11: "Pending"}, ""),
}


@pytest.mark.parametrize("case", LOOSE)
def test_words_nobody_knows_are_told_where_lines_look_unbooked(case):
    words, told = LOOSE[case]
    usual = "" if case == "newest beside blanks" else "Zorb"
    balance, lines = 100, []
    for at in range(12):
        amount = 40 if at in (0, 6) else -3 - at
        balance += amount
        word = words.get(at, usual)
        lines.append(f"2024-03-{at + 11},Shop {at},{amount},{balance},{word}")
    head = "" if case == "no heading" else "Date,Description,Amount,Balance,Wrrp\n"
    rows, file = read(head + "\n".join(lines) + "\n")
    assert len(rows) == 12
    found = [notice for notice in file.warnings if notice.code == NoticeCode.UNKNOWN_WORDS]
    assert [notice.values["words"] for notice in found] == ([told] if told else [])
    assert all(f"“{told}”" in notice_text(notice) for notice in found)


@pytest.mark.parametrize(
    ("out", "into"),
    [
        ("Funds Out", "Funds In"),
        ("Bedrag af", "Bedrag bij"),
        ("Suma debit", "Suma credit"),
        ("Importo dare", "Importo avere"),
    ],
)
def test_headings_of_a_pair_may_name_sums_and_directions(out, into):
    text = f"Date,Text,{into},{out}\n2024-03-25,Pay,90.00,\n2024-03-26,Bar,,4.20\n"
    assert [row.amount for row in read(text + "2024-03-27,Shop,,7.00\n")[0]] == [
        Decimal(90), Decimal("-4.20"), Decimal(-7),
    ]  # fmt: skip


def test_names_under_an_unknown_heading_are_kept():
    text = (
        "Ngày giao dịch,Nội dung,Bên kia,Chi nhánh,Số tiền\n"
        "2024-03-25,tiền điện,Điện lực,HN01,-109.50\n"
        "2024-03-26,lương,Công ty,HN01,900.00\n"
        "2024-03-27,sách,Nhà sách,HN01,-20.00\n"
        "2024-03-28,thuốc,Nhà thuốc,HN01,-7.10\n"
    )
    rows, _file = read(text)
    assert rows[0].description == "tiền điện Điện lực"


def test_letters_for_debit_and_credit_in_cyrillic():
    text = (
        "Дата;Основание;Сума;Дт/Кт\n25.03.2024;наем;900,00;Дт\n"
        "26.03.2024;заплата;2000,00;Кт\n27.03.2024;хляб;4,20;Дт\n"
    )
    bulgarian = ReadingContext(currency="BGN", locale="bg-BG", time_zone="Europe/Sofia")
    assert [row.amount for row in read(text, bulgarian)[0]] == [-900, 2000, Decimal("-4.20")]


# Name -> (currency and language, the table, its amounts).
TABLES = {
    "sign with a dot": (
        ("PAB", "es-PA"),
        'Fecha,Descripción,Monto,Saldo\n25/03/2024,Pan,-B/.500.77,"B/.10,966.42"\n'
        '26/03/2024,Sueldo,"B/.2,752.72","B/.13,719.14"\n'
        '28/03/2024,Taxi,-B/.31.86,"B/.13,687.28"\n',
        "-500.77 2752.72 -31.86",
    ),
    "soles": (
        ("PEN", "es-PE"),
        "Fecha;Movimiento;Cargo;Abono\n25/03/2024;Pan;S/.45.00;\n26/03/2024;Sueldo;;S/.952.72\n"
        "28/03/2024;Taxi;S/.31.86;\n",
        "-45.00 952.72 -31.86",
    ),
    "N/A": (
        ("AED", "en-AE"),
        "Date,Narration,Debit,Credit,Balance\n25/03/2024,Bread,49.41,N/A,950.59\n"
        "26/03/2024,Salary,N/A,1000.00,1950.59\n28/03/2024,Taxi,22.37,N/A,1928.22\n",
        "-49.41 1000.00 -22.37",
    ),
    "full width": (
        ("JPY", "ja-JP"),
        "日付,内容,金額\n２０２４／０３／２５,パン,－４２０\n"
        "２０２４／０３／２６,給与,１５０，０００\n２０２４／０３／２８,家賃,－７０，０００\n",
        "-420 150000 -70000",
    ),
    "turnover of debit and credit": (
        ("UZS", "ru-UZ"),
        "Дата;Оборот Дт;Оборот Кт;Назначение\n25.03.2024;4200,00;;Хлеб\n"
        "26.03.2024;;150000,00;Зарплата\n28.03.2024;70000,00;;Аренда\n",
        "-4200.00 150000.00 -70000.00",
    ),
    "Hebrew months": (
        ("ILS", "he-IL"),
        "תאריך,תיאור הפעולה,חובה,זכות\n25 במרץ 2024,לחם,₪4.20,\n26 במרץ 2024,משכורת,,₪900.00\n"
        "28 באפריל 2024,שכר דירה,₪700.00,\n",
        "-4.20 900.00 -700.00",
    ),
    "drams": (
        ("AMD", "hy-AM"),
        'Ամսաթիվ,Գործարք,Ելք,Մուտք\n25.03.2024,հաց,"1,200",\n'
        '26.03.2024,աշխատավարձ,,"350,000"\n28.03.2024,վարձ,"170,000",\n',
        "-1200 350000 -170000",
    ),
    "Mongolian days": (
        ("MNT", "mn-MN"),
        "Огноо,Гүйлгээний утга,Орлого,Зарлага\n2024 оны 3 сарын 25,талх,,4200.50\n"
        '2024 оны 3 сарын 26,цалин,"900,000.00",\n2024 оны 3 сарын 28,эм,,700.00\n',
        "-4200.50 900000.00 -700.00",
    ),
}


@pytest.mark.parametrize("name", TABLES)
def test_tables_of_more_countries_are_read_without_a_question(name):
    (currency, locale), text, amounts = TABLES[name]
    rows, _file = read(text, ReadingContext(currency=currency, locale=locale))
    assert [row.amount for row in rows] == list(map(Decimal, amounts.split()))


def test_letters_with_an_accent_are_no_known_pair():
    text = (
        "Dags;Texti;Upphæð;Tegund\n25.03.2024;Brauð;420;Ú\n26.03.2024;Laun;150000;I\n"
        "27.03.2024;Kaffi;610;Ú\n28.03.2024;Leiga;70000;Ú\n"
    )
    detection = csv_file.detect(text.encode(), ReadingContext(currency="ISK", locale="is-IS"))
    flags = [reading.changes.get("outflow_flag") for reading in detection.readings]
    assert "u" in flags, detection.readings


@pytest.mark.parametrize(
    "heading", ["Määrä (sentit)", "Beløb i øre", "Сума в копійках", "Tutar kuruş"]
)
def test_amounts_in_hundredths_are_refused(heading):
    text = f"Date;Text;{heading}\n25.03.2024;Bread;-420\n26.03.2024;Pay;150000\n"
    with pytest.raises(UnreadableFile) as refused:
        csv_file.detect(text.encode(), NOTHING_KNOWN)
    assert refused.value.notices[0].code == NoticeCode.AMOUNTS_IN_CENTS
