"""The words for the notices of an import, in the reader's language and formats.

A batch stores each notice as a code with values (`sources/files/notices.py`). Sentences stored by
earlier versions are shown as they are.
"""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext, ngettext_lazy

from banking.kernel.formats import date_format, number
from banking.kernel.money import format_money
from banking.kernel.region import written_tag

# By `NoticeCode`. A count chooses the form by `count` and is written as `number`.
SENTENCES: dict[str, Any] = {
    "no_transactions": _("This %(format)s file contains no transactions."),
    "investments_only": _("It is an investment statement, of which only cash lines are imported."),
    "bank_message": _("The bank's message: “%(message)s”."),
    "several_currencies": _("This file contains several currencies: %(currencies)s."),
    "not_connected": _(
        "The statements in this file don't connect: one closes with %(closing)s, the next opens"
        " with %(opening)s."
    ),
    "interim_report": _(
        "This is an interim report (MT942). The day's final statement comes later."
    ),
    "information_lines": ngettext_lazy(
        "%(number)s line for information only (status INFO), not booked: left out.",
        "%(number)s lines for information only (status INFO), not booked: left out.",
        "count",
    ),
    "investment_lines": ngettext_lazy(
        "%(number)s investment line skipped; only cash is imported.",
        "%(number)s investment lines skipped; only cash is imported.",
        "count",
    ),
    "securities_lines": ngettext_lazy(
        "%(number)s investment line (purchases, sales, transfers of securities) skipped; only"
        " cash lines are imported.",
        "%(number)s investment lines (purchases, sales, transfers of securities) skipped; only"
        " cash lines are imported.",
        "count",
    ),
    "correction_lines": ngettext_lazy(
        "%(number)s line correcting an earlier file; check the lines of that file too.",
        "%(number)s lines correcting an earlier file; check the lines of that file too.",
        "count",
    ),
    "positive_debits": ngettext_lazy(
        "%(number)s line labeled as debit but positive, which in this format means money in."
        " Check its direction.",
        "%(number)s lines labeled as debit but positive, which in this format means money in."
        " Check their direction.",
        "count",
    ),
    "opening_lines": ngettext_lazy(
        "%(number)s line called “Opening Balance” read like any other. Leave it out if the"
        " account already has its opening balance.",
        "%(number)s lines called “Opening Balance” read like any other. Leave them out if the"
        " account already has its opening balance.",
        "count",
    ),
    "last_record_open": _("The last record has no “^” at its end; the file may be cut short."),
    "ofx_not_closed": _("The file ends before its closing </OFX>; lines may be missing."),
    "one_sheet": _("Only the sheet “%(sheet)s” is read; left out: %(others)s."),
    "encoding_guessed": _(
        "The file was read as %(encoding)s, but %(others)s would fit almost as well. If accented"
        " letters look wrong, choose another encoding under “Match columns”."
    ),
    "open_question": _("%(question)s"),
    "foreign_lines": _("The file has lines in %(currencies)s; %(account)s is in %(currency)s."),
    "other_accounts": _(
        "The file also has lines from other accounts, which are not imported: %(parts)s."
    ),
    "opening_unknown": _(
        "The file doesn't say what %(account)s held before its first line, so the new account"
        " starts at 0. You can change its opening balance under Accounts."
    ),
    "balance_gap": _(
        "The file's opening balance %(opening)s plus its lines (%(total)s) doesn't equal its"
        " closing balance %(closing)s: %(gap)s is missing."
    ),
    "not_listed": _("The bank no longer lists %(description)s, %(amount)s on %(on)s."),
    "more_not_listed": ngettext_lazy(
        "The bank no longer lists %(number)s more transaction of these days.",
        "The bank no longer lists %(number)s more transactions of these days.",
        "count",
    ),
    "pending_not_listed": _(
        "The bank no longer lists the pending line %(description)s, %(amount)s on %(on)s."
    ),
    "more_pending_not_listed": ngettext_lazy(
        "The bank no longer lists %(number)s more pending line of these days.",
        "The bank no longer lists %(number)s more pending lines of these days.",
        "count",
    ),
    "still_pending": _(
        "%(description)s, %(amount)s, has been pending since %(on)s. This file doesn't list it as"
        " posted. Delete it if it was canceled or posted with another amount."
    ),
}
_AMOUNTS = frozenset(["amount", "opening", "closing", "total", "gap"])


def notice_text(stored: Mapping[str, Any] | str) -> str:
    """The notice in the reader's language and formats; a stored sentence as it is."""
    if isinstance(stored, str):
        return stored
    values = stored["values"]
    return str(SENTENCES[stored["code"]] % {**values, **_written(values)})


def _written(values: Mapping[str, Any]) -> dict[str, str]:
    """The values that are written differently from how they are stored, in words."""
    written: dict[str, str] = {}
    currency = values.get("currency", "")
    for name, value in values.items():
        if name in _AMOUNTS:
            written[name] = _amount(Decimal(value), currency)
        elif name == "on":
            written[name] = date_format(date.fromisoformat(value), "j F Y")
        elif name == "count":
            written["number"] = number(value)
        elif name == "parts":
            written[name] = ", ".join(_part(part, count) for part, count in value)
        elif isinstance(value, list):
            written[name] = ", ".join(value)
    return written


def _amount(amount: Decimal, currency: str) -> str:
    """With its sign for the currency, where the file names one."""
    if currency:
        return format_money(amount, currency, written_tag())
    return number(amount, max(2, -int(amount.as_tuple().exponent)), is_fixed=True)


def _part(name: str, count: int) -> str:
    words = ngettext("%(part)s (%(number)s line)", "%(part)s (%(number)s lines)", count)
    return words % {"part": name, "number": number(count)}
