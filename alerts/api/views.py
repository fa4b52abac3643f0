"""Alerts and notification settings in the API."""

from typing import Any

from django.shortcuts import get_object_or_404
from django.utils import timezone
from rest_framework import status
from rest_framework.response import Response

from alerts.api.serializers import (
    AlertOut,
    BacktestOut,
    SubscribeIn,
    SubscriptionOut,
    TypeIn,
    backtest_data,
    subscription_context,
)
from alerts.filters import AlertFilter
from alerts.models import Alert, AlertQuerySet
from alerts.scanning import backtest, backtest_period
from alerts.services import delete, dismiss, mark_read, restore, subscribe
from alerts.subscriptions import choices_for
from banking.kernel.api_input import ApiView, GenericApiView, operation
from banking.kernel.region import region
from banking.kernel.snapshot import read_snapshot
from users.api.idempotency import idempotent
from users.policy import Ability, require
from users.signed_in import UserApiRequest
from users.timezones import local_date


class AlertApi(GenericApiView):
    """Base of the alert views: alerts this user can see."""

    serializer_class = AlertOut

    def get_queryset(self) -> AlertQuerySet:
        return Alert.objects.visible_to(self.request.user)

    def find(self, pk: int) -> Alert:
        return get_object_or_404(self.get_queryset(), pk=pk)

    def show(self, pk: int) -> Response:
        with region(self.request.user.locale):
            return Response(AlertOut(self.find(pk)).data)


class AlertListApi(AlertApi):
    filterset_class = AlertFilter

    @operation(operation_id="alerts_list", responses=AlertOut(many=True))
    def get(self, request: UserApiRequest) -> Response:
        """List your alerts, newest first. Dismissed ones are included only on request."""
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        with region(request.user.locale):
            return self.get_paginated_response(AlertOut(page, many=True).data)


class AlertDetailApi(AlertApi):
    @operation(operation_id="alerts_retrieve", responses=AlertOut)
    def get(self, request: UserApiRequest, pk: int) -> Response:
        """Get one alert."""
        return self.show(pk)

    @operation(responses={204: None})
    def delete(self, request: UserApiRequest, pk: int) -> Response:
        """Delete an alert. The same event won't raise it again."""
        delete(actor=request.user, alert=self.find(pk))
        return Response(status=status.HTTP_204_NO_CONTENT)


class AlertReadApi(AlertApi):
    @operation(request=None, responses=AlertOut)
    def put(self, request: UserApiRequest, pk: int) -> Response:
        """Mark an alert as read."""
        mark_read(actor=request.user, alerts=[self.find(pk)])
        return self.show(pk)

    @operation(request=None, responses=AlertOut)
    def post(self, request: UserApiRequest, pk: int) -> Response:
        """Mark an alert as read (same as PUT)."""
        return self.put(request, pk)


class AlertDismissApi(AlertApi):
    @operation(request=None, responses=AlertOut)
    def put(self, request: UserApiRequest, pk: int) -> Response:
        """Dismiss an alert: mark it as read and hide it from the list."""
        dismiss(actor=request.user, alert=self.find(pk))
        return self.show(pk)

    @operation(request=None, responses=AlertOut)
    def post(self, request: UserApiRequest, pk: int) -> Response:
        """Dismiss an alert (same as PUT)."""
        return self.put(request, pk)


class AlertRestoreApi(AlertApi):
    @operation(request=None, responses=AlertOut)
    def post(self, request: UserApiRequest, pk: int) -> Response:
        """Restore a dismissed or deleted alert."""
        alert = get_object_or_404(Alert.objects.in_reach_of(request.user), pk=pk)
        restore(actor=request.user, alert=alert)
        return self.show(pk)


class SubscriptionApi(ApiView):
    @operation(
        operation_id="alerts_subscriptions_list",
        responses=SubscriptionOut(many=True),
    )
    def get(self, request: UserApiRequest) -> Response:
        """Your notification settings by alert type, and why a channel is unavailable."""
        context = subscription_context(request.user)
        shown = SubscriptionOut(choices_for(request.user), many=True, context=context)
        return Response(shown.data)

    @operation(request=SubscribeIn, responses=SubscriptionOut)
    @idempotent
    def post(self, request: UserApiRequest) -> Response:
        """Set the channels and threshold of one alert type. Omitted fields don't change."""
        require(request.user, Ability.CHANGE_OWN_DATA)
        command = _read(SubscribeIn, request)
        now = next(choice for choice in choices_for(request.user) if choice.type == command["type"])
        kept = {name: getattr(now, name) for name in ("in_app", "email", "sms", "threshold")}
        choice = subscribe(actor=request.user, user=request.user, **(kept | command))
        shown = SubscriptionOut(choice, context=subscription_context(request.user))
        return Response(shown.data)


class BacktestApi(ApiView):
    @operation(request=TypeIn, responses=BacktestOut)
    def post(self, request: UserApiRequest) -> Response:
        """Preview: alerts of one type that the last twelve months would have raised."""
        command = _read(TypeIn, request)
        on = local_date(request.user.timezone, timezone.now())
        with read_snapshot():
            facts = backtest(
                user=request.user, kind=command["type"], threshold=command["threshold"], on=on
            )
        days = backtest_period(on)
        return Response(backtest_data(command, facts, (days.start, days.last_day), request.user))


def _read(serializer: type, request: UserApiRequest) -> dict[str, Any]:
    command = serializer(data=request.data, context={"request": request})
    command.is_valid(raise_exception=True)
    return command.validated_data
