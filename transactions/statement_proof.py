"""Compare an account with its imported bank statements: balances and gaps.

A confirmed import is a statement for the days it states, or else those of its lines. It proves the
ledger if its closing balance equals the ledger's at the end of that balance's day. It follows on
from the previous statement if its opening balance equals that one's closing balance. Amounts are in
the account's currency. Read it inside `read_snapshot()`.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal

from django.db.models import Q, QuerySet, Sum

from accounts.models import Account
from banking.kernel.narrowing import sure
from transactions.models import ImportBatch, ImportRow, Transaction
from transactions.running_balance import balance_before

MOST_EXPLANATIONS = 5
ONE_DAY = timedelta(days=1)
_DEBTS = (Account.Type.CREDIT_CARD, Account.Type.LOAN)
Verdict = ImportRow.Verdict


@dataclass(frozen=True, slots=True)
class Explanation:
    """A transaction that explains the whole difference by itself, and why."""

    on: date
    description: str
    amount: Decimal
    reason: str
    transaction_id: int | None = None
    row_id: int | None = None


@dataclass(frozen=True, slots=True)
class Proof:
    """One statement compared with the ledger.

    `difference` is the file's closing balance minus the ledger's at the end of `closing_on`, or
    None if the file has none. `follows_on` compares the opening balance with the previous closing
    balance, or None if either is missing. `gap` is the days between the two that no statement
    covers.
    """

    batch: ImportBatch
    first: date
    last: date
    closing_on: date
    opening: Decimal | None
    closing: Decimal | None
    ledger_closing: Decimal
    difference: Decimal | None
    follows_on: bool | None
    gap: tuple[date, date] | None
    explanations: tuple[Explanation, ...] = ()

    @property
    def is_proved(self) -> bool:
        return self.difference == 0


def statements_of(account: Account) -> QuerySet[ImportBatch]:
    """The account's confirmed imports with dates, latest first."""
    confirmed = ImportBatch.objects.filter(account=account, status=ImportBatch.Status.DONE)
    return confirmed.exclude(covers_to=None).order_by("-covers_to", "-pk")


def prove_page(account: Account, page: Sequence[ImportBatch]) -> list[Proof]:
    """Compare each of these consecutive statements (latest first) with the ledger and the previous
    one.
    """
    if not page:
        return []
    oldest = page[-1]
    earlier = Q(covers_to__lt=oldest.covers_to) | Q(covers_to=oldest.covers_to, pk__lt=oldest.pk)
    before = list(statements_of(account).filter(earlier)[:1])
    proofs = _prove(account, [*before, *reversed(page)])
    return proofs[len(before) :][::-1]


def _prove(account: Account, batches: Sequence[ImportBatch]) -> list[Proof]:
    """Like `prove_page`, in chronological order and without the statement before the first."""
    balances = _balances_on(account, {_closing_day(batch) for batch in batches})
    proofs = []
    before: ImportBatch | None = None
    covered_to: date | None = None
    for batch in batches:
        first, last = sure(batch.covers_from), sure(batch.covers_to)
        if before is not None and _starts_where(before, batch):
            first = min(first + ONE_DAY, last)
        held = balances[_closing_day(batch)]
        closing = _as_in_the_ledger(account, batch.file_closing_balance, held)
        proofs.append(
            Proof(
                batch=batch,
                first=first,
                last=last,
                closing_on=_closing_day(batch),
                opening=batch.file_opening_balance,
                closing=closing,
                ledger_closing=held,
                difference=None if closing is None else closing - held,
                follows_on=_follows_on(before, batch),
                gap=_gap(covered_to, first),
            )
        )
        before = batch
        covered_to = max(covered_to or last, last)
    return _explained(account, proofs)


def _as_in_the_ledger(account: Account, closing: Decimal | None, held: Decimal) -> Decimal | None:
    """The stated balance of a card or a loan may say what is owed, without a minus. It does if
    that is nearer to what the ledger holds.
    """
    if closing is None or closing <= 0 or account.account_type not in _DEBTS:
        return closing
    return min(closing, -closing, key=lambda stated: abs(stated - held))


def _closing_day(batch: ImportBatch) -> date:
    return batch.closing_on or sure(batch.covers_to)


def _starts_where(before: ImportBatch, batch: ImportBatch) -> bool:
    """Whether the file states its opening balance of the evening that the previous one closed,
    as MT940 does: that day belongs to the previous one.
    """
    return batch.states_from == batch.covers_from == before.covers_to


def _follows_on(before: ImportBatch | None, batch: ImportBatch) -> bool | None:
    """Only adjacent statements can follow on; others have a gap or overlap."""
    if before is None:
        return None
    is_after = sure(batch.covers_from) > sure(before.covers_to)
    if not (is_after or _starts_where(before, batch)):
        return None
    closing, opening = before.file_closing_balance, batch.file_opening_balance
    return None if closing is None or opening is None else closing == opening


def _gap(covered_to: date | None, first: date) -> tuple[date, date] | None:
    if covered_to is None or first <= covered_to + ONE_DAY:
        return None
    return covered_to + ONE_DAY, first - ONE_DAY


def _balances_on(account: Account, days: Iterable[date]) -> dict[date, Decimal]:
    """The ledger's balance at the end of each of the days, with three queries."""
    wanted = sorted(days)
    earliest = wanted[0]
    balance = balance_before(account, earliest + ONE_DAY)
    posted = Transaction.objects.filter(account=account, deleted_at=None).posted()
    between = posted.filter(txn_date__gt=earliest, txn_date__lte=wanted[-1]).order_by()
    sums = between.values("txn_date").annotate(net=Sum("signed_amount"))
    moves = sorted((row["txn_date"], row["net"]) for row in sums)
    found, place = {}, 0
    for day in wanted:
        while place < len(moves) and moves[place][0] <= day:
            balance += moves[place][1]
            place += 1
        found[day] = balance
    return found


# --- Possible explanations of a difference --------------------------------------------------------


def _explained(account: Account, proofs: list[Proof]) -> list[Proof]:
    off = [proof for proof in proofs if proof.difference]
    if not off:
        return proofs
    held, rows = _held_lines(account, off), _rows_left_out(off)
    return [
        _with_explanations(proof, held, rows) if proof.difference else proof for proof in proofs
    ]


def _held_lines(account: Account, off: Sequence[Proof]) -> dict[Decimal, list[Transaction]]:
    """Transactions of these days whose absence would explain one of the differences."""
    wanted = {-sure(proof.difference) for proof in off}
    lines = Transaction.objects.filter(
        account=account,
        deleted_at=None,
        signed_amount__in=list(wanted),
        txn_date__gte=min(proof.first for proof in off),
        txn_date__lte=max(proof.closing_on for proof in off),
    ).posted()
    by_amount: dict[Decimal, list[Transaction]] = defaultdict(list)
    for line in lines.order_by("txn_date", "pk"):
        by_amount[line.signed_amount].append(line)
    return by_amount


def _rows_left_out(off: Sequence[Proof]) -> dict[tuple[int, Decimal], list[ImportRow]]:
    """Lines of the files that were not added and would explain one of the differences."""
    not_added = (Verdict.REVIEW, Verdict.SKIPPED, Verdict.DUPLICATE)
    which = Q()
    for proof in off:
        which |= Q(batch=proof.batch, signed_amount=sure(proof.difference))
    by_batch: dict[tuple[int, Decimal], list[ImportRow]] = defaultdict(list)
    for row in ImportRow.objects.filter(which, verdict__in=not_added).order_by("pk"):
        by_batch[row.batch_id, sure(row.signed_amount)].append(row)
    return by_batch


_WHY_NOT_ADDED: dict[str, str] = {
    Verdict.REVIEW: "in the file, waiting for your review",
    Verdict.SKIPPED: "in the file, but left out",
    Verdict.DUPLICATE: "in the file, but taken for a line you already had",
}


def _with_explanations(
    proof: Proof,
    held: dict[Decimal, list[Transaction]],
    rows: dict[tuple[int, Decimal], list[ImportRow]],
) -> Proof:
    difference = sure(proof.difference)
    left_out = [
        Explanation(sure(row.txn_date), row.description, difference,
                    _WHY_NOT_ADDED[row.verdict], row_id=row.pk)
        for row in rows.get((proof.batch.pk, difference), ())
    ]  # fmt: skip
    extra = [
        Explanation(line.txn_date, line.title, line.signed_amount, "not in the file",
                    transaction_id=line.pk)
        for line in held.get(-difference, ())
        if proof.first <= line.txn_date <= proof.closing_on
        and line.import_batch_id != proof.batch.pk
    ]  # fmt: skip
    return replace(proof, explanations=tuple([*left_out, *extra][:MOST_EXPLANATIONS]))
