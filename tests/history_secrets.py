"""Look for secrets in every line that was ever committed: part of `make check`.

It knows the shapes of keys that others issue and of private keys, and the names of files that hold
secrets. A password that looks like any other word it cannot know. Exits 0 if there is none.
"""

import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SHAPES = (
    r"-----BEGIN [A-Z ]*PRIVATE KEY",
    r"AKIA[0-9A-Z]{16}",
    r"AIza[\w-]{35}",
    r"gh[pousr]_[A-Za-z0-9]{30,}|github_pat_\w{40,}",
    r"[rs]k_live_[A-Za-z0-9]{16,}",
    r"xox[abprs]-[A-Za-z0-9-]{10,}",
    # Those of mail and text messages.
    r"SG\.[\w-]{20,}\.[\w-]{20,}|\bAC[0-9a-f]{32}\b",
    # A signed token, and an address with a password in it.
    r"eyJ[\w-]{20,}\.eyJ[\w-]{20,}",
    r"://\w+:[^@/\s{$<\"']{12,}@",
)
SECRET = re.compile("|".join(SHAPES))
FILES = re.compile(r"(^|/)(\.env|id_(rsa|ed25519)|[^/]*\.(pem|key|p12|pfx|sqlite3))$")


def secrets_in(lines: Iterable[str]) -> list[str]:
    """Lines of `git log -p` that add a secret, or a file that holds some."""
    added = (line for line in lines if line.startswith("+"))
    return [
        line[:120]
        for line in added
        if SECRET.search(line) or (line.startswith("+++ b/") and FILES.search(line.rstrip()))
    ]


def main() -> int:
    log = ["git", "log", "--all", "--patch", "--unified=0", "--no-color", "--no-ext-diff"]
    with subprocess.Popen(log, cwd=ROOT, stdout=subprocess.PIPE, text=True, errors="replace") as of:
        found = secrets_in(of.stdout or ())
    if of.returncode:
        sys.stdout.write("There is no history here to look through.\n")
    for line in found:
        sys.stdout.write(f"{line}\n")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
