"""The import wizard: upload, columns, check, confirmation and receipt; and the history."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import HttpResponseClientRedirect

from accounts.access import may_change, require_change
from banking.kernel.forms import add_service_errors, errors_on, go_back, tell_refusal
from banking.kernel.keyset import keyset_page
from banking.kernel.narrowing import sure
from banking.kernel.read_together import read_together
from banking.kernel.snapshot import read_snapshot
from banking.kernel.uploads import content_length
from banking.kernel.written_once import WrittenOnce
from banking.limits import FILES_A_PAGE, FORM_OVERHEAD_BYTES
from transactions import dispatching
from transactions.forms.importing import (
    ImportStartForm,
    MappingForm,
    PartsForm,
    column_label,
)
from transactions.merchant_groups import uncategorized
from transactions.models import ImportBatch, ReviewItem
from transactions.models.imports import MAPPED_FORMATS
from transactions.models.notices import notice_text, notice_texts
from transactions.services.import_confirming import (
    revert_group,
    revert_import,
    rows_edited_since,
)
from transactions.services.import_progress import progress_of
from transactions.services.import_reading import (
    PreviewLine,
    content_of,
    examine_batch,
    merged_mapping,
    preview,
)
from transactions.services.import_receipts import asking_pending_in, booked_by, pending_in
from transactions.services.importing import (
    AlreadyImportedError,
    choose_accounts,
    choose_mapping,
    discard_import,
    start_import,
    too_large,
)
from transactions.sources.files.csv_mapping import CsvMapping, Detection, Reading
from transactions.sources.files.incoming import UnreadableFile
from transactions.statement_proof import prove_page
from users.models import User
from users.policy import Ability, require
from users.signed_in import UserRequest

View = Callable[..., HttpResponse]
Status = ImportBatch.Status


def bounded_upload(view: View) -> View:
    """Reject an oversized upload by its Content-Length, without reading it.

    The CSRF check reads the body, so it runs after this instead of in the middleware.
    """
    protected = csrf_protect(view)

    @csrf_exempt
    @wraps(view)
    def bounded(request: UserRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if content_length(request) > settings.IMPORT_MAX_BYTES + FORM_OVERHEAD_BYTES:
            form = ImportStartForm(user=request.user)
            context = {"form": form, "refusal": too_large().message}
            return render(request, "transactions/import_start.html", context, status=413)
        return protected(request, *args, **kwargs)

    bounded.bounds_itself = True  # type: ignore[attr-defined]  # read by RefuseLargeBodies
    return bounded


@bounded_upload
def import_start(request: UserRequest) -> HttpResponse:
    """Choose a file and its account."""
    require(request.user, Ability.CHANGE_OWN_DATA)
    initial = {"account": request.GET.get("account", "")}
    form = ImportStartForm(
        request.POST or None, request.FILES or None, user=request.user, initial=initial
    )
    context: dict[str, Any] = {"form": form}
    if request.method == "POST" and form.is_valid():
        try:
            return _take_in(request, **form.cleaned_data)
        except AlreadyImportedError as error:
            context["repeated"] = error.batch
        except ValidationError as error:
            add_service_errors(form, error)
    context["accounts_count"] = len(form.fields["account"].queryset)
    is_refused = bool(form.errors) or "repeated" in context
    status = 422 if is_refused else 200
    return render(request, "transactions/import_start.html", context, status=status)


def _take_in(request: UserRequest, *, account: Any, file: Any) -> HttpResponse:
    if file.size > settings.IMPORT_MAX_BYTES:
        raise ValidationError({"file": too_large()})
    batch = start_import(
        actor=request.user,
        account=account,
        file_name=file.name,
        content=file.read(),
    )
    return _go_on(batch)


def _go_on(batch: ImportBatch) -> HttpResponse:
    """Redirect to the upload's next question; if none is open, read the file and show the
    result.
    """
    if batch.needs_mapping:
        return redirect("transactions:import_map", batch.pk)
    if batch.needs_accounts:
        return redirect("transactions:import_accounts", batch.pk)
    dispatching.check_group_soon(batch)
    return redirect("transactions:import_check", batch.pk)


def import_accounts(request: UserRequest, pk: int) -> HttpResponse:
    """Assign each part of a file with several accounts."""
    batch = find_to_change(request, pk)
    if batch.is_confirmed or not batch.file_parts:
        return redirect("transactions:import_check", pk)
    form = PartsForm(request.POST or None, batch=batch)
    if request.method == "POST" and form.is_valid():
        with errors_on(form):
            choose_accounts(actor=request.user, batch=batch, accounts=form.answers())
            return _go_on(find(request, pk))
    context = {"batch": batch, "form": form}
    status = 422 if form.errors else 200
    return render(request, "transactions/import_accounts.html", context, status=status)


def import_map(request: UserRequest, pk: int) -> HttpResponse:
    """Map the columns, with a preview of the first lines."""
    batch = find_to_change(request, pk)
    if batch.is_confirmed or batch.format not in MAPPED_FORMATS:
        return redirect("transactions:import_check", pk)
    try:
        data = content_of(batch)
        detection = sure(examine_batch(batch).detection)
    except UnreadableFile as error:
        messages.error(request, notice_texts(error.notices))
        return redirect("transactions:import_start")
    if "reading" in request.POST:
        return _take_reading(request, batch, detection)
    mapping = CsvMapping.from_json(batch.mapping) if batch.mapping else detection.mapping
    form = MappingForm(request.POST or None, detection=detection, mapping=mapping)
    if request.method == "POST" and form.is_valid():
        with errors_on(form):
            mapping = _mapping_of(form)
            if "preview" not in request.POST:
                batch = choose_mapping(actor=request.user, batch=batch, given=form.given())
                return _go_on(batch)
    lines, problem = _preview(batch, data, mapping)
    context = {
        "batch": batch,
        "form": form,
        "detection": detection,
        "questions": [notice_text(question) for _name, question in detection.doubts],
        "readings": [(reading, _column_of(reading, detection)) for reading in detection.readings],
        "why_likely": [notice_text(why) for why in detection.why_likely],
        "columns": detection.columns[:40],
        "sample": [row[:40] for row in detection.sample[:6]],
        "lines": lines,
        "problem": problem,
    }
    template = "_import_preview.html" if request.htmx else "import_map.html"
    return render(request, f"transactions/{template}", context, status=422 if form.errors else 200)


def _column_of(reading: Reading, detection: Detection) -> str:
    """The column that a reading takes the date or the amount from, if columns are the question."""
    places = [reading.changes[name] for name in ("txn_date", "amount") if name in reading.changes]
    labels = [
        column_label(place, detection.columns[place])
        for place in places
        if place is not None and place < len(detection.columns)
    ]
    return ", ".join(labels)


def _take_reading(request: UserRequest, batch: ImportBatch, found: Detection) -> HttpResponse:
    """Continue with one of the readings that were shown; anything else shows them again."""
    number = request.POST["reading"]
    if number not in map(str, range(len(found.readings))):
        return redirect("transactions:import_map", batch.pk)
    changes = found.readings[int(number)].changes
    return _go_on(choose_mapping(actor=request.user, batch=batch, given=changes))


def _mapping_of(form: MappingForm) -> CsvMapping:
    """The mapping from the form. Errors are shown at their fields."""
    try:
        return merged_mapping(form.detection, form.given())
    except ValidationError as error:
        named = {name.removeprefix("mapping."): errors for name, errors in error.error_dict.items()}
        raise ValidationError(named) from None


def _preview(batch: ImportBatch, data: bytes, mapping: CsvMapping) -> tuple[list[PreviewLine], str]:
    try:
        return preview(data, batch.format, mapping), ""
    except UnreadableFile as error:
        return [], notice_texts(error.notices)


@require_safe
def import_progress(request: UserRequest, pk: int) -> HttpResponse:
    """The worker's progress. Redirects to the next page once it has finished."""
    batch = find(request, pk)
    if not any(is_waiting(part) for part in [batch, *others_of(batch)]):
        if request.htmx:
            return HttpResponseClientRedirect(_next_url(batch))
        return redirect(_next_url(batch))
    return render(request, *progress_page(batch, is_part=bool(request.htmx)))


def progress_page(batch: ImportBatch, *, is_part: bool = False) -> tuple[str, dict[str, Any]]:
    """Template and context of the page that waits for the worker, with every account of a file."""
    template = "_import_progress.html" if is_part else "import_progress.html"
    together = [batch, *others_of(batch)]
    context = {
        "batch": batch,
        "progress": progress_of(batch.pk),
        "parts": [(part, progress_of(part.pk)) for part in together] if len(together) > 1 else [],
    }
    return f"transactions/{template}", context


def is_waiting(batch: ImportBatch) -> bool:
    """Whether a worker is processing the batch or will."""
    return batch.status == Status.IMPORTING or (
        batch.status == Status.UPLOADED and not batch.needs_answer
    )


def _next_url(batch: ImportBatch) -> str:
    name = "import_receipt" if batch.is_confirmed else "import_check"
    return redirect(f"transactions:{name}", batch.pk).url


@require_POST
def import_retry(request: UserRequest, pk: int) -> HttpResponse:
    """Restart the worker: its message was lost, or it died."""
    batch = find_to_change(request, pk)
    try:
        if batch.status == Status.IMPORTING:
            dispatching.confirm_soon(request.user, batch, at=timezone.now())
        else:
            dispatching.check_soon(batch)
    except ValidationError as error:
        tell_refusal(request, error)
    return redirect("transactions:import_check", pk)


@require_POST
def import_confirm(request: UserRequest, pk: int) -> HttpResponse:
    """Add what is new to the account, or to each account in the file."""
    batch = find_to_change(request, pk)
    confirm = dispatching.confirm_group_soon if "all" in request.POST else dispatching.confirm_soon
    try:
        confirm(request.user, batch, at=timezone.now())
        batch = find(request, pk)
    except ValidationError as error:
        return go_back(request, error, "transactions:import_check", pk)
    if batch.is_confirmed:
        return redirect("transactions:import_receipt", pk)
    return redirect("transactions:import_check", pk)


# How many of an import's questions and transactions wait, or nothing.
_UNLISTED = WrittenOnce(
    lambda batch_id: (
        ReviewItem.objects.open()
        .filter(unlisted_in_id=batch_id)
        .order_by()
        .values("unlisted_in")
        .annotate(count=Count("pk"))
        .values_list("count", flat=True)
    )
)
_WITHOUT_CATEGORY = WrittenOnce(
    lambda user_id, batch_id: (
        uncategorized(User(pk=user_id))
        .filter(import_batch_id=batch_id)
        .order_by()
        .values("import_batch")
        .annotate(count=Count("pk"))
        .values_list("count", flat=True)
    )
)


@require_safe
def import_receipt(request: UserRequest, pk: int) -> HttpResponse:
    """The permanent receipt of an import: counts and sums."""
    batch = find(request, pk)
    if not batch.is_confirmed:
        return redirect("transactions:import_check", pk)
    with read_snapshot():
        others = others_of(batch)
        unlisted, left = _UNLISTED.asking(pk), _WITHOUT_CATEGORY.asking(batch.user_id, pk)
        read_together(asking_pending_in(batch), unlisted, left)
        is_statement = batch.status == Status.DONE and batch.covers_to is not None
        context = {
            "batch": batch,
            "proof": prove_page(batch.account, [batch])[0] if is_statement else None,
            "pending": pending_in(batch),
            "booked": booked_by(batch),
            "others": others,
            "unlisted_count": sum(unlisted.rows()),
            "may_change": may_change(request.user, batch.account),
            "uncategorized_count": sum(left.rows()),
            "is_first": batch.status == Status.DONE and _is_first(batch, others),
        }
    return render(request, "transactions/import_receipt.html", context)


def _is_first(batch: ImportBatch, others: list[ImportBatch]) -> bool:
    """Whether the person has imported nothing else yet."""
    done = ImportBatch.objects.filter(user=batch.user_id, status=Status.DONE)
    group = {part.pk for part in others} | {batch.pk}
    return not done.exclude(pk__in=group).exists()


def import_revert(request: UserRequest, pk: int) -> HttpResponse:
    """Show what was edited since and ask for confirmation, then revert the whole import."""
    batch = find_to_change(request, pk)
    if batch.status != Status.DONE:
        return redirect("transactions:import_receipt", pk)
    if request.method == "POST":
        try:
            revert = revert_group if "all" in request.POST else revert_import
            revert(actor=request.user, batch=batch, at=timezone.now())
        except ValidationError as error:
            return go_back(request, error, "transactions:import_receipt", pk)
        messages.success(request, _("Import undone. Its transactions are in the trash."))
        return redirect("transactions:import_receipt", pk)
    edited = rows_edited_since(batch)
    context = {
        "batch": batch,
        "others": [other for other in others_of(batch) if other.status == Status.DONE],
        "edited_count": edited.count(),
        "edited": edited[:50],
    }
    return render(request, "transactions/import_revert.html", context)


@require_POST
def import_discard(request: UserRequest, pk: int) -> HttpResponse:
    """Discard an upload that was never confirmed."""
    batch = find_to_change(request, pk)
    try:
        discard_import(actor=request.user, batch=batch)
    except ValidationError as error:
        return go_back(request, error, "transactions:import_receipt", pk)
    messages.success(request, _("Upload discarded. Nothing was added."))
    return redirect("transactions:import_history")


@require_safe
def import_history(request: UserRequest) -> HttpResponse:
    """Every uploaded file and its outcome."""
    batches = ImportBatch.objects.visible_to(request.user).select_related("account")
    page = keyset_page(batches, ["-id"], FILES_A_PAGE, request.GET.get("cursor"))
    context = {
        "batches": page.rows,
        "newer": page.previous_cursor,
        "older": page.next_cursor,
    }
    return render(request, "transactions/import_history.html", context)


def find(request: UserRequest, pk: int) -> ImportBatch:
    """This user's upload, or 404."""
    batches = ImportBatch.objects.visible_to(request.user).select_related("account")
    return get_object_or_404(batches, pk=pk)


def others_of(batch: ImportBatch) -> list[ImportBatch]:
    """The imports of the same upload into other accounts."""
    if not batch.group:
        return []
    others = ImportBatch.objects.together_with(batch).exclude(pk=batch.pk)
    return list(others.select_related("account"))


def find_to_change(request: UserRequest, pk: int) -> ImportBatch:
    """Like `find`, but 403 for read-only users."""
    batch = find(request, pk)
    require_change(request.user, batch.account)
    return batch
