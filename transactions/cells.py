"""The rows of a transactions list, as HTML.

A page shows fifty rows of a hundred pieces each, more than Django's template engine renders in the
time of the whole page. So each kind of row and cell is one text with a few values put into it,
which `format_html` escapes. Icons are drawn once a page (`row_symbols`); rows only refer to them.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import Truncator
from django.utils.translation import gettext as _

from banking.kernel import formats
from banking.kernel.template_tags import (
    NO_CATEGORY_ICON,
    color_dot,
    icon_mark,
    money_html,
    row_url,
    symbols,
)
from transactions.models import Category, Transaction

register = template.Library()

NOTHING = mark_safe("")
# The icons that a row or its answer to a change may show, besides those of categories.
ROW_ICONS = ("lock", "plus", "split", "sticky-note", "users", "wand-sparkles")
LONGEST_TIP = 200


@register.simple_tag
def row_symbols(categories: Iterable[Category | None] = ()) -> SafeString:
    """{% row_symbols %}: what the icons in rows of these categories refer to, once a page."""
    icons = {category.icon for category in categories if category and category.icon}
    return format_html("{}{}", symbols({NO_CATEGORY_ICON, *icons}, "icon"), _own_symbols())


@cache
def _own_symbols() -> SafeString:
    return symbols(ROW_ICONS, "row")


@cache
def _row_icon(name: str, size: int) -> SafeString:
    return format_html(
        '<svg class="row-icon" width="{0}" height="{0}" aria-hidden="true">'
        '<use href="#row-{1}"/></svg>',
        size,
        name,
    )


def _told_icon(name: str, size: int, words: str) -> SafeString:
    """An icon with words for screen readers."""
    hidden = format_html('<span class="visually-hidden">{}</span>', words)
    return format_html("{}{}", _row_icon(name, size), hidden)


# --- Cells ----------------------------------------------------------------------------------------


@register.simple_tag
def category_cell(row: Transaction) -> SafeString:
    """{% category_cell row %}: the category, which a click changes in its place
    (static/js/cells.js) or on a page of its own.
    """
    return format_html(
        '<td data-cell="aside" class="edit-cell category-cell">{}</td>', _category(row)
    )


def _category(row: Transaction) -> SafeString:
    if row.is_split:
        return format_html(
            '<a class="category plain-link" href="{}">{}{}</a>',
            row_url("transactions:transaction_detail", row.pk),
            _row_icon("split", 14),
            _("Split"),
        )
    category = row.category
    look = "" if category else " category--none"
    name = _named(category.name, category.color) if category else _("No category")
    if not row.may_change:
        return format_html('<span class="category{}">{}</span>', look, name)
    return format_html(
        '<a class="category plain-link{}" href="{}" data-cell-edit="category" data-tip="{}">'
        "{}{}</a>",
        look,
        row_url("transactions:transaction_category", row.pk),
        _("Change category"),
        name,
        _source(row),
    )


def _named(name: str, color: str) -> SafeString:
    return format_html("{}{}", color_dot(color), name)


def _source(row: Transaction) -> SafeString:
    """Who chose the category, where a rule does not change it or nobody did."""
    if row.category_source == Transaction.CategorySource.LEARNED:
        tip, words = _("Learned from your choices"), _("learned from your choices")
        name = "wand-sparkles"
    elif row.category and row.category_source == Transaction.CategorySource.MANUAL:
        tip, words, name = _("Set by you. Rules won’t change it"), _("set by you"), "lock"
    else:
        return NOTHING
    told = _told_icon(name, 12, words)
    return format_html('<span class="muted" title="{}">{}</span>', tip, told)


@register.simple_tag
def tags_cell(row: Transaction) -> SafeString:
    """{% tags_cell row %}: the tags, which a click changes in their place."""
    tags = format_html_join(
        "\n", '<span class="badge">{}</span>', ((tag.name,) for tag in row.tags.all())
    )
    label = _("Tags for %(title)s:") % {"title": row.title}
    return _edit_cell(row, "tags", "extra", label, tags, _("Tag"))


@register.simple_tag
def notes_cell(row: Transaction) -> SafeString:
    """{% notes_cell row %}: the notes, which a click changes in their place."""
    notes = format_html('<span class="notes-cell__text">{}</span>', row.notes)
    label = _("Notes for %(title)s:") % {"title": row.title}
    return _edit_cell(row, "notes", "wide", label, notes if row.notes else NOTHING, _("Note"))


def _edit_cell(
    row: Transaction, name: str, place: str, label: str, content: SafeString, hint: str
) -> SafeString:
    if row.may_change:
        content = format_html(
            '<a class="plain-link cell-link" href="{}" data-cell-edit="{}">'
            '<span class="visually-hidden">{}</span>\n{}</a>',
            row_url("transactions:transaction_notes", row.pk),
            name,
            label,
            content or _hint(hint),
        )
    return format_html('<td data-cell="{}" class="edit-cell {}-cell">{}</td>', place, name, content)


@cache
def _hint(words: str) -> SafeString:
    return format_html('<span class="cell-link__hint">{}{}</span>', _row_icon("plus", 14), words)


@register.simple_tag
def status_mark(row: Transaction) -> SafeString:
    """{% status_mark row %}: a badge unless the transaction is posted."""
    if row.status == Transaction.Status.POSTED:
        return NOTHING
    if row.status == Transaction.Status.PENDING:
        return format_html('<span class="badge badge--info">{}</span>', _("Pending"))
    if reason := getattr(row, "unposted", None):
        return format_html(
            '<span class="badge badge--warning" title="{}">{}</span>',
            reason.reason,
            _("Not posted yet"),
        )
    return format_html('<span class="badge badge--info">{}</span>', _("Planned"))


# --- Rows -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Look:
    """What all rows of one list have in common."""

    columns: tuple[str, ...]
    is_by_day: bool
    may_select: bool
    reader_id: int
    locale: str


@register.simple_tag(takes_context=True)
def transaction_rows(context: dict[str, Any], rows: Sequence[Transaction]) -> SafeString:
    """{% transaction_rows group.rows %}: rows of the list whose `columns` the context has."""
    reader = context["request"].user
    look = Look(
        columns=tuple(column["name"] for column in context["columns"]),
        is_by_day=context["is_by_day"],
        may_select=context["may_bulk"],
        reader_id=reader.pk,
        locale=reader.locale,
    )
    return mark_safe("\n".join(_row(row, look) for row in rows))


def _row(row: Transaction, look: Look) -> SafeString:
    cells = [_CELLS[name](row, look) for name in look.columns]
    if look.may_select:
        cells.insert(0, _check_cell(row))
    return format_html('<tr id="row-{}" data-row>{}</tr>', row.pk, mark_safe("\n".join(cells)))


def _check_cell(row: Transaction) -> SafeString:
    if not row.may_change:
        return mark_safe('<td class="table__check" data-cell="lead"></td>')
    return format_html(
        '<td class="table__check" data-cell="lead"><input type="checkbox" name="ids" value="{}"'
        ' form="bulk" data-select data-currency="{}" aria-label="{}"></td>',
        row.pk,
        row.currency,
        _("Select %(title)s") % {"title": row.title},
    )


def _date_cell(row: Transaction, look: Look) -> SafeString:
    return format_html(
        '<td class="nowrap" data-cell="note"><time datetime="{}">{}</time></td>',
        row.txn_date.isoformat(),
        formats.date_format(row.txn_date, "j M Y"),
    )


def _title_cell(row: Transaction, look: Look) -> SafeString:
    marks = [status_mark(row)] if row.status != Transaction.Status.POSTED else []
    if row.user_id != look.reader_id:
        marks.insert(0, _shared_mark())
    if row.notes and "notes" not in look.columns:
        told = _told_icon("sticky-note", 14, _("has notes"))
        tip = Truncator(row.notes).chars(LONGEST_TIP)
        marks.append(format_html('<span class="muted has-notes" title="{}">{}</span>', tip, told))
    if row.merchant and row.merchant != row.description and "description" not in look.columns:
        marks.append(
            format_html(
                '<span class="small muted only-wide row-text" title="{0}">{0}</span>',
                row.description,
            )
        )
    return format_html(
        '<td data-cell="title" class="line-title">{}\n'
        '<a class="plain-link" href="{}" data-row-title{}>{}</a>\n{}</td>',
        _mark(row.category),
        row_url("transactions:transaction_detail", row.pk),
        _EDITABLE if row.may_change else NOTHING,
        row.title,
        mark_safe("\n".join(marks)),
    )


def _mark(category: Category | None) -> SafeString:
    if category is None:
        return icon_mark(NO_CATEGORY_ICON, None)
    return icon_mark(category.icon or NO_CATEGORY_ICON, category.color)


def _shared_mark() -> SafeString:
    return format_html(
        '<span class="shared-mark" title="{}">{}</span>',
        _("Shared with you"),
        _told_icon("users", 14, _("shared with you")),
    )


def _description_cell(row: Transaction, look: Look) -> SafeString:
    return format_html(
        '<td data-cell="wide"><span class="secondary small bank-text">{}</span></td>',
        row.description,
    )


def _account_cell(row: Transaction, look: Look) -> SafeString:
    return format_html(
        '<td class="squeezed" data-cell="{0}">'
        '<span class="secondary truncate account-name" title="{1}">{1}</span></td>',
        "note" if look.is_by_day else "wide",
        row.account.name,
    )


def _amount_cell(row: Transaction, look: Look) -> SafeString:
    counted = money_html(row.counted, row.currency, look.locale, signed=True)
    if row.counted == row.signed_amount:
        return format_html('<td class="num" data-cell="amount">{}</td>', counted)
    # Of a split transaction, the list of one category counts its parts only.
    whole = money_html(row.signed_amount, row.currency, look.locale)
    return format_html(
        '<td class="num" data-cell="amount">{}<div class="small secondary">{}</div></td>',
        counted,
        format_html(_("of {whole}"), whole=whole),
    )


def _balance_cell(row: Transaction, look: Look) -> SafeString:
    shown = (
        mark_safe('<span class="muted">–</span>')
        if row.balance_after is None
        else money_html(row.balance_after, row.currency, look.locale)
    )
    return format_html('<td class="num" data-cell="wide">{}</td>', shown)


_EDITABLE = mark_safe(" data-row-edit")
_CELLS: dict[str, Callable[[Transaction, Look], SafeString]] = {
    "txn_date": _date_cell,
    "merchant": _title_cell,
    "description": _description_cell,
    "category": lambda row, look: category_cell(row),
    "account": _account_cell,
    "tags": lambda row, look: tags_cell(row),
    "notes": lambda row, look: notes_cell(row),
    "amount": _amount_cell,
    "balance": _balance_cell,
}
