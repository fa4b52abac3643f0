"""Every URL, classified by what it shows. tests/test_access_matrix.py walks this table.

Add one line for every new URL, or the suite fails:
  OPEN     public; shows nobody's data.
  LISTS    requires sign-in, has no ID in it, and shows people only their own data.
  OBJECTS  has IDs in it: {argument: the `tests/world.py` object it stands for}.
  DENIED   the roles that get 403 from such a list.
  EXEMPT   tested elsewhere; the value says where.
"""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class On:
    """A URL with an object in it.

    `shared`: the levels at which members of a shared account can see it (but not change it).
    `args`: the URL's other arguments and their objects. `reads`: methods besides GET that only
    read. `marks`: read-only roles may also set these on their own objects (such as marking an alert
    read).
    """

    thing: str
    shared: tuple[str, ...] = ()
    args: dict[str, str] = field(default_factory=dict)
    reads: tuple[str, ...] = ()
    marks: bool = False

    def shared_as(self, level: str) -> bool:
        return level in self.shared


OPEN = {
    *("account_login", "account_logout", "account_inactive", "account_signup"),
    *("account_email_verification_sent", "account_reset_password", "account_confirm_login_code"),
    *("account_reset_password_done", "account_reset_password_from_key_done"),
    *("auth-signup", "auth-login", "auth-refresh", "auth-logout"),
    *("auth-confirm-email", "auth-password-reset", "auth-password-reset-confirm"),
    *("schema", "docs", "redoc", "healthz", "readyz", "mfa_authenticate"),
    "mfa_login_webauthn",
}

LISTS = {
    *("alerts:alert_list", "alerts:alert_bell", "alerts:alert_read_all", "alerts:alert_backtest"),
    *("alerts:subscription_list", "api_alert_list", "api_alert_subscribe", "api_alert_backtest"),
    "transactions:rule_list",
    "transactions:rule_create",
    *("transactions:group_list", "transactions:group_settle", "api_group_list"),
    *("transactions:learned_list", "transactions:learned_forget"),
    *("api_learned_list", "api_learned_forget"),
    "transactions:rule_matches",
    "transactions:rule_preview_all",
    "transactions:rule_apply_all",
    "transactions:trash",
    "transactions:trash_restore",
    "transactions:change_list",
    "api_rule_list",
    "api_rule_preview_all",
    "api_rule_apply_all",
    "api_change_list",
    "api_bulk_categorize",
    *("insights:home", "insights:dashboard_overview", "api_dashboard_overview"),
    *("insights:cash_flow", "insights:categories", "insights:merchants", "insights:burn_rate"),
    *("insights:net_worth", "insights:yearly"),
    *("api_insights_cash_flow", "api_insights_categories", "api_insights_merchants"),
    *("api_insights_burn_rate", "api_insights_net_worth", "api_insights_yearly"),
    *("insights:export_list", "insights:export_statement", "insights:export_report"),
    *("insights:export_everything", "api_export_pdf", "api_export_all", "api_export_list"),
    *("insights:recurring", "insights:recurring_dismiss", "insights:forecast"),
    "api_insights_forecast",
    *("api_insights_recurring", "api_recurring_dismiss"),
    *("insights:same_answer", "api_same_answer"),
    *("accounts:account_list", "accounts:account_create", "api_account_list"),
    *("accounts:currency", "api_currency_rates", "api_currency_summary", "api_currency_convert"),
    *("transactions:transaction_list", "transactions:transaction_create", "api_transaction_list"),
    *("transactions:view_create", "api_view_list", "transactions:column_choose"),
    *("transactions:transfer_list", "transactions:transfer_create"),
    *("transactions:transfer_search", "api_transfer_list"),
    *("transactions:connection_list", "transactions:connection_create"),
    *("transactions:connection_connect", "transactions:connection_return"),
    *("api_connection_list", "api_connection_providers", "api_connection_link"),
    *("transactions:review_list", "transactions:review_decide_all", "api_review_list"),
    *("transactions:transaction_export", "transactions:transaction_bulk", "api_export_csv"),
    *("transactions:category_list", "transactions:category_create", "api_category_list"),
    *("transactions:import_start", "transactions:import_history"),
    *("api_transaction_import", "api_import_list"),
    *("budgets:budget_list", "budgets:budget_create", "budgets:budget_copy"),
    *("budgets:budget_adopt", "api_budget_list", "api_budget_copy_last_month"),
    "api_budget_suggestions",
    *("bills:bill_list", "bills:bill_calendar", "bills:bill_create"),
    *("api_bill_list", "api_bill_due_reminders"),
    *("rewards:reward_list", "rewards:reward_create", "api_reward_list", "api_rewards_total"),
    *(
        "users:activity",
        "api_activity",
        "users:privacy",
        "users:profile",
        "users:theme_set",
        "users:verification_request",
        "users:security",
        "users:sign_out_everywhere",
    ),
    *("account_email", "account_change_password", "account_set_password"),
    *("account_reauthenticate", "mfa_index", "mfa_reauthenticate", "mfa_activate_totp"),
    *("mfa_deactivate_totp", "mfa_view_recovery_codes", "mfa_generate_recovery_codes"),
    *("mfa_download_recovery_codes", "usersessions_list", "users-me", "styleguide"),
    *("users-me-confirm-email", "users-me-erase", "users-me-sessions", "users-me-mfa"),
    "auth-password-change",
    *("auth-step-up", "mfa_list_webauthn", "mfa_add_webauthn", "mfa_reauthenticate_webauthn"),
    *("accounts:share_list", "accounts:share_view_as_stop", "api_share_list"),
}

LEVELS = ("viewer", "analyst")
ACCOUNT, ROW = On("account", shared=LEVELS), On("transaction", shared=LEVELS)
ALERT = On("alert", marks=True)
# Read-only users may also request and discard exports of what they can see.
EXPORT = On("export", marks=True)
RECEIPT = On("transaction", shared=LEVELS, args={"attachment_pk": "attachment"})
BUDGET = On("budget", shared=("analyst",))
OBJECTS = {
    "accounts:account_detail": ACCOUNT,
    "accounts:account_edit": ACCOUNT,
    "accounts:account_archive": ACCOUNT,
    "accounts:account_delete": ACCOUNT,
    "accounts:account_restore": On("account"),
    "api_account_detail": ACCOUNT,
    "accounts:account_statements": ACCOUNT,
    "api_account_statements": ACCOUNT,
    "api_account_restore": On("account"),
    "accounts:share_accept": On("share"),
    "accounts:share_end": On("share"),
    "accounts:share_level": On("share"),
    "accounts:share_view_as": On("share"),
    "api_share_detail": On("share"),
    "api_share_accept": On("share"),
    "api_share_decline": On("share"),
    "transactions:transaction_detail": ROW,
    "transactions:transaction_edit": ROW,
    "transactions:transaction_notes": ROW,
    "transactions:transaction_category": ROW,
    "transactions:attachment_create": ROW,
    "transactions:attachment_file": RECEIPT,
    "transactions:attachment_delete": RECEIPT,
    "api_attachment_list": ROW,
    "api_attachment_detail": RECEIPT,
    "transactions:transaction_split": ROW,
    "transactions:transaction_unsplit": ROW,
    "api_transaction_splits": ROW,
    "transactions:transaction_delete": ROW,
    "transactions:transaction_restore": ROW,
    "api_transaction_detail": ROW,
    "api_transaction_restore": ROW,
    "api_transaction_category": ROW,
    "api_category_history": ROW,
    "transactions:learned_remember": On("forgotten_choices"),
    "api_forgotten_detail": On("forgotten_choices"),
    "transactions:view_edit": On("saved_view"),
    "transactions:view_delete": On("saved_view"),
    "insights:recurring_restore": On("recurring_dismissal"),
    "api_recurring_restore": On("recurring_dismissal"),
    "insights:same_undo": On("same_answer"),
    "api_same_undo": On("same_answer"),
    "api_view_detail": On("saved_view"),
    "transactions:transfer_confirm": On("transfer"),
    "transactions:connection_detail": On("connection"),
    "transactions:connection_accounts": On("connection"),
    "transactions:connection_sync": On("connection"),
    "transactions:connection_reconnect": On("connection"),
    "transactions:connection_disconnect": On("connection"),
    "transactions:connection_undo": On("connection"),
    "transactions:connection_play": On("connection"),
    "api_connection_detail": On("connection"),
    "api_connection_accounts": On("connection"),
    "api_connection_sync": On("connection"),
    "api_connection_reconnect": On("connection"),
    "transactions:review_decide": On("review_item"),
    "transactions:review_undo": On("review_item"),
    "api_review_detail": On("review_item"),
    "api_review_undo": On("review_item"),
    "transactions:transfer_reject": On("transfer"),
    "api_transfer_confirm": On("transfer"),
    "api_transfer_reject": On("transfer"),
    "transactions:category_edit": On("category"),
    "transactions:category_delete": On("category"),
    "api_category_detail": On("category"),
    "transactions:import_receipt": On("import_batch"),
    "transactions:import_map": On("import_batch"),
    "transactions:import_accounts": On("import_batch"),
    "transactions:import_check": On("import_batch"),
    "transactions:import_progress": On("import_batch"),
    "transactions:import_retry": On("import_batch"),
    "transactions:import_rows_choose": On("import_batch"),
    "transactions:import_row_edit": On("import_batch", args={"row_pk": "import_row"}),
    "transactions:import_confirm": On("import_batch"),
    "transactions:import_revert": On("import_batch"),
    "transactions:import_discard": On("import_batch"),
    "api_import_detail": On("import_batch"),
    "api_import_rows": On("import_batch"),
    "api_import_confirm": On("import_batch"),
    "api_import_revert": On("import_batch"),
    "budgets:budget_detail": BUDGET,
    "budgets:budget_edit": BUDGET,
    "budgets:budget_delete": BUDGET,
    "budgets:budget_restore": BUDGET,
    "api_budget_detail": BUDGET,
    "api_budget_restore": BUDGET,
    "api_budget_progress": BUDGET,
    "transactions:rule_edit": On("rule"),
    "transactions:rule_preview": On("rule"),
    "transactions:rule_apply": On("rule"),
    "transactions:rule_move": On("rule"),
    "transactions:rule_delete": On("rule"),
    "transactions:rule_restore": On("rule"),
    "api_rule_detail": On("rule"),
    "api_rule_preview": On("rule", reads=("POST",)),
    "api_rule_apply": On("rule"),
    "transactions:change_detail": On("change"),
    "transactions:change_undo": On("change"),
    "transactions:change_retry": On("change"),
    "transactions:change_stop": On("change"),
    "api_change_stop": On("change"),
    "api_change_retry": On("change"),
    "api_change_undo": On("change"),
    "alerts:alert_read": ALERT,
    "alerts:alert_dismiss": ALERT,
    "alerts:alert_delete": ALERT,
    "alerts:alert_restore": ALERT,
    "api_alert_detail": ALERT,
    "api_alert_read": ALERT,
    "api_alert_dismiss": ALERT,
    "api_alert_restore": ALERT,
    "insights:export_progress": EXPORT,
    "insights:export_file": EXPORT,
    "insights:export_delete": EXPORT,
    "api_export_detail": EXPORT,
    "api_export_file": EXPORT,
    "bills:bill_detail": On("bill"),
    "bills:bill_edit": On("bill"),
    "bills:bill_pay": On("bill"),
    "bills:bill_unpay": On("bill"),
    "bills:bill_skip": On("bill"),
    "bills:bill_auto_pay": On("bill"),
    "bills:bill_match": On("bill"),
    "bills:bill_remind": On("bill"),
    "bills:bill_delete": On("bill"),
    "bills:bill_restore": On("bill"),
    "api_bill_detail": On("bill"),
    "api_bill_pay": On("bill"),
    "api_bill_unpay": On("bill"),
    "api_bill_skip": On("bill"),
    "api_bill_match": On("bill"),
    "api_bill_restore": On("bill"),
    "api_bill_remind": On("bill"),
    "rewards:reward_detail": On("reward"),
    "rewards:reward_edit": On("reward"),
    "rewards:entry_create": On("reward"),
    "rewards:reward_delete": On("reward"),
    "rewards:reward_restore": On("reward"),
    "api_reward_detail": On("reward"),
    "api_reward_restore": On("reward"),
    "api_reward_entries": On("reward"),
}

_STAFF = (
    *("user_list", "user_detail", "user_unlock", "notification_list", "notification_send_again"),
    *("audit_log", "audit_verify", "overview"),
)
DENIED = {
    **dict.fromkeys(
        (
            *("insights:burn_rate", "insights:cash_flow", "insights:categories"),
            *("insights:forecast", "insights:merchants", "insights:net_worth"),
            *("insights:recurring", "insights:yearly", "api_insights_burn_rate"),
            *("api_insights_cash_flow", "api_insights_categories", "api_insights_forecast"),
            *("api_insights_merchants", "api_insights_net_worth", "api_insights_recurring"),
            *("api_insights_yearly", "budgets:budget_list", "api_budget_list"),
            *("api_budget_suggestions", "transactions:transaction_create"),
        ),
        ("viewer",),
    ),
    **dict.fromkeys(
        (
            *("accounts:account_create", "bills:bill_create", "budgets:budget_create"),
            *("rewards:reward_create", "transactions:category_create"),
            *("transactions:import_start", "transactions:rule_create"),
            *("transactions:connection_create", "transactions:connection_connect"),
            *("transactions:connection_return", "api_connection_providers"),
            *("transactions:rule_matches", "transactions:transfer_create"),
        ),
        ("viewer", "analyst"),
    ),
}

EXEMPT = {
    **{f"api_admin_{name}": "tests/test_staff_api.py: every one × every role" for name in _STAFF},
    "users:unsubscribe": "the token is the secret; users/tests",
    "api_plaid_webhook": "the signature is the key; transactions/tests/test_connection_api.py",
    "webhooks-twilio": "the signature is the key; users/tests",
    "metrics": "tests/test_metrics.py: this machine or a token",
    "users-me-session": "its id is a text; users/tests/test_account_api.py",
    "users:session_end": "users/tests/test_pages.py",
    "mfa_remove_webauthn": "users/tests/test_factors.py",
    "mfa_edit_webauthn": "users/tests/test_factors.py",
    "users:tokens_revoke": "users/tests/test_pages.py",
    "account_confirm_email": "allauth: the key is the secret",
    "account_reset_password_from_key": "allauth: the key is the secret",
    "api_budget_month": "its ids are a year and a month; budgets/tests/test_api.py",
}
