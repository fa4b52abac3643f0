"""The default schedule. Each job may run twice, late or concurrently.

`migrate` installs these (banking/beat.py); the admin site can change them.
"""

from datetime import timedelta

from celery.schedules import crontab

BEAT_SCHEDULE: dict[str, dict] = {
    "nightly-ledger-check": {
        "task": "insights.tasks.check_ledger_nightly",
        "schedule": crontab(hour=3, minute=10),
    },
    "audit-chain-verification": {
        "task": "users.tasks.verify_audit_nightly",
        "schedule": crontab(hour=3, minute=40),
    },
    # In every time zone, midnight falls on a quarter of an hour.
    "planned-transactions": {
        "task": "transactions.tasks.post_planned_transactions",
        "schedule": crontab(minute="*/15"),
    },
    "bank-sync": {"task": "transactions.tasks.sync_due_banks", "schedule": crontab()},
    "bank-accesses": {
        "task": "transactions.tasks.end_bank_accesses",
        "schedule": crontab(minute=25),
    },
    "resume-imports": {"task": "transactions.tasks.resume_imports", "schedule": crontab()},
    "convert-months": {
        "task": "transactions.tasks.convert_months",
        "schedule": timedelta(seconds=30),
        "options": {"expire_seconds": 60},
    },
    "resume-changes": {"task": "transactions.tasks.resume_changes", "schedule": crontab()},
    "resume-exports": {"task": "insights.tasks.resume_exports", "schedule": crontab()},
    "purge-exports": {
        "task": "insights.tasks.purge_exports",
        "schedule": crontab(hour=4, minute=50),
    },
    "purge": {"task": "transactions.tasks.purge_expired", "schedule": crontab(hour=4, minute=20)},
    "purge-budgets": {
        "task": "budgets.tasks.purge_expired",
        "schedule": crontab(hour=4, minute=30),
    },
    # Looks whether a fetch is due; banking/limits.py says how often (RATES_EVERY).
    "exchange-rates": {
        "task": "accounts.tasks.refresh_exchange_rates",
        "schedule": crontab(minute="*/10"),
    },
    "purge-bills": {"task": "bills.tasks.purge_expired", "schedule": crontab(hour=4, minute=35)},
    # Every hour: a day begins somewhere.
    "bills-ahead": {"task": "bills.tasks.plan_bills_ahead", "schedule": crontab(minute=1)},
    "bills-auto-pay": {"task": "bills.tasks.auto_pay_bills", "schedule": crontab(minute=2)},
    "bills-reminders": {"task": "bills.tasks.remind_of_bills", "schedule": crontab(minute=3)},
    "bills-points": {
        "task": "bills.tasks.earn_for_scheduled_payments",
        "schedule": crontab(minute="3-59/15"),
    },
    "points-expiry": {
        "task": "rewards.tasks.expire_points_everywhere",
        "schedule": crontab(minute=5),
    },
    "nightly-points-check": {
        "task": "rewards.tasks.check_points_nightly",
        "schedule": crontab(hour=3, minute=20),
    },
    # Shortly after a posting; a full scan every quarter of an hour catches the rest.
    # A tick that finds no worker expires: the next one does its work.
    "sweep-postings": {
        "task": "alerts.tasks.sweep_postings",
        "schedule": timedelta(seconds=20),
        "options": {"expire_seconds": 60},
    },
    "alert-scan": {"task": "alerts.tasks.scan_for_alerts", "schedule": crontab(minute="*/15")},
    "deliver-notifications": {
        "task": "users.tasks.deliver_notifications",
        "schedule": timedelta(seconds=20),
        "options": {"expire_seconds": 60},
    },
    # As often as PLATFORM_COUNT_EVERY, and not with all the others on the quarter of an hour.
    "count-platform": {
        "task": "insights.tasks.count_platform",
        "schedule": crontab(minute="7-59/15"),
    },
    "count-months": {"task": "insights.tasks.count_months", "schedule": crontab(minute=40)},
    "finish-erasures": {
        "task": "insights.tasks.finish_erasures",
        "schedule": crontab(hour=4, minute=50),
    },
    "purge-sign-in-data": {
        "task": "users.tasks.purge_expired_tokens",
        "schedule": crontab(hour=4, minute=40),
    },
}
