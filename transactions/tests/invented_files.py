"""Generated bank files with known payments, to test the reader.

One ``random.Random`` decides everything. The file is written from the payments, so the expected
result never depends on the reader.
"""

import csv
import io
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from random import Random

from babel.dates import get_month_names

from transactions.tests.invented_banks import COUNTRIES, WORDS, Country

LAYOUTS = (
    *("signed", "signed", "signed", "pair", "pair", "pair_signed", "flag", "flag_signed", "marks"),
    *("brackets", "plus", "trailing", "typographic", "card", "balance_only"),
)
LOCALES = {"zt": "zh_Hant", "nb": "nb"}
ARABIC = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")
SHOPS = (
    *("Lidl 0456", "Amazon.com*2K3", "SHELL STATION 12", "Netflix", "IKEA", "Corner Cafe"),
    *("Pharmacy 24h", "Metro ticket", "Electric Co", "Rent March", "Bookshop", "Gym No 5"),
)
INCOME = ("ACME Ltd payroll", "Refund Zara", "Transfer from J. Doe", "Interest")


@dataclass
class Payment:
    on: date
    amount: Decimal
    text: str
    is_pending: bool = False


@dataclass
class InventedFile:
    """The file's bytes, the expected payments, and whether the file alone settles its reading."""

    name: str
    data: bytes
    payments: list[Payment]
    country: Country
    account_type: str = "checking"
    is_told: bool = True
    traits: list[str] = field(default_factory=list)


def invent(random: Random) -> InventedFile:
    """A file with a random country, layout and set of habits."""
    return _Writer(random, random.choice(COUNTRIES)).write()


class _Writer:
    def __init__(self, random: Random, country: Country) -> None:
        self.random, self.country = random, country
        self.words = WORDS[country.language]
        self.layout = random.choice(LAYOUTS)
        self.style = random.choice(country.dates)
        self.traits = [country.code, self.layout, self.style]
        self.has_balance = self.layout == "balance_only" or self.chance(0.55, "balance")
        self.is_newest_first = self.chance(0.45, "newest")
        self.symbol = self.chance(0.2, "symbol")
        self.is_grouped = self.chance(0.7, "")
        self.year_shift = 543 if self.style.startswith("BE") else 0
        self.has_heading = (self.has_balance and self.chance(0.93, "")) or self.chance(0.95, "")
        if not self.has_heading:
            self.traits.append("no heading")
        self.use_digits = country.code == "EG"

        self.has_zeros = self.layout == "pair" and self.chance(0.3, "zeros")
        self.with_code = not self.symbol and self.chance(0.1, "code")
        if "%d" in self.style and not self.use_digits and self.chance(0.12, "month words"):
            self.style = random.choice(("%d %b %Y", "%d. %B %Y", "%d-%b-%Y"))
        if self.chance(0.08, "time"):
            self.style += " %H:%M"

    def chance(self, share: float, trait: str) -> bool:
        happens = self.random.random() < share
        if happens and trait:
            self.traits.append(trait)
        return happens

    # --- Cells ---------------------------------------------------------------------------------

    def day(self, on: date) -> str:
        style = self.style.removeprefix("BE")
        text = style.replace("%Y", f"{on.year + self.year_shift:04d}")
        text = text.replace("%y", f"{on.year % 100:02d}")
        is_native = "month words" in self.traits
        language = LOCALES.get(self.country.language, self.country.language) if is_native else "en"
        for part, width in (("%b", "abbreviated"), ("%B", "wide")):
            text = text.replace(part, get_month_names(width, locale=language)[on.month])
        text = text.replace("%m", f"{on.month:02d}").replace("%d", f"{on.day:02d}")
        return self.digits(text.replace("%H", "14").replace("%M", "05").replace("%S", "09"))

    def digits(self, text: str) -> str:
        return text.translate(ARABIC) if self.use_digits else text

    def plain(self, amount: Decimal) -> str:
        """The amount without a sign, in the country's notation."""
        whole, _, decimals = f"{abs(amount):.{self.country.digits}f}".partition(".")
        if self.is_grouped and self.country.group:
            whole = f"{int(whole):,}".replace(",", self.country.group)
        return self.digits(whole + (self.country.decimal + decimals if decimals else ""))

    def money(self, amount: Decimal, *, sign: str = "") -> str:
        figure = self.plain(amount)
        if self.with_code:
            return f"{sign}{figure} {self.country.currency}"
        if not self.symbol:
            return sign + figure
        symbol = self.country.symbol
        if self.country.language in ("en", "ja", "zh", "zt", "ko", "th", "id", "ms"):
            return f"{sign}{symbol}{figure}"
        return f"{sign}{figure} {symbol}"

    def amount_cells(self, amount: Decimal) -> list[str]:
        out = amount < 0
        figure, minus = self.money(amount), self.money(amount, sign="-" if out else "")
        word = self.words["word_out" if out else "word_in"]
        blank = self.plain(Decimal(0)) if self.has_zeros else ""
        return {
            "pair": [figure, blank] if out else [blank, figure],
            "pair_signed": [minus, ""] if out else ["", figure],
            "flag": [figure, word],
            "flag_signed": [minus, word],
            "marks": [figure + (" DR" if out else " CR")],
            "brackets": [f"({figure})" if out else figure],
            "plus": [self.money(amount, sign="-" if out else "+")],
            "trailing": [figure + ("-" if out else "")],
            "typographic": [self.money(amount, sign="\u2212" if out else "")],
            "card": [self.money(amount, sign="" if out else "-")],
            "balance_only": [figure],
        }.get(self.layout, [minus])

    # --- The table -----------------------------------------------------------------------------

    def payments(self) -> list[Payment]:
        random, count = self.random, self.random.randint(5, 45)
        on = date(2023, 1, 1) + timedelta(days=random.randint(0, 1000))
        found = []
        unit = Decimal(10) ** -self.country.digits
        scale = 1000 if self.country.digits == 0 else 1
        for _ in range(count):
            on += timedelta(days=random.choice((0, 0, 1, 1, 2, 3, 5)))
            is_in = random.random() < (0.1 if self.layout == "card" else 0.25)
            top = 4000 if is_in else 300
            amount = (Decimal(random.randint(100, top * 100)) / 100 * scale).quantize(unit)
            text = random.choice(INCOME if is_in else SHOPS)
            if self.layout == "card" and is_in:
                text = "Payment received - thank you"
            found.append(Payment(on, amount if is_in else -amount, text))
        if {payment.amount > 0 for payment in found} != {True, False}:
            return self.payments()
        return found

    def heading(self) -> list[str]:
        words = self.words
        amounts = {
            "pair": [words["out"], words["into"]],
            "pair_signed": [words["out"], words["into"]],
            "flag": [words["amount"], words["direction"]],
            "flag_signed": [words["amount"], words["direction"]],
        }.get(self.layout, [words["amount"]])
        return amounts

    def blocks(self) -> list[tuple[str, list[str]]]:
        """The columns in order: what each contains, and its heading."""
        words = self.words
        found = [("date", [words["date"]])]
        for name, heading, share in (
            ("value", words["value_date"], 0.4),
            ("party", words["party"], 0.5),
            ("text", words["description"], 1),
            ("id", "Ref", 0.3),
            ("kind", "Typ", 0.2),
            ("account", "Konto", 0.15),
            ("filler", "", 0.1),
            ("amount", "", 1),
            ("currency", words["currency"], 0.35),
            ("fee", words["fee"], 0.15),
            ("balance", words["balance"], 1 if self.has_balance else 0),
            ("status", words["status"], 0.15),
            ("foreign", "Original Amount", 0.08),
            ("rate", "Exchange rate", 0.08),
        ):
            if self.chance(share, name):
                found.append((name, self.heading() if name == "amount" else [heading]))
        if self.has_heading and self.chance(0.3, "moved"):
            self.random.shuffle(found)
        return found

    def write(self) -> InventedFile:
        payments, random, blocks = self.payments(), self.random, self.blocks()
        has_status = any(name == "status" for name, _heading in blocks)
        scale = 1000 if self.country.digits == 0 else 1
        opening = Decimal(random.randint(100000, 900000)) / 100 * scale
        opening = opening.quantize(Decimal(10) ** -self.country.digits)
        rows, running, kept = [], opening, []
        for number, payment in enumerate(payments):
            state = "booked"
            if has_status and number and random.random() < 0.12:
                state = random.choice(("declined", "pending"))
                state = "declined" if self.has_balance else state
            if state != "declined":
                running += payment.amount
                kept.append(payment)
            payment.is_pending = state == "pending"
            rows.append(self.row(blocks, payment, running, number, self.words[state]))
        table = rows[::-1] if self.is_newest_first else rows
        return InventedFile(
            name=f"{self.country.code}-{self.layout}",
            data=self.file(blocks, table, opening, running),
            payments=kept,
            country=self.country,
            account_type="credit_card" if self.layout == "card" else "checking",
            is_told=self.layout != "balance_only" or "preamble" in self.traits,
            traits=self.traits,
        )

    def row(self, blocks, payment, running, number, state) -> list[str]:
        cells = {
            "date": [self.day(payment.on)],
            "value": [self.day(payment.on + timedelta(days=number % 3))],
            "party": [payment.text if number % 4 else ""],
            "text": [f"{payment.text} {number}"],
            "kind": [("Card", "Transfer", "Online")[number % 3]],
            "account": ["DE02120300000000202051"],
            "filler": [""],
            "foreign": [self.signed_figure(payment.amount * 2) if number % 5 == 0 else ""],
            "rate": ["2" if number % 5 == 0 else ""],
            "id": [f"X{payment.on:%y%m%d}{number:04d}"],
            "amount": self.amount_cells(payment.amount),
            "currency": [self.country.currency],
            "fee": [self.plain(Decimal(0))],
            "balance": [("-" if running < 0 else "") + self.plain(running)],
            "status": [state],
        }
        return [cell for name, _heading in blocks for cell in cells[name]]

    def file(self, blocks, table, opening, closing) -> bytes:
        heading = [cell for _name, cells in blocks for cell in cells]
        lines = self.preamble(opening, closing) if self.chance(0.3, "preamble") else []
        if self.has_heading:
            lines.append(heading)
        if self.has_heading and self.has_balance and self.chance(0.12, "balance rows"):
            edges = [
                self.edge(heading, "opening", "balance", opening),
                self.edge(heading, "closing", "balance", closing),
            ]
            first, last = edges[::-1] if self.is_newest_first else edges
            table = [first, *table, last]
        lines += table
        if self.chance(0.1, "made on"):
            lines.append([f"Generated {self.day(date(2026, 1, 31))}"])
        if self.has_heading and self.chance(0.1, "heading again"):
            lines.insert(len(lines) // 2 + 4, heading)
        if self.has_heading and self.chance(0.15, "total"):
            lines.append(self.edge(heading, "total", self.heading()[0], closing - opening))
        return self.encoded(lines)

    def preamble(self, opening: Decimal, closing: Decimal) -> list[list[str]]:
        words = self.words
        return [
            [words["holder"], "J. Doe"],
            ["IBAN", "DE02120300000000202051"],
            [words["opening"], self.signed_figure(opening)],
            [words["closing"], self.signed_figure(closing)],
            [],
        ]

    def signed_figure(self, amount: Decimal) -> str:
        return ("-" if amount < 0 else "") + self.plain(amount)

    def edge(self, heading: list[str], label: str, column: str, amount: Decimal) -> list[str]:
        """A line above or below the payments: a label and one figure."""
        cells = [""] * len(heading)
        cells[heading.index(self.words["description"])] = self.words[label]
        cells[heading.index(self.words.get(column, column))] = self.signed_figure(amount)
        return cells

    def encoded(self, lines: list[list[str]]) -> bytes:
        random = self.random
        delimiter = random.choice((*(self.country.delimiter,) * 4, "\t"))
        if delimiter == "\t":
            self.traits.append("tab")
        quoting = random.choice((csv.QUOTE_MINIMAL, csv.QUOTE_MINIMAL, csv.QUOTE_ALL))
        stream = io.StringIO()
        writer = csv.writer(stream, delimiter=delimiter, quoting=quoting, lineterminator="\r\n")
        writer.writerows(lines)
        encoding = random.choice(self.country.encodings)
        try:
            data = stream.getvalue().encode(encoding)
        except UnicodeEncodeError:
            data, encoding = stream.getvalue().encode("utf-8"), "utf-8"
        self.traits.append(encoding)
        return data
