"""Prints the result for each real statement file at the end of the test run."""

import json
from collections import Counter
from collections.abc import Iterable
from typing import Any

KEY = "statement_files"
EXACT, EMPTY, PART, REFUSED = "exact", "no lines", "in part", "refused"
RESULTS = (EXACT, EMPTY, PART, REFUSED)


def as_property(outcomes: Iterable[tuple[str, str, str]]) -> tuple[str, str]:
    """Report (file, result) pairs as a property of the test's report.

    Properties travel from any test worker to the process that prints.
    """
    return KEY, json.dumps(list(outcomes))


def show(reporter: Any) -> None:
    """A summary by format, then every file that wasn't read exactly, and why."""
    reports = (report for found in reporter.stats.values() for report in found)
    outcomes = sorted(outcome for report in reports for outcome in _outcomes(report))
    if not outcomes:
        return
    reporter.section("real statement files", sep="-")
    reporter.write_line(f"{'format':8}{'files':>8}" + "".join(f"{name:>10}" for name in RESULTS))
    kinds: dict[str, Counter[str]] = {}
    for name, result, _ in outcomes:
        kinds.setdefault(name.partition("/")[0], Counter())[result] += 1
    for kind, counts in kinds.items():
        cells = "".join(f"{counts[name]:>10}" for name in RESULTS)
        reporter.write_line(f"{kind:8}{counts.total():>8}{cells}")
    reporter.write_line("exact: every line, and the sum where one is known")
    for name, result, words in outcomes:
        if result != EXACT:
            reporter.write_line(f"  {name}: {words}")


def _outcomes(report: Any) -> list[list[str]]:
    if getattr(report, "when", "") != "call":
        return []
    return [
        outcome
        for key, value in report.user_properties
        if key == KEY
        for outcome in json.loads(value)
    ]
