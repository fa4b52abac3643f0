from django.urls import path

from insights import views
from insights.api.views import DashboardOverviewPage

app_name = "insights"
urlpatterns = [
    path("", views.home, name="home"),
    path("dashboard/overview", DashboardOverviewPage.as_view(), name="dashboard_overview"),
]
