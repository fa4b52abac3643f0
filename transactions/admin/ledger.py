"""Read-only admin pages of transactions and what belongs to them."""

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html

from banking.kernel.fields import folded
from transactions.models import (
    Attachment,
    Change,
    ChangeRow,
    ReferenceChange,
    SavedView,
    Transaction,
    TransactionSplit,
    Transfer,
    UnpostedReason,
)
from users.admin import (
    IN_TRASH,
    MerchantFilter,
    PickedFilter,
    ReadOnlyAdmin,
    SetFilter,
    TypedFilter,
    amount,
    moment,
)


@admin.register(Transaction)
class TransactionAdmin(ReadOnlyAdmin):
    """Every transaction of every account, including those in the trash."""

    group, label = "Money", "Transactions"
    customer_path = "user"
    is_large = True
    found_by = ("customer", "account__id__exact")
    found_by_day = "txn_date"
    ordering = ["-txn_date", "-pk"]
    list_display = [
        "txn_date", "customer", "account", "title", "category", "amount_text", "state", "origin",
    ]  # fmt: skip
    list_filter = [
        "status",
        "origin",
        ("account", PickedFilter),
        ("category", PickedFilter),
        ("merchant", MerchantFilter),
        "category_source",
        ("currency", TypedFilter),
        "txn_date",
        ("deleted_at", SetFilter),
    ]
    search_fields = ["description"]  # Shows the search box; get_search_results decides.
    search_help_text = "Description, merchant, notes or the bank's ID"
    list_select_related = ["user", "account", "category"]
    exclude = ["search_text", "merchant_key"]

    def name_of(self, row: Transaction) -> str:
        return row.title

    def search_in(self, rows: QuerySet[Transaction], text: str) -> QuerySet[Transaction]:
        """By the folded column, which spares the database folding three of a million rows."""
        return rows.filter(Q(search_text__contains=folded(text)) | Q(external_id=text))

    @admin.display(description="amount", ordering="signed_amount")
    def amount_text(self, row: Transaction) -> str:
        return amount(row.signed_amount, row.currency)

    @admin.display(description="status", ordering="status")
    def state(self, row: Transaction) -> str:
        return IN_TRASH if row.deleted_at else row.get_status_display()


@admin.register(UnpostedReason)
class UnpostedReasonAdmin(ReadOnlyAdmin):
    """Planned transactions that did not post on their date, and why."""

    group, label = "Technical", "Planned transactions that did not post"
    customer_path = "transaction__user"
    list_display = ["tried_on", "customer", "transaction_id", "text", "created_at"]
    list_filter = ["tried_on"]
    exclude = ["reason"]
    readonly_fields = ["text"]
    search_fields = ["=transaction__id", "transaction__user__email"]
    list_select_related = ["transaction__user"]


def _side(row: Transaction) -> str:
    """The account of one side of a transfer, leading to its transaction."""
    url = reverse("admin:transactions_transaction_change", args=[row.pk])
    return format_html('<a href="{}">{}</a>', url, row.account.name)


def _moved(row: Transaction) -> str:
    return amount(row.signed_amount, row.currency)


@admin.register(Transfer)
class TransferAdmin(ReadOnlyAdmin):
    """Two transactions that form one transfer, suggested or confirmed; the latest day first.

    The order is that of the index of transactions by date, which a page's rows are read along.
    """

    group, label = "Money", "Transfers"
    customer_path = "user"
    is_large = True
    ordering = ["-outflow_transaction__txn_date", "-outflow_transaction_id", "-pk"]
    list_display = [
        "day", "customer", "from_account", "to_account", "money_out", "money_in", "status",
        "created_at",
    ]  # fmt: skip
    list_filter = ["status", "created_at"]
    search_fields = ["user__email", "=outflow_transaction__id", "=inflow_transaction__id"]
    list_select_related = ["user", "outflow_transaction__account", "inflow_transaction__account"]

    def name_of(self, row: Transfer) -> str:
        return f"{row.outflow_transaction.account} → {row.inflow_transaction.account}"

    @admin.display(description="date", ordering="outflow_transaction__txn_date")
    def day(self, pair: Transfer) -> str:
        return moment(pair.outflow_transaction.txn_date)

    @admin.display(description="from")
    def from_account(self, pair: Transfer) -> str:
        return _side(pair.outflow_transaction)

    @admin.display(description="to")
    def to_account(self, pair: Transfer) -> str:
        return _side(pair.inflow_transaction)

    @admin.display(description="out")
    def money_out(self, pair: Transfer) -> str:
        return _moved(pair.outflow_transaction)

    @admin.display(description="in")
    def money_in(self, pair: Transfer) -> str:
        return _moved(pair.inflow_transaction)


@admin.register(TransactionSplit)
class TransactionSplitAdmin(ReadOnlyAdmin):
    """The parts of split transactions."""

    group, label = "Technical", "Split parts"
    customer_path = "transaction__user"
    list_display = ["transaction_id", "customer", "category", "amount_text", "notes"]
    search_fields = ["=transaction__id", "transaction__user__email"]
    list_select_related = ["transaction__user", "category"]

    @admin.display(description="amount", ordering="signed_amount")
    def amount_text(self, part: TransactionSplit) -> str:
        return amount(part.signed_amount, part.transaction.currency)


@admin.register(Attachment)
class AttachmentAdmin(ReadOnlyAdmin):
    """Receipts by name and size. Only the owner can see their contents."""

    group, label = "Files", "Receipts"
    customer_path = "transaction__user"
    list_display = [
        "created_at", "customer", "transaction_id", "file_name", "content_type", "byte_count",
    ]  # fmt: skip
    list_filter = [("content_type", TypedFilter)]
    list_select_related = ["transaction__user"]
    search_fields = ["=transaction__id", "transaction__user__email", "=sha256"]
    exclude = ["content"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Attachment]:
        return super().get_queryset(request).defer("content")


@admin.register(Change)
class ChangeBatchAdmin(ReadOnlyAdmin):
    """Bulk changes, and whether they were undone."""

    group, label = "Money", "Bulk changes"
    customer_path = "user"
    list_display = [
        "created_at", "customer", "kind", "title", "row_count", "status", "undone_at",
    ]  # fmt: skip
    list_filter = ["kind", "status", "created_at"]
    exclude = ["summary", "error"]
    readonly_fields = ["title", "problem"]
    search_fields = ["user__email", "summary"]
    list_select_related = ["user"]


@admin.register(ChangeRow)
class ChangeRowAdmin(ReadOnlyAdmin):
    """One transaction of a bulk change, before and after."""

    group, label = "Technical", "Rows of bulk changes"
    customer_path = "change__user"
    list_display = ["change_id", "customer", "transaction_id", "left_alone"]
    list_select_related = ["change__user"]
    search_fields = ["=change__id", "=transaction__id"]


@admin.register(ReferenceChange)
class ReferenceChangeAdmin(ReadOnlyAdmin):
    """Other rows that a bulk change moved with a deleted category."""

    group, label = "Technical", "References of bulk changes"
    customer_path = "change__user"
    list_display = ["change_id", "customer", "model", "count", "left_count"]
    list_select_related = ["change__user"]
    search_fields = ["=change__id", "model"]


@admin.register(SavedView)
class SavedViewAdmin(ReadOnlyAdmin):
    """Saved filters of the transactions list."""

    group, label = "Technical", "Saved views"
    customer_path = "user"
    list_display = ["created_at", "customer", "name"]
    search_fields = ["user__email", "name"]
    list_select_related = ["user"]
