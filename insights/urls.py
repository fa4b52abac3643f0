from django.urls import path

from insights.api.overview import DashboardOverviewPage
from insights.views import home, outlook

app_name = "insights"
urlpatterns = [
    path("", home.home, name="home"),
    path("dashboard/overview", DashboardOverviewPage.as_view(), name="dashboard_overview"),
    path("insights/recurring/", outlook.recurring, name="recurring"),
    path("insights/recurring/dismiss/", outlook.recurring_dismiss, name="recurring_dismiss"),
    path(
        "insights/recurring/dismissed/<int:pk>/undo/",
        outlook.recurring_restore,
        name="recurring_restore",
    ),
]
