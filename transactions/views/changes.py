"""Trash and undo: what was deleted or changed in bulk in the last 30 days."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import HttpResponseClientRedirect

from banking.kernel.forms import go_back, row_ids, stay, tell_refusal
from banking.kernel.keyset import keyset_page
from banking.kernel.narrowing import sure
from banking.limits import CHANGES_LISTED, LINES_A_PAGE, TRASH_FOR, UNDO_COUNTED_ROWS
from transactions import dispatching
from transactions.models import (
    Category,
    Change,
    ChangeRow,
    ImportBatch,
    Tag,
    Transaction,
    TransactionQuerySet,
)
from transactions.services.bulk_editing import Restored
from transactions.services.changing import CATEGORY, DELETED_AT, NOTES, PARTS, TAGS
from transactions.services.long_change_requests import stop_change
from transactions.services.undoing import Undone, count_changed_since
from users.policy import Ability, may, require
from users.signed_in import UserRequest

KIND_ICONS: dict[str, str] = {
    Change.Kind.BULK_EDIT: "list-checks",
    Change.Kind.RULE_RUN: "wand-sparkles",
    Change.Kind.DELETE: "trash-2",
    Change.Kind.RESTORE: "undo-2",
    Change.Kind.CATEGORY: "tags",
}


@dataclass(frozen=True, slots=True)
class Act:
    """One entry of recent activity: a bulk change or an import."""

    at: datetime
    icon: str
    kind: str
    summary: str
    count: int
    url: str
    undo_url: str
    undone_at: datetime | None
    days_left: int
    is_unfinished: bool = False
    is_failed: bool = False


# --- Trash ---------------------------------------------------------------------------------------


@require_safe
def trash(request: UserRequest) -> HttpResponse:
    """The user's own deleted transactions, latest first, with the days left."""
    rows = trashed(request).select_related("account", "category").order_by("-deleted_at", "-id")
    page = keyset_page(rows, ["-deleted_at", "-id"], LINES_A_PAGE, request.GET.get("cursor"))
    now = timezone.now()
    for row in page.rows:
        row.days_left = _days_left(sure(row.deleted_at), now)
    context = {
        "rows": page.rows,
        "newer": page.previous_cursor,
        "older": page.next_cursor,
        "may_change": may(request.user, Ability.CHANGE_OWN_DATA),
    }
    return render(request, "transactions/trash.html", context)


@require_POST
def trash_restore(request: UserRequest) -> HttpResponse:
    """Restore the selected rows from the trash, or all of them."""
    require(request.user, Ability.CHANGE_OWN_DATA)
    rows = trashed(request)
    if "all" not in request.POST:
        ids = row_ids(request.POST.getlist("ids"))
        if not ids:
            messages.info(request, _("Choose what to restore first."))
            return redirect("transactions:trash")
        rows = rows.filter(pk__in=ids[:1000])
    result = dispatching.restore_soon(request.user, rows, at=timezone.now())
    if isinstance(result, Change):
        return redirect("transactions:change_detail", result.pk)
    _say_restored(request, result)
    return redirect("transactions:trash")


def _say_restored(request: UserRequest, result: Restored) -> None:
    if result.count:
        words = ngettext(
            "%(count)s transaction restored.", "%(count)s transactions restored.", result.count
        )
        messages.success(request, words % {"count": result.count})
    if result.returned_count:
        words = ngettext(
            "%(count)s stays in the trash because a later import added it again.",
            "%(count)s stay in the trash because a later import added them again.",
            result.returned_count,
        )
        messages.warning(request, words % {"count": result.returned_count})


def trashed(request: UserRequest) -> TransactionQuerySet:
    """The user's own rows in the trash, on accounts outside it."""
    own = Transaction.objects.filter(user=request.user, account__deleted_at=None)
    return own.filter(deleted_at__isnull=False)


# --- Undo ----------------------------------------------------------------------------------------


@require_safe
def change_list(request: UserRequest) -> HttpResponse:
    """Bulk changes of the last 30 days, latest first."""
    now = timezone.now()
    acts = sorted(_recent_acts(request, now), key=lambda act: act.at, reverse=True)
    context = {
        "acts": acts[:CHANGES_LISTED],
        "may_change": may(request.user, Ability.CHANGE_OWN_DATA),
    }
    return render(request, "transactions/change_list.html", context)


@require_safe
def change_detail(request: UserRequest, pk: int) -> HttpResponse:
    """One change row by row, before and after, and what an undo would leave unchanged.

    Shows progress while a worker runs; the page polls and reloads at the end.
    """
    change = _find(request, pk)
    if request.htmx and not request.htmx.boosted:
        if not change.is_unfinished:
            return HttpResponseClientRedirect(request.path)
        return render(request, "transactions/_change_progress.html", {"change": change})
    rows = change.rows.select_related("transaction__account")
    if only_left := request.GET.get("only") == "left":
        rows = rows.filter(left_alone=True)
    page = keyset_page(rows, ["-transaction_id"], LINES_A_PAGE, request.GET.get("cursor"))
    now = timezone.now()
    can_undo = change.may_be_undone(now) and may(request.user, Ability.CHANGE_OWN_DATA)
    # A half-finished undo continues; there is no other choice.
    can_undo = can_undo and change.status != Change.Status.UNDO_FAILED
    counts = can_undo and change.row_count <= UNDO_COUNTED_ROWS
    context = {
        "change": change,
        "may_change": may(request.user, Ability.CHANGE_OWN_DATA),
        "icon_name": KIND_ICONS[change.kind],
        "rows": list(_with_words(page.rows)),
        "references": list(change.references.all()),
        "newer": page.previous_cursor,
        "older": page.next_cursor,
        "only_left": only_left,
        "can_undo": can_undo,
        "can_retry": change.may_be_retried(now) and may(request.user, Ability.CHANGE_OWN_DATA),
        "days_left": _days_left(change.created_at, now),
        "changed_since_count": count_changed_since(change) if counts else 0,
        "left_count": change.rows.filter(left_alone=True).count() if change.undone_at else 0,
    }
    return render(request, "transactions/change_detail.html", context)


@require_POST
def change_undo(request: UserRequest, pk: int) -> HttpResponse:
    """Undo a change. Rows changed since are left alone and listed."""
    change = _find(request, pk)
    require(request.user, Ability.CHANGE_OWN_DATA)
    try:
        result = dispatching.undo_soon(request.user, change, at=timezone.now())
    except ValidationError as error:
        return go_back(request, error, "transactions:change_detail", pk)
    if result is None:  # A worker does it; the change's page shows how far it is.
        return redirect("transactions:change_detail", pk)
    _say_undone(request, change, result)
    return stay(request, "transactions:change_detail", pk)


@require_POST
def change_retry(request: UserRequest, pk: int) -> HttpResponse:
    """Restart the worker: its message was lost, it died, or it gave up."""
    change = _find(request, pk)
    require(request.user, Ability.CHANGE_OWN_DATA)
    try:
        dispatching.wake_change(request.user, change, at=timezone.now())
    except ValidationError as error:
        tell_refusal(request, error)
    return redirect("transactions:change_detail", pk)


@require_POST
def change_stop(request: UserRequest, pk: int) -> HttpResponse:
    """Stop a change early. The completed part stays and can be undone."""
    change = _find(request, pk)
    require(request.user, Ability.CHANGE_OWN_DATA)
    try:
        stop_change(actor=request.user, change=change)
    except ValidationError as error:
        tell_refusal(request, error)
    return redirect("transactions:change_detail", pk)


def _say_undone(request: UserRequest, change: Change, result: Undone) -> None:
    messages.success(request, _undone_words(change, result.restored_count))
    left = [moved.left_words for moved in result.references if moved.left]
    if result.left_ids:
        words = ngettext("%(count)s transaction", "%(count)s transactions", len(result.left_ids))
        left.insert(0, words % {"count": len(result.left_ids)})
    if left:
        words = _("Changed since, so we left it alone: %(what)s.")
        messages.warning(request, words % {"what": ", ".join(left)})


def _undone_words(change: Change, count: int) -> str:
    if change.kind == Change.Kind.CATEGORY:
        words = ngettext(
            "%(name)s is back with %(count)s transaction.",
            "%(name)s is back with %(count)s transactions.",
            count,
        )
        return words % {"name": change.title, "count": count}
    words = ngettext(
        "Undone. %(count)s transaction is back to how it was.",
        "Undone. %(count)s transactions are back to how they were.",
        count,
    )
    return words % {"count": count}


def _find(request: UserRequest, pk: int) -> Change:
    return get_object_or_404(Change.objects.visible_to(request.user), pk=pk)


def _days_left(since: datetime, now: datetime) -> int:
    """Whole days until deletion, including the current one."""
    return max(0, -((now - since - TRASH_FOR) // timedelta(days=1)))


def _undo_url(change: Change) -> str:
    return reverse("transactions:change_undo", args=[change.pk]) if change.is_undoable else ""


def _recent_acts(request: UserRequest, now: datetime) -> Iterator[Act]:
    since = now - TRASH_FOR
    changes = Change.objects.visible_to(request.user).filter(created_at__gte=since)
    for change in changes[:CHANGES_LISTED]:
        yield Act(
            at=change.created_at,
            icon=KIND_ICONS[change.kind],
            kind=change.get_kind_display(),
            summary=change.title,
            count=change.row_count,
            url=reverse("transactions:change_detail", args=[change.pk]),
            undo_url=_undo_url(change),
            undone_at=change.undone_at,
            days_left=_days_left(change.created_at, now),
            is_unfinished=change.is_unfinished,
            is_failed=change.is_failed,
        )
    imports = ImportBatch.objects.visible_to(request.user).filter(confirmed_at__gte=since)
    for batch in imports[:CHANGES_LISTED]:
        yield Act(
            at=sure(batch.confirmed_at),
            icon="file-up",
            kind=_("Import"),
            summary=batch.file_name,
            count=batch.added_count,
            url=reverse("transactions:import_receipt", args=[batch.pk]),
            undo_url="",
            undone_at=batch.reverted_at,
            days_left=_days_left(sure(batch.confirmed_at), now),
        )


@dataclass(frozen=True, slots=True)
class ChangeLine:
    """One row of a change in words: each field before and after."""

    row: ChangeRow
    changes: list[tuple[str, str, str]]


def _with_words(rows: list[ChangeRow]) -> Iterator[ChangeLine]:
    """Replace IDs with names, with two queries per page."""
    values = [value for row in rows for value in (row.before, row.after)]
    ids = {value[CATEGORY] for value in values if value.get(CATEGORY)}
    ids |= {pk for value in values for pk in value.get(PARTS, {}).values() if pk}
    categories = Category.objects.in_bulk(ids)
    tags = Tag.objects.in_bulk({pk for value in values for pk in value.get(TAGS, ())})

    def named(pk: int | None) -> str:
        category = categories.get(pk) if pk else None
        return category.name if category else _("No category")

    def said(value: dict[str, Any], name: str) -> str:
        if name == CATEGORY:
            return named(value[CATEGORY])
        if name == PARTS:
            return ", ".join(named(pk) for pk in value[PARTS].values())
        if name == TAGS:
            return ", ".join(sorted(tags[pk].name for pk in value[TAGS] if pk in tags)) or "–"
        if name == NOTES:
            return value[NOTES] or "–"
        return _("In the trash") if value[DELETED_AT] else _("In the list")

    labels = {
        CATEGORY: _("Category"),
        PARTS: _("Split"),
        TAGS: _("Tags"),
        NOTES: _("Notes"),
        DELETED_AT: _("Location"),
    }
    for row in rows:
        changes = [
            (label, said(row.before, name), said(row.after, name))
            for name, label in labels.items()
            if name in row.after
        ]
        yield ChangeLine(row, changes)
