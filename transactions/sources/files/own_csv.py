"""The CSV file we write ourselves (transactions/exports.py): its columns, known when read again."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from transactions.sources.files.csv_mapping import CsvMapping

# What a column is to the importer; "" is for people alone.
COLUMNS = {
    "Date": "txn_date",
    "Amount": "amount",
    "Currency": "currency",
    "Description": "description",
    "Merchant": "merchant",
    "Category": "category",
    "Tags": "",
    "Notes": "notes",
    "Account": "",
    "Status": "status",
    "Booked on": "posted_date",
    "Bank's id": "external_id",
}
HEADINGS = tuple(COLUMNS)


def own_mapping(headings: Sequence[str], days: Sequence[str]) -> CsvMapping | None:
    """How our own export is read, with certainty; None for any other table.

    A program that saved it again may have written the days its own way: then it is any table.
    """
    if tuple(headings) != HEADINGS or not all(_is_iso(day) for day in days):
        return None
    places: dict[str, Any] = {role: place for place, role in enumerate(COLUMNS.values()) if role}
    description = (places.pop("description"),)
    return CsvMapping(
        **places,
        description=description,
        date_format="%Y-%m-%d",
        sign_convention="signed",
        decimal_mark=".",
    )


def _is_iso(text: str) -> bool:
    try:
        return len(text) == 10 and bool(date.fromisoformat(text))
    except ValueError:
        return False
