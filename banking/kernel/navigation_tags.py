"""Template builtins: links, and the menus that every page has."""

import re
from functools import cache
from typing import Any

from django import template
from django.conf import settings
from django.template import Context, Template
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, gettext

from banking.kernel.template_tags import icon

register = template.Library()

# Menus as they were rendered, by everything that they depend on.
_MENUS: dict[tuple[Any, ...], SafeString] = {}
_MOST_MENUS = 1000
_BREAKS = re.compile(r"\n\s*\n")


@register.simple_tag(takes_context=True)
def menu(context: Context, name: str) -> SafeString:
    """{% menu "_menu.html" %}: a template of menu entries, which differ by page and role only.

    Each is rendered once in a process. A view as somebody else leaves entries out, so it is
    rendered each time, as are templates that may be edited.
    """
    match = getattr(context.get("request"), "resolver_match", None)
    return _kept(context, name, match and match.view_name)


@register.simple_tag(takes_context=True)
def common(context: Context, name: str) -> SafeString:
    """{% common "_head.html" %}: as `menu`, for a template that is the same on every page."""
    return _kept(context, name, "")


def _kept(context: Context, name: str, page_name: str | None) -> SafeString:
    request, may = context.get("request"), context.get("may") or {}
    page: Any = context.template
    found: Template = page.engine.get_template(name)
    if settings.DEBUG or page_name is None or getattr(request, "viewing_as", None):
        return found.render(context)
    allowed = tuple(ability for ability, is_given in may.items() if is_given)
    key = (name, page_name, allowed, get_language(), settings.ROOT_URLCONF)
    if key not in _MENUS:
        if len(_MENUS) >= _MOST_MENUS:
            _MENUS.clear()
        _MENUS[key] = mark_safe(_BREAKS.sub("\n", found.render(context)))
    return _MENUS[key]


_ANY_KEY = 987654321


@cache
def _around_key(name: str) -> tuple[str, str]:
    before, _key, after = reverse(name, args=[_ANY_KEY]).partition(str(_ANY_KEY))
    return before, after


@register.simple_tag
def row_url(name: str, pk: int) -> str:
    """{% row_url "transactions:transaction_detail" row.pk %}: as {% url %} with one key.

    For rows of lists: the address is looked up once, not once a row.
    """
    before, after = _around_key(name)
    return f"{before}{pk}{after}"


@register.simple_tag(takes_context=True)
def with_query(context: dict[str, Any], **changes: Any) -> str:
    """The current query string with some parameters changed; an empty value removes one."""
    query = context["request"].GET.copy()
    for name, value in changes.items():
        query.pop(name, None)
        if value not in (None, ""):
            query[name] = value
    return f"?{query.urlencode()}" if query else "?"


def _current(context: dict[str, Any], view_name: str) -> str:
    """The value of aria-current: "page" on the page itself, "true" on the pages below it.

    Below means the same subject, as transaction_detail is to transaction_list. Only a list, an
    index or the start of a wizard has pages below it.
    """
    match = getattr(context.get("request"), "resolver_match", None)
    if match is None:
        return ""
    if match.view_name == view_name:
        return "page"
    subject, _separator, last_word = view_name.rpartition("_")
    has_beneath = subject and last_word in ("list", "index", "start")
    return "true" if has_beneath and match.view_name.startswith(f"{subject}_") else ""


def _nav_context(
    context: dict[str, Any], view_name: str, label: str, icon_name: str
) -> dict[str, Any]:
    try:
        url = reverse(view_name)
    except NoReverseMatch:
        # The page is not installed: no entry.
        return {"url": ""}
    viewing_as = getattr(context.get("request"), "viewing_as", None)
    if viewing_as is not None and not viewing_as.shows(url):
        return {"url": ""}
    current = _current(context, view_name)
    return {"url": url, "label": label, "icon_name": icon_name, "is_current": current}


@register.inclusion_tag("_nav_item.html", takes_context=True)
def nav_item(
    context: dict[str, Any],
    view_name: str,
    label: str,
    icon_name: str,
    count: int | None = None,
    key: str = "",
    live: str = "",
    beneath: str = "",
) -> dict[str, Any]:
    """A sidebar entry; empty if the page does not exist.

    `live`: the id of a place in it whose content comes by htmx. `beneath`: the space-separated
    names of other pages of the same app that it stands for.
    """
    entry = _nav_context(context, view_name, label, icon_name)
    match = getattr(context.get("request"), "resolver_match", None)
    app = view_name.partition(":")[0]
    pages_beneath = {f"{app}:{name}" for name in beneath.split()}
    if entry["url"] and match is not None and match.view_name in pages_beneath:
        entry["is_current"] = "true"
    return entry | {"count": count, "key": key, "live": live}


@register.inclusion_tag("_bottom_item.html", takes_context=True)
def bottom_item(
    context: dict[str, Any], view_name: str, label: str, icon_name: str
) -> dict[str, Any]:
    """An entry of the phone's bottom bar; empty if the page does not exist."""
    return _nav_context(context, view_name, label, icon_name)


@register.inclusion_tag("_menu_item.html", takes_context=True)
def menu_item(
    context: dict[str, Any], view_name: str, label: str, icon_name: str
) -> dict[str, Any]:
    """An entry of a dropdown menu; empty if the page does not exist."""
    return _nav_context(context, view_name, label, icon_name)


@register.inclusion_tag("_tab_item.html", takes_context=True)
def tab_item(
    context: dict[str, Any], view_name: str, label: str, query: str = ""
) -> dict[str, Any]:
    """A tab that links to a page with `query`; empty if it does not exist."""
    tab = _nav_context(context, view_name, label, "")
    return tab | {"url": f"{tab['url']}{query}" if tab["url"] else ""}


@register.simple_block_tag
def breadcrumbs(content: str) -> str:
    """The pages above this one, as `<li>` each; empty if there are none."""
    if not content.strip():
        return ""
    nav = '<nav class="breadcrumbs" aria-label="{}"><ol>{}</ol></nav>'
    return format_html(nav, gettext("Breadcrumbs"), mark_safe(content))


@register.simple_block_tag
def nav_group(content: str, label: str) -> str:
    """A collapsible sidebar group; empty if none of its pages exists."""
    if not content.strip():
        return ""
    return format_html(
        '<details class="nav-group" data-nav-group="{}" open><summary>{}{}</summary>'
        '<div class="nav-list">{}</div></details>',
        label,
        label,
        icon("chevron-down", size=14),
        mark_safe(content),
    )
