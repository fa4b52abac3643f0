"""`make check`: every check of the code that does not run the tests."""

import os
import secrets
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests import servers, typing_check

BIN = Path(sys.executable).parent
# Long files are listed, not rejected: the subject decides where code lives.
LONG_FILE = 500


def checks(data_dir: str) -> dict[str, tuple[list[str | Path], dict[str, str]]]:
    """Each check by name, with its command and environment variables."""
    production = {
        "SECRET_KEY": secrets.token_urlsafe(64),
        "JWT_SIGNING_KEY": secrets.token_urlsafe(64),
        "FIELD_ENCRYPTION_KEY": secrets.token_urlsafe(64),
        "DATA_DIR": data_dir,
        "READ_DOT_ENV": "false",
        "LOG_LEVEL": "ERROR",
    }
    manage = [sys.executable, "manage.py"]
    templates = _tracked("*.html")
    found = {
        "format": ([BIN / "ruff", "format", "--check", "."], {}),
        "lint": ([BIN / "ruff", "check", "."], {}),
        "imports": ([sys.executable, "-m", "tests.contracts"], {}),
        "types": (typing_check.command(), {}),
        "migrations": ([*manage, "makemigrations", "--check", "--dry-run"], production),
        "deployment": ([*manage, "check", "--deploy", "--fail-level", "WARNING"], production),
        "security": (
            [BIN / "bandit", "-q", "-ll", "-r", ".", "-c", "pyproject.toml"],
            {},
        ),
    }
    found["secrets"] = ([sys.executable, "-m", "tests.history_secrets"], {})
    if templates:
        found["templates"] = ([BIN / "djade", "--target-version", "5.2", "--check", *templates], {})
    if "CI" not in os.environ:
        # Queries the package index for known vulnerabilities. Not every build has access, and none
        # should hang.
        audit = [BIN / "pip-audit", "--progress-spinner", "off", "--timeout", "10", "--no-deps"]
        found["known holes"] = ([*audit, "--disable-pip", "-r", "requirements.txt"], {})
    return found


def main() -> int:
    failed = []
    with tempfile.TemporaryDirectory(prefix="banking-check-") as data_dir:
        for name, (command, environment) in checks(data_dir).items():
            started = time.monotonic()
            result = subprocess.run(
                command,
                env=servers.environment_without_settings() | environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
            )
            verdict = "failed" if result.returncode else "ok"
            _say(f"{name:<12} {verdict} ({time.monotonic() - started:.1f} s)")
            if result.returncode:
                failed.append(name)
                _say((result.stdout + result.stderr).strip() + "\n")
    for path, lines in _long_files():
        _say(f"long file    {path} ({lines} lines)")
    if failed:
        _say(
            f"Not in order: {', '.join(failed)}. `make format` mends what can be mended by itself."
        )
    return int(bool(failed))


def _long_files() -> list[tuple[str, int]]:
    lengths = [
        (path, len(Path(path).read_text(encoding="utf-8").splitlines()))
        for path in _tracked("*.py")
        if not {"tests", "migrations"} & set(Path(path).parts)
    ]
    return [(path, lines) for path, lines in lengths if lines > LONG_FILE]


def _tracked(pattern: str) -> list[str]:
    """Tracked files of that type, without the virtual environment and npm packages."""
    folders = [p for p in Path().iterdir() if p.is_dir() and p.name[0] != "."]
    ours = [p for p in folders if p.name not in {"node_modules", "var", "staticfiles"}]
    return sorted(str(file) for folder in ours for file in folder.rglob(pattern))


def _say(sentence: str) -> None:
    sys.stdout.write(f"{sentence}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
