"""Rewards programs in the API. Other people's programs are a 404."""

from datetime import date
from typing import Any

from django.shortcuts import get_object_or_404
from django.utils import timezone
from rest_framework import status
from rest_framework.response import Response

from banking.kernel.api_input import GenericApiView, operation
from rewards.api.serializers import (
    PointsEntryIn,
    PointsEntryOut,
    RewardIn,
    RewardOut,
    RewardsTotalOut,
)
from rewards.models import Reward, RewardQuerySet
from rewards.services import (
    add_entry,
    create_program,
    delete_program,
    edit_program,
    entry_date,
    restore_program,
)
from rewards.totals import Holding, rewards_total
from users.api.idempotency import idempotent
from users.policy import Ability, require
from users.signed_in import UserApiRequest
from users.timezones import local_date


class RewardApi(GenericApiView):
    """Base of the program views: the user's programs and the user's current date."""

    serializer_class: Any = RewardOut

    def get_queryset(self) -> RewardQuerySet:
        return Reward.objects.visible_to(self.request.user)

    @property
    def today(self) -> date:
        return local_date(self.request.user.timezone, timezone.now())

    def find(self, pk: int) -> Reward:
        return get_object_or_404(self.get_queryset(), pk=pk)

    def find_to_change(self, pk: int) -> Reward:
        reward = self.find(pk)
        require(self.request.user, Ability.CHANGE_OWN_DATA)
        return reward

    def holdings(self) -> dict[int, Holding]:
        total = rewards_total(user=self.request.user, on=self.today)
        return {holding.reward.pk: holding for holding in total.holdings}

    def show(self, pk: int) -> dict[str, Any]:
        return RewardOut(self.holdings()[pk]).data


class RewardListApi(RewardApi):
    @operation(operation_id="rewards_list", responses=RewardOut(many=True))
    def get(self, request: UserApiRequest) -> Response:
        """List your rewards programs by name."""
        page = self.paginate_queryset(self.get_queryset())
        holdings = self.holdings()
        shown = [holdings[program.pk] for program in page or [] if program.pk in holdings]
        return self.get_paginated_response(RewardOut(shown, many=True).data)

    @operation(request=RewardIn, responses={201: RewardOut})
    @idempotent
    def post(self, request: UserApiRequest) -> Response:
        """Create a rewards program. Points it already has become an `adjust` entry."""
        require(request.user, Ability.CHANGE_OWN_DATA)
        data = RewardIn(data=request.data)
        data.is_valid(raise_exception=True)
        reward = create_program(
            actor=request.user, user=request.user, on=self.today, **data.validated_data
        )
        return Response(self.show(reward.pk), status=status.HTTP_201_CREATED)


class RewardDetailApi(RewardApi):
    @operation(operation_id="rewards_retrieve")
    def get(self, request: UserApiRequest, pk: int) -> Response:
        """Get one rewards program."""
        self.find(pk)
        return Response(self.show(pk))

    @operation(request=RewardIn, responses=RewardOut)
    def put(self, request: UserApiRequest, pk: int) -> Response:
        """Update a program. Omitted optional fields don't change; a new `points_balance` is an
        adjustment.
        """
        return self._edit(request, pk, partial=False)

    @operation(request=RewardIn, responses=RewardOut)
    def patch(self, request: UserApiRequest, pk: int) -> Response:
        """Update some fields of a rewards program."""
        return self._edit(request, pk, partial=True)

    def _edit(self, request: UserApiRequest, pk: int, *, partial: bool) -> Response:
        reward = self.find_to_change(pk)
        data = RewardIn(data=request.data, partial=partial)
        data.is_valid(raise_exception=True)
        edit_program(actor=request.user, reward=reward, on=self.today, **data.validated_data)
        return Response(self.show(pk))

    @operation(responses={204: None})
    def delete(self, request: UserApiRequest, pk: int) -> Response:
        """Move a rewards program to the trash; its points no longer count."""
        delete_program(actor=request.user, reward=self.find_to_change(pk))
        return Response(status=status.HTTP_204_NO_CONTENT)


class RewardRestoreApi(RewardApi):
    def get_queryset(self) -> RewardQuerySet:
        return Reward.objects.filter(user=self.request.user)

    @operation(request=None, responses=RewardOut)
    def post(self, request: UserApiRequest, pk: int) -> Response:
        """Restore a program from the trash. A program outside the trash doesn't change."""
        restore_program(actor=request.user, reward=self.find_to_change(pk))
        return Response(self.show(pk))


class EntryListApi(RewardApi):
    serializer_class = PointsEntryOut

    @operation(operation_id="rewards_entries_list", responses=PointsEntryOut(many=True))
    def get(self, request: UserApiRequest, pk: int) -> Response:
        """A program's points history, newest first."""
        page = self.paginate_queryset(self.find(pk).entries.order_by("-occurred_on", "-id"))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    @operation(request=PointsEntryIn, responses={201: PointsEntryOut})
    @idempotent
    def post(self, request: UserApiRequest, pk: int) -> Response:
        """Earn, redeem or adjust points. The balance can't go below zero."""
        reward = self.find_to_change(pk)
        data = PointsEntryIn(data=request.data)
        data.is_valid(raise_exception=True)
        fields = data.validated_data
        on = fields.pop("occurred_on", self.today)
        entry_date(on, today=self.today, name="occurred_on")
        entry = add_entry(actor=request.user, reward=reward, on=on, **fields)
        return Response(self.get_serializer(entry).data, status=status.HTTP_201_CREATED)


class RewardsTotalApi(RewardApi):
    serializer_class = RewardsTotalOut

    @operation(responses=RewardsTotalOut, filters=False)
    def get(self, request: UserApiRequest) -> Response:
        """All your points, their value, and points that expire within 60 days."""
        return Response(RewardsTotalOut(rewards_total(user=request.user, on=self.today)).data)
