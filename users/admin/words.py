"""What fields are called on the staff site: columns, filters, forms and exported files.

The code's names follow the code's rules (`created_at`, `is_read`, `added_count`), and Django makes
labels of them. One place turns them into people's words, for every list there is or will be.
"""

from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import capfirst

register = template.Library()
_EXACT = {
    "account ids": "accounts",
    "amount, money in positive": "amount (money in is positive)",
    "attr": "other fields",
    "auto pay error": "automatic payment failed",
    "balance on": "balance as of",
    "bill ids": "bills",
    "body hash": "hash of the request",
    "budget ids": "budgets",
    "byte count": "size in bytes",
    "claimed at": "sending since",
    "clock time": "moment",
    "clocked": "moment",
    "content type": "file type",
    "covers from": "first day",
    "covers to": "last day",
    "cron timezone": "time zone",
    "crontab": "calendar",
    "currency of that value": "currency of a point's value",
    "day(s) of the month": "days of the month",
    "day(s) of the week": "days of the week",
    "dedupe key": "key",
    "done count": "rows done",
    "duplicate count": "duplicates",
    "expires datetime": "expires",
    "expires timedelta with seconds": "expires after (seconds)",
    "external id": "bank's ID",
    "failed count": "failures in a row",
    "file size": "size in bytes",
    "hour(s)": "hours",
    "ids": "objects",
    "in": "money in",
    "inflow": "money in",
    "interval period": "unit",
    "invalid count": "invalid",
    "ip": "IP address",
    "is inflow": "money in",
    "known on": "known since",
    "last answer": "last result",
    "last four": "last four digits",
    "last run datetime": "last run",
    "left": "left alone",
    "left count": "left alone",
    "locale": "region",
    "masked account": "bank and number",
    "merchant key": "merchant, as compared",
    "minute(s)": "minutes",
    "model": "kind of object",
    "month(s) of the year": "months of the year",
    "needs owner": "needs the owner",
    "next sync at": "next sync",
    "number of periods": "every",
    "occurred on": "date",
    "out": "money out",
    "outflow": "money out",
    "outflow count": "payments out",
    "params": "parameters",
    "persistent id": "bank's lasting ID",
    "posted date": "booked",
    "provider id": "provider's ID",
    "rate on": "rate of",
    "raw": "as in the file",
    "read count": "lines read",
    "recipient": "customer",
    "review count": "to review",
    "row count": "rows",
    "sha256": "SHA-256",
    "shared ids": "shared accounts",
    "signed amount": "amount",
    "slug": "name in links",
    "sms": "SMS",
    "start datetime": "starts",
    "target id": "object number",
    "target key": "about",
    "target type": "kind of object",
    "task name": "task",
    "timezone": "time zone",
    "total count": "rows in all",
    "total run count": "runs",
    "transaction count": "transactions",
    "txn date": "date",
    "updated at": "changed",
    "user": "customer",
    "visited at": "last visit",
    "visited before at": "visit before",
    "why": "reason",
}


@register.filter
def staff_label(text: str) -> str:
    """A field's label as staff read it, in lower case: "created", "IP address", "read"."""
    if "<" in text:
        return text  # The box that chooses all rows.
    words = str(text).strip()
    if words.lower() in _EXACT:
        return _EXACT[words.lower()]
    words = " ".join(word if word.isupper() else word.lower() for word in words.split())
    words = words.removeprefix("is ")
    for ending in (" at", " on", " count"):
        words = words.removesuffix(ending)
    return f"{words[:-3]} ID" if words.endswith(" id") else words


@register.filter
def with_labels(cells: list[str], headers: list[dict[str, Any]]) -> list[SafeString]:
    """The cells of a row in Django's admin, each with its heading for narrow screens."""
    labeled = []
    for cell, header in zip(cells, headers, strict=False):
        text = "" if "<" in str(header["text"]) else capfirst(staff_label(header["text"]))
        label = format_html(' data-label="{}"', text)
        # A cell begins with "<td" or "<th".
        labeled.append(mark_safe(f"{cell[:3]}{label}{cell[3:]}"))
    return labeled
