from django.urls import path

from insights.api.views import DashboardOverviewApi

app_name = "insights"
urlpatterns = [
    path("dashboard/overview", DashboardOverviewApi.as_view(), name="dashboard_overview"),
]
