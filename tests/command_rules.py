"""Unsafe URLs without a line in tests/commands.py, and who may use the others."""

# POST endpoints that change nothing important: no money, permissions, sign-in data or settings.
LOOKS = {
    *("api_currency_convert", "api_rule_preview", "api_rule_preview_all", "api_alert_backtest"),
    *("alerts:alert_read", "alerts:alert_read_all", "api_alert_read"),
    *("healthz", "readyz", "metrics", "transactions:column_choose", "users:security"),
    *("transactions:import_retry", "transactions:change_retry", "transactions:transfer_search"),
    *("api_bill_due_reminders", "api_change_retry"),
}
# Covered by tests of their own.
ELSEWHERE = {
    "accounts:share_view_as_stop": "accounts/tests/test_sharing_doors.py",
    **dict.fromkeys(
        ("account_login", "account_logout", "account_signup", "account_email",
         "account_set_password", "account_reset_password", "account_confirm_login_code",
         "account_confirm_email", "account_reset_password_from_key", "account_reauthenticate",
         "account_email_verification_sent", "users:session_end", "users:tokens_revoke",
         "users:unsubscribe", "usersessions_list"),
        "users/tests/test_pages.py",
    ),
    **dict.fromkeys(
        ("auth-signup", "auth-login", "auth-refresh", "auth-logout", "users-me-confirm-email"),
        "users/tests/test_auth_api.py",
    ),
    **dict.fromkeys(
        ("auth-confirm-email", "auth-password-reset", "auth-password-reset-confirm",
         "users-me-session", "users-me-mfa"),
        "users/tests/test_account_api.py",
    ),
    "api_plaid_webhook": "transactions/tests/test_connection_api.py",
    "api_connection_link": "transactions/tests/test_connection_api.py",
    "webhooks-twilio": "users/tests/test_channels.py",
}  # fmt: skip
ELSEWHERE_BY_PREFIX = {
    "mfa_": "users/tests/test_factors.py",
    "api_admin_": "tests/test_staff_api.py",
}
# What read-only roles may still do: things that concern themselves, and analysts' transactions.
READ_ONLY = ("viewer", "analyst")
OPEN_TO = {
    **dict.fromkeys(
        ("accounts:share_accept", "api_share_accept", "api_share_decline",
         "alerts:alert_dismiss", "alerts:alert_delete", "alerts:alert_restore",
         "api_alert_dismiss", "api_alert_detail", "api_alert_restore",
         "users:profile", "users:theme_set", "users:privacy", "users:erasure_withdraw",
         "users:sign_out_everywhere", "users:verification_request", "insights:home_cards",
         "users-me", "users-me-erase", "users-me-sessions", "auth-password-change",
         "auth-step-up", "account_change_password",
         "insights:export_statement", "insights:export_everything", "insights:export_delete",
         "api_export_pdf", "api_export_all", "api_export_detail", "api_export_csv"),
        READ_ONLY,
    ),
    **dict.fromkeys(
        ("transactions:transaction_create", "api_transaction_list", "insights:export_report"),
        ("analyst",),
    ),
}  # fmt: skip
