"""Check the types of all our packages: `python -m tests.typing_check [mypy options]`."""

import subprocess
import sys

from tests.contracts import APPS, ROOT


def command(*options: str) -> list[str]:
    """The mypy command for the project and its apps. pyproject.toml sets how strict it is."""
    return [sys.executable, "-m", "mypy", *options, "banking", *APPS]


if __name__ == "__main__":
    sys.exit(subprocess.run(command(*sys.argv[1:]), cwd=ROOT).returncode)
