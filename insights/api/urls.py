from django.urls import path

from insights.api.outlook import (
    RecurringApi,
    RecurringDismissalDetailApi,
    RecurringDismissalListApi,
)
from insights.api.overview import DashboardOverviewApi

urlpatterns = [
    path("dashboard/overview", DashboardOverviewApi.as_view(), name="api_dashboard_overview"),
    path("insights/recurring", RecurringApi.as_view(), name="api_insights_recurring"),
    path(
        "insights/recurring/dismissed",
        RecurringDismissalListApi.as_view(),
        name="api_recurring_dismiss",
    ),
    path(
        "insights/recurring/dismissed/<int:pk>",
        RecurringDismissalDetailApi.as_view(),
        name="api_recurring_restore",
    ),
]
