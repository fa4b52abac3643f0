"""What banks call their columns, in the languages they write in.

Words are folded (lower case, no accents, punctuation as one space), separated by "|" and in order
of preference. A heading that is exactly such a word counts most, one that contains it counts less.
"""

import re
from functools import lru_cache

from transactions.sources.files.values import CURRENCY_CODES, fold

_WORDS = {
    "txn_date": "transaction date|date of transaction|trans date|txn date|date operation|"
    "date de l operation|date d operation|date transaction|date de transaction|purchase date|"
    "date of purchase|started date|date|datum|fecha|data|dato|belegdatum|transaktionsdatum|"
    "kaufdatum|umsatzdatum|transaktionsdag|fecha operacion|fecha de operacion|f operacion|"
    "data operazione|data operacji|data transakcji|data movimento|data da operacao|"
    "transactiedatum|datum verrichting|datum provedeni|datum transakce|datum operace|datum platby|"
    "execution date|tranzakcio datuma|tranzakcio ideje|idopont|paiva|paivamaara|tapahtumapaiva|"
    "operacijos data|kuupaev|datums|tarih|islem tarihi|created|created on|created at|date time|"
    "datetime|timestamp|time|дата|дата операции|дата операції|取引日|お取引日|日付|年月日|"
    "利用日|ご利用日|交易日期|交易时间|日期|거래일자|거래일시|거래일|일자|날짜|ημερομηνια",
    "posted_date": "posting date|posted date|post date|posted|posted on|booking date|date booked|"
    "booked|completed date|settlement date|processed date|process date|buchungstag|buchungsdatum|"
    "buchung|datum zauctovani|zauctovano|date de comptabilisation|date comptable|"
    "date comptabilisation|fecha contable|fecha de contabilizacion|data contabile|"
    "data ksiegowania|boekdatum|boekingsdatum|datum verrekening|bokforingsdag|bokforingsdatum|"
    "bogforingsdato|bokforingsdato|bokfort|konyveles datuma|konyvelesi datum|kirjauspaiva|"
    "data do balancete|data lancamento|data do lancamento|дата проводки|дата обработки|记账日期",
    "value_date": "value date|valuta|valuta date|valutadatum|valutadate|wertstellung|wert|"
    "wertstellungstag|wertstellungsdatum|date de valeur|date valeur|fecha valor|fecha de valor|"
    "f valor|data valuta|data valor|data waluty|rentedatum|valutadag|valutadato|rentedato|"
    "erteknap|arvopaiva|effective date",
    "amount": "net|amount|transaction amount|net amount|account amount|booked amount|betrag|"
    "buchungsbetrag|umsatz|importe|importo|montant|montant de l operation|bedrag|"
    "transactiebedrag|valor|kwota|kwota operacji|kwota transakcji|castka|objem|zauctovana castka|"
    "osszeg|tranzakcio osszege|belopp|belob|belop|suma|sumos|summa|maara|iznos|znesek|tutar|"
    "mutatie|change|wijziging|mutation|value|sum|сумма|сумма операции|сума|сумма платежа|ποσο|"
    "金額|取引金額|利用金額|金额|交易金额|금액|거래금액|gross|total",
    "debit": "debit|debits|debit amount|withdrawal|withdrawals|withdrawal amount|withdrawn|"
    "paid out|money out|out|outflow|spent|spending|expense|expenses|payments|charges|soll|"
    "belastung|belastungen|lastschrift|ausgabe|ausgaben|ausgang|abgang|debe|cargo|cargos|retiro|"
    "retiros|gasto|gastos|egreso|egresos|uscite|uscita|dare|addebiti|addebito|debito|debitos|"
    "saida|saidas|af|uitgaven|uit|debet|afschrijving|obciazenia|obciazenie|wydatki|wyplaty|"
    "wyplata|vydaje|vydaj|odchozi|terheles|kiadas|uttag|ut|utgift|utgifter|debetas|debitai|"
    "nurasyta|retrageri|plati|depense|depenses|retrait|retraits|出金|出金額|お引出し|お引出金額|"
    "引出|支払金額|お支払金額|支出|찾으신금액|출금액|출금|расход|списание|borc|decrease",
    "credit": "credit|credits|credit amount|deposit|deposits|deposit amount|deposited|paid in|"
    "money in|in|inflow|received|income|receipts|haben|gutschrift|gutschriften|einnahme|"
    "einnahmen|eingang|zugang|haber|abono|abonos|ingreso|ingresos|deposito|depositos|entrate|"
    "entrata|avere|accrediti|accredito|credito|creditos|entrada|entradas|bij|ontvangsten|"
    "bijschrijving|uznania|uznanie|wplywy|wplaty|wplata|prijmy|prijem|prichozi|jovairas|"
    "bevetel|insattning|insattningar|inn|ind|intakt|inkomst|kredit|kreditas|kreditai|iskaityta|"
    "depuneri|incasari|recette|recettes|depot|depots|versement|入金|入金額|お預入れ|お預入金額|"
    "預入|預り金額|お預り金額|收入|存入|맡기신금액|입금액|입금|приход|зачисление|alacak|increase",
    "balance": "balance|running balance|ending balance|account balance|closing balance|saldo|"
    "saldo na trn|saldo na mutatie|saldo po operacji|saldo contabile|solde|kontostand|"
    "saldo nach buchung|egyenleg|zustatek|zostatok|sold|stan konta|likutis|atlikums|jaak|bakiye|"
    "konyvelt egyenleg|残高|差引残高|余额|账户余额|잔액|거래후잔액|остаток|баланс|υπολοιπο",
    "currency": "currency|account currency|ccy|currency code|iso|wahrung|waehrung|"
    "buchungswahrung|devise|monnaie|moneda|divisa|valuta|munt|moeda|waluta|mena|mena uctu|"
    "devizanem|deviza|tranzakcio devizaneme|valiuta|valuuta|para birimi|валюта|通貨|币种|통화",
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
    "mokejimo paskirtis|detalii|detalii tranzactie|descriere|explicatii|aciklama|label|"
    "remittance information|назначение платежа|назначение|описание|摘要|お取引内容|取引内容|"
    "内容|ご利用店名|利用店名|交易摘要|적요|거래내용|내용|περιγραφη",
    "merchant": "merchant|merchant name|payee|payee name|counterparty|counterparty name|"
    "counteraccount name|beneficiary|name|recipient|description merchant|empfanger|"
    "beguenstigter zahlungspflichtiger|begunstigter zahlungspflichtiger|beguenstigter|"
    "auftraggeber begunstigter|auftraggeber empfanger|name zahlungsbeteiligter|"
    "zahlungsbeteiligter|zahlungsempfanger|beneficiaire|tiers|contrepartie|beneficiario|"
    "contraparte|comercio|esercente|controparte|naam tegenpartij|tegenpartij|handelaar|naam|"
    "favorecido|odbiorca|nadawca odbiorca|kontrahent|dane kontrahenta|nazev protiuctu|"
    "protistrana|obchodnik|prijemce|partner neve|partner|kedvezmenyezett|mottagare|modtager|"
    "saaja|saaja maksaja|gavejas|moketojas|beneficiar|alici|контрагент|получатель|相手先|"
    "对方名称|对方户名|交易对方|보내는분 받는분",
    "category": "category|kategorie|kategorie transakce|categorie|categoria|kategoria|kategori|"
    "luokka|kategorija|категория|分类|カテゴリ|분류",
    "notes": "notes|note|my note|notizen|notiz|remarks|remark|comment|comments|notas|nota|"
    "client note|klientska poznamka|poznamka|commentaire|bemerkung|opmerking|megjegyzes|備考|メモ|"
    "备注|메모",
    "external_id": "transaction id|transactionid|transferwise id|id|fitid|transaction number|"
    "unique id|id transakce|transaction reference number|referencni cislo transakce|"
    "n de transaction|no de transaction|volgnr|numer transakcji|id operacji|id transakcji|"
    "arkistointitunnus|tranzakcio azonosito|entry reference|archive id|iraso nr|id transazione|"
    "id movimiento|transaktions id|transaktionsnummer|交易号|交易流水号|交易单号",
    "status": "status|state|statetype|state type|transaction status|statut|estado|stato|stan|"
    "stav|stav transakce|info|tila|buchungsstatus|status transakcji|allapot|статус|状态|상태",
    "flag": "debit credit|credit debit|credit debit indicator|debit credit indicator|dr cr|cr dr|"
    "d c|c d|direction|soll haben|s h|af bij|bij af|sens|balance impact|bevetel kiadas|"
    "debet credit|debet kredit|d k|in out|type|transaction type|收 支|借贷标志",
}
# A heading with one of these is about another date, amount or currency than the account's.
_STRANGERS = re.compile(
    r"original|ursprung|foreign|fremd|(?<!\w)local|oorspr|puvodni|orgin|origen|origine|"
    r"(?<!\w)fees?(?!\w)|gebuhr|entgelt|poplatek|frais|comision|commissi|prowizj|kosten|"
    r"(?<!\w)(?:tax|vat|rate|kurs|koers|cours|limit|cashback|cash ?back|reward|points|punkte|"
    r"number of|count|quantity|exchange|wechsel|umrechnung|steuer|impact|sub total|subtotal|"
    r"sous montant|from currency|to currency|uhrzeit|heure|hora|due|falligkeit|auslagen\w*|"
    r"settled amount in|shipping|insurance|sales)(?!\w)"
)
_NUMBER_ROLES = frozenset(["amount", "debit", "credit", "balance"])
_DATE_ROLES = frozenset(["txn_date", "posted_date", "value_date"])
_WHOLE_HEADING_ONLY = frozenset(["debit", "credit", "external_id", "status", "flag", "notes"])
_CARD = re.compile(
    r"(?<!\w)(?:credit ?card|card ?id|card ?holder|card ?member|card|carte|kredit"
    r"karte|karte|kreditkort|kort|tarjeta|carta|cartao|karta|kredietkaart|kaart)"
)


@lru_cache(maxsize=4096)
def plain_heading(text: str) -> str:
    """A heading as the table writes it: folded, only letters and digits, single spaces."""
    return " ".join(re.sub(r"[\W_]+", " ", fold(text[:200])).split())


_RANKED = {
    role: {plain_heading(word): 100 - place / 10 for place, word in enumerate(words.split("|"))}
    for role, words in _WORDS.items()
}


@lru_cache(maxsize=4096)
def heading_score(text: str, role: str) -> float:
    """How well a heading names a role: about 100 for the exact word, less for part of it, 0."""
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
    if role in _NUMBER_ROLES | _DATE_ROLES | {"currency"} and _STRANGERS.search(heading):
        score -= 70
    # "Amount (EUR)" beside "Amount" is the one in the account's own currency.
    if role == "amount" and without_code != heading:
        score += 5
    return max(score, 0)


def heading_without_code(text: str) -> str:
    """ "bedrag" for "bedrag in eur"; a heading without a currency code is returned unchanged."""
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
    """The roles a line of headings names; empty for most lines that are no headings."""
    roles = set()
    for cell in cells:
        if 0 < len(cell) <= 80 and not cell.strip()[:1].isdigit():
            scores = {role: heading_score(cell, role) for role in _WORDS}
            role = max(scores, key=scores.get)
            if scores[role] >= 30:
                roles.add(role)
    return roles


def is_exact_word(text: str) -> bool:
    """Whether a cell is, word for word, a heading of this table."""
    heading = plain_heading(text)
    return any(heading in ranked for ranked in _RANKED.values())


def names_card(headings: list[str]) -> bool:
    """Whether the headings are those of a payment card, where purchases are often positive."""
    return any(_CARD.search(plain_heading(heading)) for heading in headings)


def currency_in_heading(text: str) -> str:
    """The ISO code in a heading such as "Amount (EUR)", or ""."""
    words = re.findall(r"(?<![A-Za-z])[A-Z]{3}(?![A-Za-z])", text)
    return next((word for word in words if word in CURRENCY_CODES), "")


# --- Words inside cells ------------------------------------------------------------------------

_OUTFLOW = (
    "D|DR|DBIT|DB|Debit|Debito|Débito|Débit|Debet|Debe|Cargo|Soll|S|Af|Out|Outflow|O|"
    "Withdrawal|Expense|Money out|Paid out|Sortie|Uscita|Saída|Belastung|Lastschrift|Ausgabe|"
    "Ausgang|Obciążenie|Wydatek|Výdaj|Odchozí|Terhelés|Kiadás|Uttag|Ut|Ud|K-|-|расход|списание|"
    "дебет|支出|出金|출금"
)
_INFLOW = (
    "C|CR|CRDT|Credit|Credito|Crédito|Crédit|Kredit|Haber|Abono|Haben|H|Bij|In|Inflow|"
    "I|Deposit|Income|Money in|Paid in|Entrée|Entrata|Entrada|Gutschrift|Einnahme|Eingang|"
    "Uznanie|Wpływ|Příjem|Příchozí|Jóváírás|Bevétel|Insättning|Inn|Ind|K|+|приход|зачисление|"
    "кредит|收入|入金|입금"
)
OUTFLOW_FLAGS = frozenset(fold(word) for word in _OUTFLOW.split("|"))
INFLOW_FLAGS = frozenset(fold(word) for word in _INFLOW.split("|"))
PENDING_WORDS = re.compile(
    r"pending|vorgemerkt|vormerk|en attente|pendiente|in sospeso|non contabilizz|pendente|"
    r"in behandeling|oczekuj|cekajici|fuggo|reserverat|vantande|afventer|odottaa|laukia|"
    r"authori[sz]ed|unposted|not booked|nicht gebucht|blokada|rezerv"
)
VOID_WORDS = re.compile(
    r"(?:declined|failed|rejected|cancell?ed|reverted|denied|voided|expired|abgelehnt|storniert|"
    r"refuse|annule|rechazad[oa]|anulad[oa]|rifiutat[oa]|odrzucon[aey]|zamitnut[oa]|geweigerd)"
)
KNOWN_STATUS = re.compile(
    r"completed?|booked|posted|settled|cleared|gebucht|umsatz gebucht|comptabilise|valide|"
    r"execute|ejecutad[oa]|contabilizad[oa]|zauctovan[oa]|zrealizowan[aey]|processed|success\w*|"
    r"refunded|partially refunded|held|active|done|approved|uitgevoerd"
)
_OPENING = (
    r"opening balance|balance (?:brought|carried) forward|brought forward|beginning balance|"
    r"starting balance|previous balance|saldo anterior|saldo inicial|saldo iniziale|"
    r"solde (?:initial|precedent|d ouverture|anterieur)|ancien solde|anfangssaldo|alter saldo|"
    r"alter kontostand|anfangsbestand|eroffnungssaldo|saldovortrag|beginsaldo|vorig saldo|"
    r"saldo poczatkowe|pocatecni (?:zustatek|stav)|nyito egyenleg|ingaende saldo|"
    r"pradinis likutis|likutis pradziai|atlikums sakuma|letzter kontostand|opening bal|"
    r"sold initial|primo saldo|входящий остаток|前月繰越|繰越|이월"
)
_CLOSING = (
    r"closing balance|ending balance|final balance|saldo final|saldo finale|saldo atual|"
    r"solde (?:final|de cloture|actuel)|nouveau solde|endsaldo|neuer saldo|neuer kontostand|"
    r"endbestand|schlusssaldo|abschlusssaldo|kontostand|eindsaldo|saldo koncowe|"
    r"konecny (?:zustatek|stav)|zaro egyenleg|utgaende saldo|galutinis likutis|sold final|"
    r"likutis pabaigai|atlikums beigas|closing bal|исходящий остаток|current balance|"
    r"available balance|saldo do dia|saldo|s a l d o|solde|"
    r"balance"
)
_REST = r"(?: (?:am|per|of|on|at|as|as of|al|au|a|en date du|den|op|na|do|ke|k|zum|vom))?[\d ]*"
TURNOVER = re.compile(r"apyvarta|apgrozijums|kaive|turnover|total (?:debits|credits)")
OPENING_BALANCE = re.compile(rf"(?:{fold(_OPENING)}){_REST}")
CLOSING_BALANCE = re.compile(rf"(?:{fold(_CLOSING)}){_REST}")
TOTALS = re.compile(
    r"(?:grand |sub ?)?(?:totals?|totale|totaux|summen?|gesamt\w*|somme|totaal|suma|sumar|celkem|"
    r"osszesen|razem|ogolem|ukupno|skupaj|toplam|kokku|kopa|всього|усього|summa|yhteensa|viso|итого|всего|合計|合计|합계)(?!\w)"
)
