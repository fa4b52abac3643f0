"""Import contracts for import-linter, derived from one list of apps.

`[tool.banking] apps` in pyproject.toml lists the apps from the top down. The rest follows from the
folders, so every module of every app has a layer, including new ones. `python -m tests.contracts`
checks the contracts.
"""

import json
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LAYERS: list[str] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"][
    "banking"
]["apps"]
# From the top down; "budgets | bills" are siblings.
APPS = [app.strip() for layer in LAYERS for app in layer.split("|")]
# The layers inside an app, from the top down. `:` separates modules that may import each other.
# Layers an app does not have are left out. All other modules lie between forms and models.
DOORS = (
    ("apps",),
    ("urls", "factor_urls"),
    ("middleware",),
    ("admin", "api", "management", "views", "factor_views"),
    ("dispatching",),
    ("tasks",),
    ("forms", "factor_forms", "filters"),
)
MODELS = ("models",)
# Pure functions that the models use too.
BELOW_MODELS = ("timezones",)
NOT_LAYERED = ("migrations", "tests")
# The parts of `banking` that apps may import.
OPEN_TO_APPS = ("kernel", "limits")
TESTS = "*.tests.* -> banking.*"


def modules_in(package: str) -> list[str]:
    """The names of the modules and packages directly inside a package."""
    folder = ROOT / package.replace(".", "/")
    files = [path.stem for path in folder.glob("*.py") if path.stem != "__init__"]
    return sorted(files + [path.parent.name for path in folder.glob("*/__init__.py")])


def layers_of(app: str) -> list[str]:
    """The layers of one app. Every module of the app is in one of them."""
    there = [name for name in modules_in(app) if name not in NOT_LAYERED]
    named = {name for layer in (*DOORS, MODELS, BELOW_MODELS) for name in layer}
    inner = [name for name in there if name not in named]
    found = [[name for name in there if name in layer] for layer in DOORS]
    found.append(inner)
    found += [[name for name in there if name in layer] for layer in (MODELS, BELOW_MODELS)]
    return [" : ".join(layer) for layer in found if layer]


def others(*names: str) -> list[str]:
    """The modules of `banking` except these."""
    return [f"banking.{name}" for name in modules_in("banking") if name not in names]


def contracts() -> list[dict[str, object]]:
    """Every contract in the form import-linter reads."""
    files = "transactions.sources.files"
    return [
        {
            "name": "Apps import downwards only; siblings ignore each other",
            "type": "layers",
            "layers": LAYERS,
        },
        _forbidden(
            "The kernel knows no app, and nothing of banking outside itself",
            ["banking.kernel"],
            [*APPS, *others("kernel")],
        ),
        _forbidden(
            "The launcher knows the kernel only",
            ["banking.launcher"],
            [*APPS, *others("kernel", "launcher")],
        ),
        _forbidden(
            "The limits know nothing of ours", ["banking.limits"], [*APPS, *others("limits")]
        ),
        _forbidden(
            "Apps know the kernel and the limits of banking, and nothing else of it",
            APPS,
            others(*OPEN_TO_APPS),
            # Migrations install the schedule.
            ignore_imports=["users.management.commands.migrate -> banking.beat", TESTS],
        ),
        _forbidden(
            "Reading files is a library of its own: nothing of ours, and no Django",
            [files],
            [
                *("banking", "django", *(app for app in APPS if app != "transactions")),
                *(
                    f"transactions.{module}"
                    for module in modules_in("transactions")
                    if module != "sources"
                ),
                *(
                    f"transactions.sources.{module}"
                    for module in modules_in("transactions.sources")
                    if module != "files"
                ),
            ],
            # It knows Babel only, and the kernel's own reading of languages needs it too.
            ignore_imports=[f"{files}.* -> banking.kernel.passing_locales"],
        ),
        *(
            {
                "name": f"Inside {app}: doors, then forms, then what the app does, then its models",
                "type": "layers",
                "containers": [app],
                "layers": layers_of(app),
                "exhaustive": True,
                "exhaustive_ignores": list(NOT_LAYERED),
            }
            for app in APPS
        ),
        {
            "name": "No circles: neither between modules nor between folders",
            "type": "acyclic_siblings",
            "ancestors": ["banking", *APPS],
        },
    ]


def _forbidden(name: str, sources: list[str], targets: list[str], **more: object) -> dict:
    return {
        "name": name,
        "type": "forbidden",
        "source_modules": sources,
        "forbidden_modules": sorted(targets),
        "allow_indirect_imports": False,
        **more,
    }


def main() -> int:
    """Write the contracts to import-linter's configuration and run it."""
    options = {"root_packages": ["banking", *APPS], "include_external_packages": True}
    with tempfile.TemporaryDirectory(prefix="banking-imports-") as folder:
        config = Path(folder) / "importlinter.toml"
        lines = ["[tool.importlinter]", *_toml(options)]
        for contract in contracts():
            lines += ["[[tool.importlinter.contracts]]", *_toml(contract)]
        config.write_text("\n".join(lines), encoding="utf-8")
        command = [Path(sys.executable).parent / "lint-imports", "--config", str(config)]
        return subprocess.run(command, cwd=ROOT).returncode


def _toml(options: dict[str, object]) -> list[str]:
    # JSON strings, lists and booleans are also valid TOML.
    return [f"{name} = {json.dumps(value)}" for name, value in options.items()]


if __name__ == "__main__":
    sys.exit(main())
