"""Transactions as a CSV file that streams at any size and that our importer reads back.

Text a spreadsheet would take for a formula gets an apostrophe before it; amounts stay numbers,
signed, with the digits of their currency.
"""

import csv
from collections.abc import Iterable, Iterator
from datetime import date
from itertools import islice
from typing import Any

from django.http import StreamingHttpResponse

from banking.kernel.money import plain_amount
from transactions.models import Transaction, TransactionQuerySet
from transactions.sources.files.own_csv import HEADINGS

ROWS_AT_ONCE = 2_000
# Excel reads the file as UTF-8 only with this mark.
BYTE_ORDER_MARK = "\ufeff"
_FORMULA_STARTS = tuple("=+-@\t\r\n\x00＝＋－＠")
_COLUMNS = (
    *("pk", "txn_date", "signed_amount", "currency", "description", "merchant"),
    *("category__name", "notes", "account__name", "status", "posted_date", "external_id"),
)


class _Line:
    """A file for csv.writer that hands each line back."""

    def write(self, text: str) -> str:
        return text


def csv_answer(rows: TransactionQuerySet, on: date) -> StreamingHttpResponse:
    """The file, sent while it is read."""
    answer = StreamingHttpResponse(csv_lines(rows), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="transactions-{on}.csv"'
    answer["Cache-Control"] = "private, no-store"
    return answer


def csv_lines(rows: TransactionQuerySet) -> Iterator[str]:
    """The file line by line, in the rows' order; two queries for each few thousand rows at most."""
    writer = csv.writer(_Line())
    yield BYTE_ORDER_MARK + writer.writerow(HEADINGS)
    found = rows.prefetch_related(None).values_list(*_COLUMNS).iterator(chunk_size=ROWS_AT_ONCE)
    while piece := list(islice(found, ROWS_AT_ONCE)):
        tags = _tags_of([values[0] for values in piece])
        yield "".join(writer.writerow(_cells(values, tags)) for values in piece)


def _cells(values: tuple, tags: dict[int, list[str]]) -> Iterable[Any]:
    pk, on, amount, currency, text, merchant, category, notes, account, status, booked, bank_id = (
        values
    )
    words = (text, merchant, category or "", ", ".join(tags.get(pk, ())), notes, account)
    return (
        *(on.isoformat(), plain_amount(amount, currency), currency),
        *map(formula_safe, words),
        *(Transaction.Status(status).label, booked.isoformat() if booked else ""),
        formula_safe(bank_id),
    )


def formula_safe(text: str) -> str:
    """The text, with an apostrophe before what a spreadsheet would run as a formula."""
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA_STARTS) else text


def _tags_of(ids: list[int]) -> dict[int, list[str]]:
    links = Transaction.tags.through.objects.filter(transaction__in=ids).order_by("tag__name")
    found: dict[int, list[str]] = {}
    for transaction_id, name in links.values_list("transaction_id", "tag__name"):
        found.setdefault(transaction_id, []).append(name)
    return found
