"""What running processes take, on Linux."""

import re
from pathlib import Path


def processes(pid: int) -> list[int]:
    """A process and its children."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(found for child in children for found in processes(int(child)))]


def memory_mib(pid: int) -> int:
    """The memory of a process and its children. Proportional: what is shared counts once."""
    rollups = [Path(f"/proc/{one}/smaps_rollup").read_text() for one in processes(pid)]
    found = [re.search(r"^Pss:\s+(\d+)", text, re.M) for text in rollups]
    return sum(int(match[1]) for match in found if match) // 1024
