"""Budgets in the API. A budget the user can't see is a 404; a role without budgets gets 403."""

from datetime import date
from typing import Any

from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, inline_serializer
from rest_framework import serializers, status
from rest_framework.response import Response

from banking.kernel.api_input import GenericApiView, operation
from banking.kernel.api_parameters import whole_number
from banking.kernel.forms import yes_or_no
from banking.kernel.read_together import read_together
from banking.kernel.snapshot import read_snapshot
from budgets.api.serializers import (
    AdoptIn,
    BudgetIn,
    BudgetMonthOut,
    BudgetOut,
    MonthIn,
    ProgressDetailOut,
    SuggestionOut,
)
from budgets.filters import BudgetFilter
from budgets.models import EARLIEST_YEAR, LATEST_YEAR, Budget, BudgetQuerySet, asking_owners
from budgets.month import budget_month
from budgets.progress import budget_progress, progress_and_trend
from budgets.services import (
    adopt_suggestions,
    copy_last_month,
    create_budget,
    delete_budget,
    edit_budget,
    require_change,
    restore_budget,
)
from budgets.suggestions import suggestions
from users.api.idempotency import idempotent
from users.policy import Ability, require
from users.signed_in import UserApiRequest
from users.timezones import local_date

MONTH_PARAMETERS = [
    OpenApiParameter(
        "year", whole_number(EARLIEST_YEAR, LATEST_YEAR), description="Default: this year."
    ),
    OpenApiParameter(
        "month", whole_number(1, 12), description="Default: this month in your time zone."
    ),
]
_COUNT = inline_serializer(
    "BudgetsAddedOut",
    {name: serializers.IntegerField() for name in ("year", "month", "added")},
)


class BudgetApi(GenericApiView):
    """Base of the budget views: budgets this user can see and the user's current date."""

    serializer_class = BudgetOut

    def get_queryset(self) -> BudgetQuerySet:
        return Budget.objects.visible_to(self.request.user).for_list()

    @property
    def today(self) -> date:
        return local_date(self.request.user.timezone, timezone.now())

    def find(self, pk: int) -> Budget:
        budget = get_object_or_404(self.get_queryset(), pk=pk)
        require(self.request.user, Ability.SEE_BUDGETS)
        return budget

    def find_to_change(self, pk: int) -> Budget:
        budget = self.find(pk)
        require_change(self.request.user, budget)
        return budget

    def show(self, pk: int) -> dict[str, Any]:
        (progress,) = budget_progress([self.get_queryset().get(pk=pk)], on=self.today)
        return BudgetOut(progress).data

    def read(self, serializer: type, data: Any, **options: Any) -> dict[str, Any]:
        context = {"today": self.today, "owner_id": self.request.user.pk}
        command = serializer(data=data, context=context, **options)
        command.is_valid(raise_exception=True)
        return command.validated_data


class BudgetListApi(BudgetApi):
    filterset_class = BudgetFilter

    @operation(operation_id="budgets_list", responses=BudgetOut(many=True))
    def get(self, request: UserApiRequest) -> Response:
        """List your budgets and those shared with you, latest month first."""
        require(request.user, Ability.SEE_BUDGETS)
        with read_snapshot():
            read_together(*asking_owners(request.user))
            page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
            progress = budget_progress(page or [], on=self.today)
        return self.get_paginated_response(BudgetOut(progress, many=True).data)

    @operation(request=BudgetIn, responses={201: BudgetOut})
    @idempotent
    def post(self, request: UserApiRequest) -> Response:
        """Set a limit for one category in one month."""
        require(request.user, Ability.CHANGE_OWN_DATA)
        fields, today = self.read(BudgetIn, request.data), self.today
        month = {"year": today.year, "month": today.month}
        budget = create_budget(actor=request.user, user=request.user, **(month | fields))
        return Response(self.show(budget.pk), status=status.HTTP_201_CREATED)


class BudgetDetailApi(BudgetApi):
    @operation(operation_id="budgets_retrieve", responses=BudgetOut)
    def get(self, request: UserApiRequest, pk: int) -> Response:
        """Get one budget."""
        with read_snapshot():
            read_together(*asking_owners(request.user))
            (progress,) = budget_progress([self.find(pk)], on=self.today)
        return Response(BudgetOut(progress).data)

    @operation(request=BudgetIn, responses=BudgetOut)
    def put(self, request: UserApiRequest, pk: int) -> Response:
        """Update a budget. If month, currency or rollover are missing, they don't change."""
        return self._edit(request, pk, partial=False)

    @operation(request=BudgetIn, responses=BudgetOut)
    def patch(self, request: UserApiRequest, pk: int) -> Response:
        """Update some fields of a budget."""
        return self._edit(request, pk, partial=True)

    def _edit(self, request: UserApiRequest, pk: int, *, partial: bool) -> Response:
        budget = self.find_to_change(pk)
        changes = self.read(BudgetIn, request.data, partial=partial)
        edit_budget(actor=request.user, budget=budget, **changes)
        return Response(self.show(pk))

    @operation(responses={204: None})
    def delete(self, request: UserApiRequest, pk: int) -> Response:
        """Move a budget to the trash."""
        delete_budget(actor=request.user, budget=self.find_to_change(pk))
        return Response(status=status.HTTP_204_NO_CONTENT)


class BudgetRestoreApi(BudgetApi):
    @operation(request=None, responses=BudgetOut)
    def post(self, request: UserApiRequest, pk: int) -> Response:
        """Restore a budget from the trash. A budget outside the trash doesn't change."""
        in_reach = Budget.objects.in_reach_of(request.user)
        budget = get_object_or_404(in_reach, pk=pk)
        require_change(request.user, budget)
        restore_budget(actor=request.user, budget=budget)
        return Response(self.show(pk))


class BudgetProgressApi(BudgetApi):
    @operation(responses=ProgressDetailOut)
    def get(self, request: UserApiRequest, pk: int) -> Response:
        """One budget's progress and its category's last twelve months."""
        with read_snapshot():
            read_together(*asking_owners(request.user))
            progress, trend = progress_and_trend(self.find(pk), on=self.today)
        return Response(ProgressDetailOut(progress, context={"trend": trend}).data)


class BudgetMonthApi(BudgetApi):
    @operation(
        responses=BudgetMonthOut,
        parameters=[
            OpenApiParameter(
                "year", whole_number(EARLIEST_YEAR, LATEST_YEAR), OpenApiParameter.PATH
            ),
            OpenApiParameter("month", whole_number(1, 12), OpenApiParameter.PATH),
            OpenApiParameter(
                "include_shared",
                bool,
                description="Include budgets shared with you. Always on for guests.",
            ),
        ],
    )
    def get(self, request: UserApiRequest, year: int, month: int) -> Response:
        """The progress of every budget in a month, with totals per currency."""
        require(request.user, Ability.SEE_BUDGETS)
        shown = budget_month(
            user=request.user,
            year=year,
            month=month,
            on=self.today,
            include_shared=yes_or_no(request.query_params, "include_shared"),
        )
        return Response(BudgetMonthOut(shown).data)


class CopyLastMonthApi(BudgetApi):
    @operation(request=MonthIn, responses=_COUNT)
    @idempotent
    def post(self, request: UserApiRequest) -> Response:
        """Copy the previous month's budgets; categories that already have one are skipped."""
        require(request.user, Ability.CHANGE_OWN_DATA)
        month = self.read(MonthIn, request.data)
        added = copy_last_month(actor=request.user, user=request.user, **month)
        return Response({**month, "added": added})


class BudgetSuggestionsApi(BudgetApi):
    pagination_class = None

    @operation(responses=SuggestionOut(many=True), parameters=MONTH_PARAMETERS, filters=False)
    def get(self, request: UserApiRequest) -> Response:
        """Suggested budgets: each category's median over the last six full months."""
        require(request.user, Ability.SEE_BUDGETS)
        month = self.read(MonthIn, request.query_params)
        found = suggestions(user=request.user, on=self.today, **month)
        return Response(SuggestionOut(found, many=True).data)

    @operation(request=AdoptIn, responses=_COUNT)
    @idempotent
    def post(self, request: UserApiRequest) -> Response:
        """Create budgets from the suggestions for some categories, or for all."""
        require(request.user, Ability.CHANGE_OWN_DATA)
        month = self.read(AdoptIn, request.data)
        chosen = month.pop("categories", None)
        found = suggestions(user=request.user, on=self.today, **month)
        wanted = [
            (suggestion.category, suggestion.amount, suggestion.currency)
            for suggestion in found
            if chosen is None or suggestion.category.slug in chosen
        ]
        added = adopt_suggestions(
            actor=request.user, user=request.user, suggestions=wanted, **month
        )
        return Response({**month, "added": added})
