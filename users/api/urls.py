from django.urls import path

from users.api import step_up, views, webhooks

urlpatterns = [
    path("auth/signup", views.SignUpApi.as_view(), name="auth-signup"),
    path("auth/login", views.SignInApi.as_view(), name="auth-login"),
    path("auth/refresh", views.RefreshApi.as_view(), name="auth-refresh"),
    path("auth/step-up", step_up.StepUpApi.as_view(), name="auth-step-up"),
    path("auth/logout", views.SignOutApi.as_view(), name="auth-logout"),
    path("users/me", views.MeApi.as_view(), name="users-me"),
    path("webhooks/twilio", webhooks.TwilioWebhookApi.as_view(), name="webhooks-twilio"),
]
