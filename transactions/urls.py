"""Pages of transactions, categories and imports."""

from django.urls import path

from transactions.views import (
    accounts,
    batches,
    bulk,
    categories,
    detail,
    exporting,
    import_rows,
    importing,
    listing,
    rules,
    transfers,
)

app_name = "transactions"
urlpatterns = [
    path("", listing.transaction_list, name="transaction_list"),
    path("new/", detail.transaction_create, name="transaction_create"),
    path("bulk/", bulk.transaction_bulk, name="transaction_bulk"),
    path("export/", exporting.transaction_export, name="transaction_export"),
    path("<int:pk>/", detail.transaction_detail, name="transaction_detail"),
    path("<int:pk>/edit/", detail.transaction_edit, name="transaction_edit"),
    path("<int:pk>/notes/", detail.transaction_notes, name="transaction_notes"),
    path("<int:pk>/category/", detail.transaction_category, name="transaction_category"),
    path("<int:pk>/delete/", detail.transaction_delete, name="transaction_delete"),
    path("<int:pk>/restore/", detail.transaction_restore, name="transaction_restore"),
    path("transfers/", transfers.transfer_list, name="transfer_list"),
    path("transfers/new/", transfers.transfer_create, name="transfer_create"),
    path("transfers/search/", transfers.transfer_search, name="transfer_search"),
    path("transfers/<int:pk>/confirm/", transfers.transfer_confirm, name="transfer_confirm"),
    path("transfers/<int:pk>/reject/", transfers.transfer_reject, name="transfer_reject"),
    path("categories/", categories.category_list, name="category_list"),
    path("categories/new/", categories.category_create, name="category_create"),
    path("categories/<int:pk>/edit/", categories.category_edit, name="category_edit"),
    path("categories/<int:pk>/delete/", categories.category_delete, name="category_delete"),
    path("rules/", rules.rule_list, name="rule_list"),
    path("rules/new/", rules.rule_create, name="rule_create"),
    path("rules/matches/", rules.rule_matches, name="rule_matches"),
    path("rules/preview/", rules.rule_preview_all, name="rule_preview_all"),
    path("rules/apply/", rules.rule_apply_all, name="rule_apply_all"),
    path("rules/<int:pk>/edit/", rules.rule_edit, name="rule_edit"),
    path("rules/<int:pk>/preview/", rules.rule_preview, name="rule_preview"),
    path("rules/<int:pk>/apply/", rules.rule_apply, name="rule_apply"),
    path("rules/<int:pk>/move/", rules.rule_move, name="rule_move"),
    path("rules/<int:pk>/delete/", rules.rule_delete, name="rule_delete"),
    path("rules/<int:pk>/restore/", rules.rule_restore, name="rule_restore"),
    path("trash/", batches.trash, name="trash"),
    path("trash/restore/", batches.trash_restore, name="trash_restore"),
    path("undo/", batches.batch_list, name="batch_list"),
    path("undo/<int:pk>/", batches.batch_detail, name="batch_detail"),
    path("undo/<int:pk>/undo/", batches.batch_undo, name="batch_undo"),
    path("import/", importing.import_start, name="import_start"),
    path("import/history/", importing.import_history, name="import_history"),
    path("import/<int:pk>/", importing.import_receipt, name="import_receipt"),
    path("import/<int:pk>/map/", importing.import_map, name="import_map"),
    path("import/<int:pk>/check/", import_rows.import_check, name="import_check"),
    path("import/<int:pk>/progress/", importing.import_progress, name="import_progress"),
    path("import/<int:pk>/retry/", importing.import_retry, name="import_retry"),
    path("import/<int:pk>/choose/", import_rows.import_rows_choose, name="import_rows_choose"),
    path("import/<int:pk>/rows/<int:row_pk>/", import_rows.import_row_edit, name="import_row_edit"),
    path("import/<int:pk>/confirm/", importing.import_confirm, name="import_confirm"),
    path("import/<int:pk>/revert/", importing.import_revert, name="import_revert"),
    path("import/<int:pk>/discard/", importing.import_discard, name="import_discard"),
]

# Mounted by banking/urls.py under /accounts/, in the accounts' namespace: an account's page shows
# its transactions, which the accounts app below knows nothing of.
account_urlpatterns = [path("<int:pk>/", accounts.account_detail, name="account_detail")]
