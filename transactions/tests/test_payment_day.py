"""Which of two dates is the day of payment, under headings in a language nobody listed."""

import pytest

from transactions.sources.files import csv_file
from transactions.sources.files.reading_context import ReadingContext

pytestmark = pytest.mark.once
EURO = ReadingContext("EUR", "checking", "de-DE", "Europe/Berlin")
UNKNOWN = "Gubo;Zarak;Trimo;Vlop"
# Thursday to Thursday.
DAYS = ["14.03.2024", "15.03.2024", "18.03.2024", "19.03.2024", "20.03.2024", "21.03.2024"]
LATER = ["15.03.2024", "15.03.2024", "19.03.2024", "21.03.2024", "20.03.2024", "22.03.2024"]
BOTH_SIDES = ["13.03.2024", "18.03.2024", "15.03.2024", "20.03.2024", "20.03.2024", "21.03.2024"]
EARLIER = ["13.03.2024", "15.03.2024", "12.03.2024", "19.03.2024", "14.03.2024", "21.03.2024"]
WEEKENDS = ["10.03.2024", "15.03.2024", "16.03.2024", "17.03.2024", "15.03.2024", "21.03.2024"]


def table(first, second, heading=UNKNOWN, text="Laden"):
    lines = [
        f"{one};{two};{text.replace('<day>', two[:6])} {place};-{place + 1},50"
        for place, (one, two) in enumerate(zip(first, second, strict=True))
    ]
    return "\n".join([*([heading] if heading else []), *lines, ""])


def dates(text):
    """(the column of the payment's day, the bookings' column, the choices if it is asked)."""
    found = csv_file.detect(text.encode(), EURO)
    asked = found.alternatives.get("txn_date", [])
    assert bool(asked) == ("txn_date" in dict(found.doubts))
    return found.mapping.txn_date, found.mapping.posted_date, asked


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        # The file is in the order of the first, and the second is never earlier.
        (table(DAYS, LATER), (0, 1)),
        (table(DAYS[::-1], LATER[::-1]), (0, 1)),
        # No day of payment comes after its booking, so the unordered one is the value day.
        (table(DAYS, BOTH_SIDES), (0, 1)),
        (table(BOTH_SIDES, DAYS), (1, 0)),
        # Banks book on no weekend; people pay on them.
        (table(DAYS, WEEKENDS), (1, 0)),
        # Only tills know the time of day, and the text of a card payment names its day.
        (table(DAYS[1:4], [f"{day} 14:05:11" for day in DAYS[:3]]), (1, 0)),
        (table(DAYS[1:4], DAYS[:3], text="KARTE <day> 14.33"), (1, 0)),
        # All days of the first lie in the statement's period.
        ("Gubo;14.03.2024 - 22.03.2024\n\n"
         + table(BOTH_SIDES[1:4], ["17.03.2024", "19.03.2024", "25.03.2024"]), (0, 1)),
    ],
)  # fmt: skip
def test_evidence_proves_the_day_of_payment(text, wanted):
    assert dates(text) == (*wanted, [])


@pytest.mark.parametrize(
    ("text", "choices"),
    [
        # Payment before booking, or value day before booking: both are usual.
        (table(DAYS, EARLIER), [1, 0]),
        # Too few lines to be in an order.
        (table(DAYS[:3], DAYS[1:4]), [0, 1]),
        # Times of midnight are no times of day.
        (table(DAYS[1:4], [f"{day} 00:00:00" for day in DAYS[:3]]), [1, 0]),
        # Two headings with the word for a day in them, neither of them known.
        (table(DAYS[:3], DAYS[1:4], "Datum Gubo;Datum Zarak;Text;Betrag"), [0, 1]),
        (table(DAYS[:3], DAYS[1:4], "תאריך מוזר;יום מוזר;תיאור;סכום"), [0, 1]),
        # What is known to be the booking doesn't say what the other day is.
        (table(DAYS[1:4], DAYS[:3], "Buchungstag;Zarak;Text;Betrag"), [1, 0]),
    ],
)
def test_unproved_day_is_asked_with_the_likelier_first(text, choices):
    assert dates(text) == (choices[0], choices[1], choices)
    found = csv_file.detect(text.encode(), EURO)
    shown = [{example.on for example in reading.examples} for reading in found.readings]
    assert len(shown) == 2
    assert shown[0] != shown[1]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        # Without any headings the first is the day of payment (CASES 5.9).
        (table(DAYS[:3], DAYS[1:4], ""), (0, 1)),
        (table(DAYS[:3], DAYS[:3]), (0, None)),
        # Beside a value day or a due day, the other one is the payment's.
        (table(DAYS[1:4], DAYS[:3], "Valuta;Zarak;Text;Betrag"), (1, None)),
        (table(DAYS[:3], DAYS[1:4], "Gubo;Due date;Text;Betrag"), (0, None)),
        (table(DAYS[1:4], DAYS[:3], "Buchungstag;Valuta;Text;Betrag"), (0, None)),
    ],
)
def test_nothing_is_asked_where_the_file_tells(text, wanted):
    found = dates(text)
    assert found[2] == []
    assert found[0] == wanted[0]


@pytest.mark.parametrize("heading", [UNKNOWN, "Gubo;Zarak;Saldo;Vlop"])
def test_headings_nobody_knows_may_stand_above_an_opening_balance(heading):
    rows = table(DAYS, LATER, heading).split("\n", 1)
    text = f"{rows[0]}\n;;Anfangssaldo;100,00\n{rows[1]}"
    found = csv_file.detect(text.encode(), EURO)
    assert found.mapping.header_line == 1
    assert found.columns == heading.split(";")


COUNTERPARTIES = {
    "iban": ["DE02120300000000202051", "DE89370400440532013000", "DE75512108001245126199"],
    "spaced iban": ["DE02 1203 0000 0000 2020 51", "DE89 3704 0044 0532 0130 00", "FR14 2004 1010"],
    "bic": ["COBADEFFXXX", "DEUTDEFF", "INGDDEFFXXX"],
    "numbers": ["20-15-55 12345678", "60-83-71 87654321", "40-47-84 70872490"],
}


@pytest.mark.parametrize("heading", [UNKNOWN, "Datum;IBAN;Name;Betrag", ""])
@pytest.mark.parametrize("kind", COUNTERPARTIES)
def test_account_numbers_and_bank_codes_name_nobody(kind, heading):
    lines = [
        f"{day};{code};{name};-{place + 1},50"
        for place, (day, code, name) in enumerate(
            zip(DAYS, COUNTERPARTIES[kind], ("Laden", "Bahn", "Kino"), strict=False)
        )
    ]
    data = "\n".join([*([heading] if heading else []), *lines, ""]).encode()
    rows = csv_file.read(data, csv_file.detect(data, EURO).mapping).rows
    assert [row.description for row in rows] == ["Laden", "Bahn", "Kino"]


def test_account_number_is_shown_where_nothing_else_is():
    lines = [f"{day};{code};-1,50" for day, code in zip(DAYS, COUNTERPARTIES["iban"], strict=False)]
    data = "\n".join(["Gubo;Zarak;Vlop", *lines, ""]).encode()
    rows = csv_file.read(data, csv_file.detect(data, EURO).mapping).rows
    assert [row.description for row in rows] == COUNTERPARTIES["iban"]
