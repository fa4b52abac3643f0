"""What is safe to spend until payday: the money at hand, minus what is planned and billed before.

At hand are checking and cash accounts, minus credit card debt: what was bought by card is spent.
Savings are put aside. Subtracted are open bills that are due, pending and planned transactions, and
recurring payments without a bill, each once: the forecast's own matching decides what is the same
payment. Income before payday does not count, so the figure errs on the safe side.
"""

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal

from django.db.models import BigIntegerField
from django.db.models.functions import Cast

from accounts.honesty import NotConverted
from accounts.models import Account
from banking.kernel.money import Units, from_units
from banking.kernel.periods import Period
from banking.kernel.written_once import Asked, WrittenOnce
from insights.forecast.expected_events import Event, expected_events, known_lines
from insights.forecast.forecast_ledger import Ledger
from insights.recurring.entries import Ahead, Entry, merchant_key, shown_name
from insights.recurring.recurring import Recurring, recurring_among
from transactions.known_categories import known_categories
from transactions.models import Category, Transaction

SPENDABLE = (Account.Type.CHECKING, Account.Type.CASH, Account.Type.CREDIT_CARD)
# If payday is further away than this, the end of the month is used instead.
LONGEST_WAIT_DAYS = 45
CARD_PAYMENT = "card-payment"
_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class AtHand:
    """One spendable account and its balance in the figure's currency; card debt is negative."""

    account: Account
    amount: Decimal
    is_converted: bool


@dataclass(frozen=True, slots=True)
class Deduction:
    """One payment before payday; `amount` is positive, in the figure's currency.

    `kind` is bill, pending, planned or recurring. `covered` is the part of a card payment that the
    card's debt already took off.
    """

    kind: str
    on: date
    name: str
    amount: Decimal
    event: Event
    covered: Decimal = _ZERO


@dataclass(frozen=True, slots=True)
class SafeToSpend:
    """`amount` = Σ `at_hand` − Σ `deductions`; negative if the money does not reach `until`.

    `until` is the next payday, or the last day of the month if none is known.
    """

    on: date
    currency: str
    until: date
    pay_day: Event | None
    at_hand: tuple[AtHand, ...]
    deductions: tuple[Deduction, ...]
    not_converted: tuple[NotConverted, ...]

    @property
    def in_accounts(self) -> Decimal:
        return sum((part.amount for part in self.at_hand), _ZERO)

    @property
    def deducted(self) -> Decimal:
        return sum((part.amount for part in self.deductions), _ZERO)

    @property
    def amount(self) -> Decimal:
        return self.in_accounts - self.deducted

    @property
    def days(self) -> int:
        """The number of days it must last: from today to the day before payday, at least one."""
        last = self.until if self.pay_day is None else self.until - timedelta(days=1)
        return max((last - self.on).days + 1, 1)

    @property
    def per_day(self) -> Decimal:
        return max(self.amount, _ZERO) / self.days

    @property
    def is_short(self) -> bool:
        return self.amount < 0

    @property
    def not_converted_count(self) -> int:
        return sum(line.count for line in self.not_converted)

    def of_kind(self, kind: str) -> list[Deduction]:
        return [part for part in self.deductions if part.kind == kind]


@dataclass(frozen=True, slots=True)
class Outlook:
    """What comes on the spendable accounts: events by day, and the recurring payments found.

    `pending_ids` are the events' transactions that the bank has announced and not booked.
    """

    safe: SafeToSpend
    events: tuple[Event, ...]
    found: tuple[Recurring, ...]
    pending_ids: frozenset[int]


def outlook_of(ledger: Ledger) -> Outlook | None:
    """What is safe to spend as of the ledger's day; None without a spendable account."""
    on = ledger.on
    spendable = [account for account in ledger.accounts if account.account_type in SPENDABLE]
    if not spendable:
        return None
    rates = {account.pk: ledger.rate(account, on) for account in spendable}
    accounts = [account for account in spendable if rates[account.pk] is not None]
    pending = pending_lines(accounts, on)
    pending_ids = frozenset(planned.entry.pk for planned in pending)
    ledger = replace(ledger, ahead=(*ledger.ahead, *pending))
    known = known_lines(ledger, accounts, on)
    found = recurring_among(known.outward, accounts, on, ledger.dismissed)
    until = on + timedelta(days=LONGEST_WAIT_DAYS)
    events, unknown = expected_events(ledger, accounts, known, found, on, until)
    at_hand = [_at_hand(ledger, account) for account in accounts]
    pay_day = next((event for event in events if event.is_pay_day), None)
    last = pay_day.on if pay_day else Period.month_of(on).end
    due = [
        event
        for event in events
        if event.amount < 0
        and (event.on < last or event.transaction_id in pending_ids or _is_due(event, ledger))
    ]
    left_out = [
        NotConverted(account.pk, account.name, account.currency, 1, on, on)
        for account in spendable
        if rates[account.pk] is None
    ]
    left_out += [
        NotConverted(
            bill.account_id or 0, bill.name, bill.currency, 1, bill.due_date, bill.due_date
        )
        for bill in unknown
        if bill.due_date < last
    ]
    safe = SafeToSpend(
        on=on,
        currency=ledger.currency,
        until=last if pay_day else last - timedelta(days=1),
        pay_day=pay_day,
        at_hand=tuple(at_hand),
        deductions=_deductions(due, pending_ids, at_hand, ledger),
        not_converted=tuple(left_out),
    )
    return Outlook(safe, tuple(events), tuple(found), pending_ids)


def _at_hand(ledger: Ledger, account: Account) -> AtHand:
    amount = from_units(ledger.balance_on(account, ledger.on.toordinal()))
    converted = ledger.rates.convert(amount, account.currency, ledger.on)
    worth = amount if converted is None else converted.amount
    return AtHand(account, worth, account.currency != ledger.currency)


def _is_due(event: Event, ledger: Ledger) -> bool:
    """Whether it should have been paid by today; the forecast expects it tomorrow."""
    if event.due is not None:
        return event.due <= ledger.on
    dues = [bill.due_date for bill in ledger.bills if bill.pk == event.bill_id]
    tomorrow = ledger.on + timedelta(days=1)
    return any(due <= ledger.on for due in dues) and event.on == tomorrow


def _deductions(
    events: Iterable[Event],
    pending: AbstractSet[int],
    at_hand: Sequence[AtHand],
    ledger: Ledger,
) -> tuple[Deduction, ...]:
    """The events as deductions.

    A payment to one of the person's own cards lowers a debt that is already subtracted:
    only what exceeds the debt counts.
    """
    cards = [held for held in at_hand if held.account.account_type == Account.Type.CREDIT_CARD]
    debt = sum((max(-card.amount, _ZERO) for card in cards), _ZERO)
    to_cards = _payments_to_cards(events := list(events), ledger) if debt else set()
    parts = []
    for event in events:
        covered = min(-event.amount, debt) if id(event) in to_cards else _ZERO
        debt -= covered
        if -event.amount > covered:
            amount = -event.amount - covered
            kind = _kind(event, pending)
            parts.append(Deduction(kind, event.on, event.name, amount, event, covered))
    return tuple(parts)


def _payments_to_cards(events: Iterable[Event], ledger: Ledger) -> set[int]:
    """The identities of the events categorized as credit card payments."""
    card_ids = _card_payment_ids()
    of_bill = {bill.pk: bill.category_id for bill in ledger.bills}
    of_line = {planned.entry.pk: planned.entry.category_id for planned in ledger.ahead}
    found = set()
    for event in events:
        if event.bill_id is not None:
            category = of_bill.get(event.bill_id)
        elif event.transaction_id is not None:
            category = of_line.get(event.transaction_id)
        else:
            category = event.recurring.category_id if event.recurring else None
        if category in card_ids:
            found.add(id(event))
    return found


def _card_payment_ids() -> set[int]:
    known = known_categories(())
    if known is not None:
        return {pk for pk, category in known.items() if category.slug == CARD_PAYMENT}
    card = Category.objects.filter(user=None, slug=CARD_PAYMENT)
    return set(card.values_list("pk", flat=True))


def _kind(event: Event, pending: AbstractSet[int]) -> str:
    if event.bill_id is not None:
        return "bill"
    if event.transaction_id is not None:
        return "pending" if event.transaction_id in pending else "planned"
    return "recurring"


_PENDING = WrittenOnce(
    lambda account_ids, after: (
        Transaction.objects.filter(
            account_id__in=account_ids,
            deleted_at=None,
            status=Transaction.Status.PENDING,
            txn_date__gt=after,
        )
        .order_by("txn_date", "id")
        .annotate(raw=Cast("signed_amount", BigIntegerField()))
        .values_list(
            *("id", "account_id", "txn_date", "raw", "merchant", "description", "category_id"),
            "category__kind",
        )
    )
)


def asking_pending(accounts: Iterable[Account], on: date) -> Asked:
    """What `pending_lines` reads."""
    return _PENDING.asking(
        {account.pk for account in accounts}, on - timedelta(days=LONGEST_WAIT_DAYS)
    )


def pending_lines(accounts: Sequence[Account], on: date) -> list[Ahead]:
    """Lines the bank has announced and not booked: in no balance yet, expected tomorrow."""
    today = on.toordinal()
    found = []
    asked = asking_pending(accounts, on)
    for pk, account_id, day, raw, merchant, text, category_id, kind in asked.rows():
        name = shown_name(merchant, "" if merchant else text)
        entry = Entry(
            pk,
            account_id,
            max(day.toordinal(), today + 1),
            Units(raw),
            merchant_key(name),
            name,
            category_id,
            kind == Category.Kind.TRANSFER,
        )
        found.append(Ahead(entry, today, False))
    return found
