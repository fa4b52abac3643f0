"""Each list and figure runs as many queries for twenty rows as for two."""

from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import AccountShare
from alerts.models import Alert
from banking.kernel.periods import add_months
from bills.models import Bill
from budgets.models import Budget
from insights.models import Export
from rewards.models import PointsEntry, Reward
from tests.builders import make_account, make_transaction
from transactions.models import Category, ImportBatch, Transaction, Transfer
from transactions.rules.suggestions import suggester_of
from transactions.services.categories import create_category
from transactions.services.categorizing import set_category
from transactions.services.converting import convert_open_months
from transactions.services.posting import delete_transactions, restore_transactions
from transactions.services.rule_editing import create_rule
from transactions.services.saved_views import save_view
from transactions.services.transfers import transfer_funds
from transactions.tests.import_samples import MARCH, csv_of, imported

# URL (formatted with the first account, transaction and so on) and its number of queries. Pages
# that are kept while nothing changes (insights/kept_pages.py) take two then, and here one more
# than they would, for their state.
LISTS = {
    "/": 11,
    "/api/dashboard/overview": 11,
    "/dashboard/cards/": 2,
    "/accounts/": 7,
    "/exports/": 5,
    "/api/exports": 4,
    "/accounts/{account}/": 10,
    "/transactions/": 8,
    "/transactions/?search=row&ordering=-amount": 9,
    "/transactions/?category=food&ordering=category": 9,
    "/transactions/?account={account}&columns=tags,balance": 9,
    "/transactions/?search=row&category=food&tag=all&account={account}": 8,
    "/transactions/?category=gone&tag=gone&merchant_is=gone&account=99999&import_batch=99999": 7,
    "/transactions/{transaction}/": 9,
    "/transactions/{transaction}/split/": 6,
    "/transactions/{transaction}/edit/": 10,
    "/transactions/{transaction}/category/": 9,
    "/transactions/{transaction}/notes/": 4,
    "/transactions/new/": 8,
    "/transactions/new/?like={transaction}": 10,
    "/transactions/rules/": 2,
    "/transactions/rules/new/?from_transaction={transaction}": 9,
    "/transactions/rules/{rule}/edit/": 10,
    "/transactions/rules/{rule}/preview/": 6,
    "/transactions/rules/preview/": 5,
    "/transactions/categories/": 2,
    "/transactions/transfers/": 5,
    "/api/transfers": 2,
    "/transactions/import/history/": 2,
    "/transactions/import/{receipt}/": 10,
    "/transactions/filters/": 4,
    "/transactions/totals/": 3,
    "/transactions/trash/": 2,
    "/transactions/undo/": 3,
    "/transactions/review/": 5,
    "/transactions/connections/": 2,
    "/transactions/import/": 4,
    "/transactions/import/{receipt}/revert/": 3,
    "/accounts/{account}/statements/": 7,
    "/accounts/{account}/edit/": 3,
    "/users/security/": 4,
    "/users/2fa/": 3,
    "/api/undo": 2,
    "/api/review": 2,
    "/api/connections": 2,
    "/api/transactions/views": 8,
    "/api/categories/rules": 2,
    "/api/imports/{receipt}": 7,
    "/api/transactions/{transaction}": 4,
    "/alerts/": 3,
    "/alerts/bell/": 3,
    "/alerts/subscriptions/": 3,
    "/alerts/backtest/?type=low_balance": 5,
    "/alerts/backtest/?type=unusual_spending": 8,
    "/alerts/backtest/?type=large_transaction": 6,
    "/alerts/backtest/?type=budget_warning": 10,
    "/api/alerts": 2,
    "/api/alerts/subscribe": 3,
    "/accounts/currency/": 8,
    "/accounts/currency/?base=USD&to=CHF&on=2026-01-05": 10,
    "/api/currency/rates": 7,
    "/api/currency/summary": 4,
    "/accounts/sharing/": 6,
    "/api/shares": 2,
    "/budgets/": 9,
    "/budgets/?month={last_month}": 9,
    "/budgets/new/": 2,
    "/budgets/{budget}/": 10,
    "/budgets/{budget}/edit/": 4,
    "/api/budgets": 10,
    "/api/budgets/suggestions": 8,
    "/api/budgets/month/{this_month}": 9,
    "/api/budgets/{budget}": 10,
    "/api/budgets/{budget}/progress": 10,
    "/bills/": 8,
    "/bills/calendar/": 3,
    "/bills/new/": 3,
    "/bills/{bill}/": 8,
    "/bills/{bill}/edit/": 4,
    "/bills/{bill}/pay/": 6,
    "/api/bills": 2,
    "/api/bills/{bill}": 5,
    "/rewards/": 9,
    "/rewards/{reward}/": 7,
    "/rewards/{reward}/edit/": 2,
    "/api/rewards": 6,
    "/api/rewards/total": 5,
    "/api/rewards/{reward}": 6,
    "/api/rewards/{reward}/entries": 3,
    "/api/accounts": 4,
    "/api/accounts?is_active=true": 4,
    "/api/transactions": 4,
    "/api/transactions?search=row&category=food&tag=t0&ordering=-merchant": 7,
    "/api/transactions/{transaction}/category-history": 5,
    "/api/categories": 2,
    "/transactions/by-merchant/": 10,
    "/api/transactions/by-merchant": 9,
    "/transactions/learned/": 8,
    "/api/categories/learned": 8,
    "/api/imports": 2,
    "/users/activity/": 3,
    "/api/users/me/activity": 3,
    "/insights/recurring/": 6,
    "/api/insights/recurring": 6,
    "/insights/forecast/": 9,
    "/api/insights/forecast?days=90": 8,
}

# Each as a page and in the API. One of them loads rates that are otherwise missing.
FIGURES = {
    "cash-flow": 8,
    "categories?period=last_12_months": 9,
    "merchants?period=last_12_months&include_shared=1": 8,
    "burn-rate": 9,
    "net-worth": 8,
    "yearly": 9,
}


SERIES = UUID(int=7)


def figures():
    return {
        f"{door}{name}{slash}{mark}{query}": most
        for path, most in FIGURES.items()
        for name, mark, query in [path.partition("?")]
        for door, slash in (("/insights/", "/"), ("/api/insights/", ""))
    }


def grow(owner, other, number):
    """Add one more row to everything that a list could show."""
    own = make_account(user=owner, name=f"own {number}", opening_balance="1000")
    shared = make_account(user=other, name=f"shared {number}", currency="USD")
    AccountShare.objects.create(
        user=other, member=owner, account=shared, level="viewer", status="accepted"
    )
    category = create_category(actor=owner, user=owner, name=f"category {number}")
    first = owner.accounts.order_by("pk").first()
    today = timezone.now().date()
    make_transaction(
        account=first,
        description=f"row {number}",
        merchant=f"merchant {number}",
        txn_date=today - timedelta(days=number),
        category=category,
        tags=[f"t{number}", "all"],
    )
    make_transaction(account=own, category=Category.objects.get(slug="groceries"))
    ImportBatch.objects.create(
        user=owner, account=own, file_name=f"{number}.csv", sha256=str(number), status="done"
    )
    Alert.objects.create(
        user=owner,
        type="low_balance",
        message=f"alert {number}",
        severity="info",
        dedupe_key=f"test:{number}",
        occurred_on=today,
    )
    Export.objects.create(
        user=owner,
        kind="statement",
        title=f"statement {number}",
        status="done",
        # Whether another person's account is still shared is one query for all accounts.
        shared_ids=[shared.pk],
        heard_at=timezone.now(),
        expires_at=timezone.now() + timedelta(days=7),
    )
    pot = make_account(user=owner, name=f"pot {number}")
    transfer_funds(actor=owner, source=own, target=pot, amount=Decimal(9), on=today)
    Transfer.objects.create(
        user=owner,
        outflow_transaction=make_transaction(account=own, amount="-7"),
        inflow_transaction=make_transaction(account=pot, amount="7"),
    )
    create_rule(
        actor=owner,
        user=owner,
        category=category,
        keyword_pattern="row",
        merchant_pattern=f"^merchant {number}",
        account=first,
    )
    gone = f"category=c{number}&tag=t{number}&merchant_is=m{number}"
    lost = f"account=9{number}000&import_batch=9{number}000"
    save_view(actor=owner, name=f"view {number}", query=f"{gone}&{lost}")
    row = Transaction.objects.filter(account=first).order_by("pk").first()
    set_category(actor=owner, transaction=row, category=category)
    # Last month's budget is carried over.
    for month in (add_months(today, -1), today):
        day = month - timedelta(days=number)
        make_transaction(account=own, txn_date=day, category=category)
        Budget.objects.create(
            user=owner, category=category, limit_amount=Decimal(50), currency=owner.base_currency,
            year=month.year, month=month.month, rollover=True,
        )  # fmt: skip
    for place, paid in enumerate(({}, {"paid_at": timezone.now(), "paid_on": today})):
        Bill.objects.create(
            user=owner, biller_name="row", amount_due=Decimal(5), currency="EUR",
            due_date=today + timedelta(days=number), account=own, auto_pay=True,
            series=SERIES, series_start=today, sequence=2 * number + place, **paid,
            amount_paid=Decimal(5) if paid else None,
        )  # fmt: skip
    Reward.objects.create(
        user=owner, program_name=f"program {number}", points_balance=10, currency="EUR",
        point_value=Decimal("0.1"),
    )  # fmt: skip
    PointsEntry.objects.create(
        reward=owner.rewards.order_by("pk").first(), kind="earn", points=10, occurred_on=today,
        expires_on=today + timedelta(days=9), payment=row if number == 0 else None,
    )  # fmt: skip


def queries_of(client, address):
    # Do not let this request benefit from what the last one cached.
    cache.clear()
    suggester_of.cache_clear()
    with CaptureQueriesContext(connection) as captured:
        answer = client.get(address)
    assert answer.status_code == 200, address
    return [query["sql"] for query in captured]


@pytest.mark.once
@pytest.mark.slow
def test_page_runs_as_many_queries_for_twenty_rows_as_for_two(alice, bob, client_for, subtests):
    for number in range(2):
        grow(alice, bob, number)
    today = timezone.now().date()
    row = Transaction.objects.filter(user=alice).order_by("pk").first()
    names = {
        **{"account": row.account_id, "transaction": row.pk},
        **{"this_month": f"{today:%Y/%m}", "last_month": f"{add_months(today, -1):%Y-%m}"},
        "budget": alice.budgets.order_by("year", "month", "pk").last().pk,
        "receipt": imported(make_account(user=alice), csv_of(MARCH)).pk,
        "rule": alice.category_rules.order_by("pk").first().pk,
        "bill": alice.bills.order_by("pk").first().pk,
        "reward": alice.rewards.order_by("pk").first().pk,
    }
    limits = {address.format(**names): most for address, most in (LISTS | figures()).items()}
    client = client_for(alice)
    # The first request of a session stores the device.
    client.get("/alerts/bell/")
    # The first visit of a day is noted.
    client.get("/")
    few = {address: queries_of(client, address) for address in limits}
    for number in range(2, 20):
        grow(alice, bob, number)
    for address, most in limits.items():
        with subtests.test(address):
            many = queries_of(client, address)
            assert len(many) == len(few[address]), "\n".join(sorted(many))
            assert len(many) <= most, "\n".join(many)


@pytest.mark.once
@pytest.mark.slow
def test_budgets_and_bills_in_two_currencies_take_ten_queries(alice, bob, client_for, subtests):
    """Bob shares his budgets, some months are converted and some are not, and no rate is known."""
    for number in range(4):
        grow(alice, bob, number)
        if number == 2:
            convert_open_months(limit=1000)
    AccountShare.objects.update(level=AccountShare.Level.ANALYST)
    shared = bob.accounts.order_by("pk").first()
    make_transaction(account=shared, amount="9", txn_date=date(2026, 10, 3))
    for budget in alice.budgets.order_by("pk"):
        Budget.objects.filter(pk=budget.pk).update(currency=["USD", "EUR"][budget.pk // 2 % 2])
        budget.pk, budget.user = None, bob
        budget.category = Category.objects.filter(user=None, kind="expense")[budget.category_id % 9]
        budget.save()
    his = bob.budgets.order_by("pk").last()
    bill = alice.bills.filter(paid_at=None).order_by("pk").first()
    alice.bills.exclude(pk=bill.pk).update(currency="CHF")
    client = client_for(alice)
    client.get("/alerts/bell/")
    for address in (
        "/budgets/?include_shared=1",
        f"/budgets/{his.pk}/",
        "/api/budgets",
        "/api/budgets/month/2026/11?include_shared=1",
        f"/api/budgets/{his.pk}/progress",
        "/bills/",
        f"/bills/{bill.pk}/",
        f"/bills/{bill.pk}/pay/",
        f"/api/bills/{bill.pk}",
    ):
        with subtests.test(address):
            queries = queries_of(client, address)
            assert len(queries) <= 10, "\n".join(queries)


@pytest.mark.slow
def test_bulk_delete_and_restore_run_a_constant_number_of_queries(alice, checking):
    def queries_for(count):
        for day in range(count):
            make_transaction(
                account=checking, amount="-1.00", txn_date=date(2026, 3, 1 + day), origin="import"
            )
        rows = Transaction.objects.filter(account=checking)
        with CaptureQueriesContext(connection) as captured:
            delete_transactions(actor=alice, rows=rows)
            restore_transactions(actor=alice, rows=rows)
        return len(captured)

    assert queries_for(2) == queries_for(20)
    checking.refresh_from_db()
    assert checking.balance == Decimal(978)
