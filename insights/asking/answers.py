"""Answers to questions about money: exactly the figure that the transactions list shows.

An answer is computed by the list's own filter, so its link leads to the lines it is made of.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.utils.translation import ngettext

from accounts.models import Account
from banking.kernel.formats import date_format, day_span, first_weekday
from banking.kernel.money import format_money
from banking.kernel.periods import Period
from insights.asking.grammar import Kind, Measure, Question, read_question
from transactions.filters import TransactionFilter
from transactions.merchant_names import merchants_named, plain
from transactions.models import Category, Transaction, TransactionQuerySet
from transactions.summaries import COUNTED, summarize
from users.models import User

MOST_NAMED = 5
# What figures count: nothing pending or planned, and no transfer.
COUNTED_ROWS = {"status": Transaction.Status.POSTED, "transfers": "exclude"}
EXAMPLES = (
    _lazy("groceries last month"),
    _lazy("how much did I spend this year"),
    _lazy("biggest expense in March"),
)


@dataclass(frozen=True, slots=True)
class Answer:
    """`amounts` are per currency, (amount, currency); `url` leads to the lines behind them."""

    text: str
    note: str
    url: str
    amounts: list[tuple[Decimal, str]] = field(default_factory=list)
    count: int = 0


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a question has no answer, in a sentence."""

    text: str


@dataclass(frozen=True, slots=True)
class _Subject:
    """What a question is about: its name, and the list's filter that selects it."""

    name: str
    filters: dict[str, str]
    kind: Kind = Kind.SPENDING
    account: Account | None = None


def answer(request: HttpRequest, text: str, *, today: date) -> Answer | Refusal | None:
    """Answer a question about the transactions this person can see; None if it is no question."""
    question = read_question(text, today=today, first_weekday=first_weekday())
    if question is None:
        return None
    user: Any = request.user
    subject = _subject_of(user, question.about)
    if isinstance(subject, Refusal):
        return subject
    if question.measure is Measure.BALANCE:
        return _balance(user, subject)
    kind = question.kind or subject.kind
    filters = subject.filters | _days(question.period) | COUNTED_ROWS | {"counts_as": kind}
    found = TransactionFilter(
        QueryDict(urlencode(filters)),
        queryset=Transaction.objects.visible_to(user),
        request=request,
    )
    if not found.is_valid():
        return Refusal(_("That isn't something we can look up."))
    rows = found.qs
    about = _about(subject, kind, question.period)
    if question.measure is Measure.BIGGEST:
        return _biggest(user, rows, kind, about, filters)
    return _sum(user, rows, question, kind, about, filters)


def _days(period: Period) -> dict[str, str]:
    return {"date_from": str(period.start), "date_to": str(period.last_day)}


def _list_url(filters: dict[str, str], **more: str) -> str:
    return f"{reverse('transactions:transaction_list')}?{urlencode(filters | more)}"


def _about(subject: _Subject, kind: Kind, period: Period) -> str:
    what = subject.name or (_("All income") if kind is Kind.INCOME else _("All spending"))
    if period.start == period.last_day:
        return f"{what}, {date_format(period.start)}"
    return f"{what}, {day_span(period.start, period.last_day)}"


def _sum(
    user: User,
    rows: TransactionQuerySet,
    question: Question,
    kind: Kind,
    about: str,
    filters: dict[str, str],
) -> Answer:
    totals = summarize(rows)
    count = sum(total.count for total in totals)
    words = ngettext("%(count)s transaction", "%(count)s transactions", count) % {"count": count}
    url = _list_url(filters, totals="1")
    if question.measure is Measure.COUNT:
        return Answer(words, about, url, count=count)
    sign = 1 if kind is Kind.INCOME else -1
    amounts = [(sign * total.net, total.currency) for total in totals]
    shown = amounts or [(Decimal(0), user.base_currency)]
    return Answer(_written(user, shown), f"{about} · {words}", url, amounts, count)


def _biggest(
    user: User, rows: TransactionQuerySet, kind: Kind, about: str, filters: dict[str, str]
) -> Answer | Refusal:
    first: dict[str, Transaction] = {}
    order = f"-{COUNTED}" if kind is Kind.INCOME else COUNTED
    for currency in rows.order_by().values_list("currency", flat=True).distinct():
        row = rows.filter(currency=currency).order_by(order, "-txn_date", "-id").first()
        if row is not None:
            first[currency] = row
    if not first:
        return Refusal(_("%(about)s: nothing yet.") % {"about": about})
    sign = 1 if kind is Kind.INCOME else -1
    amounts = [(sign * getattr(row, COUNTED), currency) for currency, row in first.items()]
    names = ", ".join(f"{row.title} · {date_format(row.txn_date)}" for row in first.values())
    if len(first) == 1:
        row = next(iter(first.values()))
        url = reverse("transactions:transaction_detail", args=[row.pk])
    else:
        url = _list_url(filters, ordering="-amount")
    return Answer(_written(user, amounts), f"{names} ({about})", url, amounts, len(first))


def _balance(user: User, subject: _Subject) -> Answer | Refusal:
    account = subject.account
    if account is None:
        return Refusal(_("Name the account whose balance you want."))
    amounts = [(account.balance, account.currency)]
    url = reverse("accounts:account_detail", args=[account.pk])
    return Answer(_written(user, amounts), _("Balance of %s") % account.name, url, amounts)


def _written(user: User, amounts: list[tuple[Decimal, str]]) -> str:
    return _(" and ").join(format_money(amount, unit, user.locale) for amount, unit in amounts)


# --- what the words mean -------------------------------------------------------------------------


def _subject_of(user: User, readings: Sequence[str]) -> _Subject | Refusal:
    """The category, account or merchant of that name; without a name everything."""
    if not readings:
        return _Subject("", {})
    subjects = [*_categories(user), *_accounts(user), *_merchants(user, readings[-1])]
    for about in readings:
        wanted = {about, f"{about}s", about.removesuffix("s")}
        exact = [subject for subject in subjects if plain(subject.name) in wanted]
        if exact:
            return exact[0]
    for about in readings:
        close = [subject for subject in subjects if about in plain(subject.name)]
        if len(close) == 1:
            return close[0]
        if close:
            names = ", ".join(subject.name for subject in close[:MOST_NAMED])
            return Refusal(_("Which one do you mean: %(names)s?") % {"names": names})
    name = {"name": readings[0]}
    return Refusal(_("You have no category, account or merchant called “%(name)s”.") % name)


def _categories(user: User) -> list[_Subject]:
    return [
        _Subject(
            category.name,
            {"category": category.slug},
            Kind.INCOME if category.kind == Category.Kind.INCOME else Kind.SPENDING,
        )
        for category in Category.objects.of_owner(user.pk).exclude(kind=Category.Kind.TRANSFER)
    ]


def _accounts(user: User) -> list[_Subject]:
    return [
        _Subject(account.name, {"account": str(account.pk)}, account=account)
        for account in Account.objects.visible_to(user)
    ]


def _merchants(user: User, about: str) -> list[_Subject]:
    return [_Subject(name, {"merchant_is": name}) for name in merchants_named(user, about)]
