"""Every state change records an audit event; verified by reading the code (A1).

tests/test_commands.py shows it for every URL. This test also covers services that no URL uses yet.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

from tests.contracts import APPS

pytestmark = pytest.mark.once
# Services that take an actor but record nothing, each with the reason.
SILENT = {
    "ask_about_rows": "a part of confirming an import, which tells",
    "mark_read": "an alert read",
    "read_edit": "it only reads",
    "write_new_rows": "a part of confirming an import, which tells",
}


def service_functions() -> Iterator[tuple[str, ast.FunctionDef, dict[str, ast.FunctionDef]]]:
    """(place, function, functions of the module) for each public service that takes an actor."""
    for app in APPS:
        folder = Path(settings.BASE_DIR / app)
        files = [*folder.glob("services/*.py"), folder / "services.py", folder / "sharing.py"]
        for path in (file for file in files if file.exists()):
            functions = {
                node.name: node
                for node in ast.parse(path.read_text()).body
                if isinstance(node, ast.FunctionDef)
            }
            for name, function in functions.items():
                if not name.startswith("_") and "actor" in {
                    a.arg for a in function.args.kwonlyargs
                }:
                    yield f"{path.relative_to(settings.BASE_DIR)}: {name}", function, functions


def tells(function: ast.FunctionDef, functions: dict, seen: set[str]) -> bool:
    """Whether the function records an event or passes its actor on to a function that does."""
    for node in ast.walk(function):
        if not isinstance(node, ast.Call):
            continue
        if isinstance(node.func, ast.Attribute) and getattr(node.func.value, "id", "") == "trail":
            return True
        if any(keyword.arg == "actor" for keyword in node.keywords):
            return True
        inner = getattr(node.func, "id", "")
        is_new = inner in functions and inner not in seen
        if is_new and tells(functions[inner], functions, seen | {inner}):
            return True
    return False


@pytest.mark.slow
def test_every_service_with_an_actor_records_an_audit_event():
    found = list(service_functions())
    assert len(found) > 80
    silent = {
        where
        for where, function, functions in found
        if function.name not in SILENT and not tells(function, functions, {function.name})
    }
    assert silent == set()
