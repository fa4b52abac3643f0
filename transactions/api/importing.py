"""Imports in the API: one call for a self-explanatory file, separate steps for the rest."""

from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError as DjangoValidationError
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter
from rest_framework import parsers, status
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.response import Response

from accounts.access import require_change
from accounts.models import Account
from banking.kernel.api_input import GenericApiView, operation
from banking.kernel.uploads import content_length
from banking.limits import FORM_OVERHEAD_BYTES
from transactions.api.import_serializers import (
    ConfirmIn,
    ImportIn,
    ImportOut,
    ImportRowOut,
    ImportsOut,
    RevertIn,
)
from transactions.dispatching import check_group_soon, confirm_group_soon, confirm_soon
from transactions.filters import ImportFilter
from transactions.models import ImportBatch, ImportRow
from transactions.models.imports import ImportBatchQuerySet
from transactions.models.notices import notice_text
from transactions.services.import_confirming import revert_group, revert_import
from transactions.services.import_parts import (
    FilePart,
    accounts_needed,
    likely_accounts,
    parts_of,
)
from transactions.services.import_reading import examine_batch, refuse_doubts
from transactions.services.importing import (
    AlreadyImportedError,
    choose_accounts,
    choose_mapping,
    discard_import,
    start_import,
    too_large,
)
from transactions.sources.files.csv_mapping import Reading
from users.api.idempotency import HEADERS, answer_once
from users.policy import Ability, require
from users.signed_in import UserApiRequest

Answer = tuple[int, Any]
_STATUS_OF_CODE = {"too_large": 413, "not_a_statement": 415, "unreadable": 422}


class RefusedFileError(ValidationError):
    """The file itself is the problem: too large (413), not a statement (415), or unreadable
    (422).
    """

    def __init__(self, sentence: str, code: str) -> None:
        self.status_code = _STATUS_OF_CODE.get(code, status.HTTP_422_UNPROCESSABLE_ENTITY)
        super().__init__({"file": [ErrorDetail(sentence, code=code)]})


class ImportApi(GenericApiView):
    """Base of the import views: this user's uploads."""

    serializer_class: Any = ImportOut

    def get_queryset(self) -> ImportBatchQuerySet:
        return ImportBatch.objects.visible_to(self.request.user).select_related("account")

    def find(self, pk: int) -> ImportBatch:
        return get_object_or_404(self.get_queryset(), pk=pk)

    def find_to_change(self, pk: int) -> ImportBatch:
        batch = self.find(pk)
        require_change(self.request.user, batch.account)
        return batch

    def answer(self, batch: ImportBatch, code: int) -> Answer:
        """The import's current state; 202 while a worker is processing it."""
        batch = self.get_queryset().get(pk=batch.pk)
        data = self.get_serializer(batch).data
        stages = [part["status"] for part in data.get("batches", [data])]
        if batch.status == ImportBatch.Status.FAILED:
            raise RefusedFileError(batch.error, "unreadable")
        waiting = (ImportBatch.Status.UPLOADED, ImportBatch.Status.IMPORTING)
        code = status.HTTP_202_ACCEPTED if set(stages) & set(waiting) else code
        return code, data


class TransactionImportApi(ImportApi):
    bounds_itself = True
    serializer_class = ImportsOut
    parser_classes = [parsers.MultiPartParser]

    def initial(self, request: Any, *args: Any, **kwargs: Any) -> None:
        """Reject an oversized upload by its Content-Length, without reading it."""
        if content_length(request) > settings.IMPORT_MAX_BYTES + FORM_OVERHEAD_BYTES:
            raise RefusedFileError(str(too_large().message), "too_large")
        super().initial(request, *args, **kwargs)

    @operation(
        operation_id="transactions_import",
        request={"multipart/form-data": ImportIn},
        responses={201: ImportsOut, 202: ImportsOut, 200: ImportsOut},
        parameters=HEADERS,
    )
    def post(self, request: UserApiRequest) -> Response:
        """Upload and import a statement (CSV, XLSX, OFX, QFX, QIF, MT940, CAMT.053).

        201: imported. 202: a large file; poll GET /api/imports/{id}. 200: this file is already in
        the account. 400: the errors name the open questions (`mapping.sign_convention`, …) and the
        upload waits under `import_id`. `readings` has each answer's `mapping` with example lines,
        the likeliest first, and `most_likely` says why; confirm the import with one of them.

        If the file has several accounts and it isn't clear which one is `account`, the error code
        is `accounts_needed`, with `parts`. Send the file again with `accounts` to route each part.
        """
        require(request.user, Ability.CHANGE_OWN_DATA)
        data = ImportIn(data=request.data, context={"request": request})
        data.is_valid(raise_exception=True)
        require_change(request.user, data.validated_data["account"])
        return answer_once(request, lambda: self.take_in(request, **data.validated_data))

    def take_in(
        self,
        request: UserApiRequest,
        *,
        file: Any,
        account: Any,
        mapping: Any,
        accounts: Any,
        confirm: bool,
    ) -> Answer:
        if file.size > settings.IMPORT_MAX_BYTES:
            raise RefusedFileError(str(too_large().message), "too_large")
        try:
            batch = start_import(
                actor=request.user,
                account=account,
                file_name=file.name,
                content=file.read(),
                mapping=mapping,
                accounts=accounts,
            )
        except AlreadyImportedError as error:
            return status.HTTP_200_OK, self.repetition(error.batch)
        except DjangoValidationError as error:
            raise _refused(error) from None
        if batch.needs_mapping:
            return status.HTTP_400_BAD_REQUEST, _open_questions(batch)
        if batch.needs_accounts:
            return status.HTTP_400_BAD_REQUEST, _open_parts(batch)
        try:
            if confirm:
                confirm_group_soon(request.user, batch, at=timezone.now())
            else:
                check_group_soon(batch)
        except DjangoValidationError as error:
            raise _refused(error) from None
        return self.answer(batch, status.HTTP_201_CREATED)

    def repetition(self, batch: ImportBatch) -> dict[str, Any]:
        """The earlier import of the same file, reporting that this upload added nothing."""
        data = self.get_serializer(self.get_queryset().get(pk=batch.pk)).data
        counts = data["counts"]
        known = counts["added"] + counts["duplicate"]
        data["counts"] = {**counts, "added": 0, "duplicate": known}
        return {**data, "already_imported_at": data["confirmed_at"]}


def _refused(error: DjangoValidationError) -> Exception:
    """Give errors about the file their own status code; other errors don't change."""
    for problem in getattr(error, "error_dict", {}).get("file", []):
        if problem.code in _STATUS_OF_CODE:
            return RefusedFileError(problem.messages[0], problem.code)
    return error


def _open_questions(batch: ImportBatch) -> dict[str, Any]:
    """The errors for questions only the owner can answer, and the ID of the waiting upload."""
    found = examine_batch(batch).detection
    errors: list[dict[str, Any]] = []
    try:
        if found is not None:
            refuse_doubts(found, {})
    except DjangoValidationError as doubts:
        errors = [
            {"code": problem.code, "detail": problem.messages[0], "attr": attr}
            for attr, those in doubts.error_dict.items()
            for problem in those
        ]
    proposal = found.mapping.as_json() if found else {}
    readings = [_reading_out(reading) for reading in found.readings] if found else []
    return {
        "type": "validation_error",
        "errors": errors,
        "import_id": batch.pk,
        "columns": found.columns if found else [],
        "proposed_mapping": proposal,
        "readings": readings,
        "most_likely": [notice_text(why) for why in found.why_likely] if found else [],
    }


def _open_parts(batch: ImportBatch) -> dict[str, Any]:
    """The parts of a file with several accounts, so that its owner can assign each to an
    account.
    """
    likely = likely_accounts(batch)
    parts = parts_of(batch)
    refused = accounts_needed([part.part for part in parts]).error_dict["accounts"][0]
    error = {"code": refused.code, "detail": refused.messages[0], "attr": "accounts"}
    return {
        "type": "validation_error",
        "errors": [error],
        "import_id": batch.pk,
        "parts": [_part_out(part, likely[part.part]) for part in parts],
    }


def _part_out(part: FilePart, account: Account | None) -> dict[str, Any]:
    values = {name: getattr(part, name) for name in ("part", "name", "last4", "currency", "count")}
    days = {"first_date": part.first_on or None, "last_date": part.last_on or None}
    kind = {"account_type": part.account_type or Account.Type.CHECKING}
    return values | days | kind | {"account": account.pk if account else None}


def _reading_out(reading: Reading) -> dict[str, Any]:
    """One possible reading: the fields to send, and example lines read that way.

    An example without date and amount is a line that this reading leaves out.
    """
    examples = [
        {
            "description": example.text,
            "date": example.on.isoformat() if example.on else None,
            "amount": None if example.amount is None else f"{example.amount:f}",
        }
        for example in reading.examples
    ]
    return {"mapping": reading.changes, "examples": examples}


class ImportListApi(ImportApi):
    filterset_class = ImportFilter

    @operation(operation_id="imports_list", responses=ImportOut(many=True))
    def get(self, request: UserApiRequest) -> Response:
        """List your uploads, newest first."""
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset().order_by("-id")))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)


class ImportDetailApi(ImportApi):
    @operation(operation_id="imports_retrieve")
    def get(self, request: UserApiRequest, pk: int) -> Response:
        """One upload: its progress while running, its result once done."""
        return Response(self.get_serializer(self.find(pk)).data)

    @operation(operation_id="imports_discard", responses={204: None})
    def delete(self, request: UserApiRequest, pk: int) -> Response:
        """Delete an upload that was never confirmed."""
        discard_import(actor=request.user, batch=self.find_to_change(pk))
        return Response(status=status.HTTP_204_NO_CONTENT)


class ImportRowListApi(ImportApi):
    serializer_class = ImportRowOut

    @operation(
        operation_id="imports_rows",
        responses=ImportRowOut(many=True),
        parameters=[OpenApiParameter("verdict", str, enum=ImportRow.Verdict.values)],
    )
    def get(self, request: UserApiRequest, pk: int) -> Response:
        """The lines of the file in order: as written, as read, and the result."""
        batch = self.find(pk)
        rows = ImportRow.objects.filter(batch=batch).select_related("category", "batch__account")
        verdict = request.query_params.get("verdict", "")
        if verdict and verdict not in ImportRow.Verdict.values:
            raise ValidationError({"verdict": [f"One of {', '.join(ImportRow.Verdict.values)}."]})
        if verdict:
            rows = rows.filter(verdict=verdict)
        page = self.paginate_queryset(rows.order_by("id"))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)


class ImportConfirmApi(ImportApi):
    serializer_class = ImportsOut

    @operation(
        operation_id="imports_confirm",
        request=ConfirmIn,
        responses={200: ImportsOut, 202: ImportsOut},
        parameters=HEADERS,
    )
    def post(self, request: UserApiRequest, pk: int) -> Response:
        """Import an upload after answering its open questions about columns and accounts.

        Imports from one file into several accounts are confirmed together or not at all.
        """
        batch = self.find_to_change(pk)
        data = ConfirmIn(data=request.data, context={"request": request})
        data.is_valid(raise_exception=True)
        return answer_once(request, lambda: self.confirm(request, batch, **data.validated_data))

    def confirm(
        self,
        request: UserApiRequest,
        batch: ImportBatch,
        *,
        only_this: bool,
        mapping: Any = None,
        accounts: Any = None,
    ) -> Answer:
        if mapping:
            batch = choose_mapping(actor=request.user, batch=batch, given=mapping)
        if accounts:
            batch = choose_accounts(actor=request.user, batch=batch, accounts=accounts)[0]
        if batch.needs_accounts:
            return status.HTTP_400_BAD_REQUEST, _open_parts(batch)
        confirm = confirm_soon if only_this else confirm_group_soon
        confirm(request.user, batch, at=timezone.now())
        return self.answer(batch, status.HTTP_200_OK)


class ImportRevertApi(ImportApi):
    serializer_class = ImportsOut

    @operation(
        operation_id="imports_revert",
        request=RevertIn,
        responses=ImportsOut,
        parameters=HEADERS,
    )
    def post(self, request: UserApiRequest, pk: int) -> Response:
        """Undo an import: its transactions go to the trash and the file can be imported again.

        Imports from one file into several accounts are undone together or not at all.
        """
        batch = self.find_to_change(pk)
        data = RevertIn(data=request.data)
        data.is_valid(raise_exception=True)
        revert = revert_import if data.validated_data["only_this"] else revert_group

        def command() -> Answer:
            revert(actor=request.user, batch=batch, at=timezone.now())
            return self.answer(batch, status.HTTP_200_OK)

        return answer_once(request, command)
