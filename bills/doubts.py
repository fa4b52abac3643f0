"""Lets the page of a bill ask "Is this the same?" about a recurring payment.

Recurring payments are found by an app above, which registers its function at startup
(banking/kernel/upward.py), so this app needs no upward import.
"""

from datetime import date
from typing import TYPE_CHECKING, Any

from banking.kernel.upward import Callbacks

if TYPE_CHECKING:  # Apps register their function here before models are loaded.
    from bills.models import Bill
    from users.models import User

# Each takes a user, their bill and today's date, and returns what to ask about.
askers = Callbacks()


def doubts_about(*, user: "User", bill: "Bill", on: date) -> list[Any]:
    """The open questions "Is this the same?" about this bill; none once it is paid or skipped."""
    if not bill.is_open:
        return []
    return [doubt for ask in askers.functions() for doubt in ask(user=user, bill=bill, on=on)]
