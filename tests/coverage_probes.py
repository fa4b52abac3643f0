"""Measure coverage with a probe before every statement, put there when a module is imported.

A tracer slows all code, Django's too: on Python 3.11 it made the suite a third slower. A probe is
one store into an array of its module, and other code has none. `PYTEST_PLUGINS` loads this before
any of our modules. Each process of a run writes the lines that ran into a coverage file of its own,
for `coverage combine`.
"""

import ast
import contextlib
import hashlib
import os
import sys
import threading
import tomllib
from collections.abc import Iterator, Sequence
from fnmatch import fnmatch
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType

import coverage
import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = {path.parent.name for path in ROOT.glob("*/__init__.py")}
SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["coverage"]["run"]
# Modules with probes are compiled once, like others, but kept apart from them.
CACHE = ROOT / ".pytest_cache" / f"probes-{hashlib.sha256(Path(__file__).read_bytes()).hexdigest()}"
ARRAY = "__probes__"
# The lines that ran, by file: one byte a line.
_ran: dict[str, bytearray] = {}
_loading = threading.Lock()


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish() -> None:
    """Write the lines that ran in this process; a file that nothing imported has none."""
    data = coverage.CoverageData(os.environ.get("COVERAGE_FILE"), suffix=True)
    files = (file for name in PACKAGES for file in (ROOT / name).rglob("*.py"))
    data.add_lines({str(file): [] for file in files if _is_measured(file)})
    data.add_lines(
        {file: [i for i, ran in enumerate(lines) if ran] for file, lines in _ran.items()}
    )
    data.write()


def _is_measured(file: Path) -> bool:
    if not file.is_relative_to(ROOT):
        return False
    return not any(fnmatch(str(file.relative_to(ROOT)), pattern) for pattern in SETTINGS["omit"])


class Finder(MetaPathFinder):
    """Finds our measured modules, for a loader that adds probes."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname.partition(".")[0] not in PACKAGES:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is None or spec.origin is None or not isinstance(spec.loader, SourceFileLoader):
            return None
        if not _is_measured(Path(spec.origin)):
            return None
        spec.loader = Loader(fullname, spec.origin)
        return spec


class Loader(SourceFileLoader):
    """Loads a module with probes."""

    def get_code(self, fullname: str) -> CodeType | None:
        with _compiled_into(CACHE):
            return super().get_code(fullname)

    def source_to_code(self, data, path, *, _optimize: int = -1) -> CodeType:
        tree = ast.parse(data)
        add_probes(tree)
        return compile(tree, path, "exec", dont_inherit=True, optimize=_optimize)

    def exec_module(self, module: ModuleType) -> None:
        lines = Path(self.path).read_bytes().count(b"\n") + 2
        vars(module)[ARRAY] = _ran.setdefault(self.path, bytearray(lines))
        super().exec_module(module)


@contextlib.contextmanager
def _compiled_into(folder: Path) -> Iterator[None]:
    # One at a time: two threads would restore each other's prefix.
    with _loading:
        before, sys.pycache_prefix = sys.pycache_prefix, str(folder)
        try:
            yield
        finally:
            sys.pycache_prefix = before


def add_probes(node: ast.AST) -> None:
    """Put `__probes__[line] = 1` before every statement below the node."""
    for name in ("body", "orelse", "finalbody"):
        statements = getattr(node, name, None)
        if isinstance(statements, list):
            setattr(node, name, list(_with_probes(node, statements)))
    for part in (*getattr(node, "handlers", ()), *getattr(node, "cases", ())):
        add_probes(part)
        line = getattr(part, "pattern", part).lineno
        part.body.insert(0, _probe(line))


def _with_probes(parent: ast.AST, statements: list[ast.stmt]) -> Iterator[ast.stmt]:
    for place, statement in enumerate(statements):
        if not _stays_first(parent, place, statement):
            for line in _lines(statement):
                yield _probe(line)
        add_probes(statement)
        yield statement


def _stays_first(parent: ast.AST, place: int, statement: ast.stmt) -> bool:
    """Whether nothing may come before it: a docstring, or an import of a future feature."""
    if isinstance(statement, ast.ImportFrom) and statement.module == "__future__":
        return True
    documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
    is_text = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
    return place == 0 and is_text and isinstance(parent, documented)


def _lines(statement: ast.stmt) -> list[int]:
    decorators = getattr(statement, "decorator_list", [])
    return [*(decorator.lineno for decorator in decorators), statement.lineno]


def _probe(line: int) -> ast.Assign:
    at = {"lineno": line, "end_lineno": line, "col_offset": 0, "end_col_offset": 0}
    array, index = ast.Name(ARRAY, ast.Load(), **at), ast.Constant(line, **at)
    return ast.Assign([ast.Subscript(array, index, ast.Store(), **at)], ast.Constant(1, **at), **at)


sys.meta_path.insert(0, Finder())
