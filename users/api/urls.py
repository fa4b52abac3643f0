from django.urls import path

from users.api import account, activity, staff, step_up, views, webhooks

urlpatterns = [
    path("auth/signup", views.SignUpApi.as_view(), name="auth-signup"),
    path("auth/login", views.SignInApi.as_view(), name="auth-login"),
    path("auth/refresh", views.RefreshApi.as_view(), name="auth-refresh"),
    path("auth/step-up", step_up.StepUpApi.as_view(), name="auth-step-up"),
    path("auth/logout", views.SignOutApi.as_view(), name="auth-logout"),
    path("auth/confirm-email", account.EmailConfirmApi.as_view(), name="auth-confirm-email"),
    path("auth/password/reset", account.PasswordResetApi.as_view(), name="auth-password-reset"),
    path(
        "auth/password/reset/confirm",
        account.PasswordResetConfirmApi.as_view(),
        name="auth-password-reset-confirm",
    ),
    path("auth/password/change", account.PasswordChangeApi.as_view(), name="auth-password-change"),
    path("users/me/sessions", account.SessionListApi.as_view(), name="users-me-sessions"),
    path("users/me/sessions/<str:id>", account.SessionDetailApi.as_view(), name="users-me-session"),
    path("users/me/mfa", account.FactorsApi.as_view(), name="users-me-mfa"),
    path("users/me/erase", views.EraseApi.as_view(), name="users-me-erase"),
    path("users/me", views.MeApi.as_view(), name="users-me"),
    path("users/me/confirm-email", views.ConfirmEmailApi.as_view(), name="users-me-confirm-email"),
    path("users/me/activity", activity.ActivityApi.as_view(), name="api_activity"),
    path("admin/users", staff.StaffUserListApi.as_view(), name="api_admin_user_list"),
    path("admin/users/<int:pk>", staff.StaffUserDetailApi.as_view(), name="api_admin_user_detail"),
    path(
        "admin/users/<int:pk>/unlock",
        staff.StaffUserUnlockApi.as_view(),
        name="api_admin_user_unlock",
    ),
    path("admin/notifications", staff.ReceiptListApi.as_view(), name="api_admin_notification_list"),
    path(
        "admin/notifications/<int:pk>/send-again",
        staff.ReceiptSendAgainApi.as_view(),
        name="api_admin_notification_send_again",
    ),
    path("admin/audit-log", staff.AuditLogApi.as_view(), name="api_admin_audit_log"),
    path("admin/audit-log/verify", staff.AuditVerifyApi.as_view(), name="api_admin_audit_verify"),
    path("webhooks/twilio", webhooks.TwilioWebhookApi.as_view(), name="webhooks-twilio"),
]
