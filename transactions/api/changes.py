"""Bulk changes and undo in the API."""

from typing import Any

from django.http import Http404
from django.shortcuts import get_object_or_404
from django.utils import timezone
from rest_framework.exceptions import PermissionDenied, ValidationError
from rest_framework.response import Response

from banking.kernel.api_input import GenericApiView, operation, unknown_fields
from banking.limits import LEFT_LISTED
from transactions import dispatching
from transactions.api.rule_serializers import (
    AppliedOut,
    BulkCategorizeIn,
    ReferencesOut,
    UndoableChangeOut,
    UndoneOut,
    applied,
)
from transactions.filters import TransactionFilter
from transactions.models import Change, Transaction, TransactionQuerySet
from transactions.services.long_change_requests import stop_change
from users.api.idempotency import idempotent
from users.policy import Ability, require
from users.signed_in import UserApiRequest


class BulkCategorizeApi(GenericApiView):
    serializer_class = AppliedOut
    pagination_class = None

    @operation(request=BulkCategorizeIn, responses={200: AppliedOut, 202: AppliedOut})
    @idempotent
    def post(self, request: UserApiRequest) -> Response:
        """Set the category of many transactions, chosen by ids or by a filter.

        With a filter, only transactions in your own accounts change. A null category removes it.
        Large changes continue in the background: 202, with a URL to poll.
        """
        require(request.user, Ability.CHANGE_OWN_DATA)
        data = BulkCategorizeIn(data=request.data, context=self.get_serializer_context())
        data.is_valid(raise_exception=True)
        given = data.validated_data
        rows = (
            _chosen(request, given["ids"]) if "ids" in given else _found(request, given["filter"])
        )
        now, category = timezone.now(), given["category"]
        return applied(dispatching.edit_soon(request.user, rows, at=now, category=category))


def _chosen(request: UserApiRequest, ids: list[int]) -> TransactionQuerySet:
    """The transactions with these IDs. Raises 404 if the user cannot see one of them, 403 if they
    do not own it.
    """
    wanted = set(ids)
    rows = Transaction.objects.visible_to(request.user).filter(pk__in=wanted)
    owners = list(rows.order_by().values_list("user_id", flat=True))
    if len(owners) != len(wanted):
        raise Http404
    if any(owner_id != request.user.pk for owner_id in owners):
        raise PermissionDenied("You can view some of these but not change them.")
    return rows


def _found(request: UserApiRequest, query: dict[str, Any]) -> TransactionQuerySet:
    if unknown := unknown_fields(query, list(TransactionFilter.base_filters)):
        raise ValidationError({"filter": unknown})
    own = Transaction.objects.visible_to(request.user).filter(user=request.user)
    filters = TransactionFilter(query, queryset=own, request=request)
    if not filters.is_valid():
        raise ValidationError({f"filter.{name}": list(e) for name, e in filters.errors.items()})
    return filters.qs


class ChangeListApi(GenericApiView):
    serializer_class = UndoableChangeOut
    queryset = Change.objects.none()

    @operation(operation_id="undo_list", responses=UndoableChangeOut(many=True))
    def get(self, request: UserApiRequest) -> Response:
        """List your bulk changes, latest first."""
        changes = Change.objects.visible_to(request.user).prefetch_related("references")
        page = self.paginate_queryset(changes)
        context = {**self.get_serializer_context(), "at": timezone.now()}
        return self.get_paginated_response(UndoableChangeOut(page, many=True, context=context).data)


class ChangeUndoApi(GenericApiView):
    serializer_class = UndoneOut

    @operation(operation_id="undo_retrieve", responses=UndoableChangeOut)
    def get(self, request: UserApiRequest, pk: int) -> Response:
        """One bulk change: what it changed, and its progress while `running` or `undoing`."""
        change = get_object_or_404(Change.objects.visible_to(request.user), pk=pk)
        context = {**self.get_serializer_context(), "at": timezone.now()}
        return Response(UndoableChangeOut(change, context=context).data)

    @operation(request=None, responses={200: UndoneOut, 202: AppliedOut})
    @idempotent
    def post(self, request: UserApiRequest, pk: int) -> Response:
        """Undo a change within 30 days. Transactions edited since then are left alone and listed.

        Large changes are undone in the background: 202, with a URL to poll. One that ended as
        `undo_failed` resumes.
        """
        change = get_object_or_404(Change.objects.visible_to(request.user), pk=pk)
        require(request.user, Ability.CHANGE_OWN_DATA)
        result = dispatching.undo_soon(request.user, change, at=timezone.now())
        if result is None:
            change.refresh_from_db()
            return applied(change)
        return Response(
            {
                "batch": pk,
                "restored_count": result.restored_count,
                "left_count": len(result.left_ids),
                "left": result.left_ids[:LEFT_LISTED],
                "references": ReferencesOut(result.references, many=True).data,
            }
        )


class ChangeStopApi(GenericApiView):
    serializer_class = UndoableChangeOut

    @operation(request=None, responses=UndoableChangeOut)
    def post(self, request: UserApiRequest, pk: int) -> Response:
        """Stop a `running` change. What it has already changed stays and can be undone."""
        change = get_object_or_404(Change.objects.visible_to(request.user), pk=pk)
        require(request.user, Ability.CHANGE_OWN_DATA)
        change = stop_change(actor=request.user, change=change)
        context = {**self.get_serializer_context(), "at": timezone.now()}
        return Response(UndoableChangeOut(change, context=context).data)


class ChangeRetryApi(GenericApiView):
    serializer_class = UndoableChangeOut

    @operation(request=None, responses={200: AppliedOut, 202: AppliedOut})
    @idempotent
    def post(self, request: UserApiRequest, pk: int) -> Response:
        """Resume a change that is `failed` or `undo_failed`: 202.

        Safe to repeat while it is running; a finished change doesn't change: 200.
        """
        change = get_object_or_404(Change.objects.visible_to(request.user), pk=pk)
        require(request.user, Ability.CHANGE_OWN_DATA)
        dispatching.wake_change(request.user, change, at=timezone.now())
        change.refresh_from_db()
        return applied(change)
