"""The figures of the overview added up from the rows alone: a page with a wrong sum has no time.

Shares nothing with the product but its tables. Needs Django to be set up.
"""

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal

LONGEST_STEP = Decimal("0.005")


def wrong_figures(user, shown: dict, on: date) -> list[str]:
    """What `/api/dashboard/overview` shows otherwise than the rows add up to on that day."""
    rates = Rates(user.base_currency)
    first = date.fromisoformat(f"{shown['monthly_trends'][0]['month']}-01")
    months = _months(user, rates, first)
    expected = {"net worth": _net_worth(user, rates, on)}
    found = {"net worth": shown["accounts"]["total_balance"]}
    for line in shown["monthly_trends"]:
        for kind in ("income", "expenses"):
            expected[f"{kind} of {line['month']}"] = months[line["month"]][kind]
            found[f"{kind} of {line['month']}"] = line[kind]
    return [
        f"{name}: {found[name]}, but the rows add up to {expected[name]:.4f}"
        for name in expected
        if abs(Decimal(found[name]) - expected[name]) > LONGEST_STEP
    ]


class Rates:
    """The rate of a day, or the latest of the seven days before it."""

    def __init__(self, base: str) -> None:
        from accounts.models import ExchangeRate

        self.base = base
        stored = ExchangeRate.objects.filter(quote=base).values_list("base", "rate_on", "rate")
        self.known = {(currency, on): Decimal(rate) for currency, on, rate in stored}

    def of(self, currency: str, on: date) -> Decimal | None:
        if currency == self.base:
            return Decimal(1)
        days = (on - timedelta(days=back) for back in range(8))
        return next(
            (self.known[currency, day] for day in days if (currency, day) in self.known), None
        )


def _net_worth(user, rates: Rates, on: date) -> Decimal:
    from django.db.models import Sum

    from transactions.models import Transaction

    worth = Decimal(0)
    for account in user.accounts.filter(deleted_at=None, is_active=True):
        rows = Transaction.objects.filter(account=account, deleted_at=None, status="posted")
        moved = rows.aggregate(moved=Sum("signed_amount"))["moved"] or 0
        rate = rates.of(account.currency, on)
        if rate is not None:
            worth += (account.opening_balance + moved) * rate
    return worth


def _months(user, rates: Rates, first: date) -> dict[str, dict[str, Decimal]]:
    months: dict[str, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for currency, on, kind, is_inflow, amount in _days(user, first):
        rate = rates.of(currency, on)
        if rate is None:
            continue
        is_income = is_inflow and kind != "expense"
        month = months[f"{on:%Y-%m}"]
        month["income" if is_income else "expenses"] += amount * rate * (1 if is_income else -1)
    return months


def _days(user, first: date) -> Iterator[tuple[str, date, str | None, bool, Decimal]]:
    """(currency, day, kind of category, whether money came in, sum) of what counts."""
    from django.db.models import Q, Sum

    from transactions.models import Transaction, TransactionSplit

    for model, to_row in ((Transaction, ""), (TransactionSplit, "transaction__")):
        rows = model.objects.order_by().filter(
            **{
                f"{to_row}account__user": user,
                f"{to_row}account__deleted_at": None,
                f"{to_row}deleted_at": None,
                f"{to_row}status": "posted",
                f"{to_row}is_split": bool(to_row),
                f"{to_row}txn_date__gte": first,
            }
        )
        counted = rows.exclude(category__kind="transfer")
        names = (f"{to_row}account__currency", f"{to_row}txn_date", "category__kind")
        for is_inflow, side in ((True, Q(signed_amount__gt=0)), (False, Q(signed_amount__lt=0))):
            sums = counted.filter(side).values_list(*names).annotate(Sum("signed_amount"))
            for currency, on, kind, amount in sums:
                yield currency, on, kind, is_inflow, amount
