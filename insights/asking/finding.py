"""What somebody may mean by a few words: an answer, something to do, or something to open."""

import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any
from urllib.parse import urlencode

from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import Account
from banking.kernel.formats import date_format
from banking.kernel.money import format_money, plain_amount
from banking.kernel.typed_amounts import read_amount
from bills.models import Bill
from insights.asking.answers import Answer, Refusal, answer
from transactions.merchant_names import merchants_named, plain
from transactions.models import Category
from users.models import User
from users.policy import Ability, may

LONGEST = 200
MOST_OF_A_KIND = 5
_ADD = re.compile(
    r"^(?:add|new|enter)\s+(?:an?\s+)?(?:(?P<kind>expense|income)\s+)?(?P<rest>.*)$", re.I
)
_PAY = re.compile(r"^pay\s+(?P<bill>.+)$", re.I)


@dataclass(frozen=True, slots=True)
class Found:
    """One result: its name, a note beside it, its group, and where it leads ("" nowhere)."""

    label: str
    note: str
    group: str
    url: str

    @property
    def is_answer(self) -> bool:
        """Whether this is a figure, not a refusal or a place."""
        return self.group == _("Answer") and bool(self.url)


def find(request: HttpRequest, text: str, *, today: date) -> list[Found]:
    """At most a few results of each kind, the answer to a question first.

    Everything is of the person asking: their own, or shared with them.
    """
    text = " ".join(text.split())[:LONGEST]
    if not text:
        return []
    user: Any = request.user
    results = [*_answered(request, text, today), *_to_do(user, text)]
    words = plain(text)
    return [*results, *_accounts(user, words), *_categories(user, words), *_merchants(user, words)]


def as_json(results: list[Found]) -> list[dict[str, str]]:
    return [asdict(result) for result in results]


def _answered(request: HttpRequest, text: str, today: date) -> Iterator[Found]:
    said = answer(request, text, today=today)
    if isinstance(said, Answer):
        yield Found(said.text, said.note, _("Answer"), said.url)
    elif isinstance(said, Refusal):
        yield Found(said.text, "", _("Answer"), "")


def _to_do(user: User, text: str) -> Iterator[Found]:
    if (entry := _ADD.match(text)) and may(user, Ability.CREATE_TRANSACTIONS):
        yield _new_entry(user, entry["kind"] or "expense", entry["rest"])
    if (paying := _PAY.match(text)) and may(user, Ability.CHANGE_OWN_DATA):
        yield from _bills_to_pay(user, plain(paying["bill"]))


def _new_entry(user: User, kind: str, rest: str) -> Found:
    """ "12.50 coffee" begins an entry of that amount; nothing is saved before the form is."""
    amount, name = None, []
    for word in rest.split():
        if amount is None:
            try:
                amount = read_amount(word, locale=user.locale, currency=user.base_currency)
                continue
            except ValidationError:
                pass
        name.append(word)
    entries = {"txn_type": kind, "merchant": " ".join(name)}
    shown = ""
    if amount is not None and amount > 0:
        entries["amount"] = plain_amount(amount, user.base_currency)
        shown = format_money(amount, user.base_currency, user.locale)
    label = _("Add income") if kind == "income" else _("Add an expense")
    note = " · ".join(part for part in (shown, entries["merchant"]) if part)
    return Found(
        label,
        note,
        _("Actions"),
        f"{reverse('transactions:transaction_create')}?{urlencode(entries)}",
    )


def _bills_to_pay(user: User, words: str) -> Iterator[Found]:
    open_bills = Bill.objects.visible_to(user).open().order_by("due_date", "pk")
    named = [bill for bill in open_bills[:200] if words in plain(bill.biller_name)]
    for bill in named[:MOST_OF_A_KIND]:
        amount = format_money(bill.amount_due, bill.currency, user.locale)
        yield Found(
            _("Pay %s") % bill.biller_name,
            _("%(amount)s, due %(on)s") % {"amount": amount, "on": date_format(bill.due_date)},
            _("Actions"),
            reverse("bills:bill_pay", args=[bill.pk]),
        )


def _accounts(user: User, words: str) -> Iterator[Found]:
    named = [
        account for account in Account.objects.visible_to(user) if words in plain(str(account))
    ]
    for account in named[:MOST_OF_A_KIND]:
        balance = format_money(account.balance, account.currency, user.locale)
        yield Found(
            account.name,
            balance,
            _("Accounts"),
            reverse("accounts:account_detail", args=[account.pk]),
        )


def _categories(user: User, words: str) -> Iterator[Found]:
    named = [
        category for category in Category.objects.of_owner(user.pk) if words in plain(category.name)
    ]
    for category in named[:MOST_OF_A_KIND]:
        yield Found(category.name, "", _("Categories"), _listed(category=category.slug))


def _merchants(user: User, words: str) -> Iterator[Found]:
    for name in merchants_named(user, words)[:MOST_OF_A_KIND]:
        yield Found(name, "", _("Merchants"), _listed(merchant_is=name))


def _listed(**filters: str) -> str:
    return f"{reverse('transactions:transaction_list')}?{urlencode(filters)}"
