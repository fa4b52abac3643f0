from django.urls import path

from insights.api.asking import AskApi
from insights.api.exports import (
    ExportDetailApi,
    ExportFileApi,
    ExportListApi,
    FullExportApi,
    PdfExportApi,
)
from insights.api.figures import (
    BurnRateApi,
    CashFlowApi,
    CategoriesApi,
    MerchantsApi,
    NetWorthApi,
    YearlyApi,
)
from insights.api.outlook import (
    ForecastApi,
    RecurringApi,
    RecurringDismissalDetailApi,
    RecurringDismissalListApi,
    SameAnswerDetailApi,
    SameAnswerListApi,
)
from insights.api.overview import DashboardOverviewApi
from insights.api.staff import PlatformOverviewApi

urlpatterns = [
    path("admin/overview", PlatformOverviewApi.as_view(), name="api_admin_overview"),
    path("ask", AskApi.as_view(), name="api_ask"),
    path("dashboard/overview", DashboardOverviewApi.as_view(), name="api_dashboard_overview"),
    path("export/pdf", PdfExportApi.as_view(), name="api_export_pdf"),
    path("export/all", FullExportApi.as_view(), name="api_export_all"),
    path("exports", ExportListApi.as_view(), name="api_export_list"),
    path("exports/<int:pk>", ExportDetailApi.as_view(), name="api_export_detail"),
    path("exports/<int:pk>/file", ExportFileApi.as_view(), name="api_export_file"),
    path("insights/cash-flow", CashFlowApi.as_view(), name="api_insights_cash_flow"),
    path("insights/categories", CategoriesApi.as_view(), name="api_insights_categories"),
    path("insights/merchants", MerchantsApi.as_view(), name="api_insights_merchants"),
    path("insights/burn-rate", BurnRateApi.as_view(), name="api_insights_burn_rate"),
    path("insights/net-worth", NetWorthApi.as_view(), name="api_insights_net_worth"),
    path("insights/yearly", YearlyApi.as_view(), name="api_insights_yearly"),
    path("insights/forecast", ForecastApi.as_view(), name="api_insights_forecast"),
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
    path("insights/same", SameAnswerListApi.as_view(), name="api_same_answer"),
    path("insights/same/<int:pk>", SameAnswerDetailApi.as_view(), name="api_same_undo"),
]
