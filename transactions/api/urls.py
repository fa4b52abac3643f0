from django.urls import path

from transactions.api import categories, views

urlpatterns = [
    path("transactions", views.TransactionListApi.as_view(), name="api_transaction_list"),
    path(
        "transactions/<int:pk>",
        views.TransactionDetailApi.as_view(),
        name="api_transaction_detail",
    ),
    path(
        "transactions/<int:pk>/restore",
        views.TransactionRestoreApi.as_view(),
        name="api_transaction_restore",
    ),
    path(
        "transactions/<int:pk>/category",
        views.TransactionCategoryApi.as_view(),
        name="api_transaction_category",
    ),
    path(
        "transactions/<int:pk>/category-history",
        views.CategoryHistoryApi.as_view(),
        name="api_category_history",
    ),
    path("categories", categories.CategoryListApi.as_view(), name="api_category_list"),
    path("categories/<int:pk>", categories.CategoryDetailApi.as_view(), name="api_category_detail"),
]
