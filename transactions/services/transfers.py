"""Transfers between two accounts of one person, as one outflow and one inflow.

Both transactions of a confirmed transfer have a category of kind `transfer`, which excludes them
from income and spending. Their previous categories are stored and restored on rejection.
"""

from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.db import transaction as db_transaction
from django.db.models import F, Q, QuerySet

from accounts.exchange import RateMissing, convert
from accounts.models import Account
from accounts.services import lock_accounts
from banking.kernel.commands import command
from banking.kernel.money import exact_amount, round_to_minor_unit
from banking.kernel.written_once import WrittenOnce
from transactions.models import Category, Transaction, Transfer
from transactions.services.posting import book, post_together
from transactions.services.posting_checks import typed_date
from transactions.services.review_questions import ask_about_entry
from transactions.services.transfer_search import WINDOW, Side, likely_pairs
from transactions.services.transfer_sides import give_categories
from users.audit import trail
from users.models import User
from users.timezones import today_in

# The maximum number of suggestions from one search; beyond that the owner should review first.
MOST_SUGGESTIONS = 500


@command
def transfer_funds(
    *,
    actor: User,
    source: Account,
    target: Account,
    amount: Decimal,
    on: date,
    target_amount: Decimal | None = None,
    description: str = "",
    today: date | None = None,
) -> Transfer:
    """Transfer `amount` (source's currency) to another account of the same owner.

    With a date after `today` (the owner's; default: now) both sides are planned. Between two
    currencies `target_amount` is the amount received; the default is the day's rate. Raises
    ValidationError, for example if the source lacks the money.
    """
    _refuse_impossible(source, target, amount)
    today = today or today_in(source.user.timezone)
    typed_date(on, today=today, name="on")
    accounts = lock_accounts([source.pk, target.pk])
    source, target = accounts[source.pk], accounts[target.pk]
    arriving = _arriving(source, target, amount, target_amount, on)
    outflow = _side(source, -amount, description or f"Transfer to {target.name}", on)
    inflow = _side(target, arriving, description or f"Transfer from {source.name}", on)
    outflow.category = inflow.category = transfer_category()
    created = post_together(accounts, [outflow, inflow], today=today)
    transfer = Transfer.objects.create(
        user_id=source.user_id,
        outflow_transaction=outflow,
        inflow_transaction=inflow,
        status=Transfer.Status.CONFIRMED,
    )
    ask_about_entry(outflow)
    ask_about_entry(inflow)
    moved = {
        "amount": amount,
        "currency": source.currency,
        "arriving": arriving,
        "arriving_currency": target.currency,
    }
    created.append(trail.Happened("transactions.transfer.created", transfer, moved))
    trail.record_together(actor=actor, owner_id=transfer.user_id, happened=created)
    return transfer


def _side(account: Account, signed_amount: Decimal, description: str, on: date) -> Transaction:
    return Transaction(
        user_id=account.user_id,
        account=account,
        description=description.strip(),
        category_source=Transaction.CategorySource.MANUAL,
        signed_amount=signed_amount,
        currency=account.currency,
        txn_date=on,
        origin=Transaction.Origin.TRANSFER,
    )


def _refuse_impossible(source: Account, target: Account, amount: Decimal) -> None:
    if source.pk == target.pk:
        raise ValidationError({"target": "Choose two different accounts."})
    if source.user_id != target.user_id:
        raise ValidationError({"target": "Choose one of your own accounts."})
    if amount <= 0:
        raise ValidationError({"amount": "Enter an amount above zero."})


def transfer_category() -> Category:
    """The predefined category for transfers."""
    (category,) = _PREDEFINED.rows("transfer")
    return category


_PREDEFINED = WrittenOnce(lambda slug: Category.objects.filter(user=None, slug=slug))


def _arriving(
    source: Account, target: Account, amount: Decimal, given: Decimal | None, on: date
) -> Decimal:
    if source.currency == target.currency:
        if given is not None and given != amount:
            raise ValidationError(
                {"target_amount": "Both accounts use the same currency, so leave this empty."}
            )
        return amount
    if given is not None:
        if given <= 0:
            raise ValidationError({"target_amount": "Enter an amount above zero."})
        return exact_amount(given, target.currency, "target_amount")
    try:
        converted = convert(amount, source.currency, target.currency, on).amount
    except RateMissing as missing:
        raise ValidationError(
            {"target_amount": f"{missing} Enter the amount arriving in {target.currency}."}
        ) from missing
    return round_to_minor_unit(converted, target.currency)


@db_transaction.atomic
def suggest_transfers(*, user: User, since: date) -> int:
    """Store pairs of transactions that look like one transfer. Returns how many are new.

    Same owner, different accounts, the same amount, at most four days apart, and not yet paired;
    closest dates first. Between two currencies, one side must be entered by hand, neither may have
    a category of income or spending, and the amounts must fit the day's rate. Rejected pairs are
    remembered and never suggested again.
    """
    known = Transfer.objects.filter(user=user)
    known.filter(status=Transfer.Status.SUGGESTED).exclude(_fits()).delete()
    return _suggest(user, _FreeSides(user, Q(txn_date__gte=since)))


def suggest_transfers_with(row: Transaction) -> int:
    """Suggest the other half of a transaction that has just begun to count, if it exists.

    Returns how many are new.
    """
    if row.origin == Transaction.Origin.TRANSFER:
        return 0
    near = Q(txn_date__range=(row.txn_date - WINDOW, row.txn_date + WINDOW))
    equal = near & Q(currency=row.currency, amount=abs(row.signed_amount))
    found = _suggest(row.user, list(_FreeSides(row.user, equal)))
    abroad = Account.objects.owned_by(row.user).exclude(currency=row.currency)
    if found or not abroad.exists():
        return found
    other = near & (Q(pk=row.pk) | ~Q(currency=row.currency))
    return _suggest(row.user, list(_FreeSides(row.user, other)))


def suggest_anew_with(row: Transaction) -> None:
    """After an edit of the amount, date or account: withdraw what was suggested with the
    transaction, and look again for it and for what it was suggested with.
    """
    about = Q(outflow_transaction=row) | Q(inflow_transaction=row)
    suggested = Transfer.objects.filter(about, status=Transfer.Status.SUGGESTED)
    pairs = suggested.values_list("outflow_transaction_id", "inflow_transaction_id")
    freed = {pk for pair in pairs for pk in pair} - {row.pk}
    suggested.delete()
    suggest_transfers_with(row)
    for other in Transaction.objects.filter(pk__in=freed).order_by("pk"):
        suggest_transfers_with(other)


def _suggest(user: User, sides: Iterable[Side]) -> int:
    rejected = set(
        Transfer.objects.filter(user=user, status=Transfer.Status.REJECTED).values_list(
            "outflow_transaction_id", "inflow_transaction_id"
        )
    )
    pairs = likely_pairs(sides, rejected)[:MOST_SUGGESTIONS]
    made = Transfer.objects.bulk_create(
        [
            Transfer(user=user, outflow_transaction_id=out, inflow_transaction_id=into)
            for out, into in pairs
        ],
        ignore_conflicts=True,
    )
    return len(made)


def _fits() -> Q:
    """Condition: a suggestion whose transactions still look like one transfer."""
    whole = Q(
        **{
            f"{side}_transaction__{name}": value
            for side in ("outflow", "inflow")
            for name, value in (
                ("deleted_at", None),
                ("account__deleted_at", None),
                ("status", Transaction.Status.POSTED),
                ("is_split", False),
            )
        }
    )
    opposite = Q(outflow_transaction__amount=F("inflow_transaction__amount"))
    opposite |= ~Q(outflow_transaction__currency=F("inflow_transaction__currency"))
    signs = Q(outflow_transaction__signed_amount__lt=0, inflow_transaction__signed_amount__gt=0)
    apart = ~Q(outflow_transaction__account=F("inflow_transaction__account"))
    return whole & opposite & signs & apart


def open_suggestions(user: User) -> QuerySet[Transfer]:
    """Pairs to confirm or reject with both transactions, latest first."""
    found = Transfer.objects.visible_to(user).filter(status=Transfer.Status.SUGGESTED)
    return found.filter(_fits())


def with_sides(transfers: QuerySet[Transfer]) -> QuerySet[Transfer]:
    """Load both transactions with their accounts and categories."""
    return transfers.select_related(
        *("outflow_transaction__account", "outflow_transaction__category"),
        *("inflow_transaction__account", "inflow_transaction__category"),
    )


class _FreeSides:
    """Unpaired transactions by day, read anew each time, so that they are never all in memory."""

    def __init__(self, user: User, among: Q) -> None:
        taken = Q(transfers_out__status__in=["suggested", "confirmed"]) | Q(
            transfers_in__status__in=["suggested", "confirmed"]
        )
        self.rows = (
            Transaction.objects.live()
            .posted()
            .filter(among, user=user, is_split=False)
            .exclude(origin=Transaction.Origin.TRANSFER)
            .exclude(pk__in=Transaction.objects.filter(taken, user=user).values("pk"))
            .order_by("txn_date")
            .values_list(
                *("pk", "account_id", "signed_amount", "txn_date", "currency"),
                *("origin", "category__kind"),
            )
        )

    def __iter__(self) -> Iterator[Side]:
        for pk, account_id, signed, on, currency, origin, kind in self.rows.iterator(5000):
            is_typed = origin == Transaction.Origin.MANUAL
            has_purpose = kind not in (None, Category.Kind.TRANSFER)
            yield Side(pk, account_id, signed, on, currency, is_typed, has_purpose)


@command
def confirm_transfer(*, actor: User, transfer: Transfer) -> Transfer:
    """Confirm a pair: neither transaction counts as income or spending any more. Safe to repeat."""
    locked, rows, accounts = _locked_pair(transfer)
    if locked.status == Transfer.Status.CONFIRMED:
        return locked
    outflow, inflow = rows
    if outflow.deleted_at or inflow.deleted_at:
        raise ValidationError("One side of this transfer is in the trash. Restore it first.")
    if outflow.is_split or inflow.is_split:
        raise ValidationError("One side of this transfer is split. Undo the split first.")
    if Transaction.Status.PLANNED in (outflow.status, inflow.status):
        raise ValidationError("One side of this transfer is planned. Confirm it after its day.")
    _refuse_taken(locked)
    locked.outflow_category_before, locked.outflow_source_before = (
        outflow.category,
        outflow.category_source,
    )
    locked.inflow_category_before, locked.inflow_source_before = (
        inflow.category,
        inflow.category_source,
    )
    category, manual = transfer_category(), Transaction.CategorySource.MANUAL
    wanted: list[tuple[Transaction, Category | None, str]] = [
        (outflow, category, manual),
        (inflow, category, manual),
    ]
    book(accounts, give_categories(actor, wanted))
    locked.status = Transfer.Status.CONFIRMED
    locked.save()
    trail.record(actor=actor, action="transactions.transfer.confirmed", target=locked)
    return locked


@command
def reject_transfer(*, actor: User, transfer: Transfer) -> Transfer:
    """Reject a pair. If it was confirmed, both transactions get their previous categories back."""
    locked, (outflow, inflow), accounts = _locked_pair(transfer)
    if locked.status == Transfer.Status.REJECTED:
        return locked
    if Transaction.Origin.TRANSFER in (outflow.origin, inflow.origin):
        raise ValidationError("This transfer was made here. Delete it instead.")
    if locked.status == Transfer.Status.CONFIRMED:
        wanted = [
            (outflow, locked.outflow_category_before, locked.outflow_source_before),
            (inflow, locked.inflow_category_before, locked.inflow_source_before),
        ]
        book(accounts, give_categories(actor, wanted))
    locked.status = Transfer.Status.REJECTED
    locked.save(update_fields=["status", "updated_at"])
    trail.record(actor=actor, action="transactions.transfer.rejected", target=locked)
    return locked


def _locked_pair(
    transfer: Transfer,
) -> tuple[Transfer, tuple[Transaction, Transaction], dict[int, Account]]:
    """Lock accounts, then the pair, then its rows: the same order as in posting."""
    pair = Transfer.objects.select_related("outflow_transaction", "inflow_transaction").get(
        pk=transfer.pk
    )
    accounts = lock_accounts(
        [pair.outflow_transaction.account_id, pair.inflow_transaction.account_id]
    )
    locked = Transfer.objects.select_for_update(of=("self",)).get(pk=transfer.pk)
    ids = [locked.outflow_transaction_id, locked.inflow_transaction_id]
    rows = {
        row.pk: row
        for row in Transaction.objects.select_for_update(of=("self",))
        .select_related("category")
        .filter(pk__in=ids)
        .order_by("pk")
    }
    if any(row.account_id not in accounts for row in rows.values()):
        raise ValidationError("One side was just moved. Reload and try again.")
    return locked, (rows[ids[0]], rows[ids[1]]), accounts


def _refuse_taken(transfer: Transfer) -> None:
    ids = [transfer.outflow_transaction_id, transfer.inflow_transaction_id]
    taken = Transfer.objects.filter(
        Q(outflow_transaction_id__in=ids) | Q(inflow_transaction_id__in=ids),
        status=Transfer.Status.CONFIRMED,
    )
    if taken.exists():
        raise ValidationError("One side already belongs to another transfer.")
