"""Receipts in the API."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from rest_framework import parsers, serializers, status
from rest_framework.response import Response

from accounts.access import require_change
from banking.kernel.api_input import Input, operation
from banking.limits import RECEIPT_BYTES
from transactions.api.views import TransactionApi
from transactions.attachment_answers import SHOWN, attachment_answer
from transactions.models import Attachment
from transactions.services.attaching import attach, detach
from users.api.idempotency import idempotent
from users.signed_in import UserApiRequest

FILE_TYPES = (*SHOWN, "application/pdf")


class AttachmentOut(serializers.ModelSerializer):
    """A receipt's details, without the file."""

    class Meta:
        model = Attachment
        fields = ["id", "file_name", "content_type", "byte_count", "sha256", "created_at"]


class AttachmentIn(Input):
    """A PNG, JPEG, WebP or GIF image, or a PDF, of at most 5 MB."""

    file = serializers.FileField()


class AttachmentListApi(TransactionApi):
    serializer_class = AttachmentOut
    pagination_class = None
    parser_classes = [parsers.MultiPartParser]

    @operation(operation_id="attachments_list", responses=AttachmentOut(many=True), filters=False)
    def get(self, request: UserApiRequest, pk: int) -> Response:
        """The receipts of a transaction."""
        kept = Attachment.objects.filter(transaction=self.find(pk)).defer("content")
        return Response(AttachmentOut(kept, many=True).data)

    @operation(
        operation_id="attachments_add",
        request={"multipart/form-data": AttachmentIn},
        responses={201: AttachmentOut},
    )
    @idempotent
    def post(self, request: UserApiRequest, pk: int) -> Response:
        """Add a receipt. Uploading the same file again returns the existing receipt."""
        row = self.find_to_change(pk)
        data = AttachmentIn(data=request.data)
        data.is_valid(raise_exception=True)
        file = data.validated_data["file"]
        content = file.read(RECEIPT_BYTES + 1)
        made = attach(actor=request.user, transaction=row, file_name=file.name, content=content)
        return Response(AttachmentOut(made).data, status=status.HTTP_201_CREATED)


class AttachmentDetailApi(TransactionApi):
    serializer_class = AttachmentOut

    @operation(
        operation_id="attachments_file",
        responses={(200, kind): OpenApiTypes.BINARY for kind in FILE_TYPES},
    )
    def get(self, request: UserApiRequest, pk: int, attachment_pk: int) -> HttpResponse:
        """Download a receipt."""
        return attachment_answer(self._attachment(pk, attachment_pk))

    @operation(operation_id="attachments_remove", responses={204: None})
    def delete(self, request: UserApiRequest, pk: int, attachment_pk: int) -> Response:
        """Delete a receipt permanently."""
        found = self._attachment(pk, attachment_pk)
        require_change(request.user, found.transaction.account)
        detach(actor=request.user, attachment=found)
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _attachment(self, pk: int, attachment_pk: int) -> Any:
        found = Attachment.objects.filter(transaction=self.find(pk))
        return get_object_or_404(found.select_related("transaction__account"), pk=attachment_pk)
