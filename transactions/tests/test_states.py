"""States of payments in many languages: what never happened is no money, what was taken back is a
line of the other sign.
"""

import pytest

from transactions.sources.files import csv_file
from transactions.sources.files.incoming import IncomingTransaction, SkippedRow
from transactions.sources.files.reading_context import ReadingContext

pytestmark = pytest.mark.once
EURO = ReadingContext("EUR", "checking", "de-DE", "Europe/Berlin")
NEVER_HAPPENED = (
    "Declined|DECLINED|Cancelled|Canceled|Void|Voided|VOID|Failed|Rejected|Reversed|Reverted|"
    "Refused|Denied|Expired|Not processed|Unsuccessful|Payment declined|"
    "Transaction cancelled|Declined - insufficient funds|Declined (51)|Cancelled by merchant|"
    "Abgelehnt|Storniert|Zurückgewiesen|Zahlung abgelehnt|Nicht ausgeführt|Abgebrochen|"
    "Fehlgeschlagen|Rückgängig gemacht|Refusé|Refusée|Annulé|Annulée|Rejeté|Paiement refusé|"
    "Échoué|Échouée|Rechazado|Rechazada|Cancelado|Anulado|Pago rechazado|Denegada|Fallido|"
    "Rifiutato|Annullato|Stornato|Respinto|Non riuscito|Fallito|Recusado|Recusada|Estornado|"
    "Cancelada|Não autorizado|Negada|Geweigerd|Geannuleerd|Mislukt|Afgewezen|Teruggedraaid|"
    "Odrzucona|Odrzucono|Anulowana|Anulowano|Nieudana|Zamítnuto|Zrušeno|Stornováno|Neúspěšná|"
    "Zamietnutá|Zrušené|Elutasítva|Törölve|Sztornózva|Sikertelen|Respinsă|Anulată|Eșuată|"
    "Отклонено|Отклонён|Отменено|Отменена|Отказ|Неуспешно|Відхилено|Скасовано|Отказана|"
    "Сторнирана|Odbijeno|Otkazano|Stornirano|Poništeno|Zavrnjeno|Preklicano|Avvisad|Nekad|"
    "Avbruten|Makulerad|Misslyckades|Afvist|Annulleret|Avvist|Kansellert|Mislyktes|Hylätty|"
    "Peruttu|Peruutettu|Epäonnistui|Tagasi lükatud|Tühistatud|Noraidīts|Atcelts|Atmesta|"
    "Atšaukta|Απορρίφθηκε|Ακυρώθηκε|Reddedildi|İptal edildi|Başarısız|失敗|取消|却下|已取消|"
    "已拒绝|已退回|"
    "已撤销|실패|취소됨|취소|거절|거절됨|مرفوض|ملغاة|ملغي|مرفوضة|נדחה|בוטל|נדחתה|ปฏิเสธ|ยกเลิก|ล้มเหลว|"
    "Bị từ chối|Đã hủy|Thất bại|Ditolak|Dibatalkan|Gagal|अस्वीकृत|रद्द|असफल|"
    "Declined by issuer|AUTHORISATION DECLINED|Auth declined"
)
REVERSALS = (
    "Reversal|Purchase reversal|Payment reversal|Storno|Stornierung Lastschrift|"
    "Rücklastschrift|Rückbuchung|Storno Kartenzahlung|Contrepassation|Annulation opération|"
    "Extourne|Extorno|Anulación compra|Reverso|Retrocesión|Storno addebito|Estorno|"
    "Estorno de compra|Terugboeking|Storno transakcji|Zwrot|Storno platby|Сторно|Возврат|"
    "Отмена операции|Återföring|Tilbageførsel|Palautus|Chargeback|Correction|Refund|返金|取消返金|"
    "退款|冲正|환불|취소환불|إلغاء عملية|ביטול עסקה|Void purchase|Returned direct debit|"
    "Cancelled purchase refund|Αντιλογισμός|İade|İptal iade"
)


def read(heading, *lines):
    """(amounts, days left out) of a table that asks nothing."""
    text = "\n".join([heading, *lines, ""])
    found = csv_file.detect(text.encode(), EURO)
    assert found.doubts == []
    rows = list(csv_file.read(text.encode(), found.mapping).rows)
    left_out = [row.txn_date.day for row in rows if isinstance(row, SkippedRow)]
    return [str(row.amount) for row in rows if isinstance(row, IncomingTransaction)], left_out


@pytest.mark.slow
@pytest.mark.parametrize("heading", ["Status", "Zzz"])
def test_payment_that_never_happened_is_no_money(heading):
    for state in NEVER_HAPPENED.split("|"):
        lines = [
            f"14.03.2024;Hotel;-90,00;{state}",
            "15.03.2024;Bar;-3,00;Completed",
            "16.03.2024;Shop;-4,00;Completed",
            "17.03.2024;Pay;50,00;Completed",
        ]
        found = read(f"Datum;Text;Betrag;{heading}", *lines)
        assert found == (["-3.00", "-4.00", "50.00"], [14]), state


@pytest.mark.parametrize("tail", ["", " Hotel"])
def test_reversal_is_a_line_of_the_other_sign(tail):
    for word in REVERSALS.split("|"):
        lines = [
            "14.03.2024;Hotel;-90,00",
            f"15.03.2024;{word}{tail};90,00",
            "16.03.2024;Shop;-4,00",
            "17.03.2024;Pay;50,00",
        ]
        assert read("Datum;Text;Betrag", *lines)[0] == ["-90.00", "90.00", "-4.00", "50.00"], word


STATES = "Datum;Text;Betrag;Status"
REST = ("16.03.2024;Shop;-4,00;Completed", "17.03.2024;Pay;50,00;Completed")


@pytest.mark.parametrize("text", ["Storno Hotel", "Reversal", "Hotel"])
def test_reversed_payment_counts_if_another_line_takes_it_back(text):
    lines = ("14.03.2024;Hotel;-90,00;Reversed", f"15.03.2024;{text};90,00;Completed", *REST)
    assert read(STATES, *lines) == (["-90.00", "90.00", "-4.00", "50.00"], [])


@pytest.mark.parametrize(
    "lines",
    [
        # Both sides say so, or nothing takes it back.
        ("14.03.2024;Hotel;-90,00;Reversed", "15.03.2024;Hotel;90,00;Reversed"),
        ("14.03.2024;Hotel;-90,00;Reversed", "15.03.2024;Hotel;-90,00;Declined"),
    ],
)
def test_reversed_payment_is_left_out_if_no_line_takes_it_back(lines):
    assert read(STATES, *lines, *REST) == (["-4.00", "50.00"], [14, 15])


def test_balance_tells_whether_a_reversed_payment_moved_money():
    heading = "Datum;Text;Betrag;Saldo;Status"
    first = "13.03.2024;Bar;-10,00;1000,00;Completed"
    moved = (
        "14.03.2024;Hotel;-90,00;910,00;Reversed",
        "15.03.2024;Shop;-4,00;906,00;Completed",
        "16.03.2024;Pay;50,00;956,00;Completed",
    )
    assert read(heading, first, *moved) == (["-10.00", "-90.00", "-4.00", "50.00"], [])
    still = (
        "14.03.2024;Hotel;-90,00;1000,00;Declined",
        "15.03.2024;Shop;-4,00;996,00;Completed",
        "16.03.2024;Pay;50,00;1046,00;Completed",
    )
    assert read(heading, first, *still) == (["-10.00", "-4.00", "50.00"], [14])
