"""Three years of one household, day by day, with the resulting account balances.

Everything follows from the start date, the number of days and one seed; nothing reads the clock.
"""

import math
import random
from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal

from banking.kernel.periods import add_months, days_in_month, first_of_month
from insights.demo.places import CASH, EUROPE, EVERYDAY, SUBSCRIPTIONS, UNCLEAR, Place
from transactions.models import Category, Transaction
from transactions.services.bulk_posting import HistoryRow

CENT = Decimal("0.01")
SEED = "a household of two and a cat"
OPENING = {
    "checking": Decimal("4180.55"),
    "savings": Decimal("9640.00"),
    "card": Decimal("-612.40"),
    "cash": Decimal("85.00"),
    "euro": Decimal("1850.00"),
    "invest": Decimal("18250.00"),
    "loan": Decimal("-14800.00"),
}
_PENDING_DAYS = 2


class Household:
    """Simulates the days from `start` to `end` (inclusive); `rows` holds the transactions by
    account.
    """

    def __init__(
        self,
        *,
        start: date,
        end: date,
        categories: Mapping[str, Category],
        euro_rates: Mapping[date, Decimal],
    ) -> None:
        self.start, self.end = start, end
        self.categories, self.euro_rates = categories, euro_rates
        self.rng = random.Random(SEED)  # noqa: S311 - invented, not secret
        self.balances = dict(OPENING)
        self.rows: dict[str, list[HistoryRow]] = {key: [] for key in OPENING}
        self.statement = -OPENING["card"]
        self.refunds: dict[date, list[tuple[Place, Decimal]]] = {}
        self.today = start

    def live(self) -> dict[str, list[HistoryRow]]:
        """Create every transaction of every account, in date order."""
        while self.today <= self.end:
            self._pay_day()
            self._standing_orders()
            self._subscriptions()
            self._utilities()
            self._once_a_year()
            self._shopping()
            self._cash()
            self._euros()
            self.today += timedelta(days=1)
        return self.rows

    # --- Writing transactions ---------------------------------------------------------------

    def _write(self, account, amount, text, name, category, *, notes="", tags=(), by="provider"):
        """Add a transaction to one account. Those of the last days are still pending, except
        transfers.
        """
        amount = Decimal(amount).quantize(CENT)
        is_fresh = (self.end - self.today).days < _PENDING_DAYS
        is_pending = is_fresh and account in ("card", "checking") and by == "provider"
        self.rows[account].append(
            HistoryRow(
                signed_amount=amount,
                txn_date=self.today,
                description=text,
                merchant=name,
                category=self.categories[category] if category else None,
                category_source=by if category else Transaction.CategorySource.NONE,
                status="pending" if is_pending else "posted",
                notes=notes,
                tags=tags,
            )
        )
        if not is_pending:
            self.balances[account] += amount

    def _move(self, source, target, amount, text, category):
        """Move money between two own accounts: an outflow and an inflow that no figure counts."""
        self._write(source, -amount, f"{text} OUT", "", category, by="rule")
        self._write(target, amount, f"{text} IN", "", category, by="rule")

    def _price(self, least: float, most: float) -> Decimal:
        """A random price, usually toward the low end; prices rise by 3% a year."""
        years = (self.today - self.start).days / 365
        drawn = least + (most - least) * self.rng.random() ** 1.7
        return Decimal(drawn * (1 + 0.03 * years)).quantize(CENT)

    @property
    def _month_index(self) -> int:
        months = (self.today.year - self.start.year) * 12 + self.today.month - self.start.month
        return months

    def _is_last_day(self) -> bool:
        return self.today.day == days_in_month(self.today.year, self.today.month)

    # --- Income and standing orders ---------------------------------------------------------

    def _pay_day(self) -> None:
        raises = sum(
            1
            for year in range(self.start.year, self.today.year + 1)
            if self.start < date(year, 4, 1) <= self.today
        )
        salary = (Decimal(2520) * Decimal("1.038") ** raises).quantize(CENT)
        if self.today.day == 15 or self._is_last_day():
            self._write(
                "checking",
                salary,
                "ACH CREDIT BRIGHTWATER STUDIO PAYROLL",
                "Brightwater Studio",
                "salary",
            )
        if (self.today.month, self.today.day) == (12, 20):
            self._write(
                "checking",
                salary,
                "ACH CREDIT BRIGHTWATER STUDIO BONUS",
                "Brightwater Studio",
                "bonus",
                notes="Year-end bonus",
                tags=("family",),
            )
        if self._is_last_day():
            interest = self.balances["savings"] * Decimal("0.036") / 12
            self._write("savings", interest, "INTEREST PAID", "Northwind Bank", "interest")
        if self.today.day == 18 and self.today.month % 3 == 0:
            dividend = self.balances["invest"] * Decimal("0.0042")
            self._write("invest", dividend, "DIVIDEND BROAD MARKET INDEX", "Meridian", "dividends")

    def _standing_orders(self) -> None:
        if self.today.day == 1:
            self._write(
                "checking",
                -self._rent(),
                "ACH DEBIT ELM STREET PROPERTIES",
                "Elm Street Properties",
                "rent",
            )
            self._write(
                "checking", -90, "TRANSIT PASS AUTOLOAD", "Metro Transit", "public-transport"
            )
            self.statement = -self.balances["card"]
        if self.today.day == 2:
            self._move("checking", "savings", Decimal(450), "TRANSFER SAVINGS", "savings-transfer")
            self._move(
                "checking", "invest", Decimal(250), "TRANSFER MERIDIAN", "investment-transfer"
            )
        if self.today.day == 5 and self.statement > 0:
            self._move("checking", "card", self.statement, "CASCADE CARD PAYMENT", "card-payment")
        if self.today.day == 8:
            self._loan()
        if self.today.day == 16:
            self._keep_checking_afloat()

    def _rent(self) -> Decimal:
        rises = sum(
            1
            for year in range(self.start.year, self.today.year + 1)
            if self.start < date(year, 9, 1) <= self.today
        )
        return Decimal(1685) + 55 * rises

    def _loan(self) -> None:
        owed = -self.balances["loan"]
        if owed <= 0:
            return
        interest = (owed * Decimal("0.049") / 12).quantize(CENT)
        self._write("loan", -interest, "INTEREST CHARGED", "Northwind Bank", "interest-paid")
        self._move(
            "checking",
            "loan",
            min(Decimal(340), owed + interest),
            "AUTO LOAN PAYMENT",
            "loan-repayment",
        )

    def _keep_checking_afloat(self) -> None:
        """Move surplus to savings, and bring money back when checking runs low."""
        left = self.balances["checking"]
        if left > 6500:
            self._move(
                "checking",
                "savings",
                Decimal(int((left - 5000) // 100) * 100),
                "TRANSFER SAVINGS EXTRA",
                "savings-transfer",
            )
        elif left < 2600 and self.balances["savings"] > 2000:
            self._move(
                "savings", "checking", Decimal(1500), "TRANSFER FROM SAVINGS", "savings-transfer"
            )

    def _subscriptions(self) -> None:
        for subscription in SUBSCRIPTIONS:
            if self.today.day == subscription.day:
                is_dearer = subscription.later and self._month_index >= subscription.rises_in
                price = Decimal(subscription.later if is_dearer else subscription.price)
                self._write(
                    "card", -price, subscription.text, subscription.name, subscription.category
                )

    def _utilities(self) -> None:
        """Electricity peaks in the dark months and a little in July, gas in winter."""
        season = math.cos((self.today.month - 1) / 12 * 2 * math.pi)
        if self.today.day == 11:
            self._write(
                "checking",
                -self._price(58 + 22 * season, 66 + 24 * season),
                "ACH DEBIT CITY LIGHT",
                "City Light",
                "electricity",
            )
        if self.today.day == 13:
            self._write(
                "checking",
                -self._price(46 + 38 * season, 52 + 42 * season),
                "ACH DEBIT PUGET GAS",
                "Puget Gas",
                "heating",
            )
        if self.today.day == 21 and self.today.month % 2 == 0:
            self._write(
                "checking", -self._price(74, 92), "ACH DEBIT CITY WATER", "City Water", "water"
            )

    # --- Once a year ------------------------------------------------------------------------

    def _once_a_year(self) -> None:
        for month, day, account, amount, text, name, category, tags in _YEARLY:
            if (self.today.month, self.today.day) == (month, day):
                drift = self.rng.uniform(0.96, 1.06)
                self._write(account, Decimal(amount * drift), text, name, category, tags=tags)
        if self.today.month == 12 and 4 <= self.today.day <= 21 and self.rng.random() < 0.42:
            name, text = self.rng.choice(_GIFT_SHOPS)
            self._write("card", -self._price(18, 128), text, name, "gifts", tags=("christmas",))

    # --- Every day --------------------------------------------------------------------------

    def _is_away(self) -> bool:
        return self.today.month == 7 and 11 <= self.today.day <= 24

    def _visits(self, places: list[Place]) -> list[Place]:
        is_weekend = self.today.weekday() >= 5
        return [
            place
            for place in places
            if self.rng.random() < (place.weekend if is_weekend else place.weekday)
        ]

    def _shopping(self) -> None:
        visits = self._visits(EVERYDAY + UNCLEAR)
        for place in [] if self._is_away() else visits:
            price = self._price(place.least, place.most)
            account = "checking" if self.rng.random() < 0.12 else "card"
            notes, tags, by = self._remarks(place, price)
            self._write(
                account,
                -price,
                place.text,
                place.name,
                place.category,
                notes=notes,
                tags=tags,
                by=by,
            )
            if place.category in ("clothing", "electronics") and self.rng.random() < 0.2:
                back_on = self.today + timedelta(days=self.rng.randint(4, 11))
                self.refunds.setdefault(back_on, []).append((place, price / 2))
        for place, price in self.refunds.pop(self.today, []):
            self._write(
                "card",
                price,
                f"{place.text} REFUND",
                place.name,
                place.category,
                notes="Sent half of it back",
            )

    def _remarks(self, place: Place, price: Decimal) -> tuple[str, tuple[str, ...], str]:
        if place.category == "restaurants" and price > 80:
            return "Dinner with Jo and Sam", ("friends",), "manual"
        if place.category == "electronics" and price > 200:
            return "Warranty until two years from here", ("warranty",), "manual"
        if place.category == "doctor" and price > 120:
            return "Send to the insurance", ("reimburse",), "manual"
        return "", (), "provider"

    def _cash(self) -> None:
        if self.balances["cash"] < 35 and self.balances["checking"] > 400:
            self._move("checking", "cash", Decimal(100), "ATM WITHDRAWAL 0417", "transfer")
            if self.rng.random() < 0.25:
                self._write(
                    "checking", Decimal("-3.50"), "ATM OPERATOR FEE", "Northwind Bank", "bank-fees"
                )
        for place in self._visits(CASH):
            price = self._price(place.least, place.most)
            if not self._is_away() and price < self.balances["cash"]:
                self._write("cash", -price, place.text, place.name, place.category, by="manual")

    # --- The account in Europe --------------------------------------------------------------

    def _euros(self) -> None:
        if self.today.day == 27 and self.today.month % 2 == 1:
            self._write(
                "euro",
                self._price(620, 980),
                "GUTSCHRIFT KONTOR NORD GMBH RECHNUNG",
                "Kontor Nord",
                "self-employment",
                tags=("freelance",),
            )
        if self.today.day == 6:
            self._write(
                "euro",
                Decimal("-12.90"),
                "LASTSCHRIFT HOSTWERK SERVER",
                "Hostwerk",
                "subscriptions",
                tags=("freelance",),
            )
        if (self.today.month, self.today.day) in ((3, 30), (11, 10)):
            self._bring_home(Decimal(900))
        if self._is_away():
            for place in self._visits(EUROPE):
                self._write(
                    "euro",
                    -self._price(place.least, place.most),
                    place.text,
                    place.name,
                    place.category,
                    tags=("summer trip",),
                )

    def _bring_home(self, euros: Decimal) -> None:
        rate = self.euro_rates.get(self.today) or self.euro_rates.get(
            self.today - timedelta(days=1), Decimal("1.08")
        )
        if self.balances["euro"] < euros + 300:
            return
        self._write("euro", -euros, "AUSLANDSUEBERWEISUNG USD", "", "transfer", by="rule")
        self._write("checking", euros * rate, "INCOMING WIRE HANSABANK", "", "transfer", by="rule")


def first_day(on: date, months: int) -> date:
    """The household's first day: `months` whole months before this one."""
    return add_months(first_of_month(on), -months)


# (month, day, account, amount, the bank's text, name, category, tags)
_YEARLY = [
    (2, 6, "checking", -318.0, "HARBORSTONE INSURANCE RENTERS", "Harborstone", "insurance", ()),
    (4, 3, "checking", -486.0, "HARBORSTONE INSURANCE AUTO", "Harborstone", "insurance", ("car",)),
    (10, 3, "checking", -486.0, "HARBORSTONE INSURANCE AUTO", "Harborstone", "insurance", ("car",)),
    (4, 17, "checking", 912.0, "STATE TREAS 310 TAX REFUND", "Treasury", "taxes", ("taxes",)),
    (4, 9, "card", -1148.0, "ALPINE AIR TICKET 0162", "Alpine Air", "flights", ("summer trip",)),
    (7, 12, "card", -1260.0, "HOTEL AM UFER BERLIN", "Hotel am Ufer", "hotels", ("summer trip",)),
    (2, 14, "card", -540.0, "WHITEPINE LODGE", "Whitepine Lodge", "hotels", ("ski",)),
    (2, 16, "card", -212.0, "WHITEPINE LIFT TICKETS", "Whitepine Lifts", "events", ("ski",)),
    (5, 20, "card", -376.0, "EASTLAKE AUTO SERVICE", "Eastlake Auto", "car-maintenance", ("car",)),
    (11, 6, "card", -248.0, "EASTLAKE AUTO SERVICE TIRES", "Eastlake Auto", "car-maintenance",
     ("car",)),
    (9, 9, "card", -129.0, "CASCADE CARD ANNUAL FEE", "Cascade Card", "bank-fees", ()),
    (6, 4, "card", -95.0, "BLOOM AND TWINE FLORIST", "Bloom & Twine", "gifts", ("birthday",)),
    (10, 22, "card", -120.0, "RIVERSIDE TOYS", "Riverside Toys", "gifts", ("birthday",)),
    (12, 28, "checking", -150.0, "DONATION SOUND FOOD BANK", "Sound Food Bank", "gifts", ()),
    (8, 19, "card", -640.0, "OAK & IRON FURNITURE", "Oak & Iron", "furnishing", ()),
    (3, 8, "checking", 150.0, "ZELLE FROM RUTH MORGAN", "Ruth Morgan", "gifts-received", ()),
]  # fmt: skip
_GIFT_SHOPS = [
    ("Riverside Toys", "RIVERSIDE TOYS 11"),
    ("Lantern Books", "LANTERN BOOKS & CO GIFT"),
    ("Larch & Loom", "LARCH AND LOOM 014 GIFT"),
    ("Tinsel & Thread", "TINSEL AND THREAD ONLINE"),
]
