"""Django's `translate` and `url` tags, which look up words and addresses that never differ once per
process instead of once per use: a page has a hundred and fifty of them.

The library takes the place of Django's i18n library.
"""

from typing import Any

from django import template
from django.conf import settings
from django.template import Context
from django.template.base import FilterExpression, Parser, Token
from django.template.defaulttags import URLNode
from django.template.defaulttags import url as parse_url
from django.templatetags import i18n
from django.templatetags.i18n import TranslateNode, do_translate
from django.urls import get_script_prefix, get_urlconf
from django.utils.safestring import mark_safe
from django.utils.translation import get_language

register = template.Library()
register.tags |= i18n.register.tags
register.filters |= i18n.register.filters


class FixedWords(template.Node):
    """{% translate "Save" %}: looked up once in each language."""

    def __init__(self, node: TranslateNode) -> None:
        self.node = node
        self._found: dict[str | None, str] = {}

    def render(self, context: Context) -> str:
        language = get_language()
        words = self._found.get(language)
        if words is None:
            words = self._found[language] = _rendered(self.node, context)
        # A literal of a template is markup: Django does not escape it.
        return _put(context, self.node.asvar, mark_safe(words))


class FixedURL(template.Node):
    """{% url "insights:home" %}: looked up once in each set of addresses."""

    def __init__(self, node: URLNode) -> None:
        self.node = node
        self._found: dict[tuple[str, str], str] = {}

    def render(self, context: Context) -> str:
        addresses = (get_urlconf() or settings.ROOT_URLCONF, get_script_prefix())
        url = self._found.get(addresses)
        if url is None:
            url = self._found[addresses] = _rendered(self.node, context)
        return _put(context, self.node.asvar, url)


def _rendered(node: TranslateNode | URLNode, context: Context) -> str:
    """What the tag says, whether it is shown or named."""
    shown: Any = node.render(context)
    return str(context[node.asvar]) if node.asvar else str(shown)


def _put(context: Context, name: str | None, text: str) -> str:
    """Show the text, or give it the name that the tag has after `as`."""
    if name is None:
        return text
    context[name] = text
    return ""


@register.tag("translate")
@register.tag("trans")
def translate(parser: Parser, token: Token) -> template.Node:
    """Django's tag, by FixedWords if its words are a literal."""
    node: Any = do_translate(parser, token)
    words = node.filter_expression
    is_fixed = words.var.literal is not None and not words.filters
    return FixedWords(node) if is_fixed and not node.message_context else node


@register.tag("url")
def url(parser: Parser, token: Token) -> template.Node:
    """Django's tag, by FixedURL if it has a literal name and no arguments."""
    node: Any = parse_url(parser, token)
    name: FilterExpression = node.view_name
    is_fixed = isinstance(name.var, str) and not (name.filters or node.args or node.kwargs)
    return FixedURL(node) if is_fixed else node
