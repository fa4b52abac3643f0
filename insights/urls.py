from django.urls import path

from insights.api.overview import DashboardOverviewPage
from insights.views import asking, exports, figures, home, outlook

app_name = "insights"
urlpatterns = [
    path("", home.home, name="home"),
    path("dashboard/cards/", home.home_cards, name="home_cards"),
    path("dashboard/sample/", home.sample_add, name="sample_add"),
    path("dashboard/sample/remove/", home.sample_remove, name="sample_remove"),
    path("dashboard/sample/restore/", home.sample_restore, name="sample_restore"),
    path("search/", asking.ask, name="ask"),
    path("search/results/", asking.find_json, name="find"),
    path("dashboard/overview", DashboardOverviewPage.as_view(), name="dashboard_overview"),
    path("exports/", exports.export_list, name="export_list"),
    path("exports/statement/", exports.export_statement, name="export_statement"),
    path("exports/report/", exports.export_report, name="export_report"),
    path("exports/everything/", exports.export_everything, name="export_everything"),
    path("exports/<int:pk>/", exports.export_progress, name="export_progress"),
    path("exports/<int:pk>/file/", exports.export_file, name="export_file"),
    path("exports/<int:pk>/delete/", exports.export_delete, name="export_delete"),
    path("insights/cash-flow/", figures.cash_flow, name="cash_flow"),
    path("insights/categories/", figures.categories, name="categories"),
    path("insights/merchants/", figures.merchants, name="merchants"),
    path("insights/burn-rate/", figures.burn_rate, name="burn_rate"),
    path("insights/net-worth/", figures.net_worth, name="net_worth"),
    path("insights/yearly/", figures.yearly, name="yearly"),
    path("insights/forecast/", outlook.forecast, name="forecast"),
    path("insights/recurring/", outlook.recurring, name="recurring"),
    path("insights/recurring/dismiss/", outlook.recurring_dismiss, name="recurring_dismiss"),
    path(
        "insights/recurring/dismissed/<int:pk>/undo/",
        outlook.recurring_restore,
        name="recurring_restore",
    ),
    path("insights/same/", outlook.same_answer, name="same_answer"),
    path("insights/same/<int:pk>/undo/", outlook.same_undo, name="same_undo"),
]
