"""Match transactions against a person's rules, in time linear in the text for any pattern.

All patterns of all rules form one automaton (RE2 sets), so 5,000 rules cost little more than 50 and
no pattern can hang a worker. Results are cached by text, so a recurring text is matched only once.
"""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Protocol

import re2
from django.core.exceptions import ValidationError

from banking.kernel.fields import folded
from banking.limits import PATTERN_LENGTH, PATTERN_PROGRAM, RULE_BOOK_PROGRAM

_MEMORY = 10_000


class Rule(Protocol):
    """A rule as the matcher needs it. All its conditions must match, and at least one pattern is
    set.
    """

    pk: int
    category_id: int
    keyword_pattern: str
    merchant_pattern: str
    account_id: int | None
    amount_min: Decimal | None
    amount_max: Decimal | None


@dataclass(frozen=True, slots=True)
class Line:
    """The values a rule checks: the original texts, and the positive amount in the account's
    currency.
    """

    description: str
    merchant: str
    account_id: int
    amount: Decimal


def compile_pattern(pattern: str) -> "re2._Regexp":
    """Compile a pattern, ignoring case. Raises ValidationError with the compiler's message."""
    if len(pattern) > PATTERN_LENGTH:
        raise ValidationError(f"A pattern can have at most {PATTERN_LENGTH} characters.")
    try:
        compiled = re2.compile(pattern, _options())
    except re2.error as error:
        reason = error.args[0]
        text = reason.decode(errors="replace") if isinstance(reason, bytes) else str(reason)
        raise ValidationError(f"This pattern isn't valid: {text}.", code="bad_pattern") from error
    if compiled.programsize > PATTERN_PROGRAM:
        raise ValidationError(
            "This pattern is too complex. Use fewer repetitions or classes such as \\pL.",
            code="pattern_too_large",
        )
    return compiled


def refuse_heavy_patterns(patterns: Iterable[str]) -> None:
    """Raise ValidationError if patterns that are acceptable on their own are too large together."""
    total = 0
    for pattern in patterns:
        total += _program_size(pattern)
        if total > RULE_BOOK_PROGRAM:
            raise ValidationError(
                "Your patterns are too complex in total. Simplify or delete some.",
                code="patterns_too_large",
            )


@lru_cache(maxsize=20_000)
def _program_size(pattern: str) -> int:
    return re2.compile(pattern, _options()).programsize


def _options() -> re2.Options:
    options = re2.Options()
    options.case_sensitive = False
    options.log_errors = False
    options.max_mem = 64 << 20
    return options


class _PatternSet:
    """Finds which of many patterns match a text, in one pass.

    Patterns that are too large for one automaton are distributed over several.
    """

    def __init__(self, patterns: Iterable[tuple[int, str]]) -> None:
        self._parts = list(_automata(list(patterns)))

    def __len__(self) -> int:
        return len(self._parts)

    def found_in(self, text: str) -> frozenset[int]:
        if not self._parts or not text:
            return frozenset()
        return frozenset(
            positions[index]
            for automaton, positions in self._parts
            for index in automaton.Match(text) or ()
        )


def _automata(patterns: list[tuple[int, str]]) -> Iterator[tuple[re2.Set, list[int]]]:
    if not patterns:
        return
    automaton = re2.Set.SearchSet(_options())
    for _, pattern in patterns:
        automaton.Add(_lean(pattern))
    try:
        automaton.Compile()
    except re2.error:
        if len(patterns) == 1:
            raise
        middle = len(patterns) // 2
        yield from _automata(patterns[:middle])
        yield from _automata(patterns[middle:])
        return
    yield automaton, [position for position, _ in patterns]


def _lean(pattern: str) -> str:
    """Remove a leading “.*”: it has no effect on a search but makes a set a thousand times
    slower.
    """
    while pattern.startswith(".*") and not pattern.startswith((".*?", ".*+", ".**")):
        if "|" in pattern:
            return pattern
        pattern = pattern[2:]
    return pattern


class RuleBook:
    """The active rules of one person, in order of precedence."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self._rules = list(rules)
        self._keywords = _PatternSet(
            (position, re2.escape(_as_searched(rule.keyword_pattern)))
            for position, rule in enumerate(self._rules)
            if rule.keyword_pattern
        )
        self._patterns = _PatternSet(
            (position, pattern)
            for position, rule in enumerate(self._rules)
            if rule.merchant_pattern
            for pattern in _with_and_without_accents(rule.merchant_pattern)
        )
        self._remembered: dict[tuple[str, str], list[Rule]] = {}

    @property
    def automaton_count(self) -> int:
        """The number of passes over a text: two, unless the patterns are very large."""
        return len(self._keywords) + len(self._patterns)

    def first_match(self, line: Line) -> Rule | None:
        """The first rule, in order of precedence, whose conditions all match the line."""
        if not self._rules:
            return None
        for rule in self._candidates(line.description, line.merchant):
            if _fits(rule, line):
                return rule
        return None

    def _candidates(self, description: str, merchant: str) -> list[Rule]:
        key = (description, merchant)
        known = self._remembered.get(key)
        if known is None:
            known = self._match_texts(description, merchant)
            if len(self._remembered) >= _MEMORY:
                self._remembered.clear()
            self._remembered[key] = known
        return known

    def _match_texts(self, description: str, merchant: str) -> list[Rule]:
        by_keyword = self._keywords.found_in(_as_searched(description))
        by_pattern: frozenset[int] = frozenset()
        for text in {merchant, description}:
            by_pattern |= self._patterns.found_in(text)
            if not text.isascii():
                by_pattern |= self._patterns.found_in(folded(text))
        return [
            self._rules[position]
            for position in sorted(by_keyword | by_pattern)
            if (not self._rules[position].keyword_pattern or position in by_keyword)
            and (not self._rules[position].merchant_pattern or position in by_pattern)
        ]


def _as_searched(text: str) -> str:
    """The text as keywords compare it, like the search: folded, with single spaces."""
    words = " ".join(text.split())
    return folded(words) or words


def _with_and_without_accents(pattern: str) -> set[str]:
    """The pattern, and if it has accents, one that matches texts without them."""
    if pattern.isascii():
        return {pattern}
    # Sign by sign, because folding an escape would change it: \S is not \s.
    plain = "".join(sign if sign.isascii() else folded(sign) for sign in pattern)
    with suppress(ValidationError):
        compile_pattern(plain)
        return {pattern, plain}
    return {pattern}


def _fits(rule: Rule, line: Line) -> bool:
    return (
        (rule.account_id is None or rule.account_id == line.account_id)
        and (rule.amount_min is None or line.amount >= rule.amount_min)
        and (rule.amount_max is None or line.amount <= rule.amount_max)
    )
