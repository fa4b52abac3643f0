"""How a message leaves the house: one module per channel, and what each answers."""

from dataclasses import dataclass
from enum import Enum


class Result(Enum):
    """What became of one attempt. Only RETRY is tried again by itself."""

    SENT = "sent"
    SKIPPED = "skipped"
    RETRY = "retry"
    FAILED = "failed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an attempt, in the provider's words; `is_down`: nobody there for any message."""

    result: Result
    answer: str
    provider_id: str = ""
    is_down: bool = False
