"""Pages of accounts; banking/urls.py adds the page of one account (transactions/urls.py)."""

from django.urls import path

from accounts.views import accounts as views

app_name = "accounts"
urlpatterns = [
    path("", views.account_list, name="account_list"),
    path("new/", views.account_create, name="account_create"),
    path("currency/", views.currency, name="currency"),
    path("<int:pk>/edit/", views.account_edit, name="account_edit"),
    path("<int:pk>/archive/", views.account_archive, name="account_archive"),
    path("<int:pk>/delete/", views.account_delete, name="account_delete"),
    path("<int:pk>/restore/", views.account_restore, name="account_restore"),
]
