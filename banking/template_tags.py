"""Template builtins: money in the reader's locale, links that keep the filters."""

from decimal import Decimal
from typing import Any

from django import template

from banking.money import format_money, plain_amount

register = template.Library()


@register.simple_tag(takes_context=True)
def money(context: dict[str, Any], amount: Decimal | None, currency: str) -> str:
    """{% money account.balance account.currency %}: the amount in the signed-in user's locale."""
    if amount is None:
        return "–"
    request = context.get("request")
    locale = getattr(getattr(request, "user", None), "locale", "en-US")
    return format_money(amount, currency, locale)


@register.filter
def plain(amount: Decimal, currency: str) -> str:
    """{{ amount|plain:currency }}: "1234.50", for data attributes and form values."""
    return plain_amount(amount, currency)


@register.simple_tag(takes_context=True)
def with_query(context: dict[str, Any], **changes: Any) -> str:
    """The current query string with some names changed; an empty value drops its name."""
    query = context["request"].GET.copy()
    for name, value in changes.items():
        query.pop(name, None)
        if value not in (None, ""):
            query[name] = value
    return f"?{query.urlencode()}" if query else "?"
