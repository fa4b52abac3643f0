"""The staff site's page of jobs and health."""

from collections.abc import Callable

from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST
from django_celery_beat.models import PeriodicTask

from insights.staff.jobs import health, jobs, run_now
from insights.staff.month_charts import month_charts
from insights.staff.month_counts import last_counted
from insights.views.staff import page
from users.policy import Ability, may, require
from users.signed_in import user_of


@require_GET
def job_list(request: HttpRequest) -> HttpResponse:
    """Every job and every sign of health."""
    reader, now = user_of(request), timezone.now()
    require(reader, Ability.READ_EVERYTHING)
    return page(
        request,
        "admin/jobs.html",
        title="Jobs and health",
        jobs=jobs(now),
        signs=health(now),
        charts=month_charts(now),
        counted_at=last_counted(),
        may_run=may(reader, Ability.MANAGE_USERS),
        zone=timezone.get_current_timezone_name(),
    )


@require_POST
def job_run(request: HttpRequest, pk: int) -> HttpResponse:
    """Start a job now."""
    actor = user_of(request)
    require(actor, Ability.MANAGE_USERS)
    job = get_object_or_404(PeriodicTask, pk=pk)
    try:
        run_now(actor=actor, job=job)
        messages.success(request, "Started. Its result appears here when it is done.")
    except ValidationError as error:
        messages.error(request, error.messages[0])
    return redirect("admin:jobs")


def urls() -> list[URLPattern]:
    """The pages, behind the staff site's door."""
    pages: list[tuple[str, Callable[..., HttpResponse], str]] = [
        ("jobs/", job_list, "jobs"),
        ("jobs/<int:pk>/run/", job_run, "job_run"),
    ]
    return [path(route, admin.site.admin_view(view), name=name) for route, view, name in pages]
