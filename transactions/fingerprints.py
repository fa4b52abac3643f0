"""Fingerprints recognize a line that is read again.

Lines of one account with the same date, amount, currency and wording share a fingerprint. They are
counted, so two identical coffees stay two: the k-th line of a file with a fingerprint is a
duplicate if the account already has k live transactions with it.
"""

import hashlib
from datetime import date
from decimal import Decimal

from banking.kernel.money import to_units
from transactions.matching.words import normalized

# Part of every hash. A changed algorithm gets a new number and a migration that recomputes the
# column. Version 2 ignores accents, however they are encoded.
VERSION = 2


def fingerprint(txn_date: date, signed_amount: Decimal, currency: str, description: str) -> int:
    """A signed 64-bit number (BLAKE2b) that fits the database's integer column."""
    text = f"{VERSION}|{txn_date}|{to_units(signed_amount)}|{currency}|{normalized(description)}"
    digest = hashlib.blake2b(text.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)
