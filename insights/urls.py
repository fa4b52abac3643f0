from django.urls import path

from insights import views
from insights.api.views import DashboardOverviewApi

app_name = "insights"
urlpatterns = [
    path("", views.home, name="home"),
    path("dashboard/overview", DashboardOverviewApi.as_view(), name="dashboard_overview"),
]
