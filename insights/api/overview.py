"""`GET /api/dashboard/overview`: the home page's figures in one call."""

from datetime import date
from typing import Any

from django.http import HttpResponseBase
from django.utils import timezone
from django.utils.cache import get_conditional_response
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework.response import Response

from banking.kernel.api_input import ApiView, operation
from banking.kernel.api_parameters import DAY, MONTH
from banking.kernel.django_private import django_request
from banking.kernel.keeping import keep, recall
from banking.kernel.snapshot import read_snapshot
from banking.limits import PAGE_SECONDS
from insights.api.serializers import OverviewOut, overview_data
from insights.figures.kept import OVERVIEW, key_of
from insights.figures.overview import overview
from insights.figures.period_choice import SPANS, choose_period
from insights.figures.questions import include_shared_in
from insights.figures.state import state_of
from users.signed_in import UserApiRequest
from users.timezones import local_date


class DashboardOverviewApi(ApiView):
    """Accounts, totals, spending, trend and recent transactions of one period."""

    @operation(
        operation_id="dashboard_overview",
        responses=OverviewOut,
        parameters=[
            OpenApiParameter("month", MONTH, description="A month, 2025-12. Default: this month."),
            OpenApiParameter("period", str, enum=list(SPANS)),
            OpenApiParameter("date_from", DAY, description="First day, 2025-12-01."),
            OpenApiParameter("date_to", DAY, description="Last day, 2025-12-31."),
            OpenApiParameter(
                "include_shared",
                bool,
                description="Include accounts shared with you. Always on for guests.",
            ),
        ],
    )
    def get(self, request: UserApiRequest) -> HttpResponseBase:
        """The figures without parameters are kept until one of them changes, and have an ETag: 304
        for `If-None-Match` with the same one.
        """
        user, on = request.user, local_date(request.user.timezone, timezone.now())
        if request.query_params or user.is_stand_in:
            return Response(self._computed(request, on))
        key, state = key_of(OVERVIEW, user.pk), state_of(user, on)
        tag = f'"{state[:40]}"'
        unchanged = get_conditional_response(django_request(request), etag=tag)
        if unchanged is not None:
            unchanged["ETag"] = tag
            return unchanged
        data = recall(key, state)
        if data is None:
            data = self._computed(request, on)
            keep(key, state, data, PAGE_SECONDS)
        return Response(data, headers={"ETag": tag})

    def _computed(self, request: UserApiRequest, on: date) -> dict[str, Any]:
        params = request.query_params
        choice, include_shared = choose_period(params, on=on), include_shared_in(params)
        with read_snapshot():
            figures = overview(
                user=request.user, choice=choice, on=on, include_shared=include_shared
            )
            return overview_data(figures, request)


@extend_schema_view(get=extend_schema(exclude=True))
class DashboardOverviewPage(DashboardOverviewApi):
    """The same response at `/dashboard/overview`; documented only under /api/."""
