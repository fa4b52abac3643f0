"""Pages of accounts; banking/urls.py adds the page of one account (transactions/urls.py)."""

from django.urls import path

from accounts.views import accounts as views
from accounts.views import sharing

app_name = "accounts"
urlpatterns = [
    path("", views.account_list, name="account_list"),
    path("new/", views.account_create, name="account_create"),
    path("currency/", views.currency, name="currency"),
    path("sharing/", sharing.share_list, name="share_list"),
    path("sharing/<int:pk>/accept/", sharing.share_accept, name="share_accept"),
    path("sharing/<int:pk>/end/", sharing.share_end, name="share_end"),
    path("sharing/<int:pk>/level/", sharing.share_level, name="share_level"),
    path("sharing/<int:pk>/view-as/", sharing.share_view_as, name="share_view_as"),
    path("sharing/view-as/stop/", sharing.share_view_as_stop, name="share_view_as_stop"),
    path("<int:pk>/edit/", views.account_edit, name="account_edit"),
    path("<int:pk>/archive/", views.account_archive, name="account_archive"),
    path("<int:pk>/delete/", views.account_delete, name="account_delete"),
    path("<int:pk>/restore/", views.account_restore, name="account_restore"),
]
