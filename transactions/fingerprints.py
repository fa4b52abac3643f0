"""The fingerprint by which a line read again is known again.

Two lines of one account with the same date, amount, currency and wording have the same
fingerprint; how many of them there are is counted, so that two equal coffees stay two: a file's
k-th line of a fingerprint is a duplicate when the account already holds k live ones.
"""

import hashlib
from datetime import date
from decimal import Decimal

from banking.kernel.money import to_units
from transactions.matching.words import normalized

# Goes into every hash: a changed rule gets a new number and a migration that rewrites the column.
# 2: letters are compared without accents, however they are composed.
VERSION = 2


def fingerprint(txn_date: date, signed_amount: Decimal, currency: str, description: str) -> int:
    """A signed 64-bit number (BLAKE2b) that fits the database's integer column."""
    text = f"{VERSION}|{txn_date}|{to_units(signed_amount)}|{currency}|{normalized(description)}"
    digest = hashlib.blake2b(text.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)
