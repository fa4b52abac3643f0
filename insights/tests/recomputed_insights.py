"""Recompute the insights in plain Python over every raw row, sharing no code with the product."""

import calendar
from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from unicodedata import combining, normalize

from accounts.models import Account, AccountShare
from insights.tests.recomputation import rate_on
from transactions.models import Transaction

LIQUID = ("checking", "savings", "cash")


def same_name(merchant: str) -> str:
    """Equal for names that differ only in case or accents: they are one merchant."""
    return "".join(sign for sign in normalize("NFD", merchant.casefold()) if not combining(sign))


@dataclass
class Part:
    """One category's part of a transaction; `worth` is None if no rate is known."""

    row: int
    on: date
    merchant: str
    top: str | None
    kind: str | None
    amount: Decimal
    worth: Decimal | None


class Raw:
    """All accounts and counted rows of one person, as stored."""

    def __init__(self, user, base: str, with_shared: bool = False) -> None:
        self.base, self.rates = base, {}
        mine = Account.objects.filter(user=user, deleted_at=None)
        self.accounts = list(mine)
        if with_shared:
            self.accounts += [
                share.account
                for share in AccountShare.objects.filter(member=user).select_related("account")
                if share.status == "accepted"
                and share.level == "analyst"
                and share.account.deleted_at is None
            ]
        self.rows = [
            row
            for row in Transaction.objects.select_related(
                "account", "category__parent"
            ).prefetch_related("splits__category__parent")
            if row.account in self.accounts and row.deleted_at is None and row.status == "posted"
        ]
        self.parts = [part for row in self.rows for part in self._parts(row)]

    def rate(self, currency: str, on: date) -> Decimal | None:
        if (currency, on) not in self.rates:
            self.rates[currency, on] = rate_on(currency, self.base, on)
        return self.rates[currency, on]

    def _parts(self, row):
        rate = self.rate(row.account.currency, row.txn_date)
        for piece in row.splits.all() if row.is_split else [row]:
            category = piece.category
            if category is not None and category.kind == "transfer":
                continue
            yield Part(
                row=row.pk,
                on=row.txn_date,
                merchant=row.merchant,
                top=category and (category.parent or category).slug,
                kind=category and category.kind,
                amount=piece.signed_amount,
                worth=None if rate is None else piece.signed_amount * rate,
            )

    def between(self, start: date, last: date) -> list[Part]:
        return [part for part in self.parts if start <= part.on <= last]

    def flow(self, start: date, last: date) -> tuple[Decimal, Decimal, int]:
        """Income, expenses, and how many parts had no rate."""
        parts = self.between(start, last)
        known = [part.worth for part in parts if part.worth is not None]
        spent = [part.worth for part in parts if part.worth is not None and is_spending(part)]
        expenses = -sum(spent, Decimal(0))
        return sum(known, Decimal(0)) + expenses, expenses, len(parts) - len(known)

    def spent_by(self, name: str, start: date, last: date) -> dict:
        """{category or merchant: outflows minus refunds}, where there is either."""
        found: dict = defaultdict(Decimal)
        for part in self.between(start, last):
            if part.worth is not None and is_spending(part):
                key = same_name(part.merchant) if name == "merchant" else part.top
                found[key] -= part.worth
        return dict(found)

    def purchases(self, start: date, last: date) -> dict[str, int]:
        rows: dict[str, set[int]] = defaultdict(set)
        for part in self.between(start, last):
            if part.worth is not None and part.worth < 0:
                rows[same_name(part.merchant)].add(part.row)
        return {merchant: len(ids) for merchant, ids in rows.items()}

    def months_back(self, on: date, count: int) -> list[tuple[date, date]]:
        """The last full months before `on`'s, starting with the first that has activity."""
        months, end = [], on.replace(day=1)
        for _ in range(count):
            last = end - timedelta(days=1)
            end = last.replace(day=1)
            months.insert(0, (end, last))
        first = min((part.on for part in self.parts), default=None)
        return [month for month in months if first is not None and month[1] >= first]

    def burn(self, on: date, count: int) -> tuple[Decimal, Decimal, int] | None:
        """Income, expenses and number of months of a window."""
        months = self.months_back(on, count)
        if not months:
            return None
        income, expenses, _ = self.flow(months[0][0], months[-1][1])
        return income, expenses, len(months)

    def liquid(self, on: date) -> Decimal:
        total = Decimal(0)
        for account in self.accounts:
            rate = self.rate(account.currency, on)
            if account.account_type in LIQUID and account.is_active and rate is not None:
                total += self.balance(account, None) * rate
        return total

    def balance(self, account, evening: date | None) -> Decimal:
        moved = [
            row.signed_amount
            for row in self.rows
            if row.account_id == account.pk and (evening is None or row.txn_date <= evening)
        ]
        return account.opening_balance + sum(moved, Decimal(0))

    def worth(self, evening: date, today: date) -> tuple[Decimal, Decimal, int]:
        """Assets, debts and how many accounts had no rate, on the last evening of a month."""
        assets = liabilities = Decimal(0)
        left_out = 0
        for account in self.accounts:
            dates = [row.txn_date for row in self.rows if row.account_id == account.pk]
            dates += [account.created_at.date()] if account.is_active or not dates else []
            if evening != today and min(dates).strftime("%Y-%m") > evening.strftime("%Y-%m"):
                continue
            if not account.is_active and (evening == today or over(account, evening, dates)):
                continue
            rate = self.rate(account.currency, evening)
            if rate is None:
                left_out += 1
                continue
            amount = self.balance(account, None if evening == today else evening) * rate
            assets, liabilities = assets + max(amount, 0), liabilities + max(-amount, 0)
        return assets, liabilities, left_out


def is_spending(part: Part) -> bool:
    """Whether it is an outflow, or an inflow in an expense category."""
    return part.amount < 0 or part.kind == "expense"


def end_of(month: date) -> date:
    return month.replace(day=calendar.monthrange(month.year, month.month)[1])


def over(account, evening: date, dates: list[date]) -> bool:
    """Whether an archived account had ended by that evening, as far as is known."""
    if account.archived_at:
        return account.archived_at.date() <= evening
    return f"{max(dates):%Y-%m}" < f"{evening:%Y-%m}"
