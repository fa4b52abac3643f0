"""The built-in merchant map: a cleaned-up name and a first category from a bank's wording.

The last resort of categorising: a person's choice, their rules and the bank's own category all
come before. Keywords match whole words in any case; the longest one found wins.
"""

import re
from dataclasses import dataclass
from functools import cache

import re2

from transactions.matching.words import normalized

# category slug: "keyword = Name" separated by ";". A keyword without a name only categorises.
_MAP = {
    "groceries": """
        aldi = Aldi; lidl = Lidl; rewe = REWE; edeka = Edeka; penny markt = Penny; netto = Netto;
        kaufland = Kaufland; tesco = Tesco; sainsbury = Sainsbury's; sainsburys = Sainsbury's;
        asda = Asda; morrisons = Morrisons; waitrose = Waitrose; co op = Co-op; spar = Spar;
        carrefour = Carrefour; auchan = Auchan; leclerc = E.Leclerc; intermarche = Intermarché;
        monoprix = Monoprix; mercadona = Mercadona; eroski = Eroski; albert heijn = Albert Heijn;
        jumbo = Jumbo; delhaize = Delhaize; colruyt = Colruyt; migros = Migros; denner = Denner;
        billa = Billa; hofer = Hofer; interspar = Interspar; biedronka = Biedronka;
        zabka = Żabka; walmart = Walmart; kroger = Kroger; safeway = Safeway; costco = Costco;
        trader joe = Trader Joe's; trader joes = Trader Joe's; whole foods = Whole Foods;
        publix = Publix; wegmans = Wegmans; loblaws = Loblaws; woolworths = Woolworths;
        coles = Coles; ica supermarket = ICA; coop = Coop; esselunga = Esselunga; conad = Conad;
        maxima = Maxima; rimi = Rimi; supermarket; supermarkt; supermercado; supermarche; grocery;
        groceries; bakery; baeckerei; bäckerei; boulangerie; greengrocer; butcher""",
    "restaurants": """
        mcdonalds = McDonald's; mcdonald = McDonald's; burger king = Burger King; kfc = KFC;
        subway = Subway; pizza hut = Pizza Hut; dominos = Domino's; domino = Domino's;
        nandos = Nando's; vapiano = Vapiano; chipotle = Chipotle; five guys = Five Guys;
        wagamama = Wagamama; taco bell = Taco Bell; restaurant; ristorante; restaurante; bistro;
        pizzeria; sushi; grill; steakhouse; tavern; brasserie; trattoria; gasthaus; gasthof; pub""",
    "coffee": """
        starbucks = Starbucks; costa coffee = Costa; pret a manger = Pret a Manger; pret = Pret;
        dunkin = Dunkin'; tim hortons = Tim Hortons; greggs = Greggs; peets = Peet's;
        coffee; cafe; café; kaffee; espresso""",
    "food-delivery": """
        uber eats = Uber Eats; ubereats = Uber Eats; deliveroo = Deliveroo; doordash = DoorDash;
        grubhub = Grubhub; just eat = Just Eat; lieferando = Lieferando; takeaway com = Takeaway;
        wolt = Wolt; glovo = Glovo; foodora = Foodora; gorillas = Gorillas; flink = Flink;
        instacart = Instacart; hellofresh = HelloFresh""",
    "rent": "rent; miete; loyer; alquiler; kaltmiete; warmmiete; landlord; letting; lettings; huur",
    "mortgage": "mortgage; hypothek; baufinanzierung; hypotheek; mutuo",
    "home-maintenance": """
        home depot = Home Depot; lowes = Lowe's; obi = OBI; hornbach = Hornbach; bauhaus = Bauhaus;
        toom = toom; leroy merlin = Leroy Merlin; screwfix = Screwfix; plumber; hardware""",
    "furnishing": "ikea = IKEA; wayfair = Wayfair; westwing = Westwing; maisons du monde = Maisons du Monde; jysk = JYSK",
    "electricity": """
        vattenfall = Vattenfall; e on = E.ON; eon energie = E.ON; enbw = EnBW; edf = EDF;
        british gas = British Gas; octopus energy = Octopus Energy; iberdrola = Iberdrola;
        endesa = Endesa; enel = Enel; engie = Engie; con edison = Con Edison; pg e = PG&E;
        duke energy = Duke Energy; stadtwerke; electricity; strom; electric company; power company""",
    "heating": "heating; gas company; fernwärme; heizung; gaz de france; gasag = GASAG",
    "water": "thames water = Thames Water; water company; water utility; wasserwerke; water board",
    "internet": """
        comcast = Comcast; xfinity = Xfinity; spectrum = Spectrum; virgin media = Virgin Media;
        unitymedia = Unitymedia; broadband; internet; fibre""",
    "phone": """
        vodafone = Vodafone; telekom = Telekom; deutsche telekom = Deutsche Telekom; o2 = O2;
        t mobile = T-Mobile; verizon = Verizon; at t = AT&T; orange = Orange; sfr = SFR;
        bouygues telecom = Bouygues Telecom; telefonica = Telefónica; movistar = Movistar;
        swisscom = Swisscom; kpn = KPN; telia = Telia; congstar = congstar; mobile phone""",
    "fuel": """
        shell = Shell; aral = Aral; esso = Esso; bp = BP; texaco = Texaco; chevron = Chevron;
        exxon = Exxon; total energies = TotalEnergies; totalenergies = TotalEnergies; repsol = Repsol;
        agip = Agip; omv = OMV; jet tankstelle = JET; circle k = Circle K; orlen = Orlen;
        tankstelle; petrol; gas station; fuel; ionity = IONITY; chargepoint = ChargePoint""",
    "public-transport": """
        deutsche bahn = Deutsche Bahn; db vertrieb = Deutsche Bahn; bvg = BVG; mvv = MVV; hvv = HVV;
        tfl = Transport for London; transport for london = Transport for London; trainline = Trainline;
        sncf = SNCF; ratp = RATP; renfe = Renfe; ns groep = NS; sbb = SBB; cff = SBB; obb = ÖBB;
        amtrak = Amtrak; mta = MTA; national rail = National Rail; oyster; metro; bus; tram""",
    "taxi": """
        uber = Uber; lyft = Lyft; bolt = Bolt; cabify = Cabify; free now = FREE NOW; lime = Lime;
        tier = TIER; miles mobility = MILES; sixt share = SIXT share; share now = SHARE NOW;
        blablacar = BlaBlaCar; taxi; cab""",
    "parking": "parking; parkhaus; park garage; toll; maut; easypark = EasyPark; paybyphone = PayByPhone",
    "car-maintenance": "autohaus; car wash; waschanlage; garage; atu = ATU; tyre; kwik fit = Kwik Fit",
    "clothing": """
        h m = H&M; hennes mauritz = H&M; zara = Zara; uniqlo = Uniqlo; primark = Primark;
        zalando = Zalando; asos = ASOS; nike = Nike; adidas = adidas; gap = Gap; levis = Levi's;
        about you = ABOUT YOU; decathlon = Decathlon; footlocker = Foot Locker; next retail = Next""",
    "electronics": """
        media markt = MediaMarkt; mediamarkt = MediaMarkt; saturn = Saturn; best buy = Best Buy;
        apple store = Apple; currys = Currys; fnac = Fnac; coolblue = Coolblue; newegg = Newegg;
        conrad electronic = Conrad""",
    "household": "dm drogerie = dm; rossmann = Rossmann; target = Target; action = Action; wilko = Wilko",
    "shopping": """
        amazon = Amazon; amzn = Amazon; amzn mktp = Amazon; ebay = eBay; etsy = Etsy;
        aliexpress = AliExpress; temu = Temu; shein = Shein; otto = OTTO; bol com = bol.com;
        argos = Argos; john lewis = John Lewis; marks spencer = Marks & Spencer; galeria = Galeria""",
    "pharmacy": "walgreens = Walgreens; cvs = CVS; boots = Boots; pharmacy; apotheke; pharmacie; farmacia; docmorris = DocMorris",
    "doctor": "doctor; dentist; zahnarzt; arztpraxis; hospital; clinic; klinik; physio; optician; fielmann = Fielmann; specsavers = Specsavers",
    "fitness": """
        mcfit = McFIT; fitness first = Fitness First; puregym = PureGym; planet fitness = Planet Fitness;
        urban sports = Urban Sports Club; basic fit = Basic-Fit; gym; fitness; fitnessstudio; yoga""",
    "streaming": """
        netflix = Netflix; spotify = Spotify; disney plus = Disney+; disneyplus = Disney+;
        hulu = Hulu; hbo max = HBO Max; prime video = Prime Video; amazon prime = Amazon Prime;
        youtube premium = YouTube; youtube = YouTube; apple music = Apple Music; deezer = Deezer;
        audible = Audible; dazn = DAZN; sky = Sky; paramount = Paramount+; crunchyroll = Crunchyroll""",
    "games": "steam = Steam; steampowered = Steam; playstation = PlayStation; xbox = Xbox; nintendo = Nintendo; epic games = Epic Games",
    "events": "ticketmaster = Ticketmaster; eventim = Eventim; cinema; kino; cineplex = Cineplex; odeon = Odeon; theatre; theater; museum; concert",
    "books": "waterstones = Waterstones; thalia = Thalia; barnes noble = Barnes & Noble; kindle = Kindle; bookshop; new york times = New York Times; economist = The Economist; guardian = The Guardian",
    "subscriptions": """
        apple com bill = Apple; itunes = Apple; google storage = Google; google one = Google One;
        microsoft = Microsoft; adobe = Adobe; dropbox = Dropbox; github = GitHub; openai = OpenAI;
        patreon = Patreon; icloud = iCloud; notion = Notion; linkedin = LinkedIn; subscription""",
    "flights": """
        lufthansa = Lufthansa; ryanair = Ryanair; easyjet = easyJet; british airways = British Airways;
        klm = KLM; air france = Air France; wizz air = Wizz Air; vueling = Vueling; delta air = Delta;
        united airlines = United; american airlines = American Airlines; southwest = Southwest;
        eurowings = Eurowings; flixbus = FlixBus; flixtrain = FlixTrain; eurostar = Eurostar; airlines""",
    "hotels": """
        booking com = Booking.com; airbnb = Airbnb; expedia = Expedia; hotels com = Hotels.com;
        marriott = Marriott; hilton = Hilton; ibis = ibis; premier inn = Premier Inn; hotel; hostel""",
    "travel": "tui = TUI; travel agency; reisebüro; sixt = SIXT; hertz = Hertz; europcar = Europcar; avis = Avis",
    "personal": "hairdresser; friseur; coiffeur; barber; barbershop; salon; sephora = Sephora; douglas = Douglas; nail studio",
    "children": "kindergarten; kita; nursery; daycare; childcare; toys r us = Toys R Us; smyths = Smyths; babysitter",
    "pets": "fressnapf = Fressnapf; zooplus = zooplus; petsmart = PetSmart; pets at home = Pets at Home; veterinary; tierarzt; vet",
    "education": "university; tuition; udemy = Udemy; coursera = Coursera; duolingo = Duolingo; school fees; language school",
    "insurance": """
        allianz = Allianz; axa = AXA; huk coburg = HUK-COBURG; aviva = Aviva; zurich = Zurich;
        generali = Generali; ergo = ERGO; geico = GEICO; state farm = State Farm; admiral = Admiral;
        direct line = Direct Line; lebensversicherung; versicherung; insurance; assurance""",
    "gifts": "donation; spende; unicef = UNICEF; red cross = Red Cross; oxfam = Oxfam; wwf = WWF; wikimedia = Wikimedia; gofundme = GoFundMe; florist; blumen",
    "taxes": "hmrc = HMRC; finanzamt = Finanzamt; irs = IRS; council tax; tax payment; steuer; impots; rundfunkbeitrag = Rundfunkbeitrag; belastingdienst = Belastingdienst",
    "bank-fees": "account fee; monthly fee; kontoführung; kontofuehrung; bank charge; bank charges; service charge; overdraft fee; foreign transaction fee; card fee; entgelt",
    "interest-paid": "interest charged; sollzinsen; overdraft interest; interest charge",
    "cash": "atm; cash withdrawal; geldautomat; bargeldauszahlung; bancomat; cashpoint; retrait; geldautomaat; cajero",
    "salary": "salary; payroll; wages; gehalt; lohn; salaire; nomina; stipendio; salaris; palkka; lön; bezüge",
    "interest": "interest paid; interest payment; interest; zinsen; habenzinsen; zinsgutschrift; intereses; interets",
    "dividends": "dividend; dividende; dividendo; ausschüttung",
    "pension": "pension; rente; rentenversicherung; retraite; social security",
    "benefits": "kindergeld; child benefit; universal credit; elterngeld; unemployment; wohngeld",
    "refunds": "refund; erstattung; rückerstattung; remboursement; cashback; chargeback; tax refund",
    "card-payment": "credit card payment; card payment thank you; payment thank you; kreditkartenabrechnung; card repayment",
    "savings-transfer": "to savings; savings transfer; from savings; sparen; sparplan",
    "loan-repayment": "loan repayment; loan payment; darlehen; kreditrate",
    "transfer": "internal transfer; own account; umbuchung; transfer between accounts; übertrag",
}  # fmt: skip

_INFLOW_ONLY = frozenset({
    "salary", "interest", "dividends", "pension", "benefits", "refunds", "rental-income",
})  # fmt: skip

# What banks and card schemes put before a merchant's name, and what they put behind it.
_PREFIX = re.compile(
    r"^(?:(?:pos|card|debit|credit|visa|mastercard|maestro|contactless|purchase|payment|payments"
    r"|direct debit|dd|so|to|at|bill|sepa|lastschrift|kartenzahlung|ec|girocard|paiement|cb|carte"
    r"|compra|tarjeta|pago|betaling|bea|google pay|apple pay|gpay|paypal|sumup|izettle|zettle"
    r"|sq|tst|sp|pp|www|online)\b[\s.:*/-]*)+",
    re.IGNORECASE,
)
_SUFFIX = re.compile(
    r"(?:[\s,/*#-]+(?:[A-Z]{2}|gmbh|ag|ltd|limited|inc|llc|plc|s\.?a\.?|b\.?v\.?|kg|co|sagt danke"
    r"|[#*]?\d[\dA-Z:./-]*|ref\b.*|nr\b.*|on \d.*|date \d.*))+$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Recognised:
    """What the map makes of a line: either may be "" (unknown)."""

    merchant: str
    category_slug: str


@cache
def _keywords() -> tuple[re2.Set, list[tuple[int, str, str]]]:
    """The automaton, and for each pattern (length, name, slug)."""
    options = re2.Options()
    options.case_sensitive = False
    automaton = re2.Set.SearchSet(options)
    meanings: list[tuple[int, str, str]] = []
    for slug, table in _MAP.items():
        for entry in table.split(";"):
            keyword, _, name = (part.strip() for part in entry.partition("="))
            words = normalized(keyword)
            automaton.Add(f"(?:^| ){re2.escape(words)}(?: |$)")
            meanings.append((len(words), name, slug))
    automaton.Compile()
    return automaton, meanings


def recognise(text: str, *, is_inflow: bool) -> Recognised:
    """The merchant's name and a category slug for a bank's wording, by the longest keyword."""
    automaton, meanings = _keywords()
    found = sorted(
        (meanings[index] for index in automaton.Match(normalized(text)) or ()), reverse=True
    )
    name = next((name for _, name, _ in found if name), "")
    slug = next((slug for _, _, slug in found if is_inflow or slug not in _INFLOW_ONLY), "")
    return Recognised(name, slug)


def clean_merchant(description: str) -> str:
    """A name to show when nothing is known: the bank's prefixes, numbers and legal forms go."""
    text = " ".join(description.split())
    text = text.split(" / ")[0]
    text = _PREFIX.sub("", text)
    text = _SUFFIX.sub("", text).strip(" -*/,.:#")
    if not any(char.isalpha() for char in text):
        return ""
    return (text.title() if text.isupper() else text)[:200]
