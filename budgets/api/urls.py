from django.urls import path

from budgets.api import views

urlpatterns = [
    path("budgets", views.BudgetListApi.as_view(), name="api_budget_list"),
    path(
        "budgets/copy-last-month",
        views.CopyLastMonthApi.as_view(),
        name="api_budget_copy_last_month",
    ),
    path(
        "budgets/suggestions", views.BudgetSuggestionsApi.as_view(), name="api_budget_suggestions"
    ),
    path(
        "budgets/month/<int:year>/<int:month>",
        views.BudgetMonthApi.as_view(),
        name="api_budget_month",
    ),
    path("budgets/<int:pk>", views.BudgetDetailApi.as_view(), name="api_budget_detail"),
    path("budgets/<int:pk>/restore", views.BudgetRestoreApi.as_view(), name="api_budget_restore"),
    path(
        "budgets/<int:pk>/progress", views.BudgetProgressApi.as_view(), name="api_budget_progress"
    ),
]
