"""Transfers in the API."""

from typing import Any

from django.shortcuts import get_object_or_404
from rest_framework import serializers, status
from rest_framework.response import Response

from accounts.access import require_change
from banking.kernel.api import AmountSerializerField
from banking.kernel.api_input import GenericApiView, Input, operation
from transactions.api.serializers import VisibleAccountField
from transactions.models import Transfer
from transactions.services.posting_checks import typed_date
from transactions.services.transfers import (
    confirm_transfer,
    reject_transfer,
    transfer_funds,
    with_sides,
)
from users.api.idempotency import idempotent
from users.policy import Ability, require
from users.signed_in import UserApiRequest
from users.timezones import today_in


class TransferOut(serializers.ModelSerializer):
    """A transfer: the amounts that left `source` and reached `target`, both positive."""

    source = serializers.IntegerField(source="outflow_transaction.account_id", read_only=True)  # type: ignore[assignment]  # a field of that name
    source_name = serializers.CharField(source="outflow_transaction.account.name", read_only=True)
    target = serializers.IntegerField(source="inflow_transaction.account_id", read_only=True)
    target_name = serializers.CharField(source="inflow_transaction.account.name", read_only=True)
    amount = AmountSerializerField(
        source="outflow_transaction.amount",
        currency="outflow_transaction.currency",
        read_only=True,
    )
    currency = serializers.CharField(source="outflow_transaction.currency", read_only=True)
    target_amount = AmountSerializerField(
        source="inflow_transaction.amount",
        currency="inflow_transaction.currency",
        read_only=True,
    )
    target_currency = serializers.CharField(source="inflow_transaction.currency", read_only=True)
    date = serializers.DateField(source="outflow_transaction.txn_date", read_only=True)
    arrived_on = serializers.DateField(source="inflow_transaction.txn_date", read_only=True)

    class Meta:
        model = Transfer
        fields = [
            "id",
            "status",
            "source",
            "source_name",
            "target",
            "target_name",
            "amount",
            "currency",
            "target_amount",
            "target_currency",
            "date",
            "arrived_on",
            "outflow_transaction",
            "inflow_transaction",
            "created_at",
            "updated_at",
        ]


class TransferIn(Input):
    """Money to move: `amount` in the source's currency, `target_amount` in the target's."""

    source = VisibleAccountField()  # type: ignore[assignment]  # a field of that name
    target = VisibleAccountField()
    amount = AmountSerializerField(positive=True)
    target_amount = AmountSerializerField(
        positive=True,
        required=False,
        allow_null=True,
        help_text="Only between two currencies. Default: that day's rate.",
    )
    date = serializers.DateField(required=False, help_text="Default: today in your time zone.")
    description = serializers.CharField(max_length=200, required=False, allow_blank=True)


class TransferApi(GenericApiView):
    """Base of the transfer views: transfers between this user's accounts."""

    serializer_class = TransferOut

    def get_queryset(self) -> Any:
        return with_sides(Transfer.objects.visible_to(self.request.user))

    def show(self, pk: int) -> dict[str, Any]:
        return self.get_serializer(self.get_queryset().get(pk=pk)).data


class TransferListApi(TransferApi):
    filterset_fields = ["status"]

    @operation(operation_id="transfers_list", responses=TransferOut(many=True))
    def get(self, request: UserApiRequest) -> Response:
        """List transfers, newest first: suggested, confirmed and rejected."""
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset().order_by("-id")))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    @operation(request=TransferIn, responses={201: TransferOut})
    @idempotent
    def post(self, request: UserApiRequest) -> Response:
        """Move money between two of your accounts."""
        require(request.user, Ability.CHANGE_OWN_DATA)
        data = TransferIn(data=request.data, context=self.get_serializer_context())
        data.is_valid(raise_exception=True)
        given = dict(data.validated_data)
        for side in ("source", "target"):
            require_change(request.user, given[side])
        today = today_in(request.user.timezone)
        on = typed_date(given.pop("date", None) or today, today=today, name="date")
        made = transfer_funds(actor=request.user, on=on, today=today, **given)
        return Response(self.get_serializer(made).data, status=status.HTTP_201_CREATED)


class TransferConfirmApi(TransferApi):
    @operation(request=None, responses=TransferOut)
    def post(self, request: UserApiRequest, pk: int) -> Response:
        """Confirm that two transactions are one transfer; both leave income and spending."""
        transfer = get_object_or_404(self.get_queryset(), pk=pk)
        require(request.user, Ability.CHANGE_OWN_DATA)
        confirm_transfer(actor=request.user, transfer=transfer)
        return Response(self.show(pk))


class TransferRejectApi(TransferApi):
    @operation(request=None, responses=TransferOut)
    def post(self, request: UserApiRequest, pk: int) -> Response:
        """Reject a transfer; if it was confirmed, both transactions get their categories back."""
        transfer = get_object_or_404(self.get_queryset(), pk=pk)
        require(request.user, Ability.CHANGE_OWN_DATA)
        reject_transfer(actor=request.user, transfer=transfer)
        return Response(self.show(pk))
