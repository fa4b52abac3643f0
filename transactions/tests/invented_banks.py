"""Table formats of banks in many countries: headings, signs, dates and encodings.

The banks are invented but realistic. Nothing is derived from the reader, so the expected results
are independent of it.
"""

from dataclasses import dataclass

# language: date | value date | description | party | amount | money out | money in | balance |
# currency | direction | word for out | word for in | status | booked | pending | declined |
# opening balance | closing balance | total | fee | account holder
_WORDS = {
    "en": "Date|Value Date|Description|Payee|Amount|Debit|Credit|Balance|Currency|Type|Debit|"
    "Credit|Status|Completed|Pending|Declined|Opening Balance|Closing Balance|Total|Fee|Holder",
    "de": "Buchungstag|Valuta|Verwendungszweck|Empfänger|Betrag|Soll|Haben|Saldo|Währung|"
    "Soll/Haben|S|H|Status|Gebucht|Vorgemerkt|Abgelehnt|Anfangssaldo|Endsaldo|Summe|Gebühr|"
    "Inhaber",
    "fr": "Date|Date de valeur|Libellé|Bénéficiaire|Montant|Débit|Crédit|Solde|Devise|Sens|"
    "Débit|Crédit|Statut|Comptabilisé|En attente|Refusé|Solde initial|Solde final|Total|Frais|"
    "Titulaire",
    "es": "Fecha|Fecha valor|Concepto|Beneficiario|Importe|Cargo|Abono|Saldo|Divisa|Tipo|Cargo|"
    "Abono|Estado|Contabilizado|Pendiente|Rechazado|Saldo inicial|Saldo final|Total|Comisión|"
    "Titular",
    "it": "Data|Data valuta|Descrizione|Beneficiario|Importo|Dare|Avere|Saldo|Divisa|Tipo|"
    "Addebito|Accredito|Stato|Contabilizzato|In sospeso|Rifiutato|Saldo iniziale|Saldo finale|"
    "Totale|Commissione|Intestatario",
    "pt": "Data|Data valor|Descrição|Favorecido|Valor|Débito|Crédito|Saldo|Moeda|Tipo|Débito|"
    "Crédito|Estado|Concluído|Pendente|Recusado|Saldo inicial|Saldo final|Total|Taxa|Titular",
    "nl": "Datum|Rentedatum|Omschrijving|Naam tegenpartij|Bedrag|Af|Bij|Saldo|Valuta|Af Bij|Af|"
    "Bij|Status|Geboekt|In behandeling|Geweigerd|Beginsaldo|Eindsaldo|Totaal|Kosten|"
    "Rekeninghouder",
    "pl": "Data operacji|Data waluty|Opis operacji|Odbiorca|Kwota|Obciążenie|Uznanie|Saldo|"
    "Waluta|Rodzaj|Obciążenie|Uznanie|Status|Zaksięgowana|Oczekująca|Odrzucona|"
    "Saldo początkowe|Saldo końcowe|Razem|Prowizja|Właściciel",
    "cs": "Datum|Datum valuty|Popis|Protistrana|Částka|Výdaj|Příjem|Zůstatek|Měna|Směr|Odchozí|"
    "Příchozí|Stav|Zaúčtováno|Čekající|Zamítnuto|Počáteční zůstatek|Konečný zůstatek|Celkem|"
    "Poplatek|Majitel",
    "sk": "Dátum|Dátum valuty|Popis|Protistrana|Suma|Debet|Kredit|Zostatok|Mena|Smer|Debet|"
    "Kredit|Stav|Zaúčtované|Čakajúce|Zamietnuté|Počiatočný zostatok|Konečný zostatok|Spolu|"
    "Poplatok|Majiteľ",
    "hu": "Könyvelés dátuma|Értéknap|Közlemény|Partner neve|Összeg|Terhelés|Jóváírás|Egyenleg|"
    "Devizanem|Irány|Terhelés|Jóváírás|Állapot|Könyvelt|Függő|Elutasítva|Nyitó egyenleg|"
    "Záró egyenleg|Összesen|Díj|Tulajdonos",
    "ro": "Data|Data valutei|Descriere|Beneficiar|Sumă|Debit|Credit|Sold|Valută|Tip|Debit|Credit|"
    "Stare|Finalizată|În așteptare|Respinsă|Sold inițial|Sold final|Total|Comision|Titular",
    "bg": "Дата|Вальор|Описание|Получател|Сума|Дебит|Кредит|Салдо|Валута|Вид|Дебит|Кредит|"
    "Статус|Осчетоводена|Чакаща|Отказана|Начално салдо|Крайно салдо|Общо|Такса|Титуляр",
    "hr": "Datum|Datum valute|Opis|Primatelj|Iznos|Isplata|Uplata|Stanje|Valuta|Vrsta|Isplata|"
    "Uplata|Status|Provedeno|Na čekanju|Odbijeno|Početno stanje|Završno stanje|Ukupno|Naknada|"
    "Vlasnik",
    "sl": "Datum|Datum valute|Opis|Prejemnik|Znesek|Breme|Dobro|Stanje|Valuta|Vrsta|Breme|Dobro|"
    "Status|Knjiženo|V čakanju|Zavrnjeno|Začetno stanje|Končno stanje|Skupaj|Nadomestilo|"
    "Imetnik",
    "sr": "Datum|Datum valute|Opis|Primalac|Iznos|Isplata|Uplata|Stanje|Valuta|Vrsta|Isplata|"
    "Uplata|Status|Proknjiženo|Na čekanju|Odbijeno|Početno stanje|Krajnje stanje|Ukupno|"
    "Provizija|Vlasnik",
    "sv": "Datum|Valutadag|Text|Mottagare|Belopp|Uttag|Insättning|Saldo|Valuta|Typ|Uttag|"
    "Insättning|Status|Bokförd|Reserverat|Nekad|Ingående saldo|Utgående saldo|Summa|Avgift|"
    "Innehavare",
    "da": "Dato|Rentedato|Tekst|Modtager|Beløb|Ud|Ind|Saldo|Valuta|Type|Ud|Ind|Status|Bogført|"
    "Afventer|Afvist|Primo saldo|Ultimo saldo|I alt|Gebyr|Indehaver",
    "nb": "Dato|Rentedato|Forklaring|Mottaker|Beløp|Ut fra konto|Inn på konto|Saldo|Valuta|Type|"
    "Ut|Inn|Status|Bokført|Reservert|Avvist|Inngående saldo|Utgående saldo|Sum|Gebyr|Eier",
    "fi": "Kirjauspäivä|Arvopäivä|Selite|Saaja|Määrä|Veloitus|Hyvitys|Saldo|Valuutta|Tyyppi|"
    "Veloitus|Hyvitys|Tila|Kirjattu|Odottaa|Hylätty|Alkusaldo|Loppusaldo|Yhteensä|Palkkio|"
    "Omistaja",
    "et": "Kuupäev|Väärtuspäev|Selgitus|Saaja|Summa|Deebet|Kreedit|Saldo|Valuuta|Tüüp|D|K|Olek|"
    "Kinnitatud|Ootel|Tagasi lükatud|Algsaldo|Lõppsaldo|Kokku|Teenustasu|Omanik",
    "lv": "Datums|Valutēšanas datums|Maksājuma mērķis|Saņēmējs|Summa|Debets|Kredīts|Atlikums|"
    "Valūta|Veids|D|K|Statuss|Izpildīts|Gaida|Noraidīts|Sākuma atlikums|Beigu atlikums|Kopā|"
    "Komisija|Īpašnieks",
    "lt": "Data|Valiutavimo data|Paskirtis|Gavėjas|Suma|Debetas|Kreditas|Likutis|Valiuta|D/K|D|K|"
    "Būsena|Įvykdyta|Laukiama|Atmesta|Likutis pradžiai|Likutis pabaigai|Iš viso|Mokestis|"
    "Savininkas",
    "el": "Ημερομηνία|Ημερομηνία αξίας|Περιγραφή|Δικαιούχος|Ποσό|Χρέωση|Πίστωση|Υπόλοιπο|"
    "Νόμισμα|Είδος|Χρέωση|Πίστωση|Κατάσταση|Ολοκληρώθηκε|Εκκρεμεί|Απορρίφθηκε|"
    "Αρχικό υπόλοιπο|Τελικό υπόλοιπο|Σύνολο|Προμήθεια|Κάτοχος",
    "tr": "Tarih|Valör|Açıklama|Alıcı|Tutar|Borç|Alacak|Bakiye|Para Birimi|Tür|Borç|Alacak|Durum|"
    "Tamamlandı|Bekliyor|Reddedildi|Açılış bakiyesi|Kapanış bakiyesi|Toplam|Komisyon|Sahibi",
    "ru": "Дата операции|Дата валютирования|Назначение платежа|Получатель|Сумма|Расход|Приход|"
    "Остаток|Валюта|Тип|Расход|Приход|Статус|Исполнено|В обработке|Отклонено|Входящий остаток|"
    "Исходящий остаток|Итого|Комиссия|Владелец",
    "uk": "Дата операції|Дата валютування|Призначення платежу|Отримувач|Сума|Видаток|Надходження|"
    "Залишок|Валюта|Тип|Видаток|Надходження|Статус|Виконано|В обробці|Відхилено|"
    "Вхідний залишок|Вихідний залишок|Всього|Комісія|Власник",
    "ja": "取引日|起算日|摘要|相手先|金額|出金額|入金額|残高|通貨|入出金|出金|入金|状態|完了|"
    "保留中|失敗|前月繰越|次月繰越|合計|手数料|名義",
    "zh": "交易日期|起息日|摘要|对方户名|金额|支出|收入|余额|币种|收/支|支出|收入|状态|成功|"
    "处理中|失败|期初余额|期末余额|合计|手续费|户名",
    "zt": "交易日期|起息日|摘要|對方戶名|金額|支出|存入|餘額|幣別|類型|支出|存入|狀態|完成|"
    "處理中|失敗|期初餘額|期末餘額|合計|手續費|戶名",
    "ko": "거래일자|기산일|적요|받는분|금액|출금액|입금액|잔액|통화|구분|출금|입금|상태|완료|"
    "대기|실패|이월잔액|최종잔액|합계|수수료|예금주",
    "ar": "التاريخ|تاريخ القيمة|الوصف|المستفيد|المبلغ|مدين|دائن|الرصيد|العملة|النوع|مدين|دائن|"
    "الحالة|مكتمل|معلق|مرفوض|الرصيد الافتتاحي|الرصيد الختامي|المجموع|الرسوم|صاحب الحساب",
    "he": "תאריך|תאריך ערך|תיאור|מוטב|סכום|חובה|זכות|יתרה|מטבע|סוג|חובה|זכות|סטטוס|הושלם|"
    "ממתין|נדחה|יתרת פתיחה|יתרת סגירה|סך הכל|עמלה|בעלים",
    "th": "วันที่|วันที่มีผล|รายละเอียด|ผู้รับ|จำนวนเงิน|ถอน|ฝาก|ยอดคงเหลือ|สกุลเงิน|ประเภท|ถอน|"
    "ฝาก|สถานะ|สำเร็จ|รอดำเนินการ|ปฏิเสธ|ยอดยกมา|ยอดยกไป|รวม|ค่าธรรมเนียม|เจ้าของบัญชี",
    "vi": "Ngày giao dịch|Ngày hiệu lực|Diễn giải|Người thụ hưởng|Số tiền|Ghi nợ|Ghi có|Số dư|"
    "Loại tiền|Loại|Ghi nợ|Ghi có|Trạng thái|Thành công|Đang chờ|Từ chối|Số dư đầu kỳ|"
    "Số dư cuối kỳ|Tổng cộng|Phí|Chủ tài khoản",
    "id": "Tanggal|Tanggal Valuta|Keterangan|Penerima|Jumlah|Debet|Kredit|Saldo|Mata Uang|Jenis|"
    "DB|CR|Status|Berhasil|Tertunda|Ditolak|Saldo Awal|Saldo Akhir|Total|Biaya|Pemilik",
    "ms": "Tarikh|Tarikh Nilai|Keterangan|Penerima|Jumlah|Debit|Kredit|Baki|Mata Wang|Jenis|Debit|"
    "Kredit|Status|Berjaya|Tertunda|Ditolak|Baki Awal|Baki Akhir|Jumlah Besar|Caj|Pemilik",
}
NAMES = (
    *("date", "value_date", "description", "party", "amount", "out", "into", "balance"),
    *("currency", "direction", "word_out", "word_in", "status", "booked", "pending", "declined"),
    *("opening", "closing", "total", "fee", "holder"),
)
WORDS = {
    language: dict(zip(NAMES, words.split("|"), strict=True)) for language, words in _WORDS.items()
}


@dataclass(frozen=True)
class Country:
    """One country's habits; ``group`` separates thousands, "" if they aren't separated."""

    code: str
    language: str
    currency: str
    decimal: str
    group: str
    dates: tuple[str, ...]
    delimiter: str
    encodings: tuple[str, ...]
    symbol: str = ""
    digits: int = 2
    time_zone: str = ""


def _country(line: str) -> Country:
    code, language, currency, marks, dates, delimiter, encodings, symbol, digits, zone = line.split(
        "~"
    )
    return Country(
        *(code, language, currency, marks[0], marks[1:].replace("_", "\u00a0")),
        *(tuple(dates.split("|")), delimiter.replace("T", "\t"), tuple(encodings.split("|"))),
        *(symbol, int(digits), zone),
    )


COUNTRIES = [
    _country(line)
    for line in """
US~en~USD~.,~%m/%d/%Y|%m/%d/%y|%b %d, %Y~,~utf-8~$~2~America/New_York
CA~en~CAD~.,~%Y-%m-%d|%m/%d/%Y~,~utf-8~$~2~America/Toronto
GB~en~GBP~.,~%d/%m/%Y|%d %b %Y|%d-%b-%y~,~utf-8|cp1252~£~2~Europe/London
IE~en~EUR~.,~%d/%m/%Y|%d %b %y~,~utf-8~€~2~Europe/Dublin
AU~en~AUD~.,~%d/%m/%Y|%d %b %Y~,~utf-8~$~2~Australia/Sydney
NZ~en~NZD~.,~%d/%m/%Y|%d-%m-%Y~,~utf-8~$~2~Pacific/Auckland
IN~en~INR~.,~%d/%m/%y|%d-%b-%Y|%d/%m/%Y~,~utf-8~₹~2~Asia/Kolkata
ZA~en~ZAR~._~%Y/%m/%d|%d %b %Y~,~utf-8~R~2~Africa/Johannesburg
NG~en~NGN~.,~%d-%b-%Y|%d/%m/%Y~,~utf-8~₦~2~Africa/Lagos
KE~en~KES~.,~%d/%m/%Y|%Y-%m-%d %H:%M:%S~,~utf-8~KSh~2~Africa/Nairobi
SG~en~SGD~.,~%d %b %Y|%d/%m/%Y~,~utf-8~S$~2~Asia/Singapore
PH~en~PHP~.,~%m/%d/%Y|%b %d, %Y~,~utf-8~₱~2~Asia/Manila
KW~en~KWD~.,~%d/%m/%Y~,~utf-8~KD~3~Asia/Kuwait
DE~de~EUR~,.~%d.%m.%Y|%d.%m.%y~;~utf-8|cp1252|utf-8-sig~€~2~Europe/Berlin
AT~de~EUR~,.~%d.%m.%Y~;~utf-8|cp1252~€~2~Europe/Vienna
CH~de~CHF~.'~%d.%m.%Y|%Y-%m-%d~;~utf-8|cp1252~CHF~2~Europe/Zurich
FR~fr~EUR~,_~%d/%m/%Y|%d/%m/%y~;~utf-8|cp1252~€~2~Europe/Paris
BE~fr~EUR~,.~%d/%m/%Y|%d-%m-%Y~;~utf-8|cp1252~€~2~Europe/Brussels
ES~es~EUR~,.~%d/%m/%Y|%d-%m-%Y~;~utf-8|cp1252~€~2~Europe/Madrid
MX~es~MXN~.,~%d/%m/%Y|%d-%b-%Y~,~utf-8|cp1252~$~2~America/Mexico_City
AR~es~ARS~,.~%d/%m/%Y~;~utf-8|cp1252~$~2~America/Buenos_Aires
CL~es~CLP~,.~%d-%m-%Y|%d/%m/%Y~;~utf-8~$~0~America/Santiago
CO~es~COP~,.~%d/%m/%Y|%Y/%m/%d~;~utf-8~$~2~America/Bogota
IT~it~EUR~,.~%d/%m/%Y|%d.%m.%Y~;~utf-8|cp1252~€~2~Europe/Rome
PT~pt~EUR~,.~%d-%m-%Y|%d/%m/%Y~;~utf-8|cp1252~€~2~Europe/Lisbon
BR~pt~BRL~,.~%d/%m/%Y~;~utf-8|cp1252~R$~2~America/Sao_Paulo
NL~nl~EUR~,.~%d-%m-%Y|%Y%m%d~;~utf-8~€~2~Europe/Amsterdam
PL~pl~PLN~,_~%Y-%m-%d|%d.%m.%Y|%d-%m-%Y~;~utf-8|cp1250~zł~2~Europe/Warsaw
CZ~cs~CZK~,_~%d.%m.%Y~;~utf-8|cp1250~Kč~2~Europe/Prague
SK~sk~EUR~,_~%d.%m.%Y~;~utf-8|cp1250~€~2~Europe/Bratislava
HU~hu~HUF~,_~%Y.%m.%d.|%Y-%m-%d~;~utf-8|cp1250~Ft~0~Europe/Budapest
RO~ro~RON~,.~%d.%m.%Y|%d/%m/%Y~;~utf-8~lei~2~Europe/Bucharest
BG~bg~BGN~._~%d.%m.%Y~;~utf-8|cp1251~лв~2~Europe/Sofia
HR~hr~EUR~,.~%d.%m.%Y.|%d.%m.%Y~;~utf-8|cp1250~€~2~Europe/Zagreb
SI~sl~EUR~,.~%d.%m.%Y~;~utf-8|cp1250~€~2~Europe/Ljubljana
RS~sr~RSD~,.~%d.%m.%Y.~;~utf-8~din~2~Europe/Belgrade
SE~sv~SEK~,_~%Y-%m-%d~;~utf-8|cp1252~kr~2~Europe/Stockholm
DK~da~DKK~,.~%d-%m-%Y|%d.%m.%Y~;~utf-8|cp1252~kr~2~Europe/Copenhagen
NO~nb~NOK~,_~%d.%m.%Y~;~utf-8|cp1252~kr~2~Europe/Oslo
FI~fi~EUR~,_~%d.%m.%Y~;~utf-8|cp1252~€~2~Europe/Helsinki
EE~et~EUR~,_~%d.%m.%Y~;~utf-8~€~2~Europe/Tallinn
LV~lv~EUR~,_~%d.%m.%Y|%Y-%m-%d~;~utf-8|cp1257~€~2~Europe/Riga
LT~lt~EUR~,_~%Y-%m-%d|%Y.%m.%d~;~utf-8|cp1257~€~2~Europe/Vilnius
GR~el~EUR~,.~%d/%m/%Y~;~utf-8|cp1253~€~2~Europe/Athens
TR~tr~TRY~,.~%d.%m.%Y|%d/%m/%Y~;~utf-8|cp1254~₺~2~Europe/Istanbul
RU~ru~RUB~,_~%d.%m.%Y|%d.%m.%Y %H:%M~;~utf-8|cp1251~₽~2~Europe/Moscow
UA~uk~UAH~,_~%d.%m.%Y~;~utf-8|cp1251~₴~2~Europe/Kyiv
JP~ja~JPY~.,~%Y/%m/%d|%Y年%m月%d日|%Y%m%d~,~utf-8|cp932~¥~0~Asia/Tokyo
CN~zh~CNY~.,~%Y-%m-%d|%Y%m%d|%Y/%m/%d~,~utf-8|gb18030~¥~2~Asia/Shanghai
TW~zt~TWD~.,~%Y/%m/%d~,~utf-8|big5~NT$~0~Asia/Taipei
KR~ko~KRW~.,~%Y-%m-%d|%Y.%m.%d~,~utf-8|euc-kr~₩~0~Asia/Seoul
AE~ar~AED~.,~%d/%m/%Y|%d-%m-%Y~,~utf-8~د.إ~2~Asia/Dubai
EG~ar~EGP~٫٬~%d/%m/%Y~;~utf-8~ج.م~2~Africa/Cairo
IL~he~ILS~.,~%d/%m/%Y|%d.%m.%Y~,~utf-8~₪~2~Asia/Jerusalem
TH~th~THB~.,~BE%d/%m/%Y|%d/%m/%Y~,~utf-8~฿~2~Asia/Bangkok
VN~vi~VND~,.~%d/%m/%Y~;~utf-8~₫~0~Asia/Ho_Chi_Minh
ID~id~IDR~,.~%d/%m/%Y|%d-%m-%Y~;~utf-8~Rp~2~Asia/Jakarta
MY~ms~MYR~.,~%d/%m/%Y|%d-%m-%Y~,~utf-8~RM~2~Asia/Kuala_Lumpur
""".strip().splitlines()
]
