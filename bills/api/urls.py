from django.urls import path

from bills.api import views

urlpatterns = [
    path("bills", views.BillListApi.as_view(), name="api_bill_list"),
    path(
        "bills/send-due-reminders", views.DueRemindersApi.as_view(), name="api_bill_due_reminders"
    ),
    path("bills/<int:pk>", views.BillDetailApi.as_view(), name="api_bill_detail"),
    path("bills/<int:pk>/pay", views.BillPayApi.as_view(), name="api_bill_pay"),
    path("bills/<int:pk>/unpay", views.BillUnpayApi.as_view(), name="api_bill_unpay"),
    path("bills/<int:pk>/skip", views.BillSkipApi.as_view(), name="api_bill_skip"),
    path("bills/<int:pk>/match", views.BillMatchApi.as_view(), name="api_bill_match"),
    path("bills/<int:pk>/restore", views.BillRestoreApi.as_view(), name="api_bill_restore"),
    path("bills/<int:pk>/send-reminder", views.BillReminderApi.as_view(), name="api_bill_remind"),
]
