from django.urls import path

from accounts.api import currency, sharing, views

urlpatterns = [
    path("accounts", views.AccountListApi.as_view(), name="api_account_list"),
    path("accounts/<int:pk>", views.AccountDetailApi.as_view(), name="api_account_detail"),
    path(
        "accounts/<int:pk>/restore", views.AccountRestoreApi.as_view(), name="api_account_restore"
    ),
    path("shares", sharing.ShareListApi.as_view(), name="api_share_list"),
    path("shares/<int:pk>", sharing.ShareDetailApi.as_view(), name="api_share_detail"),
    path("shares/<int:pk>/accept", sharing.ShareAcceptApi.as_view(), name="api_share_accept"),
    path("shares/<int:pk>/decline", sharing.ShareDeclineApi.as_view(), name="api_share_decline"),
    path("currency/rates", currency.CurrencyRatesApi.as_view(), name="api_currency_rates"),
    path("currency/summary", currency.CurrencySummaryApi.as_view(), name="api_currency_summary"),
    path("currency/convert", currency.CurrencyConvertApi.as_view(), name="api_currency_convert"),
]
