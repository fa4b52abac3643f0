from django.urls import path

from users import views

app_name = "users"
urlpatterns = [
    path("profile/", views.profile, name="profile"),
    path("profile/verify/", views.verification_request, name="verification_request"),
    path("theme/", views.theme_set, name="theme_set"),
    path("activity/", views.activity, name="activity"),
    path("privacy/", views.privacy, name="privacy"),
    path("privacy/keep/", views.erasure_withdraw, name="erasure_withdraw"),
    path("security/", views.security, name="security"),
    path("security/sessions/<int:pk>/end/", views.session_end, name="session_end"),
    path("security/tokens/<uuid:family>/revoke/", views.tokens_revoke, name="tokens_revoke"),
    path("security/sign-out-everywhere/", views.sign_out_everywhere, name="sign_out_everywhere"),
    path("unsubscribe/<str:token>/", views.unsubscribe, name="unsubscribe"),
]
