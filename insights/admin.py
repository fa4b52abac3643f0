"""Admin pages of jobs, their schedule and people's exports; and the staff site's first page."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import Model, QuerySet
from django.forms import SplitDateTimeField
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django_celery_beat.admin import PeriodicTaskAdmin
from django_celery_beat.models import (
    ClockedSchedule,
    CrontabSchedule,
    IntervalSchedule,
    PeriodicTask,
    SolarSchedule,
)

from insights.models import (
    Approval,
    Export,
    HomeState,
    JobState,
    MonthCount,
    PlatformCount,
    RecurringDismissal,
    SameAnswer,
    SampleData,
    WorkItem,
)
from insights.staff.admin_home import staff_home
from insights.staff.job_words import job_name
from insights.staff.jobs import schedule_words
from insights.staff.queues import queues_for
from insights.staff.schedules import plain_values
from insights.views import approvals as approval_pages
from insights.views import jobs as job_pages
from insights.views import staff as customer_pages
from users.admin import (
    PickedFilter,
    ReadOnlyAdmin,
    SetFilter,
    StaffAdmin,
    TypedFilter,
    staff_site,
)
from users.audit.trail import record
from users.policy import Ability, may
from users.services import second_admin
from users.signed_in import user_of

_site: Any = staff_site  # A method: the type does not allow replacing it.
_site.index = staff_home
_stock_urls = staff_site.get_urls
_site.get_urls = lambda: [
    *customer_pages.urls(),
    *approval_pages.urls(),
    *job_pages.urls(),
    *_stock_urls(),
]
_tables = staff_site.get_app_list


def _navigation(request: HttpRequest, app_label: str | None = None) -> list[dict[str, Any]]:
    """The queues before the tables, for the navigation beside every page."""
    reader = user_of(request)
    pages = [
        (found.title, reverse("admin:queue", args=[found.key])) for found in queues_for(reader)
    ]
    if may(reader, Ability.READ_EVERYTHING):
        pages.append(("Approvals", reverse("admin:approvals")))
        pages.append(("Jobs and health", reverse("admin:jobs")))
    links = [
        {"name": title, "admin_url": url, "object_name": f"work{number}"}
        for number, (title, url) in enumerate(pages)
    ]
    work = {"name": "Work", "app_label": "work", "models": links}
    return [work, *_tables(request, app_label)]


_site.get_app_list = _navigation
for timing in (ClockedSchedule, CrontabSchedule, IntervalSchedule, PeriodicTask, SolarSchedule):
    staff_site.unregister(timing)


@admin.register(JobState)
class JobStateAdmin(ReadOnlyAdmin):
    """The last outcome of each job, and how often it failed."""

    group, label = "Operations", "Jobs"
    list_display = [
        "job", "outcome", "result", "finished_at", "duration_ms", "run_count", "failure_count",
        "failed_at",
    ]  # fmt: skip
    list_filter = ["outcome"]
    ordering = ["-finished_at"]
    search_fields = ["name", "error"]

    @admin.display(description="job", ordering="name")
    def job(self, state: JobState) -> str:
        return job_name(state.name)


@admin.register(MonthCount)
class MonthCountAdmin(ReadOnlyAdmin):
    """How often something happened in each month, as the page of jobs and health draws it."""

    group, label = "Technical", "Monthly counts"
    list_display = ["month", "subject", "count", "failed_count"]
    list_filter = ["subject"]
    ordering = ["-month", "subject"]


@admin.register(PlatformCount)
class PlatformCountAdmin(ReadOnlyAdmin):
    """The figures of the staff home, as its job counted them last."""

    group, label = "Technical", "Platform figures"
    list_display = ["counted_at"]


@admin.register(Approval)
class ApprovalAdmin(ReadOnlyAdmin):
    """What admins asked a second admin for, and how it ended."""

    group, label = "Security", "Approval history"
    list_display = [
        "created_at", "words", "status", "requested_by", "decided_by", "decided_at", "expires_at",
    ]  # fmt: skip
    list_filter = ["status"]
    search_fields = ["words"]
    list_select_related = ["requested_by", "decided_by"]


@admin.register(WorkItem)
class WorkItemAdmin(ReadOnlyAdmin):
    """Who took which item of a queue, and the note they closed it with."""

    group, label = "Operations", "Queue history"
    list_display = ["created_at", "queue", "key", "assignee", "done_by", "done_at", "note"]
    list_filter = [("queue", TypedFilter), ("done_at", SetFilter)]
    search_fields = ["key", "note"]
    list_select_related = ["assignee", "done_by"]


@admin.register(Export)
class ExportAdmin(ReadOnlyAdmin):
    """Files people requested. Staff cannot read their content."""

    group, label = "Files", "Exports"
    customer_path = "user"
    list_display = [
        "created_at", "customer", "kind", "name", "status", "size", "attempts", "expires_at",
    ]  # fmt: skip
    exclude = ["title"]
    readonly_fields = ["name"]
    list_filter = ["kind", "status", "created_at"]
    search_fields = ["user__email", "=sha256"]
    list_select_related = ["user"]


@admin.register(RecurringDismissal)
class RecurringDismissalAdmin(ReadOnlyAdmin):
    """Payments that people marked as not recurring."""

    group, label = "Technical", "Payments marked as not recurring"
    customer_path = "user"
    is_large = True
    list_display = ["created_at", "customer", "account", "name", "direction"]
    list_filter = ["direction", ("account", PickedFilter)]
    search_fields = ["user__email", "name"]
    list_select_related = ["user", "account"]


@admin.register(SameAnswer)
class SameAnswerAdmin(ReadOnlyAdmin):
    """What people said about bills and recurring payments."""

    group, label = "Technical", "Answers about bills and recurring payments"
    customer_path = "user"
    is_large = True
    list_display = ["created_at", "customer", "account", "bill_name", "name", "is_same"]
    list_filter = ["is_same", ("account", PickedFilter)]
    search_fields = ["user__email", "bill_name", "name"]
    list_select_related = ["user", "account"]


@admin.register(HomeState)
class HomeStateAdmin(ReadOnlyAdmin):
    """How people arranged their home page."""

    group, label = "Technical", "Home pages"
    customer_path = "user"
    list_display = ["customer", "visited_at", "set_up_at", "updated_at"]
    list_filter = [("set_up_at", SetFilter)]
    search_fields = ["user__email"]
    list_select_related = ["user"]


@admin.register(SampleData)
class SampleDataAdmin(ReadOnlyAdmin):
    """Who asked for sample data, and when they removed it."""

    group, label = "Technical", "Sample data"
    customer_path = "user"
    list_display = ["customer", "created_at", "removed_at"]
    list_filter = [("removed_at", SetFilter)]
    search_fields = ["user__email"]
    list_select_related = ["user"]


# What a job's own runs write.
_KEPT = ("id", "date_changed", "last_run_at", "total_run_count")


class ScheduleAdmin(StaffAdmin):
    """When jobs run. Admins can change it; the audit trail records each change."""

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return may(user_of(request), Ability.MANAGE_USERS)

    def has_add_permission(self, request: HttpRequest) -> bool:
        is_alone_enough = not second_admin.is_needed()
        return is_alone_enough and may(user_of(request), Ability.MANAGE_USERS)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        is_alone_enough = not second_admin.is_needed()
        return is_alone_enough and may(user_of(request), Ability.MANAGE_USERS)

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Django gives the two boxes of a moment no label."""
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if isinstance(field, SplitDateTimeField):
            name = str(field.label).capitalize()
            for box, part in zip(field.widget.widgets, ("date", "time"), strict=True):
                box.attrs["aria-label"] = f"{name}: {part}"
        return field

    def save_model(self, request: HttpRequest, obj: Model, form: Any, change: bool) -> None:
        """Save, or ask a second admin to; new rows and deletions then come with a release only."""
        if not second_admin.is_needed():
            super().save_model(request, obj, form, change)
            return
        stored = type(obj)._base_manager.get(pk=obj.pk)
        names = [field.name for field in obj._meta.concrete_fields if field.name not in _KEPT]
        before, after = plain_values(stored, names), plain_values(obj, names)
        changes = {name: after[name] for name in names if before[name] != after[name]}
        if changes:
            self._ask(request, stored, changes)

    def _ask(self, request: HttpRequest, row: Model, changes: dict[str, Any]) -> None:
        summary = ", ".join(f"{name}: {value}" for name, value in changes.items())
        try:
            second_admin.ask_second_admin(
                actor=user_of(request),
                action=second_admin.EDIT_SCHEDULE,
                target=row,
                words=f"Change the schedule {row} ({summary})",
                params=changes,
            )
        except ValidationError as error:
            self.message_user(request, error.messages[0], messages.ERROR)
        else:
            self.message_user(request, f"{row}: waiting for a second admin.", messages.WARNING)

    def response_change(self, request: HttpRequest, obj: Any) -> HttpResponse:
        """Without Django's "was changed", where nothing was yet."""
        if second_admin.is_needed():
            return self.response_post_save_change(request, obj)
        return super().response_change(request, obj)

    def log_addition(self, request: HttpRequest, obj: Model, message: Any) -> Any:
        self._tell(request, "added", obj)

    def log_change(self, request: HttpRequest, obj: Model, message: Any) -> Any:
        changed = [entry["changed"]["fields"] for entry in message if "changed" in entry]
        self._tell(request, "changed", obj, fields=changed)

    def log_deletions(self, request: HttpRequest, queryset: QuerySet) -> Any:
        for obj in queryset:
            self._tell(request, "deleted", obj)

    def _tell(self, request: HttpRequest, word: str, obj: Model, **changes: Any) -> None:
        action = f"insights.schedule.{word}"
        record(actor=user_of(request), action=action, target=obj, schedule=str(obj), **changes)


@admin.register(PeriodicTask)
class JobScheduleAdmin(ScheduleAdmin, PeriodicTaskAdmin):
    """Which job runs when. Django's stock actions need only view access; these require the change
    permission.
    """

    group, label = "Operations", "Job schedule"
    ordering = ["name"]
    date_hierarchy = None

    list_display = ["job", "timing", "enabled", "last_run_at", "total_run_count", "name"]
    list_select_related = ["interval", "crontab", "solar", "clocked"]
    export_also = ["task"]
    list_filter = ["enabled"]
    search_fields = ["name", "task"]
    actions = ["enable_jobs", "disable_jobs"]

    @admin.display(description="job", ordering="task")
    def job(self, row: PeriodicTask) -> str:
        return job_name(row.task)

    @admin.display(description="schedule")
    def timing(self, row: PeriodicTask) -> str:
        return schedule_words(row, timezone.now())

    @admin.action(description="Turn on", permissions=["change"])
    def enable_jobs(self, request: HttpRequest, queryset: QuerySet) -> None:
        self._turn(request, queryset, is_on=True)

    @admin.action(description="Turn off", permissions=["change"])
    def disable_jobs(self, request: HttpRequest, queryset: QuerySet) -> None:
        self._turn(request, queryset, is_on=False)

    def _turn(self, request: HttpRequest, queryset: QuerySet, *, is_on: bool) -> None:
        if second_admin.is_needed():
            for job in queryset.exclude(enabled=is_on).order_by("pk"):
                self._ask(request, job, {"enabled": str(is_on)})
            return
        turn = self.enable_tasks if is_on else self.disable_tasks
        turn(request, queryset)
        self._tell_all(request, queryset, enabled=is_on)

    def _tell_all(self, request: HttpRequest, queryset: QuerySet, *, enabled: bool) -> None:
        for job in queryset.order_by("pk"):
            self._tell(request, "changed", job, enabled=enabled)


for timing, label in (
    (ClockedSchedule, "Timings: once"),
    (CrontabSchedule, "Timings: calendar"),
    (IntervalSchedule, "Timings: interval"),
    (SolarSchedule, "Timings: sun"),
):
    staff_site.register(timing, ScheduleAdmin, label=label)
