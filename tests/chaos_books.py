"""The books of `make chaos`: opened before, compared afterward with what the clients were told.

Called through `manage.py shell`, on the instance's own database.
"""

import json
from collections import defaultdict
from decimal import Decimal
from pathlib import Path
from typing import Any

from accounts.models import Account
from tests.builders import make_account, make_user
from tests.chaos_client import BOOKED, EMAILS, PASSWORD, REFUSED, Decision
from tests.invariants import assert_ledger_holds
from transactions.models import Transaction, Transfer

ACCOUNTS, OPENING = 10, "100.00"


def open_households() -> None:
    """Two people with ten accounts of 100.00 each."""
    for email in EMAILS:
        owner = make_user(email, password=PASSWORD, base_currency="EUR")
        for name in range(ACCOUNTS):
            make_account(user=owner, name=f"Account {name}", opening_balance=OPENING)


def judge_file(path: str) -> None:
    """Print the verdict on the decisions in a file as JSON."""
    print(json.dumps(judge([Decision(**one) for one in json.loads(Path(path).read_text())])))


def judge(decisions: list[Decision]) -> dict[str, Any]:
    """What differs from the decisions: the number of transfers of each kind of wrong, the drift of
    all balances in minor units, and what the ledger's own checks say. Each is empty or 0 if right.
    """
    stored = _stored_transfers()
    legs = _legs()
    booked = {one.key: one for one in decisions if one.outcome == BOOKED}
    refused = {one.key for one in decisions if one.outcome == REFUSED}
    return {
        "lost": sum(not stored[key] for key in booked),
        "doubled": sum(len(found) > 1 for found in stored.values()),
        "altered": sum(
            len(stored[key]) == 1 and stored[key] != [(one.source, one.target, one.cents)]
            for key, one in booked.items()
        ),
        "refused but booked": sum(bool(stored[key]) for key in refused),
        "never acknowledged": sum(
            bool(found) for key, found in stored.items() if key not in refused | booked.keys()
        ),
        "half done": sum(legs[key] != 2 * len(stored[key]) for key in legs.keys() | booked.keys()),
        "undecided": sum(one.outcome not in {BOOKED, REFUSED} for one in decisions),
        "drift": _drift(booked.values()),
        "below the limit": Account.objects.filter(balance__lt=0).count(),
        "ledger": _ledger(),
    }


def _stored_transfers() -> defaultdict[str, list[tuple[int, int, int]]]:
    """By description: source, target and minor units of each transfer."""
    found: defaultdict[str, list[tuple[int, int, int]]] = defaultdict(list)
    rows = Transfer.objects.select_related("outflow_transaction", "inflow_transaction")
    for row in rows.order_by("pk"):
        out, into = row.outflow_transaction, row.inflow_transaction
        cents = int(out.amount * 100) if out.amount == into.amount else -1
        found[out.description].append((out.account_id, into.account_id, cents))
    return found


def _legs() -> defaultdict[str, int]:
    """By description: the number of transactions that a transfer made."""
    found: defaultdict[str, int] = defaultdict(int)
    rows = Transaction.objects.filter(origin=Transaction.Origin.TRANSFER, deleted_at=None)
    for description in rows.values_list("description", flat=True):
        found[description] += 1
    return found


def _drift(booked: Any) -> int:
    expected: defaultdict[int, Decimal] = defaultdict(Decimal)
    for one in booked:
        expected[one.source] -= one.cents
        expected[one.target] += one.cents
    rows = Account.objects.values_list("pk", "opening_balance", "balance")
    return int(sum(abs((balance - start) * 100 - expected[pk]) for pk, start, balance in rows))


def _ledger() -> str:
    try:
        assert_ledger_holds()
    except AssertionError as error:
        return str(error)[:500] or "a stored total is not the recomputed one"
    return ""
