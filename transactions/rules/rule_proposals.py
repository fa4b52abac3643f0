"""Propose a rule from a category chosen by hand, so that similar transactions are found."""

from dataclasses import dataclass

import re2

from banking.kernel.fields import folded
from banking.limits import PATTERN_LENGTH
from transactions.models import Transaction
from transactions.rules.merchants import clean_merchant
from transactions.rules.rule_book import Line
from transactions.rules.suggestions import suggester_for

SHORTEST_WORD = 3
# Register and receipt numbers differ each time; “7 Eleven” does not.
_LEADING_NUMBER = re2.compile(r"^(?:\d{3,} )+")


@dataclass(frozen=True, slots=True)
class RuleProposal:
    """The pattern to find similar transactions; one of the two is empty."""

    keyword_pattern: str = ""
    merchant_pattern: str = ""


def propose_rule(row: Transaction) -> RuleProposal:
    """The clean merchant name if the bank's text contains it, or else a pattern on the merchant."""
    text = folded(" ".join(row.description.split()))
    for name in (row.merchant, clean_merchant(row.description)):
        words = _LEADING_NUMBER.sub("", " ".join(name.split()))
        if len(words) >= SHORTEST_WORD and folded(words) in text:
            return RuleProposal(keyword_pattern=words[:PATTERN_LENGTH])
    if row.merchant:
        return RuleProposal(merchant_pattern=f"^{re2.escape(row.merchant)}$"[:PATTERN_LENGTH])
    return RuleProposal(keyword_pattern=" ".join(row.description.split())[:PATTERN_LENGTH])


def is_worth_a_rule(row: Transaction) -> bool:
    """Whether the category was chosen by hand and none of the owner's rules would assign it."""
    if row.category_id is None or row.category_source != Transaction.CategorySource.MANUAL:
        return False
    line = Line(row.description, row.merchant, row.account_id, abs(row.signed_amount))
    suggestion = suggester_for(row.user_id).suggest(line, is_inflow=row.signed_amount > 0)
    return suggestion.rule_id is None or suggestion.category_id != row.category_id
