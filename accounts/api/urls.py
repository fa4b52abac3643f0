from django.urls import path

from accounts.api import views

urlpatterns = [
    path("accounts", views.AccountListApi.as_view(), name="api_account_list"),
    path("accounts/<int:pk>", views.AccountDetailApi.as_view(), name="api_account_detail"),
    path(
        "accounts/<int:pk>/restore", views.AccountRestoreApi.as_view(), name="api_account_restore"
    ),
]
