"""Everything the page of one bill shows to its owner, read from one snapshot."""

from datetime import date
from typing import Any

from accounts.exchange import RateTable
from accounts.known_accounts import VISIBLE
from accounts.models import SHARED
from banking.kernel.read_together import read_together
from banking.kernel.snapshot import read_snapshot
from banking.kernel.written_once import WrittenOnce
from bills.doubts import doubts_about
from bills.matching import match_suggestions
from bills.models import Bill
from bills.page import OPEN_BILLS, auto_pay_note, lines
from bills.preflight import Shortfall, asking_planned, shortfalls_among
from bills.services.reminding import asking_receipts
from rewards.totals import points_of_payment
from users.models import User

HISTORY = 24


def detail_context(*, user: User, pk: int, on: date) -> dict[str, Any] | None:
    """One bill: shortfall, suggested payments, history, reminders; None if the user has no such
    bill.
    """
    others, receipts = _OTHERS.asking(user.pk, pk), asking_receipts(user.pk, pk)
    with read_snapshot():
        read_together(
            _BILL.asking(user.pk, pk),
            OPEN_BILLS.asking(user.pk),
            others,
            receipts,
            # What may be the same payment is looked for on these accounts.
            SHARED.asking(user.pk),
            VISIBLE.asking(user.pk),
        )
        bill = next(iter(_BILL.rows(user.pk, pk)), None)
        if bill is None:
            return None
        (line,) = lines([bill], on, _shortfalls(bill, on))
        return {
            "bill": bill,
            "line": line,
            "auto_pay_note": auto_pay_note(bill, on, line.outlook),
            "history": lines(others.rows(), on),
            "matches": match_suggestions(bill),
            "doubts": doubts_about(user=user, bill=bill, on=on),
            "receipts": receipts.rows()[:HISTORY],
            "points": points_of_payment(bill.payment_id) if bill.payment_id else 0,
        }


_BILL = WrittenOnce(
    lambda user_id, row_id: Bill.objects.visible_to(User(pk=user_id)).for_list().filter(pk=row_id)
)
_OTHERS = WrittenOnce(
    lambda user_id, row_id: (
        Bill.objects.visible_to(User(pk=user_id))
        .for_list()
        .filter(
            series__in=Bill.objects.visible_to(User(pk=user_id)).filter(pk=row_id).values("series")
        )
        .exclude(pk=row_id)
        .order_by("-due_date", "-id")[:HISTORY]
    )
)


def _shortfalls(bill: Bill, on: date) -> dict[int, Shortfall]:
    """The shortfalls of the open bills that its account pays."""
    account = bill.account
    if account is None or not bill.is_open:
        return {}
    paid_from = [one for one in OPEN_BILLS.rows(bill.user_id) if one.account_id == account.pk]
    currencies = {one.currency for one in paid_from}
    read_together(asking_planned(paid_from), RateTable.asking(currencies, account.currency, [on]))
    return shortfalls_among(paid_from, on)
