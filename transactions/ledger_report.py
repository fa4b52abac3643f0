"""The result of a ledger check: for each invariant, the rows that violate it."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

from django.db.models import QuerySet

# The maximum number of violations listed for each invariant. The counts are complete.
MOST_LISTED = 100
CHUNK = 2_000


@dataclass(frozen=True, slots=True)
class Violation:
    """One row that violates an invariant, with its stored and expected values."""

    table: str
    id: int | None
    problem: str
    account: int | None = None
    stored: str = ""
    expected: str = ""


@dataclass(slots=True)
class Invariant:
    """The number of rows checked and of violations, and the first violations."""

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
    """The result of a check, by invariant."""

    invariants: list[Invariant]

    @property
    def violation_count(self) -> int:
        return sum(invariant.violation_count for invariant in self.invariants)

    @property
    def is_clean(self) -> bool:
        return self.violation_count == 0

    def as_dict(self) -> dict[str, Any]:
        """The report as a JSON-serializable dictionary."""
        return {
            "ok": self.is_clean,
            "violation_count": self.violation_count,
            "invariants": {
                invariant.name: {
                    "rule": invariant.rule,
                    "checked": invariant.checked_count,
                    "violation_count": invariant.violation_count,
                    "violations": [asdict(violation) for violation in invariant.violations],
                }
                for invariant in self.invariants
            },
        }


def counting(rows: QuerySet, invariant: Invariant) -> Iterator[Any]:
    """Yield the rows and count them as checked."""
    for row in rows.iterator(chunk_size=CHUNK):
        invariant.checked_count += 1
        yield row
