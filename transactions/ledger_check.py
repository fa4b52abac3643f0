"""Verify the ledger: recompute every stored figure from the rows, in one snapshot.

Read-only, with a fixed number of queries and streamed results.
"""

from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import (
    BigIntegerField,
    Count,
    ExpressionWrapper,
    F,
    Func,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    Value,
)
from django.db.models.functions import Coalesce
from django.db.models.lookups import Exact
from django.utils import timezone

from accounts.models import Account
from banking.kernel.fields import AmountField, folded_field
from banking.kernel.money import LARGEST_AMOUNT, active_currencies, minor_unit_digits
from banking.kernel.snapshot import read_snapshot
from transactions.fingerprints import fingerprint
from transactions.ledger_report import CHUNK, Invariant, LedgerReport, Violation, counting
from transactions.models import (
    Category,
    ConvertedMonth,
    DailyTotal,
    ImportBatch,
    MerchantTotal,
    MonthlyTotal,
    Tag,
    Transaction,
    TransactionSplit,
)
from transactions.planned_check import planned_lines, transfer_legs
from transactions.references_check import references
from transactions.totals_check import (
    converted_months,
    daily_totals,
    merchant_totals,
    monthly_totals,
)

_ZERO = Value(Decimal(0), output_field=AmountField())


def check_ledger(account_id: int | None = None, at: datetime | None = None) -> LedgerReport:
    """Check all accounts, or one, as of `at` (default: now).

    Rows in the trash are checked too, but never counted.
    """
    accounts, rows = Account.objects.all(), Transaction.objects.all()
    totals, at_merchants = MonthlyTotal.objects.all(), MerchantTotal.objects.all()
    days, converted = DailyTotal.objects.all(), ConvertedMonth.objects.all()
    if account_id is not None:
        accounts = accounts.filter(pk=account_id)
        rows, totals = rows.filter(account=account_id), totals.filter(account=account_id)
        at_merchants = at_merchants.filter(account=account_id)
        days = days.filter(account=account_id)
        converted = converted.filter(account=account_id)
    with read_snapshot(takes_time=True):
        return LedgerReport(
            [
                _balances(accounts),
                daily_totals(rows, days),
                monthly_totals(rows, totals),
                merchant_totals(rows, at_merchants),
                converted_months(converted),
                _money(accounts, rows),
                _owners(rows, totals),
                _derived(rows),
                _external_ids(rows),
                _orphans(rows, totals, days),
                references(account_id),
                _splits(rows),
                planned_lines(rows, at or timezone.now()),
                transfer_legs(rows),
            ]
        )


def _balances(accounts: QuerySet) -> Invariant:
    found = Invariant("balance", "balance = opening balance + Σ posted transactions not deleted")
    posted = (
        Transaction.objects.filter(account=OuterRef("pk"), deleted_at=None)
        .posted()
        .order_by()
        .values("account")
        .annotate(total=Sum("signed_amount"))
        .values("total")
    )
    expected = ExpressionWrapper(
        F("opening_balance") + Coalesce(Subquery(posted), _ZERO), output_field=AmountField()
    )
    columns = (
        accounts.order_by("pk").annotate(expected=expected).values_list("pk", "balance", "expected")
    )
    for pk, balance, right in counting(columns, found):
        if balance != right:
            problem = "The balance doesn't match the sum of the transactions."
            found.add(Violation("accounts.account", pk, problem, pk, f"{balance:f}", f"{right:f}"))
    return found


def _splits(rows: QuerySet) -> Invariant:
    found = Invariant("splits", "a split transaction has parts that add up to it, a whole one none")
    parts = TransactionSplit.objects.filter(transaction=OuterRef("pk")).order_by()
    total = parts.values("transaction").annotate(total=Sum("signed_amount")).values("total")
    known = rows.filter(
        Q(is_split=True) | Q(pk__in=TransactionSplit.objects.values("transaction"))
    ).order_by("pk")
    columns = known.annotate(total=Subquery(total, output_field=AmountField())).values_list(
        "pk", "account_id", "is_split", "signed_amount", "total"
    )
    for pk, account, is_split, amount, total_of_parts in counting(columns, found):
        if not is_split or amount != total_of_parts:
            problem = (
                "Its parts don't add up to its amount."
                if is_split
                else "It isn't split but has parts."
            )
            stored = "" if total_of_parts is None else f"{total_of_parts:f}"
            found.add(
                Violation("transactions.transaction", pk, problem, account, stored, f"{amount:f}")
            )
    return found


def _money(accounts: QuerySet, rows: QuerySet) -> Invariant:
    found = Invariant(
        "money", "amounts are whole minor units within bounds, in the account's own currency"
    )
    too_large = Q(signed_amount__gt=LARGEST_AMOUNT) | Q(signed_amount__lt=-LARGEST_AMOUNT)
    wrong = too_large | Q(signed_amount=0) | ~Q(currency=F("account__currency"))
    wrong |= _fractions("signed_amount")
    found.checked_count = rows.count()
    for pk, account, amount, currency in (
        rows.filter(wrong)
        .order_by("pk")
        .values_list("pk", "account_id", "signed_amount", "currency")
        .iterator(chunk_size=CHUNK)
    ):
        problem = "The amount or its currency isn't valid for this account."
        found.add(
            Violation("transactions.transaction", pk, problem, account, f"{amount:f} {currency}")
        )
    bad = ~Q(currency__in=active_currencies()) | Q(overdraft_limit__lt=0)
    bad |= _fractions("opening_balance") | _fractions("balance")
    for pk, balance, currency in (
        accounts.filter(bad).order_by("pk").values_list("pk", "balance", "currency")
    ):
        problem = "The account's amounts aren't whole minor units of its currency."
        found.add(Violation("accounts.account", pk, problem, pk, f"{balance:f} {currency}"))
    return found


def _fractions(name: str) -> Q:
    """Rows whose amount has more decimals than their currency."""
    by_digits: dict[int, list[str]] = {}
    for code in active_currencies():
        by_digits.setdefault(minor_unit_digits(code), []).append(code)
    condition = Q(pk__in=[])
    for digits, codes in sorted(by_digits.items()):
        if digits < 4:
            # F(name) % n does not work: the column holds whole ten-thousandths, but its Python type
            # is Decimal.
            rest = Func(
                F(name),
                template=f"(%(expressions)s %%%% {10 ** (4 - digits)})",
                output_field=BigIntegerField(),
            )
            condition |= Q(currency__in=codes) & ~Q(Exact(rest, 0))
    return condition


def _owners(rows: QuerySet, totals: QuerySet) -> Invariant:
    found = Invariant("owners", "everything in an account belongs to the account's owner")
    for table, queryset in (
        ("transactions.transaction", rows),
        ("transactions.monthlytotal", totals),
    ):
        found.checked_count += queryset.count()
        foreign = ~Q(user=F("account__user"))
        foreign |= Q(category__user__isnull=False) & ~Q(category__user=F("account__user"))
        for pk, account in queryset.filter(foreign).order_by("pk").values_list("pk", "account_id"):
            problem = "Its user or category belongs to someone other than the account's owner."
            found.add(Violation(table, pk, problem, account))
    return found


def _derived(rows: QuerySet) -> Invariant:
    found = Invariant("derived", "fingerprint and search text match the row")
    fields = (
        "pk", "account_id", "txn_date", "signed_amount", "currency", "description", "merchant",
        "notes", "fingerprint", "search_text", "merchant_key",
    )  # fmt: skip
    texts = [folded_field(Transaction, name) for name in ("search_text", "merchant_key")]
    for row in counting(rows.order_by("pk").only(*fields), found):
        right = fingerprint(row.txn_date, row.signed_amount, row.currency, row.description)
        if row.fingerprint != right:
            found.add(_derived_violation(row, "fingerprint", row.fingerprint, right))
        for text in texts:
            if getattr(row, text.name) != text.text_of(row):
                found.add(_derived_violation(row, text.name, "", ""))
    return found


def _derived_violation(row: Transaction, name: str, stored: Any, expected: Any) -> Violation:
    problem = f"Its {name} doesn't match the row."
    table = "transactions.transaction"
    return Violation(table, row.pk, problem, row.account_id, str(stored), str(expected))


def _external_ids(rows: QuerySet) -> Invariant:
    found = Invariant("external_ids", "each bank id is on one live row of an account")
    named = rows.filter(deleted_at=None).exclude(external_id="").order_by()
    found.checked_count = named.count()
    twins = named.values("account_id", "external_id").annotate(count=Count("id"))
    for twin in twins.filter(count__gt=1).iterator(chunk_size=CHUNK):
        found.add(
            Violation(
                "transactions.transaction",
                None,
                "The bank's id is on more than one row.",
                twin["account_id"],
                str(twin["count"]),
                "1",
            )
        )
    return found


def _orphans(rows: QuerySet, totals: QuerySet, days: QuerySet) -> Invariant:
    found = Invariant(
        "orphans", "every row's account, category, import and tags exist and belong together"
    )
    lost = ~Q(account__in=Account.objects.values("pk"))
    lost_category = Q(category_id__isnull=False) & ~Q(category_id__in=Category.objects.values("pk"))
    found.checked_count = rows.count()
    for table, queryset in (
        ("transactions.transaction", rows),
        ("transactions.monthlytotal", totals),
        ("transactions.dailytotal", days),
    ):
        for pk, account in queryset.filter(lost | lost_category).values_list("pk", "account_id"):
            found.add(Violation(table, pk, "Its account or category is gone.", account))
    elsewhere = rows.filter(import_batch__isnull=False).exclude(
        import_batch__in=ImportBatch.objects.filter(account=OuterRef("account")).values("pk")
    )
    for pk, account in elsewhere.values_list("pk", "account_id"):
        problem = "Its import was into another account, or is gone."
        found.add(Violation("transactions.transaction", pk, problem, account))
    tagged = Transaction.tags.through.objects.filter(transaction__in=rows)
    mine = Tag.objects.filter(user=OuterRef("transaction__user")).values("pk")
    for pk, account in tagged.exclude(tag__in=mine).values_list(
        "transaction_id", "transaction__account_id"
    ):
        found.add(
            Violation("transactions.transaction", pk, "Its tag is another person's.", account)
        )
    return found
