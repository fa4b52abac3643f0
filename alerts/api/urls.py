from django.urls import path

from alerts.api import views

urlpatterns = [
    path("alerts", views.AlertListApi.as_view(), name="api_alert_list"),
    path("alerts/subscribe", views.SubscriptionApi.as_view(), name="api_alert_subscribe"),
    path("alerts/backtest", views.BacktestApi.as_view(), name="api_alert_backtest"),
    path("alerts/<int:pk>", views.AlertDetailApi.as_view(), name="api_alert_detail"),
    path("alerts/<int:pk>/read", views.AlertReadApi.as_view(), name="api_alert_read"),
    path("alerts/<int:pk>/dismiss", views.AlertDismissApi.as_view(), name="api_alert_dismiss"),
    path("alerts/<int:pk>/restore", views.AlertRestoreApi.as_view(), name="api_alert_restore"),
]
