from django.urls import path

from insights.api.views import DashboardOverviewApi

urlpatterns = [
    path("dashboard/overview", DashboardOverviewApi.as_view(), name="api_dashboard_overview"),
]
