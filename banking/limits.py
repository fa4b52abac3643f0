"""The product's numbers: how often something may be done, and how far a date may lie."""

Rate = tuple[int, int]

# A date typed by hand lies between so many years before and after the person's today.
TYPED_YEARS_BACK = 100
TYPED_YEARS_AHEAD = 5

# A demo is tried by scripts, all of them the same six people from one address.
DEMO_FACTOR = 50
DEMO_NAMES = ("sign-up", "api-read", "api-write", "export-pdf", "export-all")
DEFAULTS: dict[str, Rate] = {
    "sign-in-account": (5, 900),
    # From wherever: whoever guesses from a thousand addresses.
    "sign-in-everywhere": (10, 900),
    "sign-in-address": (20, 3600),
    "sign-in-network": (100, 3600),
    "otp": (5, 300),
    # Nothing can be guessed there; each try costs a signature.
    "passkey": (30, 300),
    "sign-up": (20, 3600),
    "audit-verification": (20, 600),
    "share-invitation": (30, 3600),
    "mail-address": (20, 3600),
    "mail-recipient": (5, 3600),
    "api-read": (120, 60),
    # Not 30: whoever enters a month of receipts or categorises by hand is not an attack.
    "api-write": (120, 60),
    # A year's statements one by one are 12; everything of mine is read whole from the database.
    "export-pdf": (30, 3600),
    "export-all": (5, 3600),
}


def rate_limits(changes: dict[str, str], *, is_demo: bool) -> dict[str, Rate | None]:
    """Every limit as (count, seconds) or None; `changes` as in {"sign-up": "50/3600"} or "off"."""
    rates: dict[str, Rate | None] = dict(DEFAULTS)
    if is_demo:
        for name in DEMO_NAMES:
            count, seconds = DEFAULTS[name]
            rates[name] = (count * DEMO_FACTOR, seconds)
    for name, text in changes.items():
        if name not in DEFAULTS:
            raise ValueError(f"RATE_LIMITS: there is no limit called {name!r}")
        count, _, seconds = text.partition("/")
        rates[name] = None if text == "off" else (int(count), int(seconds))
    return rates
