"""Read-only admin pages of imported files, their lines and the questions about them."""

from django.contrib import admin

from transactions.models import BankLine, ImportBatch, ImportMapping, ImportRow, ReviewItem
from transactions.models.notices import notice_texts
from transactions.models.reasons import reason_text
from users.admin import PickedFilter, ReadOnlyAdmin, TypedFilter


@admin.register(ImportBatch)
class ImportBatchAdmin(ReadOnlyAdmin):
    """Uploaded files and their status."""

    group, label = "Files", "Imports"
    customer_path = "user"
    list_display = [
        "created_at", "customer", "account", "file_name", "status", "read_count", "added_count",
        "duplicate_count", "invalid_count",
    ]  # fmt: skip
    list_filter = ["status", ("account", PickedFilter), ("format", TypedFilter), "created_at"]
    search_fields = ["=id", "user__email", "file_name", "=sha256"]
    search_help_text = "File, customer, or words of a problem or warning"
    shown_as = {"problems": notice_texts, "warnings": notice_texts}
    exclude = ["problems", "warnings"]
    readonly_fields = ["error", "told"]
    export_also = ["format", "error", "told"]
    list_select_related = ["user", "account"]

    @admin.display(description="problem")
    def error(self, batch: ImportBatch) -> str:
        return batch.error

    @admin.display(description="warnings")
    def told(self, batch: ImportBatch) -> str:
        return " ".join(batch.warning_texts)


@admin.register(ImportRow)
class ImportRowAdmin(ReadOnlyAdmin):
    """One line of a file as the bank wrote it, and its verdict."""

    group, label = "Technical", "Lines of imports"
    customer_path = "batch__user"
    is_large = True
    list_display = [
        "batch_id", "row_number", "customer", "verdict", "txn_date", "description", "note",
    ]  # fmt: skip
    list_select_related = ["batch__user"]
    list_filter = ["verdict"]
    search_fields = ["=batch__id", "description"]
    shown_as = {"error": reason_text}
    exclude = ["error"]
    readonly_fields = ["note"]


@admin.register(ReviewItem)
class ReviewItemAdmin(ReadOnlyAdmin):
    """Possible duplicates, pending lines the bank dropped, and the owners' answers."""

    group, label = "Files", "Possible duplicates"
    customer_path = "user"
    list_display = [
        "created_at", "customer", "account", "txn_date", "status", "why", "decided_at",
    ]  # fmt: skip
    list_filter = ["status", ("account", PickedFilter), "created_at"]
    search_fields = ["=id", "user__email", "description"]
    shown_as = {"reason": reason_text}
    exclude = ["reason"]
    readonly_fields = ["why"]
    list_select_related = ["user", "account"]


@admin.register(BankLine)
class BankLineAdmin(ReadOnlyAdmin):
    """Further reports of transactions by files and syncs, besides the first."""

    group, label = "Technical", "Repeated bank lines"
    customer_path = "account__user"
    list_display = ["created_at", "customer", "account", "transaction", "import_batch", "source"]
    list_filter = ["created_at", ("account", PickedFilter)]
    search_fields = ["=id", "=transaction__id", "=external_id"]
    list_select_related = ["account__user", "transaction", "import_batch"]


@admin.register(ImportMapping)
class ImportMappingAdmin(ReadOnlyAdmin):
    """The remembered column mapping for an account's files."""

    group, label = "Technical", "Column mappings"
    customer_path = "account__user"
    list_display = ["account", "customer", "updated_at"]
    search_fields = ["account__user__email", "account__name"]
    list_select_related = ["account__user"]
