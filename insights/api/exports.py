"""Downloads in the API: statements, monthly reports, and all of a person's data."""

from collections.abc import Callable
from typing import Any

from django.http import Http404
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers, status
from rest_framework.exceptions import APIException
from rest_framework.response import Response

from accounts.models import Account
from banking.kernel.api import InReadersRegion
from banking.kernel.api_fields import RelatedIdField
from banking.kernel.api_input import ApiView, GenericApiView, Input, operation
from banking.kernel.api_parameters import MONTH
from banking.kernel.periods import Period
from banking.kernel.refusals import REFUSED
from insights.dispatching import make_soon
from insights.exports.export_answers import export_answer
from insights.exports.export_periods import export_period
from insights.exports.exporting import (
    delete_export,
    request_everything,
    request_monthly_report,
    request_statement,
)
from insights.figures.period_choice import SPANS
from insights.models import Export
from users import limits
from users.api.idempotency import HEADERS, answer_once
from users.api.step_up import STEP_UP, require_step_up
from users.models import User
from users.signed_in import UserApiRequest
from users.timezones import local_date

LOCATION = OpenApiParameter(
    "Location",
    str,
    OpenApiParameter.HEADER,
    response=[201, 202],
    description="The export's address.",
)


# Statements and reports are PDF; all data is a ZIP.
FILE_TYPES = ("application/pdf", "application/zip")


class PdfUnavailable(APIException):
    """503: this server can't create PDF files."""

    status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    default_code = "pdf_unavailable"


class ExportOut(InReadersRegion, serializers.ModelSerializer):
    """A requested file. `download_url` appears when it is ready and works for a week."""

    title = serializers.CharField(source="name", read_only=True)
    download_url = serializers.SerializerMethodField()

    class Meta:
        model = Export
        fields = [
            *("id", "kind", "title", "params", "status", "progress", "file_name", "size"),
            *("sha256", "error", "download_url", "created_at", "finished_at", "expires_at"),
        ]

    def get_download_url(self, export: Export) -> str | None:
        if not export.is_ready(timezone.now()):
            return None
        url = reverse("api_export_file", args=[export.pk])
        return self.context["request"].build_absolute_uri(url)


class AccountField(RelatedIdField):
    """An account the user can see, by id."""

    def get_queryset(self) -> Any:
        return Account.objects.visible_to(self.context["request"].user)


PERIOD = rf"^({'|'.join(SPANS)}|(19[5-9]\d|20\d\d|2100)(-(0[1-9]|1[0-2])|-Q[1-4])?)$"


class PdfExportIn(Input):
    """A statement for an account and period, or the report for a month."""

    kind = serializers.ChoiceField(
        choices=[Export.Kind.STATEMENT, Export.Kind.MONTHLY_REPORT], default=Export.Kind.STATEMENT
    )
    account = AccountField(required=False, help_text="Needed for a statement.")
    period = serializers.RegexField(
        PERIOD,
        required=False,
        help_text="2025-12, 2025-Q4, 2025, this_month, last_month, quarter, year, last_12_months.",
    )
    month = serializers.RegexField(MONTH["pattern"], required=False, help_text="2025-12")
    date_from = serializers.DateField(required=False)
    date_to = serializers.DateField(required=False)
    include_shared = serializers.BooleanField(required=False, allow_null=True, default=None)

    def validate(self, data: dict[str, Any]) -> dict[str, Any]:
        user = self.context["request"].user
        named: dict[str, str] = {
            name: str(data[name])
            for name in ("period", "month", "date_from", "date_to")
            if name in data
        }
        data["chosen"] = export_period(named, on=local_date(user.timezone, timezone.now()))
        if data["kind"] == Export.Kind.STATEMENT and "account" not in data:
            raise serializers.ValidationError({"account": "Choose an account."}, code=REFUSED)
        if data["kind"] == Export.Kind.MONTHLY_REPORT and not _is_month(data["chosen"]):
            raise serializers.ValidationError(
                {"month": "Send a month such as 2025-12."}, code=REFUSED
            )
        return data


def _is_month(period: Any) -> bool:
    return period == type(period).month_of(period.start)


class PdfExportApi(ApiView):
    @operation(
        operation_id="export_pdf",
        request=PdfExportIn,
        responses={201: ExportOut, 202: ExportOut},
        parameters=[*HEADERS, LOCATION],
    )
    def post(self, request: UserApiRequest) -> Response:
        """Request a PDF. 201: the file is ready. 202: poll its URL until it is."""
        data = PdfExportIn(data=request.data, context={"request": request})
        data.is_valid(raise_exception=True)
        given = data.validated_data
        limits.consume("export-pdf", f"user {request.user.pk}")
        return _answer_once(request, lambda: _request_pdf(request.user, **given))


def _request_pdf(
    user: User, *, kind: str, chosen: Period, include_shared: bool | None, **given: Any
) -> Export:
    if kind == Export.Kind.STATEMENT:
        return request_statement(
            actor=user, account=given["account"], period=chosen, at=timezone.now()
        )
    return request_monthly_report(
        actor=user, month=chosen.start, include_shared=include_shared, at=timezone.now()
    )


class FullExportApi(ApiView):
    @operation(
        operation_id="export_all",
        request=None,
        responses={201: ExportOut, 202: ExportOut},
        parameters=[*HEADERS, STEP_UP, LOCATION],
    )
    def post(self, request: UserApiRequest) -> Response:
        """Request all your data: a ZIP with export.json, receipts and bank files."""
        require_step_up(request)
        limits.consume("export-all", f"user {request.user.pk}")
        return _answer_once(
            request, lambda: request_everything(actor=request.user, at=timezone.now())
        )


class ExportListApi(GenericApiView):
    serializer_class = ExportOut
    queryset = Export.objects.none()

    @operation(operation_id="exports_list", responses=ExportOut(many=True))
    def get(self, request: UserApiRequest) -> Response:
        """List your files, latest first."""
        page = self.paginate_queryset(Export.objects.visible_to(request.user))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)


class ExportDetailApi(ApiView):
    @operation(operation_id="exports_retrieve", responses=ExportOut)
    def get(self, request: UserApiRequest, pk: int) -> Response:
        """The status of a file, and its download URL when ready."""
        return Response(ExportOut(_mine(request, pk), context={"request": request}).data)

    @operation(operation_id="exports_destroy", responses={204: None})
    def delete(self, request: UserApiRequest, pk: int) -> Response:
        """Delete a file before its week is over."""
        delete_export(actor=request.user, export=_mine(request, pk))
        return Response(status=status.HTTP_204_NO_CONTENT)


class ExportFileApi(ApiView):
    @operation(
        operation_id="exports_file",
        responses={(200, kind): OpenApiTypes.BINARY for kind in FILE_TYPES},
        parameters=[STEP_UP],
    )
    def get(self, request: UserApiRequest, pk: int) -> Any:
        """Download a file. A download of all your data requires a step-up."""
        export = _mine(request, pk)
        if not export.is_ready(timezone.now()):
            raise Http404
        if export.kind == Export.Kind.EVERYTHING:
            require_step_up(request)
        return export_answer(request.user, export)


def _mine(request: UserApiRequest, pk: int) -> Export:
    return get_object_or_404(Export.objects.visible_to(request.user), pk=pk)


def _answer_once(request: UserApiRequest, ask: Callable[[], Export]) -> Response:
    """Create the export at most once per Idempotency-Key. The file is made outside the transaction,
    so a repeated request returns its current status.
    """
    asked = answer_once(request, lambda: (status.HTTP_202_ACCEPTED, {"id": ask().pk}))
    if asked.status_code != status.HTTP_202_ACCEPTED:
        return asked
    answer = _asked(request, make_soon(_mine(request, asked.data["id"])))
    if "Idempotency-Replayed" in asked:
        answer["Idempotency-Replayed"] = asked["Idempotency-Replayed"]
    return answer


def _asked(request: UserApiRequest, export: Export) -> Response:
    """201 with a finished file, 202 while it is being created."""
    if export.status == Export.Status.FAILED:
        raise PdfUnavailable(export.error)
    is_done = export.status == Export.Status.DONE
    return Response(
        ExportOut(export, context={"request": request}).data,
        status=status.HTTP_201_CREATED if is_done else status.HTTP_202_ACCEPTED,
        headers={"Location": reverse("api_export_detail", args=[export.pk])},
    )
