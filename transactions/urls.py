"""Pages of transactions, categories and imports."""

from django.urls import path

from transactions.views import accounts, categories, detail, import_rows, importing, listing

app_name = "transactions"
urlpatterns = [
    path("", listing.transaction_list, name="transaction_list"),
    path("new/", detail.transaction_create, name="transaction_create"),
    path("<int:pk>/", detail.transaction_detail, name="transaction_detail"),
    path("<int:pk>/edit/", detail.transaction_edit, name="transaction_edit"),
    path("<int:pk>/notes/", detail.transaction_notes, name="transaction_notes"),
    path("<int:pk>/category/", detail.transaction_category, name="transaction_category"),
    path("<int:pk>/delete/", detail.transaction_delete, name="transaction_delete"),
    path("<int:pk>/restore/", detail.transaction_restore, name="transaction_restore"),
    path("categories/", categories.category_list, name="category_list"),
    path("categories/new/", categories.category_create, name="category_create"),
    path("categories/<int:pk>/edit/", categories.category_edit, name="category_edit"),
    path("categories/<int:pk>/delete/", categories.category_delete, name="category_delete"),
    path("import/", importing.import_start, name="import_start"),
    path("import/history/", importing.import_history, name="import_history"),
    path("import/<int:pk>/", importing.import_receipt, name="import_receipt"),
    path("import/<int:pk>/map/", importing.import_map, name="import_map"),
    path("import/<int:pk>/check/", import_rows.import_check, name="import_check"),
    path("import/<int:pk>/progress/", importing.import_progress, name="import_progress"),
    path("import/<int:pk>/retry/", importing.import_retry, name="import_retry"),
    path("import/<int:pk>/choose/", import_rows.import_rows_choose, name="import_rows_choose"),
    path(
        "import/<int:pk>/rows/<int:row_pk>/", import_rows.import_row_edit, name="import_row_edit"
    ),
    path("import/<int:pk>/confirm/", importing.import_confirm, name="import_confirm"),
    path("import/<int:pk>/revert/", importing.import_revert, name="import_revert"),
    path("import/<int:pk>/discard/", importing.import_discard, name="import_discard"),
]

# Mounted by banking/urls.py under /accounts/, in the accounts' namespace: an account's page shows
# its transactions, which the accounts app below knows nothing of.
account_urlpatterns = [path("<int:pk>/", accounts.account_detail, name="account_detail")]
