"""Tables from banks the reader was not built for are read exactly or raise a question, never
silently misread.
"""

from collections import Counter
from decimal import Decimal
from random import Random

import pytest

from tests.depth import up_to
from transactions.sources.files import csv_file
from transactions.sources.files.incoming import IncomingTransaction
from transactions.sources.files.notices import Notice, NoticeCode
from transactions.sources.files.reading_context import ReadingContext
from transactions.tests.bank_layouts import LAYOUTS, fill, vary
from transactions.tests.measure_files import ASKED, EXACT, REFUSED, WRONG, result_of
from transactions.tests.statement_files import refused

SEED = 29
UK = ReadingContext("GBP", "checking", "en-GB", "Europe/London")
CARD = ReadingContext("GBP", "credit_card", "en-GB", "Europe/London")


def result(filled):
    total = sum((amount for _, amount in filled.payments), Decimal(0))
    context = filled.layout.context()
    return result_of(filled.data, len(filled.payments), total, context, sorted(filled.payments))


@pytest.mark.slow
@pytest.mark.once
def test_every_layout_that_tells_its_reading_is_read_exactly():
    random = Random(SEED)
    for layout in LAYOUTS:
        found, words = result(fill(layout, random))
        allowed = {EXACT} if layout.is_told else {EXACT, ASKED, REFUSED}
        assert found in allowed, (layout.name, found, words)


@pytest.mark.search
@pytest.mark.slow
@pytest.mark.once
def test_no_variation_of_a_layout_is_silently_misread():
    random = Random(SEED)
    counts: Counter[str] = Counter()
    for _ in range(up_to(300, quick=80)):
        layout = vary(random.choice(LAYOUTS), random)
        try:
            filled = fill(layout, random)
        except UnicodeEncodeError:
            continue
        found, words = result(filled)
        assert found != WRONG, (layout, words)
        counts[EXACT if not layout.is_told else found] += 1
    assert counts[EXACT] >= 0.95 * counts.total()
    assert counts[ASKED] <= 0.05 * counts.total()


def read(text, context=UK):
    """(the fields in doubt, the amounts of the likeliest reading)."""
    data = text.encode()
    detection = csv_file.detect(data, context)
    rows = list(csv_file.read(data, detection.mapping).rows)
    amounts = [str(row.amount) for row in rows if isinstance(row, IncomingTransaction)]
    return {name for name, _ in detection.doubts}, amounts


HEAD = "Date,Description,Amount\n"


def test_quoted_cell_may_have_lines_and_commas():
    text = (
        'Date,Description,Amount,Balance\n"May 27, 2025","Cafe, 50\nRef 1",-1.00,"1,099.00"\n'
        '"May 28, 2025","Shop, 2\nRef 2",-2.00,"1,097.00"\n"May 30, 2025",Pay,"1,003.00",'
        '"2,100.00"\n'
    )
    assert read(text) == (set(), ["-1.00", "-2.00", "1003.00"])


def test_two_columns_that_are_equally_named_are_asked():
    text = (
        "Date,Description,Value 1,Value 2\n13/02/2025,Shell,-50.10,-40.10\n"
        "15/02/2025,Pay,700.99,705.99\n16/02/2025,Cafe,-6.00,-5.00\n"
    )
    assert read(text)[0] == {"amount"}


def test_total_of_amount_and_tax_is_what_moved():
    text = (
        "Date,Description,Tax,Amount,Total\n13/02/2025,Shell,-4.10,-40.10,-44.20\n"
        "15/02/2025,Pay,0.00,700.99,700.99\n16/02/2025,Cafe,-1.00,-5.00,-6.00\n"
    )
    assert read(text) == (set(), ["-44.20", "700.99", "-6.00"])


@pytest.mark.parametrize("heading", ["Amount (cents)", "amount_minor", "Betrag in cent", "pence"])
def test_amounts_in_cents_are_refused_with_the_heading(heading):
    text = f"Date,Description,{heading}\n13/02/2025,Shell,-4010\n15/02/2025,Pay,70099\n"
    with refused("counted in cents"):
        csv_file.detect(text.encode(), UK)


def test_pay_that_leaves_an_account_of_income_is_asked():
    lines = "".join(f"{day:02d}/02/2025,Shop,{day}.00\n" for day in range(11, 16))
    assert read(f"{HEAD}{lines}16/02/2025,Payroll ACME,-700.99\n")[0] == {"sign_convention"}


def test_payments_of_a_card_tell_its_signs():
    text = (
        "Date,Type,Description,Amount\n13/02/2025,Sale,Shell,-40.10\n15/02/2025,Return,Zara,7.99\n"
        "16/02/2025,Sale,Hotel,-20.99\n17/02/2025,Payment,Thank you,21.99\n"
    )
    assert read(text, CARD) == (set(), ["-40.10", "7.99", "-20.99", "21.99"])


def test_dash_is_no_money_in_a_column_of_figures_and_minus_in_a_column_of_signs():
    pair = (
        "Date,Text,In,Out\n13/02/2025,Shell,-,40.10\n15/02/2025,Pay,700.99,-\n"
        "16/02/2025,Cafe,-,5.00\n"
    )
    assert read(pair) == (set(), ["-40.10", "700.99", "-5.00"])
    signs = (
        "Date,Text,Sign,Amount\n13/02/2025,Shell,-,40.10\n15/02/2025,Pay,+,700.99\n"
        "16/02/2025,Cafe,-,5.00\n"
    )
    assert read(signs)[1] == ["-40.10", "700.99", "-5.00"]


def test_year_in_front_is_the_likelier_where_the_days_lie_together():
    data = f"{HEAD}25-02-03,Shell,-40.10\n25-02-05,Pay,700.99\n25-03-01,Cafe,-3.00\n".encode()
    assert csv_file.detect(data, UK).alternatives["date_format"][0] == "%y-%m-%d"


def test_wide_digits_and_whole_currencies_group_thousands():
    yen = ReadingContext("JPY", "checking", "ja-JP", "Asia/Tokyo")
    text = "日付,摘要,支払い金額,預かり金額\n2025/02/01,a,１，２３４,\n2025/02/03,b,,２，０００\n"
    assert read(text, yen)[1] == ["-1234", "2000"]
    taiwan = ReadingContext("TWD", "checking", "zh-TW", "Asia/Taipei")
    text = '日期,摘要,支出,存入\n2025/02/01,a,"1,234",\n2025/02/03,b,,"2,000"\n'
    assert read(text, taiwan) == (set(), ["-1234", "2000"])


@pytest.mark.parametrize("label", ["Total", "Suma y sigue", "Zzz"])
def test_last_line_that_adds_up_all_others_is_no_payment_without_a_word(label):
    lines = "13/02/2025,a,-1.00\n13/02/2025,b,-2.00\n14/02/2025,c,-5.00\n"
    assert read(HEAD + lines)[1] == ["-1.00", "-2.00", "-5.00"]
    data = f"{HEAD}{lines}28/02/2025,{label},-8.00\n".encode()
    rows = list(csv_file.read(data, csv_file.detect(data, UK).mapping).rows)
    assert [getattr(row, "error", "") for row in rows] == [
        *[""] * 3,
        Notice(NoticeCode.MAY_BE_TOTAL),
    ]
    few = f"{HEAD}13/02/2025,a,-1.00\n13/02/2025,b,-2.00\n14/02/2025,{label},-3.00\n"
    # Of so few lines the sum may be a coincidence, unless its label says what it is.
    payments = ["-1.00", "-2.00", *(["-3.00"] if label == "Zzz" else [])]
    assert read(few)[1] == payments


EURO = ReadingContext("EUR", "checking", "de-DE", "Europe/Berlin")


@pytest.mark.parametrize(("out", "into"), [("S", "H"), ("Soll", "Haben"), ("Debe", "Haber")])
def test_words_of_direction_behind_an_amount_are_read(out, into):
    text = (
        f"Datum;Text;Betrag;Saldo\n14.03.2024;a;12,50 {out};987,50\n15.03.2024;b;40,00 {into};"
        f"1.027,50\n16.03.2024;c;7,50 {out};1.020,00\n"
    )
    assert read(text, EURO) == (set(), ["-12.50", "40.00", "-7.50"])


@pytest.mark.parametrize("heading", ["Situação", "Ergebnis", "Zzz"])
def test_column_of_a_few_words_tells_what_never_happened_under_any_heading(heading):
    text = (
        f"Data;Descrição;Valor;{heading}\n14/03/2024;Hotel;-90,00;Cancelado\n15/03/2024;Bar;-3,00;"
        "Efetivado\n16/03/2024;Loja;-4,00;Aguardando lote\n17/03/2024;Pag;5,00;Efetivado\n"
    )
    brazil = ReadingContext("BRL", "checking", "pt-BR", "America/Sao_Paulo")
    assert read(text, brazil) == (set(), ["-3.00", "-4.00", "5.00"])


def test_amount_beside_one_that_names_the_accounts_currency_is_asked():
    text = (
        "Datum;Text;Betrag;Wert EUR\n14.03.2024;a;10,00;9,00\n15.03.2024;b;-5,00;-4,00\n"
        "16.03.2024;c;-7,00;-6,50\n"
    )
    assert read(text, EURO) == ({"amount"}, ["10.00", "-5.00", "-7.00"])
    # With the tax in it, nothing is to be asked.
    taxed = text.replace("Wert EUR", "MwSt EUR").replace("9,00", "1,00").replace("-4,00", "-0,50")
    assert read(taxed, EURO) == (set(), ["10.00", "-5.00", "-7.00"])


def test_net_of_an_amount_is_what_moved_in_spanish():
    text = (
        "Fecha,Nombre,Bruto,Comisión,Neto,IVA\n14/03/2024,B,-11.90,0.00,-11.90,1.90\n"
        "15/03/2024,K,50.00,-1.50,48.50,0.24\n16/03/2024,L,-20.00,0.00,-20.00,3.19\n"
    )
    mexico = ReadingContext("MXN", "checking", "es-MX", "America/Mexico_City")
    assert read(text, mexico) == (set(), ["-11.90", "48.50", "-20.00"])
