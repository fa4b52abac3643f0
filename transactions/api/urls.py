from django.urls import path

from transactions.api import (
    attachments,
    categories,
    changes,
    connections,
    exporting,
    importing,
    merchant_groups,
    reviewing,
    rules,
    saved_views,
    splitting,
    statements,
    transfers,
    views,
)

urlpatterns = [
    path("transactions", views.TransactionListApi.as_view(), name="api_transaction_list"),
    path(
        "transactions/<int:pk>",
        views.TransactionDetailApi.as_view(),
        name="api_transaction_detail",
    ),
    path(
        "transactions/<int:pk>/restore",
        views.TransactionRestoreApi.as_view(),
        name="api_transaction_restore",
    ),
    path(
        "transactions/<int:pk>/category",
        views.TransactionCategoryApi.as_view(),
        name="api_transaction_category",
    ),
    path(
        "transactions/<int:pk>/category-history",
        views.CategoryHistoryApi.as_view(),
        name="api_category_history",
    ),
    path(
        "transactions/<int:pk>/splits",
        splitting.TransactionSplitsApi.as_view(),
        name="api_transaction_splits",
    ),
    path(
        "transactions/<int:pk>/attachments",
        attachments.AttachmentListApi.as_view(),
        name="api_attachment_list",
    ),
    path(
        "transactions/<int:pk>/attachments/<int:attachment_pk>",
        attachments.AttachmentDetailApi.as_view(),
        name="api_attachment_detail",
    ),
    path("transactions/views", saved_views.SavedViewListApi.as_view(), name="api_view_list"),
    path(
        "transactions/views/<int:pk>",
        saved_views.SavedViewDetailApi.as_view(),
        name="api_view_detail",
    ),
    path(
        "connections/providers",
        connections.ProviderListApi.as_view(),
        name="api_connection_providers",
    ),
    path("connections/link", connections.LinkApi.as_view(), name="api_connection_link"),
    path("connections", connections.ConnectionListApi.as_view(), name="api_connection_list"),
    path(
        "connections/<int:pk>",
        connections.ConnectionDetailApi.as_view(),
        name="api_connection_detail",
    ),
    path(
        "connections/<int:pk>/accounts",
        connections.ConnectionAccountsApi.as_view(),
        name="api_connection_accounts",
    ),
    path(
        "connections/<int:pk>/sync",
        connections.ConnectionSyncApi.as_view(),
        name="api_connection_sync",
    ),
    path(
        "connections/<int:pk>/reconnect",
        connections.ConnectionReconnectApi.as_view(),
        name="api_connection_reconnect",
    ),
    path("webhooks/plaid", connections.PlaidWebhookApi.as_view(), name="api_plaid_webhook"),
    path(
        "accounts/<int:pk>/statements",
        statements.AccountStatementsApi.as_view(),
        name="api_account_statements",
    ),
    path("transfers", transfers.TransferListApi.as_view(), name="api_transfer_list"),
    path(
        "transfers/<int:pk>/confirm",
        transfers.TransferConfirmApi.as_view(),
        name="api_transfer_confirm",
    ),
    path(
        "transfers/<int:pk>/reject",
        transfers.TransferRejectApi.as_view(),
        name="api_transfer_reject",
    ),
    path("export/csv", exporting.CsvExportApi.as_view(), name="api_export_csv"),
    path("categories", categories.CategoryListApi.as_view(), name="api_category_list"),
    path(
        "transactions/by-merchant",
        merchant_groups.MerchantGroupListApi.as_view(),
        name="api_group_list",
    ),
    path(
        "categories/learned",
        merchant_groups.LearnedListApi.as_view(),
        name="api_learned_list",
    ),
    path(
        "categories/learned/forget",
        merchant_groups.ForgetApi.as_view(),
        name="api_learned_forget",
    ),
    path(
        "categories/learned/forgotten/<int:pk>",
        merchant_groups.ForgottenDetailApi.as_view(),
        name="api_forgotten_detail",
    ),
    path("categories/rules", rules.RuleListApi.as_view(), name="api_rule_list"),
    path(
        "categories/rules/preview", rules.RulePreviewAllApi.as_view(), name="api_rule_preview_all"
    ),
    path("categories/rules/apply", rules.RuleApplyAllApi.as_view(), name="api_rule_apply_all"),
    path("categories/rules/<int:pk>", rules.RuleDetailApi.as_view(), name="api_rule_detail"),
    path(
        "categories/rules/<int:pk>/preview", rules.RulePreviewApi.as_view(), name="api_rule_preview"
    ),
    path("categories/rules/<int:pk>/apply", rules.RuleApplyApi.as_view(), name="api_rule_apply"),
    path("undo", changes.ChangeListApi.as_view(), name="api_change_list"),
    path("undo/<int:pk>", changes.ChangeUndoApi.as_view(), name="api_change_undo"),
    path("undo/<int:pk>/stop", changes.ChangeStopApi.as_view(), name="api_change_stop"),
    path("undo/<int:pk>/retry", changes.ChangeRetryApi.as_view(), name="api_change_retry"),
    path(
        "transactions/bulk-categorize",
        changes.BulkCategorizeApi.as_view(),
        name="api_bulk_categorize",
    ),
    path("categories/<int:pk>", categories.CategoryDetailApi.as_view(), name="api_category_detail"),
    path(
        "transactions/import",
        importing.TransactionImportApi.as_view(),
        name="api_transaction_import",
    ),
    path("review", reviewing.ReviewListApi.as_view(), name="api_review_list"),
    path("review/<int:pk>", reviewing.ReviewDetailApi.as_view(), name="api_review_detail"),
    path("review/<int:pk>/undo", reviewing.ReviewUndoApi.as_view(), name="api_review_undo"),
    path("imports", importing.ImportListApi.as_view(), name="api_import_list"),
    path("imports/<int:pk>", importing.ImportDetailApi.as_view(), name="api_import_detail"),
    path("imports/<int:pk>/rows", importing.ImportRowListApi.as_view(), name="api_import_rows"),
    path(
        "imports/<int:pk>/confirm",
        importing.ImportConfirmApi.as_view(),
        name="api_import_confirm",
    ),
    path("imports/<int:pk>/revert", importing.ImportRevertApi.as_view(), name="api_import_revert"),
]
