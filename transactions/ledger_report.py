"""What a check of the ledger says: invariant by invariant, which rows are off."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

from django.db.models import QuerySet

# What is listed of each invariant; the counts are always whole.
MOST_LISTED = 100
CHUNK = 2_000


@dataclass(frozen=True, slots=True)
class Violation:
    """One row that breaks an invariant, with what is stored and what it should be."""

    table: str
    id: int | None
    problem: str
    account: int | None = None
    stored: str = ""
    expected: str = ""


@dataclass(slots=True)
class Invariant:
    """How many rows were looked at, how many are off, and the first of those."""

    name: str
    rule: str
    checked_count: int = 0
    violation_count: int = 0
    violations: list[Violation] = field(default_factory=list)

    def add(self, violation: Violation) -> None:
        self.violation_count += 1
        if len(self.violations) < MOST_LISTED:
            self.violations.append(violation)


@dataclass(frozen=True, slots=True)
class LedgerReport:
    """What a check found, invariant by invariant."""

    invariants: list[Invariant]

    @property
    def violation_count(self) -> int:
        return sum(invariant.violation_count for invariant in self.invariants)

    @property
    def is_clean(self) -> bool:
        return self.violation_count == 0

    def as_dict(self) -> dict[str, Any]:
        """The report as JSON carries it."""
        return {
            "ok": self.is_clean,
            "violation_count": self.violation_count,
            "invariants": {
                one.name: {
                    "rule": one.rule,
                    "checked": one.checked_count,
                    "violation_count": one.violation_count,
                    "violations": [asdict(violation) for violation in one.violations],
                }
                for one in self.invariants
            },
        }


def counting(rows: QuerySet, invariant: Invariant) -> Iterator[Any]:
    """The rows, streamed and counted as looked at."""
    for row in rows.iterator(chunk_size=CHUNK):
        invariant.checked_count += 1
        yield row
