"""The check of the whole ledger: what each app proves about its own rows, in one report."""

from bills.bill_check import check_bills
from insights.promises import check_promises
from rewards.points_check import check_points
from transactions.ledger_check import check_ledger
from transactions.ledger_report import LedgerReport


def check_whole_ledger() -> LedgerReport:
    """Every balance, total, program's points and bill payment, recomputed; and that everything
    happened once and is on record.
    """
    report = check_ledger()
    report.invariants.extend([check_points(), check_bills(), *check_promises()])
    return report
