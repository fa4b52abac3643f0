from django.urls import path

from insights.api.overview import DashboardOverviewApi

urlpatterns = [
    path("dashboard/overview", DashboardOverviewApi.as_view(), name="api_dashboard_overview"),
]
