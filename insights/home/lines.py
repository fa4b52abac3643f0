"""The lines of the home page's cards, as HTML.

There are seventy, more than Django's template engine renders in the time of the rest of the page.
So each is one text with a few values put into it: `esc` escapes what people and banks wrote, while
addresses are our own and encoded. What a part of a line is, its place says (static/css/lists.css).
"""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from html import escape as esc
from typing import Any

from django import template
from django.utils import timezone
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from banking.kernel import formats
from banking.kernel.money import format_figure
from banking.kernel.navigation_tags import row_url
from banking.kernel.template_tags import (
    category_icon,
    delta,
    icon,
    money_html,
    progress_bar,
    sparkline,
)
from budgets.progress import BudgetProgress
from insights.figures.cash_flow import MonthFlow
from insights.figures.net_worth import AccountBalance
from insights.figures.net_worth_history import WorthPoint
from insights.figures.spending import CategorySpending
from insights.forecast.expected_events import Event
from insights.home.account_lines import AccountLine
from insights.home.safe_to_spend import AtHand, Deduction
from transactions.cells import shared_mark, status_mark
from transactions.models import Transaction
from users.models import User

register = template.Library()


def _day(on: date) -> str:
    return esc(formats.date_format(on, "j M"))


def _badge(look: str, words: str) -> str:
    return f'<span class="badge badge--{look}">{esc(words)}</span>'


# --- Accounts -------------------------------------------------------------------------------------


@register.simple_tag(takes_context=True)
def account_lines(context: dict[str, Any], rows: Iterable[tuple[AccountLine, str]]) -> SafeString:
    """{% account_lines rows %}: each account's freshness, last thirty days and balance."""
    reader, currency = context["request"].user, context["currency"]
    return mark_safe("".join(_account(line, url, reader, currency) for line, url in rows))


def _account(line: AccountLine, url: str, reader: User, currency: str) -> str:
    account = line.account
    stale = " class=account-line--stale" if line.is_stale else ""
    mark = shared_mark() if account.user_id != reader.pk else ""
    return (
        f'<li><span><a href="{url}">{esc(account.name)}</a>\n'
        f"<span{stale}>{mark}{_freshness(line)}</span></span>"
        f"{sparkline(line.balances, stepped=True)}\n"
        f"<span>{money_html(account.balance, account.currency, reader.locale)}"
        f"{_converted(line.item, currency, reader.locale)}</span>"
    )


def _freshness(line: AccountLine) -> str:
    at = line.told_at
    if at is not None:
        mark = icon("clock-alert", size=13) if line.is_stale else ""
        words = _("Synced %(on)s") if line.is_synced else _("Imported %(on)s")
        return f"{mark}{esc(words) % {'on': _day(timezone.localtime(at))}}"
    if line.last_on is None:
        return esc(_("No change in 30 days"))
    return esc(_("Last change %(on)s")) % {"on": _day(line.last_on)}


def _converted(item: AccountBalance, currency: str, locale: str) -> str:
    if not item.is_foreign:
        return ""
    if item.converted is None:
        return f"\n<span>{_badge('warning', _('not converted'))}</span>"
    return f"\n<span>≈ {money_html(item.converted.amount, currency, locale)}</span>"


# --- Budgets --------------------------------------------------------------------------------------


@register.simple_tag(takes_context=True)
def budget_lines(context: dict[str, Any], progresses: Iterable[BudgetProgress]) -> SafeString:
    """{% budget_lines progresses %}: each budget with its bar, and what is left of it."""
    locale = context["request"].user.locale
    return mark_safe("".join(_budget(progress, locale) for progress in progresses))


def _budget(progress: BudgetProgress, locale: str) -> str:
    category = progress.budget.category
    bar = progress_bar(
        progress.exact_percent,
        category.name,
        status=progress.status,
        pace=progress.pace_percent if progress.is_running else None,
        text=_("%(percent)s percent used") % {"percent": progress.percent},
    )

    def money(amount: Decimal) -> str:
        return money_html(amount, progress.currency, locale)

    spent = f"{money(progress.spent)} {esc(_('of'))} {money(progress.limit)}"
    rest = f"<span>{money(progress.remaining)} {esc(_('left'))}</span>"
    if progress.exceeded:
        over = f"{money(progress.overspent)} {esc(_('over'))}"
        rest = f"<span class=budget-glance__over>{over}</span>"
    return (
        f'<li><div><a href="{row_url("budgets:budget_detail", progress.budget.pk)}">'
        f"{category_icon(category.icon, category.color, 'of a line')}"
        f"<span>{esc(category.name)}</span></a>\n"
        f"<span>{formats.percent(progress.percent, 0)}</span></div>{bar}"
        f"<p class=budget__foot><span>{spent}</span>\n{rest}"
    )


# --- Spending and months --------------------------------------------------------------------------


@register.simple_tag(takes_context=True)
def spending_rows(
    context: dict[str, Any], categories: Iterable[tuple[CategorySpending, str]], shown: int
) -> SafeString:
    """{% spending_rows categories 8 %}: a table's rows, of which those after 8 can be expanded."""
    locale, currency = context["request"].user.locale, context["currency"]
    return mark_safe(
        "".join(
            _category(row, url, currency, locale, "" if place < shown else " class=spending__more")
            for place, (row, url) in enumerate(categories)
        )
    )


def _category(row: CategorySpending, url: str, currency: str, locale: str, look: str) -> str:
    refunded, change = "", f"<span class=badge>{esc(_('new'))}</span>"
    if row.refunds > 0:
        back = money_html(row.refunds, currency, locale)
        refunded = f"\n<span class=spending__refunds>{back} {esc(_('refunded'))}</span>"
    if row.change_percent is not None:
        change = delta(row.change_percent, good="down")
    return (
        f'<tr{look}><th scope=row><a href="{url}">{category_icon(row.icon, row.color, "of a line")}'
        f"<span>{esc(row.name)}</span></a>"
        f"<td>{money_html(row.total, currency, locale)}{refunded}"
        f'<td class="only-wide muted">{formats.percent(row.percent, 1)}<td>{change}'
    )


@register.simple_tag(takes_context=True)
def month_rows(context: dict[str, Any], trend: Iterable[tuple[MonthFlow, str, str]]) -> SafeString:
    """{% month_rows trend %}: a table's rows, each with links to what its figures add up."""
    locale, currency = context["request"].user.locale, context["currency"]
    return mark_safe("".join(_month(*one, currency, locale) for one in trend))


def _month(row: MonthFlow, income_url: str, expenses_url: str, currency: str, locale: str) -> str:
    left_out = ""
    if count := row.not_converted_count:
        left_out = f"\n{_badge('warning', _('%(count)s not converted') % {'count': count})}"
    cells = (
        f'<td><a href="{url}">{money_html(amount, currency, locale)}</a>'
        for url, amount in (
            (income_url, row.income),
            (expenses_url, row.expenses),
            (f"?month={row.month:%Y-%m}", row.net),
        )
    )
    return (
        f'<tr><th scope=row data-label="{esc(formats.date_format(row.month, "M"))}">'
        f"{esc(formats.date_format(row.month, 'F Y'))}{left_out}{''.join(cells)}"
    )


@register.simple_tag
def day_rows(rows: Iterable[tuple[str, str, str]]) -> SafeString:
    """{% day_rows pace_rows %}: a table's rows, each a day with its two amounts."""
    return mark_safe(
        "".join(
            f"<tr><th scope=row>{esc(day)}<td>{esc(spent)}<td>{esc(before)}"
            for day, spent, before in rows
        )
    )


@register.simple_tag(takes_context=True)
def worth_rows(context: dict[str, Any], points: Iterable[WorthPoint]) -> SafeString:
    """{% worth_rows worth_points %}: a table's rows, each a day with the net worth."""
    locale, currency = context["request"].user.locale, context["currency"]
    return mark_safe(
        "".join(
            f"<tr><th scope=row>{esc(formats.date_format(point.on, 'j M Y'))}"
            f"<td>{esc(format_figure(point.total, currency, locale))}"
            for point in points
        )
    )


# --- What is safe to spend ------------------------------------------------------------------------


@register.simple_tag(takes_context=True)
def held_lines(context: dict[str, Any], held: Iterable[tuple[AtHand, str]]) -> SafeString:
    """{% held_lines safe_accounts %}: each account with its balance in the card's currency."""
    locale, currency = context["request"].user.locale, context["currency"]
    return mark_safe(
        "".join(
            f'<li><a href="{url}">{esc(one.account.name)}</a>\n'
            f"<span>{'≈ ' if one.is_converted else ''}{money_html(one.amount, currency, locale)}"
            "</span>"
            for one, url in held
        )
    )


@register.simple_tag(takes_context=True)
def payment_lines(context: dict[str, Any], payments: Iterable[tuple[Deduction, str]]) -> SafeString:
    """{% payment_lines safe_parts %}: each payment until payday, with its day and kind."""
    locale, currency = context["request"].user.locale, context["currency"]
    kinds = {"bill": _("bill"), "pending": _("pending"), "planned": _("planned")}
    return mark_safe(
        "".join(
            f'<li><span><a href="{url}">{esc(one.name)}</a>\n'
            f"<span>{_day(one.on)} · {esc(kinds.get(one.kind) or _('expected'))}</span></span>\n"
            f"<span>\N{MINUS SIGN}{money_html(one.amount, currency, locale)}</span>"
            for one, url in payments
        )
    )


# --- Transactions, posted and expected ------------------------------------------------------------


@register.simple_tag(takes_context=True)
def recent_lines(context: dict[str, Any], rows: Iterable[Transaction]) -> SafeString:
    """{% recent_lines recent %}: each transaction's category and account, amount and day."""
    reader = context["request"].user
    return mark_safe("".join(_recent(row, reader) for row in rows))


def _recent(row: Transaction, reader: User) -> str:
    category = row.category
    look = (category.icon, category.color) if category else ("", "")
    name = esc(category.name if category else _("No category"))
    mark = f"{shared_mark()} " if row.user_id != reader.pk else ""
    return (
        f"<li>{category_icon(*look, 'of a line')}<span>"
        f'<a href="{row_url("transactions:transaction_detail", row.pk)}">{esc(row.title)}</a>\n'
        f"<span>{mark}{name} <span class=only-wide>· {esc(row.account.name)}</span></span></span>"
        f"<span>{money_html(row.signed_amount, row.currency, reader.locale, signed=True)}\n"
        f"<span>{status_mark(row)} {_day(row.txn_date)}</span></span>"
    )


@register.simple_tag(takes_context=True)
def upcoming_lines(context: dict[str, Any], upcoming: Iterable[Any]) -> SafeString:
    """{% upcoming_lines upcoming %}: each expected payment's day, kind and amount."""
    locale = context["request"].user.locale
    return mark_safe("".join(_upcoming(one.event, one.url, locale) for one in upcoming))


def _upcoming(event: Event, url: str, locale: str) -> str:
    day, month = (esc(formats.date_format(event.on, part)) for part in ("j", "M"))
    amount = money_html(event.own_amount, event.own_currency, locale, signed=True)
    return (
        f"<li><span class=day-chip><b>{day}</b> {month}</span><span>"
        f'<a href="{url}">{esc(event.name)}</a>\n<span>{_kind(event)}</span></span>'
        f"<span>{amount}</span>"
    )


def _kind(event: Event) -> str:
    if event.is_pay_day:
        return _badge("positive", _("Payday"))
    if event.is_bill:
        return esc(_("Bill"))
    if event.transaction_id:
        return esc(_("Planned"))
    if days := event.late_days:
        late = ngettext("%(days)s day late", "%(days)s days late", days) % {"days": days}
        return _badge("warning", late)
    return esc(str(event.recurring.cadence.label)) if event.recurring else ""
