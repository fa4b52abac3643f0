"""Small statement files for import tests, and helpers to import them."""

from typing import Any

from django.utils import timezone

from accounts.models import Account
from transactions.models import ImportBatch, MonthlyTotal
from transactions.services.import_confirming import confirm_import
from transactions.services.importing import check_import, start_import

HEADER = "Date,Description,Amount,Currency"
MARCH = [
    "2026-03-02,Salary ACME,2500.00,EUR",
    "2026-03-03,Corner Café,-3.20,EUR",
    "2026-03-03,Corner Café,-3.20,EUR",
    "2026-03-17,Rent March,-800.00,EUR",
    "2026-03-28,Groceries 0456,-45.17,EUR",
]
# No machine can know whether 03/04 is in March or April.
AMBIGUOUS = b"Date,Description,Amount\n03/04/2026,Coffee,-3.20\n05/06/2026,Tea,-2.10\n"


def csv_of(lines: list[str], header: str = HEADER) -> bytes:
    return "\n".join([header, *lines, ""]).encode()


def checked(account: Account, content: bytes, **over: Any) -> ImportBatch:
    """Upload a file as the account's owner and check it."""
    batch = start_import(
        actor=account.user, account=account, file_name="march.csv", content=content, **over
    )
    return check_import(batch_id=batch.pk)


def imported(account: Account, content: bytes, **over: Any) -> ImportBatch:
    """Upload, check and confirm a file."""
    batch = checked(account, content, **over)
    return confirm_import(actor=account.user, batch_id=batch.pk, at=timezone.now())


def counts_of(batch: ImportBatch) -> dict[str, int]:
    """The import's counts, without zeros."""
    names = ("read", "added", "duplicate", "review", "skipped", "invalid")
    counts = {name: getattr(batch, f"{name}_count") for name in names}
    return {name: count for name, count in counts.items() if count}


def verdicts_of(batch: ImportBatch) -> list[str]:
    return list(batch.rows.order_by("id").values_list("verdict", flat=True))


def totals_of(account: Account) -> list[tuple]:
    return sorted(
        MonthlyTotal.objects.filter(account=account).values_list(
            "month", "category__slug", "inflow", "outflow", "transaction_count"
        ),
        key=str,
    )
