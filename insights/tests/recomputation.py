"""Recompute the figures in plain Python over every row, sharing no code with the product."""

from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal

from accounts.models import Account, ExchangeRate
from transactions.models import Transaction


def rate_on(currency: str, base: str, on: date) -> Decimal | None:
    """The direct rate of the day or of the seven days before it."""
    if currency == base:
        return Decimal(1)
    for back in range(8):
        stored = ExchangeRate.objects.filter(
            base=currency, quote=base, rate_on=on - timedelta(days=back)
        ).first()
        if stored:
            return Decimal(stored.rate)
    return None


def recomputed_flows(user, base: str, start: date, last: date) -> dict:
    """Income, expenses, spending by category slug, and how many rows had no rate."""
    income = expenses = Decimal(0)
    left_out = 0
    by_top: dict[str | None, Decimal] = defaultdict(Decimal)
    rates: dict[tuple[str, date], Decimal | None] = {}
    for row in Transaction.objects.all().select_related("account", "category__parent"):
        category = row.category
        if (
            row.account.user_id != user.pk
            or row.account.deleted_at is not None
            or row.deleted_at is not None
            or row.status != "posted"
            or not start <= row.txn_date <= last
            or (category is not None and category.kind == "transfer")
        ):
            continue
        key = (row.account.currency, row.txn_date)
        if key not in rates:
            rates[key] = rate_on(key[0], base, key[1])
        if rates[key] is None:
            left_out += 1
            continue
        worth = row.signed_amount * rates[key]
        is_refund = worth > 0 and category is not None and category.kind == "expense"
        if worth > 0 and not is_refund:
            income += worth
        else:
            expenses -= worth
            top = category and (category.parent or category).slug
            by_top[top] -= worth
    return {
        "income": income,
        "expenses": expenses,
        "left_out": left_out,
        "by_category": dict(by_top),
    }


def recomputed_net_worth(user, base: str, on: date) -> tuple[Decimal, int]:
    """The sum of the active accounts' rows, and how many accounts had no rate."""
    total, left_out = Decimal(0), 0
    for account in Account.objects.filter(user=user, deleted_at=None, is_active=True):
        balance = account.opening_balance
        for row in Transaction.objects.filter(account=account, deleted_at=None, status="posted"):
            balance += row.signed_amount
        rate = rate_on(account.currency, base, on)
        if rate is None:
            left_out += 1
        else:
            total += balance * rate
    return total, left_out
