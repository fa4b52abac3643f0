"""Pages of alerts."""

from django.urls import path

from alerts import views

app_name = "alerts"
urlpatterns = [
    path("", views.alert_list, name="alert_list"),
    path("bell/", views.alert_bell, name="alert_bell"),
    path("read-all/", views.alert_read_all, name="alert_read_all"),
    path("subscriptions/", views.subscription_list, name="subscription_list"),
    path("backtest/", views.alert_backtest, name="alert_backtest"),
    path("<int:pk>/read/", views.alert_read, name="alert_read"),
    path("<int:pk>/dismiss/", views.alert_dismiss, name="alert_dismiss"),
    path("<int:pk>/delete/", views.alert_delete, name="alert_delete"),
    path("<int:pk>/restore/", views.alert_restore, name="alert_restore"),
]
