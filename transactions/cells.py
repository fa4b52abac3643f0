"""The rows of a transactions list, as HTML.

A page shows fifty rows of a hundred pieces each, more than Django's template engine renders in the
time of the whole page. So each row is one text with a few values put into it: `esc` escapes what
people and banks wrote. Rows and cells have no end tags and simple values no quotes: HTML needs none
(banking/kernel/template_loaders.py), and a list would be a tenth longer. What a cell is says
`data-cell` alone, by which style sheets and scripts find its parts, and links are relative: the
list has one address.
"""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from html import escape as esc
from typing import Any

from django import template
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import Truncator
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from accounts.models import Account
from banking.kernel import formats
from banking.kernel.icons import draw
from banking.kernel.navigation_tags import row_url
from banking.kernel.template_tags import category_icon, color_dot, icon, money_html
from transactions.models import Transaction

register = template.Library()

LONGEST_TIP = 200


@lru_cache(maxsize=256)
def _icon(name: str, size: int, words: str = "") -> str:
    """An icon, with words for screen readers."""
    told = (("role", "img"), ("aria-label", words))
    return draw(name, size, told) if words else icon(name, size=size)


@dataclass(frozen=True, slots=True)
class Words:
    """The words in rows, looked up once in each language."""

    select: str = field(default_factory=lambda: esc(_("Select %(title)s")))
    none: str = field(default_factory=lambda: esc(_("No category")))
    split: str = field(default_factory=lambda: esc(_("Split")))
    tags: str = field(default_factory=lambda: esc(_("Tags for %(title)s:")))
    add_tags: str = field(default_factory=lambda: esc(_("Add tags to %(title)s")))
    tag: str = field(default_factory=lambda: esc(_("Tag")))
    notes: str = field(default_factory=lambda: esc(_("Notes for %(title)s:")))
    add_notes: str = field(default_factory=lambda: esc(_("Add notes to %(title)s")))
    note: str = field(default_factory=lambda: esc(_("Note")))
    whole: str = field(default_factory=lambda: esc(_("of %(whole)s")))
    posted: str = field(default_factory=lambda: esc(_("Posted")))


@lru_cache(maxsize=64)
def _words_in(language: str | None) -> Words:
    return Words()


def _words() -> Words:
    return _words_in(get_language())


# --- Around the rows ------------------------------------------------------------------------------


@register.simple_tag
def column_headings(columns: Iterable[dict[str, Any]]) -> SafeString:
    """{% column_headings columns %}: the head of each column, a link if the list sorts by it."""
    return mark_safe("".join(_heading(**column) for column in columns))


_HEADING_CLASSES = {"amount": " class=num", "balance": " class=num", "account": " class=squeezed"}


def _heading(name: str, title: object, url: str, sort: str) -> str:
    shown = esc(str(title))
    if url:
        shown = f'<a href="{esc(url)}">{shown}</a>'
    sorted_by = f" aria-sort={sort}" if sort else ""
    look = _HEADING_CLASSES.get(name, "")
    return f"<th scope=col data-column={name}{look}{sorted_by}>{shown}"


@register.simple_tag
def column_choices(columns: Iterable[Any], chosen: Collection[str]) -> SafeString:
    """{% column_choices choosable chosen %}: a checkbox for each column that may be hidden."""
    note = f' <span class="small muted">{esc(_("only for a single account"))}</span>'
    return mark_safe(
        "".join(
            "<label class=column-choice__one><input type=checkbox name=columns"
            f" value={column.name}{' checked' if column.name in chosen else ''}>"
            f" {esc(str(column.title))}{note if column.name == 'balance' else ''}</label>"
            for column in columns
        )
    )


@register.simple_tag
def account_options(accounts: Iterable[Account], chosen: str | None) -> SafeString:
    """{% account_options own_accounts request.GET.account %}: the options of a select."""
    return mark_safe(
        "".join(
            f"<option value={account.pk}{' selected' if str(account.pk) == chosen else ''}>"
            f"{esc(str(account))} ({esc(account.currency)})</option>"
            for account in accounts
        )
    )


# --- Cells ----------------------------------------------------------------------------------------


@register.simple_tag
def category_cell(row: Transaction) -> SafeString:
    """{% category_cell row %}: the category, which a click changes in its place
    (static/js/cells.js) or on a page of its own.
    """
    words, category = _words(), row.category
    look = "category" if category or row.is_split else '"category category--none"'
    dot = color_dot(category.color) if category else ""
    page = row_url("transactions:transaction_detail", row.pk)
    shown = _category_link(row, words, page, dot, f" class={look}")
    return mark_safe(f"<td data-cell=aside class=category-cell>{shown}")


def _category_cell(row: Transaction, words: Words) -> str:
    """The category in the list, where the disc before the title has its color."""
    look = "" if row.category or row.is_split else " class=category--none"
    return f"<td data-cell=aside>{_category_link(row, words, f'{row.pk}/', '', look)}"


def _category_link(row: Transaction, words: Words, page: str, dot: str, look: str) -> str:
    if row.is_split:
        return f"<a{look} href={page}>{_icon('split', 14)}{words.split}</a>"
    name = f"{dot}{esc(row.category.name)}" if row.category else words.none
    if not row.may_change:
        return f"<span{look}>{name}</span>"
    source = _source(row.category_source, bool(row.category))
    return f"<a{look} href={page}category/>{name}{source}</a>"


def _source(source: str, is_categorized: bool) -> str:
    """Who chose the category, where a rule does not change it or nobody did."""
    if source == Transaction.CategorySource.LEARNED:
        tip = esc(_("Learned from your choices"))
        told = _icon("wand-sparkles", 12, esc(_("learned from your choices")))
    elif is_categorized and source == Transaction.CategorySource.MANUAL:
        tip = esc(_("Set by you. Rules won’t change it"))
        told = _icon("lock", 12, esc(_("set by you")))
    else:
        return ""
    return f'<span class=muted title="{tip}">{told}</span>'


@register.simple_tag
def tags_cell(row: Transaction) -> SafeString:
    """{% tags_cell row %}: the tags, which a click changes in their place."""
    return mark_safe(_tags_cell(row, [tag.name for tag in row.tags.all()], _words()))


def _tags_cell(row: Transaction, names: Iterable[str], words: Words) -> str:
    tags = "\n".join(f"<span class=badge>{esc(name)}</span>" for name in names)
    label = words.tags if tags else words.add_tags
    return _edit_cell(row, "extra", tags, label, words.tag)


@register.simple_tag
def notes_cell(row: Transaction) -> SafeString:
    """{% notes_cell row %}: the notes, which a click changes in their place."""
    return mark_safe(_notes_cell(row, _words()))


def _notes_cell(row: Transaction, words: Words) -> str:
    notes = f"<span class=notes-cell__text>{esc(row.notes)}</span>" if row.notes else ""
    label = words.notes if notes else words.add_notes
    return _edit_cell(row, "wide", notes, label, words.note)


def _edit_cell(row: Transaction, place: str, content: str, label: str, hint: str) -> str:
    if row.may_change:
        label = label.replace("%(title)s", esc(row.title))
        if content:
            inside = f"><span class=visually-hidden>{label}</span>\n{content}"
        else:  # The style sheet shows the hint.
            inside = f' data-hint="{hint}" aria-label="{label}">'
        content = f"<a href={row.pk}/notes/{inside}</a>"
    return f"<td data-cell={place}>{content}"


@register.simple_tag
def status_mark(row: Transaction) -> SafeString:
    """{% status_mark row %}: a badge unless the transaction is posted."""
    return mark_safe(_status_mark(row))


def _status_mark(row: Transaction, where: str = "") -> str:
    """The badge; `where` is a class that shows it on some screens only."""
    look, tip = "badge badge--info", ""
    if row.status == Transaction.Status.POSTED:
        return ""
    if row.status == Transaction.Status.PENDING:
        words = _("Pending")
    elif reason := getattr(row, "unposted", None):
        words, look = _("Not posted yet"), "badge badge--warning"
        tip = f' title="{esc(reason.text)}"'
    else:
        words = _("Planned")
    return f'<span class="{look}{where}"{tip}>{esc(words)}</span>'


def shared_mark() -> str:
    """As templates/accounts/_shared_mark.html."""
    told = _icon("users", 14, esc(_("shared with you")))
    return f'<span class=shared-mark title="{esc(_("Shared with you"))}">{told}</span>'


# --- Rows -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Look:
    """What all rows of one list have in common."""

    columns: tuple[str, ...]
    is_by_day: bool
    may_select: bool
    reader_id: int
    locale: str
    currency: str
    words: Words

    @property
    def note(self) -> str:
        """The column whose cell is the second line of a row on the phone; "" if it is hidden."""
        name = "account" if self.is_by_day else "txn_date"
        return name if name in self.columns else ""


@register.simple_tag(takes_context=True)
def transaction_groups(context: dict[str, Any]) -> SafeString:
    """{% transaction_groups %}: the list's `groups` of rows, in its `columns`."""
    reader = context["request"].user
    look = Look(
        columns=tuple(column["name"] for column in context["columns"]),
        is_by_day=context["is_by_day"],
        may_select=context["may_bulk"],
        reader_id=reader.pk,
        locale=reader.locale,
        currency=reader.base_currency,
        words=_words(),
    )
    span, has_balance = context["group_span"], "balance" in look.columns
    bodies = []
    for group in context["groups"]:
        head = "" if group.day is None else _group_head(group, look, span, has_balance)
        rows = "".join(_row(row, look) for row in group.rows)
        bodies.append(f"<tbody>{head}{rows}")
    return mark_safe("".join(bodies))


def _group_head(group: Any, look: Look, span: int, has_balance: bool) -> str:
    """A day and what its posted rows add up to."""
    posted = ""
    if group.nets and group.has_unposted:
        posted = f"<span class=small>{look.words.posted}</span>\n"
    nets = "\n".join(money_html(net, code, look.locale) for code, net in group.nets)
    return (
        f"<tr class=table__group><th colspan={span} scope=rowgroup>"
        f"{esc(group.label)}"
        f"<td>{posted}{nets}{'<td>' if has_balance else ''}"
    )


def _row(row: Transaction, look: Look) -> str:
    cells = "".join([_CELLS[name](row, look) for name in look.columns])
    check = _check_cell(row, look) if look.may_select else ""
    return f"<tr id=row-{row.pk}>{check}{cells}"


def _check_cell(row: Transaction, look: Look) -> str:
    if not row.may_change:
        return "<td data-cell=lead>"
    label = look.words.select.replace("%(title)s", esc(row.title))
    # The table names the reader's own currency.
    currency = "" if row.currency == look.currency else f" data-currency={esc(row.currency)}"
    return (
        f"<td data-cell=lead><input type=checkbox name=ids value={row.pk} form=bulk{currency}"
        f' aria-label="{label}">'
    )


def _date_cell(row: Transaction, look: Look) -> str:
    written = esc(formats.date_format(row.txn_date, "j M Y"))
    return (
        f"<td class=nowrap data-cell=note>"
        f"<time datetime={row.txn_date.isoformat()}>{written}</time>{_noted_status(row)}"
    )


def _noted_status(row: Transaction) -> str:
    """The status in the second line of a row on the phone: after a long title it takes a third."""
    return _status_mark(row, " only-phone")


def _title_cell(row: Transaction, look: Look) -> str:
    category = row.category
    icon_name, color = (category.icon, category.color) if category else ("", "")
    mark = category_icon(icon_name, color, "of a line")
    return f"<td data-cell=title>{mark}\n<a href={row.pk}/>{esc(row.title)}</a>{_marks(row, look)}"


def _marks(row: Transaction, look: Look) -> str:
    """What stands after the title: marks, and what the bank wrote."""
    marks = ""
    if row.user_id != look.reader_id:
        marks += f"\n{shared_mark()}"
    if row.status != Transaction.Status.POSTED:
        marks += f"\n{_status_mark(row, ' only-wide' if look.note else '')}"
    if row.notes and "notes" not in look.columns:
        tip = esc(Truncator(row.notes).chars(LONGEST_TIP))
        told = _icon("sticky-note", 14, esc(_("has notes")))
        marks += f'\n<span class="muted has-notes" title="{tip}">{told}</span>'
    if row.merchant and row.merchant != row.description and "description" not in look.columns:
        marks += f"\n<small>{esc(row.description)}</small>"
    return marks


def _description_cell(row: Transaction, look: Look) -> str:
    text = esc(row.description)
    return f'<td data-cell=wide><span class="secondary small bank-text">{text}</span>'


def _account_cell(row: Transaction, look: Look) -> str:
    name = f"<span>{esc(row.account.name)}</span>"
    if not look.is_by_day:
        return f"<td class=squeezed data-cell=wide>{name}"
    return f"<td data-cell=note>{name}{_noted_status(row)}"


def _amount_cell(row: Transaction, look: Look) -> str:
    counted: str = money_html(row.counted, row.currency, look.locale, signed=True)
    if row.counted != row.signed_amount:
        # Of a split transaction, the list of one category counts its parts only.
        whole = money_html(row.signed_amount, row.currency, look.locale)
        counted += (
            f'<div class="small secondary">{look.words.whole.replace("%(whole)s", whole)}</div>'
        )
    return f"<td data-cell=amount>{counted}"


def _balance_cell(row: Transaction, look: Look) -> str:
    shown = (
        "<span class=muted>–</span>"
        if row.balance_after is None
        else money_html(row.balance_after, row.currency, look.locale)
    )
    return f"<td class=num data-cell=wide>{shown}"


_CELLS: dict[str, Callable[[Transaction, Look], str]] = {
    "txn_date": _date_cell,
    "merchant": _title_cell,
    "description": _description_cell,
    "category": lambda row, look: _category_cell(row, look.words),
    "account": _account_cell,
    "tags": lambda row, look: _tags_cell(row, row.listed_tags, look.words),
    "notes": lambda row, look: _notes_cell(row, look.words),
    "amount": _amount_cell,
    "balance": _balance_cell,
}
