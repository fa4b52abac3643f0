"""The household's bills and reward programs.

Three months of standing payments are settled with the transactions that paid them; the rest are due
next.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from accounts.models import Account
from banking.kernel.periods import add_months
from bills.models import Bill
from bills.services.paying import settle_with
from bills.services.planning import create_bill, edit_bill
from rewards.models import PointsEntry
from rewards.services import add_entry, create_program
from transactions.models import Category, Transaction
from users.models import User

MONTHS_BEFORE = 3
NEAR_DAYS = 7
# (merchant, paid automatically)
STANDING = [
    ("Elm Street Properties", True),
    ("City Light", False),
    ("Puget Fiber", True),
    ("Fernmobile", True),
    ("Streamline", True),
    ("Ironworks Gym", True),
]


@dataclass(frozen=True, slots=True)
class OneOff:
    """A bill without a history; `days` counts from the demo's last day."""

    name: str
    amount: str
    days: int
    recurrence: str
    category: str


AHEAD = [
    OneOff("Halvorsen Dental", "140.00", -4, "none", "health"),
    OneOff("Summit Tax Advice", "220.00", 2, "none", "fees"),
    OneOff("Evergreen Waste", "96.40", 12, "quarterly", "utilities"),
    OneOff("Harborstone Insurance", "318.00", 26, "yearly", "insurance"),
]


def make_rewards(*, owner: User, on: date) -> None:
    """Create a bank program that bills earn points in, and airline miles, some of which expire
    soon.
    """
    create_program(
        actor=owner,
        user=owner,
        program_name="Northwind Points",
        on=add_months(on, -MONTHS_BEFORE),
        points_balance=1860,
        point_value=Decimal("0.005"),
        earns_on_bills=True,
    )
    miles = create_program(
        actor=owner,
        user=owner,
        program_name="Alpine Miles",
        on=on,
        point_value=Decimal("0.012"),
        expires_after_months=24,
    )
    earn, redeem = PointsEntry.Kind.EARN, PointsEntry.Kind.REDEEM
    for kind, points, months, note in (
        (earn, 3200, 23, "Flight to Chicago"),
        (earn, 4100, 11, "Summer trip"),
        (redeem, 1500, 5, "Seat upgrade"),
        (earn, 640, 1, "Hotel stay"),
    ):
        when = add_months(on, -months)
        add_entry(actor=owner, reward=miles, kind=kind, points=points, on=when, note=note)


def make_bills(*, owner: User, on: date) -> int:
    """Create bills from the standing payments: past ones are settled, some future ones are paid."""
    for merchant, auto_pay in STANDING:
        _standing(owner, merchant, auto_pay, on)
    categories = {category.slug: category for category in Category.objects.filter(user=None)}
    checking = Account.objects.owned_by(owner).filter(account_type="checking").order_by("pk")
    for bill in AHEAD:
        create_bill(
            actor=owner,
            user=owner,
            biller_name=bill.name,
            amount_due=Decimal(bill.amount),
            due_date=on + timedelta(days=bill.days),
            recurrence=bill.recurrence,
            account=checking.first(),
            category=categories.get(bill.category),
        )
    return Bill.objects.filter(user=owner).count()


def _standing(owner: User, merchant: str, auto_pay: bool, on: date) -> None:
    lines = list(
        Transaction.objects.filter(
            user=owner,
            merchant=merchant,
            status=Transaction.Status.POSTED,
            signed_amount__lt=0,
            txn_date__gt=add_months(on, -MONTHS_BEFORE),
        )
        .select_related("account", "category")
        .order_by("txn_date", "pk")
    )
    if not lines:
        return
    first = lines[0]
    bill = create_bill(
        actor=owner,
        user=owner,
        biller_name=merchant,
        amount_due=first.amount,
        currency=first.currency,
        due_date=first.txn_date,
        recurrence=Bill.Recurrence.MONTHLY,
        account=first.account,
        category=first.category,
        auto_pay=auto_pay,
    )
    for line in lines:
        if abs((line.txn_date - bill.due_date).days) > NEAR_DAYS:
            break
        edit_bill(actor=owner, bill=bill, amount_due=line.amount)
        settle_with(actor=owner, bill=bill, payment=line)
        bill = Bill.objects.get(series=bill.series, sequence=bill.sequence + 1)
