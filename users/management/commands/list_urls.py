"""manage.py list_urls [--json]"""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.urls import URLPattern, URLResolver, get_resolver
from rest_framework.permissions import AllowAny

from users.api.staff import Needs

ANYONE, SIGNED_IN, STAFF = "anyone", "signed in", "staff"
_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


@dataclass(frozen=True, slots=True)
class Url:
    """One URL: its pattern, namespaced name, methods, and who may access it."""

    pattern: str
    name: str
    methods: list[str]
    who: str


def all_urls() -> list[Url]:
    """Every pattern of the URLconf, in matching order."""
    return list(_walk(get_resolver(), "/", ""))


def _walk(resolver: URLResolver, prefix: str, namespace: str) -> Iterator[Url]:
    for entry in resolver.url_patterns:
        pattern = prefix + str(entry.pattern).removeprefix("^")
        if isinstance(entry, URLPattern):
            name = f"{namespace}{entry.name or ''}"
            methods = _methods(entry.callback)
            if not pattern.startswith("/api/"):
                # banking.middleware.PageMethods allows no others.
                methods = [method for method in methods if method in ("GET", "POST")]
            yield Url(pattern, name, methods, _who(entry.callback, namespace))
        else:
            inner = f"{namespace}{entry.namespace}:" if entry.namespace else namespace
            yield from _walk(entry, pattern, inner)


def _methods(view: Any) -> list[str]:
    actions = getattr(view, "actions", None)
    if actions:
        return [method for method in _METHODS if method.lower() in actions]
    view_class = getattr(view, "cls", None) or getattr(view, "view_class", None)
    if view_class:
        allowed = [method for method in _METHODS if method.lower() in view_class.http_method_names]
        return [method for method in allowed if hasattr(view_class, method.lower())]
    return _required_methods(view) or ["GET", "POST"]


def _required_methods(view: Any) -> list[str]:
    """The methods given to require_http_methods, read from its wrapper's closure."""
    while view is not None:
        for cell in getattr(view, "__closure__", None) or ():
            content = cell.cell_contents
            if (
                isinstance(content, list | tuple)
                and content
                and set(content) <= {*_METHODS, "HEAD"}
            ):
                return [method for method in _METHODS if method in content]
        view = getattr(view, "__wrapped__", None)
    return []


def _who(view: Any, namespace: str) -> str:
    if namespace.startswith("admin:") and getattr(view, "login_required", True):
        return STAFF
    api_view = getattr(view, "cls", None)
    if api_view is not None:
        if Needs in api_view.permission_classes:
            return STAFF
        is_open = not api_view.permission_classes or AllowAny in api_view.permission_classes
        return ANYONE if is_open else SIGNED_IN
    return SIGNED_IN if getattr(view, "login_required", True) else ANYONE


class Command(BaseCommand):
    help = "List every address: pattern, name, methods, who may (anyone, signed in, staff)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="print one JSON list")

    def handle(self, *args: Any, **options: Any) -> None:
        urls = all_urls()
        if options["json"]:
            self.stdout.write(json.dumps([asdict(url) for url in urls], indent=1))
            return
        for url in urls:
            methods = ",".join(url.methods)
            self.stdout.write(f"{url.who:10} {methods:24} {url.pattern}  {url.name}")
