"""Checks the types of every package of ours; `python -m tests.typing_check [mypy's options]`."""

import subprocess
import sys

from tests.contracts import APPS, ROOT


def command(*options: str) -> list[str]:
    """mypy over the project and its apps; pyproject.toml says how strictly."""
    return [sys.executable, "-m", "mypy", *options, "banking", *APPS]


if __name__ == "__main__":
    sys.exit(subprocess.run(command(*sys.argv[1:]), cwd=ROOT).returncode)
