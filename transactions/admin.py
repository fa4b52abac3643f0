"""Read-only admin pages for the ledger. Admins may edit the predefined categories."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html

from banking.kernel.fields import folded
from banking.kernel.template_tags import category_icon, color_dot
from banking.limits import CUSTOMERS_SUGGESTED
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
    ReferenceChange,
    ReviewItem,
    SavedView,
    Tag,
    Transaction,
    TransactionSplit,
    Transfer,
    UnpostedReason,
)
from transactions.models.notices import notice_texts
from transactions.models.reasons import reason_text
from transactions.services.categories import edit_category
from users.admin import (
    IN_TRASH,
    MerchantFilter,
    PickedFilter,
    ReadOnlyAdmin,
    SetFilter,
    StaffAdmin,
    TypedFilter,
    amount,
    moment,
    newest_rows,
    written,
    yes_or_no,
)
from users.models import User
from users.policy import Ability, may
from users.signed_in import user_of


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
    list_display = ["tried_on", "customer", "transaction_id", "reason", "created_at"]
    list_filter = ["tried_on"]
    search_fields = ["=transaction__id", "transaction__user__email"]
    list_select_related = ["transaction__user"]


class TotalsAdmin(ReadOnlyAdmin):
    """Sums of an account's month, in the account's currency."""

    @admin.display(description="in", ordering="inflow")
    def money_in(self, total: Any) -> str:
        return amount(total.inflow, total.account.currency)

    @admin.display(description="out", ordering="outflow")
    def money_out(self, total: Any) -> str:
        return amount(total.outflow, total.account.currency)

    @admin.display(description="transactions", ordering="transaction_count")
    def rows_counted(self, total: Any) -> int:
        return total.transaction_count


@admin.register(DailyTotal)
class DailyTotalAdmin(TotalsAdmin):
    """Daily totals stored next to the transactions. `manage.py check_ledger` verifies them."""

    group, label = "Technical", "Daily totals"
    customer_path = "account__user"
    is_large = True
    found_by = ("customer", "account__id__exact")
    list_display = [
        "day", "customer", "account", "category", "money_in", "money_out", "rows_counted",
    ]  # fmt: skip
    list_filter = ["day", ("account", PickedFilter), ("category", PickedFilter)]
    search_fields = ["account__user__email", "account__name"]
    list_select_related = ["account__user", "category"]


@admin.register(ConvertedMonth)
class ConvertedMonthAdmin(ReadOnlyAdmin):
    """Months of foreign accounts in their owner's base currency; open ones wait for the worker."""

    group, label = "Technical", "Converted months"
    customer_path = "account__user"
    list_display = ["month", "customer", "account", "currency", "is_added_up", "rates_version"]
    list_filter = ["month", ("account", PickedFilter)]
    search_fields = ["account__user__email", "account__name"]
    list_select_related = ["account__user"]

    @admin.display(description="added up")
    def is_added_up(self, row: ConvertedMonth) -> str:
        return yes_or_no(bool(row.sums))


@admin.register(MonthlyTotal)
class MonthlyTotalAdmin(TotalsAdmin):
    """Monthly totals stored next to the transactions. `manage.py check_ledger` verifies them."""

    group, label = "Technical", "Monthly totals"
    customer_path = "user"
    is_large = True
    found_by = ("customer", "account__id__exact")
    list_display = [
        "month", "customer", "account", "category", "money_in", "money_out", "rows_counted",
    ]  # fmt: skip
    list_filter = ["month", ("account", PickedFilter), ("category", PickedFilter)]
    search_fields = ["user__email", "account__name"]
    list_select_related = ["user", "account", "category"]


@admin.register(MerchantTotal)
class MerchantTotalAdmin(TotalsAdmin):
    """Monthly totals by merchant. A split transaction counts once."""

    group, label = "Technical", "Merchant totals"
    customer_path = "account__user"
    is_large = True
    found_by = ("customer", "account__id__exact")
    list_display = [
        "month", "customer", "account", "merchant", "category", "money_in", "money_out",
        "rows_counted",
    ]  # fmt: skip
    list_filter = [
        "month",
        ("account", PickedFilter),
        ("category", PickedFilter),
        ("merchant", MerchantFilter),
    ]
    search_fields = ["account__user__email", "account__name", "merchant"]
    list_select_related = ["account__user", "category"]

    def suggestions(self, text: str, customer: User | None) -> list[tuple[str, str, str]]:
        """Merchants by part of the name: one customer's, or those of the newest totals."""
        rows: QuerySet[MerchantTotal] = MerchantTotal.objects.all()
        mine = rows.filter(account__user=customer) if customer else newest_rows(rows)
        named = mine.filter(merchant__icontains=text).order_by("merchant")
        names = named.values_list("merchant", flat=True).distinct()
        return [(name, name, "") for name in names[:CUSTOMERS_SUGGESTED]]


@admin.register(CategoryChange)
class CategoryChangeAdmin(ReadOnlyAdmin):
    """The person or rule that assigned each category."""

    group, label = "Technical", "Category changes"
    customer_path = "transaction__user"
    is_large = True
    list_display = [
        "created_at", "customer", "transaction_id", "from_category", "to_category", "by", "actor",
    ]  # fmt: skip
    list_filter = ["by", "created_at"]
    search_fields = ["=transaction__id", "actor__email"]
    list_select_related = ["transaction__user", "from_category", "to_category", "actor"]


@admin.register(ImportBatch)
class ImportBatchAdmin(ReadOnlyAdmin):
    """Uploaded files and their status."""

    group, label = "Files", "Imports"
    customer_path = "user"
    list_display = [
        "created_at", "customer", "account", "file_name", "format", "status", "read_count",
        "added_count", "duplicate_count", "invalid_count",
    ]  # fmt: skip
    list_filter = ["status", ("account", PickedFilter), ("format", TypedFilter), "created_at"]
    search_fields = ["=id", "user__email", "file_name", "=sha256"]
    search_help_text = "File, customer, or words of a problem or warning"
    shown_as = {"problems": notice_texts, "warnings": notice_texts}
    exclude = ["problems", "warnings"]
    readonly_fields = ["error", "told"]
    export_also = ["error", "told"]
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


def _side(row: Transaction) -> str:
    """The account of one side of a transfer, leading to its transaction."""
    url = reverse("admin:transactions_transaction_change", args=[row.pk])
    return format_html('<a href="{}">{}</a>', url, row.account.name)


def _moved(row: Transaction) -> str:
    return amount(row.signed_amount, row.currency)


@admin.register(Transfer)
class TransferAdmin(ReadOnlyAdmin):
    """Two transactions that form one transfer, suggested or confirmed."""

    group, label = "Money", "Transfers"
    customer_path = "user"
    list_display = [
        "day", "customer", "from_account", "to_account", "money_out", "money_in", "status",
        "created_at",
    ]  # fmt: skip
    list_filter = ["status", "created_at"]
    search_fields = ["user__email", "=outflow_transaction__id", "=inflow_transaction__id"]
    list_select_related = ["user", "outflow_transaction__account", "inflow_transaction__account"]

    def name_of(self, row: Transfer) -> str:
        return f"{row.outflow_transaction.account} → {row.inflow_transaction.account}"

    @admin.display(description="date")
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


@admin.register(CategoryRule)
class CategoryRuleAdmin(ReadOnlyAdmin):
    """People's categorization rules."""

    group, label = "Money", "Category rules"
    customer_path = "user"
    is_large = True
    list_display = [
        "category", "customer", "keyword_pattern", "merchant_pattern", "priority", "is_active",
    ]  # fmt: skip
    list_filter = ["is_active", ("category", PickedFilter), ("deleted_at", SetFilter)]
    search_fields = ["user__email", "keyword_pattern", "merchant_pattern"]
    list_select_related = ["user", "category"]


@admin.register(Change)
class ChangeBatchAdmin(ReadOnlyAdmin):
    """Bulk changes, and whether they were undone."""

    group, label = "Money", "Bulk changes"
    customer_path = "user"
    list_display = [
        "created_at", "customer", "kind", "summary", "row_count", "status", "undone_at",
    ]  # fmt: skip
    list_filter = ["kind", "status", "created_at"]
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


@admin.register(Tag)
class TagAdmin(ReadOnlyAdmin):
    """People's own tags."""

    group, label = "Technical", "Tags"
    customer_path = "user"
    list_display = ["name", "customer"]
    search_fields = ["user__email", "name"]
    list_select_related = ["user"]


def _marked(mark: str, words: str) -> str:
    """A cell with a mark before its words; files have the words alone."""
    return written(format_html("<span>{} {}</span>", mark, words), words)


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

    group, label = "Money", "Categories"
    customer_path = "user"
    form = CategoryForm
    list_display = ["name", "slug", "kind", "parent", "owner", "drawn", "shade", "state"]
    list_filter = ["kind", ("user", SetFilter)]
    search_fields = ["name", "slug", "user__email"]
    list_select_related = ["parent", "user"]
    ordering = ["kind", "name"]

    def suggestions(self, text: str, customer: User | None) -> list[tuple[int, str, str]]:
        """The predefined categories and one customer's own, by part of the name."""
        rows = Category.objects.filter(Q(user=None) | Q(user=customer), deleted_at=None)
        found = rows.filter(name__icontains=text).order_by("name", "pk")
        return [
            (row.pk, row.name, "predefined" if row.user_id is None else "own")
            for row in found[:CUSTOMERS_SUGGESTED]
        ]

    @admin.display(description="icon", ordering="icon")
    def drawn(self, category: Category) -> str:
        return _marked(category_icon(category.icon, category.color, "small"), category.icon)

    @admin.display(description="color", ordering="color")
    def shade(self, category: Category) -> str:
        return _marked(color_dot(category.color), category.color)

    @admin.display(description="owner", ordering="user__email")
    def owner(self, category: Category) -> str:
        return category.user.email if category.user else "Predefined"

    @admin.display(description="status", ordering="deleted_at")
    def state(self, category: Category) -> str:
        return IN_TRASH if category.deleted_at else "In use"

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
    """Merchants at which a person asked us to forget their earlier choices."""

    group, label = "Technical", "Forgotten choices"
    customer_path = "user"
    list_display = ["title", "customer", "is_inflow", "forgotten_at"]
    list_select_related = ["user"]
    search_fields = ["title", "user__email"]
