"""Sample data on request: a made-up household that one undoable action removes completely."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import ROUND_CEILING, Decimal

from django.core.exceptions import ValidationError
from django.db import transaction as db_transaction
from django.utils.translation import gettext as _

from accounts.models import Account
from accounts.services import delete_account, lock_accounts, open_account, restore_account
from banking.kernel.money import round_to_minor_unit
from bills.models import Bill
from bills.services.planning import create_bill, delete_bill, restore_bill
from budgets.models import Budget
from budgets.services import create_budget, delete_budget, restore_budget
from insights.demo.household import OPENING, Household, first_day
from insights.models import SampleData
from transactions.models import Category
from transactions.services.bulk_posting import HistoryRow, post_many
from users.audit import trail
from users.models import User
from users.policy import Ability, require

MONTHS = 6
SAMPLE_BANK = "Sample data"
_ACCOUNTS = {
    "checking": ("Sample checking", Account.Type.CHECKING),
    "savings": ("Sample savings", Account.Type.SAVINGS),
    "card": ("Sample credit card", Account.Type.CREDIT_CARD),
    "cash": ("Sample wallet", Account.Type.CASH),
}
# (category, limit in the sample's currency)
_BUDGETS = [
    ("groceries", 620),
    ("restaurants", 260),
    ("shopping", 300),
    ("entertainment", 120),
    ("transport", 240),
]
# (name, amount, due in days, recurrence, category)
_BILLS = [
    ("Evergreen Waste", "48.20", 6, "monthly", "utilities"),
    ("Harborstone Insurance", "126.00", 12, "quarterly", "insurance"),
]


def may_add_sample(user: User) -> bool:
    """Refuse users with accounts: sample data must not mix with their own."""
    return not Account.objects.owned_by(user).exists()


@db_transaction.atomic
def add_sample_data(*, actor: User, on: date) -> SampleData:
    """Create the sample household of `actor`, ending on the date `on`, in their base currency.

    Raises ValidationError if they have an account already.
    """
    require(actor, Ability.CHANGE_OWN_DATA)
    User.objects.select_for_update(no_key=True).get(pk=actor.pk)
    if not may_add_sample(actor):
        raise ValidationError(
            _("You have accounts already. Sample data is for an empty dashboard.")
        )
    categories = {category.slug: category for category in Category.objects.filter(user=None)}
    accounts = _household(actor, on, categories)
    budgets = _budgets(actor, on, categories)
    bills = _bills(actor, on, categories, accounts[0])
    sample, _is_new = SampleData.objects.update_or_create(
        user=actor,
        defaults={
            "account_ids": [account.pk for account in accounts],
            "budget_ids": [budget.pk for budget in budgets],
            "bill_ids": [bill.pk for bill in bills],
            "removed": {},
            "removed_at": None,
        },
    )
    trail.record(actor=actor, action="insights.sample.added", target=sample)
    return sample


def _household(actor: User, on: date, categories: dict[str, Category]) -> list[Account]:
    household = Household(start=first_day(on, MONTHS), end=on, categories=categories, euro_rates={})
    rows = household.live()
    accounts = []
    for key, (name, account_type) in _ACCOUNTS.items():
        account = open_account(
            actor=actor,
            user=actor,
            name=name,
            bank_name=SAMPLE_BANK,
            account_type=account_type,
            currency=actor.base_currency,
            opening_balance=_in_currency(OPENING[key], actor.base_currency),
            overdraft_limit=Decimal(8000 if key == "card" else 500 if key == "checking" else 0),
        )
        post_many(actor=actor, account=account, rows=_rows(rows[key], actor.base_currency))
        accounts.append(account)
    return accounts


def _rows(rows: Sequence[HistoryRow], currency: str) -> list[HistoryRow]:
    return [
        HistoryRow(
            signed_amount=_in_currency(row.signed_amount, currency),
            txn_date=row.txn_date,
            description=row.description,
            merchant=row.merchant,
            category=row.category,
            category_source=row.category_source,
            status=row.status,
        )
        for row in rows
        if _in_currency(row.signed_amount, currency)
    ]


def _in_currency(amount: Decimal, currency: str) -> Decimal:
    """The amount with the currency's decimals; the numbers are the same in every currency."""
    return round_to_minor_unit(amount, currency)


def _budgets(actor: User, on: date, categories: dict[str, Category]) -> list[Budget]:
    taken = set(
        Budget.objects.owned_by(actor).in_month(on.year, on.month).values_list("category_id")
    )
    free = [(slug, limit) for slug, limit in _BUDGETS if (categories[slug].pk,) not in taken]
    return [
        create_budget(
            actor=actor,
            user=actor,
            category=categories[slug],
            year=on.year,
            month=on.month,
            limit_amount=Decimal(limit),
        )
        for slug, limit in free
    ]


def _bills(actor: User, on: date, categories: dict[str, Category], account: Account) -> list[Bill]:
    return [
        create_bill(
            actor=actor,
            user=actor,
            biller_name=name,
            amount_due=Decimal(amount).quantize(
                round_to_minor_unit(Decimal(1), actor.base_currency), ROUND_CEILING
            ),
            currency=actor.base_currency,
            due_date=on + timedelta(days=days),
            recurrence=recurrence,
            account=account,
            category=categories.get(category),
        )
        for name, amount, days, recurrence, category in _BILLS
    ]


@db_transaction.atomic
def remove_sample_data(*, actor: User, at: datetime) -> SampleData:
    """Move everything the sample created to the trash, and nothing else; undone by
    `restore_sample_data`. Safe to repeat. Raises SampleData.DoesNotExist.
    """
    require(actor, Ability.CHANGE_OWN_DATA)
    sample = SampleData.objects.select_for_update().get(user=actor)
    if sample.removed_at is not None:
        return sample
    accounts = [
        account for account in lock_accounts(sample.account_ids).values() if not account.deleted_at
    ]
    budgets = list(Budget.objects.owned_by(actor).filter(pk__in=sample.budget_ids).order_by("pk"))
    bills = list(
        Bill.objects.filter(user=actor, pk__in=sample.bill_ids, deleted_at=None).order_by("pk")
    )
    for bill in bills:
        delete_bill(actor=actor, bill=bill)
    for budget in budgets:
        delete_budget(actor=actor, budget=budget)
    for account in accounts:
        delete_account(actor=actor, account=account)
    sample.removed = {
        "accounts": [account.pk for account in accounts],
        "budgets": [budget.pk for budget in budgets],
        "bills": [bill.pk for bill in bills],
    }
    sample.removed_at = at
    sample.save(update_fields=["removed", "removed_at", "updated_at"])
    trail.record(actor=actor, action="insights.sample.removed", target=sample)
    return sample


@db_transaction.atomic
def restore_sample_data(*, actor: User) -> SampleData:
    """Restore what was removed. Raises ValidationError if the trash has been emptied."""
    require(actor, Ability.CHANGE_OWN_DATA)
    sample = SampleData.objects.select_for_update().get(user=actor)
    if sample.removed_at is None:
        return sample
    removed = sample.removed
    accounts = list(lock_accounts(removed.get("accounts", [])).values())
    if len(accounts) < len(removed.get("accounts", [])):
        raise ValidationError(_("The sample data was deleted for good. Add it again."))
    for account in accounts:
        restore_account(actor=actor, account=account)
    for budget in Budget.objects.filter(user=actor, pk__in=removed.get("budgets", [])).order_by(
        "pk"
    ):
        restore_budget(actor=actor, budget=budget)
    for bill in Bill.objects.filter(user=actor, pk__in=removed.get("bills", [])).order_by("pk"):
        restore_bill(actor=actor, bill=bill)
    sample.removed, sample.removed_at = {}, None
    sample.save(update_fields=["removed", "removed_at", "updated_at"])
    trail.record(actor=actor, action="insights.sample.restored", target=sample)
    return sample
