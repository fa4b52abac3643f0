"""The words and labels banks write inside cells: directions, statuses, balances and totals.

Patterns match text folded by ``fold`` or ``plain_heading``.
"""

import re

from transactions.sources.files.column_words import plain_heading
from transactions.sources.files.values import fold


def _folded_pattern(words: str) -> re.Pattern:
    """A pattern matched against folded text, so its own letters are folded too."""
    return re.compile(fold(words))


_OUTFLOW = (
    "χ|D|DR|DBIT|DB|Debit|Debito|Débito|Débit|Debet|Debe|Cargo|Soll|S|Af|Out|Outflow|O|"
    "Withdrawal|Expense|Money out|Paid out|Sortie|Uscita|Saída|Belastung|Lastschrift|Ausgabe|"
    "Ausgang|Obciążenie|Wydatek|Výdaj|Odchozí|Terhelés|Kiadás|Uttag|Ut|Ud|K-|-|расход|списание|"
    "дебет|支出|出金|출금|DT|Isplata|Breme|V breme|Veloitus|Deebet|Debets|Debetas|Дебит|Видаток|"
    "Χρέωση|Borç|Gider|חובה|מדין|مدين|ถอน|Ghi nợ|Debet|借|借方|지출|Ut fra konto|Uit|Afschrijving|"
    "Sale|Purchase|Payment out|Spent|OUTGOING|Zaduženje|Terećenje|Egreso|Gasto|Salida|Addebito|"
    "Dare|Otto|Úttekt|Uttak|Utbetaling|Udbetaling|Hævning|Väljaminek|Izdevums|Išlaidos|Izdatek|"
    "Odliv|Plată|Ieșire|Cheltuială|Разход|Витрата|Витрати|Списання|Расходы|Снятие|Ανάληψη|Çıkış|"
    "Giden|Para çıkışı|Keluar|Pengeluaran|Chi|Tiền ra|Rút tiền|ออก|ถอนเงิน|转出|轉出|付款|扣款|"
    "支|出|출|"
    "משיכה|سحب|خصم|Retiro|Débitos|Retirada|Wypłata|Odchod|Odchozí platba|Úhrada|Kimenő|Wydatki|"
    "Debited|Withdrawn|Outgoing transfer|Money sent|Cash out|Withdraw|Výběr|"
    "निकासी|नामे|Дт|Д-т|Дб|Məxaric|Çıxarış|Chiqim|Шығыс|Чыгым|Зарлага|გასავალი|დებეტი|Ելք|"
    "Դեբետ|Dalje|Debi|برداشت|بدهکار|منه|উত্তোলন|পেমেন্ট|பற்று|ဒက်ဘစ်|ထုတ်ငွေ|ចេញ|"
    "ເງິນອອກ|ወጪ|Imetoka|Toka|Расходна|Задолжување|Должи|Дугује|Исплата|"
    "Sent|Transfer out|Gesendet|Auszahlung|Abgang|Envoyé|Retrait|Enviado|Inviato|Prelievo|"
    "Verzonden|Opname|Wysłane|Skickat|Sendt|Lähetetty|Odesláno|Elküldött|Отправлено|Gönderilen"
)
_INFLOW = (
    "π|C|CR|CRDT|Credit|Credito|Crédito|Crédit|Kredit|Haber|Abono|Haben|H|Bij|In|Inflow|"
    "I|Deposit|Income|Money in|Paid in|Entrée|Entrata|Entrada|Gutschrift|Einnahme|Eingang|"
    "Uznanie|Wpływ|Příjem|Příchozí|Jóváírás|Bevétel|Insättning|Inn|Ind|K|+|приход|зачисление|"
    "кредит|收入|入金|입금|CT|Uplata|Dobro|V dobro|Hyvitys|Kreedit|Kredīts|Kreditas|Надходження|"
    "Πίστωση|Alacak|Gelir|זכות|דאין|دائن|ฝาก|Ghi có|存入|貸|贷|貸方|贷方|수입|Inn på konto|"
    "Bijschrijving|Payment in|Received|INCOMING|Odobrenje|Ingreso|Accredito|Avere|Refund|Pano|"
    "Innborgun|Innskudd|Innbetaling|Indbetaling|Indsætning|Sissetulek|Ieņēmums|Ieņēmumi|Pajamos|"
    "Prihod|Priliv|Încasare|Intrare|Venit|Приход|Надходження|Зарахування|Доход|Доходы|Пополнение|"
    "Поступление|Κατάθεση|Giriş|Gelen|Para girişi|Masuk|Pemasukan|Thu|Tiền vào|Nạp tiền|เข้า|"
    "ฝากเงิน|转入|轉入|收款|收|入|입|הפקדה|إيداع|إضافة|Depósito|Créditos|Wpłata|"
    "Příchozí platba|Bejövő|Wpływy|Credited|Deposited|Incoming transfer|जमा|"
    "Money received|Cash in|Top up|Top-up|Vklad|Inntekt|Кт|К-т|Кр|Mədaxil|Kirim|Kiriş|Кіріс|"
    "Киреше|Орлого|შემოსავალი|კრედიტი|Մուտք|Կրեդիտ|Hyrje|Kredi|واریز|بستانکار|له|জমা|வரவு|"
    "သွင်းငွေ|ចូល|ເງິນເຂົ້າ|ገቢ|Imeingia|Приходна|Побарува|Одобрение|Потражује|Уплата|"
    "Transfer in|Empfangen|Einzahlung|Zugang|Reçu|Dépôt|Recibido|Recebido|Ricevuto|Versamento|"
    "Ontvangen|Storting|Otrzymane|Mottaget|Modtaget|Vastaanotettu|Přijato|Kapott|Получено|Alınan"
)
# Two letters that stand for the directions together: (money out, money in). Alone, some mean the
# opposite elsewhere: "D" is debit in English and dobro in Slovene.
LETTER_PAIRS = (
    *(("t", "j"), ("i", "u"), ("b", "d"), ("s", "e"), ("v", "p"), ("w", "p"), ("d", "a")),
    *(("р", "п"), ("д", "к"), ("o", "p"), ("w", "d")),
)
OUTFLOW_FLAGS = frozenset(fold(word) for word in _OUTFLOW.split("|"))
INFLOW_FLAGS = frozenset(fold(word) for word in _INFLOW.split("|"))
PENDING_WORDS = _folded_pattern(
    r"in transit|en transit|en transito|in transito|em transito|unterwegs|onderweg|w drodze|"
    r"pending|vorgemerkt|vormerk|en attente|pendiente|in sospeso|non contabilizz|pendente|"
    r"in behandeling|oczekuj|cekajici|fuggo|reserverat|vantande|afventer|odottaa|laukia|"
    r"authori[sz]ed|unposted|not booked|nicht gebucht|blokada|rezerv|ausstehend|offen|"
    r"in bearbeitung|in afwachting|nog niet|w trakcie|nierozliczon|cakajuc|neuctovan|in asteptare|"
    r"чакащ|в обработ|в обробці|очікує|ожида|обрабатыва|холд|na cekanju|v cakanju|"
    r"v obdelavi|u obradi|"
    r"reservert|avventer|preliminar|ootel|gaida|apstrade|laukiam|εκκρεμ|αναμεν|bekliyor|beklemede|"
    r"provizyon|保留|処理中|未確定|处理中|處理中|待处理|대기|처리중|معلق|قيد|ממתין|בתהליך|รอ|"
    r"dang cho|cho (?:duyet|xu ly|xac nhan|thanh toan)|dang xu ly|tertunda|diproses|"
    r"menunggu|dalam proses|processing|in progress|in corso|"
    r"en cours|en proceso|em processamento|awaiting|uncleared|hold|esperando|pendent|"
    r"not (?:yet )?(?:posted|settled|cleared)|unsettled|unprocessed|provisional|tentative|"
    r"earmarked|blocked|noch nicht|ungebucht|nicht verbucht|vorlaufig|reserviert|non comptabilis|"
    r"a venir|provisoire|previsionnel|bloquee?|retenid|retencion|"
    r"por (?:contabilizar|confirmar|liquidar)|(?:no|sin) contabiliz|no liquidad|provisori|"
    r"provvisori|da (?:contabilizzare|addebitare|regolare)|non (?:ancora|definitiv)|a confirmar|"
    r"por (?:processar|lancar|debitar)|agendad|nao (?:contabiliz|liquidad|processad)|gereserveerd|"
    r"nog te|geblokkeerd|nierozlicz|niezaksieg|zablokowan|zarezerwowan|"
    r"do (?:rozliczenia|zaksiegowania)|nezauctovan|neuctovan|nezpracovan|blokovan|blokace|"
    r"blokacia|nespracovan|fuggoben|zarol|konyvelesre var|varakoz|nem konyvelt|blocat|nedecontat|"
    r"necontabil|neproknjiz|rezervirano|rezervisano|u pripremi|ej bokford|vantar|kommande|"
    r"ikke bogfort|ventende|ikke bokfort|pa vei|kirjaamat|katevar|varaus|broneer|rezervet|"
    r"rezervuot|neapdorot|не проведен|не обработан|зарезерв|заблокир|заблоков|неосчетоводен|"
    r"резервиран|блокиран|δεσμευ|αναμον|islemde|bloke|blokeli|仮|承認待ち|未処理|未入账|未入帳|"
    r"预授权|預授權|승인대기|미처리|محجوز|בהמתנה|טרם|tam giu|chua (?:hoan|xu|thanh|hach)|belum|"
    r"pemrosesan|लंबित|reserver[ae]|reservad[oa]|in attesa|em elaboracao|"
    r"in elaborazione|cativ[oa]|"
    r"(?<!\w)ceka(?!\w)|probiha|zpracovava|caka na|prebieha|do realizacji|w realizacji|v teku|"
    r"u tijeku|u toku|"
    r"in curs|in procesare|rezervat|folyamatban|feldolgozas|vykdoma|tiek apstrad|tootlemisel|"
    r"i bið|biður|i vinnslu|kasittely|behandles|under behandling|på väg|paga |gozləm|gozləy|"
    r"icra olunur|kutilmoqda|jarayonda|күтуде|күтілуде|өңделуде|күтүүдө|иштелүүдө|хүлээгд|"
    r"боловсруул|изчакв|в процес|обработва|во тек|на чекање|"
    r"се обработува|на чекању|у обради|резервис|"
    r"резервов|в очікуванні|у чаканні|чакае|апрацо[ўу]|მოლოდინ|მუშავდება|დამუშავება|դիտարկ|"
    r"սպաս|ընթացք|ne pritje|ne proces|ne shqyrtim|pendenti|ag fanacht|ar feitheamh|در انتظار|"
    r"در حال|در جریان|زیر التوا|زیر عمل|انتظار|قيد التنفيذ|תלוי|בעיבוד|בטיפול|प्रतीक्ष|प्रक्रिया|"
    r"विचाराधीन|বিচারাধীন|অপেক্ষ|মুলতবি|প্রক্রিয়া|நிலுவை|செயலாக்க|పెండింగ్|ਬਕਾਇਆ|પેન્ડિંગ|"
    r"പരിഗണന|පොරොත්තු|කල් පවතින|"
    r"กำลัง|ดำเนินการ|ລໍຖ້າ|រង់ចាំ|កំពុង|စောင့်ဆိုင်း|ဆောင်ရွက်ဆဲ|በመጠባበቅ|በሂደት|inasubiri|inachakat|"
    r"nakabinbin|menanti|確認中|承認中|審査中|速報|待入|待結|待确|待確|待处|待處|待审|待審|待支付|待付款|"
    r"进行中|進行中|审核中|審核中|圈存|冻结|凍結|확인중|승인중|진행중|미확정|접수중"
)
_VOID = (
    r"declined|failed|rejected|refused|cancell?ed|reverted|reversed|denied|voided|expired|"
    r"abgelehnt|"
    r"storniert|refusee?s?|annulee?s?|rechazad[oa]|anulad[oa]|rifiutat[oa]|odrzucon[aeyo]|"
    r"zamitnut[oaey]|geweigerd|mislukt|geannuleerd|afgewezen|teruggedraaid|fehlgeschlagen|"
    r"abgebrochen|zuruckgewiesen|ruckgangig gemacht|stornierung|annullat[oa]|stornat[oa]|"
    r"respint[oa]|non riuscit[oa]|fallid[oa]|fallit[oa]|cancelad[oa]|denegad[oa]|negad[oa]|"
    r"echouee?|"
    r"rejetee?s?|recusad[oa]|falhou|estornad[oa]|rejeitad[oa]|anulowan[aeyo]|nieudan[aeyo]|"
    r"zrusen[oaey]|stornovan[oaey]|neuspesn[aeyo]|zamietnut[eoa]|elutasitva|sikertelen|torolve|"
    r"sztornozva|visszavont|respins[a]?|anulat[a]?|esuat[a]?|отказан[аоы]?|отказ|отклонен[аоы]?|"
    r"отменен[аоы]?|неуспешн[аоы]?|сторниран[аоы]?|анулиран[аоы]?|аннулирован[аоы]?|"
    r"анульован[аоы]?|відхилен[оа]|скасован[оа]|odbijen[oa]|"
    r"otkazan[oa]|"
    r"ponisten[oa]|stornir[ao]n[ao]|neuspjesn[oa]|zavrnjen[oa]|preklican[oa]|nekad|avvisad|"
    r"avbruten|"
    r"misslycka(?:d|des|ts)|makulerad|afvist|annulleret|mislykket|mislyktes|avvist|kansellert|"
    r"hylatty|peruttu|peruutettu|epaonnistu\w+|tagasi lukatud|tuhistatud|noraidit[sa]|atcelt[sa]|"
    r"atmest[ai]|atsaukt[ai]|απορριφθηκε|ακυρωθηκε|reddedildi|iptal(?: edildi)?|basarisiz|"
    r"失敗|失败|"
    r"取消|却下|キャンセル|已取消|已拒绝|已拒絕|已退回|已撤销|已撤銷|交易关闭|已关闭|실패|취소|취소됨|"
    r"거절|거절됨|مرفوض[ةه]?|ملغ[ىيا][ةه]?|فشل|נדחה|נדחתה|בוטל|בוטלה|נכשל|נכשלה|"
    r"(?:ถูก)?ปฏิเสธ[^\s]{0,8}|(?:ถูก)?ยกเลิก[^\s]{0,8}|"
    r"ไม่สำเร็จ|ล้มเหลว|(?:bi )?tu choi|that bai|da huy|ditolak|dibatalkan|gagal|batal|अस्वीकृत|"
    r"रद्द|असफल|returned|bounced|not (?:executed|processed|completed|authori[sz]ed)|"
    r"nicht (?:ausgefuhrt|durchgefuhrt|erfolgreich)|non (?:execute|autorizzat[oa]|eseguit[oa])|"
    r"no (?:autorizad[oa]|realizad[oa])|nao (?:autorizad[oa]|realizad[oa])|niet uitgevoerd|"
    r"не выполнен[аоы]?|не исполнен[аоы]?|unsuccessful|void|legv(?: edil\w+| olun\w+)?|"
    r"ləgv(?: edil\w+| olun\w+)?|rədd(?: edil\w+| olun\w+)?|ugursuz|bekor qilin\w+|rad etil\w+|"
    r"muvaffaqiyatsiz|қабылданбады|бас тартылды|жойылды|болдырылмады|сәтсіз|четке кагылды|"
    r"жокко чыгарылды|цуцлагдсан|цуцалсан|татгалзсан|амжилтгүй|одбиен[ао]?|откажан[ао]?|"
    r"неуспешн[аоы]|одбијен[ао]|отказан[ао]|неуспешн[ао]|поништен[ао]|сторниран[ао]|адхілен[ао]|"
    r"скасаван[ао]|адменен[ао]|უარყოფ\w*|გაუქმებ\w*|წარუმატებ\w*|შეწყვეტ\w*|մերժված|"
    r"մերժվել է|չեղարկված|չեղարկվել է|ձախողված|(?:e |i )?refuzuar|(?:e |i )?anuluar|"
    r"(?:e |i )?deshtuar|michud[a]?|ikkancellat[a]?|irrifjutat[a]?|miccahda|diultaithe|"
    r"cealaithe|hafnað|hætt við|afturkallað|mistokst|rad shod|رد شده?|لغو شده?|ناموفق|برگشتی|"
    r"مسترد|منسوخ|ناکام|غير مقبول[ةه]?|لم تتم|أ?لغيت|مرتجع[ةه]?|נדחה על ידי.*|লেনদেন ব্যর্থ|ব্যর্থ|"
    r"বাতিল|প্রত্যাখ্যাত|நிராகரிக்கப்பட்டது|தோல்வி|ரத்து(?: செய்யப்பட்டது)?|"
    r"అస్వీకరించబడింది|విఫలమైంది|"
    r"విఫలం|रद्द (?:किया|केले|गरिएको).*|विफल|खारिज|नामंजूर|अस्वीकार|असफल भयो|"
    r"ප්‍රතික්ෂේප(?: කළ| විය)?|අවලංගු(?: කළ)?|අසාර්ථකයි?|ຍົກເລີກ|ປະຕິເສດ|បដិសេធ|បានបដិសេធ|"
    r"បរាជ័យ|បានបោះបង់|ငြင်းပယ်(?:ခဲ့)?သည်|ပယ်ဖျက်(?:ခဲ့)?သည်|မအောင်မြင်ပါ|ተቀባይነት አላገኘም|"
    r"ውድቅ(?: ተደርጓል)?|"
    r"ተሰርዟል|አልተሳካም|imekataliwa|imeghairiwa|imeshindwa|imeshindikana|tinanggihan|kinansela|"
    r"nabigo|afgekeur|gekanselleer|misluk|ditolak oleh.*|dibatalkan oleh.*|gagal diproses|"
    r"\w{0,4}(?:失败|失敗)|\w{0,4}(?:取消|撤销|撤銷|拒绝|拒絕|驳回|駁回|作废|作廢)|(?:已)?冲正|(?:已)?沖正|"
    r"否認|エラー|不成立|拒否|取引不可|\w{0,4}(?:실패|취소|거절|거부|반려)(?:됨|되었음)?|오류"
)
VOID_WORDS = _folded_pattern(rf"(?:{_VOID})")
# The same in a column of states, where it may be said of what, by whom and why.
_OF_WHAT = (
    r"(?:payment|transaction|card|purchase|transfer|authori[sz]ation|auth|order|status|zahlung|"
    r"umsatz|buchung|transaktion|uberweisung|auftrag|paiement|operation|virement|ordre|pago|"
    r"operacion|transaccion|compra|pagamento|operazione|transazione|transacao|betaling|transactie|"
    r"platnosc|transakcja|operacja|platba|transakce|платеж|операция|платіж|операція|odeme|islem)"
)
VOID_STATE = _folded_pattern(
    rf"(?:{_OF_WHAT}[ _:,./-]+){{0,2}}(?:{_VOID})"
    r"(?:\s*[-–—:(,/].*|\s+(?:by|due|for|because|von|durch|wegen|par|pour|por|per|da|dal|"
    r"door|przez|"
    r"av|af)\s.*)?"
)
# A line that takes another one back.
REVERSAL = _folded_pattern(
    r"revers|storn|ruckbuch|rueckbuch|rucklast|ruecklast|ruckgabe|ruckzahl|contrepass|extourne|"
    r"annulat|anula[cç]|extorno|retroces|estorno|terugboek|zwrot|сторн|возврат|отмен|поверн|"
    r"aterfor|"
    r"tilbagefor|tilbakefor|palautus|chargeback|refund|correct|return|cancel|void|iade|αντιλογ|取消|"
    r"返金|退款|退货|冲正|沖正|환불|취소|إلغاء|استرداد|ביטול|זיכוי|คืนเงิน|hoan tien|pengembalian"
)
KNOWN_STATUS = _folded_pattern(
    r"completed?|booked|posted|settled|cleared|gebucht|umsatz gebucht|comptabilise|valide|"
    r"execute|ejecutad[oa]|contabilizad[oa]|zauctovan[oa]|zrealizowan[aey]|processed|success\w*|"
    r"refunded|partially refunded|held|active|done|approved|uitgevoerd|geboekt|voltooid|"
    r"abgeschlossen|erledigt|ausgefuhrt|"
    r"bestatigt|terminee?|effectuee?|reussi|complet[oa]d[oa]|concluid[oa]|realizad[oa]|efetuad[oa]|"
    r"aprobad[oa]|aprovad[oa]|completat[oa]|contabilizzat[oa]|eseguit[oa]|zaksiegowan[aey]|"
    r"rozliczon[aey]|wykonan[aey]|proveden[oaey]|uctovan[oae]|zauctovan[eoa]|spracovan[eoa]|"
    r"konyvelt|"
    r"teljesult|sikeres|finalizat[a]?|procesat[a]?|executat[a]?|осчетоводен[ао]|изпълнен[ао]|"
    r"исполнен[оа]|проведен[оа]|выполнен[оа]|успешно|виконан[оа]|завершен[оа]|завершено|"
    r"proknjizen[oa]|izvrsen[oa]|knjizen[oa]|izveden[oa]|bokford|genomford|klar|bogfort|gennemfort|"
    r"bokfort|utfort|kirjattu|suoritettu|kinnitatud|teostatud|izpildit[sa]|ivykdyt[ai]|atlikta|"
    r"ολοκληρωθηκε|tamamlandi|onaylandi|basarili|gerceklesti|完了|確定|成功|完成|交易成功|已完成|"
    r"支付成功|已全额退款|已退款|退款成功|对方已收钱|已转账|已收钱|已存入零钱|완료|정상|승인|مكتمل|منفذ|ناجح|הושלם|בוצע|סופי|"
    r"สำเร็จ|thanh cong|hoan thanh|"
    r"berhasil|sukses|efetivad[oa]|efectivad[oa]|liquidad[oa]|pag[oa]d[oa]|confirm(?:ed|"
    r"ad[oa]|ee?)|"
    r"bokað|bokfært|selesai|berjaya|final|executed|sent|received|paid|ok|closed|reconciled"
)
# What kind of payment it is, where the folded text says so.
CARD_PAYMENT = _folded_pattern(
    r"payment.{0,20}thank|thank you|auto ?pay|automatic payment|online payment|payment received|"
    r"direct debit payment|paiement recu|merci|pago recibido|su pago|gracias|zahlung erhalten|"
    r"einzahlung|ausgleich|lastschriftzahlung|betaling ontvangen|pagamento ricevuto|"
    r"pagamento recebido|obrigad|splata karty|inbetalning|refund|credit voucher|erstattung"
)
INCOME = _folded_pattern(
    r"salary|payroll|pay ?check|transfer from|wages|gehalt|lohn|salaire|nomina|stipendio|"
    r"salario|ordenado|pensja|"
    r"wynagrodzenie|(?<!\w)lon(?!\w)|palkka|vyplata|mzda|munkaber|salariu|зарплат|заработн|給与|"
    r"給料|工资|薪资|급여|interest paid|deposit|incoming|received from|refund|zinsgutschrift"
)
EXPENSE = _folded_pattern(
    r"purchase|card payment|kartenzahlung|withdrawal|(?<!\w)atm(?!\w)|(?<!\w)fee(?!\w)|(?<!\w)rent"
    r"(?!\w)|miete|loyer|alquiler|affitto|huur|lastschrift|direct debit|kauf|achat|compra|"
    r"acquisto|zakup|nakup|vasarlas|kortkop|покупка|оплата|subscription|insurance|groceries|"
    r"supermarket|restaurant|cafe|coffee"
)
_OPENING = (
    r"opening balance|balance (?:brought|carried) forward|brought forward|beginning balance|"
    r"starting balance|previous balance|saldo anterior|saldo inicial|saldo iniziale|"
    r"solde (?:initial|precedent|d ouverture|anterieur)|ancien solde|anfangssaldo|alter saldo|"
    r"alter kontostand|anfangsbestand|eroffnungssaldo|saldovortrag|beginsaldo|vorig saldo|"
    r"saldo poczatkowe|pocatecni (?:zustatek|stav)|nyito egyenleg|ingaende saldo|"
    r"pradinis likutis|likutis pradziai|atlikums sakuma|letzter kontostand|opening bal|"
    r"sold initial|primo saldo|входящий остаток|前月繰越|繰越|이월|ouverture|vortrag|"
    r"anfangsstand|kontostand alt|"
    r"(?:previous|starting|initial|beginning|old|open) (?:balance|bal)|bal(?:ance)? (?:b f|c f|"
    r"bf|brought fwd)|b f|saldo (?:de apertura|apertura|previo|precedente|di apertura|iniziale|"
    r"de abertura|abertura|awal|otwarcia|na poczatek|poczatkowy)|pociatocny (?:zostatok|stav)|"
    r"predchozi zustatek|kezdo egyenleg|sold precedent|sold la inceput|начално (?:салдо|салдо)|"
    r"начальный остаток|остаток на начало|вхідний залишок|залишок на початок|pocetno stanje|"
    r"prethodno stanje|staro stanje|zacetno stanje|prejsnje stanje|primo|startsaldo|apningssaldo|"
    r"inngaende saldo|alkusaldo|algsaldo|sakuma atlikums|likutis periodo pradziai|"
    r"αρχικο υπολοιπο|προηγουμενο υπολοιπο|acilis bakiyesi|devir|devreden bakiye|onceki bakiye|"
    r"期初余额|期初餘額|上期余额|承前|이월잔액|기초잔액|전월이월|الرصيد الافتتاحي|رصيد افتتاحي|"
    r"رصيد مدور|יתרת פתיחה|יתרה קודמת|ยอดยกมา|so du dau ky|so du dau|saldo awal|baki awal|"
    r"baki dibawa ke hadapan|ingaende balans|openingssaldo|"
    r"υπολοιπο (?:εκ μεταφορας|απο μεταφορα|προηγουμενου)|εκ μεταφορας|report(?: a nouveau)?|"
    r"a nouveau|reporte|riporto|saldo (?:riportato|a riportare)|transporte|overfort saldo|"
    r"z przeniesienia|prenos|preneseno stanje|siirto|nakli yekun|carry forward|carried over|"
    r"balance b d"
)
_CLOSING = (
    r"closing balance|ending balance|final balance|saldo final|saldo finale|saldo atual|"
    r"solde (?:final|de cloture|actuel)|nouveau solde|endsaldo|neuer saldo|neuer kontostand|"
    r"endbestand|schlusssaldo|abschlusssaldo|kontostand|eindsaldo|saldo koncowe|"
    r"konecny (?:zustatek|stav)|zaro egyenleg|utgaende saldo|galutinis likutis|sold final|"
    r"likutis pabaigai|atlikums beigas|closing bal|исходящий остаток|current balance|"
    r"saldo (?:de cierre|cierre|di chiusura|fecho|fechamento|akhir|zamkniecia|na koniec|koncowy|"
    r"nuovo|contabile finale|disponibile)|konecny (?:zostatok|stav)|sold la sfarsit|крайно салдо|"
    r"конечный остаток|остаток на конец|вихідний залишок|залишок на кінець|"
    r"(?:zavrsno|krajnje|novo|koncno) stanje|ultimo saldo|ultimo|slutsaldo|sluttsaldo|"
    r"utgaende balans|loppusaldo|loppsaldo|beigu atlikums|likutis periodo pabaigai|"
    r"τελικο υπολοιπο|νεο υπολοιπο|kapanis bakiyesi|son bakiye|期末余额|期末餘額|本期余额|次月繰越|"
    r"次期繰越|최종잔액|기말잔액|차월이월|الرصيد الختامي|رصيد ختامي|יתרת סגירה|יתרה סופית|ยอดยกไป|"
    r"ยอดคงเหลือ|so du cuoi ky|so du cuoi|baki akhir|balance (?:c f|carried fwd|cf)|"
    r"(?:end|new|closing|final) (?:balance|bal)|slotsaldo|eindstand|"
    r"available balance|saldo do dia|saldo|s a l d o|solde|"
    r"balance"
)
_REST = r"(?: (?:am|per|of|on|at|as|as of|al|au|a|en date du|den|op|na|do|ke|k|zum|vom))?[\d ]*"
TURNOVER = _folded_pattern(
    r"(?:(?:debeto|kredito|debeta|kredita|bendra|kopejais|deebet|kreedit|debet|kredit|ukupni|"
    r"ukupan|celkovy|celkem|teljes|osszes|summa|total|gesamt|общий|загальний|дебетовый|"
    r"кредитовый) ?)?(?:apyvarta|apgrozijums|kaive|turnover|promet|obrat|forgalom|оборот|rulaj)|"
    r"(?:total|sum of|summe|totale?|total de|suma|ukupno|оборот|обороты)? ?"
    r"(?:debits|credits|debits and credits|lastschriften|gutschriften|cargos|abonos|dare|avere|"
    r"obciazen|uznan|oborot|по дебету|по кредиту)|obraty?|obrat|forgalom|promet|ciro|"
    r"(?:итого )?оборот(?:ы|ов)?|обороти|umsatze? gesamt|omsattning|rulaj|本期发生额|합계금액"
)
OPENING_BALANCE = re.compile(rf"(?:{fold(_OPENING)}){_REST}")
CLOSING_BALANCE = re.compile(rf"(?:{fold(_CLOSING)}){_REST}")
TOTALS = _folded_pattern(
    r"(?:grand |sub ?)?(?:totals?|totale|totaux|summen?|gesamt\w*|somme|totaal|suma|sumar|celkem|"
    r"osszesen|razem|ogolem|ukupno|skupaj|toplam|kokku|kopa|всього|усього|summa|yhteensa|viso|"
    r"итого|всего|合計|合计|합계|spolu|i alt|sum|tong cong|общо|ukupan iznos|σύνολο|συνολο|"
    r"المجموع|"
    r"الإجمالي|סך הכל|סהכ|รวม|jumlah besar|jumlah total|小计|小計|总计|總計|итог|is viso|"
    r"osszeg osszesen|ubertrag|uebertrag|zwischensumme|carried forward|brought forward|"
    r"carry forward|a reporter|report a nouveau|a riportare|riporto|suma y sigue|a transportar|"
    r"transporte|overdracht|do przeniesienia|z przeniesienia)"
    r"(?!\w)"
)
_TOTAL_ALONE = re.compile(rf"{TOTALS.pattern}{_REST}")
_LONGEST_LABEL, _LONGEST_STATUS = 60, 200
# Labels of balances that are also words for payments, or names: a Finnish "siirto" is a transfer.
_ALSO_PAYMENTS = _folded_pattern(
    rf"(?:new balance|final balance|open balance|report|reporte|riporto|transporte|prenos|siirto|"
    rf"primo|ultimo|ouverture|ciro|promet|obraty?){_REST}"
)
# A longer text with one of these may state a balance in words we don't know.
_BALANCE_STEM = _folded_pattern(
    r"(?<!\w)(?:\w*saldo|\w*saldi|solde|sold|(?:\w+ )?balance|\w*kontostand|"
    r"(?:anfangs?|ausgangs|end|schluss|konto|kassen)(?:be)?stand|\w*bestand|beginstand|eindstand|"
    r"egyenleg\w*|zustat\w+|zostat\w+|stan konta|stanje|likut\w+|atlikum\w+|jaak|bakiye\w*|"
    r"остат\w+|салдо|сальдо|залиш\w+|υπολοιπο)(?!\w)|残高|余额|餘額|잔액|رصيد|יתר|ยอด|so du"
)
_BALANCE_WORD = _folded_pattern(
    r"balance|saldo|saldi|solde|sold|kontostand|egyenleg|zustatek|zostatok|stav|stanje|likutis|"
    r"atlikums|jaak|bakiye|остаток|сальдо|салдо|залишок|υπολοιπο|bestand|"
    r"\w+saldo|(?:konto|end|anfangs?|ausgangs|schluss|tages|rest)(?:be)?stand"
)
_WORDS_FOR_OPENING = """
    opening initial start starting beginning begin previous prior last from forward brought
    inicial inicio anterior previo apertura iniziale precedente ouverture depart debut
    precedent anfang alter alt letzter poczatkowe poczatkowy pocatecni minule nyito elozo"""
_WORDS_FOR_WHEN = """
    the a at as of on to in your my this next new final end ending closing close current
    running ledger available cleared day daily days month monthly week weekly year period
    statement account bank book opening total date today carried balance eod al del de la el
    los a da do dos dia diario diaria fecha final finale finali cierre corte actual disponible
    contable cuenta mes nuevo proximo du jour ce le au en date fin cloture nouveau compte mois
    am per zum vom den der des tages tag tagesende ende neuer neu aktueller konto monats
    giorno giornaliero conto chiusura mese dnia dzienne koniec koncowe koncowy na za konta
    denni konecny nyni ke dni uctu napi zaro nap vegi datum dato dag dagens kontot konta на
    конец начало день дня конечный начальный текущий входящий исходящий"""
_OPENING_QUALIFIERS = frozenset(_WORDS_FOR_OPENING.split())
_BALANCE_QUALIFIERS = _OPENING_QUALIFIERS | frozenset(_WORDS_FOR_WHEN.split())
_BARE_LABELS = frozenset(
    ["balance", "saldo", "solde", "kontostand", "sold", "vortrag", "obrat", "promet"]
)


def _by_first_letter(alternatives: str) -> str:
    """The same pattern, tried at a place only if its first letter is there: half the time."""
    rests: dict[str, list[str]] = {}
    for word in alternatives.split("|"):
        rests.setdefault(word[0], []).append(word[1:])
    return "|".join(f"{first}(?:{'|'.join(words)})" for first, words in rests.items())


# Text without any of these can't name a balance. Matched in lower case; a dot stands for a letter
# that may have an accent.
BALANCE_HINT = re.compile(
    _by_first_letter(
        r"report|nouveau|riporto|transporte|prenos|preneseno|siirto|nakli|przenies|carr|μεταφορ|"
        r"overf|bal|s.ld|b ?/?f|vortrag|bestand|kontost|anfang|stan[ jd]|z.stat|stav|egyenl|likut|"
        r"s a l d o|atlik|остат|салдо|залиш|υπ.λ|j..k|bakiy|devir|devred|forward|brought|ouvert|"
        r"primo|ultimo|残|繰|余额|餘額|잔액|이월|承前|رصيد|יתר|ยอด|s. d.|apyvart|apgroz|"
        r"k.ive|turnover|total|totaa|summ|оборот|obrat|forgal|promet|umsatz|rulaj|ciro|"
        r"debits|credits|sum of|oms.tt|发生额"
    )
)


def is_bare_label(text: str) -> bool:
    """Whether a word for a balance can also be a payment type."""
    return plain_heading(text) in _BARE_LABELS


def words_for_balance(text: str) -> str:
    """ "opening" or "closing" if a text has a word for a balance and else only words for when and
    whose it is, as in "end of day balance"; else "".
    """
    words = [word for word in plain_heading(text).split() if not word.isdigit()]
    stems = [word for word in words if _BALANCE_WORD.fullmatch(word)]
    is_bare = len(words) == 1 and words[0] in _BARE_LABELS | {"bestand"}
    if not stems or is_bare or is_also_payment(text):
        return ""
    others = [word for word in words if word not in stems]
    if not all(word in _BALANCE_QUALIFIERS for word in others):
        return ""
    return "opening" if _OPENING_QUALIFIERS.intersection(others) else "closing"


def is_also_payment(text: str) -> bool:
    """Whether a label of a balance may as well be a payment or the name of a payee."""
    return bool(_ALSO_PAYMENTS.fullmatch(plain_heading(text)))


def hints_balance(text: str) -> bool:
    """Whether a text has a word for a balance among others."""
    return len(text) <= _LONGEST_LABEL and bool(_BALANCE_STEM.search(plain_heading(text)))


def is_total(text: str) -> bool:
    """Whether the whole cell is the label of a total."""
    return len(text) <= _LONGEST_LABEL and bool(_TOTAL_ALONE.fullmatch(plain_heading(text)))


def is_status(text: str) -> bool:
    """Whether a cell contains a payment status."""
    if len(text) > _LONGEST_STATUS:
        return False
    word = fold(text)
    return bool(
        PENDING_WORDS.search(word) or VOID_STATE.fullmatch(word) or KNOWN_STATUS.fullmatch(word)
    )
