"""What the built-in merchant map knows: brands, and words that say what kind of shop it is.

Brands and kinds stand in text files in `known/`: under a line "[category slug]" the names,
separated by ";". A brand's name is its own keyword; further spellings follow "=". A country behind
a name, "Migros (TR)", tells it from a chain elsewhere and is not shown.

A name or spelling that begins with "!" is also an ordinary word or place: it counts only where
nothing else is left of the line ("ORANGE SA 4711", not "ORANGE COUNTY CLERK"). With "!!" it means
something else on bank lines too, so a store's number and a place must be there ("TOTAL 4451
PARIS"). With "?" it is a short or foreign word that needs a second piece of evidence, as those of
`AMBIGUOUS`.
"""

from pathlib import Path

_KNOWN = Path(__file__).parent / "known"


def _table(name: str) -> dict[str, str]:
    """Category slug → what a file says of it."""
    found: dict[str, list[str]] = {}
    slug = ""
    for line in (_KNOWN / f"{name}.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            slug = line.strip("[]")
        elif line and not line.startswith("#"):
            found.setdefault(slug, []).append(line)
    return {slug: "; ".join(lines) for slug, lines in found.items()}


# Where two regions have chains of one name, the earlier region's is meant.
BRANDS = [
    _table(f"brands/{region}")
    for region in (
        "europe_and_america",
        "western_europe",
        "north_and_latin_america",
        "nordics_and_baltics",
        "central_and_eastern_europe",
        "asia_africa_and_oceania",
    )
]
KINDS = _table("kinds")
COMPOUNDS = _table("compound_ends")
DEPARTMENTS = _table("departments")
# Family names: of anyone, and of those after whom a chain's shops are named in their countries.
SURNAMES = {
    whose: [name.strip() for name in names.split(";")]
    for whose, names in _table("surnames").items()
}
# Countries and their codes, states of the US, and cities, word by word.
PLACES = (_KNOWN / "places.txt").read_text(encoding="utf-8")

# Behind a kind of shop they make it an address: "HOSPITAL ROAD".
STREETS = "street road rd lane avenue ave"

# In capitals, where every word looks like a till's, these say that people wrote the line.
WRITTEN_BY_PEOPLE = "from my our your money reunion thanks reply owes lent"

# Payments between people: for money received the kind is known, for money sent only the memo says.
BETWEEN_PEOPLE = """
    venmo; zelle; cash app; cashapp; square cash; paypal friends; bizum; twint; mobilepay; swish;
    vipps; blik na telefon; pix; tikkie; lydia; paylib; wero; popmoney; apple cash; facebook pay;
    interac e transfer; yape; nequi; daviplata; satispay"""

# Phrases in which a word above means something else.
MISLEADING = """
    atm deposit; cash deposit; metro bank; water park; business school; public works; boot camp;
    rent the; garage sale; yard sale; doctor who; dr who; metro manila; metro atlanta;
    metro detroit; metro vancouver; metro area; orange county; shell beach; shell game; ace hotel; direct deposit reversal; rent a center;
    interest rate; west coast; bus pass photo; target marketing; college ave; college avenue;
    college st; university ave; university avenue; park hotel garage; cape cod; coffee county;
    salon du; salon de l; hotel des; hotel de ville; hair of the dog; bar exam; bar association;
    bar council; bar review; bar prep; bar mitzvah; bat mitzvah; bar harbor;
    state bar; sound bar; gold bar; tow bar; roll bar; bull bar; candy bar; protein bar; grab bar;
    energy bar; auto pymt; auto pmt; auto pay; google ads; facebk ads; facebook ads; meta ads;
    tiktok ads; linkedin ads; hema quebec; o2 academy; tax refund office;
    colegio de abogados; colegio de medicos; colegio de arquitectos; colegio de ingenieros;
    colegio medico; colegio oficial; rent a;
    costa rica; costa del; costa brava; costa blanca; costa mesa"""

# Brands of one word that is also an ordinary word, a place or a person's name. In a sentence they
# count only with a second piece of evidence: "SHELL 4711", "Shell, Berlin", not "Shell collection".
AMBIGUOUS = """
    acorns admiral adobe affirm allegro alinea amazon anthem apple aral argos arriva asisa audible
    aurora avia axis barmer blim blokker bolt boots booths bose boulanger bowlero carrefour carters
    chase clarks coles consum continente coop costa costco culvers curry dell denner divvy dobbies
    domino dyson electra emo enel engie eni entergy ergo esquire essent etos eventim express fabletics
    figma flink flogas foyles gails gemo generali gorillas gucci hallmark hardees harrods hema hertz
    hilton hofer hooters humana hunter icloud indrive ipsy izzi jumbo kaufland kindle kmart kobo
    lakeland laya leclerc lefties levis lego lemonade linio logitech lovefilm marriott marshalls
    maxima medium metro miles mint monro myer napa navigo neste netto next nike norton notion opus
    oxford patreon peacocks peloton perry picard plume potbelly prime profi purple regal reiss rex
    rona sams schuh schwab sears sego shell sixt slack sling sonder spar speedway sprouts stash
    staples starz steam strava stub substack subway sweetwater takko target toom tui turo twitch uber
    upstart vanguard verbund vinted vivint vivo voi warta wellness wendys wiggle willys wish zara zoom
    zeeman woot wawa mohela goodyear firestone thalia sephora alexa leon marathon
    att heb faz rei parfois personal ragazzo prezzo similares fantastico doutor sube politiken
    lifetime americanas ovo longos bonitas sportler sporting fascino cotidiano avanza abuelos
    amanhecer portugalia liberation hometown submarino ferguson economist ambasada bestseller
    valentine veneti fourchette gautier valora metropolitano campanile southeastern exito
    equatorial desigual araujo salvos olimpica spoleto eldorado ethiopian diagonal oporto
    masterclass galaxias biomedical prisma devoto discord celeiro recheio pelayo bolivariano
    showtime tanger havanna molotov ocaso vallarta benavides komplett drogas kus certas tipico
    assai alza strato arabica rubios scholastic augustiner terranova prenatal intercontinental
    electrica roundtable backhaus agadir botanic bunting adonis betterment coccinelle villaverde
    notabene avista shudder pelikan bugatti carris westin pitstop harvester roadhouse globetrotter
    hippopotamus darjeeling aegean malakoff ostermann cardenas germanos buchbinder landers
    foursquare burgermeister helvetia westpark bonafide crocus bellona gravis scalpers stonehouse
    bridgehead glengarry flatiron technopolis sentosa jamba rowlands lonestar imaginarium
    headspace levain onofre naturlich yamada kakadu krystal rupprecht mccauley goldbeck batres
    wellcome zurich"""

# How a card payment begins, on a till's or a bank's line.
CARD_WORDS = """
    pos card checkcard visa mastercard maestro contactless purchase kartenzahlung girocard ec cb
    carte tarjeta bea sq tst sumup zettle izettle paypal pp debit"""

# What stands between a chain's name and a store's number.
BRANCHES = """
    fil filiale filial branch outlet sucursal suc tienda magasin winkel sklep negozio butik store
    stores shop station nr no posto estacion stacja"""

# Words that name nobody: how it was paid and legal forms.
NOISE = """
    pos ach debit credit card checkcard visa mastercard maestro contactless purchase payment
    pay paypal pp sq tst sp sumup zettle izettle klarna stripe www com net sepa lastschrift
    kartenzahlung kauf achat cb carte paiement prlv compra tarjeta pago recibo pagamento addebito
    betaling bea ec girocard gmbh ag kg ltd limited inc llc plc sa sas srl spa bv nv ab oy as zoo
    ref nr id date on to the store stores shop online recurring bill invoice rechnung facture
    direct dd autopay sagt danke dankt entertainment centro express inside outside factory topup
    app betaalautomaat betaalpas pinpas platnosc karta zakup kortkop kortkob dankort visakort
    korttiosto cartao debito tarj terminal"""

# Words of sentences and of what people do together: beside one of them a brand that is also an
# ordinary word is no merchant, even in capitals ("TARGET PRACTICE").
SENTENCE = """
    a an and for from with of my our your is it we you und mit fur fuer von vom zum zur ein eine
    et avec pour des du y con para del los por e per un una met voor van i z dla od och med
    practice game games night trip fund share party club gift raffle bet fee range group support
    seminar reunion expedition river hike picking pie juice contest skiing diving week weekend
    year month day birthday geburtstag wedding deposit dinner lunch ticket tickets collection
    tournament quiz picnic documentary voucher visit holiday vacation model kit test
    practise lesson lessons training league team match race tour festival concert friends family
    school class camp church choir band memorial donation offering fundraiser charity loan rent
    miete loyer alquiler affitto huur czynsz regalo cadeau cadeautje geschenk fest feier reise
    ausflug viaje voyage fiesta merch lounge jet sea pack cutters hiking himmelblau thoughts tales
    story stories book books plan project due amount summary subtotal balance geld money danke
    thanks thank"""

# Trades without a category of ours: behind a brand they make it the name of another business.
TRADES = """
    solicitor solicitors attorney attorneys lawyer lawyers law legal notary notaire notar
    notario rechtsanwalt rechtsanwaelte avocat avocats abogado abogados avvocato advocaat
    accountant accountants accounting bookkeeping steuerberater steuerberatung comptable
    contador consulting consultants contractor contractors contracting construction
    bauunternehmen builders architect architects architekten engineering engineers ingenieure
    realty realtor realtors immobilien immobilier inmobiliaria immobiliare funeral mortuary
    cemetery bestattungen pompes funerarias photography photographer photographers fotografie
    alarms alarm movers moving towing logistics logistik spedition staffing recruitment
    recruiting advertising werbung druckerei imprimerie imprenta publishing verlag therapy
    counseling counselling coaching guides expeditions safari safaris charters supply supplies
    industries manufacturing fabrication welding schlosserei schreinerei tischlerei zimmerei
    dachdecker maler malermeister painting painters repair repairs tuning
    lessons lesson society association rink workshop flooring paving masonry carpentry upholstery
    scaffolding geruestbau gerustbau kanzlei anwaltskanzlei rechtsanwaltskanzlei anwalt anwaelte
    anwalte advokat advokater advokatfirma advokatbyra adwokat advocaten advocatenkantoor notariat
    steuerkanzlei beratung unternehmensberatung consultancy advisory advisors advisers surveyors
    chartered barristers conveyancing defender defenders choir chor chorale ensemble concrete
    demolition drilling excavation haulage freight trucking forwarding shipping engraving
    signage advokatska odvetnik avukat avukatlik hukuk musavir abogacia procurador contabilidade
    contabil studio legale commercialista revisor redovisning regnskap tilintarkastus ksiegowy
    rachunkowe ucetni ugyved konyveles
    siding insulation plastering plasterers bricklaying joinery glaziers tilers asphalt excavating
    hauling junk rigging machining foundry surveying brokers broker capital ventures holdings
    estate agents funeralcare funerals makelaar makelaars makelaardij fc afc rfc cf
    cleaning vineyard vineyards winery foundation ministries congregation synagogue mosque"""

# Behind a kind of shop they name what is sold to it, or is no business at all: "PIZZA OVENS".
THINGS = """
    machine machines oven ovens maker makers equipment supply supplies parts furniture tables mat
    mats shorts accessories uniforms tax consulting repair repairs school depot magazine academy
    stool stools franchise association union jobs licence license permit automaten maschinen bedarf"""

# Behind or before a chain's name they make it the chain's bank: "EDEKA BANK", "BANCO CARREFOUR".
BANKS = """
    bank banken banque banco banca banka pank finance financial financiera finanziaria financement
    finanzierung financiamento financing money moneycard synchrony comenity syncb"""

# Words that begin other names, too: "METRO DINER", "ELECTRIC AVENUE", "COLLEGE HUNKS".
LEADING = "metro electric college"

# Behind a kind of business, and as a line's last word: what stands there is the business.
HEADS_BEFORE = "de del du des della dello dei da do dos zum zur am im van von"
HEADS_LAST = "bar pub tavern restaurant cafe grill diner bistro brewery"

# Kinds of business, unlike the other words of gifts.
FLORISTS = """
    florist florists flower flowers floral fleuriste fleurs floristeria floristerias floreria
    florerias floricultura fiorista fioraio fioreria fiori flores blumen blumenladen blumenhaus
    bloemen bloemist blomster blommor kwiaciarnia kwiaty kvetinarstvi"""

# What companies write above a bill, and no person to another.
BILLS = """
    bill invoice rechnung facture factura fattura factuur faktura fatura recibo bolletta abschlag
    beitrag premium mandat vertrag contrat boleto"""

# Trades that a street may be named after, too: only a line's last word is one.
LAST_TRADES = """
    farm farms ranch orchard orchards mill mills quarry marina rescue shelter arcade orchestra
    sandblasting storage rentals outfitters hof hofgut finca ferme fattoria boerderij gard"""

# What companies of a chain are called besides its name: "NETFLIX INTERNATIONAL B.V.".
CORPORATE = """
    international europe european global group groupe gruppe gruppo sales service services
    servicios servizi retail trading digital vertrieb vertriebs handel handels distribution
    distribuidora comercio comercial operations operating holding stores store energy energia
    energie mobile telecom communications communication media online markt market markets
    produktion produktions gas electric svcs us eu east west north south central nord sud ost sued nederland norge sverige danmark
    suomi polska italia espana france deutschland brasil mexico"""

# Where tickets are sold: beside whoever carries or shows people, no other business.
TICKETS = """
    ticketshop; ticket office; box office; tickets; biglietteria; biglietti; billetterie; entradas;
    taquilla; boletos; boleteria; ingressos; bilheteria; bilheteira; vorverkauf; kaartverkoop;
    biljetter"""

# Where a chain's branch may be: no other business, though they name one.
SITES = """
    hospital hospitals klinik klinikum krankenhaus hopital clinic university universitat
    universitaet universite universidad universita universidade college campus school metro bus
    bahn rail tram hotel resort station museum zoo theatre theater cinema stadium stadion arena
    airport ferry garage library"""

# Behind a brand they go on with another business's name: "X and Sons", "X of Y".
JOINING = "and und et y of"

# What people pay each other for, and whom: beside one of these a brand is no merchant at all.
OCCASIONS = """
    birthday wedding anniversary christening funeral party raffle kitty fund funds gift present
    share shares fundraiser night tickets cottage float reunion biography mug sensor
    rent miete loyer alquiler affitto huur czynsz hyra husleie husleje vuokra
    donation donations spende spenden kaution fianza caution borg lehrgeld nachhilfe
    geburtstag hochzeit geschenk taufe feier anteil mitbringsel ausflug klassenfahrt
    anniversaire mariage cadeau part cagnotte cumpleanos boda regalo regalos cuota fiesta
    compleanno matrimonio quota festa verjaardag bruiloft cadeautje urodziny wesele prezent
    aniversario casamento presente bursdag fodelsedag syntymapaiva lahja
    fru mum mom mummy dad daddy mama papa mutti vati gran granny grandma grandpa nan oma opa nonna
    nonno abuela abuelo mamie papi tante onkel auntie aunt uncle
    mr mrs herr herrn frau sra senor senora mme monsieur madame dhr mevr pan pani"""

# German compounds that end in one of them: "Abschiedsgeschenk".
OCCASION_ENDS = "geschenk geschenke spende feier kaution miete ausflug geburtstag"

# How people address each other in a payment's text: a brand beside unknown words is no merchant.
ADDRESSING = """
    from with for my our your their his her mit fur fuer von vom avec pour con para per met voor
    dla med till and und et"""

# Names of payments between accounts: a brand counts if the payee has no other name beside it.
TRANSFERS = """
    transfer transferencia transferencias trasferimento bonifico przelew virement vir overboeking
    ueberweisung uberweisung gutschrift swish zelle venmo mobilepay bizum blik pix tikkie vipps
    twint standing order dauerauftrag traspaso overforing tilisiirto siirto prevod prijenos"""

# What only companies' lines say: then a name beside the brand is its own.
COMPANY_WORDS = """
    gmbh ag ltd limited inc llc plc spa srl bv nv sas sarl kg oyj asa aps ug lda ltda sau
    invoice bill rechnung rechnungsnr kundennummer kundennr kdnr vertrag mandat facture contrat
    recibo factura contrato bolletta fattura factuur klantnr faktura fatura boleto contract
    account customer policy premium abschlag beitrag"""

# Brands that are also people's first or last names: of two words in capitals the other may be
# the rest of the name, so capitals are no evidence.
NAMES = """
    admiral alexa anthem asisa aurora barmer carters chase clarks costa curry dell denner domino
    dyson elisa emo engie eni etos gail gap hallmark hilton hofer hunter irma izzi jumbo leclerc
    leon marshalls max maxima meo miles mint monro myer next norma norton otto oxford penny
    perry picard plume potbelly prime purple regal reiss rex rona sam sams schuh schwab sephora
    sky tim toom tui uber vivint warta wendys wish zara zoom"""

# Common given names: right before a brand at the end of a line they make it a family name.
GIVEN_NAMES = """
    aaron abigail adam agnieszka ahmed aisha alain alan alba albert alberto alejandro
    aleksandra alessia alex alexander alexis ali alice alistair alois alvaro amanda amber amit
    amy ana anders andrea andreas andrew andrzej angel angela angelo anja ann anna anne annie
    anouk anthony antje antoine antonio archie arne arthur ashley astrid aurelie austin axel
    ayse baptiste barbara barry bartosz beata beatriz becky ben bengt benjamin bernard bernd
    beth bettina betty beverly billy birgit bjorn bob bobby bram brandon brenda brian brigitte
    britta brittany bruce bruna bryan callum cameron camila camille carl carlos carmela carmen
    carol carolyn carrie catherine cathy celine charles charlie charlotte cheryl chiara chloe
    chris christina christine christophe christopher claire claudia claudine clement clive
    colette colin connor corinne cornelia craig cristina cynthia daan dagmar damian dan daniel
    danielle daphne darren david dean debbie deborah debra denise dennis denny derek diana
    diane diego dieter dmitri dolores domenico dominic dominik donald donna doris dorota
    dorothy douglas duarte duncan dylan eddie edith edward egon eleanor elena elijah elizabeth
    elke ella ellie elliot elodie elsie emil emily emma enric enrico eric erik erika erna
    ernest ernst esther ethan ethel euan eva evelyn evie ewa fabian fatima federica felipe
    felix femke fergus fernando fiona fleur florian frances francesca francesco franco francois
    francoise frankie franz fred freddie freja freya frieda fritz gabriel gary gavin geir gemma
    geoff george georgina gerald geraldine gerd gerhard gianni gina giorgia giovanni gisela
    giulia giuseppe glenn gloria grace graham gregory greta grzegorz guenter guillaume gunter
    gustav gustavo gwen hakan hamish hannah hanne hans harold harriet harry hartmut hazel
    heather hedwig heidi heike heiko heinz helen helga helmut henrik henry hermann hilda hilde
    holger horst howard hugh hugo ian ilaria ilse imogen ines inge ingrid irina iris irmgard
    isabel isabella isabelle isla ivan ivana ivy iwona jack jackie jacob jacqueline jake jakub
    james jamie jan jane janet janice jason javier jeffrey jen jennifer jens jeremy jerry jerzy
    jesper jess jesse jessica jesus jill jim joan joanna joao joaquim joe joel johan johanna
    john johnny jolanda jonas jonathan jonny joost jordan jordi jorge jorn jose josef josefa
    joseph josephine josh joshua joyce jozef juan judith judy juergen jules julia julie julien
    juliette june jurgen justin kai kalle kamil karen karl kasia kate katerina katherine
    kathleen kathrin kathryn katie katja katrin kayla kees keith kelly ken kenneth kerry kevin
    kieran kim kimberly kirsten kirsty klaus knut krystyna krzysztof kurt kyle laia larissa
    larry lars laura lauren laurent lawrence lea leah leanne lee leif leila lena lennart leo
    leonie leopold lewis liam lily linda lisa lise liv liz logan lorenzo lori lotte louis
    louise lucia lucie lucy ludwig luigi luis lukas lukasz luke lynn maarten mabel madison
    magdalena magnus maisie maja malcolm malgorzata mandy manfred manon manuel mara marcel
    marcin marco marcus marek margaret margaux margot maria marian marie marilyn marina mario
    marlene marta martha martin mary mathieu matt matteo matthew matthias maureen maurice
    maxime meg megan mehmet melissa mette michael michal michel michelle miguel mikael mike
    milan millie miriam mohamed mohammed molly monika monique morgan moritz nadine nancy naomi
    natalia natalie nathalie nathan neil nell nicholas nick nicolas nicole nigel niklas nils
    nina noah noel noemie nora norah norman nuria ole olga oliver olivia olivier omar oscar
    otmar owen pablo pam pamela paolo patricia patrick pau paul paula pauline pawel pedro peggy
    penelope percy peter petra philip philippe phoebe phyllis pia pierre piet pietro pilar
    piotr poppy preben priya rachel rafael rainer raj ralph randy raquel raul raymond rebecca
    reece reinhard renata renate rene rhys richard ricky rita robert roberto robin roger rolf
    ron ronald ronny rory rosa rosemarie rosie rowan ruby rudolf rui rune rupert russell ruth
    ryan sabine sally salvatore sam samantha samuel sander sandra sanne sara sarah scott sean
    sebastian sem sergei sergio sharon sheila shirley siegfried sigrid sigurd silke silvana
    silvia silvio simon sofia solveig sophia sophie stanislaw stefan stefano stella stephanie
    stephen steve steven stewart stig stuart sue susan sven svenja svetlana sylvia sylvie
    tadeusz tanja tara tatjana ted teresa terry thelma theo theodore thiago thibault thomas
    tiago tim timothy tina tobias toby tom tomasz tony torsten tove tracy trevor tyler ulf ulla
    ulrich ursula ute uwe vera vernon vicky victoria viktor vincent vincenzo virginia vitor
    vivian walter warren wayne wendy werner wesley wiebke willem william willie winnie wolfgang
    xaver yusuf yvonne zachary zoe zofia zosia zuzana"""

# Kinds of shop that are family names too.
FAMILY_NAMES = """
    burger curry barber butcher tailor gardener lohn reisen metro cab rail"""
