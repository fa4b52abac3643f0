"""Stream transactions as a CSV file of any size that our importer can read back.

Text that a spreadsheet would treat as a formula gets a leading apostrophe. Amounts stay signed
numbers with the digits of their currency.
"""

import csv
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Any

from django.http import StreamingHttpResponse

from accounts.names_apart import names_apart
from banking.kernel.money import plain_amount
from transactions.export_lines import ExportedLine, OwnersCategories, export_lines
from transactions.models import TransactionQuerySet
from transactions.sources.files.own_csv import HEADINGS, neutralized, packed
from users.models import User

# Excel needs this byte order mark to read the file as UTF-8.
BYTE_ORDER_MARK = "\ufeff"


class _Line:
    """A file object for csv.writer that returns each line."""

    def write(self, text: str) -> str:
        return text


def csv_answer(rows: TransactionQuerySet, user: User, on: date) -> StreamingHttpResponse:
    """A response that streams the file."""
    answer = StreamingHttpResponse(csv_lines(rows, user), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="transactions-{on}.csv"'
    answer["Cache-Control"] = "private, no-store"
    return answer


def csv_lines(rows: TransactionQuerySet, user: User) -> Iterator[str]:
    """Yield the file in pieces, in the order of the rows. `user` is the person who exports it."""
    writer = csv.writer(_Line())
    categories, names = OwnersCategories(), names_apart(user)
    yield BYTE_ORDER_MARK + writer.writerow(HEADINGS)
    for lines in export_lines(rows, user):
        yield "".join(writer.writerow(_cells(line, categories, names)) for line in lines)


def _cells(
    line: ExportedLine, categories: OwnersCategories, names: Mapping[int, str]
) -> Iterable[Any]:
    """The cells in the order of HEADINGS."""
    name = names.get(line.account_id, line.account_name)
    category = categories.label_of(line.user_id, line.category_id)
    words = (line.description, line.merchant, category, packed(line.tags), line.notes)
    return (
        *(line.txn_date.isoformat(), plain_amount(line.signed_amount, line.currency)),
        line.currency,
        *map(neutralized, words),
        *(neutralized(name), line.status.capitalize()),
        line.posted_date.isoformat() if line.posted_date else "",
        neutralized(line.external_id),
        plain_amount(line.counted, line.currency),
        neutralized(_parts_cell(line, categories)),
        *(line.pk, line.transfer_with or "", line.last_four),
    )


def _parts_cell(line: ExportedLine, categories: OwnersCategories) -> str:
    """One line for each part: category, amount, note."""
    return "\n".join(
        packed(
            (
                categories.label_of(line.user_id, part.category_id),
                plain_amount(part.signed_amount, line.currency),
                *([part.notes] if part.notes else []),
            )
        )
        for part in line.parts
    )
