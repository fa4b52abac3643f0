"""Our views for some of allauth's addresses under 2fa/, with allauth's names."""

from django.urls import path

from users import factor_views as views

urlpatterns = [
    path("totp/activate/", views.ActivateTotp.as_view(), name="mfa_activate_totp"),
    path("totp/deactivate/", views.DeactivateTotp.as_view(), name="mfa_deactivate_totp"),
    path("recovery-codes/", views.ShowRecoveryCodes.as_view(), name="mfa_view_recovery_codes"),
    path(
        "recovery-codes/download/",
        views.DownloadRecoveryCodes.as_view(),
        name="mfa_download_recovery_codes",
    ),
    path(
        "recovery-codes/generate/",
        views.GenerateRecoveryCodes.as_view(),
        name="mfa_generate_recovery_codes",
    ),
    path("webauthn/add/", views.AddPasskey.as_view(), name="mfa_add_webauthn"),
    path(
        "webauthn/keys/<int:pk>/remove/", views.RemovePasskey.as_view(), name="mfa_remove_webauthn"
    ),
    path("webauthn/keys/<int:pk>/edit/", views.RenamePasskey.as_view(), name="mfa_edit_webauthn"),
]
