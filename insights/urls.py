from django.urls import path

from insights.api.overview import DashboardOverviewPage
from insights.views import home

app_name = "insights"
urlpatterns = [
    path("", home.home, name="home"),
    path("dashboard/overview", DashboardOverviewPage.as_view(), name="dashboard_overview"),
]
