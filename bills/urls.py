"""Pages of bills."""

from django.urls import path

from bills import views

app_name = "bills"
urlpatterns = [
    path("", views.bill_list, name="bill_list"),
    path("calendar/", views.bill_calendar, name="bill_calendar"),
    path("new/", views.bill_create, name="bill_create"),
    path("<int:pk>/", views.bill_detail, name="bill_detail"),
    path("<int:pk>/edit/", views.bill_edit, name="bill_edit"),
    path("<int:pk>/pay/", views.bill_pay, name="bill_pay"),
    path("<int:pk>/unpay/", views.bill_unpay, name="bill_unpay"),
    path("<int:pk>/skip/", views.bill_skip, name="bill_skip"),
    path("<int:pk>/auto-pay/", views.bill_auto_pay, name="bill_auto_pay"),
    path("<int:pk>/match/", views.bill_match, name="bill_match"),
    path("<int:pk>/remind/", views.bill_remind, name="bill_remind"),
    path("<int:pk>/delete/", views.bill_delete, name="bill_delete"),
    path("<int:pk>/restore/", views.bill_restore, name="bill_restore"),
]
