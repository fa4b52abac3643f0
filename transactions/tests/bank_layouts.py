"""Tables as banks of many countries lay them out, filled with invented payments.

Each layout (`bank_layouts.jsonl`) is written from how a bank's export looks, not from the reader's
lists of words. The columns of a layout are `heading=role` pairs; a heading may be empty. The roles:

d date, v value date, p payee, t text, a signed amount, A amount without sign, o money out, i money
in, O money out with a minus, b balance, c currency, f direction in words, r reference, s status,
k kind, n the owner's account, m mostly blank, g category, z fee of zero, T time, w last digits.
"""

import csv
import io
import json
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

from transactions.sources.files.reading_context import ReadingContext

Payment = tuple[date, Decimal]

EASTERN = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")
WIDE = str.maketrans("0123456789.,-", "０１２３４５６７８９．，－")


@dataclass(frozen=True)
class Layout:
    """One bank's table format. `number` shows how it writes 1234.56."""

    name: str
    columns: str
    date: str = "%d/%m/%Y"
    number: str = "1,234.56"
    currency: str = "EUR"
    locale: str = "en-GB"
    zone: str = "Europe/London"
    delimiter: str = ","
    encoding: str = "utf-8"
    # -x, (x), x-, x DR, x D, +x: how one column tells money out from money in.
    negative: str = "-"
    words: tuple[str, str] = ("D", "C")
    symbol: str = ""
    preamble: tuple[str, ...] = ()
    footer: tuple[str, ...] = ()
    newest_first: bool = False
    has_heading: bool = True
    quote_all: bool = False
    account_type: str = "checking"
    digits: str = ""
    year_shift: int = 0
    states: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ("Card", "Transfer", "Online")
    # Whether the file and its owner's account allow only one reading.
    is_told: bool = True
    traits: tuple[str, ...] = field(default=())

    def context(self) -> ReadingContext:
        return ReadingContext(
            currency=self.currency,
            account_type=self.account_type,
            locale=self.locale,
            time_zone=self.zone,
        )


@dataclass(frozen=True)
class Filled:
    """A file in this layout, with the expected result."""

    layout: Layout
    data: bytes
    payments: list[Payment]


OUT = (
    *("Mercado del Sol", "Albatros 24", "Kiosk am Park", "Stadtwerke", "BOULANGERIE 12"),
    *("Nord Apotek", "TAXI 5567", "Rent March", "Cafe, 50", 'Bar "Luna"', "Shell 0815", "M&S"),
)
IN = ("ACME payroll", "Refund Zara", "J. Doe", "Interest")


def fill(layout: Layout, random: Random) -> Filled:
    """A file of a month or two in this layout."""
    payments = _payments(layout, random)
    opening = _money(random, 150_000, 900_000, layout)
    running, rows = opening, []
    for number, (on, amount, text) in enumerate(payments):
        running += amount
        rows.append(_row(layout, random, number, on, amount, text, running))
    if layout.newest_first:
        rows.reverse()
    heading = [cell.rpartition("=")[0] for cell in layout.columns.split("|")]
    filler = {"opening": opening, "closing": running, "total": running - opening}
    lines = [_told(layout, line, filler) for line in layout.preamble]
    lines += [heading] if layout.has_heading else []
    lines += rows + [_told(layout, line, filler) for line in layout.footer]
    return Filled(layout, _encoded(layout, lines), [(on, amount) for on, amount, _ in payments])


def _payments(layout: Layout, random: Random) -> list[tuple[date, Decimal, str]]:
    on = date(2025, 1, 1) + timedelta(days=random.randint(0, 300))
    found = []
    for _ in range(random.randint(9, 40)):
        on += timedelta(days=random.choice((0, 1, 1, 2, 3)))
        is_in = random.random() < (0.12 if layout.account_type == "credit_card" else 0.25)
        amount = _money(random, 100, 300_000 if is_in else 30_000, layout)
        text = random.choice(IN if is_in else OUT)
        if is_in and layout.account_type == "credit_card":
            text = "PAYMENT RECEIVED - THANK YOU"
        found.append((on, amount if is_in else -amount, text))
    signs = {amount > 0 for _, amount, _ in found}
    return found if signs == {True, False} else _payments(layout, random)


def _money(random: Random, least: int, most: int, layout: Layout) -> Decimal:
    cents = Decimal(random.randint(least, most))
    return cents / 100 if _mark(layout) else cents


def _mark(layout: Layout) -> str:
    """The decimal mark, or "" if the bank writes no cents."""
    mark = layout.number[-3]
    return "" if mark.isdigit() else mark


def figure(layout: Layout, amount: Decimal) -> str:
    """The amount without sign as the bank writes it."""
    mark = _mark(layout)
    whole, _, cents = f"{abs(amount):.2f}".partition(".")
    group = layout.number[1] if layout.number[1] not in "2" else ""
    whole = f"{int(whole):,}".replace(",", group)
    text = whole + mark + (cents if mark else "")
    return _in_digits(layout, text)


def _in_digits(layout: Layout, text: str) -> str:
    return text.translate({"eastern": EASTERN, "wide": WIDE}.get(layout.digits, {}))


def signed(layout: Layout, amount: Decimal) -> str:
    """The amount with its direction, as the bank writes it in one column."""
    text, out = figure(layout, amount), amount < 0
    text = layout.symbol.replace("x", text) if "x" in layout.symbol else layout.symbol + text
    pattern = {
        "-": ("-x", "x"), "()": ("(x)", "x"), "x-": ("x-", "x"), "+": ("-x", "+x"),
        "DR": ("x DR", "x CR"), "Dr.": ("x Dr.", "x Cr."), "DB": ("x DB", "x CR"),
        "D": ("x D", "x C"), "−": ("−x", "x"), "card": ("x", "-x"), "- ": ("- x", "x"),
        "cardCR": ("x", "x CR"), "SH": ("x S", "x H"), "out+": ("x", "+ x"),
    }[layout.negative][0 if out else 1]  # fmt: skip
    return pattern.replace("x", text)


def _day(layout: Layout, on: date) -> str:
    moved = layout.date.replace("%Y", f"{on.year + layout.year_shift}")
    text = on.strftime(moved.replace("%-d", str(on.day)).replace("%-m", str(on.month)))
    return _in_digits(layout, text)


def _row(layout, random, number, on, amount, text, running) -> list[str]:
    out = amount < 0
    balance = ("-" if running < 0 else "") + figure(layout, running)
    cells = {
        "d": _day(layout, on),
        "v": _day(layout, on + timedelta(days=number % 3)),
        "p": text,
        "t": f"{text} {number}" if "lines" not in layout.traits else f"{text}\nRef {number}",
        "a": signed(layout, amount),
        "A": figure(layout, amount),
        "o": figure(layout, amount) if out else _nothing(layout),
        "i": _nothing(layout) if out else figure(layout, amount),
        "O": "-" + figure(layout, amount) if out else "",
        "b": balance,
        "c": layout.currency,
        "f": layout.words[0 if out else 1],
        "r": f"{on:%y%m%d}{random.randint(10000, 99999)}{number}",
        "s": layout.states[number % len(layout.states)] if layout.states else "Completed",
        "k": layout.kinds[number % len(layout.kinds)],
        "n": "40817810099910004312",
        "m": "x1" if number == 3 else "",
        "g": ("Food", "Home", "Other")[number % 3],
        "z": figure(layout, Decimal(0)),
        "T": f"{8 + number % 12:02d}:{number % 60:02d}",
        "w": "*4455",
    }
    return [cells[cell.rpartition("=")[2]] for cell in layout.columns.split("|")]


def _nothing(layout: Layout) -> str:
    if "zeros" in layout.traits:
        return figure(layout, Decimal(0))
    return "-" if "dashes" in layout.traits else ""


def _told(layout: Layout, line: str, filler: dict[str, Decimal]) -> list[str]:
    for name, amount in filler.items():
        sign = "-" if amount < 0 else ""
        line = line.replace(f"<{name}>", sign + figure(layout, amount))
    return line.replace("<day>", _day(layout, date(2026, 1, 31))).split("|")


def _encoded(layout: Layout, lines: list[list[str]]) -> bytes:
    stream = io.StringIO()
    quoting = csv.QUOTE_ALL if layout.quote_all else csv.QUOTE_MINIMAL
    writer = csv.writer(stream, delimiter=layout.delimiter, quoting=quoting, lineterminator="\r\n")
    writer.writerows(lines)
    return stream.getvalue().encode(layout.encoding)


# --- Variations: the same bank after its export was changed --------------------------------------

_SIGNS = ("-", "()", "x-", "+", "DR", "Dr.", "DB", "D", "−", "- ")
_CARD_SIGNS = ("card", "cardCR", "out+", "-")
_SAME_DAYS = {
    "%d/%m/%Y": ("%d-%m-%Y", "%d.%m.%Y", "%d/%m/%y", "%d %b %Y", "%-d/%-m/%Y", "%d-%b-%y"),
    "%d.%m.%Y": ("%d/%m/%Y", "%-d.%-m.%Y", "%d.%m.%y", "%Y-%m-%d", "%d. %m. %Y"),
    "%m/%d/%Y": ("%-m/%-d/%Y", "%m/%d/%y", "%m-%d-%Y", "%b %d, %Y", "%Y/%m/%d"),
    "%Y-%m-%d": ("%Y/%m/%d", "%Y.%m.%d", "%Y%m%d", "%d %B %Y", "%Y-%m-%dT10:11:12Z"),
}
_SAME_NUMBERS = {
    "1,234.56": ("1234.56", "1 234.56", "1'234.56"),
    "1.234,56": ("1234,56", "1 234,56", "1\xa0234,56"),
    "1234,56": ("1.234,56", "1 234,56", "1\u202f234,56"),
    "1234.56": ("1,234.56", "1'234.56", "1 234.56"),
}
_PREAMBLES = (
    ("Account statement", "Printed on|<day>", ""),
    ("Holder|J. Doe", "Opening balance|<opening>", "Closing balance|<closing>", ""),
    ("# exported by the app", ""),
)
_FOOTERS = (("", "End of statement"), ("Printed <day>",), ("", "Closing balance|<closing>"))


def vary(layout: Layout, random: Random) -> Layout:
    """The layout with a few habits changed, without making the file ambiguous."""
    has_one_amount = layout.columns.count("=a") == 1
    is_card = layout.account_type == "credit_card"
    choices: dict[str, tuple[float, tuple[Any, ...]]] = {
        "date": (0.4, _SAME_DAYS.get(layout.date, (layout.date,))),
        "number": (0.4, _SAME_NUMBERS.get(layout.number, (layout.number,))),
        "delimiter": (0.4, (";", "\t", "|")),
        "newest_first": (0.5, (not layout.newest_first,)),
        "quote_all": (0.4, (not layout.quote_all,)),
        "encoding": (0.3, ("utf-8-sig", "utf-16", "utf-8")),
        "preamble": (0.4 * layout.has_heading, _PREAMBLES),
        "footer": (0.3, _FOOTERS),
        "negative": (0.5 * has_one_amount, _CARD_SIGNS if is_card else _SIGNS),
        "columns": (0.3 * layout.has_heading, (_shuffled(layout.columns, random),)),
        "traits": (0.2, tuple((*layout.traits, trait) for trait in ("lines", "zeros", "dashes"))),
    }
    changes = {
        name: random.choice(offered)
        for name, (share, offered) in choices.items()
        if random.random() < share
    }
    return replace(layout, **changes)


def _shuffled(columns: str, random: Random) -> str:
    cells = columns.split("|")
    random.shuffle(cells)
    return "|".join(cells)


def _layouts() -> tuple[Layout, ...]:
    with Path(__file__).with_suffix(".jsonl").open(encoding="utf-8") as lines:
        layouts = [json.loads(line) for line in lines]
    return tuple(
        Layout(**{name: _tupled(value) for name, value in layout.items()}) for layout in layouts
    )


def _tupled(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


LAYOUTS = _layouts()
