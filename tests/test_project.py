"""House rules that no linter checks: what each file may contain, and what must agree."""

import ast
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command
from django.template.loader import get_template

from banking.celery import app as celery_app
from tests import servers
from tests.check import checks
from tests.contracts import APPS

ROOT = settings.BASE_DIR
LONGEST_FUNCTION = 60
STANDARD = {name for name in sys.stdlib_module_names if not name.startswith("_")}
WRITING = {
    *("save", "create", "delete", "update", "bulk_create", "bulk_update"),
    *("throw_away", "take_back"),
    *("get_or_create", "update_or_create", "acreate", "asave", "adelete", "aupdate"),
}
# Objects with such methods that are not rows: the cache, a session, a file store.
NOT_ROWS = re.compile(r"(^|\.)(cache|session|storage|default_storage)$")
ROWS = re.compile(
    r"\.(objects|all_objects|filter|exclude|all|get_queryset|visible_to)\b|queryset|rows$"
)


def python_files() -> list[Path]:
    folders = [ROOT / name for name in ("banking", *APPS)]
    files = [file for folder in folders for file in folder.rglob("*.py")]
    return sorted(f for f in files if not {"migrations", "tests"} & set(f.parts))


def doors() -> list[Path]:
    """The modules where requests, messages and commands come in."""
    names = {"views.py", "admin.py", "tasks.py"}
    folders = {"views", "admin", "api", "commands", "tasks"}
    return [
        f
        for f in python_files()
        if f.relative_to(ROOT).parts[0] in APPS
        and (f.name in names or folders & set(f.relative_to(ROOT).parts[1:-1]))
    ]


def templates() -> list[str]:
    folder = ROOT / "templates"
    return sorted(
        str(f.relative_to(folder)) for f in folder.rglob("*.*") if f.suffix in {".html", ".txt"}
    )


def shown(path: Path, line: int | None = None) -> str:
    return f"{path.relative_to(ROOT)}{f':{line}' if line else ''}"


# --- Django's own checks ------------------------------------------------------------------------


@pytest.mark.django_db
def test_every_model_change_has_a_migration():
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["imports", "deployment"])
def test_django_checks_pass(name, tmp_path):
    command, environment = checks(str(tmp_path))[name]
    result = subprocess.run(
        command,
        cwd=ROOT,
        env=servers.environment_without_settings() | environment,
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize("name", templates())
def test_templates_compile(name):
    assert get_template(name)


def test_every_scheduled_entry_names_an_existing_task():
    celery_app.loader.import_default_modules()
    named = {name: entry["task"] for name, entry in settings.CELERY_BEAT_SCHEDULE.items()}
    assert {n: task for n, task in named.items() if task not in celery_app.tasks} == {}


# --- House rules --------------------------------------------------------------------------------


def writes(path: Path) -> Iterator[int]:
    """The lines where a view, task or command writes a row. A service call is recognized by
    `actor=`.
    """
    for node in ast.walk(ast.parse(path.read_text())):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        if node.func.attr not in WRITING or any(k.arg == "actor" for k in node.keywords):
            continue
        receiver = ast.unparse(node.func.value)
        is_dictionary = node.func.attr == "update" and not ROWS.search(receiver)
        if not is_dictionary and not NOT_ROWS.search(receiver) and receiver != "super()":
            yield node.lineno


@pytest.mark.slow
def test_views_tasks_and_commands_write_no_rows():
    assert [shown(path, line) for path in doors() for line in writes(path)] == []


@pytest.mark.parametrize(
    ("code", "is_write"),
    [
        ("account.save(update_fields=['name'])", True),
        ("Account.objects.create(name='x')", True),
        ("Account.objects.visible_to(user).update(name='x')", True),
        ("queryset.delete()", True),
        ("cache.delete('key')", False),
        ("request.session.save()", False),
        ("context.update(form=form)", False),
        ("posting.delete(actor=user, transaction=transaction)", False),
    ],
)
def test_writes_are_distinguished_from_other_calls(code, is_write, tmp_path):
    file = tmp_path / "views.py"
    file.write_text(code)
    assert bool(list(writes(file))) is is_write


@pytest.mark.slow
def test_functions_fit_on_one_screen():
    long = {
        shown(path, node.lineno): node.end_lineno - node.lineno + 1
        for path in python_files()
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    assert {where: lines for where, lines in long.items() if lines > LONGEST_FUNCTION} == {}


def test_ignored_type_errors_name_the_rule_and_the_reason():
    ignored = re.compile(r"type: ignore(?!\[[a-z-]+(, [a-z-]+)*\]  # \S)")
    silent = {
        shown(path, number)
        for path in python_files()
        for number, line in enumerate(path.read_text().splitlines(), start=1)
        if ignored.search(line)
    }
    assert silent == set()


def test_no_module_shadows_the_standard_library():
    ours = {shown(path): path.stem for path in python_files()}
    assert {where for where, name in ours.items() if name in STANDARD} == set()


FORBIDDEN_IN_PAGES = {
    "a style attribute": re.compile(r"""\sstyle\s*=\s*["'{]""", re.I),
    "a style element": re.compile(r"<style\b", re.I),
    "an inline script": re.compile(
        r"""<script(?![^>]*\bsrc=)(?![^>]*type=["']application/json["'])[^>]*>""", re.I
    ),
    "an event attribute": re.compile(r"""<[^>]*\s(on[a-z]+|hx-on[^=\s]*)\s*=\s*["']""", re.I),
    "something from another host": re.compile(
        r"""<(script|link|img|iframe|source|video|audio)\b[^>]*\b(src|href)\s*=\s*["']?(https?:)?//""",
        re.I,
    ),
}


@pytest.mark.parametrize("what", FORBIDDEN_IN_PAGES)
def test_pages_do_not_contain(what):
    # Emails and PDFs have no content policy and no external stylesheet.
    pages = [
        n for n in templates() if n.endswith(".html") and not {"email", "pdf"} & set(Path(n).parts)
    ]
    texts = {name: (ROOT / "templates" / name).read_text() for name in pages}
    assert [name for name, text in texts.items() if FORBIDDEN_IN_PAGES[what].search(text)] == []


# --- Templates ----------------------------------------------------------------------------------

LONGEST_TEMPLATE_LINE = 160
TEMPLATE_TAG = re.compile(r"\{%.*?%\}|\{\{.*?\}\}|\{#.*?#\}")
ELEMENT = re.compile(r"<[a-zA-Z][\w-]*")


def template_lines() -> list[tuple[str, str]]:
    """Each line of each template with its place, such as "accounts/account_list.html:12"."""
    return [
        (f"{name}:{number}", line)
        for name in templates()
        for number, line in enumerate((ROOT / "templates" / name).read_text().splitlines(), 1)
    ]


def elements_begun(line: str) -> int:
    return len(ELEMENT.findall(TEMPLATE_TAG.sub("", line)))


def test_no_template_line_exceeds_the_limit():
    long = [place for place, line in template_lines() if len(line) > LONGEST_TEMPLATE_LINE]
    assert long == []


def test_template_lines_begin_at_most_one_element():
    assert [place for place, line in template_lines() if elements_begun(line) > 1] == []


@pytest.mark.parametrize(
    ("line", "count"),
    [
        ('<td class="num">{% money_figure row.amount row.currency %}</td>', 1),
        ("<td><b>{{ name }}</b></td>", 2),
        ('{% blocktranslate with note="<b>" %}{{ note }}{% endblocktranslate %}', 0),
        ("</p><p>", 1),
    ],
)
def test_elements_that_begin_on_a_line_are_counted(line, count):
    assert elements_begun(line) == count


# --- Files that must agree ----------------------------------------------------------------------


def test_environment_settings_and_their_documentation_match():
    read = set(
        re.findall(r'\benv(?:\.\w+)?\(\s*"([A-Z_]+)"', (ROOT / "banking/settings.py").read_text())
    )
    for name in ("launcher/place.py", "launcher/serve.py"):
        read |= set(re.findall(r'environ\.get\("([A-Z_]+)"', (ROOT / "banking" / name).read_text()))
    explained = re.findall(r"^#?([A-Z][A-Z_]+)=", (ROOT / ".env.example").read_text(), re.M)
    assert sorted(explained) == sorted(read)


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_requirements_are_pinned(name):
    lines = (ROOT / name).read_text().splitlines()
    packages = [line for line in lines if line and not line.startswith(("#", "-r "))]
    assert [line for line in packages if not re.match(r"^[\w.\[\],-]+==[\w.]+(;|$)", line)] == []


def test_nothing_installed_is_committed():
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    suffixes = {Path(name).suffix for name in listed.stdout.split("\0")}
    assert suffixes & {".whl", ".gz", ".zip", ".tar", ".so", ".pyc", ".exe", ".jar"} == set()


PINNED = re.compile(r"^([\w.-]+)(?:\[[\w,]+\])?==([\w.]+)", re.M)


@pytest.mark.parametrize("name", ["requirements", "requirements-dev"])
def test_lock_has_every_package_with_hashes_and_names_no_registry(name):
    pinned = set(PINNED.findall((ROOT / f"{name}.txt").read_text()))
    text = (ROOT / f"{name}.lock").read_text()
    locked = {(_normal(package), version) for package, version in PINNED.findall(text)}
    missing = {pin for pin in pinned if (_normal(pin[0]), pin[1]) not in locked}
    assert missing == set(), "Run `make lock`."
    entries = re.split(r"\n(?=\w)", text)[1:]
    assert len(entries) == len(locked)
    assert [entry for entry in entries if "--hash=sha256:" not in entry] == []
    assert "://" not in text


# Imported here, installed as a dependency of a listed package.
WITH_OTHERS = {
    "cryptography": "pyjwt[crypto]",
    "fonttools": "weasyprint",
    "kombu": "celery[redis]",
    "pydyf": "weasyprint",
    "urllib3": "requests",
}


@pytest.mark.slow
def test_imported_packages_are_listed_as_requirements():
    pinned = (ROOT / "requirements.txt").read_text().splitlines()
    names = {line.partition("==")[0] for line in pinned}
    assert set(WITH_OTHERS.values()) <= names
    known = {_normal(re.sub(r"\[.*", "", name)) for name in names} | set(WITH_OTHERS)
    found = packages_distributions()
    ours = {"banking", *APPS}
    unknown = {
        f"{shown(file)}: {name}"
        for file in python_files()
        for name in imported(file) - ours - set(sys.stdlib_module_names)
        if not known & {_normal(package) for package in found.get(name, [])}
    }
    assert unknown == set()


def _normal(name: str) -> str:
    return name.lower().replace("_", "-")


def imported(file: Path) -> set[str]:
    """The top-level names of the packages that a file imports."""
    nodes = list(ast.walk(ast.parse(file.read_text())))
    plain = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    named = [node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module]
    return {name.partition(".")[0] for name in plain + named}


@pytest.mark.parametrize("folder", [".", "tests/typescript", "tests/axe"])
def test_the_npm_packages_are_locked_without_naming_a_registry(folder):
    lock = json.loads((ROOT / folder / "package-lock.json").read_text())["packages"]
    wanted = json.loads((ROOT / folder / "package.json").read_text())["dependencies"]
    assert {name: lock[f"node_modules/{name}"]["version"] for name in wanted} == wanted
    assert [name for name, entry in lock.items() if "resolved" in entry] == []


# --- Documents ----------------------------------------------------------------------------------

DOCUMENTS = [
    *("README.md", "CONTRIBUTING.md", "SECURITY.md", "docs/README.md", "docs/ARCHITECTURE.md"),
    *("docs/GLOSSARY.md", "docs/API.md", "docs/OPERATIONS.md"),
]


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def is_defined(place: str) -> bool:
    """Whether a file defines this function or class, for example `bills/forms.py::PayForm`."""
    file, _, name = place.partition("::")
    if not (ROOT / file).exists():
        return False
    tree = ast.parse(text_of(file))
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return any(isinstance(node, kinds) and node.name == name for node in tree.body)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_file_and_function_named_in_the_docs_exists(name):
    spans = re.findall(
        r"`([\w./-]+\.(?:py|yml|toml|txt|lock|md|json|sh)(?:::\w+)?)`", text_of(name)
    )
    # A running instance creates DATA_DIR/….
    files = {span for span in spans if "::" not in span and not span.startswith("DATA_DIR/")}
    assert [file for file in sorted(files) if not (ROOT / file).exists()] == []
    places = {span for span in spans if "::" in span}
    assert [place for place in sorted(places) if not is_defined(place)] == []


def test_decision_pages_have_numbers_of_their_own():
    numbers = [page.name[:4] for page in (ROOT / "docs/decisions").glob("*.md")]
    assert len(numbers) == len(set(numbers))
