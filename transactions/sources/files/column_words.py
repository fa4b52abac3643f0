"""The words banks use as column headings, in many languages.

Words are folded (lower case, no accents, punctuation as one space), separated by "|" and in order
of preference. An exact match scores higher than a heading that contains the word.
"""

import re
from functools import lru_cache

from transactions.sources.files.amounts import CURRENCY_CODES
from transactions.sources.files.values import fold

_WORDS = {
    "txn_date": "transaction date|date of transaction|trans date|txn date|date operation|"
    "date op|op date|dagsetning|dags|date de l operation|date d operation|date transaction|"
    "date de transaction|purchase date|"
    "date of purchase|started date|date|datum|fecha|data|dato|belegdatum|transaktionsdatum|"
    "kaufdatum|umsatzdatum|transaktionsdag|fecha operacion|fecha de operacion|f operacion|"
    "data operazione|data operacji|data transakcji|data movimento|data da operacao|"
    "transactiedatum|datum verrichting|datum provedeni|datum transakce|datum operace|datum platby|"
    "execution date|tranzakcio datuma|tranzakcio ideje|idopont|paiva|paivamaara|tapahtumapaiva|"
    "operacijos data|kuupaev|datums|tarih|islem tarihi|created|created on|created at|date time|"
    "datetime|timestamp|time|дата|дата операции|дата операції|取引日|お取引日|日付|年月日|"
    "利用日|ご利用日|交易日期|交易时间|日期|거래일자|거래일시|거래일|일자|날짜|ημερομηνια"
    "|יום|יום פעולה|date of operation|posting day|дата на операция|дата транзакции|дата операції"
    "|дата та час|дата транзакції|תאריך|תאריך פעולה|תאריך עסקה|التاريخ|تاريخ|تاريخ العملية"
    "|تاريخ المعاملة|วันที่|วันที่ทำรายการ|ngay|ngay giao dich|tanggal|tanggal transaksi"
    "|tgl|tarikh|tarikh transaksi|datum transakcije|datum knjizenja|datum izvrsenja"
    "|datum operacije|datum transakcie|datum realizacie|datum spracovania|data tranzactiei"
    "|data operatiunii|data tranzactie|ημερομηνια συναλλαγης|ημ νια|tehingu kuupaev"
    "|darijuma datums|kjopsdato|transaksjonsdato|kjøpsdato|data oper|交易日|交易時間|交易日期|"
    "入帳日期"
    "|日付時刻|거래 일시|거래 일자|दिनांक|तारीख|dag|fecha de transaccion|fecha movimiento|data mov"
    "|data do movimento|data movimiento|kbc datum|date of booking|data lancamento"
    "|data do lancamento",
    "posted_date": "posting date|posted date|post date|posted|posted on|booking date|date booked|"
    "booked|completed date|settlement date|processed date|process date|buchungstag|buchungsdatum|"
    "buchung|datum zauctovani|zauctovano|date de comptabilisation|date comptable|"
    "date comptabilisation|fecha contable|fecha de contabilizacion|data contabile|"
    "data ksiegowania|boekdatum|boekingsdatum|datum verrekening|bokforingsdag|bokforingsdatum|"
    "bogforingsdato|bokforingsdato|bokfort|konyveles datuma|konyvelesi datum|konyveles napja|"
    "konyvelesi nap|kirjauspaiva|"
    "data do balancete|data contabil|datum splatnosti|дата проводки|дата обработки|记账日期"
    "|осчетоводена|дата на осчетоводяване|תאריך חיוב|תאריך רישום|تاريخ الترحيل|วันที่บันทึก"
    "|tanggal posting|tarikh pos|datum obdelave|datum zuctovania|入账日期|入帳日"
    "|data inregistrarii|kirjauspaivamaara|boekdag",
    "value_date": "value date|valuta|valuta date|valutadatum|valutadate|wertstellung|wert|"
    "wertstellungstag|wertstellungsdatum|date de valeur|date valeur|fecha valor|fecha de valor|"
    "f valor|data valuta|data valor|data waluty|rentedatum|valutadag|valutadato|rentedato|"
    "erteknap|arvopaiva|effective date"
    "|вальор|дата валютирования|дата валютування|תאריך ערך|تاريخ القيمة|تاريخ الاستحقاق"
    "|יום ערך|יום הערך"
    "|วันที่มีผล|ngay hieu luc|tanggal valuta|tanggal efektif|tarikh nilai|datum valute"
    "|datum valuty|data valutei|vaxtadagur|vaxtadags|ημερομηνια αξιας|valor|valeur|vaartuspaev"
    "|datum odepsani|datum odepsani z jine banky|splatnost"
    "|valutesanas datums|valiutavimo data|起算日|起息日|기산일|valor tarihi|date value|val date",
    "amount": "net|amount|transaction amount|net amount|account amount|booked amount|betrag|"
    "buchungsbetrag|umsatz|importe|importo|montant|montant de l operation|bedrag|"
    "transactiebedrag|valor|kwota|kwota operacji|kwota transakcji|castka|objem|zauctovana castka|"
    "osszeg|tranzakcio osszege|belopp|belob|belop|suma|sumos|summa|maara|iznos|znesek|tutar|"
    "mutatie|change|wijziging|mutation|value|sum|сумма|сумма операции|сума|сумма платежа|ποσο|"
    "金額|取引金額|利用金額|金额|交易金额|금액|거래금액|gross|total"
    "|netto|nettobetrag|netto betrag|montant net|סכום|סכום חיוב|סכום הפעולה|סכום בשח|المبلغ"
    "|مبلغ|قيمة العملية|จำนวนเงิน|so tien|so tien giao dich|jumlah|nominal|amaun"
    "|suma operacijos|сума операції|сума транзакції|сума у валюті картки"
    "|сумма в валюте счета|кількість|znesek transakcije|iznos transakcije|iznos u valuti"
    "|suma tranzactiei|importe eur|quantia|montante|cantidad|monto|monto transaccion"
    "|neto|importe neto|monto neto|valor liquido|importo netto|kwota netto|netto belopp"
    "|ποσο συναλλαγης|金额 元|收支金额|發生額|发生额|거래 금액|이용금액|राशि|brutto|"
    "bruttobetrag|islem tutari",
    "debit": "支払い金額|支払金額|お支払金額|"
    "debit|debits|debit amount|withdrawal|withdrawals|withdrawal amount|withdrawn|"
    "paid out|money out|out|outflow|spent|spending|expense|expenses|payments|charges|soll|"
    "belastung|belastungen|lastschrift|ausgabe|ausgaben|ausgang|abgang|debe|cargo|cargos|retiro|"
    "retiros|gasto|gastos|egreso|egresos|uscite|uscita|dare|addebiti|addebito|debito|debitos|"
    "saida|saidas|af|uitgaven|uit|debet|afschrijving|obciazenia|obciazenie|wydatki|wyplaty|"
    "wyplata|vydaje|vydaj|odchozi|terheles|kiadas|uttag|ut|utgift|utgifter|debetas|debitai|"
    "nurasyta|retrageri|plati|depense|depenses|retrait|retraits|出金|出金額|お引出し|お引出金額|"
    "引出|支払金額|お支払金額|支出|찾으신금액|출금액|출금|расход|списание|borc|decrease"
    "|isplata|isplate|isplaceno|terecenje|zaduzenje|duguje|breme|v breme|odliv|naplate"
    "|rashod|debet|debety|deebet|debets|debetas|veloitus|veloitukset|panot ja otot|otto"
    "|ut fra konto|ut av konto|ud af konto|дебит|дебет|видаток|витрати|видатки|списано"
    "|израсход|χρεωση|χρεωσεις|αναληψη|borc tutari|giden|cikis|מדין|חובה|בחובה|חיוב|مدين"
    "|سحب|المسحوبات|ถอน|ถอนเงิน|รายการถอน|ghi no|no|rut ra|chi|keluar|pengeluaran"
    "|pengeluaran rp|wydano|ciezar|na ciazenie|支出金额|支出金額|提款|借方|借方金额|借方金額|"
    "출금금액|지출|나간금액"
    "|naklady|tarhelesek|terheles osszege|plati efectuate|iesiri|uitgave|sortie|sorties"
    "|dépenses|emplois|pagos|salida|salidas|extracciones|uscite eur|payment|paid"
    "|spent amount|deducted|निकासी|नामे",
    "credit": "預かり金額|預り金額|お預り金額|"
    "credit|credits|credit amount|deposit|deposits|deposit amount|deposited|paid in|"
    "money in|in|inflow|received|income|receipts|haben|gutschrift|gutschriften|einnahme|"
    "einnahmen|eingang|zugang|haber|abono|abonos|ingreso|ingresos|deposito|depositos|entrate|"
    "entrata|avere|accrediti|accredito|credito|creditos|entrada|entradas|bij|ontvangsten|"
    "bijschrijving|uznania|uznanie|wplywy|wplaty|wplata|prijmy|prijem|prichozi|jovairas|"
    "bevetel|insattning|insattningar|inn|ind|intakt|inkomst|kredit|kreditas|kreditai|iskaityta|"
    "depuneri|incasari|recette|recettes|depot|depots|versement|入金|入金額|お預入れ|お預入金額|"
    "預入|預り金額|お預り金額|收入|存入|맡기신금액|입금액|입금|приход|зачисление|alacak|increase"
    "|uplata|uplate|uplaceno|odobrenje|potrazuje|dobro|v dobro|priliv|prihod|kredity"
    "|kreedit|kredits|kreditas|hyvitys|hyvitykset|pano|inn pa konto|inn til konto"
    "|ind pa konto|кредит|надходження|зараховано|поступления|πιστωση|πιστωσεις|καταθεση"
    "|alacak tutari|gelen|giris|דאין|זכות|בזכות|זיכוי|دائن|إيداع|ايداع|الإيداعات|ฝาก"
    "|ฝากเงิน|รายการฝาก|ghi co|co|gui vao|thu|masuk|pemasukan|uznano|na dobro|收入金额|"
    "收入金額|存款"
    "|貸方|贷方|贷方金额|貸方金額|입금금액|수입|들어온금액|jovairas osszege|incasari primite|"
    "intrari|inkomsten"
    "|entree|entrees|recettes eur|cobros|entrada eur|depositos y abonos|receipt|added|जमा",
    "balance": "balance|running balance|ending balance|account balance|closing balance|saldo|"
    "saldo na trn|saldo na mutatie|saldo po operacji|saldo contabile|solde|kontostand|"
    "saldo nach buchung|egyenleg|zustatek|zostatok|sold|stan konta|likutis|atlikums|jaak|bakiye|"
    "konyvelt egyenleg|残高|差引残高|余额|账户余额|잔액|거래후잔액|остаток|баланс|υπολοιπο"
    "|stanje|stanje racuna|novo stanje|stanje nakon transakcije|салдо|наличност|залишок"
    "|залишок після операції|баланс после операции|υπολοιπο λογαριασμου|bakiye sonrasi"
    "|guncel bakiye|יתרה|יתרה לאחר פעולה|הרצף|الرصيد|رصيد|الرصيد الجاري|ยอดคงเหลือ|คงเหลือ"
    "|so du|so du cuoi|baki|baki akhir|saldo akhir|saldo berjalan|saldo disponivel"
    "|saldo tras operacion|saldo despues|saldo apos|konto saldo|kontosaldo|saldo konta"
    "|saldo efter|zostatok na ucte|zustatek na uctu|sold cont|sold dupa|jaak parast|餘額|帳戶餘額"
    "|结余|잔 액|거래 후 잔액|शेष|शेष राशि|solde apres operation|solde courant|bal|closing bal"
    "|available balance|balans",
    "currency": "currency|account currency|ccy|currency code|iso|wahrung|waehrung|"
    "buchungswahrung|devise|monnaie|moneda|divisa|valuta|munt|moeda|waluta|mena|mena uctu|"
    "devizanem|deviza|tranzakcio devizaneme|valiuta|valuuta|para birimi|валюта|通貨|币种|통화"
    "|валута|валюта рахунку|валюта счета|νομισμα|מטבע|العملة|عملة|สกุลเงิน|loai tien"
    "|don vi tien te|mata uang|mata wang|penznem|waluta rachunku|valuuta|moneta"
    "|kontowaehrung|コード|幣別|币别|貨幣|货币|통화코드|मुद्रा",
    "description": "description|transaction description|details|transaction details|narrative|"
    "narration|memo|particulars|payment details|summary|verwendungszweck|"
    "transaktionsbeschreibung|transaktionsbeschreibung zusatz|beschreibung|umsatztext|text|"
    "buchungstext|buchungsinformationen|buchungsdetails|zahlungsgrund|mitteilung|"
    "avisierungstext|libelle|libelle operation|libelle de l operation|detail de l ecriture|"
    "description1|description2|description3|communication|communications|motif|nature|intitule|"
    "concepto|descripcion|detalle|movimiento|descrizione|causale|descrizione operazione|"
    "dettagli|operazione|omschrijving|omschrijving 1|omschrijving 2|omschrijving 3|mededelingen|"
    "mededeling|naam omschrijving|toelichting|descricao|historico|lancamento|descritivo|tytul|"
    "tytul operacji|opis|opis operacji|opis transakcji|popis|zprava|zprava pro prijemce|"
    "zprava pro me|message for payee|message for me|ucel platby|kozlemeny|leiras|"
    "reszletek|transaktion|meddelande|beskrivning|tekst|forklaring|selite|viesti|paskirtis|"
    "mokejimo paskirtis|paaiskinimai|paaiskinimas|detalii|detalii tranzactie|descriere|"
    "explicatii|aciklama|label|"
    "remittance information|назначение платежа|назначение|описание|摘要|お取引内容|取引内容|"
    "内容|ご利用店名|利用店名|交易摘要|적요|거래내용|내용|περιγραφη"
    "|описание на операцията|основание|основание за плащане|призначення платежу|призначення"
    "|опис|опис операції|деталі операції|תיאור|תיאור פעולה|פרטים|פעולה|שם בית העסק"
    "|הערות פעולה|الوصف|البيان|التفاصيل|تفاصيل|تفاصيل العملية|รายละเอียด|รายการ|คำอธิบาย"
    "|dien giai|noi dung|mo ta|noi dung giao dich|keterangan|uraian|deskripsi|berita"
    "|butiran|perihal|deskripsi transaksi|namen|namen placila|namjena|opis placanja|svrha"
    "|svrha placanja|svrha doznake|informacia pre prijemcu|selgitus|maksajuma merkis"
    "|maksajuma detalas|αιτιολογια|περιγραφη συναλλαγης|ayrintilar|islem aciklamasi|melding"
    "|betalingsdetaljer|specifikation|交易说明|備註說明|交易內容|交易说明|附言|적요내용|"
    "거래 내용|विवरण"
    "|reference text|wording|transaction|商品说明|商品|商品名称",
    "merchant": "merchant|merchant name|payee|payee name|counterparty|counterparty name|"
    "counteraccount name|beneficiary|name|recipient|description merchant|empfanger|"
    "beguenstigter zahlungspflichtiger|begunstigter zahlungspflichtiger|beguenstigter|"
    "auftraggeber begunstigter|auftraggeber empfanger|name zahlungsbeteiligter|"
    "zahlungsbeteiligter|zahlungsempfanger|beneficiaire|tiers|contrepartie|beneficiario|"
    "contraparte|comercio|esercente|controparte|naam tegenpartij|tegenpartij|handelaar|naam|"
    "favorecido|odbiorca|nadawca odbiorca|kontrahent|dane kontrahenta|nazev protiuctu|"
    "protistrana|obchodnik|prijemce|partner neve|partner|kedvezmenyezett|mottagare|modtager|"
    "saaja|saaja maksaja|gavejas|moketojas|beneficiar|alici|контрагент|получатель|相手先|"
    "对方名称|对方户名|交易对方|보내는분 받는분"
    "|получател|наредител|контрагент имя|отримувач|ім я отримувача|δικαιουχος"
    "|αντισυμβαλλομενος|שם|שם העסק|בית עסק|מוטב|المستفيد|التاجر|اسم المستفيد|ผู้รับ"
    "|ผู้รับเงิน|nguoi thu huong|ben nhan|penerima|nama penerima|nama|prejemnik"
    "|prejemnik placnik|naziv prejemnika|primatelj|platitelj primatelj|primalac"
    "|naziv primaoca|naziv|primatelj platitelj|nazov protistrany|partner|mottaker"
    "|avsender mottaker|navn|namn|nimi|sanemejs|sanemejs maksatajs|makseja|saaja maksja"
    "|unvan|karsi taraf|gonderen alici|對方戶名|对方账户名|商户名称|商家|收款人|받는분|보낸분|"
    "의뢰인 수취인|가맹점명|ご利用先|店名"
    "|आदाता|empresa|proveedor|receiver|vendor|store|shop|transaction name|paid to"
    "|sender receiver|sender or beneficiary|remitter|opposing name",
    "category": "category|kategorie|kategorie transakce|categorie|categoria|kategoria|kategori|"
    "luokka|kategorija|категория|分类|カテゴリ|분류"
    "|luokitus|categoria de gasto|תחום|קטגוריה|ענף|الفئة|หมวดหมู่|danh muc"
    "|kategorija transakcije|кат",
    "notes": "notes|note|my note|notizen|notiz|remarks|remark|comment|comments|notas|nota|"
    "client note|klientska poznamka|poznamka|commentaire|bemerkung|opmerking|megjegyzes|備考|メモ|"
    "备注|메모",
    "external_id": "transaction id|transactionid|transferwise id|id|fitid|transaction number|"
    "unique id|id transakce|transaction reference number|referencni cislo transakce|"
    "n de transaction|no de transaction|volgnr|numer transakcji|id operacji|id transakcji|"
    "arkistointitunnus|tranzakcio azonosito|entry reference|archive id|iraso nr|id transazione|"
    "id movimiento|transaktions id|transaktionsnummer|交易号|交易流水号|交易单号",
    "fee": "fee|fees|charge|gebuhr|gebuhren|entgelt|frais|comision|comisiones|commissione|"
    "commissioni|commission|prowizja|oplata|poplatek|poplatky|poplatok|dij|comisioane|taxa|tarifa|"
    "kosten|avgift|gebyr|palkkio|teenustasu|komisija|mokestis|προμηθεια|komisyon|комиссия|комісія|"
    "такса|naknada|provizija|nadomestilo|手数料|手续费|手續費|수수료|الرسوم|עמלה|ค่าธรรมเนียม|"
    "phi|biaya|caj",
    "status": "status|state|statetype|state type|transaction status|statut|estado|stato|stan|"
    "stav|stav transakce|info|tila|buchungsstatus|status transakcji|allapot|статус|状态|상태"
    "|satus|tilanne|olek|busena|statuss|stare|stanje transakcije|состояние|סטטוס|الحالة"
    "|สถานะ|trang thai|durum|κατασταση|situacao|situacion|resultado|outcome|result"
    "|狀態|交易状态|거래상태|stav platby|tilstand",
    "flag": "debit credit|credit debit|credit debit indicator|debit credit indicator|dr cr|cr dr|"
    "d c|c d|direction|soll haben|s h|af bij|bij af|sens|balance impact|bevetel kiadas|"
    "debet credit|debet kredit|d k|in out|type|transaction type|收 支|借贷标志"
    "|tip|vrsta|rodzaj|tipo|sens de l operation|вид|тип|tur|turi|jenis|loai|類型|구분|ประเภท"
    "|النوع|סוג|smer|irany|dc|drcr|debit credit flag|mark",
}
# The same words in languages of which banks write less.
_MORE_WORDS = {
    "txn_date": "tarix|emeliyyat tarixi|sana|operatsiya sanasi|күні|операция күні|датасы|огноо|"
    "гүйлгээний огноо|თარიღი|ოპერაციის თარიღი|ամսաթիվ|գործարքի ամսաթիվ|data e transaksionit|"
    "تاریخ|تاریخ تراکنش|তারিখ|தேதி|తేదీ|දිනය|कारोबार मिति|मिति|နေ့စွဲ|ရက်စွဲ|កាលបរិច្ឆេទ|"
    "ថ្ងៃខែ|ວັນທີ|ቀን|tarehe|tarehe ya muamala|petsa|датум|датум на трансакција|дата аперацыі|"
    "data tranżazzjoni|data tat tranżazzjoni",
    "amount": "mebleg|məbləğ|summa|miqdor|сомасы|сома|суммасы|дүн|гүйлгээний дүн|თანხა|"
    "գումար|shuma|مبلغ|পরিমাণ|தொகை|మొత్తం|रकम|මුදල|ငွေပမာဏ|ចំនួនទឹកប្រាក់|ຈຳນວນເງິນ|መጠን|kiasi|halaga|"
    "износ|сума|ammont|meid|suim|swm",
    "debit": "mexaric|məxaric|chiqim|шығыс|чыгым|зарлага|дебет гүйлгээ|გასავალი|გასული თანხა|"
    "დებეტი|ելք|դեբետ|dalje|debi|برداشت|بدهکار|উত্তোলন|ডেবিট|பற்று|डेबिट|හර|ထုတ်ငွေ|စာရင်းထုတ်|ចេញ|"
    "ឥណពន្ធ|ເງິນອອກ|ወጪ|imetoka|расход|задолжување|должи|дугује|исплата|gheld|amach|"
    "оборот дт|обороты дт|сумма дт|дт|оборот по дебету|обороты по дебету|сумма по дебету",
    "credit": "medaxil|mədaxil|kirim|кіріс|киреше|орлого|кредит гүйлгээ|შემოსავალი|შემოსული თანხა|"
    "კრედიტი|մուտք|կրեդիտ|hyrje|kredi|واریز|بستانکار|জমা|ক্রেডিট|வரவு|क्रेडिट|බැර|သွင်းငွေ|ចូល|ឥណទាន|"
    "ເງິນເຂົ້າ|ገቢ|imeingia|побарува|одобрение|потражује|уплата|krediti|isteach|"
    "оборот кт|обороты кт|сумма кт|кт|оборот по кредиту|обороты по кредиту|сумма по кредиту",
    "balance": "qaliq|qalıq|qoldiq|қалдық|калдык|үлдэгдэл|эцсийн үлдэгдэл|ნაშთი|მնაცորդი|մնացորդ|"
    "gjendja|balanca|bilanci|مانده|موجودی|ব্যালেন্স|স্থিতি|இருப்பு|నిల్వ|मौज्दात|ශේෂය|လက်ကျန်|"
    "សមតុល្យ|ຍອດເຫຼືອ|ຍອດເງິນ|ቀሪ ሂሳብ|salio|салдо|стање|bilanc|iarmheid",
    "currency": "valyuta|валютасы|валют|ვალუტა|արժույթ|monedha|ارز|মুদ্রা|நாணயம்|मुद्रा|මුදල් ඒකකය|"
    "ငွေကြေး|រូបិយប័ណ្ណ|ສະກຸນເງິນ|ምንዛሬ|sarafu|munita|airgeadra",
    "description": "teyinat|təyinat|emeliyyatin tesviri|əməliyyatın təsviri|tafsilot|tavsif|"
    "сипаттамасы|операция сипаттамасы|төлем мақсаты|баяндама|гүйлгээний утга|утга|დანიშნულება|"
    "აღწერა|նկարագրություն|նպատակ|գործարք|pershkrimi|شرح|توضیحات|বিবরণ|விவரம்|వివరాలు|විස්තරය|"
    "အကြောင်းအရာ|ဖော်ပြချက်|ការពិពណ៌នា|ລາຍລະອຽດ|መግለጫ|maelezo|опис|сврха|dettalji|deskrizzjoni|"
    "sonrai|прызначэнне|апісанне",
    "merchant": "qarşı teref|qarşı tərəf|alıcı|alici teref|qabul qiluvchi|алушы|кимге|"
    "харьцсан данс|хүлээн авагч|პარტნიორი|მიმღები|ստացող|perfituesi|përfituesi|گیرنده|ذینفع|"
    "প্রাপক|பெறுநர்|"
    "लाभार्थी|ලබන්නා|လက်ခံသူ|អ្នកទទួល|ຜູ້ຮັບ|ተቀባይ|mpokeaji|примател|прималац|атрымальнік|"
    "benefiċjarju|одержувач|платник|одержувач платник|거래처|거래상대방|상대방|razao social|"
    "nome razao social|razon social|ragione sociale|raison sociale",
    "status": "veziyyet|vəziyyət|holati|holat|күйі|күй|төлөв|სტატუსი|կարգավիճակ|statusi|"
    "وضعیت|অবস্থা|நிலை|స్థితి|स्थिति|තත්ත්වය|အခြေအနေ|ស្ថានភាព|ສະຖານະ|ሁኔታ|hali|состојба|стан|当前状态|當前狀態|订单状态|交易結果|"
    "処理状況|처리상태",
    "flag": "дт кт|д т к т|дебет кредит|дт кр|χ π",
}
ROLES = tuple(_WORDS)
# A heading with one of these refers to some date, amount or currency other than the account's.
_STRANGERS = re.compile(
    r"original|ursprung|foreign|fremd|(?<!\w)local|oorspr|puvodni|orgin|origen|origine|"
    r"(?<!\w)fees?(?!\w)|gebuhr|entgelt|poplatek|frais|comision|commissi|prowizj|kosten|"
    r"(?<!\w)(?:tax|vat|rate|kurs|koers|cours|limit|cashback|cash ?back|reward|points|punkte|"
    r"number of|iva|tva|mwst|mw st|ust|btw|moms|pdv|dph|kdv|impuesto|imposto|imposta|podatek|"
    r"count|quantity|exchange|wechsel|umrechnung|steuer|impact|sub total|subtotal|"
    r"sous montant|from currency|to currency|uhrzeit|heure|hora|due|falligkeit|auslagen\w*|"
    r"settled amount in|shipping|insurance|sales)(?!\w)"
)
_NUMBER_ROLES = frozenset(["amount", "debit", "credit", "balance"])
_DATE_ROLES = frozenset(["txn_date", "posted_date", "value_date"])
_WHOLE_HEADING_ONLY = frozenset(
    ["fee", "debit", "credit", "external_id", "status", "flag", "notes"]
)
# Nouns for amounts that stand beside a word for the direction.
_SUM_NOUNS = """
    amount amounts funds money cash betrag betrage importe importes importo montant montants
    bedrag kwota castka ciastka suma summa osszeg belopp belob belop iznos znesek tutar maara
    monto valor valores jumlah сумма сума ποσο 金額 金额"""
_SUMS = frozenset(_SUM_NOUNS.split())
_CAMEL_CASE = re.compile(r"(?<=[a-z])(?=[A-Z])")
_CARD = re.compile(
    r"(?<!\w)(?:credit ?card|card ?id|card ?holder|card ?member|card|carte|kredit"
    r"karte|karte|kreditkort|kort|tarjeta|carta|cartao|karta|kredietkaart|kaart)"
)
_OWN_ACCOUNT = re.compile(
    r"(?<!\w)(?:account name|account holder|account owner|account|my account|account type|holder|"
    r"card ?holder|card ?member|cardholder name|card name|card|kontoname|kontobezeichnung|"
    r"kontoinhaber|inhaber|auftragskonto|bezeichnung auftragskonto|titulaire|nom du compte|compte|"
    r"titular|nombre de la cuenta|cuenta|intestatario|nome conto|conto|titular da conta|conta|"
    r"rekeninghouder|naam rekening|rekening|wlasciciel|nazwa rachunku|rachunek|majitel|"
    r"nazev uctu|majitel uctu|ucet|nazov uctu|szamla neve|szamlatulajdonos|tulajdonos|vlasnik|"
    r"imetnik|innehavare|kontonamn|indehaver|kontonavn|eier|omistaja|tilin nimi|omanik|ipasnieks|"
    r"savininkas|sahibi|hesap adi|владелец|владелец счета|власник|титуляр|名義|口座名義|户名本方|"
    r"本方户名|예금주|صاحب الحساب|בעלים|เจ้าของบัญชี|chu tai khoan|pemilik|nama rekening|person|"
    r"bank name|bank)(?!\w)"
)
_OTHER_PARTY = re.compile(
    r"counter|benef|payee|recipient|empfang|gegen|tegen|proti|partner|odbior|nadawc|gavej|saaj|"
    r"other|contra|contrepart|opposing|对方|對方|相手|받는|merchant|merchant|получател|контрагент"
)
_CODE = re.compile(
    r"(?<!\w)(?:iban|bic|swift|blz|bank ?code|sort code|account (?:number|no|nr)|number|nummer|"
    r"kontonummer|kontonr|numero|numer|cislo|szama|szamlaszam|rekeningnummer|nr|no|id|ref|"
    r"kod|code|card number|mcc)(?!\w)|iban|bankleitzahl"
)


@lru_cache(maxsize=4096)
def plain_heading(text: str) -> str:
    """A heading folded for comparison: only letters and digits, single spaces.

    "bookingDate" has two words.
    """
    apart = _CAMEL_CASE.sub(" ", text[:200])
    return " ".join(re.sub(r"[\W_]+", " ", fold(apart)).split())


def _ranked(words: str) -> dict[str, float]:
    """Each word of a role with its score, the first word highest."""
    ranked: dict[str, float] = {}
    for place, word in enumerate(words.split("|")):
        ranked.setdefault(plain_heading(word), 100 - min(place / 10, 15))
    return ranked


_RANKED = {
    role: _ranked(words + ("|" + _MORE_WORDS[role] if role in _MORE_WORDS else ""))
    for role, words in _WORDS.items()
}


@lru_cache(maxsize=4096)
def heading_score(text: str, role: str) -> float:
    """How well a heading fits a role: about 100 for an exact match, less for a part, 0 for none."""
    heading = plain_heading(text)
    if not heading:
        return 0
    ranked = _RANKED[role]
    without_code = heading_without_code(heading)
    score = ranked.get(heading) or ranked.get(without_code, 0)
    if not score and role not in _WHOLE_HEADING_ONLY and len(heading) <= 60:
        score = _partial_score(heading, ranked)
    elif not score and role in ("debit", "credit") and len(heading.split()) <= 3:
        score = 40 if heading.split()[0] in ranked and "/" not in text else 0
        score = score or (60 if _is_directed_amount(heading, ranked) else 0)
    if role in _NUMBER_ROLES | _DATE_ROLES | {"currency"} and _STRANGERS.search(heading):
        score -= 70
    # If "Amount (EUR)" is next to "Amount", it is the one in the account's own currency.
    if role == "amount" and without_code != heading:
        score += 5
    return max(score, 0)


def _is_directed_amount(heading: str, ranked: dict[str, float]) -> bool:
    """Whether it is a word for amounts and one for a direction: "Bedrag af", "Funds out"."""
    first, _, rest = heading.partition(" ")
    head, _, last = heading.rpartition(" ")
    return (first in _SUMS and rest in ranked) or (last in _SUMS and head in ranked)


def names_stranger(text: str) -> bool:
    """Whether a heading refers to some fee, tax, date or currency other than the account's."""
    return _STRANGERS.search(plain_heading(text)) is not None


def heading_without_code(text: str) -> str:
    """ "bedrag" for "bedrag in eur"; a heading without a currency code comes back unchanged."""
    words = plain_heading(text).split()
    kept = [word for word in words if word.upper() not in CURRENCY_CODES]
    is_linked = len(kept) < len(words) and kept and kept[-1] in ("in", "en", "em", "w", "v")
    return " ".join(kept[:-1] if is_linked else kept)


def _partial_score(heading: str, ranked: dict[str, float]) -> float:
    best = 0.0
    for word, rank in ranked.items():
        if len(word) < 4 and word.isascii():
            continue
        if f" {word} " in f" {heading} ":
            best = max(best, rank - 40)
        elif word in heading and (len(word) > 4 or not word.isascii()):
            best = max(best, rank - 60)
    return best


def named_roles(cells: list[str]) -> set[str]:
    """The roles named by a row of headings; empty for most other rows."""
    roles = set()
    for cell in cells:
        if 0 < len(cell) <= 80 and not cell.strip()[:1].isdigit():
            scores = {role: heading_score(cell, role) for role in _WORDS}
            role = max(scores, key=lambda name: scores[name])
            if scores[role] >= 30:
                roles.add(role)
    return roles


def is_exact_word(text: str) -> bool:
    """Whether a cell is exactly one of the known heading words."""
    heading = plain_heading(text)
    return any(heading in ranked for ranked in _RANKED.values())


def names_card(headings: list[str]) -> bool:
    """Whether the headings look like a payment card's, where purchases are often positive."""
    return any(_CARD.search(plain_heading(heading)) for heading in headings)


def currency_in_heading(text: str) -> str:
    """The ISO code in a heading such as "Amount (EUR)", or ""."""
    words = re.findall(r"(?<![A-Za-z])[A-Z]{3}(?![A-Za-z])", text)
    return next((word for word in words if word in CURRENCY_CODES), "")


def names_own_account(heading: str) -> bool:
    """Whether a column names the account itself, its holder or the card, never the counterparty."""
    plain = plain_heading(heading)
    return bool(_OWN_ACCOUNT.search(plain)) and not _OTHER_PARTY.search(plain)


def names_other_party(heading: str) -> bool:
    """Whether a column names the payer or payee."""
    return bool(_OTHER_PARTY.search(plain_heading(heading)))


def names_code(heading: str) -> bool:
    """Whether a column holds IBANs, BICs or numbers instead of names."""
    return bool(_CODE.search(plain_heading(heading)))
