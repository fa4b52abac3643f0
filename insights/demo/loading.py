"""Load the demo into the database once, entirely through the services."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

from django.db import connection
from django.db import transaction as db_transaction
from django.utils import timezone

from accounts.models import Account
from accounts.services import open_account, store_rates
from accounts.sharing import accept_share, share_account
from insights.demo.bills import make_bills, make_rewards
from insights.demo.budgets import make_budgets
from insights.demo.household import OPENING, Household, first_day
from insights.demo.organizing import put_in_order
from insights.demo.rates import demo_rates
from insights.demo.shops import SHOPS, Shop, shop_rows
from insights.staff.month_counts import count_months
from insights.staff.platform_counts import count_platform
from transactions.models import Category
from transactions.services.bulk_posting import HistoryRow, post_many
from users.models import User
from users.services.people import set_role, sign_up, vouch_for_email
from users.services.verification import vouch_for_identity

# Public by design: these sign-ins exist only if DEMO is on.
PASSWORD = "demo-Passw0rd!"
PEOPLE = [
    ("demo@example.com", "Alex Morgan", User.Role.USER),
    ("viewer@example.com", "Vera Lindqvist", User.Role.VIEWER),
    ("analyst@example.com", "Anton Reyes", User.Role.ANALYST),
    ("support@example.com", "Sam Okafor", User.Role.SUPPORT),
    ("auditor@example.com", "Audra Stein", User.Role.AUDITOR),
    ("admin@example.com", "Ada Novak", User.Role.ADMIN),
]
TIMEZONE = "America/New_York"
FULL_MONTHS = 36
# The number of transactions in the household's three years.
FULL_COUNT = 3_250
_ACCOUNTS = {
    "checking": ("Northwind Bank", "Everyday Checking", "checking", "USD", "4417", 500),
    "savings": ("Northwind Bank", "Household Savings", "savings", "USD", "9035", 0),
    "card": ("Cascade Card Services", "Cascade Rewards Card", "credit_card", "USD", "1188", 8000),
    "cash": ("", "Wallet", "cash", "USD", "", 0),
    "euro": ("Hansabank", "Berlin Account", "checking", "EUR", "7302", 0),
    "invest": ("Meridian", "Index Fund", "investment", "USD", "2650", 0),
    "loan": ("Northwind Bank", "Car Loan", "loan", "USD", "5521", 0),
}


@dataclass(slots=True)
class Loaded:
    """The result of a run: `is_new` is False if the demo already existed."""

    is_new: bool
    transaction_count: int = 0
    account_count: int = 0
    budget_count: int = 0
    bill_count: int = 0
    people: Sequence[tuple[str, str]] = field(default_factory=list)


def load_demo(*, on: date, transaction_count: int = FULL_COUNT) -> Loaded:
    """Create the demo people and their household ending on `on`, unless they already exist."""
    people = [(email, role) for email, _, role in PEOPLE]
    if User.objects.filter(email=PEOPLE[0][0]).exists():
        return Loaded(is_new=False, people=people)
    with db_transaction.atomic():
        users = {email: _person(email, name, role) for email, name, role in PEOPLE}
        owner = users["demo@example.com"]
        loaded = Loaded(is_new=True, people=people)
        _household(owner, on, transaction_count, loaded)
        loaded.budget_count = make_budgets(owner=owner, on=on)
        make_rewards(owner=owner, on=on)
        loaded.bill_count = make_bills(owner=owner, on=on)
        put_in_order(owner=owner, on=on)
        for email in ("viewer@example.com", "analyst@example.com"):
            _share_everything(owner, users[email])
    count_months(timezone.now())
    count_platform(timezone.now())
    _tell_the_planner()
    return loaded


def _tell_the_planner() -> None:
    """After a bulk load, stale statistics would give the first pages slow query plans."""
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def _person(email: str, name: str, role: str) -> User:
    user = sign_up(
        name=name, email=email, password=PASSWORD, base_currency="USD", timezone=TIMEZONE
    )
    # Verified, so that visitors can try two-factor sign-in: a link mailed to example.com reaches no
    # one.
    vouch_for_email(user=user)
    if role == User.Role.USER:
        return vouch_for_identity(user=user)
    return set_role(actor=None, user=user, role=role)


def _household(owner: User, on: date, wanted: int, loaded: Loaded) -> None:
    months = max(1, min(FULL_MONTHS, round(FULL_MONTHS * wanted / FULL_COUNT)))
    start = first_day(on, months) if months == FULL_MONTHS else on - timedelta(days=30 * months)
    extra = max(0, wanted - FULL_COUNT)
    currencies = ["EUR"] if not extra else sorted({shop.currency for shop in SHOPS} - {"USD"})
    # One extra week, so that the first days have an earlier bank day to fall back on.
    rates = list(demo_rates(start - timedelta(days=7), on, currencies))
    store_rates(actor=None, rates=rates)
    categories = {category.slug: category for category in Category.objects.filter(user=None)}
    household = Household(
        start=start,
        end=on,
        categories=categories,
        euro_rates={rate.rate_on: Decimal(rate.rate) for rate in rates if rate.base == "EUR"},
    )
    for key, rows in household.live().items():
        _fill(owner, _open(owner, key), rows, loaded)
    for shop in SHOPS if extra else []:
        lines = shop_rows(
            shop, count=round(extra * shop.share), start=start, end=on, categories=categories
        )
        _fill(owner, _open_shop(owner, shop), lines, loaded)


def _fill(owner: User, account: Account, rows: Iterable[HistoryRow], loaded: Loaded) -> None:
    loaded.transaction_count += post_many(actor=owner, account=account, rows=rows)
    loaded.account_count += 1


def _open(owner: User, key: str) -> Account:
    bank_name, name, account_type, currency, last_four, limit = _ACCOUNTS[key]
    return open_account(
        actor=owner,
        user=owner,
        name=name,
        bank_name=bank_name,
        account_type=account_type,
        currency=currency,
        last_four=last_four,
        opening_balance=OPENING[key],
        overdraft_limit=Decimal(limit),
    )


def _open_shop(owner: User, shop: Shop) -> Account:
    return open_account(
        actor=owner,
        user=owner,
        name=shop.name,
        bank_name="Tillpay",
        currency=shop.currency,
        opening_balance=Decimal(100 * shop.scale),
    )


def _share_everything(owner: User, member: User) -> None:
    for account in Account.objects.owned_by(owner).order_by("pk"):
        share = share_account(actor=owner, account=account, member=member, level=member.role)
        accept_share(actor=member, share=share)
