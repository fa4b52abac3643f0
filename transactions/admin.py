"""Read-only admin pages for the ledger. Admins may edit the predefined categories."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest

from banking.kernel.money import plain_amount
from transactions.models import (
    Attachment,
    BankLine,
    Category,
    CategoryChange,
    CategoryRule,
    Change,
    ChangeRow,
    ConvertedMonth,
    DailyTotal,
    ForgottenChoices,
    ImportBatch,
    ImportMapping,
    ImportRow,
    MerchantTotal,
    MonthlyTotal,
    ReviewItem,
    SavedView,
    Tag,
    Transaction,
    TransactionSplit,
    Transfer,
    UnpostedReason,
)
from transactions.services.categories import edit_category
from users.admin import ReadOnlyAdmin, StaffAdmin
from users.policy import Ability, may
from users.signed_in import user_of


class LedgerAdmin(ReadOnlyAdmin):
    """Base for very long tables: nothing here counts all rows or loads them one by one."""

    show_full_result_count = False
    list_per_page = 50
    ordering = ["-id"]


@admin.register(Transaction)
class TransactionAdmin(LedgerAdmin):
    """Every transaction of every account, including those in the trash."""

    list_display = [
        "txn_date", "user", "account", "title", "category", "amount_text", "currency", "status",
        "origin", "is_live",
    ]  # fmt: skip
    list_filter = [
        "status",
        "origin",
        "category_source",
        "currency",
        ("deleted_at", admin.EmptyFieldListFilter),
    ]
    search_fields = ["=id", "user__email", "merchant", "description", "=external_id"]
    list_select_related = ["user", "account", "category"]
    date_hierarchy = "txn_date"
    exclude = ["search_text", "merchant_key"]

    @admin.display(description="amount", ordering="signed_amount")
    def amount_text(self, row: Transaction) -> str:
        return plain_amount(row.signed_amount, row.currency)

    @admin.display(description="live", boolean=True)
    def is_live(self, row: Transaction) -> bool:
        return row.deleted_at is None


@admin.register(UnpostedReason)
class UnpostedReasonAdmin(LedgerAdmin):
    """Planned transactions that did not post on their date, and why."""

    list_display = ["tried_on", "transaction_id", "reason", "created_at"]
    list_filter = ["tried_on"]
    search_fields = ["=transaction__id", "transaction__user__email"]


@admin.register(DailyTotal)
class DailyTotalAdmin(LedgerAdmin):
    """Daily totals stored next to the transactions. `manage.py check_ledger` verifies them."""

    list_display = ["day", "account", "category", "inflow", "outflow", "rows_counted"]
    search_fields = ["account__user__email", "account__name"]
    list_select_related = ["account", "category"]
    date_hierarchy = "day"

    @admin.display(description="transactions", ordering="transaction_count")
    def rows_counted(self, total: DailyTotal) -> int:
        return total.transaction_count


@admin.register(ConvertedMonth)
class ConvertedMonthAdmin(LedgerAdmin):
    """Months of foreign accounts in their owner's base currency; open ones wait for the worker."""

    list_display = ["month", "account", "currency", "is_added_up", "rates_version"]
    list_filter = ["month", "currency"]
    search_fields = ["account__user__email", "account__name"]
    list_select_related = ["account"]

    @admin.display(description="added up", boolean=True)
    def is_added_up(self, row: ConvertedMonth) -> bool:
        return bool(row.sums)


@admin.register(MonthlyTotal)
class MonthlyTotalAdmin(LedgerAdmin):
    """Monthly totals stored next to the transactions. `manage.py check_ledger` verifies them."""

    list_display = ["month", "user", "account", "category", "inflow", "outflow", "rows_counted"]
    list_filter = ["month"]
    search_fields = ["user__email", "account__name"]
    list_select_related = ["user", "account", "category"]

    @admin.display(description="transactions", ordering="transaction_count")
    def rows_counted(self, total: MonthlyTotal) -> int:
        return total.transaction_count


@admin.register(MerchantTotal)
class MerchantTotalAdmin(LedgerAdmin):
    """Monthly totals by merchant. A split transaction counts once."""

    list_display = ["month", "account", "merchant", "category", "inflow", "outflow", "rows_counted"]
    list_filter = ["month"]
    search_fields = ["account__user__email", "account__name", "merchant"]
    list_select_related = ["account", "category"]

    @admin.display(description="transactions", ordering="transaction_count")
    def rows_counted(self, total: MerchantTotal) -> int:
        return total.transaction_count


@admin.register(CategoryChange)
class CategoryChangeAdmin(LedgerAdmin):
    """The person or rule that assigned each category."""

    list_display = ["created_at", "transaction_id", "from_category", "to_category", "by", "actor"]
    list_filter = ["by", "created_at"]
    search_fields = ["=transaction__id", "actor__email"]
    list_select_related = ["from_category", "to_category", "actor"]


@admin.register(ImportBatch)
class ImportBatchAdmin(LedgerAdmin):
    """Uploaded files and their status."""

    list_display = [
        "created_at", "user", "account", "file_name", "format", "status", "read_count",
        "added_count", "duplicate_count", "invalid_count",
    ]  # fmt: skip
    list_filter = ["status", "format", "created_at"]
    search_fields = ["=id", "user__email", "file_name", "=sha256"]
    list_select_related = ["user", "account"]


@admin.register(ImportRow)
class ImportRowAdmin(LedgerAdmin):
    """One line of a file as the bank wrote it, and its verdict."""

    list_display = ["batch_id", "row_number", "verdict", "txn_date", "description", "error"]
    list_filter = ["verdict"]
    search_fields = ["=batch__id", "description", "error"]


@admin.register(ReviewItem)
class ReviewItemAdmin(LedgerAdmin):
    """Possible duplicates, and the owners' answers."""

    list_display = ["created_at", "user", "account", "txn_date", "status", "reason", "decided_at"]
    list_filter = ["status", "created_at"]
    search_fields = ["=id", "user__email"]
    list_select_related = ["user", "account"]


@admin.register(BankLine)
class BankLineAdmin(LedgerAdmin):
    """Further reports of transactions by files and syncs, besides the first."""

    list_display = ["created_at", "account", "transaction", "import_batch", "source"]
    list_filter = ["created_at"]
    search_fields = ["=id", "=transaction__id", "=external_id"]
    list_select_related = ["account", "transaction", "import_batch"]


@admin.register(ImportMapping)
class ImportMappingAdmin(LedgerAdmin):
    """The remembered column mapping for an account's files."""

    list_display = ["account", "updated_at"]
    search_fields = ["account__user__email", "account__name"]
    list_select_related = ["account"]


@admin.register(Transfer)
class TransferAdmin(LedgerAdmin):
    """Two transactions that form one transfer, suggested or confirmed."""

    list_display = [
        "created_at", "user", "outflow_transaction_id", "inflow_transaction_id", "status",
    ]  # fmt: skip
    list_filter = ["status", "created_at"]
    search_fields = ["user__email", "=outflow_transaction__id", "=inflow_transaction__id"]
    list_select_related = ["user"]


@admin.register(TransactionSplit)
class TransactionSplitAdmin(LedgerAdmin):
    """The parts of split transactions."""

    list_display = ["transaction_id", "category", "signed_amount", "notes"]
    search_fields = ["=transaction__id", "transaction__user__email"]
    list_select_related = ["category"]


@admin.register(Attachment)
class AttachmentAdmin(LedgerAdmin):
    """Receipts by name and size. Only the owner can see their contents."""

    list_display = ["created_at", "transaction_id", "file_name", "content_type", "byte_count"]
    list_filter = ["content_type"]
    search_fields = ["=transaction__id", "transaction__user__email", "=sha256"]
    exclude = ["content"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Attachment]:
        return super().get_queryset(request).defer("content")


@admin.register(CategoryRule)
class CategoryRuleAdmin(LedgerAdmin):
    """People's categorization rules."""

    list_display = [
        "user", "category", "keyword_pattern", "merchant_pattern", "priority", "is_active",
    ]  # fmt: skip
    list_filter = ["is_active", ("deleted_at", admin.EmptyFieldListFilter)]
    search_fields = ["user__email", "keyword_pattern", "merchant_pattern"]
    list_select_related = ["user", "category"]


@admin.register(Change)
class ChangeBatchAdmin(LedgerAdmin):
    """Bulk changes, and whether they were undone."""

    list_display = ["created_at", "user", "kind", "summary", "row_count", "status", "undone_at"]
    list_filter = ["kind", "status", "created_at"]
    search_fields = ["user__email", "summary"]
    list_select_related = ["user"]


@admin.register(ChangeRow)
class ChangeRowAdmin(LedgerAdmin):
    """One transaction of a bulk change, before and after."""

    list_display = ["change_id", "transaction_id", "left_alone"]
    search_fields = ["=change__id", "=transaction__id"]


@admin.register(SavedView)
class SavedViewAdmin(LedgerAdmin):
    """Saved filters of the transactions list."""

    list_display = ["created_at", "user", "name"]
    search_fields = ["user__email", "name"]
    list_select_related = ["user"]


@admin.register(Tag)
class TagAdmin(LedgerAdmin):
    """People's own tags."""

    list_display = ["name", "user"]
    search_fields = ["user__email", "name"]
    list_select_related = ["user"]


class CategoryForm(forms.ModelForm):
    """The fields of a predefined category that an admin may change. The slug stays, for links and
    files.
    """

    class Meta:
        model = Category
        fields = ["name", "icon", "color"]


@admin.register(Category)
class CategoryAdmin(StaffAdmin):
    """Admins edit the predefined categories; people edit their own."""

    form = CategoryForm
    list_display = ["name", "slug", "kind", "parent", "owner", "icon", "color", "is_live"]
    list_filter = ["kind", ("user", admin.EmptyFieldListFilter)]
    search_fields = ["name", "slug", "user__email"]
    list_select_related = ["parent", "user"]
    ordering = ["kind", "name"]
    show_full_result_count = False

    @admin.display(description="owner", ordering="user__email")
    def owner(self, category: Category) -> str:
        return category.user.email if category.user else "predefined"

    @admin.display(description="live", boolean=True)
    def is_live(self, category: Category) -> bool:
        return category.deleted_at is None

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Category | None = None) -> bool:
        is_predefined = obj is None or obj.user_id is None
        return is_predefined and may(user_of(request), Ability.MANAGE_USERS)

    def save_model(self, request: HttpRequest, obj: Category, form: forms.ModelForm, change: Any):
        """Save through the service; the form's own instance is never written."""
        changes = {name: form.cleaned_data[name] for name in form.changed_data}
        edit_category(actor=user_of(request), category=obj, **changes)


@admin.register(ForgottenChoices)
class ForgottenChoicesAdmin(ReadOnlyAdmin):
    """Merchants whose choices a person told us to forget."""

    list_display = ["title", "user", "is_inflow", "forgotten_at"]
    list_select_related = ["user"]
    search_fields = ["title", "user__email"]
