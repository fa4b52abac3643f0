"""The staff site's home page: the platform's figures for staff with full read access."""

from datetime import datetime
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone

from banking.limits import QUEUE_ROWS
from insights.models import JobState
from insights.staff.approving import waiting_approvals
from insights.staff.figures import Counts, Trouble, health_now
from insights.staff.month_charts import Chart, chart_of
from insights.staff.platform_counts import is_late, last_counts
from insights.staff.queues import queue_counts
from users.admin import sees_all, tables_by_subject
from users.models import User
from users.signed_in import user_of

_stock_index = admin.site.index
_TROUBLE = [
    ("failed_jobs", "Jobs failed", "insights_jobstate", "outcome__exact=failed"),
    ("failed_imports", "Imports failed", "transactions_importbatch", "status__exact=failed"),
    ("failed_changes", "Long changes failed", "transactions_change", "status__exact=failed"),
    ("failed_exports", "Exports failed", "insights_export", "status__exact=failed"),
    ("failed_notifications", "Messages failed", "users_notification", "status__exact=failed"),
    ("overdue_notifications", "Messages delayed", "users_notification", "status__exact=pending"),
    ("sync_errors", "Rate sources down", "accounts_ratefetch", "has_succeeded__exact=0"),
    ("held_rates", "Rates waiting for review", "accounts_heldrate", "status__exact=held"),
]


def staff_home(request: HttpRequest, extra_context: Any = None) -> HttpResponse:
    """Figures, problems, and every table this role may see."""
    at = timezone.now()
    context = _for_readers(at) if sees_all(request) else {}
    context["queues"] = queue_counts(user_of(request), at)
    context["queue_rows"] = QUEUE_ROWS
    context["title"] = "Staff home"
    # Without the work, which the page begins with.
    context["app_list"] = tables_by_subject(request)
    return _stock_index(request, {**context, **(extra_context or {})})


def _for_readers(at: datetime) -> dict[str, Any]:
    health, counts = health_now(), last_counts()
    return _counted(counts, at) | {
        "health": health,
        "failed_jobs": sum(job.outcome == JobState.Outcome.FAILED for job in health.jobs),
        "approvals": waiting_approvals(at).count(),
    }


def _counted(counts: Counts | None, at: datetime) -> dict[str, Any]:
    if counts is None:
        return {}
    return {
        "counts": counts,
        "is_late": is_late(counts, at),
        "charts": _charts(counts),
        "trouble": _trouble(counts.trouble),
        "roles": [(User.Role(role).label, n) for role, n in counts.people.by_role.items()],
    }


def _trouble(trouble: Trouble) -> list[tuple[int, str, str]]:
    """(count, label, link) of each kind of problem that exists."""
    return [
        (getattr(trouble, name), words, f"{reverse(f'admin:{table}_changelist')}?{query}")
        for name, words, table, query in _TROUBLE
        if getattr(trouble, name)
    ]


def _charts(counts: Counts) -> list[Chart]:
    transactions = [(month.month, month.transactions, 0) for month in counts.months]
    sign_ups = [(month.month, month.sign_ups, 0) for month in counts.months]
    return [
        chart_of("Transactions by month", transactions),
        chart_of("Sign-ups by month", sign_ups),
    ]
