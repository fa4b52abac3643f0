"""Where the demo household spends: invented merchants, as the bank prints them and as people say
them.

(name, bank description, category slug, least, most, chance on a weekday, chance on a weekend day)
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """A merchant the household visits now and then."""

    name: str
    text: str
    category: str
    least: float
    most: float
    weekday: float
    weekend: float


EVERYDAY = [
    Place("Harbor Market", "HARBOR MARKET #0412 SEATTLE WA", "groceries", 18, 86, 0.16, 0.42),
    Place("Green Basket", "GREEN BASKET 1187 SEATTLE", "groceries", 12, 64, 0.14, 0.22),
    Place("Cascade Grocers", "CASCADE GROCERS CO-OP", "groceries", 9, 48, 0.08, 0.12),
    Place("Miller & Sons Bakery", "SQ *MILLER AND SONS BAK", "groceries", 5, 19, 0.04, 0.22),
    Place("Pike Coffee", "SQ *PIKE COFFEE BAR", "coffee", 3.9, 8.6, 0.27, 0.1),
    Place("Northside Espresso", "NORTHSIDE ESPRESSO 02", "coffee", 3.5, 7.2, 0.14, 0.06),
    Place("Trattoria Lucia", "TST* TRATTORIA LUCIA", "restaurants", 38, 94, 0.02, 0.13),
    Place("Golden Lotus", "GOLDEN LOTUS RESTAURANT", "restaurants", 22, 58, 0.03, 0.1),
    Place("Taqueria Sol", "TST* TAQUERIA SOL", "restaurants", 14, 34, 0.06, 0.12),
    Place("The Ferry House", "THE FERRY HOUSE PUB", "restaurants", 18, 62, 0.03, 0.09),
    Place("Noodle Republic", "NOODLE REPUBLIC 4TH AVE", "restaurants", 12, 19, 0.11, 0.02),
    Place("Doorstep Meals", "DOORSTEP*ORDER 8820", "food-delivery", 21, 46, 0.03, 0.08),
    Place("Sound Fuel", "SOUND FUEL 0093 SEATTLE WA", "fuel", 34, 61, 0.09, 0.11),
    Place("City Parking", "PAYBYPHONE CITY PARKING", "parking", 2.5, 14, 0.05, 0.08),
    Place("Zip Rides", "ZIP RIDES *TRIP HELP.ZIP", "taxi", 9, 31, 0.02, 0.06),
    Place("Corner Drugstore", "CORNER DRUGSTORE #221", "pharmacy", 6, 42, 0.03, 0.04),
    Place("Larch & Loom", "LARCH AND LOOM 014", "clothing", 24, 148, 0.012, 0.05),
    Place("Volt Electronics", "VOLT ELECTRONICS 0077", "electronics", 29, 420, 0.005, 0.012),
    Place("Homestead Supply", "HOMESTEAD SUPPLY #330", "household", 11, 88, 0.02, 0.07),
    Place("Evergreen Garden Center", "EVERGREEN GARDEN CTR", "hobbies", 12, 74, 0.006, 0.04),
    Place("Trailhead Outfitters", "TRAILHEAD OUTFITTERS 5", "hobbies", 22, 190, 0.004, 0.02),
    Place("Lantern Books", "LANTERN BOOKS & CO", "books", 8, 37, 0.012, 0.04),
    Place("Paramount Hall", "PARAMOUNT HALL TICKETS", "events", 32, 128, 0.004, 0.02),
    Place("Orca Cinema", "ORCA CINEMA 12 SEATTLE", "events", 14, 39, 0.005, 0.04),
    Place("Whisker & Paw", "WHISKER AND PAW PETS", "pets", 16, 68, 0.02, 0.04),
    Place("Union Barbers", "SQ *UNION BARBERS", "personal", 28, 46, 0.015, 0.03),
    Place("Lakeview Dental", "LAKEVIEW DENTAL GROUP", "doctor", 45, 220, 0.006, 0),
    Place("Cedar Family Clinic", "CEDAR FAMILY CLINIC COPAY", "doctor", 25, 60, 0.008, 0),
]

# Merchants the household has not categorized yet.
UNCLEAR = [
    Place("", "PYMT 99231 INTL SERVICES LLC", "", 9, 64, 0.012, 0.01),
    Place("", "CHECKCARD 0817 KIOSK 44", "", 4, 28, 0.014, 0.02),
    Place("", "WEB PMT REF 7741203", "", 12, 90, 0.008, 0.004),
]

CASH = [
    Place("Farmers Market", "Farmers market", "groceries", 6, 24, 0.01, 0.32),
    Place("Food truck", "Food truck", "restaurants", 9, 16, 0.06, 0.05),
    Place("Tip jar", "Tips", "other", 2, 8, 0.03, 0.06),
    Place("Flea market", "Flea market", "hobbies", 8, 30, 0, 0.03),
]

EUROPE = [
    Place("Café Morgenrot", "CAFE MORGENROT BERLIN", "coffee", 3.2, 9.8, 0.55, 0.6),
    Place("Gasthaus Linde", "GASTHAUS ZUR LINDE", "restaurants", 18, 62, 0.6, 0.7),
    Place("Markthalle Neun", "MARKTHALLE NEUN BERLIN", "groceries", 9, 38, 0.35, 0.4),
    Place("Stadtbahn", "STADTBAHN TICKET APP", "public-transport", 3.5, 19, 0.5, 0.4),
    Place("Museum am Fluss", "MUSEUM AM FLUSS KASSE", "events", 12, 36, 0.2, 0.3),
]


@dataclass(frozen=True, slots=True)
class Subscription:
    """A fixed amount on a fixed day. The price goes up in month `rises_in` (counted from the
    start).
    """

    name: str
    text: str
    category: str
    day: int
    price: str
    later: str = ""
    rises_in: int = 0


SUBSCRIPTIONS = [
    Subscription("Streamline", "STREAMLINE.COM MONTHLY", "streaming", 3, "15.49", "17.99", 21),
    Subscription("Tunewave", "TUNEWAVE PREMIUM", "streaming", 9, "10.99", "11.99", 14),
    Subscription("Cloudnest", "CLOUDNEST 200GB", "subscriptions", 12, "2.99"),
    Subscription("The Sound Tribune", "SOUND TRIBUNE DIGITAL", "books", 17, "4.00", "6.00", 26),
    Subscription("Ironworks Gym", "IRONWORKS GYM MEMBERSHIP", "fitness", 5, "45.00"),
    Subscription("Fernmobile", "FERNMOBILE AUTOPAY", "phone", 19, "55.00"),
    Subscription("Puget Fiber", "PUGET FIBER INTERNET", "internet", 22, "69.99", "74.99", 18),
]
