"""Which transactions a bank means by its IDs.

A bank may give a line another ID: when it is booked, or after a new link. The latest one that a
source reported for a transaction counts.
"""

from collections.abc import Collection

from accounts.models import Account
from banking.kernel.bulk import batched
from transactions.models import BankLine, Transaction

IDS_AT_ONCE = 500


def rows_named(account: Account, source: str, ids: Collection[str]) -> dict[str, int]:
    """{ID: transaction} for those of the IDs by which `source` last reported a transaction.

    The transactions may be in the trash.
    """
    found: dict[str, int] = {}
    for some in batched(sorted(set(ids) - {""}), IDS_AT_ONCE):
        lines = BankLine.objects.filter(account=account, source=source)
        rows = lines.filter(external_id__in=some).values("transaction")
        latest: dict[int, str] = {}
        reports = lines.filter(transaction__in=rows).exclude(external_id="").order_by("pk")
        latest.update(reports.values_list("transaction_id", "external_id"))
        wanted = set(some)
        found.update({pk: row for row, pk in latest.items() if pk in wanted})
    return found


def withdrawn_rows(account: Account, ids: Collection[str]) -> dict[str, int]:
    """{ID: transaction} of trashed bank lines that no source reports any more."""
    found: dict[str, int] = {}
    for some in batched(sorted(set(ids) - {""}), IDS_AT_ONCE):
        rows = Transaction.objects.filter(
            account=account,
            external_id__in=some,
            origin=Transaction.Origin.SYNC,
            bank_lines=None,
        ).exclude(deleted_at=None)
        found.update(rows.order_by("pk").values_list("external_id", "pk"))
    return found


def forget_reports(source: str, transaction_ids: Collection[int]) -> None:
    """The source no longer reports these transactions."""
    BankLine.objects.filter(source=source, transaction__in=transaction_ids).delete()
