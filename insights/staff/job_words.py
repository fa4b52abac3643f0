"""What jobs are called, and what their results mean, in the words of those who watch them."""

import re

from insights.staff.figures import AUDIT_JOB, LEDGER_JOB

POINTS_CHECK = "rewards.tasks.check_points_nightly"
# By task: the names of the schedule belong to operators, who may change them.
NAMES = {
    LEDGER_JOB: "Ledger check",
    AUDIT_JOB: "Audit trail check",
    POINTS_CHECK: "Points check",
    "accounts.tasks.refresh_exchange_rates": "Exchange rates",
    "alerts.tasks.scan_for_alerts": "Alerts: full scan",
    "alerts.tasks.sweep_postings": "Alerts: new transactions",
    "bills.tasks.auto_pay_bills": "Bills: automatic payments",
    "bills.tasks.earn_for_scheduled_payments": "Points for scheduled payments",
    "bills.tasks.plan_bills_ahead": "Bills: plan ahead",
    "bills.tasks.purge_expired": "Empty the trash: bills",
    "bills.tasks.remind_of_bills": "Bills: reminders",
    "budgets.tasks.purge_expired": "Empty the trash: budgets",
    "insights.tasks.count_months": "Monthly counts",
    "insights.tasks.count_platform": "Platform figures",
    "insights.tasks.finish_erasures": "Finish erasures",
    "insights.tasks.make_export": "Create an export",
    "insights.tasks.purge_exports": "Delete expired exports",
    "insights.tasks.resume_exports": "Resume exports",
    "rewards.tasks.expire_points_everywhere": "Expire points",
    "transactions.tasks.convert_months": "Convert months in foreign currencies",
    "transactions.tasks.end_bank_accesses": "End access at disconnected banks",
    "transactions.tasks.post_planned_transactions": "Post planned transactions",
    "transactions.tasks.purge_expired": "Empty the trash",
    "transactions.tasks.resume_changes": "Resume bulk changes",
    "transactions.tasks.resume_imports": "Resume imports",
    "transactions.tasks.sync_due_banks": "Bank syncs",
    "users.tasks.deliver_notifications": "Send messages",
    "users.tasks.purge_expired_tokens": "Delete expired sign-in data",
}
# They answer whether all is well; others, whether they got anything.
CHECKS = {LEDGER_JOB, AUDIT_JOB, POINTS_CHECK}
_COUNT = re.compile(r"'(\w+)': (\d+)")


def job_name(task: str) -> str:
    """The name of a job by its task; of one without a name, its last part in words."""
    return NAMES.get(task) or task.rpartition(".")[2].replace("_", " ").capitalize()


def result_words(task: str, result: str) -> str:
    """The stored result of a run that succeeded, as a sentence: "Paid 3, failed 0."."""
    if task in CHECKS and result in ("True", "False"):
        return "Passed." if result == "True" else "Found problems."
    if result in ("", "None", "True"):
        return "Done."
    if result == "False":
        return "Nothing new."
    if result in ("0", "{}", "[]"):
        return "Nothing to do."
    if result.isdecimal():
        return f"Done: {result}."
    counts = _COUNT.findall(result) if result.startswith("{") else []
    if not counts:
        return f"Done: {result}"
    words = ", ".join(f"{name.replace('_', ' ')} {count}" for name, count in counts)
    return f"{words[0].upper()}{words[1:]}."
