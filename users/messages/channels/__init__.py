"""Delivery channels, one module each, and their results."""

from dataclasses import dataclass
from enum import Enum


class Result(Enum):
    """The result of an attempt. Only RETRY is retried automatically."""

    SENT = "sent"
    SKIPPED = "skipped"
    RETRY = "retry"
    FAILED = "failed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result with the provider's words; `is_down`: the channel is
    unavailable for all messages.
    """

    result: Result
    answer: str
    provider_id: str = ""
    is_down: bool = False
